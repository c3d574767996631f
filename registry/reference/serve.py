"""The reference registry as a running server: real TLS, a client certificate asked of everyone.

    registry = ReferenceRegistry(folder, people=300, seed=1)
    certificate, key = registry.enrol_device("demo-1")
    registry.serve()                       # until SIGINT, SIGTERM or stop(); prints nothing

Last of all, when it listens and its control socket does, it writes FOLDER/ready.json,
`{"url": "https://localhost:PORT", "port": PORT}`: that is the file to wait for. It removes it when it ends.
FOLDER/control.sock takes faults (see `faults`). Country certificates go into FOLDER/csca.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from registry.errors import SetupError
from registry.reference.app import KIOSK_SCOPE, create_app
from registry.reference.faults import Fault, Faults, serve_control
from registry.reference.keys import RegistryKeys
from registry.reference.population import generate
from registry.reference.registrar import Clock, Registrar, utc_now
from registry.reference.security_object import CscaFolder
from registry.reference.store import Store

READY = "ready.json"
CONTROL = "control.sock"
_BACKLOG = 64
_KEEP_ALIVE = 75  # longer than a kiosk keeps an idle connection, so that we never close one it is about to use


class ReferenceRegistry:
    """A registry with its folder. The population is drawn on the first run and kept.

    `port` 0 takes a free one. `database` is a SQLite file, FOLDER/registry.sqlite unless told. Raises SetupError.
    """

    def __init__(
        self,
        folder: Path,
        *,
        people: int = 300,
        seed: int = 1,
        port: int = 0,
        host: str = "127.0.0.1",
        database: Path | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self.folder = folder
        self.keys = RegistryKeys.load_or_create(folder)
        self.store = Store(database or folder / "registry.sqlite")
        if self.store.is_empty():
            self.store.settle_in(generate(people, seed))
        self._address = (host, port)
        self._clock = clock
        self._server: _Server | None = None
        self._stopping = threading.Event()

    @property
    def ready_file(self) -> Path:
        return self.folder / READY

    @property
    def control_socket(self) -> Path:
        return self.folder / CONTROL

    def enrol_device(self, kiosk_id: str) -> tuple[bytes, bytes]:
        """A kiosk's client certificate and private key, PEM. Raises SetupError."""
        return self.keys.enrol_device(kiosk_id)

    def serve(self, on_ready: Callable[[str], None] | None = None) -> None:
        """Serves in this thread until SIGINT or SIGTERM (in the main thread) or `stop`.

        Writes the ready file, then calls `on_ready` with the address. Raises SetupError.
        """
        self._leave_no_word()  # that of a process killed before us would be believed
        faults = Faults()
        registrar = Registrar(self.store, self.keys, CscaFolder(self.keys.csca), self._clock)
        config = _config(create_app(registrar, faults), self.keys)
        reserved = _reserve(self._address)
        try:
            address = reserved.getsockname()[:2]
            self._server = _Server(config, faults, address, self._ready(address[1], on_ready), self.control_socket)
            if not self._stopping.is_set():
                asyncio.run(self._server.serve(sockets=[self._server.listener()]))
        finally:
            reserved.close()
            self._leave_no_word()
            self.store.close()

    def _leave_no_word(self) -> None:
        for word in (self.ready_file, self.control_socket):
            word.unlink(missing_ok=True)

    def _ready(self, port: int, on_ready: Callable[[str], None] | None) -> Callable[[], None]:
        url = f"https://localhost:{port}"

        def tell() -> None:
            _write_whole(self.ready_file, json.dumps({"url": url, "port": port}))
            if on_ready is not None:
                on_ready(url)

        return tell

    def stop(self) -> None:
        """Ends `serve`, from any thread."""
        self._stopping.set()
        if self._server is not None:
            self._server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn, told to say where it listens, and to stop listening for a while when a fault asks for it."""

    def __init__(
        self,
        config: uvicorn.Config,
        faults: Faults,
        address: tuple[str, int],
        tell_ready: Callable[[], None],
        control: Path,
    ) -> None:
        super().__init__(config)
        self._faults = faults
        self._address = address
        self._tell_ready = tell_ready
        self._control_path = control
        self._control: asyncio.Server | None = None

    def listener(self) -> socket.socket:
        return _bound(self._address)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._control = await serve_control(self._control_path, self._apply)
        self._tell_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._faults.set("up")  # nobody is left waiting for an answer
        if self._control is not None:
            self._control.close()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # uvicorn raises a caught signal again when it is done; for us a signal is a plain order to end.
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        self.should_exit = True

    async def _apply(self, fault: Fault) -> None:
        self._faults.set(fault)
        if fault == "down":
            for server in self.servers:
                server.close()
            self.servers.clear()
            for connection in list(self.server_state.connections):
                connection.transport.abort()
        elif not self.servers:
            loop = asyncio.get_running_loop()
            factory = lambda: KioskProtocol(self.config, self.server_state, self.lifespan.state)  # noqa: E731
            listening = await loop.create_server(factory, sock=self.listener(), ssl=self.config.ssl, backlog=_BACKLOG)
            self.servers.append(listening)


class KioskProtocol(H11Protocol):
    """uvicorn does not tell an application who the TLS peer is; this tells it the peer's CN."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app = _known_as(_peer_name(transport.get_extra_info("ssl_object")), self.app)


def _known_as(kiosk: str | None, app: ASGIApp) -> Any:
    async def with_kiosk(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, KIOSK_SCOPE: kiosk}, receive, send)

    return with_kiosk


def _peer_name(tls: ssl.SSLObject | None) -> str | None:
    encoded = tls.getpeercert(binary_form=True) if tls is not None else None
    if encoded is None:
        return None
    names = x509.load_der_x509_certificate(encoded).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None


def _config(app: ASGIApp, keys: RegistryKeys) -> uvicorn.Config:
    certificate, key = keys.tls_server
    return uvicorn.Config(
        app,
        http=KioskProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",
        access_log=False,  # OSIA's path holds a NIN
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=2,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        ssl_ca_certs=str(keys.tls_ca),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
    )


def _reserve(address: tuple[str, int]) -> socket.socket:
    """A socket that never listens: it keeps the port ours while a `down` registry does not."""
    return _bound(address)


def _bound(address: tuple[str, int]) -> socket.socket:
    # Said to be TCP: only then does asyncio send small answers at once instead of awaiting an acknowledgement.
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
    except OSError as error:
        found.close()
        raise SetupError(f"the registry cannot listen on {address[0]}:{address[1]}: {error.strerror}") from None
    return found


def _write_whole(file: Path, text: str) -> None:
    unfinished = file.with_name(f".{file.name}")
    unfinished.write_text(text)
    unfinished.replace(file)
