"""The hands of the session: carries each command out on the card, the registry, the pages and the printer.

Work that only reads is cancelled when the visit ends. Work that issues or prints is not: it runs to its
own durable end, and what it issued for a visit that is over is voided (`issuance` keeps the books).
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from drivers import smartcard
from kiosk.catalogue import events as logged
from kiosk.catalogue.codes import code_of
from kiosk.catalogue.log import say, say_error, say_unexpected
from kiosk.errors import NotEntitled
from kiosk.issuance.errors import LedgerError, LedgerOutOfOrder
from kiosk.issuance.pipeline import Ending, Issued
from kiosk.issuance.records import Outcome
from kiosk.session import events as e
from kiosk.session.availability import Availability
from kiosk.session.card_desk import CardDesk, CardFiles
from kiosk.session.errand import Errand, Parts
from kiosk.session.proof import check_active, check_passive, password, presentation
from kiosk.session.readiness import DeviceHints, Readiness, check_printer, questions
from kiosk.session.stopwatch import Stopwatch
from printing.documents import PageRequest
from printing.job import Progress
from registry.models import ActRequest, Presented
from registry.presence import presentation_nonce

PASSWORD_TRIES = 3
PREVIEW_PPI = 110


class Counter:
    """One kiosk's hands. `post` takes the visit's events; everything runs in one event loop."""

    def __init__(self, parts: Parts, post: Callable[[e.Event], None], availability: Availability) -> None:
        self._parts = parts
        self._availability = availability
        self._post = post
        self._loop = asyncio.get_running_loop()
        self.desk = CardDesk(parts.settings, post, lambda: self._readiness.look("reader"))
        self._readiness = Readiness(availability, questions(parts, self.desk))
        self._devices = DeviceHints(self._readiness)
        self._errand = Errand()
        self._issuing: set[asyncio.Task[None]] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self.ending: Ending | None = None
        self.times = Stopwatch().milliseconds()

    async def start(self) -> None:
        """Watch the reader; returns when it is known what is ready and what is not."""
        self.desk.start()
        await self._readiness.start()
        self._devices.start()

    def carry_out(self, command: e.Command) -> None:
        """Begin what the command asks; its events follow."""
        self._readiness.pause()
        errand = self._errand
        match command:
            case e.AwaitCard():
                self._read(errand, self._await_card(errand))
            case e.AwaitCardOut():
                self.desk.await_card_out()
            case e.Probe():
                self._read(errand, self._probe(errand))
            case e.Open(fields=fields):
                self._read(errand, self._open(errand, fields))
            case e.Prove(pin=pin):
                self._read(errand, self._prove(errand, pin))
            case e.Prepare():
                self._read(errand, self._prepare(errand, command))
            case e.Issue():
                self._issue(errand, self._ask_and_sign(errand))
            case e.Print():
                # Whatever stops this half-way, a page may have come out: only `put_on_paper` knows that none did.
                self._issue(errand, self._put_on_paper(errand), doubt="unknown")
            case e.Void():
                if errand.issued is not None:
                    self._close_off(self._void(errand, errand.issued))
            case e.Wipe():
                self._wipe(errand)

    @property
    def watch(self) -> Stopwatch:
        """The stopwatch of the visit that issues: the one at hand, for nothing is issued for a visit that is over."""
        return self._errand.watch

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
            if code == "E-KIOSK-UNEXPECTED":
                say_unexpected(error)
            if isinstance(error, LedgerOutOfOrder):
                self._availability.set("ledger", code)
            self.times = errand.watch.milliseconds()
            self._tell(errand, e.Failed(code, doubt))

    def _tell(self, errand: Errand, event: e.Event) -> None:
        """Say it to the visit it belongs to, and to no other."""
        if errand is self._errand:
            self._post(event)

    def _wipe(self, errand: Errand) -> None:
        for task in errand.reading:
            task.cancel()
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
        await self.settled()
        await self.desk.stop()

    # --- the card -------------------------------------------------------------------------------------

    async def _await_card(self, errand: Errand) -> None:
        await self.desk.check_reader()
        self.desk.await_card()

    async def _probe(self, errand: Errand) -> None:
        with errand.watch.stage("card"):
            access = await self.desk.probe()
        say(logged.CARD_OPENED, access=access.kind, apdus=self.desk.apdus)
        self._tell(errand, e.AsksCan() if "can" in access.passwords else e.AsksMrz())

    async def _open(self, errand: Errand, fields: dict[str, str]) -> None:
        try:
            with errand.watch.stage("card"):
                tries = await self.desk.open(password(fields))
        except smartcard.WrongPassword:
            errand.wrong_passwords += 1
            if errand.wrong_passwords >= PASSWORD_TRIES:
                raise
            self._tell(errand, e.WrongPassword())
            return
        if tries == 0:
            raise smartcard.PinBlocked("the card's PIN is blocked")
        self._tell(errand, e.OneTryLeft() if tries == 1 else e.Opened(tries))

    async def _prove(self, errand: Errand, pin: str) -> None:
        """Card first, then holder, then the registry: a PIN goes only to a card that proved itself."""
        parts = self._parts
        with errand.watch.stage("registry"):
            challenge = await parts.registry.challenge()
        with errand.watch.stage("card"):
            card = errand.card or await self.desk.read()
            self._tell(errand, e.Step("genuine"))
            check_passive(card, parts.trust)
            await self.desk.confirm_access(card.files[smartcard.FileId.DG14])
            nonce = presentation_nonce(bytes.fromhex(challenge.nonce))
            signature = await self.desk.sign(nonce)
            check_active(card, nonce, signature)
            errand.card = card
            self._tell(errand, e.Step("holder"))
            try:
                await self.desk.verify_pin(pin)
            except smartcard.WrongPin as wrong:
                self._tell(errand, e.OneTryLeft() if wrong.tries_left == 1 else e.PinRefused(wrong.tries_left))
                return
        self._tell(errand, e.Step("registry"))
        say(logged.CARD_READ, passive="passed", active="passed", apdus=self.desk.apdus)
        with errand.watch.stage("registry"):
            errand.presented = await parts.registry.present(presentation(challenge.challenge_id, card, signature))
            await self._identify(errand, errand.presented, card)

    async def _identify(self, errand: Errand, presented: Presented, card: CardFiles) -> None:
        registry, catalogue = self._parts.registry, self._parts.renderer.catalogue
        who = presented.presentation_id
        person = await registry.person(presented.nin, who, ["firstName", "firstNameLatin"])
        allowed = {entitled.document_type for entitled in await registry.entitlements(who)}
        papers = tuple(
            e.Paper(d.type, d.title("ar"), d.title("fr"), tuple(d.languages))
            for d in catalogue.types()
            if d.type in allowed
        )
        if not papers:
            raise NotEntitled("the registry entitles this person to no document of the catalogue")
        self._tell(
            errand, e.Identified(str(person.get("firstName", "")), str(person.get("firstNameLatin", "")), papers)
        )

    # --- the page -------------------------------------------------------------------------------------

    async def _prepare(self, errand: Errand, choice: e.Prepare) -> None:
        parts = self._parts
        assert errand.presented is not None  # noqa: S101 - the table: CHOICE follows Identified
        await self._check_ready()
        with errand.watch.stage("registry"):
            asked = ActRequest(presentation_id=errand.presented.presentation_id, document_type=choice.document_type)
            errand.act = await parts.registry.act(asked)
        errand.choice = choice
        self._tell(errand, e.Step("page"))
        page = PageRequest(
            type=choice.document_type,
            language=choice.language,
            act=errand.act.act,
            town=parts.settings.town,
            issued_on=dt.date.today(),
            specimen=True,
        )
        pictures = await asyncio.to_thread(parts.renderer.preview, page, PREVIEW_PPI)
        self._tell(errand, e.PreviewReady(tuple(base64.b64encode(p).decode() for p in pictures)))

    async def _check_ready(self) -> None:
        """Before a citizen chooses what cannot be had: printer and signer answer and are able."""
        await self._parts.signer.status()
        await check_printer(self._parts.stations[0].printer)

    # --- issuing --------------------------------------------------------------------------------------

    async def _ask_and_sign(self, errand: Errand) -> None:
        act, choice, presented = errand.act, errand.choice, errand.presented
        assert act is not None and choice is not None and presented is not None  # noqa: S101 - the table
        await self._check_ready()

        async def sign_presence(nonce: bytes) -> bytes:
            with errand.watch.stage("card"):
                signature = await self.desk.sign(nonce)
            self._tell(errand, e.Step("signing"))
            return signature

        with errand.watch.rest("registry"):
            issued = await self._parts.issuance.prepare(
                act,
                presentation_id=presented.presentation_id,
                document_type=choice.document_type,
                language=choice.language,
                template_sha256=self._parts.renderer.catalogue.template_sha256(choice.document_type),
                station=self._parts.stations[0].name,
                sign_presence=sign_presence,
            )
        say(logged.GRANTED, reference=issued.reference, type=choice.document_type)
        say(logged.SIGNED, reference=issued.reference, sha256=hashlib.sha256(issued.pdf).hexdigest())
        if errand is not self._errand:
            await self._void(errand, issued)
            return
        errand.issued = issued
        self._tell(errand, e.Issued())

    async def _void(self, errand: Errand, issued: Issued) -> None:
        errand.issued = None
        try:
            settled = await self._parts.issuance.void(issued)
        except LedgerError as error:
            self._availability.set("ledger", say_error(logged.ISSUE_FAILED, error))
            return
        if settled:
            say(logged.SETTLED, reference=issued.reference, outcome="voided")

    async def _put_on_paper(self, errand: Errand) -> None:
        issued = errand.issued
        assert issued is not None  # noqa: S101 - the table: TAKE_CARD follows Issued
        errand.issued = None

        async def progress(seen: Progress) -> None:
            self._tell(errand, e.Printing(seen.pages, seen.of, tuple(sorted(c.value for c in seen.conditions))))

        with errand.watch.rest("paper"):
            ending = await self._parts.issuance.put_on_paper(issued, progress)
        say(logged.PAPER, reference=ending.reference, outcome=ending.outcome.value, evidence=ending.evidence.value)
        if ending.settled:
            outcome = "printed" if ending.outcome is Outcome.PRINTED else "voided"
            say(logged.SETTLED, reference=ending.reference, outcome=outcome)
        self.ending, self.times = ending, errand.watch.milliseconds()
        say(logged.VISIT_TIMES, **self.times)
        if ending.code is None:
            self._tell(errand, e.Printed())
        else:
            self._tell(errand, e.Failed(ending.code, "unknown" if ending.outcome is Outcome.UNKNOWN else "none"))

    # --- between visits -------------------------------------------------------------------------------

    def between_visits(self) -> None:
        """See what is ready, and bring what waits to the registry; nobody is in front of the screen."""
        self._readiness.resume()
        self._close_off(self._deliver())

    async def _deliver(self) -> None:
        try:
            done = await self._parts.issuance.deliver()
        except LedgerError as error:
            self._availability.set("ledger", say_error(logged.ISSUE_FAILED, error))
            return
        self._availability.set("ledger", None)
        if done.closed:
            say(logged.RECOVERED, grants=len(done.closed))
        if done.waiting:
            say(logged.SETTLEMENT_WAITS, grants=done.waiting, code=done.code or "E-KIOSK-UNEXPECTED")


async def _reported(work: Coroutine[Any, Any, None]) -> None:
    """Work that no visit waits for: its failure goes to the log and nowhere else."""
    try:
        await work
    except Exception as error:  # noqa: BLE001 - nobody is there to raise to
        say_error(logged.ISSUE_FAILED, error)
