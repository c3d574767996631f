"""Where each field of a machine readable zone stands, and which characters it may hold.

TD1, 3 x 30  I DZA 123456789 C OOOOOOOOOOOOOOO      code, issuer, document number, check, optional data
             YYMMDD C S YYMMDD C NNN OOOOOOOOOOO C  birth, check, sex, expiry, check, nationality, optional, check
             SURNAME<<GIVEN<NAMES<<<<<<<<<<<<<<
TD2, 2 x 36  I DZA SURNAME<<GIVEN<NAMES<<<<<<<<<<<<
             123456789 C NNN YYMMDD C S YYMMDD C OOOOOOO C
TD3, 2 x 44  P DZA SURNAME<<GIVEN<NAMES<<<<<<<<<<<<<<<<<<<<
             123456789 C NNN YYMMDD C S YYMMDD C OOOOOOOOOOOOOO C C

(ICAO 9303-5, -6 and -4, §4.2.) Places are counted in the lines put end to end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

ZoneSize = Literal["TD1", "TD2", "TD3"]
Kind = Literal["letters", "digits", "sex", "any"]
_WEIGHTS = (7, 3, 1)
_DATE = 6


def check_digit(text: str) -> str:
    """The check digit over `text` (ICAO 9303-3 §4.9): 0-9 as they are, A-Z from 10, `<` as zero."""
    total = 0
    for place, character in enumerate(text):
        value = 0 if character == "<" else int(character, 36)
        total += value * _WEIGHTS[place % 3]
    return str(total % 10)


@dataclass(frozen=True, slots=True)
class Layout:
    """One size of zone. Each slice is a field; a number or date is followed by its check digit."""

    size: ZoneSize
    lines: int
    width: int
    number: slice
    nationality: slice
    birth: slice
    expiry: slice
    optional: tuple[slice, ...]
    """Optional data, that first into which a long document number runs on."""
    optional_check: int | None
    names: slice
    composite: tuple[slice, ...]
    composite_check: int

    @property
    def code(self) -> slice:
        return slice(0, 2)

    @property
    def state(self) -> slice:
        return slice(2, 5)

    @property
    def sex(self) -> int:
        return int(self.birth.stop) + 1

    @property
    def length(self) -> int:
        return self.lines * self.width

    @property
    def checked(self) -> tuple[slice, ...]:
        """The fields that have a check digit of their own right behind them, the document number first."""
        return self.number, self.birth, self.expiry

    def kinds(self) -> Iterator[Kind]:
        """What each place of the zone may hold, in order."""
        places: list[Kind] = ["any"] * self.length
        for field in (self.code, self.state, self.nationality, self.names):
            places[field] = ["letters"] * (field.stop - field.start)
        for date in (self.birth, self.expiry):
            places[date] = ["digits"] * _DATE
        for check in (*(field.stop for field in self.checked), self.composite_check, self.optional_check):
            if check is not None:
                places[check] = "digits"
        places[self.sex] = "sex"
        return iter(places)


def _card() -> Layout:
    return Layout(
        size="TD1",
        lines=3,
        width=30,
        number=slice(5, 14),
        nationality=slice(45, 48),
        birth=slice(30, 36),
        expiry=slice(38, 44),
        optional=(slice(15, 30), slice(48, 59)),
        optional_check=None,
        names=slice(60, 90),
        composite=(slice(5, 30), slice(30, 37), slice(38, 45), slice(48, 59)),
        composite_check=59,
    )


def _two_lines(size: ZoneSize, width: int, *, optional_check: int | None) -> Layout:
    end = 2 * width - 1
    return Layout(
        size=size,
        lines=2,
        width=width,
        number=slice(width, width + 9),
        nationality=slice(width + 10, width + 13),
        birth=slice(width + 13, width + 19),
        expiry=slice(width + 21, width + 27),
        optional=(slice(width + 28, end if optional_check is None else optional_check),),
        optional_check=optional_check,
        names=slice(5, width),
        composite=(slice(width, width + 10), slice(width + 13, width + 20), slice(width + 21, end)),
        composite_check=end,
    )


LAYOUTS = (_card(), _two_lines("TD2", 36, optional_check=None), _two_lines("TD3", 44, optional_check=86))
