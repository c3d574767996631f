"""Laying a block of type out: its lines, and one pitch for all of them (ICAO 9303-3 §4.4: OCR-B of size 1, ten to
the inch), so that every character has its place even where one is faint, and where the card is seen from aside."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from drivers.scanners.ocr import Grid, Numbers, Picture, terms

SHAPES = ((3, 30), (2, 36), (2, 44))
"""Lines and characters of TD1, TD2 and TD3 (ICAO 9303-5, -6, -4)."""
_FEWEST_IN_LINE = 18
_FEWEST, _MOST = 40, 500
_STEEPEST, _STEP = 0.05, 0.0025
_LONGEST_GAP = 4.5
"""In pitches, between two characters of a line: so many between them may be too faint to be seen."""
_RECENT = 6


@dataclass(slots=True)
class _Line:
    """Characters' places from the left, and their columns, counted from the first."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)

    def height(self, slope: float, x: float) -> float:
        """How high it should run at `x`, by the last of its characters and its own slope once it is long enough."""
        last_x, last_y = (sum(last[-_RECENT:]) / len(last[-_RECENT:]) for last in (self.x, self.y))
        if len(self.x) >= 3 * _RECENT:
            first_x, first_y = (sum(first[:_RECENT]) / _RECENT for first in (self.x, self.y))
            slope = (last_y - first_y) / max(last_x - first_x, 1.0)
        return last_y + slope * (x - last_x)


def lay_out(picture: Picture) -> Grid | None:
    """None when it does not have a zone's lines and columns."""
    specks = _specks(picture)
    if specks is None:
        return None
    x, y, tall = specks
    steps = np.arange(-_STEEPEST, _STEEPEST + _STEP, _STEP)
    slope = float(max(steps, key=lambda step: _levelness(y - step * x)))
    lines = _lines(x, y, tall, slope)
    if len(lines) not in {count for count, _ in SHAPES}:
        return None
    _count(lines)
    return _fit(picture, lines)


def _specks(picture: Picture) -> tuple[Numbers, Numbers, float] | None:
    """Centres of what may be characters, from the left, and their height."""
    dark = cv2.adaptiveThreshold(
        cv2.GaussianBlur(picture, (5, 5), 0), 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 61, 12
    )
    _, _, found, _ = cv2.connectedComponentsWithStats(dark)
    left, top, wide, tall, area = (np.asarray(column, dtype=np.float64) for column in found[1:].T)
    likely = (tall > 12) & (tall < 70) & (wide > 5) & (wide < 60) & (area > 60)
    if not _FEWEST <= int(likely.sum()) <= _MOST:
        return None
    usual = float(np.median(tall[likely]))
    likely &= (tall > 0.5 * usual) & (tall < 1.5 * usual)
    x, y = (left + wide / 2)[likely], (top + tall / 2)[likely]
    order = np.argsort(x)
    return x[order], y[order], usual


def _levelness(y: Numbers) -> float:
    """The greater, the more centres share their height."""
    counts, _ = np.histogram(y, bins=np.arange(y.min() - 2, y.max() + 6, 4))
    return float((counts.astype(np.float64) ** 2).sum())


def _lines(x: Numbers, y: Numbers, tall: float, slope: float) -> list[_Line]:
    """The lines that are long enough, from above: each character goes on the line that runs nearest to it."""
    lines: list[_Line] = []
    for here, high in zip(x.tolist(), y.tolist(), strict=True):
        going = [line for line in lines if here - line.x[-1] < _LONGEST_GAP * tall]
        off = [abs(line.height(slope, here) - high) for line in going]
        if off and min(off) < 0.45 * tall:
            nearest = going[off.index(min(off))]
        else:
            nearest = _Line()
            lines.append(nearest)
        nearest.x.append(here)
        nearest.y.append(high)
    long = [line for line in lines if len(line.x) >= _FEWEST_IN_LINE]
    return sorted(long, key=lambda line: line.y[0])


def _count(lines: list[_Line]) -> None:
    """Gives each character its column. The lines begin under one another; the pitch changes slowly along them."""
    usual = float(np.median(np.concatenate([np.diff(line.x) for line in lines])))
    begin = min(line.x[0] for line in lines)
    for line in lines:
        line.columns = [round((line.x[0] - begin) / usual)]
        pitches = [usual]
        for step in np.diff(line.x).tolist():
            passed = round(step / float(np.median(pitches[-_RECENT:])))
            line.columns.append(line.columns[-1] + passed)
            if passed:
                pitches.append(step / passed)


def _fit(picture: Picture, lines: list[_Line]) -> Grid | None:
    column = np.concatenate([line.columns for line in lines]).astype(np.float64)
    row = np.concatenate([[number] * len(line.x) for number, line in enumerate(lines)]).astype(np.float64)
    x, y = (np.concatenate([getattr(line, axis) for line in lines]) for axis in ("x", "y"))
    # A zone's first column is never empty, but what stands beside it, a speck of dirt, may pass for one.
    shape = (len(lines), int(column.max()) + 1)
    if shape not in SHAPES:
        return None
    fits = np.ones(len(x), dtype=bool)
    for _ in range(3):
        if int(fits.sum()) < _FEWEST:
            return None
        across = np.linalg.lstsq(terms(column[fits], row[fits]), x[fits], rcond=None)[0]
        down = np.linalg.lstsq(terms(column[fits], row[fits]), y[fits], rcond=None)[0]
        off = np.abs(terms(column, row) @ across - x)
        fits = off < max(0.3 * float(across[1]), 1.0)
    return Grid(picture, across, down, *shape)
