"""The virtual town hall's ear: one JSON object `{"do": NAME}` a line on a Unix socket, one line back."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from kiosk.errors import PartMissing, WrongUsage

MAX_LINE_BYTES = 4096
_ANSWER_S = 30.0


def have_done(path: Path, deed: str) -> None:
    """Have whoever listens at `path` do it. Raises WrongUsage for what it cannot do, PartMissing when nobody does."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_ANSWER_S)
            client.connect(str(path))
            client.sendall(json.dumps({"do": deed}).encode() + b"\n")
            reply = json.loads(client.makefile("rb").readline(MAX_LINE_BYTES))
    except (OSError, ValueError):
        raise PartMissing("the virtual town hall does not answer") from None
    if not reply["ok"]:
        raise WrongUsage(f"the town hall did not: {reply['error']}")


class ControlSocket:
    """Context manager. Each line names one of `actions`; they are done one at a time, in the order they came.

    The answer is `{"ok": true}`, or `{"ok": false, "error": …}` for a name that is none or an action that failed;
    of a failure only its kind is told.
    """

    def __init__(self, path: Path, actions: Mapping[str, Callable[[], object]]) -> None:
        self.path = path
        self._actions = dict(actions)
        self._one_at_a_time = threading.Lock()

    def __enter__(self) -> ControlSocket:
        control = self

        class Listener(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while line := self.rfile.readline(MAX_LINE_BYTES):
                    self.wfile.write(json.dumps(control._obey(line)).encode() + b"\n")

        self._server = socketserver.ThreadingUnixStreamServer(str(self.path), Listener)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="control", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.path.unlink(missing_ok=True)

    def _obey(self, line: bytes) -> dict[str, object]:
        try:
            asked = json.loads(line)
        except ValueError:
            return {"ok": False, "error": "nonsense"}
        action = self._actions.get(str(asked.get("do"))) if isinstance(asked, dict) else None
        if action is None:
            return {"ok": False, "error": "no such action"}
        try:
            with self._one_at_a_time:
                action()
        except Exception as failure:  # noqa: BLE001 (the hall goes on, and whoever asked is told)
            return {"ok": False, "error": type(failure).__name__}
        return {"ok": True}
