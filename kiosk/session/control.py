"""How the session is, a pause between two visits, and the paper: asked on a Unix socket (`control_protocol`).

While a hold lasts no visit begins. It lasts until its connection ends, or says anything more, and at most HOLD_S.
What is no question is answered {"error": CODE} and ends the connection. Who may connect, the folder's mode says.

    client = ControlClient(settings.session.control)
    (await client.health()).parts["laser"]
    async with client.hold():
        ...
    await client.paper(StationName.LASER, Loaded(units=250))
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ValidationError

from kiosk.catalogue import events as logged
from kiosk.catalogue.codes import code_of
from kiosk.catalogue.log import say
from kiosk.errors import KioskError
from kiosk.issuance.errors import RecordRefused
from kiosk.issuance.records import PaperRecord, StationName
from kiosk.issuance.stock import Stock
from kiosk.session.control_protocol import ANSWER, PARTS, Answer, Ask, Health, Held, Paper, Refusal

__all__ = [
    "PARTS",
    "ControlClient",
    "ControlError",
    "ControlRefused",
    "ControlServer",
    "Health",
    "NotBooked",
    "SessionAway",
]

HOLD_S = 60.0
MAX_LINE = 4096
MAX_CLIENTS = 16
_IDLE_S = 60.0
_SEND_S = 5.0


class ControlError(KioskError):
    """Asking the session came to nothing."""


class SessionAway(ControlError):
    """Nobody answers on the control socket, or not in time."""

    code = "E-KIOSK-SESSION-AWAY"


class ControlRefused(ControlError):
    """A line that the other side cannot take."""

    code = "E-KIOSK-CONTROL"


class NotBooked(ControlError):
    """The session did not put it in the books; `code` is its reason."""

    def __init__(self, code: str) -> None:
        super().__init__("the session did not put it in the books")
        self.code = code  # type: ignore[misc]


def _nobody(station: StationName | None, record: PaperRecord | None) -> Stock:
    raise SessionAway("nobody keeps the books of the paper here")


Bookkeeper = Callable[[StationName | None, PaperRecord | None], Stock]
"""The paper there is, once that is in the books. Raises an error with a code."""


class ControlServer:
    """`health` and `paper` answer the questions of that name, `held` is a pause between two visits: inside it none
    begins."""

    def __init__(
        self,
        path: Path,
        health: Callable[[], Health],
        held: Callable[[], AbstractAsyncContextManager[None]],
        paper: Bookkeeper = _nobody,
    ) -> None:
        self._path = path
        self._health = health
        self._held = held
        self._paper = paper
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._connected, self._path, limit=MAX_LINE)
        self._path.chmod(0o660)

    async def stop(self) -> None:
        """Ends every conversation, and with it every hold."""
        if self._server is not None:
            self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.ensure_future(self._serve(reader, writer))
        self._clients.add(client)
        client.add_done_callback(self._clients.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if len(self._clients) > MAX_CLIENTS:
                raise ControlRefused("too many connections")
            await self._converse(reader, writer)
        except ControlRefused as error:
            say(logged.MESSAGE_REFUSED, source="control")
            with suppress(OSError):
                await _send(writer, Refusal(error=error.code))
        except OSError:
            return  # the client went away or fell silent: nothing is owed to it
        finally:
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (question := await _question(reader)) is not None:
            if question.op == "hold":
                return await self._hold(reader, writer)
            await _send(writer, self._health() if question.op == "health" else self._on_paper(question))

    def _on_paper(self, question: Ask) -> Paper | Refusal:
        try:
            return Paper(paper=self._paper(question.station, question.record))
        except Exception as error:  # noqa: BLE001 - whatever the books refuse is the answer
            return Refusal(error=code_of(error))

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        holding = asyncio.create_task(self._keep_held(writer))
        leaving = asyncio.create_task(reader.read(1))
        try:
            await asyncio.wait((holding, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            holding.cancel()
            leaving.cancel()
            await asyncio.gather(holding, leaving, return_exceptions=True)

    async def _keep_held(self, writer: asyncio.StreamWriter) -> None:
        async with self._held():
            await _send(writer, Held())
            await asyncio.sleep(HOLD_S)


class ControlClient:
    """Asks the session. `deadline` in seconds is for connecting and for one answer about its health."""

    def __init__(self, path: Path, deadline: float = 5.0) -> None:
        self._path = path
        self._deadline = deadline

    async def health(self) -> Health:
        """Raises SessionAway, ControlRefused."""
        answer = await self._answer(Ask(op="health"))
        if not isinstance(answer, Health):
            raise ControlRefused("the session answered another question")
        return answer

    async def paper(self, station: StationName | None = None, record: PaperRecord | None = None) -> Stock:
        """The paper by the books of each station, once `record` of that station is in them.

        Raises SessionAway (nothing is known of the record), ControlRefused, NotBooked.
        """
        answer = await self._answer(Ask(op="paper", station=station, record=record))
        if isinstance(answer, Refusal) and answer.error != ControlRefused.code:
            raise NotBooked(answer.error)
        if not isinstance(answer, Paper):
            raise ControlRefused("the session answered another question")
        return answer.paper

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Inside, no citizen is being served and none can begin, for HOLD_S at most.

        Entering waits for the visit in progress, as long as it takes. Raises SessionAway, ControlRefused.
        """
        async with self._connected() as (reader, writer):
            answer = await _ask(reader, writer, Ask(op="hold"))
            if not isinstance(answer, Held):
                raise ControlRefused("the session answered another question")
            yield

    async def _answer(self, question: Ask) -> Answer:
        try:
            async with asyncio.timeout(self._deadline), self._connected() as (reader, writer):
                return await _ask(reader, writer, question)
        except TimeoutError:
            raise SessionAway("the session did not answer in time") from None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        try:
            async with asyncio.timeout(self._deadline):
                reader, writer = await asyncio.open_unix_connection(self._path, limit=MAX_LINE)
        except OSError as error:
            raise SessionAway(f"the session's control socket does not answer ({type(error).__name__})") from None
        try:
            yield reader, writer
        finally:
            writer.close()


async def _question(reader: asyncio.StreamReader) -> Ask | None:
    """The next one, None where the client ended. Raises ControlRefused."""
    try:
        async with asyncio.timeout(_IDLE_S):
            line = await reader.readline()
        return Ask.model_validate_json(line) if line else None
    except (ValueError, RecordRefused):  # too long, or no question
        raise ControlRefused("not a question the session knows") from None


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: Ask) -> Answer:
    try:
        await _send(writer, question)
        line = await reader.readline()
    except (OSError, ValueError):
        raise SessionAway("the session ended the conversation") from None
    if not line:
        raise SessionAway("the session ended the conversation")
    try:
        return ANSWER.validate_json(line)
    except ValidationError:
        raise ControlRefused("the session's answer makes no sense") from None


async def _send(writer: asyncio.StreamWriter, message: BaseModel) -> None:
    writer.write(message.model_dump_json(exclude_none=isinstance(message, Ask)).encode() + b"\n")
    async with asyncio.timeout(_SEND_S):
        await writer.drain()
