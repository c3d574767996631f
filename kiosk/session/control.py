"""How the session is, and a pause between two visits: asked on a Unix socket, one JSON object a line.

    {"op": "health"} -> {"release": 7, "between_visits": true, "parts": {"signer": "E-SIGN-TOKEN", "screen": null}}
    {"op": "hold"} -> {"held": true}, as soon as no citizen is being served

While a hold lasts no visit begins. It lasts until its connection ends, or says anything more, and at most HOLD_S.
What is no question is answered {"error": CODE} and ends the connection. Who may connect, the folder's mode says.

    client = ControlClient(settings.session.control)
    (await client.health()).parts["laser"]
    async with client.hold():
        ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.errors import KioskError
from kiosk.session.availability import Availability

HOLD_S = 60.0
MAX_LINE = 4096
MAX_CLIENTS = 16
_IDLE_S = 60.0
_SEND_S = 5.0

Part = Literal["session", "ledger", "signer", "screen", "reader", "laser", "thermal"]
PARTS: tuple[Part, ...] = get_args(Part)
"""What stands in this town hall. The registry is the network's, opening hours and staff are nobody's fault."""
Code = Annotated[str, StringConstraints(pattern=r"^E-[A-Z0-9-]{1,60}$")]
SCREEN_AWAY = "E-KIOSK-SCREEN-AWAY"


class ControlError(KioskError):
    """Asking the session came to nothing."""


class SessionAway(ControlError):
    """Nobody answers on the control socket, or not in time."""

    code = "E-KIOSK-SESSION-AWAY"


class ControlRefused(ControlError):
    """A line that the other side cannot take."""

    code = "E-KIOSK-CONTROL"


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Ask(_Closed):
    op: Literal["health", "hold"]


class Health(_Closed):
    """`release` is the one in force, None for the local file alone; `parts` gives the code of what is wrong."""

    release: Annotated[int, Field(ge=0)] | None
    between_visits: bool
    parts: dict[Part, Code | None]


class Held(_Closed):
    held: Literal[True] = True


class Refusal(_Closed):
    error: Code


_ANSWER: TypeAdapter[Health | Held | Refusal] = TypeAdapter(Health | Held | Refusal)


def parts_of(availability: Availability, *, screen: bool) -> dict[Part, str | None]:
    """Each part with what is wrong with it; `screen` is whether one is connected."""
    codes: dict[str, str] = {str(source): code for source, code in availability.codes.items()}
    return {part: codes.get(part) for part in PARTS} | ({} if screen else {"screen": SCREEN_AWAY})


class ControlServer:
    """`health` answers the one question, `held` is a pause between two visits: inside it none begins."""

    def __init__(
        self, path: Path, health: Callable[[], Health], held: Callable[[], AbstractAsyncContextManager[None]]
    ) -> None:
        self._path = path
        self._health = health
        self._held = held
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
            await _send(writer, self._health())

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
        try:
            async with asyncio.timeout(self._deadline), self._connected() as (reader, writer):
                answer = await _ask(reader, writer, Ask(op="health"))
        except TimeoutError:
            raise SessionAway("the session did not answer in time") from None
        if not isinstance(answer, Health):
            raise ControlRefused("the session answered another question")
        return answer

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
    except ValueError:  # too long, or no question
        raise ControlRefused("not a question the session knows") from None


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: Ask) -> Health | Held | Refusal:
    try:
        await _send(writer, question)
        line = await reader.readline()
    except (OSError, ValueError):
        raise SessionAway("the session ended the conversation") from None
    if not line:
        raise SessionAway("the session ended the conversation")
    try:
        return _ANSWER.validate_json(line)
    except ValidationError:
        raise ControlRefused("the session's answer makes no sense") from None


async def _send(writer: asyncio.StreamWriter, message: BaseModel) -> None:
    writer.write(message.model_dump_json().encode() + b"\n")
    async with asyncio.timeout(_SEND_S):
        await writer.drain()
