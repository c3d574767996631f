"""Scanners held while they are there, and taken again when they come back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from types import TracebackType
from typing import Self

import pytest

from drivers.scanners.errors import ScannerAbsent, ScannerError
from drivers.scanners.keeper import Scanners
from drivers.scanners.port import Zone
from tests.drivers.scanners.zones import ANOTHER, TD1

_NEVER = 3600.0


class Played:
    """A scanner that gives what the test puts in: zones, errors that end it, faults of ours."""

    def __init__(self, name: str, *, on_demand: bool = False) -> None:
        self.name = name
        self.on_demand = on_demand
        self.held = 0
        self.absent = False
        self.hand: asyncio.Queue[Zone | Exception] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        if self.absent:
            raise ScannerAbsent("away")
        self.held += 1
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.held -= 1

    async def events(self) -> AsyncGenerator[Zone, None]:
        while True:
            thing = await self.hand.get()
            if isinstance(thing, Exception):
                raise thing
            yield thing


class Kept:
    def __init__(self, *played: Played, retry: float = _NEVER) -> None:
        self.told: asyncio.Queue[tuple[str, str | None]] = asyncio.Queue()
        self.scanners = Scanners(played, lambda name, code: self.told.put_nowait((name, code)), retry=retry)

    async def __aenter__(self) -> Self:
        self.scanners.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.scanners.stop()


def test_a_zone_goes_to_whoever_waits_and_to_nobody_later() -> None:
    async def visit() -> None:
        wedge = Played("wedge")
        async with Kept(wedge) as kept:
            assert await kept.told.get() == ("wedge", None)
            wedge.hand.put_nowait(Zone(ANOTHER))
            while not wedge.hand.empty():
                await asyncio.sleep(0)
            async with aclosing(kept.scanners.zones()) as zones:
                waiting = asyncio.ensure_future(anext(zones))
                await asyncio.sleep(0)
                wedge.hand.put_nowait(Zone(TD1))
                assert await waiting == Zone(TD1)
        assert wedge.held == 0

    asyncio.run(visit())


def test_a_camera_is_held_only_while_somebody_waits() -> None:
    async def visit() -> None:
        camera = Played("camera", on_demand=True)
        async with Kept(camera) as kept:
            assert camera.held == 0
            async with aclosing(kept.scanners.zones()) as zones:
                camera.hand.put_nowait(Zone(TD1))
                assert await anext(zones) == Zone(TD1)
                assert camera.held == 1
            assert camera.held == 0

    asyncio.run(visit())


@pytest.mark.parametrize("lost", [ScannerAbsent("pulled out"), ValueError("a fault of ours")])
def test_one_that_went_is_told_once_and_taken_again_as_it_comes(lost: Exception) -> None:
    async def day() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))
        wedge = Played("wedge")
        async with Kept(wedge) as kept:
            assert await kept.told.get() == ("wedge", None)
            wedge.absent = True
            wedge.hand.put_nowait(lost)
            name, code = await kept.told.get()
            assert name == "wedge" and code == getattr(lost, "code", "E-SCANNER-FAULT")
            assert wedge.held == 0
            wedge.absent = False
            await asyncio.sleep(0)
            kept.scanners.look()
            assert await kept.told.get() == ("wedge", None)
            assert kept.scanners.states == {"wedge": None} and wedge.held == 1

    reported: list[Exception] = []
    asyncio.run(day())
    assert reported == ([] if isinstance(lost, ScannerError) else [lost])


def test_one_that_is_away_is_tried_again_without_a_word() -> None:
    async def day() -> None:
        wedge = Played("wedge")
        wedge.absent = True
        async with Kept(wedge, retry=0.001) as kept:
            assert await kept.told.get() == ("wedge", "E-SCANNER-ABSENT")
            wedge.absent = False
            assert await kept.told.get() == ("wedge", None)

    asyncio.run(day())


def test_one_that_is_away_takes_nothing_from_the_others() -> None:
    async def visit() -> None:
        wedge, camera = Played("wedge"), Played("camera", on_demand=True)
        wedge.absent = True
        async with Kept(wedge, camera) as kept, aclosing(kept.scanners.zones()) as zones:
            camera.hand.put_nowait(Zone(TD1))
            assert await anext(zones) == Zone(TD1)
            assert kept.scanners.states == {"wedge": "E-SCANNER-ABSENT", "camera": None}

    asyncio.run(visit())


def test_two_cannot_wait_at_once() -> None:
    async def visit() -> None:
        async with Kept() as kept, aclosing(kept.scanners.zones()) as zones:
            first = asyncio.ensure_future(anext(zones))
            await asyncio.sleep(0)
            async with aclosing(kept.scanners.zones()) as others:
                with pytest.raises(RuntimeError):
                    await anext(others)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    asyncio.run(visit())
