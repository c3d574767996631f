"""PC/SC's own words turned into ours: calls that raise, and a thread that calls with a deadline."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from smartcard import scard

from drivers.smartcard.errors import (
    CardError,
    CardRemovedError,
    CardSilent,
    NoCard,
    NoReader,
    PcscUnavailable,
    ReaderBusy,
    ReaderFault,
)

T = TypeVar("T")

_MEANINGS: dict[int, tuple[type[CardError], str]] = {
    scard.SCARD_E_NO_SERVICE: (PcscUnavailable, "the PC/SC service does not answer"),
    scard.SCARD_E_SERVICE_STOPPED: (PcscUnavailable, "the PC/SC service has stopped"),
    scard.SCARD_F_COMM_ERROR: (PcscUnavailable, "the PC/SC service does not answer"),
    scard.SCARD_E_INVALID_HANDLE: (PcscUnavailable, "the PC/SC service has forgotten us"),
    scard.SCARD_E_NO_READERS_AVAILABLE: (NoReader, "no card reader"),
    scard.SCARD_E_UNKNOWN_READER: (NoReader, "no such card reader"),
    scard.SCARD_E_READER_UNAVAILABLE: (NoReader, "the card reader has gone"),
    scard.SCARD_E_SHARING_VIOLATION: (ReaderBusy, "another program holds the card"),
    scard.SCARD_E_NO_SMARTCARD: (NoCard, "no card in the reader"),
    scard.SCARD_W_REMOVED_CARD: (CardRemovedError, "the card was taken out"),
    scard.SCARD_W_RESET_CARD: (CardRemovedError, "another program reset the card"),
    scard.SCARD_W_UNPOWERED_CARD: (CardSilent, "the card has no power"),
    scard.SCARD_W_UNRESPONSIVE_CARD: (CardSilent, "the card does not answer to power"),
    scard.SCARD_E_PROTO_MISMATCH: (CardSilent, "the card speaks no protocol of ours"),
    scard.SCARD_E_NOT_TRANSACTED: (CardRemovedError, "the card did not answer to the end"),
}


def failure(result: int) -> CardError:
    """The exception for a PC/SC result code other than success."""
    kind, words = _MEANINGS.get(result, (ReaderFault, "the card reader failed"))
    return kind(f"{words} (PC/SC {result & 0xFFFFFFFF:08X})")


def check(result: int) -> None:
    """Raises what the result code means, or returns for success."""
    if result != scard.SCARD_S_SUCCESS:
        raise failure(result)


def establish() -> Any:
    """A new context, to be given to `scard.SCardReleaseContext`. Raises PcscUnavailable."""
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    check(result)
    return context


@contextmanager
def context() -> Iterator[Any]:
    """A context for the length of a block. Raises PcscUnavailable."""
    established = establish()
    try:
        yield established
    finally:
        scard.SCardReleaseContext(established)


def list_readers(established: Any) -> list[str]:
    """Names of all readers, in PC/SC's order; none is an empty list. Raises PcscUnavailable, ReaderFault."""
    result, names = scard.SCardListReaders(established, [])
    if result == scard.SCARD_E_NO_READERS_AVAILABLE:
        return []
    check(result)
    return list(names)


class Lane:
    """One thread that makes calls in order, so that a call which never returns can be given up.

    A card that keeps silent blocks PC/SC itself; only its removal frees the call. The thread is then left
    to end by itself when that happens.
    """

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while call := self._calls.get():
            call()

    def call(self, function: Callable[[], T], deadline: float, meanwhile: Callable[[], object] | None = None) -> T:
        """The function's result, or its exception; CardSilent after `deadline` seconds. `meanwhile` is called here once
        the thread has begun."""
        begun: queue.SimpleQueue[None] = queue.SimpleQueue()
        ended: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

        def run() -> None:
            begun.put(None)
            try:
                ended.put((function(), None))
            except BaseException as error:  # noqa: BLE001 - carried to the caller, who raises it
                ended.put((None, error))

        self._calls.put(run)
        try:
            if meanwhile is not None:
                begun.get(timeout=deadline)
                meanwhile()
            result, error = ended.get(timeout=deadline)
        except queue.Empty as empty:
            raise CardSilent("the card did not answer in time") from empty
        if error is not None:
            raise error
        return cast("T", result)

    def end(self, last: Callable[[], None], wait: float) -> None:
        """Runs `last` after whatever is under way, then ends the thread; waits for that at most `wait` seconds."""
        ended = threading.Event()
        self._calls.put(last)
        self._calls.put(ended.set)
        self._calls.put(None)
        ended.wait(wait)
