"""The dock of the demonstration: a small window that plays card, paper and network.

    python -m kiosk.simulation.dock --control SOCKET

Each button sends one JSON line `{"do": NAME}` to the control socket and shows what came back.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QGridLayout, QLabel, QPushButton, QWidget

from kiosk.simulation.control_link import ControlLink

BUTTONS = (
    ("insert", "Insert the card"),
    ("remove", "Take the card"),
    ("paper_out", "Empty the paper tray"),
    ("paper_in", "Fill the paper tray"),
    ("registry_down", "Cut the registry"),
    ("registry_up", "Restore the registry"),
)
"""What is sent as `do`, and the words on the button."""


class Dock(QWidget):
    """Two columns: what goes wrong on one side, what mends it on the other."""

    def __init__(self, control: ControlLink, note: str = "") -> None:
        super().__init__()
        self._control = control
        self.setWindowTitle("Shubbak: the virtual town hall")
        layout = QGridLayout(self)
        layout.addWidget(QLabel(note, self), 0, 0, 1, 2)
        for at, (name, label) in enumerate(BUTTONS, 2):
            button = QPushButton(label, self)
            button.setObjectName(name)
            button.setMinimumHeight(48)
            button.clicked.connect(lambda _=False, n=name: self._do(n))
            layout.addWidget(button, at // 2, at % 2)
        self.said = QLabel("", self)
        self.said.setObjectName("said")
        self.said.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self.said, 1 + len(BUTTONS) // 2, 0, 1, 2)

    def stand_aside(self) -> None:
        """To the right edge of the desk: the kiosk's window has the left."""
        room = QApplication.primaryScreen().availableGeometry()
        self.adjustSize()
        self.move(room.right() - self.width(), room.top() + room.height() // 3)

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
    signal.signal(signal.SIGTERM, lambda *_: application.quit())
    signal.signal(signal.SIGINT, lambda *_: application.quit())
    wake = QTimer()
    wake.timeout.connect(lambda: None)
    wake.start(250)
    return int(application.exec())


if __name__ == "__main__":
    sys.exit(main())
