"""Isolates: numbers and runs of the other script kept whole inside a line (UAX #9, §2.4).

Unisolated, `2024-0417-000913` after Arabic words is shown as `000913-0417-2024`, and a Latin name
moves. Register data carries no direction controls (its models refuse them), so all that stand in a page
are put there here, or by a box of fixed direction in the template.
"""

from __future__ import annotations

import re

LRI, RLI, PDI = "\u2066", "\u2067", "\u2069"

_LATIN_OR_DIGIT = "A-Za-z0-9\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\u2c60-\u2c7f\u2d30-\u2d7f"
_ARABIC = "\u0600-\u061b\u061d-\u06ff\u0750-\u077f\u08a0-\u08ff"
_INSIDE = r"[ \-\u2010-\u2015'\u2019./:,°&()+]*"
_LTR_RUN = re.compile(rf"[{_LATIN_OR_DIGIT}]+(?:{_INSIDE}[{_LATIN_OR_DIGIT}]+)*")
_RTL_RUN = re.compile(rf"[{_ARABIC}]+(?:[ \-'\u2019.،:()]*[{_ARABIC}]+)*")


def isolate_in_arabic(text: str) -> str:
    """Arabic text with every number and every Latin run wrapped in LRI … PDI."""
    return _LTR_RUN.sub(lambda run: LRI + run[0] + PDI, text)


def isolate_in_latin(text: str) -> str:
    """Latin text with every Arabic run wrapped in RLI … PDI."""
    return _RTL_RUN.sub(lambda run: RLI + run[0] + PDI, text)


def without_isolates(text: str) -> str:
    return text.translate({ord(c): None for c in (LRI, RLI, PDI)})
