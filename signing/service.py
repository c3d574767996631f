"""The signer: a process that holds the municipality's key and answers one peer on a Unix socket.

The loop reads requests and asks the kernel who sends them (SO_PEERCRED); one thread, and only that one,
has the token, the chain and the renderer, and does what is asked in turn. Whatever comes over the socket,
the service goes on serving.

When the configuration becomes another, the same thread closes all three between two requests and opens them
anew. Where that fails, or the token could not be opened at the start, every request is refused with the reason,
and it is tried again when the configuration changes or after RETRY_S. A refused PIN is tried again only with
another configuration or at the next start. Socket and allowed user are those of the start.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import signal
import socket
import struct
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from config.current import Configuration
from config.errors import ConfigError
from config.schema import Settings, Signer
from signing.errors import (
    ChainError,
    FrameRefused,
    NotReady,
    NotServed,
    PeerRefused,
    PinRefused,
    SignerFault,
    SigningError,
    TokenError,
)
from signing.issue import DocumentSigner
from signing.protocol import (
    Answer,
    Failure,
    ForgetRequest,
    IssuedAnswer,
    IssueRequest,
    Request,
    StatusRequest,
    encode,
    parse_request,
    read_frame,
)

MAX_CONNECTIONS = 16
RETRY_S = 10.0
_IDLE_SECONDS = 30.0
_LINGER_SECONDS = 1.0
_ROOT = 0
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))


def _nobody(*_: object) -> None:
    return


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who is told how the signer does.

    `ready` once it listens; `alive` every `interval` seconds, from the signing thread, so that a token that never
    answers is seen; `taken_up` with the release it serves with (None: the local file alone); `failed` with the code
    of a configuration that it could not take up, once for as long as that lasts.
    """

    ready: Callable[[], None] = _nobody
    alive: Callable[[], None] = _nobody
    interval: float | None = None
    taken_up: Callable[[int | None], None] = _nobody
    failed: Callable[[str], None] = _nobody


