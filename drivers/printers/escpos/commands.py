"""What is sent to a ticket printer. Pure; names and forms are those of Epson's ESC/POS reference."""

from __future__ import annotations

INITIALIZE = b"\x1b@"
STATUS_OFF = b"\x1da\x00"
"""GS a 0: nothing is sent that was not asked for."""
PAPER_SENSOR = b"\x1dr\x01"
"""GS r 1: answered when everything before it has been processed."""
CLEAR = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"
"""DLE DC4 8: at once, whatever the printer is doing, drop what was received and not printed; it is answered."""
RECOVER = b"\x10\x05\x02"
"""DLE ENQ 2: after an error, drop what was received and go on; without one, nothing."""
ASKS_AT_ONCE = b"\x10\x04"
"""How DLE EOT begins. Dots can hold it too, and the printer then answers a question that nobody asked."""
MOST_ROWS = 1024
"""Of one `GS v 0`; the oldest models take 2,303."""
_ALPHABET = 95
_FIRST = 0x20
MOST_JOBS = _ALPHABET**4 - 1


def real_time_status(n: int) -> bytes:
    """DLE EOT n: 1 printer, 2 why off line, 3 error, 4 paper; answered at once, whatever waits."""
    return bytes((0x10, 0x04, n))


def raster(rows: bytes, width: int) -> bytes:
    """GS v 0: rows of `width` dots (a multiple of 8), the first dot of a byte in its highest bit, 1 black."""
    across = width // 8
    height, rest = divmod(len(rows), across)
    if rest or not 0 < height <= MOST_ROWS:
        raise ValueError("rows of another width")
    return b"\x1dv0\x00" + across.to_bytes(2, "little") + height.to_bytes(2, "little") + rows


def cut(kind: str) -> bytes:
    """GS V, function B: feed to the blade and cut, leaving one point where `kind` is "partial".

    A printer without a blade only feeds.
    """
    return b"\x1dV\x42\x00" if kind == "partial" else b"\x1dV\x41\x00"


def echo(job_id: int) -> bytes:
    """GS ( H, function 48: the printer sends these four characters back when all before is on paper."""
    return b"\x1d(H\x06\x00\x30\x30" + characters(job_id)


def characters(job_id: int) -> bytes:
    """A job's number, 1 to MOST_JOBS, as the four printable characters that the echo carries."""
    if not 0 < job_id <= MOST_JOBS:
        raise ValueError("no number of a job")
    digits = []
    for _ in range(4):
        job_id, digit = divmod(job_id, _ALPHABET)
        digits.append(_FIRST + digit)
    return bytes(reversed(digits))
