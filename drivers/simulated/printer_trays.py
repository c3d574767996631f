"""What the hand does to the simulated laser: its trays, its cover, a jam, and reports that nobody takes back.

Standard library only, no import of ours: the host reads it by path.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

A4 = "iso_a4_210x297mm"
_PLACES = {"main": (1, 250), "by-pass-tray": (3, 25)}
"""A tray's number in ippeveprinter's media form, and the sheets it holds."""
_UNKNOWN_LEVEL = -2
_KEYWORD = b"\x44"
_REASONS = _KEYWORD + struct.pack(">H", 21) + b"printer-state-reasons"
_ANOTHER = _KEYWORD + b"\0\0"
_MEDIA_NAME = re.compile(r"[a-z0-9]+_[a-z0-9-]+_[0-9.]+x[0-9.]+(mm|in)")


@dataclass
class Tray:
    sheets: int
    media: str = A4


class Refused(Exception):
    """The hand was told something that cannot be done."""


class Trays:
    def __init__(self, names: Sequence[str]) -> None:
        self._trays = {name: Tray(_PLACES[name][1]) for name in names}
        self.jam = False
        self.cover_open = False
        self.reports: list[str] = []

    def load(self, name: str, sheets: int, media: str | None = None) -> None:
        """So many sheets, of the paper that was there unless another is named. Raises Refused."""
        tray = self._trays.get(name)
        if tray is None or not 0 <= sheets <= _PLACES[name][1]:
            raise Refused("no such tray, or not so many sheets in it")
        if media is not None and not _MEDIA_NAME.fullmatch(media):
            raise Refused("no self-describing name of paper (PWG 5101.1)")
        tray.sheets, tray.media = sheets, media or tray.media

    def feed(self, wanted: str) -> str:
        """`sheet`, `jam`, or why none comes; `wanted` is a tray, or empty: whichever has A4."""
        if self.cover_open:
            return "cover"
        if self.jam:
            self.jam = False
            return "jam"
        for name, tray in self._trays.items():
            if tray.sheets and tray.media == A4 and wanted in ("", name):
                tray.sheets -= 1
                return "sheet"
        return "empty"

    def media_form(self) -> str:
        """For ippeveprinter's /media. An empty tray beside one with paper is called unknown there (and empty by
        `edit`): ippeveprinter holds every job while it knows of an empty one."""
        left = any(tray.sheets for tray in self._trays.values())
        fields = []
        for name, (number, _) in _PLACES.items():
            if (tray := self._trays.get(name)) is None:
                fields.append(f"level{number}={_UNKNOWN_LEVEL}")
            else:
                level = tray.sheets or (_UNKNOWN_LEVEL if left else 0)
                fields.append(f"size{number}={tray.media}&type{number}=stationery&level{number}={level}")
        return "&".join(fields)

    def edit(self, answer: bytes) -> bytes:
        """ippeveprinter's answer, with what it does not know of or cannot say while it is idle."""
        for name, tray in self._trays.items():
            if not tray.sheets:
                answer = re.sub(rb"level=-2(?=;status=0;name=%s)" % name.encode(), b"level=00", answer)
        return with_reasons(answer, [*(["cover-open-error"] if self.cover_open else []), *self._old_news()])

    def _old_news(self) -> list[str]:
        return [f"{word}-report" for word in self.reports]

    def state(self) -> dict[str, object]:
        return {"sheets": next(iter(self._trays.values())).sheets, "cover_open": self.cover_open}


def with_reasons(body: bytes, more: Sequence[str]) -> bytes:
    """The IPP answer with more values of printer-state-reasons; as it is where it has none."""
    start = body.find(_REASONS)
    if start < 0 or not more:
        return body
    told: list[bytes] = []
    at = start + len(_REASONS)
    while True:
        end = at + 2 + int.from_bytes(body[at : at + 2], "big")
        told.append(body[at + 2 : end])
        if body[end : end + len(_ANOTHER)] != _ANOTHER:
            break
        at = end + len(_ANOTHER)
    values = [value for value in told if value != b"none"] + [word.encode() for word in more]
    fields = (struct.pack(">H", len(value)) + value for value in values)
    return body[:start] + _REASONS + _ANOTHER.join(fields) + body[end:]
