"""A card read whole, whatever the temper of its chip: over a channel of memory, through BAC's secure messaging."""

from __future__ import annotations

import pytest

from drivers import smartcard
from drivers.smartcard import FileId, IdCard, tlv


def filled(tag: int, size: int) -> bytes:
    """No two places of it alike, so that a block in the wrong place is seen."""
    return tlv.encode(tag, b"".join(n.to_bytes(2) for n in range(size // 2 + 1))[:size])


FILES = {
    FileId.COM: filled(0x60, 20),
    FileId.SOD: filled(0x77, 1_900),
    FileId.DG1: filled(0x61, 93),
    FileId.DG2: filled(0x75, 14_600),
    FileId.DG11: filled(0x6B, 300),
}
READ = (FileId.DG1, FileId.DG11, FileId.SOD, FileId.DG2)
EXTENDED_ATR = bytes.fromhex("3B8580018073C0016056")
"""T=1 over a contactless interface; card capabilities whose third byte speaks of extended length and EF.ATR/INFO."""


def read_all(card: IdCard) -> None:
    for file in READ:
        assert card.read(file) == FILES[file], file


def opened(chip, **how) -> IdCard:
    card = IdCard(chip, **how)
    assert card.open(chip.mrz).kind == "BAC"
    return card


def above(limit: int, status: int):
    """Refuses to give more than `limit` bytes at once."""
    return lambda asked, left: status if asked > limit else 0


def beyond(status: int):
    """Refuses to be asked for more than the file has left."""
    return lambda asked, left: status if asked > left else 0


def exactly(asked: int, left: int) -> int:
    """6Cxx with what is there, be it little."""
    return 0x6C00 | left if asked > left else 0


TEMPERS = {
    "easy": {},
    "gives 200 at once": {"most": 200},
    "gives 96 at once": {"most": 96},
    "6282 at the end": {"at_end": 0x6282},
    "6700 above 192": {"refuses": above(192, 0x6700)},
    "6700 above 128": {"refuses": above(128, 0x6700)},
    "6B00 above 160": {"refuses": above(160, 0x6B00)},
    "6282 above 128": {"refuses": above(128, 0x6282)},
    "6F00 above 128": {"refuses": above(128, 0x6F00)},
    "6C00 above 160": {"refuses": above(160, 0x6C00)},
    "6C80 above 128": {"refuses": above(128, 0x6C80)},
    "6700 beyond the end": {"refuses": beyond(0x6700)},
    "6B00 beyond the end": {"refuses": beyond(0x6B00)},
    "6282 beyond the end": {"refuses": beyond(0x6282)},
    "6Cxx beyond the end": {"refuses": exactly},
    "no short identifiers": {"short_identifiers": False},
    "no short identifiers, 6700 above 128": {"short_identifiers": False, "refuses": above(128, 0x6700)},
    "answers in parts": {"in_parts": 60},
}


@pytest.mark.parametrize("counted", [None, 0, 1, 2], ids=["protected", "not counted", "half counted", "counted"])
@pytest.mark.parametrize("name", TEMPERS)
def test_a_card_is_read_whole(chip, temper, name: str, counted: int | None) -> None:
    """Errors come inside the channel or bare, and the chip's counter may have moved on by as much as two."""
    made = temper(**TEMPERS[name], bare=counted is not None, counts_bare=counted or 0)
    hand = chip(FILES, made)
    card = opened(hand)
    hand.commands.clear()
    read_all(card)
    refused = [c for c in hand.commands if c.ins == 0xB0 and c.le and made.refuses(c.le, c.le)]
    # Of DG1 it was not known whether it was too short; DG11 tells, in the ladder's steps, and two sessions are lost.
    assert len(refused) <= 7, [c.le for c in refused]


def test_a_chip_that_gives_less_the_more_it_is_asked_for_is_asked_for_less(chip, temper) -> None:
    made = temper()
    hand = chip(FILES, made)
    hand.stingy = lambda asked: 96 if asked > 192 else asked
    card = opened(hand)
    before = hand.apdu_count
    read_all(card)
    assert hand.apdu_count - before <= 94


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("easy", 77),
        ("6Cxx beyond the end", 81),
        ("6700 above 192", 94),
        ("6700 beyond the end", 84),
        ("no short identifiers", 81),
    ],
)
def test_how_many_commands_that_takes(chip, temper, name: str, most: int) -> None:
    """DG1, DG11, EF.SOD and DG2, 17 kB, in short answers of 231 bytes at most."""
    hand = chip(FILES, temper(**TEMPERS[name]))
    card = opened(hand)
    before = hand.apdu_count
    read_all(card)
    assert hand.apdu_count - before <= most


def test_what_is_learned_of_one_file_is_known_for_the_next(chip, temper) -> None:
    hand = chip(FILES, temper(refuses=above(128, 0x6700)))
    card = opened(hand)
    card.read(FileId.SOD)
    before = len(hand.commands)
    card.read(FileId.DG2)
    assert {c.le for c in hand.commands[before:-1]} == {128}


# -- extended answers


def buffers(command: int, answer: int) -> bytes:
    sizes = tlv.encode(0x02, command.to_bytes(2)) + tlv.encode(0x02, answer.to_bytes(2))
    return tlv.encode(0x47, b"\x00\x00\xc0") + tlv.encode(0x7F66, sizes)


def reads(hand) -> list[int]:
    return [c.le for c in hand.commands if c.ins in (0xB0, 0xB1) and hand.application]


def test_a_chip_that_states_its_buffers_gives_each_file_at_once(chip) -> None:
    hand = chip(FILES | {FileId.ATR_INFO: buffers(1_000, 32_000)}, atr=EXTENDED_ATR)
    card = opened(hand)
    before = hand.apdu_count
    read_all(card)
    assert hand.apdu_count - before == len(READ)
    assert max(c.le or 0 for c in hand.commands) == 32_000 - 40


@pytest.mark.parametrize(
    ("atr", "info"),
    [
        (EXTENDED_ATR, None),
        (EXTENDED_ATR, buffers(256, 256)),
        (EXTENDED_ATR, buffers(261, 262)),
        (EXTENDED_ATR, tlv.encode(0x7F66, b"\x02\x01")),
        (EXTENDED_ATR, tlv.encode(0x47, b"\x00\x00\xc0")),
        (bytes.fromhex("3B8580018073C00180B6"), buffers(1_000, 32_000)),
        (bytes.fromhex("3B80"), buffers(1_000, 32_000)),
        (b"", buffers(1_000, 32_000)),
    ],
    ids=[
        "no EF.ATR",
        "short buffers",
        "hardly longer",
        "malformed",
        "not stated",
        "ATR says no",
        "ATR says nothing",
        "no ATR",
    ],
)
def test_no_other_chip_is_asked_for_an_extended_answer(chip, atr: bytes, info: bytes | None) -> None:
    hand = chip(FILES | ({FileId.ATR_INFO: info} if info else {}), atr=atr)
    read_all(opened(hand))
    assert max(c.le or 0 for c in hand.commands) <= 256
    assert 231 in reads(hand)


@pytest.mark.parametrize("status", [0x6700, 0x6B00, 0x6282, 0x6F00])
def test_a_chip_that_states_too_much_is_read_in_short_answers(chip, temper, status: int) -> None:
    made = temper(refuses=above(231, status), bare=True)
    hand = chip(FILES | {FileId.ATR_INFO: buffers(1_000, 32_000)}, made, atr=EXTENDED_ATR)
    read_all(opened(hand))
    assert sum((c.le or 0) > 256 for c in hand.commands) <= 2


@pytest.mark.parametrize("buffer", [0, 20_000])
def test_beyond_thirty_two_kilobytes_another_instruction_reads(chip, buffer: int) -> None:
    files = {FileId.DG2: filled(0x75, 70_000)} | ({FileId.ATR_INFO: buffers(1_000, buffer)} if buffer else {})
    hand = chip(files, atr=EXTENDED_ATR)
    assert opened(hand).read(FileId.DG2) == files[FileId.DG2]
    assert {c.ins for c in hand.commands if c.le and c.p1 < 0x80 and c.ins >> 4 == 0xB} == {0xB0, 0xB1}


@pytest.mark.parametrize("named", [1, 2, 5, 9])
def test_a_chip_that_names_next_to_nothing_is_given_up(chip, temper, named: int) -> None:
    hand = chip(
        {FileId.DG2: filled(0x75, 60_000)}, temper(refuses=lambda asked, left: 0x6C00 | named if left < 27_300 else 0)
    )
    with pytest.raises((smartcard.MalformedData, smartcard.CardRefused)):
        opened(hand).read(FileId.DG2)


# -- sessions that the chip ends


def test_reading_goes_on_where_it_was_in_a_new_session(chip) -> None:
    hand = chip(FILES, ends=(30, 50))
    card = opened(hand)
    read_all(card)
    assert hand.resets == 2
    assert len(reads(hand)) <= 77


def test_a_chip_that_ends_every_session_is_given_up(chip) -> None:
    hand = chip(FILES, ends=tuple(range(10, 400, 10)))
    card = opened(hand)
    with pytest.raises(smartcard.ChannelBroken):
        read_all(card)
    assert hand.resets == 3


def test_progress_never_goes_back(chip) -> None:
    seen: list[tuple[int, int]] = []
    hand = chip(FILES, ends=(20, 40))
    opened(hand).read(FileId.DG2, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen) and seen[-1] == (len(FILES[FileId.DG2]),) * 2


@pytest.mark.parametrize("at", range(14))
def test_a_changed_byte_ends_the_reading_for_good(chip, at: int) -> None:
    hand = chip(FILES)
    card = opened(hand)
    hand.spoil = lambda answer: answer[:at] + bytes((answer[at] ^ 1,)) + answer[at + 1 :]
    with pytest.raises(smartcard.ChannelBroken):
        card.read(FileId.DG1)
    sent = hand.apdu_count
    with pytest.raises(smartcard.ChannelBroken):
        card.read(FileId.DG1)
    assert (hand.apdu_count, hand.resets) == (sent, 0)


def test_an_answer_said_again_ends_the_reading(chip) -> None:
    hand = chip(FILES)
    card = opened(hand)
    said: list[bytes] = []
    hand.spoil = lambda answer: said.append(answer) or said[0]  # type: ignore[func-returns-value]
    with pytest.raises(smartcard.ChannelBroken):
        card.read(FileId.SOD)


# -- what is not there


@pytest.mark.parametrize("bare", [True, False])
@pytest.mark.parametrize("made", [{}, {"no_such_file": 0x6A83}, {"short_identifiers": False}])
def test_a_file_that_is_not_there_is_told_and_the_next_is_read(chip, temper, made, bare: bool) -> None:
    hand = chip(FILES, temper(bare=bare, **made))
    card = opened(hand)
    for file in (FileId.DG7, FileId.DG15):
        with pytest.raises(smartcard.FileAbsent):
            card.read(file)
    read_all(card)


def test_a_locked_file_is_refused_and_not_tried_for_ever(chip, temper) -> None:
    hand = chip(FILES, temper(refuses=lambda asked, left: 0x6982))
    with pytest.raises(smartcard.CardRefused):
        opened(hand).read(FileId.DG1)
    assert hand.apdu_count < 12
