"""An act, a seal and requests to set pages from, and a renderer shared by the tests that only read."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import segno
from segno import consts

import printing
from config.schema import Town
from printing.documents import PageRequest
from printing.render import Renderer
from registry.models import BilingualName, BilingualText, BirthAct, Mention, Name, Parent, Place, Register, Subject

SEAL_TEXT = "https://verify.shubbak.example/v#" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" * 20


def bilingual(surname_ar: str, given_ar: str, surname: str, given: str) -> BilingualName:
    return BilingualName(arabic=Name(surname=surname_ar, given=given_ar), latin=Name(surname=surname, given=given))


@pytest.fixture(scope="session")
def act() -> BirthAct:
    algiers = Place(
        commune_code="1601",
        commune=BilingualText(arabic="الجزائر الوسطى", latin="Alger-Centre"),
        wilaya=BilingualText(arabic="الجزائر", latin="Alger"),
    )
    return BirthAct(
        act_id="birth-1986-417",
        version=3,
        register=Register(commune=algiers, year=1986, number=417),
        drawn_up_on=dt.date(1986, 3, 17),
        subject=Subject(
            nin="119860417160100042",
            name=bilingual("المنصوري", "فاطمة الزهراء", "EL MANSOURI", "Fatima-Zahra"),
            sex="F",
            born_on=dt.date(1986, 3, 14),
            born_at=dt.time(10, 42),
            birthplace=algiers,
        ),
        father=Parent(
            name=bilingual("المنصوري", "عبد القادر", "EL MANSOURI", "Abdelkader"),
            profession=BilingualText(arabic="معلم", latin="Instituteur"),
        ),
        mother=Parent(name=bilingual("بن يوسف", "خديجة", "BENYOUCEF", "Khadidja")),
        mentions=(
            Mention(
                made_on=dt.date(2012, 6, 23),
                text=BilingualText(
                    arabic="تزوجت من حمداني ياسين (HAMDANI Yacine) في 21/06/2012 ببلدية وهران، عقد رقم 1204/2012",
                    latin="Mariée avec HAMDANI Yacine le 21/06/2012 à Oran, acte n° 1204/2012",
                ),
            ),
        ),
        as_of=dt.datetime(2026, 10, 20, 9, tzinfo=dt.UTC),
    )


def segno_svg(text: str = SEAL_TEXT, **style: Any) -> str:
    address, _, payload = text.rpartition("#")
    code = segno.make([(address + "#", consts.MODE_BYTE), (payload, consts.MODE_ALPHANUMERIC)], error="m", micro=False)
    picture = io.BytesIO()
    code.save(picture, kind="svg", scale=1, **style)
    return picture.getvalue().decode()


@pytest.fixture(scope="session")
def original(act: BirthAct) -> Callable[..., PageRequest]:
    """Makes a request for an original; keyword arguments change it."""
    svg = segno_svg()

    def make(language: str = "ar", **changes: Any) -> PageRequest:
        with_act = changes.get("act", act)
        fields: dict[str, Any] = {
            "type": "birth-extract",
            "language": language,
            "act": with_act,
            "town": Town(),
            "issued_on": dt.date(2026, 10, 20),
            "reference": "DZ-2026-16001-0000042",
            "copy_number": 2,
            "seal_svg": svg,
            "seal_text": SEAL_TEXT,
            "attachment": with_act.model_dump_json().encode(),
        }
        return PageRequest(**(fields | changes))

    return make


@pytest.fixture(scope="session")
def specimen(original: Callable[..., PageRequest]) -> Callable[..., PageRequest]:
    bare = {"reference": None, "copy_number": None, "seal_svg": None, "seal_text": None, "specimen": True}

    def make(language: str = "ar", **changes: Any) -> PageRequest:
        return original(language, **(bare | changes))

    return make


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    with Renderer(None, deadline=60.0) as shared:
        yield shared


@pytest.fixture
def catalogue_folder(tmp_path: Path) -> Callable[[dict[str, str]], Path]:
    """A copy of the shipped templates with more documents, on sheets: name → Typst source."""

    def make(documents: dict[str, str]) -> Path:
        shipped = Path(printing.__file__).parent / "templates"
        root = tmp_path / "templates"
        for name in ("shared", "birth-extract"):
            (root / name).mkdir(parents=True)
            for file in (shipped / name).iterdir():
                (root / name / file.name).write_bytes(file.read_bytes())
        shipped_description = (shipped / "birth-extract" / "document.toml").read_text("utf-8")
        description = shipped_description.replace(', ticket = "birth-extract-ticket.typ"', "")
        for name, source in documents.items():
            (root / name).mkdir()
            (root / name / "document.toml").write_text(description.replace("birth-extract", name), "utf-8")
            (root / name / f"{name}.typ").write_text(source, "utf-8")
        return root

    return make
