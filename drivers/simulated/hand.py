"""The citizen's hand: puts a simulated card into the virtual reader and takes it out.

`Hand` is the side inside the enclosure, `CardHand` the client for any other process. They speak JSON lines
over a Unix socket, one reply for each request:

    {"do": "insert", "image": PATH, "fault": null, "delay_ms": 0, "slot": 0}   {"do": "remove", "slot": 0}
    {"do": "status"}
    {"do": "reader-down"}   {"do": "reader-up"}                     (stops and starts pcscd itself)
    {"do": "kill-pcscd"}                                            (kills it; it comes back as its socket would)
    {"do": "hang-pcscd"}            {"do": "wake-pcscd"}            (stops it in its tracks: it answers nobody)

vpcd is two readers: slot 0 is the first, and the one that a reply tells of. A reply is
`{"ok": true, "card": PATH or null, "reader": NAME or null}` or `{"ok": false, "code": …, "message": …}`.
A card keeps what a chip keeps (its PIN counter) for the life of the hand, however often it is inserted.
PATH may also be a recording (`recording`), a card that only says again what it once said.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drivers.simulated import errors, vpcd
from drivers.simulated.card import CardImage, ChipMemory, Fault, SimulatedCard
from drivers.simulated.errors import HandRefused, HandUnreachable, SimulatedError
from drivers.simulated.pcscd import Pcscd
from drivers.simulated.recording import RecordedCard, Recording, is_recording

LONGEST_DELAY_MS = 60_000
_LONGEST_LINE = 65536
_CODES = {kind.code: kind for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}


@dataclass(frozen=True, slots=True)
class _Held:
    image: str
    playing: asyncio.Task[None]


class Hand:
    """Holds at most one card a slot, and remembers the memory of every chip it ever held."""

    def __init__(self, pcscd: Pcscd) -> None:
        self._pcscd = pcscd
        self.reader_name: str | None = None
        self._memories: dict[str, ChipMemory] = {}
        self._held: dict[int, _Held] = {}

    def reader_up(self) -> None:
        """Starts pcscd and keeps its reader's name; nothing when it runs. Raises ReaderNotStarted."""
        if self.reader_name is None:
            self.reader_name = self._pcscd.start()

    async def reader_down(self) -> None:
        """Stops pcscd; a card in the reader goes with it."""
        self._pcscd.stop()
        self.reader_name = None
        await self.remove_all()

    async def kill_pcscd(self) -> None:
        """Kills pcscd, and starts it anew; a card in the reader has to be put in again. Raises ReaderNotStarted."""
        self._pcscd.kill()
        self.reader_name = None
        await self.remove_all()
        self.reader_up()

    async def insert(self, image: str, fault: str | None = None, delay_ms: int = 0, slot: int = 0) -> None:
        """Puts the card of the image file into the reader. Raises HandRefused or CardImageInvalid."""
        if self._card_in(slot) is not None:
            raise HandRefused("there is a card in the reader already")
        card = self._card(Path(image), fault)
        try:
            end = await vpcd.connect(vpcd.PORT + slot)
        except OSError as refused:
            raise HandRefused("there is no virtual reader to put the card into") from refused
        delay = delay_ms / 1000 + card.delay
        self._held[slot] = _Held(image, asyncio.create_task(vpcd.play(card, end, delay=delay)))

    def _card(self, image: Path, fault: str | None) -> SimulatedCard | RecordedCard:
        if is_recording(image):
            if fault is not None:
                raise HandRefused("a recording has no faults but its own")
            return RecordedCard(Recording.load(image))
        card_image = CardImage.load(image)
        memory = self._memories.setdefault(card_image.chip_id, ChipMemory())
        return SimulatedCard(card_image, Fault.named(fault), memory=memory)

    async def remove(self, slot: int = 0) -> None:
        """Takes the card out, in the middle of a command if need be; nothing when there is none."""
        held = self._held.pop(slot, None)
        if held is not None:
            held.playing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await held.playing

    async def remove_all(self) -> None:
        """Out of every slot."""
        for slot in tuple(self._held):
            await self.remove(slot)

    @property
    def card(self) -> str | None:
        """The image file of the card in the first slot; None also when it was pulled out by its fault."""
        return self._card_in(0)

    def _card_in(self, slot: int) -> str | None:
        held = self._held.get(slot)
        return None if held is None or held.playing.done() else held.image

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one client until it leaves; never lets a bad request end the hand."""
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # the client left, or sent a line without end
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, object]:
        try:
            await self._do(_request(line))
        except SimulatedError as failure:
            return {"ok": False, "code": failure.code, "message": str(failure)}
        return {"ok": True, "card": self.card, "reader": self.reader_name}

    async def _do(self, request: _Request) -> None:
        match request.do:
            case "insert":
                await self.insert(request.image, request.fault, request.delay_ms, request.slot)
            case "remove":
                await self.remove(request.slot)
            case "reader-down":
                await self.reader_down()
            case "reader-up":
                self.reader_up()
            case "kill-pcscd":
                await self.kill_pcscd()
            case "hang-pcscd":
                self._pcscd.hang()
            case "wake-pcscd":
                self._pcscd.wake()
            case "status":
                pass
            case _:
                raise HandRefused("the hand knows no such movement")


@dataclass(frozen=True, slots=True)
class _Request:
    do: str
    image: str = ""
    fault: str | None = None
    delay_ms: int = 0
    slot: int = 0


def _request(line: bytes) -> _Request:
    try:
        given: Any = json.loads(line)
        request = _Request(**given)
    except (ValueError, TypeError, RecursionError) as nonsense:
        raise HandRefused("the request is not one the hand understands") from nonsense
    strings = isinstance(request.do, str) and isinstance(request.image, str)
    if not strings or not isinstance(request.fault, str | None):
        raise HandRefused("the request is not one the hand understands")
    if type(request.delay_ms) is not int or not 0 <= request.delay_ms <= LONGEST_DELAY_MS:
        raise HandRefused(f"the delay must be 0 to {LONGEST_DELAY_MS} ms")
    if type(request.slot) is not int or not 0 <= request.slot < vpcd.SLOTS:
        raise HandRefused(f"the virtual reader has {vpcd.SLOTS} slots")
    return request


class CardHand:
    """The hand as other processes see it. Each call is one connection, so any of them may be restarted.

    Example: `CardHand(folder / "hand.sock").insert(folder / "amina.json")`
    """

    def __init__(self, socket_path: Path, *, deadline: float = 10.0) -> None:
        self._path = socket_path
        self._deadline = deadline

    def insert(self, image: Path, fault: str | None = None, delay_ms: int = 0, slot: int = 0) -> None:
        """Puts a card in. Raises HandRefused, CardImageInvalid, HandUnreachable."""
        place = {"image": str(image.absolute()), "slot": slot}
        self._ask({"do": "insert", "fault": fault, "delay_ms": delay_ms, **place})

    def remove(self, slot: int = 0) -> None:
        """Takes the card out; nothing when there is none. Raises HandUnreachable."""
        self._ask({"do": "remove", "slot": slot})

    def card(self) -> Path | None:
        """The image of the card in the reader now. Raises HandUnreachable."""
        name = self._ask({"do": "status"})["card"]
        return None if name is None else Path(str(name))

    def reader_down(self) -> None:
        """Stops pcscd, as when the service is down; its socket goes away. Raises HandUnreachable."""
        self._ask({"do": "reader-down"})

    def reader_up(self) -> None:
        """Starts pcscd again and waits until it answers. Raises ReaderNotStarted, HandUnreachable."""
        self._ask({"do": "reader-up"})

    def kill_pcscd(self) -> None:
        """`kill -9` of pcscd, which then starts anew. Raises ReaderNotStarted, HandUnreachable."""
        self._ask({"do": "kill-pcscd"})

    def hang_pcscd(self) -> None:
        """Stops pcscd in its tracks (SIGSTOP): it is there, and answers nobody. Raises HandUnreachable."""
        self._ask({"do": "hang-pcscd"})

    def wake_pcscd(self) -> None:
        """Lets it go on. Raises HandUnreachable."""
        self._ask({"do": "wake-pcscd"})

    def _ask(self, request: dict[str, object]) -> dict[str, Any]:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(self._deadline)
                client.connect(str(self._path))
                client.sendall(json.dumps(request).encode() + b"\n")
                reply: dict[str, Any] = json.loads(client.makefile("rb").readline(_LONGEST_LINE))
        except (OSError, ValueError) as failure:
            raise HandUnreachable("the simulated card's hand does not answer") from failure
        if not reply["ok"]:
            raise _CODES.get(reply["code"], HandRefused)(reply["message"])
        return reply
