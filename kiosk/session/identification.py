"""Card first, then holder, then the registry: who has come, and what they may have.

A PIN goes only to a card that has proven itself; a person is asked of the registry only after both.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers import smartcard
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.errors import NotEntitled
from kiosk.session import events as e
from kiosk.session.card_desk import CardDesk
from kiosk.session.errand import Errand, Parts, Tell
from kiosk.session.proof import check_active, check_passive, password, presentation
from printing.documents import DocumentType
from printing.forms import Form
from registry.models import Presented
from registry.presence import presentation_nonce

PASSWORD_TRIES = 3


class Identification:
    """`form_of` says in which form a document can be had now, None where in none."""

    def __init__(
        self, parts: Parts, desk: CardDesk, tell: Tell, form_of: Callable[[DocumentType], Form | None]
    ) -> None:
        self._parts = parts
        self._desk = desk
        self._tell = tell
        self._form_of = form_of

    async def await_card(self) -> None:
        await self._desk.check_reader()
        self._desk.await_card()

    async def probe(self, errand: Errand) -> None:
        """How the chip opens: AsksCan, AsksMrz."""
        with errand.watch.stage("card"):
            access = await self._desk.probe()
        say(logged.CARD_OPENED, access=access.kind, apdus=self._desk.apdus)
        self._tell(errand, e.AsksCan() if "can" in access.passwords else e.AsksMrz())

    async def open(self, errand: Errand, fields: dict[str, str]) -> None:
        """Open it: Opened, OneTryLeft, WrongPassword. Raises what the card raises."""
        try:
            with errand.watch.stage("card"):
                tries = await self._desk.open(password(fields))
        except smartcard.WrongPassword:
            errand.wrong_passwords += 1
            if errand.wrong_passwords >= PASSWORD_TRIES:
                raise
            self._tell(errand, e.WrongPassword())
            return
        if tries == 0:
            raise smartcard.PinBlocked("the card's PIN is blocked")
        self._tell(errand, e.OneTryLeft() if tries == 1 else e.Opened(tries))

    async def prove(self, errand: Errand, pin: str) -> None:
        """Prove card and holder and present both: Step…, PinRefused, OneTryLeft, Identified. Raises what fails."""
        parts = self._parts
        with errand.watch.stage("registry"):
            challenge = await parts.registry.challenge()
        with errand.watch.stage("card"):
            card = errand.card or await self._desk.read()
            self._tell(errand, e.Step("genuine"))
            check_passive(card, parts.trust)
            await self._desk.confirm_access(card.files[smartcard.FileId.DG14])
            nonce = presentation_nonce(bytes.fromhex(challenge.nonce))
            signature = await self._desk.sign(nonce)
            check_active(card, nonce, signature)
            errand.card = card
            self._tell(errand, e.Step("holder"))
            try:
                await self._desk.verify_pin(pin)
            except smartcard.WrongPin as wrong:
                self._tell(errand, e.OneTryLeft() if wrong.tries_left == 1 else e.PinRefused(wrong.tries_left))
                return
        self._tell(errand, e.Step("registry"))
        say(logged.CARD_READ, passive="passed", active="passed", apdus=self._desk.apdus)
        with errand.watch.stage("registry"):
            errand.presented = await parts.registry.present(presentation(challenge.challenge_id, card, signature))
            await self._identify(errand, errand.presented)

    async def _identify(self, errand: Errand, presented: Presented) -> None:
        registry, catalogue = self._parts.registry, self._parts.renderer.catalogue
        who = presented.presentation_id
        person = await registry.person(presented.nin, who, ["firstName", "firstNameLatin"])
        allowed = {entitled.document_type for entitled in await registry.entitlements(who)}
        papers = tuple(
            e.Paper(d.type, d.title("ar"), d.title("fr"), tuple(d.languages), self._form_of(d))
            for d in catalogue.types()
            if d.type in allowed
        )
        if not papers:
            raise NotEntitled("the registry entitles this person to no document of the catalogue")
        self._tell(
            errand, e.Identified(str(person.get("firstName", "")), str(person.get("firstNameLatin", "")), papers)
        )
