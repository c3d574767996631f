"""The session's end of the wire to the screen: one screen at a time, the newest connection wins.

What comes up is bounded and checked (`protocol.ScreenEvent`, then `from_screen`). What goes down is the
latest snapshot only: a slow screen skips pictures, it never lags behind the visit.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session import paper_events as paper
from kiosk.session import staff_events as staff
from kiosk.session.protocol import MAX_EVENT_BYTES, ScreenEvent, Snapshot
from kiosk.staff.pin import PIN

_CAN = re.compile(r"[0-9]{6}")
_PIN = re.compile(r"[0-9]{4,8}")
_DATE = re.compile(r"[0-9]{6}")
_NUMBER = re.compile(r"[A-Z0-9]{1,22}")
_PLAIN: dict[str, type[e.Event]] = {
    "start": e.Start,
    "continue": e.Continue,
    "vouch": holder.Vouched,
    "not_holder": holder.NotHolder,
    "confirm": e.Confirm,
    "whole": paper.Whole,
    "not_whole": paper.NotWhole,
    "again": paper.Again,
    "taken": e.Taken,
    "done": e.Done,
    "back": e.Back,
    "cancel": e.Cancel,
    "staff": staff.Staff,
    "check_again": staff.CheckAgain,
}


def from_screen(message: ScreenEvent, languages: tuple[str, ...]) -> e.Event | None:
    """The visit's event for a screen's message, or None where its value is not what it must be."""
    value = message.value
    match message.name:
        case "language":
            return e.ChooseLanguage(value["language"]) if value.get("language") in languages else None  # type: ignore[arg-type]
        case "password":
            return e.Password(value) if _is_password(value) else None
        case "pin":
            return e.Pin(value["pin"]) if _PIN.fullmatch(value.get("pin", "")) else None
        case "choose":
            language = value.get("language", "")
            return e.Choose(value.get("type", ""), language) if language in languages else None  # type: ignore[arg-type]
        case "staff_pin":
            return staff.StaffPin(value["pin"]) if PIN.fullmatch(value.get("pin", "")) else None
        case "service":
            return staff.PutService(value["out"] == "yes") if value.get("out") in ("yes", "no") else None
        case "paper_put_in":
            stations = {station: staff.PaperPutIn(station) for station in get_args(staff.Station)}
            return stations.get(value.get("station", ""))
        case name:
            return _PLAIN[name]() if name in _PLAIN else None


def _is_password(value: dict[str, str]) -> bool:
    if value.keys() == {"can"}:
        return _CAN.fullmatch(value["can"]) is not None
    return (
        value.keys() == {"document_number", "date_of_birth", "date_of_expiry"}
        and _NUMBER.fullmatch(value["document_number"]) is not None
        and all(_DATE.fullmatch(value[k]) for k in ("date_of_birth", "date_of_expiry"))
    )


class ScreenLink:
    """A Unix socket the screen connects to. `on_message` gets each well-formed message; `on_lost` is called when
    the screen has gone and no other stands in its place."""

    def __init__(
        self,
        path: Path,
        on_message: Callable[[ScreenEvent], None],
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._path = path
        self._on_message = on_message
        self._on_lost = on_lost
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._snapshot: Snapshot | None = None
        self._changed = asyncio.Event()

    async def start(self) -> None:
        """Listen; the socket is for the kiosk's own users only."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_EVENT_BYTES)
        self._path.chmod(0o660)

    async def stop(self) -> None:
        if self._writer:
            self._writer.close()
        if self._server:
            self._server.close()
            await self._server.wait_closed()
        self._path.unlink(missing_ok=True)

    @property
    def connected(self) -> bool:
        return self._writer is not None

    def show(self, snapshot: Snapshot) -> None:
        """Make this what the screen shows, now or as soon as it connects."""
        self._snapshot = snapshot
        self._changed.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer:
            self._writer.close()
        # Its own event: the screen before may still be waiting on its own, and would take the first news.
        self._writer, self._changed = writer, asyncio.Event()
        self._changed.set()
        say(logged.SCREEN_LINK, state="connected")
        sender = asyncio.create_task(self._send(writer, self._changed))
        try:
            await self._receive(reader)
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sender
            writer.close()
            if self._writer is writer:
                self._writer = None
                self._on_lost()
            say(logged.SCREEN_LINK, state="lost")

    async def _send(self, writer: asyncio.StreamWriter, changed: asyncio.Event) -> None:
        while True:
            await changed.wait()
            changed.clear()
            if self._snapshot is not None:
                writer.write(self._snapshot.model_dump_json().encode() + b"\n")
                await writer.drain()

    async def _receive(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await reader.readline()
            except (ValueError, ConnectionError):  # a line over the limit, or the screen died
                return
            if not line:
                return
            try:
                message = ScreenEvent.model_validate_json(line)
            except ValidationError:
                say(logged.MESSAGE_REFUSED, source="screen")
                continue
            self._on_message(message)
