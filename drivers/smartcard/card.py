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
from dataclasses import replace
from typing import ClassVar, TypeVar

from drivers.smartcard import access, tlv
from drivers.smartcard.access import Access as Access
from drivers.smartcard.access import Kind as Kind
from drivers.smartcard.apdu import MAX_SHORT, CommandApdu, Exchange
from drivers.smartcard.carrier import Carrier
from drivers.smartcard.channel import Channel
from drivers.smartcard.emrtd import active, bac, chip, files, pace, pin, reading, security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.messaging import SecureMessaging
from drivers.smartcard.emrtd.pace import ChipAuthenticationData
from drivers.smartcard.emrtd.passwords import Can, Mrz, Password, Pin
from drivers.smartcard.emrtd.randomness import Randomness
from drivers.smartcard.emrtd.reading import Partial, Progress, Sizes
from drivers.smartcard.emrtd.security_infos import PaceInfo
from drivers.smartcard.errors import (
    AccessNotOffered,
    CardRefused,
    ChannelBroken,
    ChannelEnded,
    ChipNotProven,
    FileAbsent,
    PasswordKind,
    PinAbsent,
    WrongPassword,
)
from drivers.smartcard.profile import PinRule, Profile, Quirks

T = TypeVar("T")
_REOPENINGS = 3
"""How often a session that the chip ended is begun again, in all: a chip that ends each is broken."""


