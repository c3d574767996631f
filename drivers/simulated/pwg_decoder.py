"""PWG raster back into pictures, by the decoder of CUPS itself (libcups): none of ours has a say in it.

    pwg_decoder.py DOCUMENT.pwg STEM      (run by the simulated laser's paper path; writes STEM-1.png …)

Standard library only, and no import of ours: it is run by path, isolated, as `pdftoppm` is.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_READ = 0
_HEADER = 1796
_SGRAY, _BLACK = 18, 3
_MOST_OCTETS = 1 << 28


@dataclass(frozen=True)
class Picture:
    """A page: `rows` are `width` pixels of `bits` each, 0 is black for 8 bits, 1 is black for one."""

    header: bytes
    width: int
    height: int
    dpi: int
    bits: int
    rows: bytes


def decode(document: Path) -> Iterator[Picture]:
    """Each page, in order. Raises ValueError where libcups finds no raster of one colour."""
    cups = ctypes.CDLL("libcups.so.2")
    cups.cupsRasterOpen.restype = ctypes.c_void_p
    cups.cupsRasterOpen.argtypes = [ctypes.c_int, ctypes.c_int]
    cups.cupsRasterReadHeader2.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    cups.cupsRasterReadPixels.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint]
    cups.cupsRasterReadPixels.restype = ctypes.c_uint
    cups.cupsRasterClose.argtypes = [ctypes.c_void_p]
    with document.open("rb") as file:
        raster = cups.cupsRasterOpen(file.fileno(), _READ)
        if not raster:
            raise ValueError("not a raster")
        try:
            header = ctypes.create_string_buffer(_HEADER)
            while cups.cupsRasterReadHeader2(raster, header):
                yield _picture(cups, raster, header.raw)
        finally:
            cups.cupsRasterClose(raster)


def _picture(cups: ctypes.CDLL, raster: int, header: bytes) -> Picture:
    # libcups gives the header in this machine's byte order.
    dpi, width, height, bits, octets, space = (
        struct.unpack_from("=I", header, at)[0] for at in (276, 372, 376, 388, 392, 400)
    )
    if (bits, space) not in ((8, _SGRAY), (1, _BLACK)) or not 0 < octets * height <= _MOST_OCTETS:
        raise ValueError("a page of another kind")
    rows = []
    for _ in range(height):
        row = ctypes.create_string_buffer(octets)
        if cups.cupsRasterReadPixels(raster, row, octets) != octets:
            raise ValueError("a page that ends early")
        rows.append(row.raw)
    return Picture(header, width, height, dpi, bits, b"".join(rows))


def png(picture: Picture) -> bytes:
    """The picture as PNG in grey, at its own resolution."""
    length = len(picture.rows) // picture.height
    flip = bytes(range(256)) if picture.bits == 8 else bytes(range(255, -1, -1))
    scanlines = b"".join(
        b"\0" + picture.rows[at : at + length].translate(flip) for at in range(0, len(picture.rows), length)
    )
    a_metre = round(picture.dpi / 0.0254)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", picture.width, picture.height, picture.bits, 0, 0, 0, 0)),
            (b"pHYs", struct.pack(">IIB", a_metre, a_metre, 1)),
            (b"IDAT", zlib.compress(scanlines, 1)),
            (b"IEND", b""),
        )
    )


def main(document: Path, stem: Path) -> int:
    count = 0
    try:
        for count, picture in enumerate(decode(document), 1):
            Path(f"{stem}-{count}.png").write_bytes(png(picture))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - the paper path tells the printer that the job is garbage
        return 1
    return 0 if count else 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
