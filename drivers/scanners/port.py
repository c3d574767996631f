"""The port of a scanner: zones, and nothing else.

    async with wedge as scanner:                      # the device is taken, for us alone
        async with aclosing(scanner.events()) as zones:
            async for zone in zones: …

What is not a whole zone with right check digits is dropped where it is read; nobody sees it and no log has it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self


@dataclass(frozen=True, slots=True, repr=False)
class Zone:
    """The lines of a machine readable zone as they were read: three of 30 characters, two of 36, or two of 44
    (ICAO 9303-5, -6, -4), whose check digits hold. Names have no check digit: they may be misread."""

    lines: tuple[str, ...]


Find = Callable[[str], Zone | None]
"""Looks for a zone in text that may hold anything: line ends, noise, halves of other scans. It answers only with
lines whose check digits hold, and raises nothing."""


class MrzScanner(Protocol):
    """Taken when entered, let go when left."""

    @property
    def name(self) -> str:
        """Which it is, for logs: `wedge`, `serial`, `camera`."""

    @property
    def on_demand(self) -> bool:
        """Whether it is taken only while somebody waits for a zone, as a camera is. The others are held always, so
        that what they send goes nowhere else."""

    async def __aenter__(self) -> Self:
        """Raises ScannerError."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def events(self) -> AsyncGenerator[Zone, None]:
        """The zones scanned from now on. Raises ScannerError when the scanner can give no more."""
