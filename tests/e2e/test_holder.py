"""Who holds the card: every kind of card in its holder's hand, a clerk where no PIN proves them, and a thief's visit.

What the registry wrote down of each is read from its own books."""

import asyncio
import base64
import io
import json
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from config.schema import Settings
from drivers.simulated.issuer import CardDesign
from drivers.simulated.issuing.design import FaceDesign
from drivers.smartcard import FileId, IdCard
from kiosk.catalogue import log
from kiosk.catalogue.codes import entry
from kiosk.session.runner import Runner
from kiosk.session.scripted import Answers
from kiosk.session.service import open_session
from kiosk.session.staff_desk import StaffDesk
from kiosk.simulation import personas
from kiosk.simulation.townhall import PEOPLE
from kiosk.staff.pin import set_pin
from printing import documents
from tests.e2e.conftest import Recorder, Seen, Stubborn, Town, Visit

pytestmark = pytest.mark.slow

PIN, WRONG = "739184", "739185"


class Hall:
    """The town with a clerk in it, and Amina's card of any design."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self._folder = folder
        if not town.settings.staff.pin_file.exists():
            town.settings.staff.pin_file.parent.mkdir(exist_ok=True)
            set_pin(town.settings.staff.pin_file, PIN)

    def visit(
        self,
        design: str | CardDesign,
        *,
        templates: Path | None = None,
        fault: str | None = None,
        staff_pin: str = PIN,
        pin: str | None = None,
        says: dict[str, Any] | None = None,
    ) -> Visit:
        hall = self.town.hall
        made = CardDesign.named(design) if isinstance(design, str) else design
        cards = personas.issue(hall.issuer, self._folder / made.name, PEOPLE, hall.seed, "pace", made)
        card = cards["amina"]
        number, birth, expiry = card.mrz.split("|")
        fields = {"document_number": number, "date_of_birth": birth, "date_of_expiry": expiry}
        given = fields if made.name in ("dz-cnibe", "bac") else {"can": card.can}
        answers = Answers(given, pin or card.pin, "birth-extract", "fr", staff_pin=staff_pin)
        hall.hand.insert(card.file, fault=fault)
        settings = self.town.settings
        if templates is not None:
            shown = settings.documents.model_copy(update={"templates": templates})
            settings = settings.model_copy(update={"documents": shown})
        return asyncio.run(asyncio.wait_for(self._visit(settings, answers, says or {}), 60))

    async def _visit(self, settings: Settings, answers: Answers, says: dict[str, Any]) -> Visit:
        async with open_session(settings) as session:
            visit = Visit()
            desk = StaffDesk(settings, session.runner.post, session.runner.availability, _no_checks)
            session.runner.also(desk)
            session.runner.attach(Recorder(visit, Seen()))
            citizen = Stubborn(session.runner, answers, says)
            session.runner.attach(citizen)
            running = asyncio.create_task(_run(session.runner))
            try:
                visit.code = await citizen.ended
            finally:
                running.cancel()
                await asyncio.to_thread(self.town.hall.remove)
                await session.counter.desk.empty()
            await session.counter.settled()
            desk.stop()
            visit.ending = session.counter.ending
            return visit

    def proofs(self) -> list[tuple[str, str]]:
        """How card and holder were proven, grant by grant, by the registry's signed word."""
        books = self.town.hall.folder / "registry" / "registry.sqlite"
        with sqlite3.connect(f"file:{books}?mode=ro", uri=True) as database:
            found = [row[0] for row in database.execute("SELECT jws FROM grants ORDER BY rowid")]
        grants = [json.loads(base64.urlsafe_b64decode(jws.split(".")[1] + "==")) for jws in found]
        return [(grant["card_proof"], grant["holder_proof"]) for grant in grants]


async def _run(runner: Runner) -> None:
    await runner.run()


async def _no_checks() -> AsyncIterator[Any]:
    return
    yield


