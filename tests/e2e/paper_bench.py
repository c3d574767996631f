"""The true drivers and the simulated printers, under the issuance and its ledger; everything else is the model's.

A document carries its grant's id twice in QR codes, at its head and at its foot: whoever reads both holds a whole one.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import segno
from keeper_of_tests import KEEPER
from model_edges import SHA, Registry, SignedPdf, others_go_on
from model_kiosk import ACT
from model_world import World
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Ending, Issuance
from kiosk.issuance.records import CameOut, Outcome
from kiosk.issuance.rules import evidence_in, outcome_of
from kiosk.issuance.station import Station
from printing.job import OnProgress, Progress, print_document
from signing.picture import texts_in_picture

TICKET = (72 * mm, 90 * mm)
SHEET = (210 * mm, 297 * mm)


def document(grant_id: str, form: str) -> bytes:
    """A ticket with a code at either end, or two sheets with one each."""
    size = TICKET if form == "ticket" else SHEET
    written = io.BytesIO()
    canvas = Canvas(written, pagesize=size)
    _code(canvas, f"head {grant_id}", size[1] - 40 * mm)
    if form == "a4":
        canvas.showPage()
    _code(canvas, f"foot {grant_id}", 6 * mm)
    canvas.save()
    return written.getvalue()


def _code(canvas: Canvas, text: str, bottom: float) -> None:
    rows = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)]
    module = 34 * mm / len(rows)
    for y, row in enumerate(reversed(rows)):
        for x, dark in enumerate(row):
            if dark:
                canvas.rect(15 * mm + x * module, bottom + y * module, module, module, stroke=0, fill=1)


class Signer:
    async def issue(self, act_jws: str, grant_jws: str, form: str) -> SignedPdf:
        await others_go_on()
        pdf = document(grant_jws.removeprefix("grant."), form)
        return SignedPdf(pdf, hashlib.sha256(pdf).hexdigest())

    async def forget(self, grant_id: str) -> None:
        return None


async def nobody_looks(progress: Progress) -> None:
    return None


class Bench:
    """One kiosk after another at one printer; `pictures` is where its papers fall."""

    def __init__(self, folder: Path, pictures: Path) -> None:
        self.world = World(folder)
        self._pictures = pictures

    def life(self, station: Station) -> Life:
        """A kiosk's process; the printer's object is new, and knows nothing of the one before."""
        return Life(self.world, station)

    def audit(self) -> list[Outcome | None]:
        """Every grant's outcome, oldest first; AssertionError where papers and ledger disagree."""
        with Ledger.view(self.world.ledger) as ledger:
            assert ledger.verify().valid and ledger.open_grants() == ()
            subjects = list(dict.fromkeys(entry.subject for entry in ledger.entries()))
            books = {grant: ledger.records(grant) for grant in subjects}
        codes: Counter[str] = Counter()
        scraps = 0
        for picture in sorted(self._pictures.glob("[0-9]*.png")):
            read = {text for text in texts_in_picture(picture.read_bytes()) if text[:5] in ("head ", "foot ")}
            assert len({text[5:] for text in read}) <= 1, f"two citizens on one paper: {picture.name}"
            codes.update(read)
            scraps += not read
        assert max(codes.values(), default=0) <= 1, "a second original"
        assert {text[5:] for text in codes} <= set(books), "a paper that is in no ledger"
        outcomes = [outcome_of(records) for records in books.values()]
        for grant, records in books.items():
            seen = {text[:4] for text in codes if text[5:] == grant}
            settlement: dict[str, Any] = self.world.state["grants"][grant]["settlement"]
            assert settlement["outcome"] == ("PRINTED" if outcome_of(records) is Outcome.PRINTED else "VOIDED")
            if outcome_of(records) is Outcome.PRINTED:
                assert seen == {"head", "foot"} and evidence_in(records) != "none", (grant, seen)
            elif outcome_of(records) is Outcome.FAILED:
                assert not seen, "failed, and it is on paper"
        return outcomes


@dataclass
class Life:
    world: World
    station: Station

    def __post_init__(self) -> None:
        self._ledger = Ledger.open(self.world.ledger, KEEPER)
        self.issuance = Issuance(
            self._ledger, Registry(self.world), Signer(), stations=[self.station], print_document=print_document
        )

    async def visit(self, on_progress: OnProgress = nobody_looks) -> Ending:
        """One citizen's, who sees nothing of an unknown paper."""
        issued = await self.issuance.prepare(
            ACT,
            presentation_id="0f" * 16,
            document_type="birth-extract",
            language="ar",
            template_sha256=SHA,
            station=self.station.name,
            sign_presence=self._card,
        )
        ending = await self.issuance.put_on_paper(issued, on_progress)
        if ending.outcome is Outcome.UNKNOWN:
            self.issuance.answered(issued, CameOut.SILENT)
            await self.issuance.void(issued)
        return ending

    async def _card(self, nonce: bytes) -> bytes:
        return nonce

    async def end(self) -> None:
        await self.station.printer.close()
        self._ledger.close()
