"""The chip's picture of its holder, for the clerk's eye: believed, small, and in one form whatever the chip's."""

from __future__ import annotations

import base64
import io
import warnings

from PIL import Image

from drivers import smartcard
from drivers.smartcard import FileId
from drivers.smartcard.errors import AlteredData, MalformedData
from drivers.smartcard.genuine import sod

MAX_PIXELS = 12_000_000
SHOWN = (480, 640)
"""Pixels at most that the screen is given."""


def portrait_of(security_object: bytes, dg2: bytes) -> bytes:
    """The picture in DG2 (JPEG or JPEG 2000), once the country's signature is seen to speak of this very file.

    `security_object` is the EF.SOD that was believed. Raises AlteredData, MalformedData.
    """
    if not sod.parse(security_object).vouches_for(FileId.DG2, dg2):
        raise AlteredData("DG2 is not the one that was signed")
    return smartcard.parse_dg2(dg2).image


def shown(image: bytes) -> str:
    """The picture as PNG in base64, no larger than SHOWN. Raises MalformedData."""
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(image), formats=("JPEG", "JPEG2000")) as opened:
            warnings.simplefilter("error")
            if opened.width * opened.height > MAX_PIXELS:
                raise MalformedData("the portrait is larger than portraits are")
            small = opened.convert("RGB")
            small.thumbnail(SHOWN)
            out = io.BytesIO()
            small.save(out, "PNG")
    except (OSError, ValueError, Warning) as error:
        raise MalformedData(f"the portrait cannot be shown: {type(error).__name__}") from None
    return base64.b64encode(out.getvalue()).decode()
