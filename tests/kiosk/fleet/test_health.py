"""What the agent learns of a session by its control socket, and when it may switch."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kiosk.fleet.health import SessionHealth, SessionQuiet
from kiosk.session.control import PARTS, ControlServer, Health


class Served:
    """A session's control socket, with the visit that the test wants."""

    def __init__(self, path: Path) -> None:
        self.codes: dict[str, str] = {}
        self.free = asyncio.Event()
        self.asked = asyncio.Event()
        self.holds = 0
        self.server = ControlServer(path, self.health, self.held)

    def health(self) -> Health:
        parts = {part: self.codes.get(part) for part in PARTS}
        return Health(release=7, between_visits=self.free.is_set(), parts=parts)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        self.asked.set()
        await self.free.wait()
        self.holds += 1
        try:
            yield
        finally:
            self.holds -= 1


@pytest.fixture
def control() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder:
        yield Path(folder) / "control.sock"


def test_health_is_what_the_session_says(control: Path) -> None:
    async def ask() -> None:
        served = Served(control)
        await served.server.start()
        health = SessionHealth(control)
        assert await health.faults() == {} and await health.release() == 7
        served.codes["signer"] = "E-SIGN-TOKEN-ABSENT"
        served.codes["laser"] = "E-PRINTER-PAPER-OUT"  # no release empties a tray
        assert await health.faults() == {"signer": "E-SIGN-TOKEN-ABSENT"}
        served.codes["laser"] = "E-PRINTER-UNREACHABLE"
        assert await health.faults() == {"signer": "E-SIGN-TOKEN-ABSENT", "laser": "E-PRINTER-UNREACHABLE"}
        await served.server.stop()

    asyncio.run(ask())


BY_HAND = [
    ("laser", "E-PRINTER-JAM"),
    ("laser", "E-PRINTER-TONER-EMPTY"),
    ("laser", "E-PRINTER-PAPER-OUT"),
    ("laser", "E-PRINTER-STOPPED"),
    ("laser", "E-PRINTER-JOB-LEFT"),
    ("thermal", "E-PRINTER-COVER-OPEN"),
    ("thermal", "E-PRINTER-CUTTER"),
    ("thermal", "E-KIOSK-PAPER-USED-UP"),
    ("clock", "E-CLOCK-SKEW"),
    ("disk", "E-DISK-FULL"),
]
BY_RELEASE = [
    ("thermal", "E-PRINTER-UNREACHABLE"),
    ("laser", "E-PRINTER-UNFIT"),
    ("laser", "E-PRINTER-CERTIFICATE"),
    ("certificate", "E-CERTIFICATE-EXPIRED"),
    ("session", "E-PRINTER-MODEL"),
]


@pytest.mark.parametrize(("part", "code"), BY_HAND + BY_RELEASE)
def test_what_no_release_can_cause_is_no_fault_of_it(control: Path, part: str, code: str) -> None:
    async def ask() -> None:
        served = Served(control)
        served.codes[part] = code
        await served.server.start()
        assert await SessionHealth(control).faults() == ({} if (part, code) in BY_HAND else {part: code})
        await served.server.stop()

    asyncio.run(ask())


def test_a_session_that_is_away_is_a_fault_and_runs_no_release(control: Path) -> None:
    health = SessionHealth(control)
    assert asyncio.run(health.faults()) == {"session": "E-KIOSK-SESSION-AWAY"}
    assert asyncio.run(health.release()) is None


def test_the_switch_waits_for_the_visit_and_holds_off_the_next(control: Path) -> None:
    async def switch() -> None:
        served = Served(control)
        await served.server.start()
        inside = asyncio.Event()
        done = asyncio.Event()

        async def work() -> None:
            async with SessionQuiet(control).between_visits():
                inside.set()
                await done.wait()

        working = asyncio.create_task(work())
        await served.asked.wait()
        assert not inside.is_set()  # a citizen is being served
        served.free.set()
        await inside.wait()
        assert served.holds == 1
        done.set()
        await working
        while served.holds:  # let go as soon as the session sees our end of the line
            await asyncio.sleep(0)
        await served.server.stop()

    asyncio.run(asyncio.wait_for(switch(), 30))


def test_where_no_session_is_nobody_is_served(control: Path) -> None:
    async def switch() -> bool:
        async with SessionQuiet(control).between_visits():
            return True

    assert asyncio.run(switch())
