"""Carries the protocols' commands to the card and its answers back, through secure messaging once it stands."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from typing import TypeVar

from drivers.smartcard.apdu import MAX_RESPONSE, OK, CommandApdu, Exchange, ResponseApdu
from drivers.smartcard.channel import Channel
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.errors import ChannelEnded, MalformedData, Unprotected

T = TypeVar("T")

_MORE, _EXACTLY = 0x61, 0x6C
_MAX_PARTS = MAX_RESPONSE // 256 + 64
_SELECT = 0xA4
_COUNTED = (2, 0, 1)
"""How far a chip's counter moves on by a bare answer: as the standard counts any (ICAO 9303-11 §9.8.2); not at all,
the command having been refused before its checksum was looked at; by the command alone."""
_ENDED = {0x6987, 0x6988, 0x6982, 0x6985}
"""What a chip says that has thrown its session keys away, or never counted as we do."""


class Carrier:
    """`messaging` is None until the chip is opened; `bare_select_ok` is the quirk of a card's profile.

    A bare error inside secure messaging goes to the protocol as any error would; nothing is believed of it but
    that the command was not carried out. How far a chip moves its counter on by it differs from chip to chip: a
    guess that proves wrong costs the session, and the next one is made in the following.
    """

    def __init__(self, channel: Channel, *, bare_select_ok: bool = False) -> None:
        self.channel = channel
        self.bare_select_ok = bare_select_ok
        self.messaging: SecureMessaging | None = None
        self._guesses = cycle(_COUNTED)
        self._counted = next(self._guesses)
        self.proven = False
        """Whether the last answer came through secure messaging, its checksum right."""
        self._after_bare = False

    def carry(self, exchange: Exchange[T]) -> T:
        """Raises what the exchange raises, CardError, and ChannelEnded where the chip has ended the session."""
        try:
            command = next(exchange)
            while True:
                command = exchange.send(self._transmit(command))
        except StopIteration as done:
            result: T = done.value
            return result

    def talk_through(self, messaging: SecureMessaging | None) -> None:
        """From the next command on."""
        self.messaging = messaging
        self._after_bare = False

    def _transmit(self, command: CommandApdu) -> ResponseApdu:
        self.proven = False
        if self.messaging is None:
            return self._exactly(command)
        answer = self._send(self.messaging.seal(command).apdu)
        if self.bare_select_ok and command.ins == _SELECT and answer == ResponseApdu(b"", OK):
            return self._bare(answer.status)
        try:
            opened = self.messaging.open(answer)
        except Unprotected as bare:
            if bare.status in _ENDED:
                if self._after_bare:
                    self._counted = next(self._guesses)
                raise ChannelEnded(f"the card ended secure messaging: status {bare.status:04X}") from bare
            return self._bare(bare.status)
        self._after_bare = False
        self.proven = True
        return opened.response

    def _bare(self, status: int) -> ResponseApdu:
        """An answer that nobody vouches for."""
        assert self.messaging is not None  # noqa: S101 - only inside secure messaging is an answer bare
        self.messaging.bare_answer(self._counted)
        self._after_bare = True
        return ResponseApdu(b"", status)

    def _exactly(self, command: CommandApdu) -> ResponseApdu:
        """Outside secure messaging: a T=0 card names the length it wants to be asked for (6Cxx; ISO 7816-3 §12.2.1)."""
        answer = self._send(command)
        if answer.status >> 8 == _EXACTLY and not command.data and command.le is not None:
            answer = self._send(replace(command, le=(answer.status & 0xFF) or 256))
        return answer

    def _send(self, command: CommandApdu) -> ResponseApdu:
        """One command and its whole answer: what a T=0 card holds back (61xx) is fetched (ISO 7816-4 §11.8.1)."""
        answer = ResponseApdu.decode(self.channel.transmit(command.encode(), command.meanwhile))
        data, parts = answer.data, 0
        while answer.status >> 8 == _MORE:
            rest = CommandApdu(0x00, 0xC0, 0x00, 0x00, le=(answer.status & 0xFF) or 256)
            answer = ResponseApdu.decode(self.channel.transmit(rest.encode()))
            data, parts = data + answer.data, parts + 1
            if parts > _MAX_PARTS or len(data) > MAX_RESPONSE:
                raise MalformedData("an answer of the card has no end")
        return ResponseApdu(data, answer.status)
