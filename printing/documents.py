"""The catalogue of documents: which papers exist, in which languages, set by which template.

A document is a folder: `TYPE/document.toml` (the description), a Typst template for each kind of paper, its
labels. What several documents share lies in `shared/`. Adding a document, or a country, adds a folder and no code.

    catalogue = DocumentCatalogue()
    catalogue.type("birth-extract").title("fr")
    catalogue.template_sha256("birth-extract")     # what a grant names

Every file is read once, when the catalogue is made, and the pages are set from those very bytes
(`render` stages them): a page can never come from other bytes than those the hash speaks of.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator

from config.schema import Town
from printing.errors import CatalogueFaulty, RequestUnfit, UnknownDocument
from printing.forms import Form
from registry.models import BirthAct, Language, Reference, Slug

SHARED = "shared"
DESCRIPTION = "document.toml"
MAX_FILES = 64
MAX_FILE_BYTES = 256 * 1024
_SHIPPED = Path(__file__).parent / "templates"
_FILE_NAME = re.compile(r"^[a-z0-9][a-z0-9-]{0,60}\.(toml|typ|svg|json)$")

_Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=160)]
_TemplateFile = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,60}\.typ$")]
HolderMethod = Literal["pin", "clerk"]
_Proof = Annotated[str, StringConstraints(pattern=r"^(passive|active|chip)(\|(passive|active|chip))*$", max_length=40)]
_Group = Literal["DG1", "DG2", "DG7", "DG11", "DG12"]
_FontFile = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,60}\.(ttf|otf)$")]


@dataclass(frozen=True, slots=True)
class PageRequest:
    """All that one page is made of. The same request gives the same bytes.

    An original has a reference, a copy number and a seal; a specimen (`specimen=True`) has none of
    them, is watermarked, and shows where they would stand. `attachment` is the act as the registry
    signed it (JSON, UTF-8), attached to the PDF as `act.json`. `seal_svg` is segno's SVG at scale 1;
    `seal_text` the address it encodes, which the seal links to on a screen.
    """

    type: str
    language: Language
    act: BirthAct
    town: Town
    issued_on: dt.date
    reference: Reference | None = None
    copy_number: int | None = None
    seal_svg: str | None = None
    seal_text: str | None = None
    specimen: bool = False
    form: Form = "a4"
    attachment: bytes | None = None


class _Bilingual(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    ar: _Label
    fr: _Label


class CardPolicy(BaseModel):
    """What a document asks of the card of whoever wants it.

    `needs`: proofs, all of them; one with a bar is met by any of its parts. `holder`: how the holder may be proven,
    the best first. `reads`: the data groups it needs, over and above who it is; the portrait (DG2) only if named.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    needs: Annotated[tuple[_Proof, ...], Field(min_length=1, max_length=4)] = ("passive",)
    holder: Annotated[tuple[HolderMethod, ...], Field(min_length=1, max_length=2)] = ("pin", "clerk")
    reads: Annotated[tuple[_Group, ...], Field(max_length=8)] = ()

    @field_validator("needs")
    @classmethod
    def _believes_the_files(cls, needs: tuple[str, ...]) -> tuple[str, ...]:
        if "passive" not in needs:
            raise ValueError("passive is always needed: the other proofs are worth nothing without it")
        return needs


