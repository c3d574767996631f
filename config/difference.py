"""What a release changes, in sentences that a person can agree to.

    hours.monday: "00:00-24:00" becomes "08:00-16:30"
    templates/birth-extract/birth-extract.typ: changed
    trust/csca/x.der: added

Of files only the names are told, never what stands in them.
"""

from __future__ import annotations

import filecmp
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from config import release
from config.schema import Settings

MAX_LINES = 200
MAX_VALUE = 120


def between(before: Settings, after: Settings, old: Path | None, new: Path) -> list[str]:
    """From settings `before` with the release folder `old` (None: no release) to `after` with `new`.

    At most 201 lines: the last one then says how many more there are. Raises ConfigInvalid or ReleaseUnreadable when
    a folder is no release.
    """
    lines = [*_settings("", before, after, old, new), *_files(old, new)]
    rest = len(lines) - MAX_LINES
    return lines[:MAX_LINES] + ([f"and {rest} more"] if rest > 0 else [])


def _settings(prefix: str, before: BaseModel, after: BaseModel, old: Path | None, new: Path) -> Iterator[str]:
    for name in type(after).model_fields:
        was, now = getattr(before, name), getattr(after, name)
        if isinstance(now, BaseModel):
            yield from _settings(f"{prefix}{name}.", was, now, old, new)
        elif (then := _shown(was, old)) != (shown := _shown(now, new)):
            yield f"{prefix}{name}: {then} becomes {shown}"


def _shown(value: Any, folder: Path | None) -> str:
    """A path inside the release is told as the release tells it: its folder has another name each time."""
    if value is None:
        return "empty"
    if isinstance(value, Path) and folder and value.is_relative_to(folder):
        return f"{_quoted(str(value.relative_to(folder)))} of the release"
    return _quoted(str(value) if isinstance(value, Path) else value)


def _quoted(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + "…"


def _files(old: Path | None, new: Path) -> Iterator[str]:
    before = set(release.files(old)) if old else set()
    after = set(release.files(new))
    for name in sorted((before | after) - {release.FILE}):
        if name not in before:
            yield f"{name}: added"
        elif name not in after:
            yield f"{name}: removed"
        elif old and not filecmp.cmp(old / name, new / name, shallow=False):
            yield f"{name}: changed"
