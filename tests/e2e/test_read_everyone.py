"""`kiosk card read --json` of every persona's card of every kind, as the technician and the administrator run it."""

import json
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import smartcard
from drivers.simulated.issuer import CardDesign, CardIssuer
from drivers.simulated.issuing.design import DESIGNS
from drivers.simulated.reader import VirtualReader
from kiosk.simulation import personas
from registry.reference.population import generate

WAIT = 30.0
PROFILES = ("icao", "dz-cnibe", "ma-cnie")
PEOPLE = {person.persona: person for person in generate(50, 1) if person.persona and person.card}
CHIP = {"ma-cnie", "chip-authentication", "cam", "pin-pace", "modular"}
"""Designs whose chip proves itself by chip authentication, or the mapping."""
ACTIVE = {
    "icao", "rsa", "bac", "no-pin", "pin-application", "pin-pace", "integrated", "modular", "rich", "passport", "short",
    "t0", "written-out",
}  # fmt: skip
NO_DG11 = {"bare"}
SLOW = pytest.mark.slow


class Desk:
    """A reader, an issuer whom the trust folder believes, and what the watch tells."""

    def __init__(self, reader: VirtualReader, folder: Path) -> None:
        self.hand = reader.hand()
        self.folder = folder
        self.issuer = CardIssuer.load_or_create(folder / "issuer")
        for name, content in self.issuer.trust().items():
            (folder / "trust" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "trust" / name).write_bytes(content)
        self._name = reader.reader_name
        self._events: queue.Queue[smartcard.WatchEvent] = queue.Queue()
        self.watch = smartcard.CardWatch(self._events.put)
        self.watch.start()

    def read(self, design: str, persona: str, *, fault: str | None = None) -> tuple[int, dict[str, Any] | None, str]:
        """Status, object, and the line on standard error."""
        card = personas.issue(self.issuer, self.folder / design, 50, 1, "pace", CardDesign.named(design))[persona]
        can = CardDesign.named(design).access.paces and fault != "downgrade"
        password = ("--can", card.can) if can else ("--mrz", card.mrz)
        self.hand.insert(card.file, fault=fault)
        self._until(smartcard.CardInserted(self._name))
        try:
            command = [sys.executable, "-m", "kiosk", "card", "read", "--json", "--trust", str(self.folder / "trust")]
            done = subprocess.run([*command, *password], capture_output=True, text=True, timeout=60)
        finally:
            self.hand.remove()
            self._until(smartcard.CardRemoved(self._name))
        return done.returncode, json.loads(done.stdout) if done.stdout else None, done.stderr

    def _until(self, event: smartcard.WatchEvent) -> None:
        while self._events.get(timeout=WAIT) != event:
            pass


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, use_reader: Callable[[VirtualReader], None]) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("d")
    with VirtualReader(folder / "r") as reader:
        use_reader(reader)
        desk = Desk(reader, folder)
        yield desk
        desk.watch.stop()


@pytest.mark.parametrize("persona", sorted(PEOPLE))
@pytest.mark.parametrize("design", [*PROFILES, *(pytest.param(d, marks=SLOW) for d in DESIGNS if d not in PROFILES)])
def test_everybody_s_card_of_every_kind_is_read_and_believed(desk: Desk, design: str, persona: str) -> None:
    status, report, line = desk.read(design, persona)
    assert (status, line) == (0, "") and report is not None
    person = PEOPLE[persona]
    assert person.card is not None and report["document_number"] == person.card.document_number
    assert report["date_of_birth"] == person.born_on.isoformat()
    assert report["names"]["latin"]["surname"].upper() == person.name.latin.surname.upper()
    if design not in NO_DG11:
        assert report["names"]["arabic"]["surname"] == person.name.arabic.surname
        assert report["personal_number"] == person.nin or CardDesign.named(design).country != "DZ"
    assert report["passive_authentication"] == "passed" and report["reasons"] == []
    assert report["chip_authentication"] == ("passed" if design in CHIP else "not_supported")
    assert report["active_authentication"] == ("passed" if design in ACTIVE else "not_supported")


@pytest.mark.parametrize(
    ("design", "fault", "code"),
    [
        ("icao", "yes-card", "E-CARD-COPY"),
        ("ma-cnie", "altered-dg", "E-CARD-ALTERED"),
        ("dz-cnibe", "foreign-csca", "E-CARD-FOREIGN"),
        ("ma-cnie", "revoked-ds", "E-CARD-SIGNER-REVOKED"),
        ("icao", "downgrade", "E-CARD-DOWNGRADE"),
        ("icao", "wrong-way", "E-CARD-MUTE"),
        pytest.param("rsa", "yes-card", "E-CARD-COPY", marks=SLOW),
        pytest.param("chip-authentication", "yes-card", "E-CARD-COPY", marks=SLOW),
        pytest.param("cam", "yes-card", "E-CARD-COPY", marks=SLOW),
        pytest.param("icao", "unknown-csca", "E-CARD-ISSUER-UNKNOWN", marks=SLOW),
        pytest.param("icao", "bad-point", "E-CARD-BAD-KEY", marks=SLOW),
        pytest.param("icao", "replay", "E-CARD-CHANNEL", marks=SLOW),
        pytest.param("icao", "wrong-mac", "E-CARD-CHANNEL", marks=SLOW),
        pytest.param("icao", "mute", "E-CARD-MUTE", marks=SLOW),
        pytest.param("icao", "hidden-dg15", "E-CARD-FILE-HIDDEN", marks=SLOW),
        pytest.param("chip-authentication", "hidden-dg14", "E-CARD-FILE-HIDDEN", marks=SLOW),
        pytest.param("icao", "expired-ds", "E-CARD-SIGNER-EXPIRED", marks=SLOW),
        pytest.param("icao", "garbled", "E-CARD-DATA", marks=SLOW),
        pytest.param("icao", "pulled", "E-CARD-REMOVED", marks=SLOW),
    ],
)
def test_each_fault_ends_in_its_code(desk: Desk, design: str, fault: str, code: str) -> None:
    status, _, line = desk.read(design, "amina", fault=fault)
    assert status in (1, 3) and line.startswith(f"error {code}: "), line


@pytest.mark.parametrize(
    "fault", ["slow", "6cxx", "6700", "6282", "6b00", "unprotected-error", "unprotected-error-counted"]
)
def test_a_card_of_bad_manners_is_read_all_the_same(desk: Desk, fault: str) -> None:
    status, report, line = desk.read("icao", "amina", fault=fault)
    assert (status, line) == (0, "") and report is not None and report["passive_authentication"] == "passed"
