"""Carries the protocols' commands to the card and its answers back, through secure messaging once it stands."""

from __future__ import annotations

from typing import TypeVar

from drivers.smartcard.apdu import MAX_RESPONSE, CommandApdu, Exchange, ResponseApdu
from drivers.smartcard.channel import Channel
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.errors import ChannelEnded, MalformedData, Unprotected

T = TypeVar("T")

_MORE = 0x61
_ENDED = {0x6987, 0x6988, 0x6982, 0x6985}
"""What a chip says that has thrown its session keys away, or never counted as we do."""


class Carrier:
    """`messaging` is None until the chip is opened.

    A bare error inside secure messaging goes to the protocol as any error would; nothing is believed of it but
    that the command was not carried out. Whether the chip has counted such an answer differs from chip to chip:
    `counts_errors` says what is assumed, and is turned round when the assumption proves wrong.
    """

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.messaging: SecureMessaging | None = None
        self.counts_errors = False
        self._after_error = False

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
        self._after_error = False

    def _transmit(self, command: CommandApdu) -> ResponseApdu:
        if self.messaging is None:
            return self._send(command)
        answer = self._send(self.messaging.seal(command).apdu)
        try:
            opened = self.messaging.open(answer)
        except Unprotected as bare:
            if bare.status in _ENDED and self._after_error:
                self.counts_errors = not self.counts_errors
            if bare.status in _ENDED:
                raise ChannelEnded(f"the card ended secure messaging: status {bare.status:04X}") from bare
            if self.counts_errors:
                self.messaging.counted()
            self._after_error = True
            return ResponseApdu(b"", bare.status)
        self._after_error = False
        return opened.response

    def _send(self, command: CommandApdu) -> ResponseApdu:
        """One command and its whole answer: what a T=0 card holds back (61xx) is fetched (ISO 7816-4 §11.8.1)."""
        answer = ResponseApdu.decode(self.channel.transmit(command.encode()))
        data = answer.data
        while answer.status >> 8 == _MORE:
            rest = CommandApdu(0x00, 0xC0, 0x00, 0x00, le=(answer.status & 0xFF) or 256)
            answer = ResponseApdu.decode(self.channel.transmit(rest.encode()))
            if (not answer.data and answer.status >> 8 == _MORE) or len(data) + len(answer.data) > MAX_RESPONSE:
                raise MalformedData("an answer of the card has no end")
            data += answer.data
        return ResponseApdu(data, answer.status)
