"""What the simulated card lets a terminal do, and what it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key

from drivers.simulated.card import CardImage, ChipMemory, FileId, SimulatedCard, tlv
from drivers.simulated.card.bac import mrz_seed
from drivers.simulated.card.plan import Password

MakeTerminal = Callable[[SimulatedCard], Any]
GROUPS = [FileId.DG1, FileId.DG2, FileId.DG11, FileId.DG14, FileId.DG15, FileId.SOD, FileId.COM]


@pytest.fixture
def at_card(image: CardImage, terminal: MakeTerminal) -> Any:
    return terminal(SimulatedCard(image))


@pytest.fixture
def opened(at_card: Any, image: CardImage) -> Any:
    at_card.open(image)
    return at_card


def test_the_atr_is_whole(image: CardImage) -> None:
    atr = SimulatedCard(image).atr
    check = 0
    for byte in atr[1:]:
        check ^= byte
    assert check == 0 and len(atr) == 2 + 2 + (atr[1] & 0x0F) + 1


def test_ef_card_access_is_the_one_file_read_in_the_open(at_card: Any, image: CardImage) -> None:
    assert at_card.plain("00A4020C02011C") == (b"", 0x9000)
    assert at_card.plain("00B0000000") == (image.files[FileId.CARD_ACCESS], 0x9000)
    assert at_card.plain("00B09C0004") == (image.files[FileId.CARD_ACCESS][:4], 0x9000)
    assert at_card.plain("00B0000400")[0] == image.files[FileId.CARD_ACCESS][4:]


@pytest.mark.parametrize("file", GROUPS)
def test_no_data_group_is_readable_without_secure_messaging(at_card: Any, bac_image: CardImage, file: FileId) -> None:
    for access in (at_card, type(at_card)(SimulatedCard(bac_image))):
        assert access.select_application() == 0x9000
        assert access.plain(b"\x00\xa4\x02\x0c\x02" + file.to_bytes(2, "big"))[1] == 0x6982
        assert access.plain(bytes((0, 0xB0, 0x80 | file & 0x1F, 0, 0)))[1] == 0x6982
        assert access.plain("00B0000000")[1] == 0x6986


def test_pace_opens_with_the_can_and_with_the_mrz(image: CardImage, terminal: MakeTerminal) -> None:
    for secret, reference in ((image.can.encode(), Password.CAN), (mrz_seed(image.mrz_information), Password.MRZ)):
        access = terminal(SimulatedCard(image))
        assert access.pace(secret, reference) == 0x9000
        assert access.send(0xA4, 4, 0x0C, bytes.fromhex("A0000002471001"))[1] == 0x9000
        assert access.read(FileId.DG1) == image.files[FileId.DG1]


def test_a_wrong_can_is_told_at_the_last_step_only(at_card: Any, image: CardImage) -> None:
    assert at_card.pace(b"654321", Password.CAN) == 0x6300
    assert at_card.select_application() == 0x9000
    assert at_card.plain("00B0810000")[1] == 0x6982
    assert at_card.plain("00A4000C023F00")[1] == 0x9000
    assert at_card.pace(image.can.encode(), Password.CAN) == 0x9000


def test_every_file_reads_as_it_was_written(opened: Any, image: CardImage) -> None:
    for file in GROUPS:
        assert opened.read(file) == image.files[file]


def test_bac_opens_a_card_made_for_it_and_no_other(
    bac_image: CardImage, image: CardImage, terminal: MakeTerminal
) -> None:
    access = terminal(SimulatedCard(bac_image))
    access.open(bac_image)
    for file in GROUPS:
        assert access.read(file) == bac_image.files[file]
    refusing = terminal(SimulatedCard(image))
    assert refusing.select_application() == 0x9000
    assert refusing.bac(image.mrz_information) == 0x6985
    without_pace = terminal(SimulatedCard(bac_image))
    assert without_pace.pace(bac_image.can.encode(), Password.CAN) == 0x6985
    assert without_pace.plain("00A4020C02011C")[1] == 0x6A82


def test_bac_refuses_a_wrong_mrz_and_a_challenge_used_twice(bac_image: CardImage, terminal: MakeTerminal) -> None:
    access = terminal(SimulatedCard(bac_image))
    access.select_application()
    assert access.bac("X" + bac_image.mrz_information[1:]) == 0x6300
    assert access.plain(b"\x00\x82\x00\x00\x28" + bytes(40) + b"\x28")[1] == 0x6985
    assert access.bac(bac_image.mrz_information) == 0x9000


def test_pace_steps_follow_each_other_or_the_run_is_over(at_card: Any) -> None:
    assert at_card.plain("10860000027C0000")[1] == 0x6985
    start = "0022C1A40F800A04007F00070202040202830102"
    assert at_card.plain(start)[1] == 0x9000
    assert at_card.plain("10860000027C0000")[1] == 0x9000
    assert at_card.plain("10860000027C0000")[1] == 0x6985  # the nonce is given once
    assert at_card.plain(start)[1] == 0x9000
    assert at_card.plain("008600000C7C0A8508000000000000000000")[1] == 0x6985
    at_card.plain(start)
    at_card.plain("00B0000000")  # another command in between
    assert at_card.plain("10860000027C0000")[1] == 0x6985


@pytest.mark.parametrize(
    ("template", "status"),
    [
        ("800A04007F00070202040201830102", 0x6A80),  # 3DES instead of AES
        ("800A04007F00070202040202830102840100", 0x6A88),  # other domain parameters
        ("800A04007F00070202040202830103", 0x6A88),  # a password it has not
        ("800A04007F00070202040202", 0x6A80),  # no password named
        ("800A04007F000702020402028301028301028401", 0x6A80),  # cut short
    ],
)
def test_pace_with_what_this_card_does_not_speak_is_refused(at_card: Any, template: str, status: int) -> None:
    data = bytes.fromhex(template)
    assert at_card.plain(b"\x00\x22\xc1\xa4" + bytes([len(data)]) + data)[1] == status


def test_a_point_off_the_curve_ends_pace(at_card: Any) -> None:
    at_card.plain("0022C1A40F800A04007F00070202040202830102")
    at_card.plain("10860000027C0000")
    body = tlv.encode(0x7C, tlv.encode(0x81, b"\x04" + bytes(63) + b"\x01"))
    command = b"\x10\x86\x00\x00" + bytes([len(body)]) + body + b"\x00"
    assert at_card.plain(command)[1] == 0x6A80
    assert at_card.plain(command)[1] == 0x6985


def test_a_plain_command_ends_the_session(opened: Any) -> None:
    assert opened.plain("00A4020C020101") == (b"", 0x6987)
    assert opened.plain(opened.protected(0xB0, 0x9E, 0, le=4))[1] == 0x6988
    assert opened.plain("00A4020C020101")[1] == 0x6982


def test_a_wrong_checksum_or_a_command_said_twice_ends_the_session(opened: Any, image: CardImage) -> None:
    command = opened.protected(0xB0, 0x9E, 0, le=4)
    assert opened.opened(opened.card.process(command))[1] == 0x9000
    assert opened.plain(command) == (b"", 0x6988)
    opened.card.reset()
    opened.open(image)
    broken = bytearray(opened.protected(0xB0, 0x9E, 0, le=4))
    broken[-2] ^= 1
    assert opened.plain(bytes(broken)) == (b"", 0x6988)
    assert opened.plain(opened.protected(0xB0, 0x9E, 0, le=4))[1] == 0x6988


def test_a_reset_forgets_the_session(opened: Any) -> None:
    opened.card.reset()
    assert opened.plain(opened.protected(0xB0, 0x9E, 0, le=4))[1] == 0x6988


def test_a_command_without_data_objects_is_taken_in_both_paddings(opened: Any) -> None:
    """Terminals pad the checksum's input once (ISO 7816-4) or twice (a reading of 9303-11)."""
    twice = opened.protected(0x20, 0, 0x81)
    assert opened.opened(opened.card.process(twice))[1] == 0x63C3
    opened.counter += 1
    header = bytes.fromhex("0C200081")
    once = opened.session.checksum(opened.counter.to_bytes(16, "big") + header + b"\x80" + bytes(11))
    assert opened.opened(opened.card.process(header + b"\x0a\x8e\x08" + once + b"\x00"))[1] == 0x63C3


