"""`kiosk documents`: the catalogue, and a page without signature, marked specimen."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The documents this kiosk can issue.", no_args_is_help=True, rich_markup_mode=None, add_completion=False
)

_Templates = Annotated[
    Path | None, typer.Option("--templates", help="Folder of templates; those that ship when not given.")
]


@app.command("list")
def list_documents(
    templates: _Templates = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output.")] = False,
) -> None:
    """Every document of the catalogue, its languages, and the hash that grants name.

    Example: kiosk documents list --json
    """
    from printing.documents import DocumentCatalogue

    catalogue = DocumentCatalogue(templates)
    if as_json:
        documents = [
            {
                "type": document.type,
                "title": document.titles.model_dump(),
                "form": document.form.model_dump(),
                "country": document.country,
                "languages": list(document.languages),
                "papers": list(document.templates),
                "standing": document.standing,
                "template_sha256": catalogue.template_sha256(document.type),
            }
            for document in catalogue.types()
        ]
        typer.echo(json.dumps({"documents": documents}, ensure_ascii=False))
        return
    for document in catalogue.types():
        languages, papers = "/".join(document.languages), "/".join(document.templates)
        typer.echo(f"{document.type}  {document.form.fr}  {languages}  {papers}  {document.standing}")
        typer.echo(f"    {document.title('fr')}  ·  {document.title('ar')}")
        typer.echo(f"    template {catalogue.template_sha256(document.type)}")


@app.command("render")
def render_document(
    document_type: Annotated[str, typer.Argument(metavar="TYPE", help="The document's type, e.g. birth-extract.")],
    act: Annotated[Path, typer.Option("--act", help="The act as JSON, as the registry answers it.")],
    output: Annotated[Path, typer.Option("--output", help="The PDF to write.")],
    language: Annotated[str, typer.Option("--language", help="ar or fr.")] = "ar",
    form: Annotated[str, typer.Option("--form", help="a4, a sheet; ticket, a strip of 72 mm.")] = "a4",
    templates: _Templates = None,
) -> None:
    """Sets a page from an act: no signature, no seal, marked specimen.

    Example: kiosk documents render birth-extract --act act.json --output page.pdf --language fr
    """
    from pydantic import ValidationError

    from config.schema import Settings, Town
    from printing.documents import PageRequest
    from printing.errors import RequestUnfit, UnknownDocument
    from printing.render import Renderer
    from registry.models import BirthAct

    deadline = Settings(profile="demo").documents.render_deadline
    if language not in ("ar", "fr"):
        raise UnknownDocument("a page is set in ar or fr")
    if form not in ("a4", "ticket"):
        raise RequestUnfit("a page is set on a4 or as a ticket")
    try:
        raw = act.read_bytes()
        birth = BirthAct.model_validate_json(raw)
    except OSError as error:
        raise typer.BadParameter(f"{act}: {error.strerror}", param_hint="--act") from None
    except ValidationError as error:
        places = sorted({".".join(str(part) for part in item["loc"]) for item in error.errors(include_input=False)})
        raise RequestUnfit(f"{act} is not an act: {', '.join(places) or 'not JSON'}") from None
    request = PageRequest(
        type=document_type,
        language="ar" if language == "ar" else "fr",
        act=birth,
        town=Town(),
        issued_on=dt.date.today(),
        specimen=True,
        form="ticket" if form == "ticket" else "a4",
        attachment=raw,
    )
    with Renderer(templates, deadline=deadline) as renderer:
        page = renderer.page(request)
    output.write_bytes(page)
    typer.echo(f"{output}: specimen, {len(page)} bytes", err=True)
