"""The ticket: from the signed bytes to bands of dots beside pdfium and plain `GS v 0`, and a whole strip by the
driver beside the same bands written to the same printer without a question.

`first-band` and `last-band` are of one run: both sides draw the whole strip before the first band is there, as pdfium
draws pages and not bands. The simulated printer of `strip` burns as quickly as it can be sent to.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pypdfium2

from benchmarks.measure import Stage, same
from benchmarks.papers import Papers
from config.schema import Settings
from drivers.printers.escpos import commands
from drivers.printers.escpos.bitmap import read_bitmaps
from drivers.printers.escpos.models import Model, load_model
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.port import Intake, JobState
from drivers.simulated.thermal import VirtualThermal
from kiosk.simulation.townhall import TICKET_PRINTER, TownHall
from printing.raster import prepare
from signing.client import SignerClient

_DEADLINE_S = 30.0
_POLL_S = 0.002
_TRUE_ECHO = b"\x37\x22"
_BLACK_BELOW = 160


def measure(hall: TownHall, settings: Settings, papers: Papers, rounds: int) -> list[Stage]:
    """`first-band`, `last-band` and `strip`, of a ticket in Arabic as the signer makes it."""
    signed = asyncio.run(_ticket(settings, papers))
    model = load_model(TICKET_PRINTER)
    with VirtualThermal(hall.folder / "quick-ticket-printer", model=TICKET_PRINTER, speed=0) as thermal:
        strip = asyncio.run(_strips(thermal.address, signed, model, rounds))
    return [*_bands(signed, model, rounds), strip]


async def _ticket(settings: Settings, papers: Papers) -> bytes:
    signer = SignerClient(settings.signer.socket, settings.documents.render_deadline)
    paper = next(papers)
    document = await signer.issue(paper.act_jws, paper.grant_jws, form="ticket")
    await signer.forget(paper.grant.grant_id)
    return document.pdf


def _ours(signed: bytes, model: Model) -> Iterator[bytes]:
    (page,) = read_bitmaps(prepare(signed, Intake("image/x-portable-bitmap", model.dpi, model.width)), model.width)
    return (commands.raster(rows, page.width) for rows in page.bands(model.band))


def _plain(signed: bytes, model: Model) -> Iterator[bytes]:
    """pdfium's greys, one comparison a dot, eight dots a byte, and the command before each band."""
    page = pypdfium2.PdfDocument(signed)[0]
    grey = page.render(scale=model.width / page.get_width(), grayscale=True).to_pil()
    dots = grey.crop((0, 0, model.width, grey.height)).point([255 * (v >= _BLACK_BELOW) for v in range(256)], "1")
    rows = dots.tobytes("raw", "1;I")
    across = model.width // 8
    for at in range(0, len(rows), model.band * across):
        band = rows[at : at + model.band * across]
        yield b"\x1dv0\x00" + bytes((across, 0)) + (len(band) // across).to_bytes(2, "little") + band


def _bands(signed: bytes, model: Model, rounds: int) -> list[Stage]:
    first = Stage("first-band", "signed PDF → first band, prepare and driver", "pdfium and plain GS v 0")
    last = Stage("last-band", "signed PDF → last band, prepare and driver", "pdfium and plain GS v 0")
    for _ in range(rounds + 1):
        ours = _timed(_ours, signed, model, first.ours.times, last.ours.times)
        floor = _timed(_plain, signed, model, first.floor.times, last.floor.times)
        same(len(ours), len(floor), "the numbers of bands")
        same({len(band) for band in ours[:-1]}, {len(band) for band in floor[:-1]}, "the bands' sizes")
    last.counts.update(bands=len(ours), bytes=sum(map(len, ours)))
    return [first.set_first_apart(), last.set_first_apart()]


def _timed(side: object, signed: bytes, model: Model, first: list[float], last: list[float]) -> list[bytes]:
    assert callable(side)
    start = time.perf_counter()
    bands = iter(side(signed, model))
    got = [next(bands)]
    first.append((time.perf_counter() - start) * 1000)
    got += bands
    last.append((time.perf_counter() - start) * 1000)
    return got


async def _strips(address: str, signed: bytes, model: Model, rounds: int) -> Stage:
    stage = Stage("strip", "ThermalPrinter until echoed", "the same bands by a bare socket until echoed")
    for turn in range(rounds + 1):
        printer = ThermalPrinter(address, model, _DEADLINE_S)
        with stage.ours.measured():
            job_id = await printer.submit(prepare(signed, await printer.intake()), title="bench")
            while (job := await printer.job(job_id)).state is JobState.PROCESSING:
                await asyncio.sleep(_POLL_S)
        if job.state is not JobState.COMPLETED:
            raise RuntimeError(f"the benchmark's strip was not printed: {job.state}")
        await printer.close()  # one line at a time
        with stage.floor.measured():
            await _bare_strip(address, signed, model, 1 + turn)
    return stage.set_first_apart()


async def _bare_strip(address: str, signed: bytes, model: Model, number: int) -> None:
    where = urlsplit(address)
    reader, writer = await asyncio.open_connection(where.hostname, where.port)
    try:
        writer.write(commands.INITIALIZE)
        for band in _plain(signed, model):
            writer.write(band)
            await writer.drain()
        writer.write(commands.cut(model.cutter) + commands.echo(number))
        await reader.readuntil(_TRUE_ECHO + commands.characters(number) + b"\x00")
    finally:
        writer.close()
        await writer.wait_closed()
