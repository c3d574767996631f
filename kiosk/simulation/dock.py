"""The dock of the demonstration: a small window for what hands do, and for what goes wrong.

    python -m kiosk.simulation.dock --control SOCKET

Each button sends one JSON line `{"do": NAME}` to the control socket and shows what came back.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QGridLayout, QGroupBox, QLabel, QPushButton, QVBoxLayout, QWidget

from kiosk.simulation.control_link import ControlLink
from kiosk.ui.app import end_on_signal

GROUPS = (
    (
        "Card",
        ("insert", "Insert the card"),
        ("remove", "Take the card"),
        ("reader_down", "Unplug the reader"),
        ("reader_up", "Plug the reader in"),
    ),
    (
        "Laser printer",
        ("paper_out", "Empty the tray"),
        ("paper_in", "Fill the tray"),
        ("cover_open", "Open the cover"),
        ("cover_closed", "Close the cover"),
        ("printer_gone", "Unplug"),
        ("printer_back", "Plug in"),
        ("jam", "Jam the next sheet"),
        ("old_report", "Leave old reports"),
    ),
    (
        "Ticket printer",
        ("ticket_paper_out", "Take the paper"),
        ("ticket_paper_in", "New roll"),
        ("ticket_cover_open", "Open the cover"),
        ("ticket_cover_closed", "Close the cover"),
        ("ticket_printer_gone", "Unplug"),
        ("ticket_printer_back", "Plug in"),
        ("ticket_cutter_stuck", "Jam the cutter"),
        ("ticket_cutter_free", "Free the cutter"),
    ),
    (
        "Registry",
        ("registry_down", "Cut the registry"),
        ("registry_up", "Restore the registry"),
    ),
    (
        "kill -9; it comes back by itself",
        ("screen_killed", "Screen"),
        ("session_killed", "Session"),
        ("signer_killed", "Signer"),
        ("pcscd_killed", "pcscd"),
    ),
)
"""Of each group its name, and for each button what is sent as `do` and the words on it."""
BUTTONS = tuple(button for _, *buttons in GROUPS for button in buttons)


class Dock(QWidget):
    """Two columns in each group: what goes wrong on one side, what mends it on the other."""

    def __init__(self, control: ControlLink, note: str = "") -> None:
        super().__init__()
        self._control = control
        self.setWindowTitle("Shubbak: the virtual town hall")
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(note, self))
        for title, *buttons in GROUPS:
            layout.addWidget(self._group(title, buttons))
        self.said = QLabel("", self)
        self.said.setObjectName("said")
        self.said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self.said)

    def _group(self, title: str, buttons: list[tuple[str, str]]) -> QGroupBox:
        group = QGroupBox(title, self)
        grid = QGridLayout(group)
        for at, (name, label) in enumerate(buttons):
            button = QPushButton(label, group)
            button.setObjectName(name)
            button.setMinimumHeight(30)
            button.clicked.connect(lambda _=False, n=name: self._do(n))
            grid.addWidget(button, at // 2, at % 2)
        return group

    def stand_aside(self) -> None:
        """To the right edge of the desk: the kiosk's window has the left."""
        room = QApplication.primaryScreen().availableGeometry()
        self.adjustSize()
        self.move(room.right() - self.width(), room.top() + max(0, room.height() - self.height()) // 2)

    def _do(self, name: str) -> None:
        self.said.setText(f"{name} …")
        self._control.ask({"do": name}, lambda reply: self._answered(name, reply))

    def _answered(self, name: str, reply: dict[str, object]) -> None:
        self.said.setText(f"{name}: {reply.get('error', 'failed')}" if reply.get("ok") is False else f"{name}: done")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kiosk.simulation.dock", description=__doc__)
    parser.add_argument("--control", type=Path, required=True, metavar="SOCKET", help="the demonstration's socket")
    parser.add_argument("--note", default="", help="what the citizen has in the head: shown above the buttons")
    given = parser.parse_args(arguments)
    application = QApplication(sys.argv[:1])
    dock = Dock(ControlLink(given.control), given.note)
    dock.stand_aside()
    dock.show()
    wake = end_on_signal(application)
    status = int(application.exec())
    wake.stop()
    return status


if __name__ == "__main__":
    sys.exit(main())
