"""An identity card in a reader: opened by what is printed on it, then read, questioned, and asked its PIN.

    card = IdCard(connect(None, deadline=5.0))
    card.open(Can("123456"))
    dg1 = card.read(FileId.DG1)

`IdCard` carries the protocols of `emrtd` to the card and wraps them in secure messaging; the protocols
themselves are there.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeVar

from drivers.smartcard import tlv
from drivers.smartcard.apdu import CommandApdu, Exchange, ResponseApdu
from drivers.smartcard.channel import Channel
from drivers.smartcard.emrtd import active, bac, files, pace, pin, security_infos
from drivers.smartcard.emrtd.files import FileId, Progress
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.passwords import Mrz, Password
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.emrtd.security_infos import PaceInfo, SecurityInfo
from drivers.smartcard.errors import (
    AccessDowngraded,
    AccessNotOffered,
    CardRefused,
    ChannelBroken,
    FileAbsent,
    PasswordKind,
)

T = TypeVar("T")
Kind = Literal["PACE", "BAC"]


@dataclass(frozen=True, slots=True)
class Access:
    """How the card is opened: `mapping`, `cipher` and `curve` are None for BAC; `passwords` holds "can", "mrz"."""

    kind: Kind
    mapping: str | None
    cipher: str | None
    curve: str | None
    passwords: frozenset[str]
    pace: PaceInfo | None = field(default=None, repr=False)
    infos: tuple[SecurityInfo, ...] = field(default=(), repr=False)


class IdCard:
    """One card on one channel. `accept` are the access protocols this kiosk is willing to speak: BOTH or PACE_ONLY.

    Every method raises CardError subclasses only; after CardRemovedError, CardSilent or ChannelBroken the card
    must be connected anew.
    """

    BOTH: ClassVar[frozenset[Kind]] = frozenset(("PACE", "BAC"))
    PACE_ONLY: ClassVar[frozenset[Kind]] = frozenset(("PACE",))

    def __init__(
        self, channel: Channel, *, accept: frozenset[Kind] = BOTH, random: Randomness = secrets.token_bytes
    ) -> None:
        self._channel = channel
        self._accept = accept
        self._random = random
        self._access: Access | None = None
        self._messaging: SecureMessaging | None = None
        self._touched = False

    @property
    def channel(self) -> Channel:
        return self._channel

    def probe(self) -> Access:
        """What the card asks for, before anything is typed. Raises PaceUnsupported, MalformedData."""
        if self._access is None:
            self._access = self._carry(_probe())
        return self._access

    def open(self, password: Password) -> Access:
        """Opens the chip: PACE where it is advertised, never BAC instead; may be called again after WrongPassword.

        Raises WrongPassword, PasswordKind (a CAN where only the MRZ opens), AccessNotOffered, PaceUnsupported,
        PaceFailed, CardRefused, MalformedData.
        """
        self._messaging = None
        if self._touched:
            # Some cards are stuck after a failed try until they are reset.
            self._channel.reset()
        access = self.probe()
        if access.kind not in self._accept:
            raise AccessNotOffered(f"this kiosk does not open cards by {access.kind}")
        self._touched = True
        if access.pace is not None:
            self._messaging = self._carry(pace.key_agreement(password, access.pace, self._random))
            self._carry(files.select_application())
        elif isinstance(password, Mrz):
            self._carry(files.select_application())
            self._messaging = self._carry(bac.mutual_authentication(password, self._random))
        else:
            raise PasswordKind("this card is opened by its MRZ, not by a CAN")
        return access

    def read(self, file: FileId, progress: Progress | None = None) -> bytes:
        """The whole file. Raises FileAbsent, CardRefused, MalformedData, ChannelBroken."""
        return self._carry(files.read(file, progress))

    def confirm_access(self, dg14: bytes) -> None:
        """Compares what EF.CardAccess showed with the signed DG14 (ICAO 9303-11 §4.2), after passive authentication.

        Raises AccessDowngraded when DG14 knows of a PACE that the card did not show, MalformedData.
        """
        signed = security_infos.pace_infos(security_infos.parse(tlv.single(dg14, FileId.DG14.tag).value))
        shown = {info.raw for info in self.probe().infos}
        if any(info.raw not in shown for info in signed):
            raise AccessDowngraded("EF.CardAccess does not show the PACE that the signed DG14 announces")

    def active_authentication(self, nonce8: bytes) -> bytes:
        """The chip's signature over `nonce8`, as it comes (r ‖ s). Raises CardRefused."""
        self._expect_channel()
        return self._carry(active.sign(nonce8))

    def pin_tries(self) -> int | None:
        """Tries left, 0 when blocked; None when the card does not say. Costs no try. Raises CardRefused."""
        self._expect_channel()
        return self._carry(pin.tries_left())

    def verify_pin(self, pin_digits: str) -> None:
        """One try, inside the channel.

        Raises PinFormat (nothing was sent), WrongPin, PinBlocked, PinAbsent, CardRefused.
        """
        self._expect_channel()
        self._carry(pin.verify(pin_digits))

    def close(self) -> None:
        self._messaging = None
        self._channel.close()

    def _expect_channel(self) -> None:
        if self._messaging is None:
            raise ChannelBroken("the chip has not been opened")

    def _carry(self, exchange: Exchange[T]) -> T:
        """Carries a protocol's commands to the card and the answers back, through secure messaging once it stands."""
        try:
            command = next(exchange)
            while True:
                command = exchange.send(self._transmit(command))
        except StopIteration as done:
            result: T = done.value
            return result

    def _transmit(self, command: CommandApdu) -> ResponseApdu:
        if self._messaging is None:
            return ResponseApdu.decode(self._channel.transmit(command.encode()))
        sealed = self._messaging.seal(command).apdu
        answer = ResponseApdu.decode(self._channel.transmit(sealed.encode()))
        return self._messaging.open(answer).response


def _probe() -> Exchange[Access]:
    try:
        infos = security_infos.parse((yield from files.read(FileId.CARD_ACCESS)))
    except (FileAbsent, CardRefused):
        infos = ()
    found = security_infos.choose_pace(infos)
    if found is None:
        return Access("BAC", None, None, None, frozenset(("mrz",)), None, infos)
    return Access("PACE", "GM", "AES-128", "brainpoolP256r1", frozenset(("can", "mrz")), found, infos)
