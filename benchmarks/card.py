"""The card: opened, read and questioned by our reader, beside the same APDUs replayed without cryptography.

Both sides go through the same pcscd and the same virtual reader. Our side has a simulated card behind it,
whose own half of the cryptography is no work of ours: `card-in-memory` tells how much of it there is.
A reader notices a card only when it polls, so a side keeps its card for a few rounds before they change.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from smartcard import scard

from benchmarks.measure import Series, Stage, same
from drivers import smartcard
from drivers.simulated.card import CardImage, SimulatedCard
from drivers.simulated.recording import Pair, Recording
from drivers.smartcard.examination import examine
from kiosk.simulation.personas import Card
from kiosk.simulation.townhall import TownHall

DELAYS_MS = (0, 8)
"""8 ms is what a contactless chip takes at least to answer anything."""
_FILES = (smartcard.FileId.DG1, smartcard.FileId.DG11)
BLOCK = 5
_NONCES = (b"present1", b"grant--1")
_WAIT_S = 20.0
_PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1


def dialogue(channel: smartcard.Channel, holder: Card) -> None:
    """What a visit says to a card, from the first byte to the second active authentication."""
    card = smartcard.IdCard(channel)
    card.probe()
    card.open(smartcard.Can(holder.can))
    examine(card, _FILES, _NONCES[0])
    card.pin_tries()
    card.verify_pin(holder.pin)
    card.active_authentication(_NONCES[1])


class Overheard:
    """A channel that writes down what passes, and how long each answer took."""

    def __init__(self, transmit: Callable[[bytes], bytes], atr: bytes) -> None:
        self._transmit = transmit
        self.atr = atr
        self.pairs: list[Pair] = []
        self.milliseconds = 0.0

    @property
    def apdu_count(self) -> int:
        return len(self.pairs)

    @property
    def byte_count(self) -> int:
        return sum(len(command) + len(response) for command, response in self.pairs)

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
        start = time.perf_counter()
        response = self._transmit(command)
        self.milliseconds += (time.perf_counter() - start) * 1000
        self.pairs.append((command, response))
        return response

    def reset(self) -> None:
        raise NotImplementedError("a dialogue without a wrong password needs no reset")

    def close(self) -> None:
        """The card is the caller's."""


class Reader:
    """The virtual reader and the hand at it."""

    def __init__(self, hall: TownHall) -> None:
        self._hand = hall.hand
        self.name = hall.reader.reader_name
        self._events: queue.Queue[smartcard.WatchEvent] = queue.Queue()

    @contextmanager
    def watched(self) -> Iterator[Reader]:
        watch = smartcard.CardWatch(self._events.put)
        watch.start()
        try:
            yield self
        finally:
            watch.stop()

    @contextmanager
    def holding(self, image: Path, delay_ms: int = 0) -> Iterator[None]:
        """The card is in the reader, and the reader knows."""
        self._hand.insert(image, delay_ms=delay_ms)
        self._await(smartcard.CardInserted(self.name))
        try:
            yield
        finally:
            self._hand.remove()
            self._await(smartcard.CardRemoved(self.name))

    def _await(self, event: smartcard.WatchEvent) -> None:
        while self._events.get(timeout=_WAIT_S) != event:
            pass


def measure(hall: TownHall, rounds: int) -> list[Stage]:
    """`card-connect`, `card`, `card-8ms` and `card-in-memory`."""
    holder = hall.cards["amina"]
    connect = Stage("card-connect", "connect and reset", "the three calls of PC/SC that do it")
    stages = [connect]
    with Reader(hall).watched() as reader:
        file, counts = _record(reader, holder, hall.folder / "recording.json")
        for delay in DELAYS_MS:
            name = f"card-{delay}ms" if delay else "card"
            chip = f", the chip {delay} ms late" if delay else ""
            stage = Stage(name, f"open, read, prove{chip}", "the same APDUs replayed", counts=counts)
            connects = Stage("", "", "") if delay else connect
            for start in range(0, rounds, BLOCK):
                block = range(start, min(start + BLOCK, rounds))
                with reader.holding(holder.file, delay):
                    for _ in block:
                        _ours(reader.name, holder, connects.ours, stage.ours)
                floor = Floor(Recording.load(file).pairs)
                with reader.holding(file, delay):
                    for _ in block:
                        floor.replay(reader.name, connects.floor, stage.floor)
            stages.append(stage)
    return [*stages, _in_memory(holder, rounds)]


def _record(reader: Reader, holder: Card, file: Path) -> tuple[Path, dict[str, int]]:
    with reader.holding(holder.file):
        channel = smartcard.connect(reader.name)
        try:
            overheard = Overheard(channel.transmit, channel.atr)
            dialogue(overheard, holder)
        finally:
            channel.close()
    Recording(tuple(overheard.pairs)).save(file)
    return file, {"apdus": overheard.apdu_count, "bytes": overheard.byte_count}


def _ours(reader: str, holder: Card, connecting: Series, talking: Series) -> None:
    with connecting.measured():
        channel = smartcard.connect(reader)
    try:
        with talking.measured():
            dialogue(channel, holder)
    finally:
        channel.close()


class Floor:
    """The same APDUs through PC/SC, and nothing else."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        # pyscard takes and gives lists of integers; making them is not the wire's work.
        self._commands = [list(command) for command, _ in pairs]
        self._answers = [response for _, response in pairs]

    def replay(self, reader: str, connecting: Series, talking: Series) -> None:
        with connecting.measured():
            established, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
            connected, card, _ = scard.SCardConnect(context, reader, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS)
            reset, _ = scard.SCardReconnect(card, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS, scard.SCARD_RESET_CARD)
        with talking.measured():
            answers = [scard.SCardTransmit(card, scard.SCARD_PCI_T1, command)[1] for command in self._commands]
        scard.SCardDisconnect(card, scard.SCARD_UNPOWER_CARD)
        scard.SCardReleaseContext(context)
        same((established, connected, reset), (0, 0, 0), "PC/SC's results")
        same([bytes(answer) for answer in answers], self._answers, "the card's answers")


def _in_memory(holder: Card, rounds: int) -> Stage:
    """No PC/SC at all: what the floor has is the simulated card's own time, what ours has more is our half."""
    stage = Stage("card-in-memory", "both halves of the cryptography, no PC/SC", "the simulated card's half")
    image = CardImage.load(holder.file)
    for _ in range(rounds):
        chip = SimulatedCard(image)
        overheard = Overheard(chip.process, chip.atr)
        with stage.ours.measured():
            dialogue(overheard, holder)
        stage.floor.times.append(overheard.milliseconds)
    stage.counts["apdus"] = overheard.apdu_count
    return stage
