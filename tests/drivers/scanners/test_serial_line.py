"""A scanner on a serial line: a pseudo-terminal."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from drivers.scanners.errors import ScannerAbsent, ScannerBusy, ScannerError, ScannerFault
from drivers.scanners.port import Zone
from drivers.scanners.serial_line import SerialLine
from drivers.simulated.scanner_line import SimulatedLine
from tests.drivers.scanners.zones import ALL, ANOTHER, TD1, TD3, find, text

_PAUSE = 0.05
_STX, _ETX = "\x02", "\x03"


@asynccontextmanager
async def listening(line: SimulatedLine, pause: float = _PAUSE) -> AsyncGenerator[AsyncGenerator[Zone, None], None]:
    async with SerialLine(line.device, find, pause=pause) as scanner, aclosing(scanner.events()) as zones:
        line.let_go()
        yield zones


async def zones_of(*sent: str, pause: float = _PAUSE) -> list[Zone]:
    """One zone for each thing sent."""
    with SimulatedLine() as line:
        async with listening(line, pause) as zones:
            found = []
            for words in sent:
                waiting = asyncio.ensure_future(anext(zones))
                await asyncio.sleep(0)  # so that what is sent is not from before anybody asked
                line.send(words)
                found.append(await waiting)
            return found


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n", ""], ids=["CR", "LF", "CRLF", "no end"])
@pytest.mark.parametrize("lines", ALL, ids=["TD1", "TD2", "TD3"])
def test_each_zone_with_each_end(lines: tuple[str, ...], end: str) -> None:
    assert asyncio.run(zones_of(text(lines, end))) == [Zone(lines)]


def test_a_frame_begins_anew() -> None:
    """What stands before STX is of no scan."""
    halves = f"{TD1[0]}\r{_STX}{TD1[1]}\r{TD1[2]}\r{_ETX}"
    assert asyncio.run(zones_of(halves + _STX + text(TD3) + _ETX)) == [Zone(TD3)]


def test_a_frame_ends_at_once() -> None:
    framed = _STX + text(ANOTHER, "") + _ETX
    assert asyncio.run(zones_of(framed, framed, pause=3600.0)) == [Zone(ANOTHER), Zone(ANOTHER)]


def test_whatever_else_comes_is_dropped() -> None:
    noise = "".join(map(chr, range(256))) * 40
    spoiled = text((TD1[0], TD1[1][::-1], TD1[2]))
    assert asyncio.run(zones_of(noise + _STX + spoiled + _ETX + text(TD1, "\r"))) == [Zone(TD1)]


def test_what_was_sent_before_anybody_asked_is_dropped() -> None:
    async def scan() -> Zone:
        with SimulatedLine() as line:
            async with SerialLine(line.device, find, pause=_PAUSE) as scanner:
                line.send(text(TD1))
                async with aclosing(scanner.events()) as zones:
                    waiting = asyncio.ensure_future(anext(zones))
                    await asyncio.sleep(0)
                    line.send(text(ANOTHER))
                    return await waiting

    assert asyncio.run(scan()) == Zone(ANOTHER)


def test_a_cable_that_is_pulled_out_is_told() -> None:
    async def scan() -> None:
        with SimulatedLine() as line:
            async with listening(line) as zones:
                waiting = asyncio.ensure_future(anext(zones))
                await asyncio.sleep(0)
                line.send(TD1[0])
                line.unplug()
                await waiting

    with pytest.raises(ScannerAbsent):
        asyncio.run(scan())


async def open_once(device: str) -> None:
    async with SerialLine(device, find):
        pass


def test_a_line_that_cannot_be_had(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no line")
    refused: dict[str, type[ScannerError]] = {"none": ScannerAbsent, "file": ScannerFault}
    for name, error in refused.items():
        with pytest.raises(error):
            asyncio.run(open_once(str(tmp_path / name)))


def test_a_line_is_had_by_one_and_let_go_of() -> None:
    async def twice() -> None:
        with SimulatedLine() as line:
            async with SerialLine(line.device, find):
                with pytest.raises(ScannerBusy):
                    await open_once(line.device)
            await open_once(line.device)

    asyncio.run(twice())