class DocumentType(BaseModel):
    """One document of the catalogue, as its `document.toml` describes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Slug
    country: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]
    form: _Bilingual
    """The form's number as the country's rules name it."""
    titles: _Bilingual
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=8)]
    templates: Annotated[dict[Form, _TemplateFile], Field(min_length=1)]
    """The kinds of paper the document is given on, and the template of each."""
    act: Literal["birth"]
    """The kind of act the document is drawn from."""
    standing: Literal["unofficial-model", "official"]
    """`unofficial-model` until the authority has compared the page with its form."""
    card: CardPolicy = CardPolicy()
    note: Annotated[str, StringConstraints(max_length=600)] = ""
    fonts: Annotated[tuple[_FontFile, ...], Field(min_length=1, max_length=16)]

    def title(self, language: Language) -> str:
        return self.titles.ar if language == "ar" else self.titles.fr

    def template(self, form: Form) -> str:
        """Raises RequestUnfit for a kind of paper the document is not given on."""
        try:
            return self.templates[form]
        except KeyError:
            raise RequestUnfit(f"{self.type} is not given on this kind of paper") from None


class DocumentCatalogue:
    """The documents in a folder, or those that ship when `folder` is None.

    Raises CatalogueFaulty when the folder is not there or a description is not as it must be.
    """

    def __init__(self, folder: Path | None = None) -> None:
        root = (folder or _SHIPPED).absolute()
        if not (root / SHARED).is_dir():
            raise CatalogueFaulty(f"{root} holds no templates (no folder {SHARED!r})")
        shared = _read_folder(root / SHARED)
        self._types: dict[str, DocumentType] = {}
        self._files: dict[str, Mapping[str, bytes]] = {}
        for folder_ in sorted(p for p in root.iterdir() if p.is_dir() and p.name != SHARED and p.name[0] not in "._"):
            own = _read_folder(folder_)
            document = _description(folder_, own)
            self._types[document.type] = document
            self._files[document.type] = MappingProxyType(dict(sorted((shared | own).items())))
        if not self._types:
            raise CatalogueFaulty(f"{root} describes no document")

    def types(self) -> list[DocumentType]:
        """Every document, in order of its type's name."""
        return list(self._types.values())

    def type(self, name: str) -> DocumentType:
        """Raises UnknownDocument."""
        try:
            return self._types[name]
        except KeyError:
            raise UnknownDocument("the catalogue has no document of that type") from None

    def files(self, name: str) -> Mapping[str, bytes]:
        """The files a document is set from: path below the template root → bytes, shared ones included."""
        self.type(name)
        return self._files[name]

    def template_sha256(self, name: str) -> str:
        """SHA-256 (lower-case hexadecimal) over every file of `files()`, in order of path.

        Each file counts as its path, a zero byte, its length in decimal, a zero byte, its bytes.
        """
        digest = hashlib.sha256()
        for path, content in self.files(name).items():
            digest.update(path.encode() + b"\0" + str(len(content)).encode() + b"\0" + content)
        return digest.hexdigest()


def _read_folder(folder: Path) -> dict[str, bytes]:
    """The plain files of one folder, bounded; a link could lead out of what is hashed, so none is followed."""
    files: dict[str, bytes] = {}
    for path in sorted(folder.iterdir()):
        if path.name[0] in "._":
            continue
        if path.is_symlink() or not path.is_file() or not _FILE_NAME.match(path.name):
            raise CatalogueFaulty(f"{path}: only plain files named like birth-extract.typ belong here")
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CatalogueFaulty(f"{path}: larger than {MAX_FILE_BYTES} bytes")
        files[str(PurePosixPath(folder.name) / path.name)] = path.read_bytes()
        if len(files) > MAX_FILES:
            raise CatalogueFaulty(f"{folder}: more than {MAX_FILES} files")
    return files


def _description(folder: Path, files: Mapping[str, bytes]) -> DocumentType:
    where = folder / DESCRIPTION
    try:
        raw = files[f"{folder.name}/{DESCRIPTION}"]
        document = DocumentType.model_validate(tomllib.loads(raw.decode()))
    except KeyError:
        raise CatalogueFaulty(f"{where}: not there") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise CatalogueFaulty(f"{where}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except ValueError as error:
        raise CatalogueFaulty(f"{where}: {error}") from None
    if document.type != folder.name:
        raise CatalogueFaulty(f"{where}: type must be {folder.name!r}, the folder's name")
    for template in document.templates.values():
        if f"{folder.name}/{template}" not in files:
            raise CatalogueFaulty(f"{where}: template {template!r} is not in the folder")
    return document
