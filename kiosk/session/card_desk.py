"""The reader and the card in it. One worker thread talks to the card; the watch has a thread of its own.

Everything here is about *this* insertion: a card that was used in one visit is not served to the next
until it has been out of the reader.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from config.schema import Settings
from drivers import smartcard
from drivers.smartcard import FileId, genuine
from drivers.smartcard.errors import SeveralCards
from drivers.smartcard.examination import examine
from drivers.smartcard.profile import Profile, load
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.session import events as e

T = TypeVar("T")


_AWAY_S = 1.0
"""How soon the watch sees that a card has left which does not answer."""


class CardDesk:
    """`post` gets CardIn and CardOut in the loop's thread, only while somebody asked for them; `readers_changed`
    is called there when readers, or pcscd itself, came or went."""

    def __init__(
        self, settings: Settings, post: Callable[[e.Event], None], readers_changed: Callable[[], None] = lambda: None
    ) -> None:
        if settings.reader.pcscd_socket is not None:
            os.environ["PCSCLITE_CSOCK_NAME"] = str(settings.reader.pcscd_socket)
        self._settings = settings
        self._post = post
        self._readers_changed = readers_changed
        self._loop = asyncio.get_running_loop()
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="card")
        self._watch = smartcard.CardWatch(self._from_watch)
        self._card: smartcard.IdCard | None = None
        self._channel: smartcard.Channel | None = None
        self._watching = False
        self._inserted: set[str] = set()
        self._insertion = 0
        self._served = 0
        self._awaited = False
        self._there = asyncio.Event()
        self._gone = asyncio.Event()
        self._gone.set()

    def start(self) -> None:
        self._watching = True
        self._watch.start()

    async def stop(self) -> None:
        await self.put_away()
        if self._watching:
            self._watch.stop()
        self._worker.shutdown(wait=True)

    # --- comings and goings -------------------------------------------------------------------------

    def _from_watch(self, event: smartcard.WatchEvent) -> None:
        self._loop.call_soon_threadsafe(self._happened, event)

    def _happened(self, event: smartcard.WatchEvent) -> None:
        match event:
            case smartcard.CardInserted(reader=reader) if self._is_ours(reader):
                self._inserted.add(reader)
                self._insertion += 1
                self._gone.clear()
                self._there.set()
                say(logged.CARD, state="inserted")
                self._serve()
            case smartcard.CardRemoved(reader=reader) if reader in self._inserted:
                self._lost(reader)
                say(logged.CARD, state="removed")
            case smartcard.ReaderGone(name=name):
                self._blind(smartcard.NoReader.code, name)
                self._changed("reader-gone")
            case smartcard.ReaderArrived():
                self._changed("reader-arrived")
            case smartcard.PcscGone():
                self._blind(smartcard.PcscUnavailable.code, *self._inserted)
                self._changed("pcscd-gone")
            case smartcard.PcscBack():
                self._changed("pcscd-back")

    def _changed(self, state: str) -> None:
        say(logged.CARD, state=state)
        self._readers_changed()

    def _is_ours(self, reader: str) -> bool:
        return self._settings.reader.name in ("", reader)

    def _blind(self, code: str, *readers: str) -> None:
        """Nobody can see the card any more. For a visit that needs it, that is why; for one that waits for it
        to be taken, it is as good as out."""
        if self._inserted & set(readers):
            self._post(e.ReaderLost(code))
        self._lost(*readers)

    def _lost(self, *readers: str) -> None:
        had = bool(self._inserted)
        self._inserted -= set(readers)
        if had and not self._inserted:
            self._there.clear()
            self._gone.set()
            self._post(e.CardOut())

    def _serve(self) -> None:
        if self._awaited and self._inserted and self._insertion > self._served:
            self._awaited = False
            self._served = self._insertion
            self._post(e.CardIn())

    @property
    def present(self) -> bool:
        return bool(self._inserted)

    def await_card(self) -> None:
        """CardIn follows, at once if a card not yet served stands there."""
        self._awaited = True
        self._serve()

    async def occupied(self) -> None:
        """Returns once a card is in the reader."""
        await self._there.wait()

    async def empty(self) -> None:
        """Returns once no card is."""
        await self._gone.wait()

    def await_card_out(self) -> None:
        """CardOut follows, at once if the reader is empty."""
        if not self._inserted:
            self._post(e.CardOut())

    async def check_reader(self) -> None:
        """Returns when a reader that may be used is there. Raises NoReader, PcscUnavailable, ReaderFault."""
        if not any(self._is_ours(name) for name in await self._do(smartcard.readers)):
            raise smartcard.NoReader("no reader is connected, or not the one of the settings")

    # --- talking to the card --------------------------------------------------------------------------

    async def probe(self) -> smartcard.Access:
        """Connect (which resets the card) and see how it opens."""
        try:
            return await self._do(self._probe)
        except (smartcard.NoCard, smartcard.CardSilent) as error:
            with suppress(TimeoutError):
                async with asyncio.timeout(_AWAY_S):
                    await self._gone.wait()
                    raise smartcard.CardRemovedError("the card left before it was spoken to") from error
            raise

    def _probe(self) -> smartcard.Access:
        self._close()
        if len(self._inserted) > 1:
            raise SeveralCards("cards lie in more than one reader")
        reader = self._settings.reader.name or next(iter(self._inserted), None)
        self._channel = smartcard.connect(reader, deadline=self._settings.card.apdu_deadline)
        accept = smartcard.IdCard.BOTH if self._settings.card.allow_bac else smartcard.IdCard.PACE_ONLY
        # Whose card it is shows only once it is open: until then it is taken for one of the first kind served.
        self._card = smartcard.IdCard(self._channel, accept=accept, profile=load(self._settings.card.profiles[0]))
        return self._card.probe()

    async def open(self, password: smartcard.Password) -> None:
        """Open the chip."""
        await self._do(lambda: self._the_card().open(password))

    async def examine(
        self,
        wanted: Iterable[FileId],
        nonce: bytes,
        password: smartcard.Password | None,
        on_text: Callable[[dict[FileId, bytes]], None],
    ) -> genuine.CardEvidence:
        """Its files and proofs; `nonce` is what it signs, `on_text` is called in the loop's thread meanwhile."""

        def told(files: dict[FileId, bytes]) -> None:
            self._loop.call_soon_threadsafe(on_text, files)

        def work() -> genuine.CardEvidence:
            return examine(self._the_card(), wanted, nonce, opened_with=password, on_text=told)

        return await self._do(work)

    async def read(self, file: FileId) -> bytes:
        """One more file of the card that is open. Raises FileAbsent, CardRefused."""
        return await self._do(lambda: self._the_card().read(file))

    async def follow(self, profile: Profile) -> None:
        """From here on as this kind of card has it: its zone has told which it is."""
        await self._do(lambda: self._the_card().follow(profile))

    async def pin_tries(self) -> int | None:
        """The PIN tries left, 0 when blocked, None where the card has no PIN. Costs none."""
        return await self._do(lambda: self._the_card().pin_tries())

    async def still_there(self) -> None:
        """Returns where the card answers inside its channel, whatever it answers."""
        await self._do(lambda: self._the_card().still_there())

    async def sign(self, nonce: bytes) -> bytes:
        """Active authentication over 8 bytes."""
        return await self._do(lambda: self._the_card().active_authentication(nonce))

    async def verify_pin(self, pin: str) -> None:
        await self._do(lambda: self._the_card().verify_pin(pin))

    async def put_away(self) -> None:
        """Forget the card: close the channel, drop the session keys."""
        await self._do(self._close)

    @property
    def apdus(self) -> int:
        return self._channel.apdu_count if self._channel else 0

    def _the_card(self) -> smartcard.IdCard:
        if self._card is None or not self._inserted:
            raise smartcard.CardRemovedError("no card is in the reader")
        return self._card

    def _close(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._card = self._channel = None

    async def _do(self, work: Callable[[], T]) -> T:
        return await self._loop.run_in_executor(self._worker, work)
