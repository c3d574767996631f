"""A simulated card, read over real PC/SC: our reader against a chip that shares no code with it."""

from __future__ import annotations

import datetime as dt
import json
import queue
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers import smartcard
from drivers.simulated.card import CardImage
from drivers.simulated.hand import CardHand
from drivers.simulated.issuer import CardIssuer, Holder
from drivers.simulated.reader import VirtualReader
from drivers.smartcard import Can, FileId, IdCard, Mrz, channel
from drivers.smartcard.examination import examine
from drivers.smartcard.genuine import CardEvidence, TrustStore, Verdict, certificates, judge, listed

HOLDER = {
    "document_number": "AB1234567",
    "nin": "109860314160100123",
    "surname_latin": "BENALI",
    "given_latin": "AMINA",
    "surname_arabic": "بن علي",
    "given_arabic": "أمينة",
    "sex": "F",
    "date_of_birth": dt.date(1986, 3, 14),
    "date_of_expiry": dt.date(2032, 5, 1),
    "can": "123456",
    "pin": "4321",
}
MRZ = Mrz("AB1234567", dt.date(1986, 3, 14), dt.date(2032, 5, 1))
NOW = dt.datetime.now(dt.UTC)
WAIT = 20.0
"""Longest wait for something that must happen; no test depends on how long it took."""


class Desk:
    """The reader on the desk, the citizen's hand, and what the watch has told."""

    def __init__(self, reader: VirtualReader, folder: Path) -> None:
        self.reader = reader
        self.hand: CardHand = reader.hand()
        self.issuer = CardIssuer.load_or_create(folder / "csca")
        self.trust = TrustStore((certificates.parse(self.issuer.csca_certificate),))
        self.events: queue.Queue[smartcard.WatchEvent] = queue.Queue()
        self.present = False
        self.cards: list[IdCard] = []
        self._folder = folder

    def card(self, access: str = "pace") -> Path:
        """A fresh card, with all its PIN tries."""
        path = self._folder / f"{len(list(self._folder.glob('*.json')))}.json"
        image: CardImage = self.issuer.issue(Holder(**HOLDER, access=access))  # type: ignore[arg-type]
        image.save(path)
        return path

    def insert(self, image: Path, fault: str | None = None) -> None:
        self.hand.insert(image, fault=fault)
        self.expect(smartcard.CardInserted(self.reader.reader_name))

    def remove(self) -> None:
        self.hand.remove()
        self.expect(smartcard.CardRemoved(self.reader.reader_name))

    def expect(self, event: smartcard.WatchEvent) -> None:
        while self._next() != event:
            pass

    def _next(self) -> smartcard.WatchEvent:
        event = self.events.get(timeout=WAIT)
        if isinstance(event, smartcard.CardInserted | smartcard.CardRemoved):
            self.present = isinstance(event, smartcard.CardInserted)
        return event

    def connected(self, accept: frozenset[smartcard.Kind] = IdCard.BOTH) -> IdCard:
        """The card in the reader, connected; let go of at the test's end."""
        card = IdCard(smartcard.connect(deadline=WAIT), accept=accept)
        self.cards.append(card)
        return card

    def opened(self, password: Can | Mrz) -> IdCard:
        card = self.connected()
        card.open(password)
        return card

    def leave_empty(self) -> None:
        """Returns once PC/SC itself has seen that the reader is empty."""
        for card in self.cards:
            card.close()
        self.hand.remove()
        while self.present:
            self._next()


@pytest.fixture(scope="module")
def virtual_reader(
    tmp_path_factory: pytest.TempPathFactory, use_reader: Callable[[VirtualReader], None]
) -> Iterator[VirtualReader]:
    with VirtualReader(tmp_path_factory.mktemp("pc")) as reader:
        use_reader(reader)
        yield reader


