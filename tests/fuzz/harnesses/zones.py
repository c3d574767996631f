"""The machine readable zone: out of a chip, as typed, as scanned."""

from __future__ import annotations

import datetime as dt

from drivers.scanners.gathering import Gathering
from drivers.smartcard.emrtd import mrz
from drivers.smartcard.emrtd.passwords import Can, Mrz, Pin
from drivers.smartcard.errors import MalformedData, PasswordFormat
from tests.fuzz.harness import harness

TODAY = dt.date(2026, 11, 22)


@harness(MalformedData, longest=100)
def zone(data: bytes) -> None:
    """As a chip has it."""
    text = data.decode("latin-1")
    read = mrz.parse(text)
    assert read.text == text
    mrz.split_names(read.names)


@harness(PasswordFormat, longest=200)
def typed_zone(data: bytes) -> None:
    """What is typed or scanned in to open the chip."""
    text = data.decode("utf-8", "replace")
    assert len(Mrz.parse(text, today=TODAY).secret) == 20


@harness(PasswordFormat, longest=40)
def typed_digits(data: bytes) -> None:
    """A PIN, and a CAN where it is as long as one."""
    text = data.decode("utf-8", "replace")
    secret = (Can if len(text) == 6 else Pin)(text).secret
    assert 4 <= len(secret) <= 16 and secret.isdigit()


@harness(longest=1024)
def scanned_text(data: bytes) -> None:
    """What a camera's recognition gives: anything at all, and a zone in it or none."""
    found = mrz.find(data.decode("utf-8", "replace"))
    if found is not None:
        assert mrz.parse(found.text) == found


@harness(longest=600)
def scanned_keys(data: bytes) -> None:
    """What a wedge types or a serial line says, each character some milliseconds after the one before."""
    gathering, at = Gathering(mrz.find, pause=0.5), 1.0
    for character, pause in zip(data[::2].decode("latin-1"), data[1::2], strict=False):
        at += pause / 200
        found = gathering.take(character, at)
        assert found is None or mrz.parse(found.text) == found
    gathering.settle()
    assert not gathering.waiting
