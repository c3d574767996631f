"""The screen's end of the session's socket: lines in, lines out, and it comes back by itself.

Nothing that arrives can hurt: a line longer than a snapshot may be is thrown away up to its end, and what
is not a snapshot is refused by the reader of the line. A line that is not whole is kept, at most one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalSocket

from kiosk.session.protocol import MAX_SNAPSHOT_BYTES, ScreenEvent
from kiosk.ui.errors import SnapshotRefused

RETRY_MS = 400
_READ_BUFFER = 1 << 20


class Lines:
    """Cuts a stream into lines. A line over `limit` bytes yields SnapshotRefused, once, in its place."""

    def __init__(self, limit: int = MAX_SNAPSHOT_BYTES) -> None:
        self._limit = limit
        self._part = bytearray()
        self._skipping = False

    def feed(self, chunk: bytes) -> Iterator[bytes | SnapshotRefused]:
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            if not self._skipping and len(self._part) + len(piece) <= self._limit:
                line = bytes(self._part) + piece
                self._part.clear()
                yield line
            else:
                if not self._skipping:
                    yield SnapshotRefused("the session sent a line longer than a snapshot may be")
                self._part.clear()
                self._skipping = False
        if self._skipping:
            return
        self._part += rest
        if len(self._part) > self._limit:
            self._part.clear()
            self._skipping = True
            yield SnapshotRefused("the session sent a line longer than a snapshot may be")


class Link(QObject):
    """`line` for each line of the session, `gone` when it went away, `refused` for what was thrown away."""

    line = Signal(bytes)
    arrived = Signal()
    gone = Signal()
    refused = Signal(object)

    def __init__(self, socket_path: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = str(socket_path)
        self._lines = Lines()
        self._connected = False
        self._stopped = False
        self._socket = QLocalSocket(self)
        self._socket.setReadBufferSize(_READ_BUFFER)
        self._socket.connected.connect(self._on_connected)
        self._socket.readyRead.connect(self._on_ready)
        self._socket.stateChanged.connect(self._on_state)
        self._retry = QTimer(self)
        self._retry.setSingleShot(True)
        self._retry.setInterval(RETRY_MS)
        self._retry.timeout.connect(self._connect)

    def start(self) -> None:
        self._connect()

    def stop(self) -> None:
        self._stopped = True
        self._retry.stop()
        self._socket.abort()

    def send(self, event: ScreenEvent) -> bool:
        """Send one event; False when there is nobody to send it to."""
        if not self._connected:
            return False
        self._socket.write(event.model_dump_json().encode() + b"\n")
        self._socket.flush()
        return True

    def _connect(self) -> None:
        if self._socket.state() == QLocalSocket.LocalSocketState.UnconnectedState:
            self._socket.connectToServer(self._path)
            # A connection refused at once changes no state, so that no signal would ask for the next try.
            if self._socket.state() == QLocalSocket.LocalSocketState.UnconnectedState and not self._stopped:
                self._retry.start()

    def _on_connected(self) -> None:
        self._lines = Lines()
        self._connected = True
        self.arrived.emit()

    def _on_ready(self) -> None:
        while self._socket.bytesAvailable():
            for line in self._lines.feed(bytes(self._socket.readAll().data())):
                if isinstance(line, SnapshotRefused):
                    self.refused.emit(line)
                else:
                    self.line.emit(line)

    def _on_state(self, state: QLocalSocket.LocalSocketState) -> None:
        if state != QLocalSocket.LocalSocketState.UnconnectedState:
            return
        if self._connected:
            self._connected = False
            self.gone.emit()
        if not self._stopped:
            self._retry.start()