def test_reading_to_the_end_and_past_it(opened: Any, image: CardImage) -> None:
    com = image.files[FileId.COM]
    assert opened.send(0xB0, 0x9E, 0, le=0) == (com, 0x9000)
    assert opened.send(0xB0, 0, 4, le=200) == (com[4:], 0x6282)
    assert opened.send(0xB0, 0, len(com), le=1)[1] == 0x6B00
    assert opened.send(0xB0, 0x90, 0, le=1)[1] == 0x6A82  # no such short identifier


def test_as_much_is_given_as_a_short_answer_holds(opened: Any, image: CardImage) -> None:
    dg2 = image.files[FileId.DG2]
    assert opened.send(0xB0, 0x82, 0, le=0) == (dg2[:223], 0x9000)
    assert opened.send(0xB0, 0, 0, le=223) == (dg2[:223], 0x9000)
    assert opened.send(0xB0, 0, 0, le=224)[1] == 0x6700


def test_an_extended_read_takes_a_whole_file(opened: Any, image: CardImage) -> None:
    assert opened.send(0xA4, 2, 0x0C, FileId.DG2.to_bytes(2, "big"))[1] == 0x9000
    assert opened.send(0xB0, 0, 0, le=0, extended=True) == (image.files[FileId.DG2], 0x9000)


