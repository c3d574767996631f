"""A word to the virtual town hall: one JSON object a line on a Unix socket, one line back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtNetwork import QLocalSocket

Answered = Callable[[dict[str, object]], None]
MAX_REPLY_BYTES = 1 << 16


class ControlLink(QObject):
    """Asks without blocking the screen that asks. Each question is a connection of its own."""

    def __init__(self, socket_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = str(socket_path)

    def ask(self, message: dict[str, object], answered: Answered, *, deadline_ms: int = 20_000) -> None:
        """Send `message`; `answered` is called once, with the reply, or with {"ok": false, "error": …}."""
        socket = QLocalSocket(self)
        timer = QTimer(socket)
        timer.setSingleShot(True)
        over = False

        def end(reply: dict[str, object]) -> None:
            nonlocal over
            if not over:
                over = True
                socket.abort()
                socket.deleteLater()
                answered(reply)

        def read() -> None:
            if socket.canReadLine():
                end(_reply(bytes(socket.readLine(MAX_REPLY_BYTES).data())))

        socket.connected.connect(lambda: socket.write(json.dumps(message).encode() + b"\n"))
        socket.readyRead.connect(read)
        socket.disconnected.connect(lambda: end({"ok": False, "error": "no answer"}))
        socket.errorOccurred.connect(lambda _: end({"ok": False, "error": "not there"}))
        timer.timeout.connect(lambda: end({"ok": False, "error": "too slow"}))
        timer.start(deadline_ms)
        socket.connectToServer(self._path)


def _reply(line: bytes) -> dict[str, object]:
    try:
        reply = json.loads(line)
    except ValueError:
        return {"ok": False, "error": "nonsense"}
    return reply if isinstance(reply, dict) else {"ok": False, "error": "nonsense"}
