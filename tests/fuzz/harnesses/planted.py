"""A parser that is wrong, to see that the fuzzer finds it."""

from __future__ import annotations

from drivers.smartcard.errors import MalformedData
from tests.fuzz.harness import harness


@harness(MalformedData, longest=16)
def planted(data: bytes) -> None:
    if data[:1] != b"\x30":
        raise MalformedData("not even a sequence")
    if data[1:2] == b"\x03" and data[2:3] == b"\x02":
        raise KeyError("nobody thought of this")