@pytest.fixture
def desk(virtual_reader: VirtualReader, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(virtual_reader, tmp_path)
    watch = smartcard.CardWatch(desk.events.put)
    watch.start()
    yield desk
    desk.leave_empty()
    watch.stop()


def read_all(card: IdCard) -> tuple[bytes, dict[FileId, bytes]]:
    sod = card.read(FileId.SOD)
    return sod, {file: card.read(file) for file in listed(sod)}


def examined(card: IdCard) -> CardEvidence:
    return examine(card, (FileId.DG1, FileId.DG2, FileId.DG11), b"12345678")


def judged(card: IdCard, trust: TrustStore) -> Verdict:
    return judge(examined(card), trust, None, NOW)


@pytest.mark.parametrize(
    ("access", "password"),
    [("pace", Can("123456")), ("pace", MRZ), ("bac", MRZ)],
    ids=["PACE with the CAN", "PACE with the MRZ", "BAC with the MRZ"],
)
def test_a_card_is_opened_read_and_proven(desk: Desk, access: str, password: Can | Mrz) -> None:
    desk.insert(desk.card(access))
    card = desk.opened(password)
    assert card.probe().kind == access.upper()
    assert card.probe().passwords == ({"can", "mrz"} if access == "pace" else {"mrz"})
    evidence = examined(card)
    files = evidence.files
    assert set(files) == {FileId.SOD, FileId.DG1, FileId.DG2, FileId.DG11, FileId.DG14, FileId.DG15}
    verdict = judge(evidence, desk.trust, None, NOW)
    assert (verdict.passive, verdict.active, verdict.reasons) == ("passed", "passed", ())
    card.verify_pin("4321")

    data = smartcard.card_data(files, NOW.date())
    assert (data.document_number, data.personal_number) == (HOLDER["document_number"], HOLDER["nin"])
    assert (data.date_of_birth, data.date_of_expiry) == (HOLDER["date_of_birth"], HOLDER["date_of_expiry"])
    assert (data.sex, data.issuing_state) == ("F", "DZA")
    assert data.latin == smartcard.PersonName("BENALI", "AMINA")
    assert data.arabic == smartcard.PersonName("بن علي", "أمينة")
    assert smartcard.parse_dg2(files[FileId.DG2]).mime == "image/jpeg"


def test_a_wrong_can_is_told_and_the_right_one_still_opens(desk: Desk) -> None:
    desk.insert(desk.card())
    card = desk.connected()
    with pytest.raises(smartcard.WrongPassword):
        card.open(Can("654321"))
    with pytest.raises(smartcard.ChannelBroken):
        card.pin_tries()
    card.open(Can("123456"))
    assert card.read(FileId.DG1)


def test_a_wrong_mrz_does_not_open_a_bac_card_and_a_can_is_not_tried(desk: Desk) -> None:
    desk.insert(desk.card("bac"))
    card = desk.connected()
    with pytest.raises(smartcard.PasswordKind):
        card.open(Can("123456"))
    with pytest.raises(smartcard.WrongPassword):
        card.open(Mrz("AB1234567", dt.date(1986, 3, 14), dt.date(2032, 5, 2)))
    card.open(MRZ)
    assert card.read(FileId.DG1)


def test_bac_is_refused_where_the_kiosk_does_not_accept_it(desk: Desk) -> None:
    desk.insert(desk.card("bac"))
    card = desk.connected(IdCard.PACE_ONLY)
    with pytest.raises(smartcard.AccessNotOffered):
        card.open(MRZ)


def test_pin_tries_are_counted_down_and_never_spent_by_asking(desk: Desk) -> None:
    desk.insert(desk.card())
    card = desk.opened(Can("123456"))
    assert [card.pin_tries(), card.pin_tries()] == [3, 3]
    with pytest.raises(smartcard.PinFormat):
        card.verify_pin("12 34")
    with pytest.raises(smartcard.WrongPin) as wrong:
        card.verify_pin("1111")
    assert (wrong.value.tries_left, card.pin_tries()) == (2, 2)
    card.verify_pin("4321")
    card.close()

    card = desk.opened(Can("123456"))
    assert card.pin_tries() == 3  # the right PIN has given the tries back
    for left in (2, 1):
        with pytest.raises(smartcard.WrongPin) as wrong:
            card.verify_pin("1111")
        assert wrong.value.tries_left == left
    with pytest.raises(smartcard.PinBlocked):
        card.verify_pin("1111")
    assert card.pin_tries() == 0
    with pytest.raises(smartcard.PinBlocked):
        card.verify_pin("4321")


def test_a_copied_card_fails_active_authentication(desk: Desk) -> None:
    desk.insert(desk.card(), "yes-card")
    card = desk.opened(Can("123456"))
    verdict = judged(card, desk.trust)
    assert (verdict.passive, verdict.active) == ("passed", "failed")
    assert [reason.code for reason in verdict.reasons] == ["E-CARD-COPY"]


def test_an_altered_file_is_named_by_passive_authentication(desk: Desk) -> None:
    desk.insert(desk.card(), "altered-dg")
    card = desk.opened(Can("123456"))
    verdict = judged(card, desk.trust)
    assert verdict.passive == "failed"
    assert [(reason.code, reason.words.split(":")[0]) for reason in verdict.reasons] == [("E-CARD-ALTERED", "DG1")]


def test_a_card_of_an_unknown_country_has_no_trust_anchor(desk: Desk) -> None:
    desk.insert(desk.card())
    card = desk.opened(Can("123456"))
    assert judged(card, TrustStore()).passive == "no_trust_anchor"


def test_a_card_pulled_in_mid_read_is_an_error_and_the_next_one_is_read(desk: Desk) -> None:
    desk.insert(desk.card(), "pulled")
    card = desk.opened(Can("123456"))
    with pytest.raises(smartcard.CardRemovedError):
        read_all(card)
    with pytest.raises(smartcard.CardRemovedError):
        card.read(FileId.DG2)
    card.close()
    desk.expect(smartcard.CardRemoved(desk.reader.reader_name))
    desk.insert(desk.card())
    card = desk.opened(Can("123456"))
    assert card.read(FileId.DG1)


def test_a_card_is_asked_each_time_whether_it_is_still_there(desk: Desk) -> None:
    desk.insert(desk.card())
    card = desk.opened(Can("123456"))
    assert card.read(FileId.COM)
    before = card.channel.apdu_count
    card.still_there()
    card.still_there()
    assert card.channel.apdu_count == before + 2
    desk.remove()
    with pytest.raises(smartcard.CardRemovedError):
        card.still_there()


def test_a_silent_card_is_given_up_and_its_removal_frees_the_reader(desk: Desk) -> None:
    desk.insert(desk.card(), "mute")
    channel = smartcard.connect(deadline=0.3)
    with pytest.raises(smartcard.CardSilent):
        IdCard(channel).probe()
    channel.close()
    desk.remove()
    desk.insert(desk.card())
    desk.opened(Can("123456")).close()


@pytest.mark.parametrize(
    ("fault", "error"), [("wrong-mac", smartcard.ChannelBroken), ("garbled", smartcard.MalformedData)]
)
def test_nonsense_from_the_card_is_our_own_error(desk: Desk, fault: str, error: type[Exception]) -> None:
    desk.insert(desk.card(), fault)
    with pytest.raises(error):
        _, files = read_all(desk.opened(Can("123456")))
        smartcard.card_data(files, NOW.date())


def test_a_session_left_behind_by_another_program_is_reset(desk: Desk) -> None:
    desk.insert(desk.card())
    code = (
        "import os; from drivers.smartcard import *\n"
        "card = IdCard(connect(deadline=20.0)); card.open(Can('123456')); card.read(FileId.DG1); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    card = desk.opened(Can("123456"))
    assert card.read(FileId.DG1)


def test_no_card_and_no_such_reader(desk: Desk) -> None:
    with pytest.raises(smartcard.NoCard):
        smartcard.connect(deadline=WAIT)
    with pytest.raises(smartcard.NoCard):
        smartcard.connect(desk.reader.reader_name, deadline=WAIT)
    with pytest.raises(smartcard.NoReader):
        smartcard.connect("No such reader", deadline=WAIT)


def test_a_reader_tells_of_its_card_before_anybody_connects(desk: Desk) -> None:
    assert smartcard.readers_with_card() == []
    desk.insert(desk.card())
    assert smartcard.readers_with_card() == [desk.reader.reader_name]
    assert smartcard.firmware(desk.reader.reader_name) is None, "the virtual reader tells no version"
    held = smartcard.connect(None, deadline=WAIT)
    assert smartcard.firmware(desk.reader.reader_name) is None
    held.transmit(bytes.fromhex("00A4040C07A0000002471001"))
    held.close()


def test_the_version_of_a_reader_in_words() -> None:
    assert channel.version_of([0x07, 0x01, 0x02, 0x05]) == "5.2.263"
    assert channel.version_of([]) is None


def test_the_watch_outlives_the_service(desk: Desk) -> None:
    desk.insert(desk.card())
    name = desk.reader.reader_name
    desk.hand.reader_down()
    for event in (smartcard.PcscGone(), smartcard.ReaderGone(name), smartcard.CardRemoved(name)):
        desk.expect(event)
    with pytest.raises(smartcard.PcscUnavailable):
        smartcard.readers()
    desk.hand.reader_up()
    for event in (smartcard.PcscBack(), smartcard.ReaderArrived(name)):
        desk.expect(event)
    assert name in smartcard.readers()
    desk.insert(desk.card())
    desk.remove()


def kiosk_card_read(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kiosk", "card", "read", *arguments]
    return subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60)


def trust_folder(desk: Desk, folder: Path) -> Path:
    for name, content in desk.issuer.trust().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_the_command_says_it_all_in_one_object(desk: Desk, tmp_path: Path) -> None:
    desk.insert(desk.card())
    trust = trust_folder(desk, tmp_path / "trust")
    done = kiosk_card_read("--can", "-", "--trust", str(trust), "--json", typed="123456\n")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["reader"] == desk.reader.reader_name
    assert report["access"] == "PACE"
    assert report["pace"] == {"mapping": "GM", "cipher": "AES-128", "curve": "brainpoolP256r1"}
    assert report["document_number"] == HOLDER["document_number"]
    assert report["personal_number"] == HOLDER["nin"]
    assert (report["date_of_birth"], report["date_of_expiry"]) == ("1986-03-14", "2032-05-01")
    assert (report["sex"], report["issuing_state"]) == ("F", "DZA")
    assert report["names"]["latin"] == {"surname": "BENALI", "given": "AMINA"}
    assert report["names"]["arabic"] == {"surname": "بن علي", "given": "أمينة"}
    assert report["passive_authentication"] == report["active_authentication"] == "passed"
    assert report["chip_authentication"] == "not_supported"
    assert report["data_groups"]["DG1"] == 95 and report["data_groups"]["DG2"] > 10_000
    assert report["apdu_count"] <= 20
    assert set(report["timings_ms"]) == {"access", "read", "verify", "total"}


def test_the_command_by_bac_without_trust(desk: Desk) -> None:
    desk.insert(desk.card("bac"))
    done = kiosk_card_read("--mrz", "AB1234567|860314|320501", "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report["access"], report["pace"]) == (0, "BAC", None)
    assert report["passive_authentication"] == "no_trust_anchor"


@pytest.mark.parametrize(
    ("fault", "arguments", "status", "code"),
    [
        (None, ("--can", "000000"), 1, "E-CARD-WRONG-PASSWORD"),
        (None, ("--can", "12345"), 2, "E-CARD-PASSWORD-FORMAT"),
        (None, (), 2, "E-KIOSK-USAGE"),
        (None, ("--can", "123456", "--reader", "None"), 3, "E-READER-NONE"),
        ("pulled", ("--can", "123456"), 3, "E-CARD-REMOVED"),
    ],
)
def test_the_command_ends_with_a_line_and_a_status(
    desk: Desk, fault: str | None, arguments: tuple[str, ...], status: int, code: str
) -> None:
    desk.insert(desk.card(), fault)
    done = kiosk_card_read(*arguments, "--json")
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"error {code}: ") and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("fault", "failed", "code"),
    [
        ("yes-card", "active_authentication", "E-CARD-COPY"),
        ("altered-dg", "passive_authentication", "E-CARD-ALTERED"),
        ("hidden-dg15", "passive_authentication", "E-CARD-FILE-HIDDEN"),
        ("expired-ds", "passive_authentication", "E-CARD-SIGNER-EXPIRED"),
        ("revoked-ds", "passive_authentication", "E-CARD-SIGNER-REVOKED"),
        ("foreign-csca", "passive_authentication", "E-CARD-FOREIGN"),
    ],
)
def test_the_command_says_no_to_a_card_that_is_not_genuine(
    desk: Desk, tmp_path: Path, fault: str, failed: str, code: str
) -> None:
    desk.insert(desk.card(), fault)
    done = kiosk_card_read("--can", "123456", "--trust", str(trust_folder(desk, tmp_path / "trust")), "--json")
    report = json.loads(done.stdout)
    assert (done.returncode, report[failed]) == (1, "failed")
    assert code in [reason["code"] for reason in report["reasons"]]
    assert done.stderr.startswith(f"error {code}: ") and "Traceback" not in done.stderr


def test_the_command_says_no_to_a_signer_nobody_here_knows(desk: Desk, tmp_path: Path) -> None:
    desk.insert(desk.card(), "unknown-csca")
    done = kiosk_card_read("--can", "123456", "--trust", str(trust_folder(desk, tmp_path / "trust")), "--json")
    assert (done.returncode, json.loads(done.stdout)["passive_authentication"]) == (1, "no_trust_anchor")
    assert done.stderr.startswith("error E-CARD-ISSUER-UNKNOWN: ")