class IdCard:
    """One card on one channel. `accept` are the access protocols this kiosk is willing to speak: BOTH or PACE_ONLY;
    `profile` says where these cards leave the standard, and what PIN they have.

    Every method raises CardError subclasses only; after CardRemovedError, CardSilent or ChannelBroken the card
    must be connected anew (`reconnected`).
    """

    BOTH: ClassVar[frozenset[Kind]] = frozenset(("PACE", "BAC"))
    PACE_ONLY: ClassVar[frozenset[Kind]] = frozenset(("PACE",))

    def __init__(
        self,
        channel: Channel,
        *,
        accept: frozenset[Kind] = BOTH,
        profile: Profile | None = None,
        random: Randomness = secrets.token_bytes,
    ) -> None:
        self._quirks, self._application = Quirks(), files.AID
        self._pin: PinRule | None = pin.USUAL
        self._carrier = Carrier(channel)
        if profile is not None:
            self.follow(profile)
        self._accept = accept
        self._random = random
        self._access: Access | None = None
        self._password: Password | None = None
        self._touched = False
        self._prepared: int | None = None
        self._sizes = Sizes(header_first=self._quirks.first_read == "header")
        self._partials: dict[FileId, Partial] = {}
        self._way: chip.ChipKey | None = None
        self._reopenings = self._session = 0
        self._proven_in: int | None = None
        self.chip_data: ChipAuthenticationData | None = None
        """What PACE with chip authentication mapping left, to be held against `card_security`."""
        self.card_security: bytes | None = None
        """EF.CardSecurity, read where that mapping was run and the chip gives it."""

    def follow(self, profile: Profile) -> None:
        """From here on as the profile says, which may only be known once DG1 is read."""
        self._quirks, self._application, self._pin = profile.quirks, profile.aid, profile.pin
        self._carrier.bare_select_ok = profile.quirks.bare_select_ok

    @property
    def channel(self) -> Channel:
        return self._carrier.channel

    # --- opening ------------------------------------------------------------------------------------------

    def probe(self) -> Access:
        """What the card asks for, before anything is typed. Whether it takes a CAN is asked of it, but not any more
        once it has been opened. Raises PaceUnsupported, MalformedData."""
        found = self._look()
        if found.pace is not None and "can" in found.passwords and not self._touched and self._prepared is None:
            if self._carrier.carry(access.takes_can(found.pace)):
                self._prepared = Can.reference
            else:
                self._access = found = replace(found, passwords=frozenset(("mrz",)))
        return found

    def _look(self) -> Access:
        """What the card shows; extended answers are asked of it only where it states its buffers (§9.3.1.2)."""
        if self._access is None:
            self._access = self._carrier.carry(access.shown(self._sizes, self._quirks))
            self._sizes = self._carrier.carry(access.sizes_stated(self.channel.atr, self._sizes))
        return self._access

    def open(self, password: Password) -> Access:
        """Opens the chip: PACE where it is advertised, never BAC instead; may be called again after WrongPassword.

        Raises WrongPassword, PasswordKind (a CAN where only the MRZ opens), AccessNotOffered, PaceUnsupported,
        PaceFailed, CardRefused, MalformedData.
        """
        self._password = None
        while True:
            try:
                return self._open(password)
            except ChannelEnded as error:
                self._count_ended(error, password)

    def _open(self, password: Password) -> Access:
        self._carrier.talk_through(None)
        self._sizes.fitting = MAX_SHORT
        if self._touched:
            self.channel.reset()  # some cards are stuck after a failed try
            self._prepared = None
        found = self._look()
        if found.kind not in self._accept:
            raise AccessNotOffered(f"this kiosk does not open cards by {found.kind}")
        if isinstance(password, Can) and "can" not in found.passwords:
            raise PasswordKind("this card is opened by its MRZ, not by a CAN")
        self._touched = True
        if found.pace is not None:
            self._open_by_pace(password, found.pace)
        elif isinstance(password, Mrz):
            self._open_by_bac(password)
        else:
            raise PasswordKind("this card knows no PIN that opens it")
        self._password = password
        self._session += 1
        return found

    def _open_by_bac(self, password: Mrz) -> None:
        """A long number is tried whole first; some chips are keyed with its first nine characters."""
        nine = self._quirks.bac_number == "nine"
        try:
            self._run_bac(password.nine if nine else password)
        except WrongPassword:
            if nine or password.nine == password or self._quirks.one_bac_try:
                raise
            self.channel.reset()
            self._run_bac(password.nine)

    def _run_bac(self, password: Mrz) -> None:
        self._carrier.carry(files.select_application(self._application))
        self._talk_through(self._carrier.carry(bac.mutual_authentication(password, self._random)))

    def _open_by_pace(self, password: Password, info: PaceInfo) -> None:
        if self._prepared != password.reference:
            self._carrier.carry(pace.set_authentication_template(password.reference, info))
        self._prepared = None
        established = self._carrier.carry(pace.key_agreement(password, info, self._random))
        self._talk_through(established.messaging)
        if established.chip is not None:
            self._read_card_security()
            self._proven_in = self._session + 1 if self.chip_data is None else self._proven_in
        self.chip_data = established.chip
        self._carrier.carry(files.select_application(self._application))

    def _read_card_security(self) -> None:
        try:
            self.card_security = self._read(FileId.CARD_SECURITY)
        except (FileAbsent, CardRefused):
            self.card_security = None  # then the mapping proves nothing: that is for `genuine` to judge

    def _talk_through(self, messaging: SecureMessaging) -> None:
        self._carrier.talk_through(messaging)
        self._sizes.fitting = messaging.fitting

    # --- reading ------------------------------------------------------------------------------------------

    def read(self, file: FileId, progress: Progress | None = None) -> bytes:
        """The whole file. Raises FileAbsent, CardRefused, MalformedData, ChannelBroken."""
        content = self._keeping(lambda: self._read(file, progress))
        if file is not FileId.DG15:  # whose key says how long a signature will be
            self._partials.pop(file, None)
        return content

    def still_there(self) -> None:
        """Returns where the chip answers under the session's keys, whatever it answers. Raises ChannelBroken,
        ChannelEnded, and what a channel raises whose card has left."""
        self._expect_channel()
        self._carrier.carry(_first_question())
        if not self._carrier.proven:
            raise ChannelBroken("the chip answers outside the session")

    def _read(self, file: FileId, progress: Progress | None = None) -> bytes:
        partial = self._partials.setdefault(file, Partial())
        return self._carrier.carry(reading.read(file, self._sizes, partial, progress))

    def _keeping(self, work: Callable[[], T]) -> T:
        """Does the work, in a new session if the chip ends the present one."""
        password, way, ended = self._password, self._way, False
        while True:
            try:
                if ended and password is not None:
                    self.open(password)
                    if way is not None:
                        self._authenticate(way)
                return work()
            except ChannelEnded as error:
                self._count_ended(error, password)
                ended = True

    def _count_ended(self, error: ChannelEnded, password: Password | None) -> None:
        """Raises `error` where no other session is to be begun. A PIN is not sent twice for one typing."""
        if password is None or isinstance(password, Pin) or self._reopenings == _REOPENINGS:
            raise error
        self._reopenings += 1

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
            self._carrier.carry(_first_question())
        except ChannelBroken as error:
            raise ChipNotProven("the chip does not hold the key that its files name") from error
        if not self._carrier.proven:
            raise ChipNotProven("the chip does not answer under the keys that it should hold")
        self._proven_in = self._session

    def active_authentication(self, nonce8: bytes) -> bytes:
        """The chip's signature over `nonce8`, as it comes. How long it will be is told by DG15, once it is read.

        Raises CardRefused, ActiveAuthenticationUnsupported.
        """
        self._expect_channel()
        dg15 = self._partials.get(FileId.DG15, Partial())
        long = dg15.complete and active.signature_bytes(bytes(dg15.content)) > self._sizes.fitting
        self._proven_in = self._session
        return self._carrier.carry(active.sign(nonce8, long=long))

    def pin_tries(self) -> int | None:
        """Tries left, 0 when blocked; None when there is no PIN, or the card does not say. Costs no try."""
        try:
            rule = self._expect_pin()
            if rule.kind == "verify":
                return self._carrier.carry(pin.tries_left(rule, self._application))
            return self._carrier.carry(pin.tries_left_of_pace(rule, self._look().pace, self._application))
        except PinAbsent:
            return None

    def verify_pin(self, pin_digits: str) -> None:
        """One try, inside the channel; never sent a second time by itself, and not to another session than the one in
        which the chip was last asked for its proof.

        Raises PinFormat (nothing was sent), WrongPin, PinBlocked, PinAbsent, CardRefused, ChannelEnded.
        """
        rule = self._expect_pin()
        if self._proven_in not in (None, self._session):
            raise ChannelEnded("the chip was proven in a session that it has ended since")
        if rule.kind == "verify":
            return self._carrier.carry(pin.verify(pin_digits, rule, self._application))
        agreement = pin.agree(pin_digits, rule, self._look().pace, self._random, self._application)
        self._talk_through(self._carrier.carry(agreement).messaging)
        self._carrier.carry(files.select_application(self._application))

    def _expect_pin(self) -> PinRule:
        self._expect_channel()
        if self._pin is None:
            raise PinAbsent("these cards have no PIN")
        return self._pin

    def close(self) -> None:
        self._password = None
        self._carrier.talk_through(None)
        self.channel.close()

    def _expect_channel(self) -> None:
        if self._carrier.messaging is None:
            raise ChannelBroken("the chip has not been opened")


def _first_question() -> Exchange[None]:
    """The smallest that any chip answers under its new keys, whatever it answers."""
    yield CommandApdu(0x00, 0xB0, 0x80 | FileId.SOD.short, 0x00, le=8)
