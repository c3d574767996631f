"""Laying a block of type out: its lines, and one pitch for all of them (ICAO 9303-3 §4.4: OCR-B of size 1, ten to
the inch), so that every character has its place even where one is faint."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from drivers.scanners.ocr import Grid, Picture

SHAPES = ((3, 30), (2, 36), (2, 44))
"""Lines and characters of TD1, TD2 and TD3 (ICAO 9303-5, -6, -4)."""
_FEWEST_IN_LINE = 18
_FEWEST = 40
_MOST = 2000
_STEEPEST, _STEP = 0.05, 0.0025

_Numbers = NDArray[np.float64]


def lay_out(picture: Picture) -> Grid | None:
    """None when it does not have a zone's lines and columns."""
    specks = _specks(picture)
    if specks is None:
        return None
    x, y, tall = specks
    slope = max(np.arange(-_STEEPEST, _STEEPEST + _STEP, _STEP), key=lambda s: _levelness(y - s * x))
    lines = _lines(x, y - slope * x, tall)
    if len(lines) not in {count for count, _ in SHAPES}:
        return None
    left, pitch = _pitch([places for _, places in lines])
    columns = round((max(float(places[-1]) for _, places in lines) - left) / pitch) + 1
    if (len(lines), columns) not in SHAPES:
        return None
    return Grid(picture, tuple(at for at, _ in lines), left, pitch, float(slope), columns)


def _specks(picture: Picture) -> tuple[_Numbers, _Numbers, float] | None:
    """Centres of what may be characters, and their height."""
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
    return (left + wide / 2)[likely], (top + tall / 2)[likely], usual


def _levelness(y: _Numbers) -> float:
    """The greater, the more centres share their height."""
    counts, _ = np.histogram(y, bins=np.arange(y.min() - 2, y.max() + 6, 4))
    return float((counts.astype(np.float64) ** 2).sum())


def _lines(x: _Numbers, y: _Numbers, tall: float) -> list[tuple[float, _Numbers]]:
    """Of each line its height and its characters' places, from above."""
    order = np.argsort(y)
    groups = [[order[0]]]
    for index in order[1:]:
        if y[index] - np.mean(y[groups[-1]]) > 0.5 * tall:
            groups.append([index])
        else:
            groups[-1].append(index)
    return [(float(np.median(y[g])), np.sort(x[g])) for g in groups if len(g) >= _FEWEST_IN_LINE]


def _pitch(lines: list[_Numbers]) -> tuple[float, float]:
    """(left, pitch) that fit all lines best; they begin under one another."""
    pitch = float(np.median(np.concatenate([np.diff(places) for places in lines])))
    left = min(float(places[0]) for places in lines)
    places = np.concatenate(lines)
    for _ in range(3):
        column = np.round((places - left) / pitch)
        fits = np.abs(places - left - column * pitch) < 0.3 * pitch
        if len(set(column[fits])) < 2:
            break
        pitch, left = (float(v) for v in np.polyfit(column[fits], places[fits], 1))
    return left, pitch
