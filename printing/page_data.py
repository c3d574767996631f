"""From a request to what a template is given: plain data, every date and hour also in words.

The act keeps its own shape, so that a new kind of act needs no code here:

    date   → {"figures": "14/03/1986", "words": "quatorze mars …", "iso": "1986-03-14"}
    time   → {"figures": "10:42", "words": "dix heures quarante-deux minutes"}
    text   → itself; under a key `arabic` or `latin`, runs of the other script and numbers are isolated

The template reads it as `json(bytes(sys.inputs.page))`. Strings stay strings there: nothing of an act
can become markup.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from printing import barcode
from printing.bidi import isolate_in_arabic, isolate_in_latin
from printing.documents import DocumentType, PageRequest
from printing.errors import RequestUnfit, UnknownDocument
from printing.seal_picture import QUIET_ZONE, SealPicture
from printing.wording import date_in_words, time_in_words
from registry.models import Language

MAX_ATTACHMENT_BYTES = 256 * 1024
TYPICAL_SEAL_MODULES = 81
"""Version 16: the size drawn for the seal while there is none yet."""


def check(request: PageRequest, document: DocumentType) -> None:
    """Raises UnknownDocument or RequestUnfit."""
    if request.language not in document.languages:
        raise UnknownDocument(f"{document.type} is not issued in this language")
    if request.act.kind != document.act:
        raise RequestUnfit(f"{document.type} is drawn from a {document.act} act")
    given = [request.reference is not None, request.copy_number is not None, request.seal_svg is not None]
    if request.specimen and any(given):
        raise RequestUnfit("a specimen carries neither reference, nor copy number, nor seal")
    if not request.specimen and not all(given):
        raise RequestUnfit("an original carries a reference, a copy number and a seal")
    if len(request.attachment or b"") > MAX_ATTACHMENT_BYTES:
        raise RequestUnfit(f"the attachment is larger than {MAX_ATTACHMENT_BYTES} bytes")


def template_inputs(request: PageRequest, document: DocumentType) -> dict[str, str]:
    """What the template finds in `sys.inputs`: `page` (JSON), and `act` when there is an attachment.

    Raises RequestUnfit, SealUnfit, UnknownDocument or WordingError.
    """
    check(request, document)
    seal = SealPicture.from_svg(request.seal_svg) if request.seal_svg is not None else None
    side = (seal.modules if seal else TYPICAL_SEAL_MODULES) + 2 * QUIET_ZONE
    in_words = _Words(request.language, document.country)
    page = {
        "language": request.language,
        "title": document.title(request.language),
        "form": document.form.model_dump(),
        "act": in_words.of(request.act.model_dump(mode="python")),
        "town": request.town.model_dump(),
        "issued_on": in_words.of(request.issued_on),
        "reference": request.reference,
        "barcode": barcode.drawing(request.reference) if request.reference else None,
        "copy_number": request.copy_number,
        "seal": {
            "drawing": seal.drawing() if seal else None,
            "modules": side,
            "address": request.seal_text if seal else None,
        },
        "specimen": request.specimen,
    }
    inputs = {"page": json.dumps(page, ensure_ascii=False, sort_keys=True)}
    if request.attachment is not None:
        try:
            inputs["act"] = request.attachment.decode("utf-8")
        except UnicodeDecodeError:
            raise RequestUnfit("the attachment is not UTF-8") from None
    return inputs


class _Words:
    """Walks plain data and puts dates and hours into the page's language."""

    def __init__(self, language: Language, country: str) -> None:
        self._language = language
        self._country = country

    def of(self, value: Any, key: str = "") -> Any:
        match value:
            case Mapping():
                return {name: self.of(item, _script(name, key)) for name, item in value.items()}
            case list() | tuple():
                return [self.of(item, key) for item in value]
            case dt.datetime():
                return value.astimezone(dt.UTC).isoformat()
            case dt.date():
                words = date_in_words(value, self._language, self._country)
                return {"iso": value.isoformat(), "figures": value.strftime("%d/%m/%Y"), "words": words}
            case dt.time():
                return {"figures": value.strftime("%H:%M"), "words": time_in_words(value, self._language)}
            case str() if key == "arabic":
                return isolate_in_arabic(value)
            case str() if key == "latin":
                return isolate_in_latin(value)
            case BaseModel():
                return self.of(value.model_dump(mode="python"), key)
            case _:
                return value


def _script(name: str, around: str) -> str:
    """`arabic` and `latin` hold for everything below them (`name.arabic.surname`)."""
    return name if name in ("arabic", "latin") else around
