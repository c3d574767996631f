"""What a card is made like, as data: a design says everything about a card but whose it is.

CardDesign.named("dz-cnibe")
replace(CardDesign.named("icao"), access=AccessPlan((PaceVariant(Mapping.INTEGRATED, Cipher.AES_256, 17),)))
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from drivers.simulated.card import FileId
from drivers.simulated.card.ciphers import Cipher
from drivers.simulated.card.plan import AccessPlan, Mapping, PaceVariant, Password, PinKind, PinPlan, Platform
from drivers.simulated.errors import HolderInvalid

Zone = Literal["TD1", "TD2", "TD3"]
Country = Literal["DZ", "MA"]
Parameters = Literal["explicit", "standardized", "named"]
SignatureKind = Literal["ecdsa", "ecdsa-written-out", "rsa", "rsa-pss"]

_GROUPS = (FileId.DG1, FileId.DG2, FileId.DG11, FileId.DG14, FileId.DG15)


@dataclass(frozen=True, slots=True)
class ActiveDesign:
    """The active authentication key: ECDSA on a standardised curve (8 to 18), or RSA of a whole number of bytes.

    `least` makes RSA take the smaller of two roots (ISO/IEC 9796-2 B.4).
    """

    curve: int | None = 12
    rsa_bits: int = 0
    digest: str = "sha256"
    least: bool = False
    parameters: Parameters = "named"


@dataclass(frozen=True, slots=True)
class ChipKeyDesign:
    """A chip authentication key. `x942` writes a DH key as ANSI X9.42 has it instead of PKCS #3."""

    curve: int = 13
    ciphers: tuple[Cipher, ...] = (Cipher.AES_128,)
    key_id: int | None = None
    version: int = 1
    parameters: Parameters = "explicit"
    x942: bool = False
    announced: bool = True  # by a ChipAuthenticationInfo; a key for PACE-CAM alone has none


@dataclass(frozen=True, slots=True)
class FaceDesign:
    """DG2: the record's standard, the picture's coding, how many times 300 by 400 pixels it has, JPEG's quality."""

    record: Literal["19794-5", "39794-5"] = "19794-5"
    coding: Literal["JPEG", "JP2", "J2K"] = "JPEG"
    scale: int = 1
    quality: int = 84


@dataclass(frozen=True, slots=True)
class CardDesign:
    """`country` issues it; `groups` are the data groups it has: DG14 and DG15 only where they say something.

    `pin` None is a card without one. `directory` and `atr_info` are EF.DIR and EF.ATR/INFO in the master file.
    """

    name: str = "icao"
    country: Country = "DZ"
    zone: Zone = "TD1"
    access: AccessPlan = field(default_factory=AccessPlan)
    pin: PinPlan | None = field(default_factory=PinPlan)
    platform: Platform = field(default_factory=Platform)
    active: ActiveDesign | None = field(default_factory=ActiveDesign)
    chip_keys: tuple[ChipKeyDesign, ...] = ()
    groups: tuple[FileId, ...] = _GROUPS
    face: FaceDesign = field(default_factory=FaceDesign)
    dg11: Literal["icao", "cnibe"] = "icao"
    signature: SignatureKind = "ecdsa"
    directory: bool = True
    atr_info: bool = True

    @property
    def card_security(self) -> bool:
        """Whether there is an EF.CardSecurity: PACE-CAM needs one (9303-11 §9.2.11)."""
        return any(variant.mapping is Mapping.CHIP_AUTHENTICATION for variant in self.access.paces)

    @classmethod
    def named(cls, name: str) -> CardDesign:
        """Raises HolderInvalid for a name that is none of `DESIGNS`."""
        if name not in DESIGNS:
            raise HolderInvalid(f"no such design of a card; there are {', '.join(DESIGNS)}")
        return DESIGNS[name]


_BAC = AccessPlan(paces=(), passwords=(), bac=True)
_CAM = AccessPlan((PaceVariant(), PaceVariant(Mapping.CHIP_AUTHENTICATION)))
_RICH = (*_GROUPS[:3], FileId.DG7, FileId.DG12, FileId.DG13, FileId.DG14, FileId.DG15, FileId.DG16)
_ICAO = CardDesign()
_ONE_READ = Platform(extended_length=False, short_identifiers=True, largest_read=223)
_PIN_APPLICATION = bytes.fromhex("D2500000000001")

DESIGNS: dict[str, CardDesign] = {
    design.name: design
    for design in (
        _ICAO,
        replace(
            _ICAO,
            name="dz-cnibe",
            access=replace(_BAC, nine_digit_bac=True),
            platform=Platform(
                extended_length=False, odd_read=False, master_file=False, bare_select=True, one_bac_try=True
            ),
            groups=(FileId.DG1, FileId.DG2, FileId.DG7, FileId.DG11, FileId.DG12),
            active=None,
            dg11="cnibe",
            directory=False,
            atr_info=False,
        ),
        replace(
            _ICAO,
            name="ma-cnie",
            country="MA",
            access=AccessPlan((PaceVariant(cipher=Cipher.AES_256),)),
            chip_keys=(ChipKeyDesign(ciphers=(Cipher.AES_256,)),),
            active=None,
            groups=(FileId.DG1, FileId.DG2, FileId.DG7, FileId.DG11, FileId.DG12, FileId.DG13, FileId.DG14),
        ),
        replace(_ICAO, name="chip-authentication", chip_keys=(ChipKeyDesign(),), active=None),
        replace(
            _ICAO,
            name="cam",
            access=_CAM,
            chip_keys=(ChipKeyDesign(key_id=13),),
            active=None,
        ),
        replace(
            _ICAO,
            name="written-out",  # every curve number by number, as many states write them in certificates
            signature="ecdsa-written-out",
            active=ActiveDesign(14, digest="sha384", parameters="explicit"),
        ),
        replace(_ICAO, name="rsa", active=ActiveDesign(None, 2048)),
        replace(_ICAO, name="bac", access=_BAC),
        replace(_ICAO, name="no-pin", pin=None),
        replace(_ICAO, name="pin-application", pin=PinPlan(application=_PIN_APPLICATION)),
        replace(
            _ICAO,
            name="pin-pace",
            access=AccessPlan(passwords=(Password.MRZ, Password.CAN, Password.PIN)),
            pin=PinPlan(PinKind.PACE, 3),
            chip_keys=(ChipKeyDesign(),),
        ),
        replace(_ICAO, name="integrated", access=AccessPlan((PaceVariant(Mapping.INTEGRATED),))),
        replace(
            _ICAO,
            name="modular",
            access=AccessPlan((PaceVariant(parameters=2),)),
            chip_keys=(ChipKeyDesign(2, (Cipher.TRIPLE_DES, Cipher.AES_128)),),
        ),
        replace(_ICAO, name="rich", groups=_RICH, face=FaceDesign("39794-5", "JP2")),
        replace(_ICAO, name="passport", zone="TD3", pin=None),
        replace(_ICAO, name="short", platform=_ONE_READ, atr_info=False),
        replace(_ICAO, name="t0", platform=Platform(get_response=True, extended_length=False), atr_info=False),
        replace(_ICAO, name="bare", active=None, groups=_GROUPS[:4]),
    )
}
