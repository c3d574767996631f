"""Watching readers: who came, who went, and whether PC/SC itself is there.

    PcscBack? -> ReaderArrived -> CardInserted -> CardRemoved -> ReaderGone -> PcscGone -> PcscBack -> …

One thread with a PC/SC context of its own waits in SCardGetStatusChange. When the service goes away, as it
does on an upgrade or a crash, that is an event, and the thread tries again until the service is back;
pyscard's own monitor would end without a word. A second thread looks whether the first still returns from
PC/SC: a service that hangs is as good as none.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smartcard import scard

from drivers.smartcard import pcsc
from drivers.smartcard.errors import CardError

_NEW_READER = "\\\\?PnP?\\Notification"
_RETRY = 0.25
_EVENT_COUNT = 16
"""Above this bit, pcsc-lite counts the insertions and removals it has seen in a reader."""


@dataclass(frozen=True, slots=True)
class CardInserted:
    reader: str


@dataclass(frozen=True, slots=True)
class CardRemoved:
    reader: str


@dataclass(frozen=True, slots=True)
class ReaderArrived:
    name: str


@dataclass(frozen=True, slots=True)
class ReaderGone:
    name: str


@dataclass(frozen=True, slots=True)
class PcscGone:
    pass


@dataclass(frozen=True, slots=True)
class PcscBack:
    pass


WatchEvent = CardInserted | CardRemoved | ReaderArrived | ReaderGone | PcscGone | PcscBack


def changes(name: str, before: int, after: int) -> list[WatchEvent]:
    """The events between two states of one reader, as PC/SC tells states.

    A card taken out and another put in between two looks leaves both states "present": the count tells.
    """
    was, now = bool(before & scard.SCARD_STATE_PRESENT), bool(after & scard.SCARD_STATE_PRESENT)
    if was and now and before >> _EVENT_COUNT != after >> _EVENT_COUNT:
        return [CardRemoved(name), CardInserted(name)]
    if was == now:
        return []
    return [CardInserted(name)] if now else [CardRemoved(name)]


class CardWatch:
    """Calls `callback` with each event, from its own thread, until `stop`.

    The first events tell what is there already. `callback` should hand over and return: while it runs
    nothing is watched. If it raises, that is reported as any thread's failure is, and the watch goes on.
    `longest_wait` is after how many seconds the list of readers is read again, should a notification be lost;
    a PC/SC that takes `patience` seconds more than that is taken to hang.
    """

    def __init__(
        self, callback: Callable[[WatchEvent], None], *, longest_wait: float = 10.0, patience: float = 10.0
    ) -> None:
        self._callback = callback
        self._wait_ms = round(longest_wait * 1000)
        self._patience = longest_wait + patience
        self._stopping = threading.Event()
        self._looked = threading.Event()
        self._telling = threading.RLock()
        self._lock = threading.Lock()
        self._context: Any = None
        self._states: dict[str, int] = {}
        self._there = True
        self._hangs = False
        self._thread = threading.Thread(target=self._run, name="card-watch", daemon=True)
        self._second = threading.Thread(target=self._look_after, name="card-watch-alive", daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._second.start()

    def stop(self) -> None:
        """Ends the threads and waits for them, but not for a PC/SC that hangs; no event comes after."""
        self._stopping.set()
        self._looked.set()
        if self._second.ident is not None:  # it was started
            self._second.join()
        while self._thread.is_alive() and not self._hangs:
            with self._lock:
                if self._context is not None:
                    scard.SCardCancel(self._context)
            # A cancel that comes just before the wait begins is lost: hence again, until it has ended.
            self._thread.join(0.1)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._watch()
            except CardError:
                self._lose()
            except Exception:  # noqa: BLE001 - whatever it is, it is reported, and somebody goes on watching
                _report()
                self._lose()
            self._stopping.wait(_RETRY)

    def _look_after(self) -> None:
        """Tells when the other thread comes back from PC/SC no more; it tells itself when it does."""
        while not self._stopping.is_set():
            self._looked.clear()
            if not self._looked.wait(self._patience) and not self._hangs:
                self._hangs = True
                self._lose()

    def _watch(self) -> None:
        """One life of the service. Raises CardError when it ends."""
        context = pcsc.establish()
        try:
            with self._lock:
                self._context = context
            while not self._stopping.is_set():
                names = pcsc.list_readers(context)
                with self._telling:
                    self._answered()
                    self._compare(names)
                self._wait(context)
        finally:
            with self._lock:
                self._context = None
            scard.SCardReleaseContext(context)

    def _answered(self) -> None:
        self._hangs = False
        self._looked.set()
        if not self._there:
            self._there = True
            self._say(PcscBack())

    def _lose(self) -> None:
        with self._telling:
            if self._there:
                self._there = False
                self._say(PcscGone())
                self._compare([])

    def _compare(self, names: list[str]) -> None:
        """The cause comes before what follows from it: a card that nobody can see any more is removed last."""
        for gone in [name for name in self._states if name not in names]:
            before = self._states.pop(gone)
            self._say(ReaderGone(gone))
            if before & scard.SCARD_STATE_PRESENT:
                self._say(CardRemoved(gone))
        for new in [name for name in names if name not in self._states]:
            self._states[new] = scard.SCARD_STATE_UNAWARE
            self._say(ReaderArrived(new))

    def _wait(self, context: Any) -> None:
        """Until something changes, or the longest wait is over, or `stop`. Raises CardError."""
        known = [(_NEW_READER, len(self._states) << _EVENT_COUNT), *self._states.items()]
        result, states = scard.SCardGetStatusChange(context, self._wait_ms, known)
        if result in (scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED):
            return
        if result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
            # One went while we asked; the next look at the list says which. If it says none, that is not asked
            # again without a pause.
            self._stopping.wait(_RETRY)
            return
        pcsc.check(result)
        with self._telling:
            for name, state, _ in states:
                if name in self._states:
                    before, self._states[name] = self._states[name], state & ~scard.SCARD_STATE_CHANGED
                    for event in changes(name, before, state):
                        self._say(event)

    def _say(self, event: WatchEvent) -> None:
        if self._stopping.is_set():
            return
        try:
            self._callback(event)
        except Exception:  # noqa: BLE001 - a listener's fault is reported, but must not blind the kiosk
            _report()


def _report() -> None:
    threading.excepthook(threading.ExceptHookArgs((*sys.exc_info(), threading.current_thread())))
