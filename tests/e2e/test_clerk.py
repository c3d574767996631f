"""A ticket that ends with its roll, at a real kiosk's screen: the citizen is asked, the clerk vouches with the PIN, or
the power goes in between. With touches, a real session, and the virtual ticket printer."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from config import load
from config.schema import Screen
from drivers.simulated.reader import VirtualReader
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Settled
from kiosk.session.service import ledger_path
from kiosk.simulation.townhall import TownHall
from kiosk.ui.app import open_screen
from tests.kiosk.ui.conftest import Kiosk, application, quiet_qt, said_by_qt, wait_until
from tests.kiosk.ui.session import ScriptedSession

pytestmark = pytest.mark.slow

__all__ = ["application", "quiet_qt", "said_by_qt"]

PIN, WRONG = "739184", "739185"


class AtTheScreen:
    """Amina, and the clerk she calls, before a kiosk with a ticket printer and no other."""

    def __init__(self, hall: TownHall, screen: Kiosk) -> None:
        self.hall = hall
        self.screen = screen

    def sees(self, *screens: str, true: Callable[[dict[str, object]], bool] = lambda facts: True) -> dict[str, object]:
        opened = self.screen.opened

        def seen() -> bool:
            screen, _, facts = opened.visit.shown
            assert screen != "trouble" or "trouble" in screens, facts
            return screen in screens and true(facts) and bool(opened.window.property("settled"))

        wait_until(seen, 60)
        return opened.visit.shown[2]

    def comes(self) -> None:
        """Up to the card that is taken back, the ticket confirmed."""
        card = self.hall.cards["amina"]
        self.sees("attract", true=lambda facts: facts["unavailable"] is None)
        self.screen.tap("primary")
        self.sees("language")
        self.screen.tap("language-fr")
        self.sees("card")
        self.hall.insert("amina")
        self.identifies(card.can, card.pin)

    def identifies(self, can: str, pin: str) -> None:
        self.sees("can")
        self.screen.tap(*(f"key-{key}" for key in can), "primary")
        self.sees("pin")
        self.screen.tap(*(f"key-{key}" for key in pin), "primary")
        self.sees("choice")
        self.screen.tap("choose-birth-extract-fr")
        assert self.sees("preview")["form"] == "ticket"
        self.screen.tap("primary")
        self.sees("take_card")

    def is_asked(self) -> None:
        """The roll ends in the middle of the ticket."""
        self.comes()
        self.hall.thermal.control.paper_out(after_mm=150)
        self.hall.remove()
        assert self.sees("ask_paper")["form"] == "ticket"

    def types(self, pin: str) -> None:
        self.screen.tap(*(f"key-{key}" for key in pin), "primary")

    def power_cut(self) -> None:
        self.hall.child("session").process.kill()
        self.sees("away")
        self.hall.stop("session")
        self.hall.thermal.control.paper_in()
        self.hall.start("session")

    def ended(self) -> list[tuple[str, str]]:
        path = ledger_path(load(self.hall.configuration).settings)
        with Ledger.view(path) as ledger:
            assert ledger.verify().valid
            return [(e.record.outcome, e.record.evidence) for e in ledger.entries() if isinstance(e.record, Settled)]


@pytest.fixture
def desk(
    application: QApplication, quiet_qt: None, use_reader: Callable[[VirtualReader], None]
) -> Iterator[AtTheScreen]:
    with (
        tempfile.TemporaryDirectory(prefix="shubbak-") as folder,
        TownHall(Path(folder), printers=("thermal",)) as hall,
    ):
        command = [sys.executable, "-m", "kiosk", "keys", "staff-pin", "-", "--config", str(hall.configuration)]
        subprocess.run(command, input=PIN + "\n", text=True, check=True, stdout=subprocess.DEVNULL)
        hall.start("signer", "session")
        opened = open_screen(load(hall.configuration).settings.session.socket, Screen(), still=True)
        silent = ScriptedSession(Path(folder) / "nobody")
        try:
            yield AtTheScreen(hall, Kiosk(opened, silent))
        finally:
            opened.close()
            silent.close()


def test_a_ticket_nobody_is_sure_of(desk: AtTheScreen) -> None:
    screen = desk.screen
    desk.is_asked()
    screen.tap("whole")
    desk.sees("confirm", true=lambda facts: facts["asked"] is not None)
    desk.types(WRONG)
    desk.sees("confirm", true=lambda facts: facts["asked"]["wrong"])  # type: ignore[index]
    desk.types(PIN)
    desk.sees("take_paper")
    screen.tap("primary")
    desk.sees("goodbye", "attract")
    assert desk.ended() == [("PRINTED", "operator-confirmed")]

    # Nobody opens a kiosk without paper; with some, the next ticket is asked about and denied, and had again.
    desk.hall.thermal.control.paper_in()
    desk.is_asked()
    desk.hall.thermal.control.paper_in()
    screen.tap("not-whole")
    desk.sees("stray", true=lambda facts: bool(facts["again"]))
    screen.tap("again")
    desk.sees("card")
    desk.hall.insert("amina")
    card = desk.hall.cards["amina"]
    desk.identifies(card.can, card.pin)
    desk.hall.remove()
    desk.sees("take_paper")
    screen.tap("primary")
    assert desk.ended()[1:] == [("VOIDED", "none"), ("PRINTED", "escpos-echo")]

    # The power goes while the citizen is asked, and while the clerk is: what comes back knows of no paper.
    for answer in (None, "whole"):
        before = len(desk.ended())
        desk.is_asked()
        if answer:
            screen.tap(answer)
            desk.sees("confirm")
        desk.power_cut()
        desk.sees("attract", true=lambda facts: facts["unavailable"] is None)
        wait_until(lambda before=before: len(desk.ended()) > before)
        assert desk.ended()[-1] == ("VOIDED", "none")
    desk.comes()
    desk.hall.remove()
    desk.sees("take_paper")
    assert desk.ended()[-1] == ("PRINTED", "escpos-echo")
