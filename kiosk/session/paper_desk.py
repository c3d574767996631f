"""From the choice of a document to its end on paper: which printer, the preview, the grant, the paper.

A document is made out for one printer, found ready, when its preview is set, and shown in that printer's form.
Whether it still is, is asked once more before the grant: if only another form can be had then, that one is shown
first. After the grant there is no other printer.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable

from drivers.printers.errors import PrinterError
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.issuance.pipeline import Ending, Issued
from kiosk.issuance.records import CameOut, Outcome
from kiosk.issuance.station import NoPrinter, Station, choose
from kiosk.session import events as e
from kiosk.session import paper_events as paper
from kiosk.session.availability import Availability, Outages, Source
from kiosk.session.card_desk import CardDesk
from kiosk.session.errand import Errand, Parts, Tell
from kiosk.session.questions import check_printer
from printing.documents import DocumentType, PageRequest
from printing.forms import Form
from printing.job import Progress
from registry.models import ActRequest

PREVIEW_PPI: dict[Form, int] = {"a4": 110, "ticket": 203}
_OF_PAPER: frozenset[Source] = frozenset({"laser", "thermal", "clock"})
"""Of what is missing, what decides between forms. What closes the kiosk does not end a visit that has begun."""


class PaperDesk:
    """`ending` is that of the last document, None before there was one. `on_settled`: the registry took one's end."""

    def __init__(
        self, parts: Parts, card: CardDesk, availability: Availability, tell: Tell, on_settled: Callable[[], None]
    ) -> None:
        self._parts = parts
        self._card = card
        self._availability = availability
        self._tell = tell
        self._on_settled = on_settled
        self._outages = Outages.of(parts.settings)
        self.ending: Ending | None = None

    # --- which printer --------------------------------------------------------------------------------

    def form_of(self, document: DocumentType) -> Form | None:
        """In which form it can be had, as far as is known without asking anybody."""
        station = self._choose(document, self._availability.codes)
        return station.form if station else None

    def _choose(self, document: DocumentType, missing: Iterable[Source]) -> Station | None:
        """The station for a document without these parts, of which only those count that decide between forms."""
        offered = self._outages.without(_OF_PAPER & frozenset(missing)) & document.templates.keys()
        return choose(document.type, offered, self._parts.settings.printing, self._parts.stations)

    async def _ready_station(self, document_type: str) -> Station:
        """The printer to use, each asked now. Raises the preferred one's PrinterError, NoPrinter."""
        document = self._parts.renderer.catalogue.type(document_type)
        stations = self._parts.stations
        refusals = await asyncio.gather(*(_refusal(station) for station in stations))
        refused: dict[Source, PrinterError] = {
            station.name.value: refusal for station, refusal in zip(stations, refusals, strict=True) if refusal
        }
        missing = self._availability.codes.keys() - {"laser", "thermal"}  # of these it was known before the visit
        for away in ({*missing, *self._availability.codes, *refused}, {*missing, *refused}):
            if (station := self._choose(document, away)) is not None:
                return station
        wanted = self._choose(document, missing)
        raise refused[wanted.name.value] if wanted else NoPrinter(f"no printer gives {document_type}")

    # --- the document ---------------------------------------------------------------------------------

    async def prepare(self, errand: Errand, choice: e.Prepare) -> None:
        """Fetch the act and set the preview: Step, PreviewReady. Raises what fails."""
        parts = self._parts
        assert errand.presented is not None  # noqa: S101 - the table: CHOICE follows Identified
        await parts.signer.status()
        station = await self._ready_station(choice.document_type)
        with errand.watch.stage("registry"):
            asked = ActRequest(presentation_id=errand.presented.presentation_id, document_type=choice.document_type)
            errand.act = await parts.registry.act(asked)
        errand.choice = choice
        self._tell(errand, e.Step("page"))
        await self._preview(errand, station)

    async def _preview(self, errand: Errand, station: Station) -> None:
        act, choice, parts = errand.act, errand.choice, self._parts
        assert act is not None and choice is not None  # noqa: S101 - `prepare` has just set them
        errand.station = station
        page = PageRequest(
            type=choice.document_type,
            language=choice.language,
            act=act.act,
            town=parts.settings.town,
            issued_on=dt.date.today(),
            specimen=True,
            form=station.form,
        )
        pictures = await asyncio.to_thread(parts.renderer.preview, page, PREVIEW_PPI[station.form])
        self._tell(errand, e.PreviewReady(tuple(base64.b64encode(p).decode() for p in pictures), station.form))

    async def issue(self, errand: Errand) -> None:
        """Have it granted and signed: Step, Issued; PreviewReady where only another form can be had now."""
        act, choice, presented, station = errand.act, errand.choice, errand.presented, errand.station
        assert act is not None and choice is not None and presented is not None  # noqa: S101 - the table
        await self._parts.signer.status()
        ready = await self._ready_station(choice.document_type)
        if ready is not station:
            await self._preview(errand, ready)
            return

        signs = errand.card is not None and errand.card.signs

        async def sign_presence(nonce: bytes) -> bytes | None:
            with errand.watch.stage("card"):
                signature = await self._card.sign(nonce) if signs else None
                if not signs:
                    await self._card.still_there()
            self._tell(errand, e.Step("signing"))
            return signature

        with errand.watch.rest("registry"):
            issued = await self._parts.issuance.prepare(
                act,
                presentation_id=presented.presentation_id,
                document_type=choice.document_type,
                language=choice.language,
                template_sha256=self._parts.renderer.catalogue.template_sha256(choice.document_type),
                station=ready.name,
                sign_presence=sign_presence,
            )
        say(logged.GRANTED, reference=issued.reference, type=choice.document_type)
        say(logged.SIGNED, reference=issued.reference, sha256=hashlib.sha256(issued.pdf).hexdigest())
        errand.issued = issued
        if errand.over:
            await self.void(errand)
            return
        self._tell(errand, e.Issued())

    # --- the paper ------------------------------------------------------------------------------------

    async def print(self, errand: Errand) -> None:
        """Put it on paper: Printing…, Printed, Failed, PaperUnknown."""
        issued = errand.issued
        assert issued is not None  # noqa: S101 - the table: TAKE_CARD follows Issued
        errand.issued = None
        errand.forget_person()

        async def progress(seen: Progress) -> None:
            self._tell(errand, e.Printing(seen.pages, seen.of, tuple(sorted(c.value for c in seen.conditions))))

        with errand.watch.rest("paper"):
            ending = await self._parts.issuance.put_on_paper(issued, progress)
        say(logged.VISIT_TIMES, **errand.watch.milliseconds())
        self._ended(ending)
        if ending.code is None:
            self._tell(errand, e.Printed())
        elif ending.outcome is Outcome.UNKNOWN:
            errand.issued = issued
            self._tell(errand, paper.PaperUnknown(ending.code))
        else:
            self._tell(errand, e.Failed(ending.code))

    async def answer(self, errand: Errand, seen: paper.Seen) -> None:
        """Write down what the citizen says of a paper of which nothing is known. Raises LedgerError."""
        self._parts.issuance.answered(_unknown(errand), CameOut(seen))

    async def confirm(self, errand: Errand) -> None:
        """A member of staff has seen the whole of it: Printed. Raises LedgerError."""
        ending = await self._parts.issuance.confirm(_unknown(errand))
        errand.issued = None
        self._ended(ending)
        self._tell(errand, e.Printed())

    async def void_paper(self, errand: Errand) -> None:
        """Nobody has: PaperVoided, and whether another can be printed at once. Raises LedgerError."""
        told = await self.void(errand)
        self._tell(errand, paper.PaperVoided(again=told and await self._can_print(errand)))

    async def void(self, errand: Errand) -> bool:
        """Give back what was issued, if anything was: whether the registry knows. Raises LedgerError."""
        issued, errand.issued = errand.issued, None
        settled = issued is not None and await self._parts.issuance.void(issued)
        if issued is not None and settled:
            self._settled(issued.reference, "voided")
        return settled

    async def _can_print(self, errand: Errand) -> bool:
        assert errand.choice is not None  # noqa: S101 - the table
        try:
            await self._ready_station(errand.choice.document_type)
        except (PrinterError, NoPrinter):
            return False
        return True

    def _ended(self, ending: Ending) -> None:
        self.ending = ending
        say(logged.PAPER, reference=ending.reference, outcome=ending.outcome.value, evidence=ending.evidence.value)
        if ending.settled:
            self._settled(ending.reference, "printed" if ending.outcome is Outcome.PRINTED else "voided")

    def _settled(self, reference: str, outcome: str) -> None:
        say(logged.SETTLED, reference=reference, outcome=outcome)
        self._on_settled()


async def _refusal(station: Station) -> PrinterError | None:
    """Why no page would come out of it now; None where one would."""
    try:
        await check_printer(station.printer)
    except PrinterError as error:
        return error
    return None


def _unknown(errand: Errand) -> Issued:
    assert errand.issued is not None  # noqa: S101 - the table: only where PaperUnknown was said
    return errand.issued
