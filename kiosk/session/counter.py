"""The hands of the session: carries each command out on the card, the registry, the pages and the printers.

    counter.py         which command is whose, what runs, how it ends, and what is done between visits
    identification.py  the card, its holder, and what the registry says of them
    paper_desk.py      the document: printer, preview, grant, paper
    stock_desk.py      the paper that is left, for the staff's screen

Work that only reads is cancelled when the visit ends. Work that issues or prints is not: it runs to its
own durable end, and what it issued for a visit that is over is voided (`issuance` keeps the books).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from kiosk.catalogue import events as logged
from kiosk.catalogue.codes import UNKNOWN, code_of
from kiosk.catalogue.log import say, say_error, say_unexpected
from kiosk.issuance.errors import LedgerError, LedgerOutOfOrder
from kiosk.issuance.pipeline import Ending
from kiosk.session import events as e
from kiosk.session import holder_events as holder
from kiosk.session import paper_events as paper
from kiosk.session import staff_events as staff
from kiosk.session.availability import Availability
from kiosk.session.backoff import Backoff
from kiosk.session.card_desk import CardDesk
from kiosk.session.errand import Errand, Parts
from kiosk.session.identification import Identification
from kiosk.session.paper_desk import PaperDesk
from kiosk.session.readiness import DeviceHints, Readiness, questions
from kiosk.session.stock_desk import StockDesk
from kiosk.session.stopwatch import Stopwatch


class Counter:
    """One kiosk's hands. `post` takes the visit's events; everything runs in one event loop."""

    def __init__(self, parts: Parts, post: Callable[[e.Event], None], availability: Availability) -> None:
        self._parts = parts
        self._availability = availability
        self._post = post
        self._loop = asyncio.get_running_loop()
        self.desk = CardDesk(parts.settings, post, lambda: self._readiness.look("reader"))
        self._backoff = Backoff()
        self._paper = PaperDesk(parts, self.desk, availability, self._tell, self._backoff.worked)
        self._who = Identification(parts, self.desk, self._tell, self._paper.form_of)
        self._stock = StockDesk(parts, post)
        self._readiness = Readiness(availability, questions(parts, self.desk))
        self._devices = DeviceHints(self._readiness, parts.scanners.look if parts.scanners else lambda: None)
        self._errand = Errand()
        self._issuing: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._checking: asyncio.Task[None] | None = None
        self._damage: str | None = None
        self.times = Stopwatch().milliseconds()

    async def start(self) -> None:
        """Watch the reader; returns when it is known what is ready and what is not. The ledger is checked beside it."""
        self._checking = self._loop.create_task(self._check_ledger())
        self.desk.start()
        await self._readiness.start()
        self._devices.start()

    def carry_out(self, command: e.Command) -> None:
        """Begin what the command asks; its events follow."""
        self._readiness.pause()
        errand = self._errand
        match command:
            case e.AwaitCard():
                self._read(errand, self._who.await_card())
            case e.AwaitCardOut():
                self.desk.await_card_out()
            case e.Probe():
                self._read(errand, self._who.probe(errand))
            case e.Open(fields=fields):
                self._read(errand, self._who.open(errand, fields))
            case holder.Examine():
                self._read(errand, self._who.examine(errand))
            case e.Prove(pin=pin):
                self._read(errand, self._who.prove(errand, pin))
            case holder.Compare():
                self._read(errand, self._who.compare(errand))
            case holder.ClerkSaid(is_holder=is_holder):
                self._read(errand, self._who.clerk_said(errand, is_holder=is_holder))
            case e.Prepare():
                self._read(errand, self._paper.prepare(errand, command))
            case e.Issue():
                self._issue(errand, self._paper.issue(errand))
            # Whatever stops one of these half-way, a page may have come out: only they themselves know that none did.
            case e.Print():
                self._issue(errand, self._paper.print(errand), doubt="unknown")
            case paper.Answer(seen=seen):
                self._issue(errand, self._paper.answer(errand, seen), doubt="unknown")
            case paper.ConfirmPaper():
                self._issue(errand, self._paper.confirm(errand), doubt="unknown")
            case paper.VoidPaper():
                self._issue(errand, self._paper.void_paper(errand), doubt="unknown")
            case e.Void():
                self._close_off(self._void(errand))
            case e.Wipe():
                self._wipe(errand)
            case staff.CountPaper():
                self._stock.count()
            case staff.BookPaper(station=station):
                self._stock.book(station)

    @property
    def watch(self) -> Stopwatch:
        """The stopwatch of the visit that issues: the one at hand, for nothing is issued for a visit that is over."""
        return self._errand.watch

    @property
    def ending(self) -> Ending | None:
        """Of the last document; None before there was one."""
        return self._paper.ending

    # --- work and its ends ----------------------------------------------------------------------------

    def _read(self, errand: Errand, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(self._to_its_end(errand, work))
        errand.reading.append(task)

    def _issue(self, errand: Errand, work: Coroutine[Any, Any, None], doubt: e.OnPaper = "none") -> None:
        task = self._loop.create_task(self._to_its_end(errand, work, doubt))
        self._issuing.add(task)
        task.add_done_callback(self._issuing.discard)

    def _close_off(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(_reported(work))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _to_its_end(self, errand: Errand, work: Coroutine[Any, Any, None], doubt: e.OnPaper = "none") -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever a room raises ends on the trouble screen with its code
            code = code_of(error)
            if code == UNKNOWN:
                say_unexpected(error)
            if isinstance(error, LedgerOutOfOrder):
                self._availability.set("ledger", code)
            self._tell(errand, e.Failed(code, doubt))
        finally:
            self.times = errand.watch.milliseconds()

    def _tell(self, errand: Errand, event: e.Event) -> None:
        """Say it to the visit it belongs to, and to no other."""
        if not errand.over:
            self._post(event)

    async def _void(self, errand: Errand) -> None:
        try:
            await self._paper.void(errand)
        except LedgerError as error:
            self._availability.set("ledger", say_error(logged.ISSUE_FAILED, error))

    def _wipe(self, errand: Errand) -> None:
        for task in (*errand.reading, *errand.beside):
            task.cancel()
        errand.over = True
        self._errand = Errand()
        self._close_off(self._forget())

    async def _forget(self) -> None:
        await self.desk.put_away()
        await asyncio.to_thread(self._parts.renderer.forget)

    async def settled(self) -> None:
        """What was begun for a grant has come to its end."""
        for tasks in (self._issuing, self._closing):
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Let what issues come to its end, then let go of the card."""
        self._devices.stop()
        await self._readiness.stop()
        if self._checking is not None:
            self._checking.cancel()
            await asyncio.gather(self._checking, return_exceptions=True)
        await self.settled()
        await self.desk.stop()

    # --- between visits -------------------------------------------------------------------------------

    def between_visits(self) -> None:
        """See what is ready, and bring what waits to the registry; nobody is in front of the screen."""
        self._readiness.resume()
        self._close_off(self._deliver())

    async def _deliver(self) -> None:
        """Close what was left open, here at once; the registry, while it is away, is told ever more rarely."""
        issuance = self._parts.issuance
        try:
            done = await (issuance.deliver() if self._backoff.due else issuance.decide())
        except LedgerError as error:
            self._availability.set("ledger", say_error(logged.ISSUE_FAILED, error))
            return
        self._availability.set("ledger", self._damage)
        if done.closed:
            say(logged.RECOVERED, grants=len(done.closed))
        if done.waiting and done.code is not None:
            self._backoff.failed()
            say(logged.SETTLEMENT_WAITS, grants=done.waiting, code=done.code)
        elif not done.waiting:
            self._backoff.worked()

    async def _check_ledger(self) -> None:
        """The whole of it, once: opening looked at the newest entries only."""
        try:
            self._damage = (await self._parts.issuance.ledger.verify_in_background()).code
        except LedgerError as error:
            self._damage = error.code
        if self._damage is not None:
            self._availability.set("ledger", self._damage)


async def _reported(work: Coroutine[Any, Any, None]) -> None:
    """Work that no visit waits for: its failure goes to the log and nowhere else."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - nobody is there to raise to
        say_error(logged.ISSUE_FAILED, error)
