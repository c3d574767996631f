"""What the configuration agent does, in the log. Phases, codes, and each change as a key and its two values."""

from __future__ import annotations

import re

from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say

_SETTING = re.compile(r"([a-z_.]+): (.+) becomes (.+)")
_FILE = re.compile(r"([^:]+): (added|changed|removed)")
_MORE = re.compile(r"and ([0-9]{1,8}) more")
_MAX_VALUE = 200


class LogTeller:
    """`config.ports.Teller`: the sentences of `config.difference`, taken apart into the fields of events."""

    def difference(self, release: int, lines: list[str]) -> None:
        untold = 0
        for line in lines:
            if found := _SETTING.fullmatch(line):
                key, old, new = found.groups()
                say(logged.SETTING_CHANGED, release=release, key=key, old=_printable(old), new=_printable(new))
            elif found := _FILE.fullmatch(line):
                say(logged.FILE_CHANGED, release=release, file=found[1], change=found[2])
            elif found := _MORE.fullmatch(line):
                untold += int(found[1])
            else:
                untold += 1
        if untold:
            say(logged.MORE_CHANGES, release=release, more=untold)

    def state(self, phase: str, release: int | None, code: str | None) -> None:
        if code is None:
            say(logged.CONFIGURATION, phase=phase, release=release or 0)
        else:
            say(logged.CONFIGURATION_TROUBLE, phase=phase, release=release or 0, code=code)


def _printable(value: str) -> str:
    """Direction marks and the like, which a town's name may have, are written as JSON writes them."""
    plain = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in value)
    return plain if len(plain) <= _MAX_VALUE else plain[: _MAX_VALUE - 1] + "…"