def test_active_authentication_signs_the_nonce_with_dg15s_key(opened: Any, image: CardImage) -> None:
    nonce = bytes(range(8))
    signature, status = opened.send(0x88, 0, 0, nonce, 0)
    assert (len(signature), status) == (64, 0x9000)
    key = load_der_public_key(tlv.decode(image.files[FileId.DG15])[0][1])
    assert isinstance(key, ec.EllipticCurvePublicKey)
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    key.verify(encode_dss_signature(r, s), nonce, ec.ECDSA(hashes.SHA256()))
    with pytest.raises(InvalidSignature):
        key.verify(encode_dss_signature(r, s), bytes(8), ec.ECDSA(hashes.SHA256()))


@pytest.mark.parametrize("command", ["0088000008000000000000000000", "002000810432353830", "00200081"])
def test_nothing_is_proven_outside_the_channel(at_card: Any, command: str) -> None:
    at_card.select_application()
    assert at_card.plain(command)[1] == 0x6982


def test_the_pin_counter_goes_down_and_comes_back_with_the_right_pin(opened: Any) -> None:
    assert opened.send(0x20, 0, 0x81)[1] == 0x63C3
    assert opened.send(0x20, 0, 0x81, b"0000")[1] == 0x63C2
    assert opened.send(0x20, 0, 0x81, b"0001")[1] == 0x63C1
    assert opened.send(0x20, 0, 0x81)[1] == 0x63C1
    assert opened.send(0x20, 0, 0x81, b"2580")[1] == 0x9000
    assert opened.send(0x20, 0, 0x81)[1] == 0x9000  # verified in this session
    assert opened.send(0x20, 0, 0x81, b"9999")[1] == 0x63C2
    assert opened.send(0x20, 0, 0x81)[1] == 0x63C2


def test_a_blocked_pin_stays_blocked_for_the_right_one_and_after_a_reset(opened: Any, image: CardImage) -> None:
    assert [opened.send(0x20, 0, 0x81, b"0000")[1] for _ in range(4)] == [0x63C2, 0x63C1, 0x63C0, 0x6983]
    assert opened.send(0x20, 0, 0x81, b"2580")[1] == 0x6983
    opened.card.reset()
    opened.open(image)
    assert opened.send(0x20, 0, 0x81)[1] == 0x6983
    assert opened.send(0x20, 0, 0x81, b"2580")[1] == 0x6983


def test_the_counter_lives_in_the_memory_given(image: CardImage, terminal: MakeTerminal) -> None:
    memory = ChipMemory()
    for expected in (0x63C2, 0x63C1):
        access = terminal(SimulatedCard(image, memory=memory))
        access.open(image)
        assert access.send(0x20, 0, 0x81, b"0000")[1] == expected
    assert memory.pin_tries == 1


@pytest.mark.parametrize("pin", [b"123", b"123456789", b"25a0", b"25 0"])
def test_what_is_no_pin_costs_no_try(opened: Any, pin: bytes) -> None:
    assert opened.send(0x20, 0, 0x81, pin)[1] == 0x6A80
    assert opened.send(0x20, 0, 0x81)[1] == 0x63C3


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("00", 0x6700),
        ("00A4040C07A000000247", 0x6700),
        ("00A4040C07A0000002471002", 0x6A82),
        ("00A4010C020101", 0x6A86),
        ("00B2000000", 0x6D00),
        ("80A4040C07A0000002471001", 0x6E00),
        ("10A4040C07A0000002471001", 0x6E00),
        ("0CA4020C158709016375432908C044F68E08BF8B92D635FF24F800", 0x6988),
    ],
)
def test_commands_that_make_no_sense_are_refused(at_card: Any, command: str, status: int) -> None:
    assert at_card.plain(command)[1] == status


def test_a_stray_le_on_select_does_no_harm(at_card: Any) -> None:
    assert at_card.plain("00A4040C07A000000247100100") == (b"", 0x9000)
    assert at_card.plain("00A4040007A000000247100100") == (bytes.fromhex("6F098407A0000002471001"), 0x9000)
    assert at_card.plain("00A4000C023F00")[1] == 0x9000
    assert at_card.plain("00A4020C02011C00")[1] == 0x9000
