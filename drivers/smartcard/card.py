"""An identity card in a reader: opened by what is printed on it, then read, questioned, and asked its PIN.

    card = IdCard(connect(None, deadline=5.0))
    card.open(Can("123456"))
    sod = card.read(FileId.SOD)

`IdCard` puts the protocols of `emrtd` in order and keeps the session going; the protocols themselves are there.
A session that the chip ends by itself is opened again with the same password, and reading goes on where it was.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, TypeVar

from drivers.smartcard import tlv
from drivers.smartcard.apdu import MAX_SHORT, OK, CommandApdu, Exchange
from drivers.smartcard.carrier import Carrier
from drivers.smartcard.channel import Channel
from drivers.smartcard.emrtd import active, bac, chip, domain, files, pace, pin, reading, security_infos
from drivers.smartcard.emrtd.answer_to_reset import announces_extended_length, buffer_sizes
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.keys import CipherName
from drivers.smartcard.emrtd.mapping import MappingName
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.pace import ChipAuthenticationData
from drivers.smartcard.emrtd.passwords import Can, Mrz, Password
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.emrtd.reading import Partial, Progress, Sizes
from drivers.smartcard.emrtd.security_infos import PaceInfo, SecurityInfo
from drivers.smartcard.errors import (
    AccessDowngraded,
    AccessNotOffered,
    CardRefused,
    ChannelBroken,
    ChannelEnded,
    ChipNotProven,
    FileAbsent,
    MalformedData,
    PasswordKind,
)

T = TypeVar("T")
Kind = Literal["PACE", "BAC"]
_REOPENINGS = 3
"""How often a session that the chip ended is begun again, in all: a chip that ends each is broken."""
_WRAPPING = 40
"""Bytes at most that secure messaging adds to an extended answer."""


@dataclass(frozen=True, slots=True)
class Access:
    """How the card is opened: `mapping`, `cipher` and `curve` are None for BAC; `passwords` holds "can", "mrz"."""

    kind: Kind
    mapping: MappingName | None
    cipher: CipherName | None
    curve: str | None
    passwords: frozenset[str]
    pace: PaceInfo | None = field(default=None, repr=False)
    infos: tuple[SecurityInfo, ...] = field(default=(), repr=False)


class IdCard:
    """One card on one channel. `accept` are the access protocols this kiosk is willing to speak: BOTH or PACE_ONLY.

    Every method raises CardError subclasses only; after CardRemovedError, CardSilent or ChannelBroken the card
    must be connected anew (`reconnected`).
    """

    BOTH: ClassVar[frozenset[Kind]] = frozenset(("PACE", "BAC"))
    PACE_ONLY: ClassVar[frozenset[Kind]] = frozenset(("PACE",))

    def __init__(
        self, channel: Channel, *, accept: frozenset[Kind] = BOTH, random: Randomness = secrets.token_bytes
    ) -> None:
        self._carrier = Carrier(channel)
        self._accept = accept
        self._random = random
        self._access: Access | None = None
        self._password: Password | None = None
        self._touched = False
        self._prepared: int | None = None
        self._sizes = Sizes()
        self._partials: dict[FileId, Partial] = {}
        self._way: chip.ChipKey | None = None
        self._reopenings = 0
        self.chip_data: ChipAuthenticationData | None = None
        """What PACE with chip authentication mapping left, to be held against `card_security`."""
        self.card_security: bytes | None = None
        """EF.CardSecurity, read where the chip authentication mapping was run."""

    @property
    def channel(self) -> Channel:
        return self._carrier.channel

    # --- opening ------------------------------------------------------------------------------------------

    def probe(self) -> Access:
        """What the card asks for, before anything is typed. Whether it takes a CAN is asked of it, but not any more
        once it has been opened. Raises PaceUnsupported, MalformedData."""
        access = self._look()
        if access.pace is not None and "can" in access.passwords and not self._touched and self._prepared is None:
            if self._takes_can(access.pace):
                self._prepared = Can.reference
            else:
                self._access = access = replace(access, passwords=frozenset(("mrz",)))
        return access

    def _look(self) -> Access:
        """What the card shows; extended answers are asked of it only where it states its buffers (§9.3.1.2)."""
        if self._access is None:
            self._access = self._shown()
            if announces_extended_length(self.channel.atr):
                self._learn_sizes()
        return self._access

    def _shown(self) -> Access:
        try:
            infos = security_infos.parse(self._read(FileId.CARD_ACCESS))
        except (FileAbsent, CardRefused):
            infos = ()
        found = security_infos.choose_pace(infos)
        if found is None:
            return Access("BAC", None, None, None, frozenset(("mrz",)), None, infos)
        curve = domain.standardised(found.parameters).name
        return Access("PACE", found.mapping, found.cipher, curve, frozenset(("can", "mrz")), found, infos)

    def _learn_sizes(self) -> None:
        try:
            sizes = buffer_sizes(self._read(FileId.ATR_INFO))
        except (FileAbsent, CardRefused, MalformedData):
            return
        if sizes is not None:
            self._sizes = Sizes(extended=sizes.answer - _WRAPPING)

    def _takes_can(self, info: PaceInfo) -> bool:
        """The chip is asked (MSE:Set AT), which costs no try."""
        try:
            self._carrier.carry(pace.set_authentication_template(Can.reference, info))
        except CardRefused:
            return False
        return True

    def open(self, password: Password) -> Access:
        """Opens the chip: PACE where it is advertised, never BAC instead; may be called again after WrongPassword.

        Raises WrongPassword, PasswordKind (a CAN where only the MRZ opens), AccessNotOffered, PaceUnsupported,
        PaceFailed, CardRefused, MalformedData.
        """
        self._password = None
        self._carrier.talk_through(None)
        self._sizes.fitting = MAX_SHORT
        if self._touched:
            # Some cards are stuck after a failed try until they are reset.
            self.channel.reset()
            self._prepared = None
        access = self._look()
        if access.kind not in self._accept:
            raise AccessNotOffered(f"this kiosk does not open cards by {access.kind}")
        if isinstance(password, Can) and "can" not in access.passwords:
            raise PasswordKind("this card is opened by its MRZ, not by a CAN")
        self._touched = True
        if access.pace is not None:
            self._open_by_pace(password, access.pace)
        elif isinstance(password, Mrz):
            self._carrier.carry(files.select_application())
            self._talk_through(self._carrier.carry(bac.mutual_authentication(password, self._random)))
        else:
            raise PasswordKind("this card knows no PIN that opens it")
        self._password = password
        return access

    def _open_by_pace(self, password: Password, info: PaceInfo) -> None:
        if self._prepared != password.reference:
            self._carrier.carry(pace.set_authentication_template(password.reference, info))
        self._prepared = None
        established = self._carrier.carry(pace.key_agreement(password, info, self._random))
        self._talk_through(established.messaging)
        self.chip_data = established.chip
        if established.chip is not None:
            self.card_security = self._read(FileId.CARD_SECURITY)
        self._carrier.carry(files.select_application())

    def _talk_through(self, messaging: SecureMessaging) -> None:
        self._carrier.talk_through(messaging)
        self._sizes.fitting = messaging.fitting

    # --- reading ------------------------------------------------------------------------------------------

    def read(self, file: FileId, progress: Progress | None = None) -> bytes:
        """The whole file. Raises FileAbsent, CardRefused, MalformedData, ChannelBroken."""
        return self._keeping(lambda: self._read(file, progress))

    def _read(self, file: FileId, progress: Progress | None = None) -> bytes:
        partial = self._partials.setdefault(file, Partial())
        return self._carrier.carry(reading.read(file, self._sizes, partial, progress))

    def _keeping(self, work: Callable[[], T]) -> T:
        """Does the work, in a new session if the chip ends the present one."""
        while True:
            try:
                return work()
            except ChannelEnded:
                if self._password is None or self._reopenings == _REOPENINGS:
                    raise
                self._reopenings += 1
                self._reopen()

    def _reopen(self) -> None:
        password, way = self._password, self._way
        assert password is not None  # noqa: S101 - the caller has seen to it
        self.open(password)
        if way is not None:
            self._authenticate(way)

    def confirm_access(self, dg14: bytes) -> None:
        """Compares what EF.CardAccess showed with the signed DG14 (ICAO 9303-11 §4.2), after passive authentication.

        Raises AccessDowngraded when DG14 knows of a PACE that the card did not show, MalformedData.
        """
        signed = security_infos.pace_infos(security_infos.parse(tlv.single(dg14, FileId.DG14.tag).value))
        shown = {info.raw for info in self._look().infos}
        if any(info.raw not in shown for info in signed):
            raise AccessDowngraded("EF.CardAccess does not show the PACE that the signed DG14 announces")

    # --- questioning --------------------------------------------------------------------------------------

    def authenticate_chip(self, dg14: bytes) -> bool:
        """Chip authentication with the best key that DG14 offers; False where it offers none.

        The channel is a new one afterwards, and an answer has come through it. Raises ChipNotProven where the chip
        does not hold the key, CardRefused, MalformedData, UnsupportedKey.
        """
        way = chip.choose(security_infos.parse(tlv.single(dg14, FileId.DG14.tag).value))
        if way is None:
            return False
        self._keeping(lambda: self._authenticate(way))
        self._way = way
        return True

    def _authenticate(self, way: chip.ChipKey) -> None:
        self._talk_through(self._carrier.carry(chip.authenticate(way, self._random)))
        try:
            self._carrier.carry(_first_answer())
        except ChannelBroken as error:
            raise ChipNotProven("the chip does not hold the key that its files name") from error

    def active_authentication(self, nonce8: bytes) -> bytes:
        """The chip's signature over `nonce8`, as it comes. How long it will be is told by DG15, once it is read.

        Raises CardRefused, ActiveAuthenticationUnsupported.
        """
        self._expect_channel()
        dg15 = self._partials.get(FileId.DG15, Partial())
        long = dg15.complete and active.signature_bytes(bytes(dg15.content)) > self._sizes.fitting
        return self._carrier.carry(active.sign(nonce8, long=long))

    def pin_tries(self) -> int | None:
        """Tries left, 0 when blocked; None when the card does not say. Costs no try. Raises CardRefused."""
        self._expect_channel()
        return self._carrier.carry(pin.tries_left())

    def verify_pin(self, pin_digits: str) -> None:
        """One try, inside the channel; never sent a second time by itself.

        Raises PinFormat (nothing was sent), WrongPin, PinBlocked, PinAbsent, CardRefused.
        """
        self._expect_channel()
        self._carrier.carry(pin.verify(pin_digits))

    def close(self) -> None:
        self._password = None
        self._carrier.talk_through(None)
        self.channel.close()

    def _expect_channel(self) -> None:
        if self._carrier.messaging is None:
            raise ChannelBroken("the chip has not been opened")


def _first_answer() -> Exchange[None]:
    """The smallest question that any chip answers under its new keys."""
    response = yield CommandApdu(0x00, 0xB0, 0x80 | FileId.COM.short, 0x00, le=8)
    if response.status != OK and not response.data:
        raise ChannelBroken(f"no answer through the new channel: status {response.status:04X}")
