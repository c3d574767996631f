"""A fleet for the tests: administrators, a real static HTTP server, kiosks, and an attacker who can steal keys."""

from __future__ import annotations

import contextlib
import shutil
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Signed

from config.keys import open_key
from config.mirror import Mirror
from config.publish import WorkingFolder
from config.store import Store
from tests.config.releases import write_release

WORDS = {"amina": "correct horse", "karim": "battery staple", "salima": "a third of them"}
Answer = Callable[[SimpleHTTPRequestHandler], None]


class Clock:
    """A time that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def forward(self, **span: float) -> None:
        self.time += timedelta(**span)


class Server:
    """Serves a folder; `hostile` maps a path to what is answered there instead. `asked` are the paths asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hostile: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.closing = threading.Event()
        server = self

        class Handler(SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.asked.append(self.path)
                with contextlib.suppress(ConnectionError):
                    server.hostile.get(self.path, SimpleHTTPRequestHandler.do_GET)(self)

            def log_message(self, *_: object) -> None:
                pass

        class Listener(ThreadingHTTPServer):
            daemon_threads = True
            town_server = self

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that went away is what some tests are about."""

        self._httpd = Listener(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.url = f"http://127.0.0.1:{self._httpd.server_port}/fleet"

    @contextlib.contextmanager
    def running(self) -> Iterator[Server]:
        thread = threading.Thread(target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.closing.set()
            self._httpd.shutdown()
            thread.join()
            self._httpd.server_close()


class Town:
    """The administrators' folder, the mirror they publish to, and the keys somebody may steal from them."""

    def __init__(self, folder: Path, server: Server, clock: Clock) -> None:
        self.folder = folder
        self.server = server
        self.clock = clock
        self.mirror = server.folder / "fleet"
        self.work = WorkingFolder.create(folder / "work", WORDS, now=clock)

    def release(self, toml: str = "", files: dict[str, str] | None = None) -> int:
        """Publish this as the next release."""
        shutil.rmtree(self.work.release)
        write_release(self.work.release, toml, files)
        self.work.sign("amina", WORDS["amina"])
        self.work.sign("karim", WORDS["karim"])
        return self.work.publish(self.mirror)

    def key(self, name: str) -> CryptoSigner:
        """An administrator's key, or "online"."""
        root: Metadata[Root] = self.read("1.root")
        files = self.work.path / "keys"
        for key in root.signed.keys.values():
            with contextlib.suppress(Exception):
                return open_key(files / f"{name}.pem", WORDS.get(name), key)
        raise KeyError(name)

    def read(self, name: str) -> Metadata:
        return Metadata.from_bytes((self.mirror / "metadata" / f"{name}.json").read_bytes())

    def forge(self, name: str, signed: Signed, *keys: CryptoSigner) -> None:
        """Put metadata signed by those keys on the mirror."""
        metadata = Metadata(signed)
        for key in keys:
            metadata.sign(key, append=True)
        (self.mirror / "metadata" / f"{name}.json").write_bytes(metadata.to_bytes())

    @contextlib.contextmanager
    def restored(self) -> Iterator[None]:
        """After it, the mirror's files are those of before."""
        copy = self.folder / "copy"
        shutil.copytree(self.mirror, copy)
        try:
            yield
        finally:
            shutil.rmtree(self.mirror)
            copy.rename(self.mirror)
            self.server.hostile.clear()


class Machine:
    """A kiosk's store and its view of the mirror."""

    def __init__(self, folder: Path, town: Town, *, clock: Clock | None = None) -> None:
        self.town = town
        self.store = Store(folder)
        self.store.prepare()
        self.clock = clock or town.clock
        self.root = folder / "root.json"
        self.root.write_bytes(town.work.root_file.read_bytes())
        self.above = 0

    def mirror(self, *, gap: float = 5.0, deadline: float = 60.0) -> Mirror:
        return Mirror(self.store, self.root, now=self.clock, gap=gap, deadline=deadline)

    def pull(self, source: str | Path | None = None) -> int:
        """Take what is offered; returns its number."""
        reuse = self.store.path(self.above) if self.above else None
        found = self.mirror().pull(source or self.town.server.url, self.above, reuse)
        self.above = max(self.above, found.release)
        return found.release