@pytest.fixture(scope="module")
def hall(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    yield Hall(town, tmp_path_factory.mktemp("cards"))


@pytest.mark.parametrize(
    ("design", "proofs"),
    [
        ("icao", ("active-authentication", "pin")),
        ("rsa", ("active-authentication", "pin")),
        ("written-out", ("active-authentication", "pin")),
        ("chip-authentication", ("chip-authentication", "pin")),
        ("cam", ("chip-authentication-mapping", "pin")),
        ("modular", ("active-authentication", "pin")),
        ("bac", ("active-authentication", "pin")),
        ("passport", ("active-authentication", "clerk")),
        ("no-pin", ("active-authentication", "clerk")),
        ("bare", ("passive-authentication", "clerk")),
        ("dz-cnibe", ("passive-authentication", "clerk")),
    ],
)
def test_each_card_gets_its_paper_by_what_it_can_prove(hall: Hall, design: str, proofs: tuple[str, str]) -> None:
    papers = hall.town.papers
    visit = hall.visit(design)
    assert visit.code is None, (visit.code, visit.screens)
    assert hall.town.papers == papers + 1
    assert hall.proofs()[-1] == proofs
    asked = {"pin", "clerk", "compare"} & set(visit.screens)
    assert asked == ({"pin"} if proofs[1] == "pin" else {"clerk", "compare"})


@pytest.mark.parametrize("design", ["rsa", "chip-authentication", "cam"])
def test_who_takes_long_to_type_has_the_card_sign_anew(
    hall: Hall, design: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A challenge that is too old by then is left alone: the registry would not take it any more."""
    monkeypatch.setattr("kiosk.session.identification.FRESH_S", -1.0)
    papers = hall.town.papers
    assert hall.visit(design).code is None
    assert hall.town.papers == papers + 1


def test_the_clerk_is_shown_the_chips_word_and_no_picture_that_nobody_asked_for(hall: Hall) -> None:
    shown = hall.visit("dz-cnibe").data["compare"]
    assert (shown["born_on"], shown["number_ends"]) == ("1986-03-14", "0018")
    assert "amina" in shown["name_latin"].lower() and "أمينة" in shown["name_ar"]
    assert shown["picture"] is None


@pytest.fixture(scope="module")
def with_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents, of which one asks for the portrait."""
    folder = tmp_path_factory.mktemp("templates") / "templates"
    shutil.copytree(Path(documents.__file__).parent / "templates", folder)
    described = folder / "birth-extract" / "document.toml"
    described.write_text(described.read_text().replace('reads = ["DG1", "DG11"]', 'reads = ["DG1", "DG11", "DG2"]'))
    return folder


@pytest.mark.parametrize(
    "face", [FaceDesign(), FaceDesign(record="39794-5", coding="JP2"), FaceDesign(coding="J2K")], ids=lambda f: f.coding
)
def test_a_portrait_is_read_for_the_clerk_where_a_document_asks_for_it(
    hall: Hall, with_pictures: Path, face: FaceDesign
) -> None:
    design = replace(CardDesign.named("no-pin"), face=face)
    visit = hall.visit(design, templates=with_pictures, says={"compare": [("not_holder", {})]})
    assert visit.code == "E-KIOSK-HOLDER"
    with Image.open(io.BytesIO(base64.b64decode(visit.data["compare"]["picture"]))) as picture:
        assert picture.format == "PNG" and picture.height > picture.width > 100


def test_no_portrait_is_read_of_a_card_that_proves_its_holder_itself(
    hall: Hall, with_pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("nobody looks at it")

    monkeypatch.setattr("kiosk.session.identification.portrait_of", refuse)
    read: list[FileId] = []
    whole = IdCard.read

    def noted(card: IdCard, file: FileId, progress: Any = None) -> bytes:
        read.append(file)
        return whole(card, file, progress)

    monkeypatch.setattr(IdCard, "read", noted)
    hall.visit("icao", templates=with_pictures, says={"choice": [("cancel", {})]})
    assert FileId.DG11 in read and FileId.DG2 not in read


@pytest.mark.parametrize("says", [{}, {"compare": [("not_holder", {})]}], ids=["no-clerk", "not-the-holder"])
def test_without_a_clerks_word_a_card_without_pin_gets_nothing(hall: Hall, says: dict[str, Any]) -> None:
    papers, proofs, lines = hall.town.papers, hall.proofs(), io.StringIO()
    log.configure(lines)
    visit = hall.visit("no-pin", staff_pin=PIN if says else "", says=says)
    assert visit.code == "E-KIOSK-HOLDER"
    assert (hall.town.papers, hall.proofs()) == (papers, proofs)
    said = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "holder"]
    assert [(line["method"], line["result"]) for line in said] == ([("clerk", "not_verified")] if says else [])


def test_a_wrong_staff_pin_shows_nothing_of_the_card(hall: Hall) -> None:
    visit = hall.visit("no-pin", staff_pin=WRONG)
    assert visit.code == "E-KIOSK-HOLDER" and "compare" not in visit.screens
    assert visit.data["clerk"]["asked"]["wrong"]


def test_a_stolen_card_gets_no_paper(hall: Hall) -> None:
    """The thief reads the CAN off the card's face and knows no PIN: guesses twice, then fears for the card."""
    papers, proofs, ledger = hall.town.papers, hall.proofs(), hall.town.ledger()
    wrong = ("pin", {"pin": "9999"})
    visit = hall.visit("icao", says={"pin": [wrong, wrong], "pin_last": [("cancel", {})]})
    assert visit.screens.count("pin") == 2 and "choice" not in visit.screens and "clerk" not in visit.screens
    assert (hall.town.papers, hall.proofs(), hall.town.ledger()) == (papers, proofs, ledger)


def test_a_stolen_card_is_blocked_by_guessing_and_gets_no_paper(hall: Hall) -> None:
    papers, proofs = hall.town.papers, hall.proofs()
    wrong = ("pin", {"pin": "9999"})
    visit = hall.visit("chip-authentication", says={"pin": [wrong, wrong, wrong], "pin_last": [("continue", {})]})
    assert visit.code == "E-CARD-PIN-BLOCKED"
    assert (hall.town.papers, hall.proofs()) == (papers, proofs)


@pytest.mark.parametrize(
    ("design", "fault", "code"),
    [
        ("chip-authentication", "yes-card", "E-CARD-COPY"),
        ("cam", "yes-card", "E-CARD-COPY"),
        ("rsa", "yes-card", "E-CARD-COPY"),
        ("icao", "foreign-csca", "E-CARD-FOREIGN"),
        ("icao", "unknown-csca", "E-CARD-ISSUER-UNKNOWN"),
        ("icao", "revoked-ds", "E-CARD-SIGNER-REVOKED"),
        ("icao", "expired-ds", "E-CARD-SIGNER-EXPIRED"),
        ("icao", "hidden-dg15", "E-CARD-FILE-HIDDEN"),
        ("chip-authentication", "hidden-dg14", "E-CARD-FILE-HIDDEN"),
        ("ma-cnie", None, "E-CARD-FOREIGN"),
    ],
)
def test_a_card_that_is_not_believed_is_asked_for_nothing(
    hall: Hall, design: str, fault: str | None, code: str
) -> None:
    papers, proofs = hall.town.papers, hall.proofs()
    visit = hall.visit(design, fault=fault)
    assert visit.code == code, visit.screens
    assert not {"pin", "clerk", "choice"} & set(visit.screens)
    shown = visit.data["trouble"]
    assert (shown["sentence_ar"], shown["sentence_fr"]) == (entry(code).citizen["ar"], entry(code).citizen["fr"])
    assert (hall.town.papers, hall.proofs()) == (papers, proofs)


def test_a_card_that_does_not_say_who_its_holder_is(hall: Hall) -> None:
    whole = CardDesign.named("icao")
    visit = hall.visit(replace(whole, groups=tuple(group for group in whole.groups if group.name != "DG11")))
    assert visit.code == "E-CARD-FILE-ABSENT" and "pin" not in visit.screens
