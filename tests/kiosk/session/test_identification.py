"""Who has come: a scanned zone, the register asked meanwhile, and what a challenge that has grown old costs."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest

from config.schema import Settings
from drivers import smartcard
from drivers.smartcard import FileId
from kiosk.catalogue import log
from kiosk.session import events as e
from kiosk.session import holder_events as heard
from kiosk.session import identification
from kiosk.session.errand import Errand, Parts
from kiosk.session.identification import Identification
from printing.documents import DocumentCatalogue
from registry.errors import CardBlocked, Unreachable
from registry.models import CardInHand, CardStanding, Challenge
from tests.registry.small_card import td1

_LINES = td1("900000018", dt.date(2035, 5, 1))
ZONE = (_LINES[:30], _LINES[30:60], _LINES[60:])
TEXT = {FileId.SOD: b"sod", FileId.DG1: b"dg1", FileId.DG11: b"dg11"}


class Scanners:
    """`scanned` is what somebody shows it; `listening` whether anybody waits for that."""

    def __init__(self) -> None:
        self.scanned: asyncio.Queue[SimpleNamespace] = asyncio.Queue()
        self.listening = asyncio.Event()
        self.times = 0

    async def zones(self) -> AsyncGenerator[Any, None]:
        assert not self.listening.is_set(), "one at a time"
        self.listening.set()
        self.times += 1
        try:
            while True:
                yield await self.scanned.get()
        finally:
            self.listening.clear()


@dataclass
class Desk:
    """A card that opens, and is read in one go once the register has been `asked` of it."""

    files: dict[FileId, bytes] = field(default_factory=lambda: dict(TEXT))
    passwords: frozenset[str] = frozenset(("can", "mrz"))
    tries: int | None = 3
    apdus: int = 0
    opened_with: list[object] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    wait_for_it: bool = True
    followed: object = None

    async def probe(self) -> Any:
        return SimpleNamespace(kind="PACE", passwords=self.passwords)

    async def open(self, password: object) -> None:
        self.opened_with.append(password)

    async def examine(
        self, wanted: Iterable[FileId], nonce: bytes, password: object, on_text: Callable[[dict[FileId, bytes]], None]
    ) -> Any:
        on_text(self.files)
        if self.wait_for_it:
            await asyncio.wait_for(self.asked.wait(), 10)
        return SimpleNamespace(nonce=nonce)

    async def follow(self, profile: object) -> None:
        self.followed = profile

    async def pin_tries(self) -> int | None:
        return self.tries


class Registry:
    def __init__(self, desk: Desk, standing: Exception | None = None, challenge: Exception | None = None) -> None:
        self._desk, self._standing, self._challenge = desk, standing, challenge
        self.challenges = 0
        self.shown: list[CardInHand] = []

    async def challenge(self) -> Challenge:
        self.challenges += 1
        if self._challenge is not None:
            raise self._challenge
        return Challenge.model_construct(challenge_id=secrets.token_hex(16), nonce=secrets.token_hex(32))

    async def card_standing(self, card: CardInHand) -> CardStanding:
        self.shown.append(card)
        self._desk.asked.set()
        if self._standing is not None:
            raise self._standing
        return CardStanding()


@dataclass
class Scene:
    who: Identification
    errand: Errand
    desk: Desk
    registry: Registry
    scanners: Scanners
    told: list[e.Event]


Play = Callable[[Scene], Any]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a scene with a card that is believed; `proven` says whether its chip is."""
    log.configure(io.StringIO())

    def run(scene: Play, *, proven: bool = True, **more: Any) -> None:
        def believed(*_: object) -> Any:
            verdict = SimpleNamespace(passive="passed", chip="passed" if proven else "not_supported", active="passed")
            documents = tuple(DocumentCatalogue().types())
            profile = SimpleNamespace(pin=object())
            return SimpleNamespace(verdict=verdict, channel_proven=proven, documents=documents, profile=profile)

        monkeypatch.setattr(identification, "believe", believed)

        async def whole() -> None:
            desk, scanners, told = Desk(**more.pop("desk", {})), Scanners(), []
            registry = Registry(desk, **more)
            renderer: Any = SimpleNamespace(catalogue=DocumentCatalogue())
            anything: Any = None
            settings = Settings(profile="demo")
            parts = Parts(settings, registry, anything, (), anything, renderer, anything, scanners)  # type: ignore[arg-type]
            fake: Any = desk
            who = Identification(parts, fake, lambda errand, event: told.append(event), lambda document: "a4")
            errand = Errand()
            await scene(Scene(who, errand, desk, registry, scanners, told))
            for task in errand.beside:
                task.cancel()

        asyncio.run(asyncio.wait_for(whole(), 20))

    return run


