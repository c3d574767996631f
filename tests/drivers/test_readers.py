"""Readers that come, go, hang and hold too many cards: a real pcscd with two virtual readers, nobody's hardware."""

from __future__ import annotations

import datetime as dt
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from smartcard import scard

from drivers import smartcard
from drivers.simulated.hand import CardHand
from drivers.simulated.issuer import CardIssuer, Holder
from drivers.simulated.reader import VirtualReader
from drivers.smartcard import FileId, IdCard, pcsc, watch

WAIT = 30.0
SECOND = "Virtual PCD 00 01"


class Seen:
    """What a watch has told, in order."""

    def __init__(self) -> None:
        self.events: queue.Queue[smartcard.WatchEvent] = queue.Queue()

    def until(self, *wanted: smartcard.WatchEvent) -> None:
        """Returns when all of them have come, in any order, whatever came between."""
        left = list(wanted)
        while left:
            event = self.events.get(timeout=WAIT)
            if event in left:
                left.remove(event)


@pytest.fixture(scope="module")
def reader(
    tmp_path_factory: pytest.TempPathFactory, use_reader: Callable[[VirtualReader], None]
) -> Iterator[VirtualReader]:
    with VirtualReader(tmp_path_factory.mktemp("r")) as reader:
        use_reader(reader)
        yield reader


@pytest.fixture
def watched() -> Iterator[Callable[..., Seen]]:
    watches: list[smartcard.CardWatch] = []

    def watched(**more: float) -> Seen:
        seen = Seen()
        watches.append(smartcard.CardWatch(seen.events.put, **more))
        watches[-1].start()
        return seen

    yield watched
    for one in watches:
        one.stop()


@pytest.fixture
def hand(reader: VirtualReader) -> Iterator[CardHand]:
    yield reader.hand()
    reader.hand().wake_pcscd()
    for slot in (0, 1):
        reader.hand().remove(slot)


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("cards")
    issuer = CardIssuer.load_or_create(folder / "csca")
    files = [folder / f"{number}.json" for number in range(2)]
    for number, file in enumerate(files):
        issuer.issue(holder(number)).save(file)
    return files


def holder(number: int) -> Holder:
    return Holder(
        document_number=f"10000000{number}",
        nin=f"11860314000000{number:04}",
        surname_latin="BENALI",
        given_latin="AMINA",
        surname_arabic="بن علي",
        given_arabic="أمينة",
        sex="F",
        date_of_birth=dt.date(1986, 3, 14),
        date_of_expiry=dt.date(2032, 5, 1),
        can=f"12345{number}",
        pin="4321",
    )


def test_two_cards_at_once_are_nobody_s(
    reader: VirtualReader, hand: CardHand, cards: list[Path], watched: Callable[..., Seen]
) -> None:
    seen = watched()
    for slot, card in enumerate(cards):
        hand.insert(card, slot=slot)
    seen.until(smartcard.CardInserted(reader.reader_name), smartcard.CardInserted(SECOND))
    with pytest.raises(smartcard.SeveralCards):
        smartcard.connect(None, deadline=WAIT)
    second = IdCard(smartcard.connect(SECOND, deadline=WAIT))
    second.open(smartcard.Can("123451"))
    assert second.read(FileId.DG1)
    second.close()
    hand.remove(slot=1)
    seen.until(smartcard.CardRemoved(SECOND))
    first = IdCard(smartcard.connect(None, deadline=WAIT))
    first.open(smartcard.Can("123450"))
    first.close()


def test_a_service_that_hangs_is_a_service_that_is_gone(
    reader: VirtualReader, hand: CardHand, cards: list[Path], watched: Callable[..., Seen]
) -> None:
    name = reader.reader_name
    seen = watched(longest_wait=0.1, patience=0.3)
    hand.insert(cards[0])
    seen.until(smartcard.CardInserted(name))
    hand.hang_pcscd()
    seen.until(smartcard.PcscGone(), smartcard.CardRemoved(name))
    for ask in (smartcard.readers, smartcard.readers_with_card):
        with pytest.raises(smartcard.PcscUnavailable):
            ask(deadline=0.2)
    hand.wake_pcscd()
    seen.until(smartcard.PcscBack(), smartcard.CardInserted(name))


def test_a_watch_ends_though_the_service_hangs(
    reader: VirtualReader, hand: CardHand, watched: Callable[..., Seen]
) -> None:
    events: queue.Queue[smartcard.WatchEvent] = queue.Queue()
    one = smartcard.CardWatch(events.put, longest_wait=0.1, patience=0.2)
    one.start()
    while events.get(timeout=WAIT) != smartcard.ReaderArrived(reader.reader_name):
        pass
    hand.hang_pcscd()
    while events.get(timeout=WAIT) != smartcard.PcscGone():
        pass
    one.stop()
    hand.wake_pcscd()


def test_whatever_goes_wrong_is_reported_and_somebody_goes_on_watching(
    reader: VirtualReader, monkeypatch: pytest.MonkeyPatch, watched: Callable[..., Seen]
) -> None:
    """An error that nobody has thought of, in the thread that no one waits for."""
    told: queue.Queue[BaseException | None] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda args: told.put(args.exc_value))
    once = iter([SystemError("PC/SC's library answers nonsense")])
    really = pcsc.list_readers

    def list_readers(context: object) -> list[str]:
        for error in once:
            raise error
        return really(context)

    monkeypatch.setattr(watch.pcsc, "list_readers", list_readers)
    seen = watched()
    assert isinstance(told.get(timeout=WAIT), SystemError)
    seen.until(smartcard.PcscGone(), smartcard.PcscBack(), smartcard.ReaderArrived(reader.reader_name))


def test_a_reader_unplugged_and_back(
    reader: VirtualReader,
    hand: CardHand,
    cards: list[Path],
    monkeypatch: pytest.MonkeyPatch,
    watched: Callable[..., Seen],
) -> None:
    """vpcd cannot be unplugged from a pcscd that runs: PC/SC's list leaves it out for a while, as it would."""
    name = reader.reader_name
    there = threading.Event()
    there.set()
    really = pcsc.list_readers
    monkeypatch.setattr(watch.pcsc, "list_readers", lambda context: really(context) if there.is_set() else [SECOND])
    seen = watched(longest_wait=0.1)
    hand.insert(cards[0])
    seen.until(smartcard.CardInserted(name))
    there.clear()
    seen.until(smartcard.ReaderGone(name), smartcard.CardRemoved(name))
    there.set()
    seen.until(smartcard.ReaderArrived(name), smartcard.CardInserted(name))


@pytest.mark.parametrize("flag", [scard.SCARD_STATE_MUTE, scard.SCARD_STATE_INUSE, scard.SCARD_STATE_EXCLUSIVE])
def test_a_card_that_does_not_answer_is_a_card_all_the_same(flag: int) -> None:
    before = scard.SCARD_STATE_EMPTY
    assert watch.changes("R", before, scard.SCARD_STATE_PRESENT | flag) == [smartcard.CardInserted("R")]
