"""A visit and the recovery of an earlier one at the same time: neither takes the other's paper, none tells twice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from model_books import check
from model_kiosk import ACT, SHA, Kiosk, Visit
from model_world import World
from test_every_step import moments, new_history

from kiosk.issuance.records import StationName

OFFSETS = [step / 20 for step in range(30)]
"""Seconds into the visit, from its first request to the paper."""


@pytest.mark.parametrize("station", ["laser", "thermal"])
def test_a_recovery_waits_for_the_paper_that_is_being_printed(station: Any) -> None:
    sent = moments(Visit(station)).index("after printer submit")
    for offset in OFFSETS:
        with new_history() as history:
            history.visit(Visit(station), cut=sent)
            history.visit(Visit(station, meanwhile=offset))  # with no fault of its own it must be printed


def test_a_settlement_told_by_two_at_once_stands_once(folder: Path) -> None:
    """The screen died in mid-print; the end of the visit and the time between visits both close the grant."""
    for number, offset in enumerate(OFFSETS):
        place = folder / str(number)
        place.mkdir()
        world = World(place)
        kiosk = Kiosk(world)
        kiosk._loop.run_until_complete(_both(kiosk, offset))
        check(world, at_rest=True)
        kiosk.stop()


async def _both(kiosk: Kiosk, offset: float) -> None:
    issued = await kiosk.issuance.prepare(
        ACT,
        presentation_id="0f" * 16,
        document_type="birth-extract",
        language="ar",
        template_sha256=SHA,
        station=StationName.LASER,
        sign_presence=kiosk._card,
    )
    kiosk.world.faults = frozenset({"screen-dies"})
    with pytest.raises(ConnectionResetError):
        await kiosk.issuance.put_on_paper(issued, kiosk._screen)
    kiosk.world.faults = frozenset()
    delivering = asyncio.ensure_future(kiosk.issuance.deliver())
    await asyncio.sleep(offset / 10)
    await kiosk.issuance.void(issued)
    await delivering