def test_a_zone_shown_to_the_scanner_is_told_and_opens_the_card(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        probing = asyncio.create_task(at.who.probe(at.errand))
        await at.scanners.listening.wait()
        assert at.told == [e.AsksCan(scanner=True)]
        at.scanners.scanned.put_nowait(SimpleNamespace(lines=ZONE))
        await probing
        assert at.told[1:] == [heard.ZoneScanned(ZONE)] and not at.scanners.listening.is_set()
        await at.who.open(at.errand, {"zone": "".join(ZONE)})
        (opened,) = at.desk.opened_with
        assert isinstance(opened, smartcard.Mrz) and opened.document_number == "900000018"
        assert at.errand.opened_with == opened

    play(scene)


def test_nobody_listens_to_the_scanner_once_the_number_is_typed(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        for times in (1, 2):
            probing = asyncio.create_task(at.who.probe(at.errand))
            await at.scanners.listening.wait()
            assert at.scanners.times == times
            await at.who.open(at.errand, {"can": "123456"})
            await probing
            assert not at.scanners.listening.is_set()
        assert not [event for event in at.told if isinstance(event, heard.ZoneScanned)]

    play(scene)


def test_the_register_is_asked_of_the_card_while_it_is_still_being_read(play: Callable[..., None]) -> None:
    async def scene(at: Scene) -> None:
        await at.who.open(at.errand, {"can": "123456"})
        await at.who.examine(at.errand)
        assert len(at.registry.shown) == at.registry.challenges == 1
        assert at.told[-1] == heard.AsksPin(3)
        assert at.errand.card is not None and at.desk.followed is at.errand.card.profile

    play(scene)


@pytest.mark.parametrize(
    ("proven", "tries", "asked"),
    [
        (True, 2, heard.AsksPin(2)),
        (True, 1, e.OneTryLeft()),
        (True, None, heard.AsksClerk()),
        (False, 3, heard.AsksClerk()),
    ],
)
def test_what_the_holder_is_asked(play: Callable[..., None], proven: bool, tries: int | None, asked: e.Event) -> None:
    async def scene(at: Scene) -> None:
        await at.who.open(at.errand, {"can": "123456"})
        await at.who.examine(at.errand)
        assert (type(at.told[-1]), repr(at.told[-1])) == (type(asked), repr(asked))

    play(scene, proven=proven, desk={"tries": tries})


def test_what_keeps_anybody_from_being_asked(play: Callable[..., None]) -> None:
    def raises(error: type[Exception]) -> Play:
        async def scene(at: Scene) -> None:
            await at.who.open(at.errand, {"can": "123456"})
            with pytest.raises(error):
                await at.who.examine(at.errand)
            assert not [event for event in at.told if isinstance(event, heard.AsksPin | heard.AsksClerk | e.OneTryLeft)]

        return scene

    play(raises(CardBlocked), standing=CardBlocked("blocked"))
    play(raises(Unreachable), challenge=Unreachable("no route"))
    play(raises(smartcard.PinBlocked), desk={"tries": 0})
    nameless = {file: content for file, content in TEXT.items() if file is not FileId.DG11}
    play(raises(smartcard.FileAbsent), desk={"files": nameless, "wait_for_it": False})


def test_a_challenge_that_has_grown_old_is_asked_anew(
    play: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(at: Scene) -> None:
        await at.who.open(at.errand, {"can": "123456"})
        await at.who.examine(at.errand)
        assert at.registry.challenges == 2

    monkeypatch.setattr(identification, "FRESH_S", -1.0)
    play(scene)
