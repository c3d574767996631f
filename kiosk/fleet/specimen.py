"""The pages that try a template out: an act of nobody, with every letter a name may have.

Each document is set in each of its languages on each kind of paper, both as the specimen that a citizen sees before
choosing and as the original that would be signed: a template may fail in what only one of them has.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from itertools import product

from config.schema import Settings
from printing.documents import DocumentType, PageRequest
from registry.models import BilingualName, BilingualText, BirthAct, Mention, Name, Parent, Place, Register, Subject
from signing.seal import seal_svg

_LETTERS = BilingualText(
    arabic="أبجد هوز حطي كلمن سعفص قرشت ثخذ ضظغ إآؤئءةى",
    latin="ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz àâæçéèêëîïôœùûüÿ’-",
)
_NAME = BilingualName(
    arabic=Name(surname="عينة لا صاحب لها", given="أبجد هوز"), latin=Name(surname="SPECIMEN", given="Élève-Noëlle")
)
_PAYLOAD = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 20
"""About as long as a seal is."""
REFERENCE = "SPECIMEN-0000-0000"


def act() -> BirthAct:
    """A birth act of nobody: its number is of zeros."""
    place = Place(
        commune_code="0000",
        commune=BilingualText(arabic="البلدية", latin="Commune"),
        wilaya=BilingualText(arabic="الولاية", latin="Wilaya"),
    )
    return BirthAct(
        act_id="specimen",
        version=1,
        register_=Register(commune=place, year=2000, number=99999),
        drawn_up_on=dt.date(2000, 3, 1),
        subject=Subject(
            nin="0" * 18, name=_NAME, sex="F", born_on=dt.date(2000, 2, 29), born_at=dt.time(23, 59), birthplace=place
        ),
        father=Parent(name=_NAME, profession=_LETTERS),
        mother=Parent(name=_NAME),
        mentions=(Mention(made_on=dt.date(2020, 12, 31), text=_LETTERS),),
        as_of=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    )


def pages(document: DocumentType, settings: Settings) -> Iterator[PageRequest]:
    """What to set to know that a document can be: its specimen and its original, in each language and form."""
    person, day = act(), dt.date(2026, 1, 1)
    text = f"https://{settings.signer.seal_host}/v#{_PAYLOAD}"
    for language, form in product(document.languages, document.templates):
        yield PageRequest(document.type, language, person, settings.town, day, specimen=True, form=form)
        yield PageRequest(
            document.type,
            language,
            person,
            settings.town,
            day,
            reference=REFERENCE,
            copy_number=1,
            seal_svg=seal_svg(text),
            seal_text=text,
            attachment=person.model_dump_json().encode(),
            form=form,
        )
