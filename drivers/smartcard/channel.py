"""The way to a card: bytes of a command out, bytes of its answer back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from smartcard import scard

from drivers.smartcard import pcsc
from drivers.smartcard.errors import (
    CardError,
    CardRemovedError,
    CardSilent,
    NoCard,
    NoReader,
    PcscUnavailable,
    SeveralCards,
)

T = TypeVar("T")

_PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1


class Channel(Protocol):
    """What `IdCard` speaks through; raises CardError subclasses only.

    `atr` is what the card answered to its reset. `apdu_count` counts the commands answered since it was opened,
    `byte_count` the bytes of both ways. `transmit` may call `meanwhile` while the chip reckons, or not at all.
    """

    @property
    def atr(self) -> bytes: ...
    @property
    def apdu_count(self) -> int: ...
    @property
    def byte_count(self) -> int: ...
    def transmit(self, command: bytes, meanwhile: Callable[[], object] | None = None) -> bytes: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


def readers(deadline: float = 5.0) -> list[str]:
    """The readers there are now. Raises PcscUnavailable, also when that takes longer than `deadline` s, ReaderFault."""
    return _in_time(_readers, deadline)


def _readers() -> list[str]:
    with pcsc.context() as context:
        return pcsc.list_readers(context)


def _in_time(ask: Callable[[], T], deadline: float) -> T:
    """Asked in a thread that can be left behind: a PC/SC service that hangs never answers."""
    lane = pcsc.Lane("pcsc")
    try:
        return lane.call(ask, deadline)
    except CardSilent as error:
        raise PcscUnavailable("the PC/SC service does not answer in time") from error
    finally:
        lane.end(lambda: None, wait=0.0)


def connect(reader: str | None = None, *, deadline: float = 5.0) -> PcscChannel:
    """Opens the card in `reader` (None: the one reader with a card in it), alone, and resets it.

    `deadline` is the longest wait in seconds for one answer. Raises PcscUnavailable, NoReader, NoCard, SeveralCards,
    ReaderBusy, CardSilent, CardRemovedError, ReaderFault.
    """
    return PcscChannel(reader or _reader_with_card(deadline), deadline)


def readers_with_card(deadline: float = 5.0) -> list[str]:
    """The readers in which a card is now; touches no card. Raises PcscUnavailable, NoReader, ReaderFault."""
    return _in_time(_readers_with_card, deadline)


def _readers_with_card() -> list[str]:
    with pcsc.context() as context:
        names = pcsc.list_readers(context)
        if not names:
            raise NoReader("no card reader")
        result, states = scard.SCardGetStatusChange(context, 0, [(name, scard.SCARD_STATE_UNAWARE) for name in names])
        pcsc.check(result)
    return [str(name) for name, state, _ in states if state & scard.SCARD_STATE_PRESENT]


def firmware(reader: str) -> str | None:
    """The reader's own version, "2.1.7", or None when it does not tell or is in use.

    It is asked directly, whether or not a card is in it; nobody can connect to a card in that moment.
    Raises PcscUnavailable.
    """
    with pcsc.context() as context:
        result, handle, _ = scard.SCardConnect(context, reader, scard.SCARD_SHARE_DIRECT, 0)
        if result != scard.SCARD_S_SUCCESS:
            return None
        try:
            result, version = scard.SCardGetAttrib(handle, scard.SCARD_ATTR_VENDOR_IFD_VERSION)
        finally:
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)
    return version_of(version) if result == scard.SCARD_S_SUCCESS else None


def version_of(attribute: list[int]) -> str | None:
    """The words of SCARD_ATTR_VENDOR_IFD_VERSION, a DWORD 0xMMmmbbbb as it lies in memory; None for anything else."""
    if len(attribute) != 4:
        return None
    build_low, build_high, minor, major = attribute
    return f"{major}.{minor}.{build_high << 8 | build_low}"


def _reader_with_card(deadline: float) -> str:
    with_card = readers_with_card(deadline)
    if not with_card:
        raise NoCard("no card in any reader")
    if len(with_card) > 1:
        raise SeveralCards(f"cards in {len(with_card)} readers")
    return with_card[0]


class PcscChannel:
    """A `Channel` over PC/SC. Not for several threads at once."""

    def __init__(self, reader: str, deadline: float) -> None:
        self.reader = reader
        self._deadline = deadline
        self._card: Any = None
        self._pci: Any = None
        self._atr = b""
        self._lost: CardError | None = None
        self._closed = False
        self._apdu_count = 0
        self._byte_count = 0
        self._context = pcsc.establish()
        self._lane = pcsc.Lane("card")
        try:
            self._guarded(lambda: self._connect(reader))
        except BaseException:
            self.close()
            raise

    def _connect(self, reader: str) -> None:
        result, card, _ = scard.SCardConnect(self._context, reader, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS)
        pcsc.check(result)
        self._card = card
        # A program that ended without a word leaves its session on the card.
        self._reset()

    def _reset(self) -> None:
        result, protocol = scard.SCardReconnect(
            self._card, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS, scard.SCARD_RESET_CARD
        )
        pcsc.check(result)
        self._pci = scard.SCARD_PCI_T0 if protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        result, _, _, _, atr = scard.SCardStatus(self._card)
        pcsc.check(result)
        self._atr = bytes(atr)

    def _release(self) -> None:
        if self._card is not None:
            # Without power the card forgets everything, which some need after a session broken off.
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
        scard.SCardReleaseContext(self._context)

    @property
    def atr(self) -> bytes:
        return self._atr

    @property
    def apdu_count(self) -> int:
        return self._apdu_count

    @property
    def byte_count(self) -> int:
        return self._byte_count

    def transmit(self, command: bytes, meanwhile: Callable[[], object] | None = None) -> bytes:
        """Raises CardRemovedError, CardSilent, PcscUnavailable, NoReader, ReaderFault; then the channel is lost."""
        if self._lost is not None:
            raise self._lost

        def send() -> bytes:
            result, answer = scard.SCardTransmit(self._card, self._pci, list(command))
            if result == scard.SCARD_E_NO_SMARTCARD:
                raise CardRemovedError("the card was taken out")
            pcsc.check(result)
            if not answer:
                # Some drivers call it a success when the card leaves in the middle of its answer.
                raise CardRemovedError("the card left without an answer")
            return bytes(answer)

        answer = self._guarded(send, meanwhile)
        self._apdu_count += 1
        self._byte_count += len(command) + len(answer)
        return answer

    def reset(self) -> None:
        """Resets the card: its session and its security status are gone. Raises as `transmit`."""
        if self._lost is not None:
            raise self._lost
        self._guarded(self._reset)

    def _guarded(self, call: Callable[[], T], meanwhile: Callable[[], object] | None = None) -> T:
        try:
            return self._lane.call(call, self._deadline, meanwhile)
        except CardError as error:
            self._lost = error
            raise

    def close(self) -> None:
        """Lets go of the card and takes its power; twice is once."""
        if not self._closed:
            self._closed = True
            stuck = isinstance(self._lost, CardSilent)
            self._lost = CardRemovedError("the channel was closed")
            # A call that hangs is not waited for; otherwise the card is free for the next one on return.
            self._lane.end(self._release, wait=0.0 if stuck else self._deadline)
