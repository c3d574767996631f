"""Code 128 (ISO/IEC 15417): the bars in which a page's reference can be read by machine.

The arrêté of 29 December 2014, art. 4, asks for a barcode on every civil-status document.
"""

from __future__ import annotations

import re

from printing.errors import RequestUnfit

QUIET_ZONE = 10
"""Modules of white at either end (ISO/IEC 15417 §4.4)."""
_CODE_C, _START_B, _STOP = 99, 104, 106
_ENDS_IN_PAIRS = re.compile(r"(?:[0-9]{2}){2,}$")
# Bars and spaces of each symbol character 0 to 106, in modules, beginning with a bar.
_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 "
    "113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 "
    "212123 212321 232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 "
    "113123 113321 133121 313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 "
    "314111 221411 431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 "
    "241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 "
    "214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 211214 "
    "211232 2331112"
).split()


def code128(text: str) -> tuple[int, ...]:
    """Widths in modules, bar and space in turn, beginning and ending with a bar, without quiet zones.

    Raises RequestUnfit for anything but 1 to 40 printable ASCII characters.
    """
    if not 1 <= len(text) <= 40 or not all(" " <= c <= "~" for c in text):
        raise RequestUnfit("a barcode holds 1 to 40 printable ASCII characters")
    # Figures at the end stand in pairs (code set C): a ticket is just wide enough for a reference so.
    pairs = _ENDS_IN_PAIRS.search(text)
    plain = text[: pairs.start()] if pairs else text
    values = [_START_B, *(ord(c) - 32 for c in plain)]
    if pairs:
        values += [_CODE_C, *(int(pair) for pair in re.findall("..", pairs[0]))]
    values.append(sum(value * max(place, 1) for place, value in enumerate(values)) % 103)
    return tuple(int(width) for value in [*values, _STOP] for width in _WIDTHS[value])


def drawing(text: str) -> str:
    """An SVG one module high and as wide as the code and its quiet zones; stretch it to the height wanted."""
    outline, x = [], QUIET_ZONE
    for place, width in enumerate(code128(text)):
        if place % 2 == 0:
            outline.append(f"M{x} 0h{width}v1h-{width}z")
        x += width
    total = x + QUIET_ZONE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total}" height="1" viewBox="0 0 {total} 1" '
        f'preserveAspectRatio="none"><path fill="#000" d="{"".join(outline)}"/></svg>'
    )
