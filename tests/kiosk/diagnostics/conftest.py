"""A town hall with a running kiosk, and the diagnosis of it in this process."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config import Settings, load
from drivers.simulated.reader import VirtualReader
from drivers.smartcard import readers_with_card
from kiosk.diagnostics import Check, here, run
from kiosk.simulation.townhall import TownHall


class Bench:
    """`hall` and, for this process, its settings."""

    def __init__(self, hall: TownHall) -> None:
        self.hall = hall
        settings = load(hall.configuration).settings
        unnamed = settings.reader.model_copy(update={"pcscd_socket": None})
        self.settings: Settings = settings.model_copy(update={"reader": unnamed})

    def check(self, name: str | None = None, *, installing: bool = False, **place: Any) -> Any:
        """Every check by name, or the one of that name; `place` is what is other than here."""

        async def checks() -> dict[str, Check]:
            settings = place.pop("settings", self.settings)
            there = dataclasses.replace(here(settings, installing=installing), **place)
            return {check.name: check async for check in run(settings, place=there)}

        found = asyncio.run(checks())
        return found if name is None else found[name]

    def insert(self, image: Path | None = None) -> None:
        """Amina's card, or another, into the reader; returns once PC/SC sees it."""
        self.hall.hand.insert(image or self.hall.cards["amina"].file)
        while not readers_with_card():
            pass

    def remove(self) -> None:
        self.hall.remove()
        while readers_with_card():
            pass

    def with_settings(self, section: str, **changes: Any) -> Settings:
        changed = getattr(self.settings, section).model_copy(update=changes)
        return self.settings.model_copy(update={section: changed})


@pytest.fixture(scope="package")
def running_bench() -> Iterator[Bench]:
    with (
        tempfile.TemporaryDirectory(prefix="shubbak-") as folder,
        TownHall(Path(folder)) as hall,
    ):
        hall.start("signer", "session")
        yield Bench(hall)


@pytest.fixture
def bench(running_bench: Bench, use_reader: Callable[[VirtualReader], None]) -> Bench:
    use_reader(running_bench.hall.reader)  # whatever tests ran in between
    return running_bench
