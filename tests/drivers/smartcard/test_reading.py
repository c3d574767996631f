"""Files read from chips of every temper: as much at once as they give, and never again what they refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import smartcard
from drivers.smartcard import CardError, FileId, tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import reading
from drivers.smartcard.emrtd.reading import Partial, Sizes


def serve(content: bytes, *, by_short_id: bool = True, most: int = 256) -> Callable[[CommandApdu], ResponseApdu]:
    """A card with one file that answers READ BINARY with at most `most` bytes at a time."""

    def answer(command: CommandApdu) -> ResponseApdu:
        if command.ins == 0xA4:
            return ResponseApdu(b"", 0x9000)
        at = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            if not by_short_id:
                return ResponseApdu(b"", 0x6A86)
            at = command.p2
        assert command.le is not None
        part = content[at : at + min(command.le, most)]
        return ResponseApdu(part, 0x9000 if len(part) == command.le else 0x6282)

    return answer


@pytest.mark.parametrize("by_short_id", [True, False])
@given(size=st.integers(0, 2000), most=st.sampled_from([16, 128, 223, 256]))
def test_a_file_is_read_whole(run, by_short_id: bool, size: int, most: int) -> None:
    content = tlv.encode(0x75, bytes(size))
    seen: list[tuple[int, int]] = []
    exchange = reading.read(FileId.DG2, Sizes(), Partial(), lambda done, total: seen.append((done, total)))
    assert run(exchange, serve(content + b"padding after the end", by_short_id=by_short_id, most=most)) == content
    assert seen[-1] == (len(content), len(content)) and seen == sorted(seen)


@pytest.mark.parametrize(
    ("card", "error"),
    [
        (serve(tlv.encode(0x61, b"x" * 50)), smartcard.MalformedData),
        (serve(bytes.fromhex("7583FFFFFF") + bytes(300)), smartcard.MalformedData),
        (serve(tlv.encode(0x75, bytes(900))[:500]), smartcard.MalformedData),
        (serve(tlv.encode(0x75, bytes(900)), most=1), smartcard.MalformedData),
        (serve(tlv.encode(0x75, bytes(900)), most=8), smartcard.MalformedData),
        (lambda command: ResponseApdu(b"", 0x6A82), smartcard.FileAbsent),
        (lambda command: ResponseApdu(b"", 0x6982), smartcard.CardRefused),
        (lambda command: ResponseApdu(bytes(257), 0x9000), smartcard.MalformedData),
    ],
    ids=["other tag", "too long", "ends early", "a byte at a time", "in crumbs", "absent", "locked", "never ends"],
)
def test_a_file_that_is_not_right_is_refused(run, card, error: type[CardError]) -> None:
    with pytest.raises(error):
        run(reading.read(FileId.DG2, Sizes(), Partial()), card)


def test_a_length_named_in_the_middle_of_a_file_is_kept_to(run) -> None:
    content = tlv.encode(0x75, bytes(range(250)) * 4)
    easy, asked = serve(content), list[int | None]()

    def card(command: CommandApdu) -> ResponseApdu:
        asked.append(command.le)
        if not command.p1 & 0x80 and (command.le or 0) > 100:
            return ResponseApdu(b"", 0x6C64)
        return easy(command)

    assert run(reading.read(FileId.DG2, Sizes(), Partial()), card) == content
    assert asked[:3] == [256, 256, 100] and max(le or 0 for le in asked[3:]) == 100