class SignerService:
    """The service for this configuration; `serve` runs it until `stop`. Raises ConfigError, PeerRefused.

    `admit` raises ConfigError for settings that the token must not be opened with.
    """

    def __init__(
        self, configuration: Configuration, watcher: Watcher, admit: Callable[[Settings], None] = _nobody
    ) -> None:
        self._configuration = configuration
        self._watcher = watcher
        self._admit = admit
        self._loaded = configuration.load()
        self._place = self._loaded.settings.signer
        self._allowed_uid = _user_id(self._place.allowed_user)
        self._signer: DocumentSigner | None = None
        self._failure: Failure | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signing")
        self._stopping = asyncio.Event()
        self._connections = 0
        self._silent: set[asyncio.Timeout] = set()

    def stop(self) -> None:
        self._stopping.set()

    async def serve(self) -> None:
        """Opens the token, binds the socket, and answers until `stop`; without its token, with the reason.

        Raises ChainError, PageFailed or GrantRefused when the signer cannot start.
        """
        loop = asyncio.get_running_loop()
        try:
            try:
                self._signer = await loop.run_in_executor(self._thread, self._open)
                self._watcher.taken_up(self._loaded.release)
            except (TokenError, ConfigError) as error:
                # Ending would have a supervisor start it again and again: with a wrong PIN, until the token locks.
                self._failure = _failure_to_take_up(error)
                self._watcher.failed(error.code)
            try:
                await self._listen(self._place)
            finally:
                await loop.run_in_executor(self._thread, self._close)
        finally:
            self._thread.shutdown()

    async def _listen(self, place: Signer) -> None:
        path = place.socket
        path.parent.mkdir(parents=True, exist_ok=True)
        server = await asyncio.start_unix_server(self._connected, path)
        # Another user may open the socket only where one is allowed; who it is, the kernel says.
        path.chmod(0o600 if not place.allowed_user else 0o666)
        async with server, asyncio.TaskGroup() as group:
            besides = [group.create_task(self._follow()), group.create_task(self._show_life())]
            self._watcher.ready()
            await self._stopping.wait()
            for task in besides:
                task.cancel()
        with suppress(FileNotFoundError):
            path.unlink()

    async def _show_life(self) -> None:
        loop, interval = asyncio.get_running_loop(), self._watcher.interval
        while interval is not None:
            await loop.run_in_executor(self._thread, self._watcher.alive)
            await asyncio.sleep(interval)

    # --- another configuration ------------------------------------------------------------------------

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._configuration.changed(self._patience())
            before = self._failure
            await loop.run_in_executor(self._thread, self._take_up)
            for silence in self._silent:  # who only waits to see us go asks again how we are
                if not silence.expired():
                    silence.reschedule(loop.time())
            if self._failure is None:
                self._watcher.taken_up(self._loaded.release)
            elif before is None or before.code != self._failure.code:
                self._watcher.failed(self._failure.code)

    def _patience(self) -> float | None:
        """Seconds until the next try of itself; a PIN is tried once, for tokens count."""
        return None if self._failure is None or self._failure.code == PinRefused.code else RETRY_S

    def _take_up(self) -> None:
        try:
            self._close()
            self._loaded = self._configuration.load()
            self._signer = self._open()
            self._failure = None
        except Exception as error:  # noqa: BLE001 - whatever it is, the process stays up and says so
            self._failure = _failure_to_take_up(error)

    def _open(self) -> DocumentSigner:
        self._admit(self._loaded.settings)
        return DocumentSigner(self._loaded.settings)

    def _close(self) -> None:
        signer, self._signer = self._signer, None
        if signer is not None:
            signer.close()

    # --- requests -------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            peer = _uid_of(writer.get_extra_info("socket"))
            refusal = self._refusal(peer)
            if refusal is None:
                refusal = await self._converse(reader, writer, peer)
            if refusal is not None:
                # What follows on this stream has no meaning any more.
                await _send(writer, Answer(failure=Failure.of(refusal)))
                await _hang_up(reader, writer)
        except (OSError, TimeoutError):
            return  # the peer went away or fell silent: nothing is owed to it
        finally:
            writer.close()

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: int
    ) -> SigningError | None:
        """Answers until the peer ends, or says what is wrong with what it sent."""
        self._connections += 1
        try:
            while True:
                async with asyncio.timeout(_IDLE_SECONDS) as silence:
                    self._silent.add(silence)
                    try:
                        frame = await read_frame(reader)
                    finally:
                        self._silent.discard(silence)
                if frame is None:
                    return None
                await _send(writer, await self._answer(frame, peer))
        except FrameRefused as error:
            return error
        finally:
            self._connections -= 1

    def _refusal(self, peer: int) -> SigningError | None:
        if peer not in (self._allowed_uid, _ROOT):
            return PeerRefused("this user may not ask for signatures")
        if self._connections >= MAX_CONNECTIONS:
            return FrameRefused("too many connections")
        return None

    async def _answer(self, frame: bytes, peer: int) -> Answer:
        request = parse_request(frame)
        if peer != self._allowed_uid and not isinstance(request, StatusRequest):
            # The technician's root may ask how the signer is; a signature is the session's to ask for.
            return Answer(failure=Failure.of(PeerRefused("this user may not ask for signatures")))
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, self._perform, request)
        except SigningError as error:
            return Answer(failure=Failure.of(error))
        except Exception as error:  # noqa: BLE001 - one request we did not foresee must not end the service
            return Answer(failure=Failure.of(SignerFault(f"unforeseen: {type(error).__name__}")))

    def _perform(self, request: Request) -> Answer:
        signer = self._signer
        if signer is None:
            return Answer(failure=self._failure)
        match request:
            case IssueRequest():
                return Answer(issued=IssuedAnswer.of(signer.issue(request.act, request.grant, request.form)))
            case ForgetRequest():
                signer.forget(request.grant_id)
                return Answer()
            case _:
                return Answer(status=signer.status())


def _failure_to_take_up(error: Exception) -> Failure:
    """What requests are answered with meanwhile: in the error's own words where they can travel as "not signed"."""
    if isinstance(error, TokenError | ChainError | NotServed):
        return Failure.of(error)
    code = error.code if isinstance(error, SigningError | ConfigError) else SignerFault.code
    return Failure.of(NotReady(f"the configuration could not be taken up ({code})"))


def _uid_of(peer: socket.socket) -> int:
    credentials = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(credentials)[1])


def _user_id(user: str) -> int:
    if not user:
        return os.getuid()
    try:
        return int(user) if user.isascii() and user.isdigit() else pwd.getpwnam(user).pw_uid
    except KeyError:
        raise PeerRefused(f"signer.allowed_user: this machine has no user {user}") from None


async def _send(writer: asyncio.StreamWriter, answer: Answer) -> None:
    writer.write(encode(answer))
    async with asyncio.timeout(_IDLE_SECONDS):
        await writer.drain()


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends our side and lets the peer finish: closing while it still writes would cost it our answer."""
    writer.write_eof()
    async with asyncio.timeout(_LINGER_SECONDS):
        while await reader.read(65536):
            pass


def run(
    configuration: Configuration, watcher: Watcher | None = None, admit: Callable[[Settings], None] = _nobody
) -> None:
    """The signer process, until SIGTERM or SIGINT. Raises as `SignerService` and its `serve` do."""

    async def main() -> None:
        service = SignerService(configuration, watcher or Watcher(), admit)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, service.stop)
        await service.serve()

    asyncio.run(main())
