"""The signer: a process that holds the municipality's key and answers one peer on a Unix socket.

The loop reads requests and asks the kernel who sends them (SO_PEERCRED); one thread, and only that one,
has the token, the chain and the renderer, and does what is asked in turn. Whatever comes over the socket,
the service goes on serving.
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

from config.schema import Settings
from signing.errors import FrameRefused, PeerRefused, SignerFault, SigningError
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
_IDLE_SECONDS = 30.0
_LINGER_SECONDS = 1.0
_ROOT = 0
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))


class SignerService:
    """The service for these settings; `serve` runs it until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._allowed_uid = _user_id(settings.signer.allowed_user)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signing")
        self._stopping = asyncio.Event()
        self._connections = 0

    def stop(self) -> None:
        self._stopping.set()

    async def serve(self, on_ready: Callable[[], None] = lambda: None) -> None:
        """Opens the token, binds the socket, calls `on_ready`, and answers until `stop`.

        Raises TokenError, ChainError, PageFailed or GrantRefused when the signer cannot start.
        """
        loop = asyncio.get_running_loop()
        try:
            self._signer = await loop.run_in_executor(self._thread, DocumentSigner, self._settings)
            try:
                await self._listen(on_ready)
            finally:
                await loop.run_in_executor(self._thread, self._signer.close)
        finally:
            self._thread.shutdown()

    async def _listen(self, on_ready: Callable[[], None]) -> None:
        path = self._settings.signer.socket
        path.parent.mkdir(parents=True, exist_ok=True)
        server = await asyncio.start_unix_server(self._connected, path)
        # Another user may open the socket only where one is allowed; who it is, the kernel says.
        path.chmod(0o600 if not self._settings.signer.allowed_user else 0o666)
        async with server:
            on_ready()
            await self._stopping.wait()
        with suppress(FileNotFoundError):
            path.unlink()

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
                async with asyncio.timeout(_IDLE_SECONDS):
                    frame = await read_frame(reader)
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
        match request:
            case IssueRequest():
                return Answer(issued=IssuedAnswer.of(self._signer.issue(request.act, request.grant)))
            case ForgetRequest():
                self._signer.forget(request.grant_id)
                return Answer()
            case _:
                return Answer(status=self._signer.status())


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


def run(settings: Settings, on_ready: Callable[[], None] = lambda: None) -> None:
    """The signer process, until SIGTERM or SIGINT. Raises as `SignerService.serve` does."""

    async def main() -> None:
        service = SignerService(settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, service.stop)
        await service.serve(on_ready)

    asyncio.run(main())
