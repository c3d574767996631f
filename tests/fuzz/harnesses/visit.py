"""A whole card that talks nonsense to the kiosk, and the kiosk's terminals that talk nonsense to a simulated card."""

from __future__ import annotations

import contextlib
import datetime as dt
from functools import cache

from drivers.simulated.card import CardImage, SimulatedCard
from drivers.smartcard.card import IdCard
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.passwords import Can
from drivers.smartcard.errors import CardError, CardRemovedError
from drivers.smartcard.examination import examine
from drivers.smartcard.genuine import CardEvidence, Needs, TrustStore, certificates, judge
from drivers.smartcard.profile import Profile, load
from tests.fuzz.harness import CORPUS, answers, harness
from tests.fuzz.harnesses.channel import drawn

AT = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
ATR = bytes.fromhex("3B8A80018031B873864060810590 00C2")
WANTED = (FileId.DG1, FileId.DG11, FileId.COM, FileId.DG12)
NONCE = bytes(range(8))
CAN = Can("123456")
PROFILES: tuple[Profile | None, ...] = (None, load("icao"), load("dz-cnibe"), load("ma-cnie"))
NEEDS = Needs.parse(["passive", "active|chip"])
EVIDENCE = (FileId.SOD, FileId.DG1, FileId.DG14, FileId.DG15, FileId.COM, FileId.CARD_SECURITY)


class Babbler:
    """A channel to a card that says what it was given to say, whatever it is asked, and is then pulled out."""

    atr = ATR
    apdu_count = byte_count = 0

    def __init__(self, said: bytes) -> None:
        self._answers = answers(said)

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
        answer = next(self._answers, None)
        if answer is None:
            raise CardRemovedError("the card was taken out")
        return answer

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass


@harness(CardError, longest=8192)
def card(data: bytes) -> None:
    """First a byte: whether the chip is opened before it is read, and by which profile."""
    choice = data[0] if data else 0
    profile = PROFILES[choice // 2 % len(PROFILES)]
    one = IdCard(Babbler(data[1:]), profile=profile, random=drawn())
    if choice & 1:
        one.open(CAN)
    evidence = examine(one, WANTED, NONCE, opened_with=CAN)
    judge(evidence, trusted(), profile, AT)
    one.pin_tries()
    one.verify_pin("1234")


@harness(longest=8192)
def verdict(data: bytes) -> None:
    """Files cut from the data, in the order of EVIDENCE; `judge` raises nothing."""
    files = {file: content for file, content in zip(EVIDENCE, answers(data), strict=False) if content}
    given = CardEvidence(files, chip_authentication="passed" if len(data) & 1 else None)
    told = judge(given, trusted(), PROFILES[1], AT)
    assert told.genuine or told.reasons
    with contextlib.suppress(CardError):
        told.check(NEEDS)


@cache
def trusted() -> TrustStore:
    return TrustStore((certificates.parse((CORPUS / "certificate" / "good-csca").read_bytes()),))


@harness(longest=2048)
def simulated_card(data: bytes) -> None:
    """Commands cut from the data; a chip has an answer to everything."""
    chip = SimulatedCard(simulated_image())
    for command in answers(data):
        answer = chip.process(command)
        assert answer == b"" or 2 <= len(answer) <= 65_538


@cache
def simulated_image() -> CardImage:
    return CardImage.from_json((CORPUS / "card-image" / "good-icao").read_text())
