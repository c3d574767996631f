"""The card as the session sees it, over a channel of memory: files, PIN, what it refuses, what the watch tells."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st
from smartcard import scard

from drivers import smartcard
from drivers.smartcard import CardError, FileId, IdCard, tlv, watch
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import files, pin, security_infos
from drivers.smartcard.pcsc import Lane, failure

# -- files


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
    exchange = files.read(FileId.DG2, lambda done, total: seen.append((done, total)))
    assert run(exchange, serve(content + b"padding after the end", by_short_id=by_short_id, most=most)) == content
    assert seen[-1] == (len(content), len(content)) and seen == sorted(seen)


@pytest.mark.parametrize(
    ("card", "error"),
    [
        (serve(tlv.encode(0x61, b"x" * 50)), smartcard.MalformedData),
        (serve(bytes.fromhex("7583FFFFFF") + bytes(300)), smartcard.MalformedData),
        (serve(tlv.encode(0x75, bytes(900))[:500]), smartcard.MalformedData),
        (serve(tlv.encode(0x75, bytes(900)), most=1), smartcard.MalformedData),
        (lambda command: ResponseApdu(b"", 0x6A82), smartcard.FileAbsent),
        (lambda command: ResponseApdu(b"", 0x6982), smartcard.CardRefused),
        (lambda command: ResponseApdu(bytes(255), 0x9000), smartcard.MalformedData),
    ],
    ids=["other tag", "too long", "ends early", "a byte at a time", "absent", "locked", "never ends"],
)
def test_a_file_that_is_not_right_is_refused(run, card, error: type[CardError]) -> None:
    with pytest.raises(error):
        run(files.read(FileId.DG2), card)


# -- what the card shows before it is opened

CARD_ACCESS = "31143012060A04007F0007020204020202010202010D"


class Shown:
    """A channel to a card that has EF.CardAccess and obeys nothing else."""

    apdu_count = byte_count = 0
    atr = b""

    def __init__(self, card_access: str | None) -> None:
        self.content = bytes.fromhex(card_access) if card_access is not None else None
        self.commands: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        if command[1] == 0xB0 and self.content is not None:
            return self.content + b"\x90\x00"
        return b"\x6a\x82"

    def reset(self) -> None: ...
    def close(self) -> None: ...


def test_pace_that_is_shown_is_found() -> None:
    access = IdCard(Shown(CARD_ACCESS)).probe()
    assert (access.kind, access.mapping, access.cipher, access.curve) == ("PACE", "GM", "AES-128", "brainpoolP256r1")
    assert access.passwords == {"can", "mrz"}


def test_a_card_that_shows_nothing_is_opened_by_its_mrz() -> None:
    card = IdCard(Shown(None))
    assert (card.probe().kind, card.probe().passwords) == ("BAC", {"mrz"})


@pytest.mark.parametrize(
    "card_access",
    [
        "31143012060A04007F0007020204020402010202010D",  # AES-256
        "31143012060A04007F00070202040202020102020110",  # brainpoolP512r1
        "31143012060A04007F0007020204040202010202010D",  # integrated mapping
        "3111300F060A04007F00070202040202020102",  # no curve
    ],
)
def test_another_pace_is_never_answered_with_bac(card_access: str) -> None:
    channel = Shown(card_access)
    with pytest.raises((smartcard.PaceUnsupported, smartcard.MalformedData)):
        IdCard(channel).open(smartcard.Mrz.parse("AB1234567|860314|320501"))
    assert all(command[1] in (0xA4, 0xB0) for command in channel.commands), "something was tried all the same"


def test_a_hidden_pace_is_found_out_by_the_signed_dg14() -> None:
    dg14 = tlv.encode(0x6E, bytes.fromhex(CARD_ACCESS))
    IdCard(Shown(CARD_ACCESS)).confirm_access(dg14)
    with pytest.raises(smartcard.AccessDowngraded):
        IdCard(Shown(None)).confirm_access(dg14)


def test_nothing_secret_is_sent_to_a_chip_that_is_not_open() -> None:
    channel = Shown(None)
    card = IdCard(channel)
    for ask in (lambda: card.verify_pin("1234"), card.pin_tries, lambda: card.active_authentication(bytes(8))):
        with pytest.raises(smartcard.ChannelBroken):
            ask()
    assert channel.commands == []


class Babbler(Shown):
    """A card that answers whatever comes to its mind, and in the end nothing but an error."""

    def __init__(self, answers: list[bytes]) -> None:
        super().__init__(None)
        self.answers = answers

    def transmit(self, command: bytes) -> bytes:
        return self.answers.pop(0) if self.answers else b"\x6f\x00"


NEARLY_RIGHT = st.sampled_from(
    [
        bytes.fromhex(answer)
        for answer in (
            CARD_ACCESS + "9000",
            "9000",
            "7C1280109" + "0" * 31 + "9000",
            "6300",
            "0102030405060708" + "9000",
        )
    ]
)


@given(
    st.lists(NEARLY_RIGHT | st.binary(max_size=80) | st.binary(max_size=80).map(lambda b: b + b"\x90\x00"), max_size=10)
)
def test_whatever_a_card_says_ends_in_our_own_error(answers: list[bytes]) -> None:
    for password in (smartcard.Can("123456"), smartcard.Mrz.parse("AB1234567|860314|320501")):
        with pytest.raises(CardError):
            IdCard(Babbler(list(answers))).open(password)


# -- PIN


@pytest.mark.parametrize(("status", "left"), [(0x63C3, 3), (0x63C0, 0), (0x6983, 0), (0x9000, None), (0x6A88, None)])
def test_tries_left(run, status: int, left: int | None) -> None:
    assert run(pin.tries_left(), lambda command: ResponseApdu(b"", status)) == left


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (0x63C2, smartcard.WrongPin),
        (0x63C0, smartcard.PinBlocked),
        (0x6983, smartcard.PinBlocked),
        (0x6A88, smartcard.PinAbsent),
        (0x6F00, smartcard.CardRefused),
    ],
)
def test_a_refused_pin(run, status: int, error: type[CardError]) -> None:
    with pytest.raises(error):
        run(pin.verify("1234"), lambda command: ResponseApdu(b"", status))


@pytest.mark.parametrize("typed", ["", "123", "123456789", "12a4", "١٢٣٤", "1234\n"])
def test_what_cannot_be_a_pin_is_not_sent(typed: str) -> None:
    with pytest.raises(smartcard.PinFormat):
        next(pin.verify(typed))


# -- active authentication

KEY = ec.generate_private_key(ec.SECP256R1())
NONCE = b"12345678"


def dg15(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return tlv.encode(0x6F, key.public_key().public_bytes(serialization.Encoding.DER, info))


def dg14(algorithm: str = "04007F00070101040103") -> bytes:
    info = (
        tlv.encode(0x06, bytes.fromhex("678108010105")) + b"\x02\x01\x01" + tlv.encode(0x06, bytes.fromhex(algorithm))
    )
    return tlv.encode(0x6E, tlv.encode(0x31, tlv.encode(0x30, info)))


def signature(key: ec.EllipticCurvePrivateKey, nonce: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(nonce, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def test_only_the_chip_s_own_key_over_our_own_nonce_passes() -> None:
    verify = smartcard.verify_active_authentication
    good = signature(KEY, NONCE)
    assert verify(dg14(), dg15(KEY), NONCE, good)
    assert not verify(dg14(), dg15(KEY), b"87654321", good)
    assert not verify(dg14(), dg15(ec.generate_private_key(ec.SECP256R1())), NONCE, good)
    for bad in (b"", good[:-1], good + b"\0", bytes(64), KEY.sign(NONCE, ec.ECDSA(hashes.SHA256()))):
        assert not verify(dg14(), dg15(KEY), NONCE, bad)


@pytest.mark.parametrize(
    ("dg14_file", "dg15_file"),
    [
        (dg14("04007F00070101040101"), dg15(KEY)),  # SHA-1
        (tlv.encode(0x6E, bytes.fromhex(CARD_ACCESS)), dg15(KEY)),
        (dg14(), dg15(rsa.generate_private_key(65537, 2048))),
        (dg14(), tlv.encode(0x6F, b"\x30\x00")),
    ],
    ids=["SHA-1", "no algorithm", "RSA", "no key"],
)
def test_another_algorithm_is_said_to_be_unsupported(dg14_file: bytes, dg15_file: bytes) -> None:
    with pytest.raises(smartcard.ActiveAuthenticationUnsupported):
        smartcard.verify_active_authentication(dg14_file, dg15_file, NONCE, bytes(64))


def test_security_infos_are_bounded_by_their_set() -> None:
    with pytest.raises(smartcard.MalformedData):
        security_infos.parse(bytes.fromhex(CARD_ACCESS) + b"\0")


# -- PC/SC


@given(st.lists(st.booleans(), max_size=12))
def test_the_watch_tells_each_coming_and_going_once(present: list[bool]) -> None:
    state, told, count = scard.SCARD_STATE_UNAWARE, [], 0
    for now in present:
        count += now != bool(state & scard.SCARD_STATE_PRESENT)
        after = (scard.SCARD_STATE_PRESENT if now else scard.SCARD_STATE_EMPTY) | count << 16
        told += watch.changes("R", state, after)
        state = after
    kinds = [type(event).__name__ for event in told]
    assert kinds == ["CardInserted" if n % 2 == 0 else "CardRemoved" for n in range(len(kinds))]
    assert len(kinds) % 2 == bool(state & scard.SCARD_STATE_PRESENT)


def test_a_card_changed_between_two_looks_is_two_events() -> None:
    before, after = scard.SCARD_STATE_PRESENT | 1 << 16, scard.SCARD_STATE_PRESENT | 3 << 16
    assert watch.changes("R", before, after) == [smartcard.CardRemoved("R"), smartcard.CardInserted("R")]
    assert watch.changes("R", before, before | scard.SCARD_STATE_INUSE) == []


@pytest.mark.parametrize(
    "result", [scard.SCARD_E_NO_SERVICE, scard.SCARD_W_REMOVED_CARD, scard.SCARD_E_NO_SMARTCARD, 0x80100001]
)
def test_every_pcsc_result_is_an_error_of_ours(result: int) -> None:
    assert isinstance(failure(result), CardError) and f"{result & 0xFFFFFFFF:08X}" in str(failure(result))


def test_a_call_that_hangs_is_given_up_and_the_lane_ends_when_it_returns() -> None:
    lane, returns, ended = Lane("test"), threading.Event(), threading.Event()
    with pytest.raises(smartcard.CardSilent):
        lane.call(returns.wait, 0.01)
    lane.end(ended.set, wait=0.0)
    assert not ended.is_set()
    returns.set()
    assert ended.wait(10)


def test_a_call_s_own_failure_reaches_the_caller() -> None:
    lane = Lane("test")
    with pytest.raises(smartcard.NoCard):
        lane.call(fail, 10)
    assert lane.call(lambda: 7, 10) == 7
    lane.end(lambda: None, wait=10)


def fail() -> None:
    raise smartcard.NoCard("no card")
