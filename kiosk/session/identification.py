"""Card first, then holder, then the registry: who has come, and what they may have.

The card is read and believed before anybody is asked for a PIN, and how it stands in the register is asked while it is
still being read. A PIN goes only to a chip that has proven itself; a person is asked of the registry only after both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from drivers import smartcard
from drivers.smartcard import FileId
from drivers.smartcard.errors import ProofMissing
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.errors import HolderNotConfirmed, NotEntitled
from kiosk.session import events as e
from kiosk.session import holder_events as heard
from kiosk.session.card_desk import CardDesk
from kiosk.session.errand import Errand, Parts, Tell
from kiosk.session.holder import Clerk, HolderAnswer, HolderContext, PinByCard, method_for
from kiosk.session.portrait import portrait_of, shown
from kiosk.session.proof import BelievedCard, believe, in_hand, password, presentation, wanted, wants_portrait
from printing.documents import DocumentType
from printing.forms import Form
from registry.models import CardStanding, Challenge, HolderProof, Presented
from registry.presence import presentation_nonce

PASSWORD_TRIES = 3
FRESH_S = 80.0
"""A challenge lives two minutes at the registry; one that was asked longer ago than this is asked anew."""


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

    # --- the chip opens ---------------------------------------------------------------------------------

    async def probe(self, errand: Errand) -> None:
        """How the chip opens: AsksCan, AsksMrz; then ZoneScanned, if a zone is."""
        with errand.watch.stage("card"):
            access = await self._desk.probe()
        say(logged.CARD_OPENED, access=access.kind, apdus=self._desk.apdus)
        scanner = self._parts.scanners is not None
        self._tell(errand, e.AsksCan(scanner) if "can" in access.passwords else e.AsksMrz(scanner))
        await self._listen(errand)

    async def _listen(self, errand: Errand) -> None:
        """Until a zone is scanned, or the chip is being opened by something else."""
        scanners = self._parts.scanners
        if scanners is None:
            return

        async def first() -> None:
            async with aclosing(scanners.zones()) as zones:
                async for zone in zones:
                    self._tell(errand, heard.ZoneScanned(zone.lines))
                    return

        errand.listening = errand.begin(first())
        await asyncio.wait([errand.listening])

    async def open(self, errand: Errand, fields: dict[str, str]) -> None:
        """Open it: Opened, WrongPassword. Raises what the card raises."""
        if errand.listening is not None:
            errand.listening.cancel()
            await asyncio.wait([errand.listening])
        if errand.challenge is None:
            errand.challenge = errand.begin(self._challenge())
        given = password(fields)
        try:
            with errand.watch.stage("card"):
                await self._desk.open(given)
        except smartcard.WrongPassword:
            errand.wrong_passwords += 1
            if errand.wrong_passwords >= PASSWORD_TRIES:
                raise
            self._tell(errand, e.WrongPassword())
            return
        errand.opened_with = given
        self._tell(errand, e.Opened())

    async def _challenge(self) -> tuple[Challenge, float]:
        asked = asyncio.get_running_loop().time()
        return await self._parts.registry.challenge(), asked

    # --- the card is believed, or not ---------------------------------------------------------------------

    async def examine(self, errand: Errand) -> None:
        """Read and believe the card, and see what its holder can be asked: Step…, AsksPin, OneTryLeft, AsksClerk.

        Raises the gravest thing that speaks against the card, what the registry says of it, PinBlocked, FileAbsent
        for a card that does not say who its holder is.
        """
        standing: list[asyncio.Task[CardStanding]] = []

        def on_text(files: dict[FileId, bytes]) -> None:
            if FileId.DG11 in files and not errand.over:
                standing.append(errand.begin(self._parts.registry.card_standing(in_hand(files))))

        errand.card = card = await self._read(errand, on_text)
        if not standing:
            raise smartcard.FileAbsent("without DG11 the registry is told no personal number")
        with errand.watch.stage("registry"):
            for asked in standing:
                await asked
        self._tell(errand, e.Step("holder"))
        with errand.watch.stage("card"):
            await self._desk.follow(card.profile)
            tries = await self._desk.pin_tries() if self._takes_pin(card) else None
        self._ask_holder(errand, card, tries)

    async def _read(self, errand: Errand, on_text: Callable[[dict[FileId, bytes]], None]) -> BelievedCard:
        if errand.challenge is None or self._is_stale((await errand.challenge)[1]):
            errand.challenge = errand.begin(self._challenge())
        with errand.watch.stage("registry"):
            challenge, asked = await errand.challenge
        documents = tuple(self._parts.renderer.catalogue.types())
        nonce = presentation_nonce(bytes.fromhex(challenge.nonce))
        with errand.watch.stage("card"):
            evidence = await self._desk.examine(wanted(documents), nonce, errand.opened_with, on_text)
            self._tell(errand, e.Step("genuine"))
            settings = self._parts.settings.card
            card = believe(evidence, self._parts.trust, settings, documents, challenge.challenge_id, asked)
        say(
            logged.CARD_READ,
            passive=card.verdict.passive,
            chip=card.verdict.chip,
            active=card.verdict.active,
            apdus=self._desk.apdus,
        )
        return card

    def _takes_pin(self, card: BelievedCard) -> bool:
        return (
            card.channel_proven
            and card.profile.pin is not None
            and any("pin" in document.card.holder for document in card.documents)
        )

    def _ask_holder(self, errand: Errand, card: BelievedCard, tries: int | None) -> None:
        """Raises PinBlocked, ProofMissing where no document may be had by what this card's holder can be asked."""
        policies = [document.card.holder for document in card.documents]
        method = method_for(policies, channel_proven=card.channel_proven, tries_left=tries)
        if method is None:
            raise ProofMissing("no document is given by what this card's holder can be asked")
        if method == "clerk":
            self._tell(errand, heard.AsksClerk())
        elif tries == 0:
            raise smartcard.PinBlocked("the card's PIN is blocked")
        else:
            self._tell(errand, e.OneTryLeft() if tries == 1 else heard.AsksPin(tries))

    # --- its holder ---------------------------------------------------------------------------------------

    async def prove(self, errand: Errand, pin: str) -> None:
        """Try the PIN and present both: PinRefused, OneTryLeft, AsksClerk, Step…, Identified. Raises what fails."""
        card = _believed(errand)
        with errand.watch.stage("card"):
            context = HolderContext(channel_proven=card.channel_proven, pin=pin)
            answer = await PinByCard(self._desk.verify_pin).verify(context)
        say(logged.HOLDER, method="pin", result=answer.result)
        match answer:
            case HolderAnswer("verified"):
                await self._present(errand, card, "pin")
            case HolderAnswer("not_verified", left):
                self._tell(errand, e.OneTryLeft() if left == 1 else e.PinRefused(left))
            case HolderAnswer("locked"):
                raise smartcard.PinBlocked("the card's PIN is blocked")
            case _:
                self._ask_holder(errand, card, None)

    async def compare(self, errand: Errand) -> None:
        """What the clerk compares; the portrait is read now, and only if a policy asks for it: ToCompare."""
        card, picture, likeness = _believed(errand), None, None
        if wants_portrait(card.documents):
            with errand.watch.stage("card"):
                image = portrait_of(card.evidence.files[FileId.SOD], await self._desk.read(FileId.DG2))
            picture = await asyncio.to_thread(shown, image)
            likeness = await self._likeness(image)
        data = card.data
        self._tell(
            errand,
            heard.ToCompare(
                name_ar=f"{data.arabic.given} {data.arabic.surname}" if data.arabic else "",
                name_latin=f"{data.latin.given} {data.latin.surname}" if data.latin else "",
                born_on=data.date_of_birth.isoformat() if data.date_of_birth else "",
                number_ends=data.document_number[-4:],
                picture=picture,
                likeness=likeness,
            ),
        )

    async def _likeness(self, portrait: bytes) -> heard.Likeness | None:
        """A help for the clerk's eye, where it is on: whatever it says, the clerk says whether it is the holder."""
        if self._parts.likeness is None:
            return None
        answer = await self._parts.likeness.verify(HolderContext(portrait=portrait))
        say(logged.HOLDER, method="likeness", result=answer.result)
        seen: dict[str, heard.Likeness] = {"verified": "alike", "not_verified": "not-alike"}
        return seen.get(answer.result, "unknown")

    async def clerk_said(self, errand: Errand, *, is_holder: bool) -> None:
        """On the clerk's word: Step…, Identified. Raises HolderNotConfirmed, and what fails."""
        card = _believed(errand)
        answer = await Clerk().verify(HolderContext(vouched=is_holder))
        say(logged.HOLDER, method="clerk", result=answer.result)
        if answer.result != "verified":
            raise HolderNotConfirmed("the clerk did not say that this is the card's holder")
        await self._present(errand, card, "clerk")

    # --- the registry -------------------------------------------------------------------------------------

    def _is_stale(self, asked: float) -> bool:
        return asyncio.get_running_loop().time() - asked > FRESH_S

    async def _present(self, errand: Errand, card: BelievedCard, proof: HolderProof) -> None:
        """Show card and holder. A citizen who took their time makes the card sign anew: for a challenge of now."""
        if self._is_stale(card.challenged_at):
            errand.challenge = None
            errand.card = card = await self._read(errand, lambda files: None)
        self._tell(errand, e.Step("registry"))
        with errand.watch.stage("registry"):
            errand.presented = await self._parts.registry.present(presentation(card, proof))
            await self._identify(errand, errand.presented, card, proof)

    async def _identify(self, errand: Errand, presented: Presented, card: BelievedCard, proof: HolderProof) -> None:
        registry = self._parts.registry
        who = presented.presentation_id
        person = await registry.person(presented.nin, who, ["firstName", "firstNameLatin"])
        allowed = {entitled.document_type for entitled in await registry.entitlements(who)}
        papers = tuple(
            e.Paper(d.type, d.title("ar"), d.title("fr"), tuple(d.languages), self._form_of(d))
            for d in card.documents
            if d.type in allowed and proof in d.card.holder
        )
        if not papers:
            raise NotEntitled("the registry entitles this person to no document of the catalogue")
        self._tell(
            errand, e.Identified(str(person.get("firstName", "")), str(person.get("firstNameLatin", "")), papers)
        )


def _believed(errand: Errand) -> BelievedCard:
    assert errand.card is not None  # noqa: S101 - the table: a holder is asked only of a card that was examined
    return errand.card
