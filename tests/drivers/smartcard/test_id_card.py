"""The card as the session sees it, over a channel of memory: what it shows and refuses, what the watch tells."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smartcard import scard

from drivers import smartcard
from drivers.smartcard import CardError, FileId, IdCard, watch
from drivers.smartcard.carrier import Carrier
from drivers.smartcard.emrtd import reading, security_infos
from drivers.smartcard.emrtd.reading import Partial, Sizes
from drivers.smartcard.pcsc import Lane, failure

# -- what the card shows before it is opened

CARD_ACCESS = "31143012060A04007F0007020204020202010202010D"


class Shown:
    """A channel to a card that has EF.CardAccess, answers `template` to MSE:Set AT and obeys nothing else."""

    apdu_count = byte_count = 0
    atr = b""

    def __init__(self, card_access: str | None, template: str = "6A82") -> None:
        self.template = bytes.fromhex(template)
        self.content = bytes.fromhex(card_access) if card_access is not None else None
        self.commands: list[bytes] = []

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
        self.commands.append(command)
        if command[1] == 0xB0 and self.content is not None:
            return self.content + b"\x90\x00"
        return self.template if command[1] == 0x22 else b"\x6a\x82"

    def reset(self) -> None: ...
    def close(self) -> None: ...


def test_pace_that_is_shown_is_found() -> None:
    access = IdCard(Shown(CARD_ACCESS)).probe()
    assert (access.kind, access.mapping, access.cipher, access.curve) == ("PACE", "GM", "AES-128", "brainpoolP256r1")


@pytest.mark.parametrize(
    ("template", "passwords"), [("9000", {"can", "mrz"}), ("6A88", {"mrz"}), ("63C1", {"can", "mrz"})]
)
def test_whether_a_card_takes_a_can_is_asked_of_it(template: str, passwords: set[str]) -> None:
    card = IdCard(Shown(CARD_ACCESS, template))
    assert card.probe().passwords == card.probe().passwords == passwords


def test_a_card_asked_for_its_can_is_not_told_twice() -> None:
    channel = Shown(CARD_ACCESS, "9000")
    card = IdCard(channel)
    card.probe()
    for password, told in ((smartcard.Can("123456"), 1), (smartcard.Can("123456"), 2)):
        with pytest.raises(smartcard.CardRefused):
            card.open(password)
        assert sum(command[1] == 0x22 for command in channel.commands) == told
    other = Shown(CARD_ACCESS, "9000")
    card = IdCard(other)
    card.probe()
    with pytest.raises(smartcard.CardRefused):
        card.open(smartcard.Mrz.parse("AB1234567|860314|320501"))
    assert [command[-1] for command in other.commands if command[1] == 0x22] == [2, 1]


def test_a_card_that_takes_no_can_is_not_given_one() -> None:
    card = IdCard(Shown(CARD_ACCESS, "6A88"))
    card.probe()
    with pytest.raises(smartcard.PasswordKind):
        card.open(smartcard.Can("123456"))


def test_a_card_that_shows_nothing_is_opened_by_its_mrz() -> None:
    card = IdCard(Shown(None))
    assert (card.probe().kind, card.probe().passwords) == ("BAC", {"mrz"})


@pytest.mark.parametrize(
    "card_access",
    [
        "31143012060A04007F0007020204020502010202010D",  # no such cipher
        "31143012060A04007F0007020204020202010102010D",  # version 1
        "31143012060A04007F00070202040202020102020113",  # no such domain parameters
        "31143012060A04007F00070202040102020102020120",  # nor these
        "31143012060A04007F0007020204010202010202010D",  # DH over a curve
        "31143012060A04007F0007020204060102010202010D",  # chip authentication mapping with 3DES
        "31143012060A04007F0007020204040202010202010A",  # integrated mapping onto P-224
        "31143012060A04007F0007020204050202010202010D",  # no such mapping
        "3111300F060A04007F00070202040202020102",  # no curve
    ],
)
def test_another_pace_is_never_answered_with_bac(card_access: str) -> None:
    channel = Shown(card_access)
    with pytest.raises(smartcard.PaceUnsupported):
        IdCard(channel).open(smartcard.Mrz.parse("AB1234567|860314|320501"))
    assert all(command[1] in (0xA4, 0xB0) for command in channel.commands), "something was tried all the same"


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

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
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


def test_security_infos_are_bounded_by_their_set() -> None:
    with pytest.raises(smartcard.MalformedData):
        security_infos.parse(bytes.fromhex(CARD_ACCESS) + b"\0")


# -- cards that hand out their answers in their own way


class Talker(Shown):
    """Gives `answers` one after the other, the last for ever."""

    def __init__(self, *answers: str) -> None:
        super().__init__(None)
        self.answers = [bytes.fromhex(answer) for answer in answers]

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
        self.commands.append(command)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def test_a_length_that_a_card_names_is_asked_for_once() -> None:
    channel = Talker("6C16", CARD_ACCESS + "9000")
    access = Carrier(channel).carry(reading.read(FileId.CARD_ACCESS, Sizes(), Partial()))
    assert access.hex().upper() == CARD_ACCESS
    assert [command.hex().upper() for command in channel.commands] == ["00B09C0000", "00B09C0016"]


@pytest.mark.parametrize("answers", [("6C16",), ("61FF",), ("00" * 255 + "61FF",)], ids=["names", "promises", "gives"])
def test_a_card_that_comes_to_no_end_is_given_up(answers: tuple[str, ...]) -> None:
    channel = Talker(*answers)
    with pytest.raises(CardError):
        Carrier(channel).carry(reading.read(FileId.CARD_ACCESS, Sizes(), Partial()))
    assert len(channel.commands) < 400


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


def test_what_needs_no_answer_is_done_while_the_call_is_under_way() -> None:
    lane, called, worked = Lane("test"), threading.Event(), threading.Event()

    def call() -> bool:
        called.set()
        return worked.wait(10)

    assert lane.call(call, 20, lambda: called.wait(10) and worked.set())
    lane.end(lambda: None, wait=10)


def test_a_lane_that_is_still_busy_is_given_up_with_work_as_without() -> None:
    lane, returns = Lane("test"), threading.Event()
    for meanwhile in (None, fail):
        with pytest.raises(smartcard.CardSilent):
            lane.call(returns.wait, 0.01, meanwhile)
    returns.set()
    lane.end(lambda: None, wait=10)


def test_a_call_s_own_failure_reaches_the_caller() -> None:
    lane = Lane("test")
    with pytest.raises(smartcard.NoCard):
        lane.call(fail, 10)
    assert lane.call(lambda: 7, 10) == 7
    lane.end(lambda: None, wait=10)


def fail() -> None:
    raise smartcard.NoCard("no card")
