"""The image of a card: its files, keys and passwords, as the issuer made them and as a file keeps them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path

from drivers.simulated.card.plan import AccessPlan, ChipKey, PinPlan, Platform
from drivers.simulated.errors import CardImageInvalid

LARGEST = 2_000_000  # bytes of an image file


class Access(StrEnum):
    """What a card is foremost opened by; one with PACE may have BAC beside it (`AccessPlan.bac`)."""

    PACE = "pace"
    BAC = "bac"


class FileId(IntEnum):
    """Elementary files (ICAO 9303-10 §3.11, §4.2). The low 16 bits are the file identifier.

    The master file and the application each have a file 011D: EF.CardSecurity has a bit above its identifier.
    """

    CARD_ACCESS = 0x011C
    CARD_SECURITY = 0x1011D
    DIR = 0x2F00
    ATR_INFO = 0x2F01
    DG1 = 0x0101
    DG2 = 0x0102
    DG3 = 0x0103
    DG7 = 0x0107
    DG11 = 0x010B
    DG12 = 0x010C
    DG13 = 0x010D
    DG14 = 0x010E
    DG15 = 0x010F
    DG16 = 0x0110
    SOD = 0x011D
    COM = 0x011E

    @property
    def identifier(self) -> int:
        return self & 0xFFFF

    @property
    def short(self) -> int:
        """The short identifier; EF.DIR has one that its identifier does not show (ISO 7816-4 §11.4.1)."""
        return 0x1E if self is FileId.DIR else self & 0x1F

    @property
    def in_master_file(self) -> bool:
        return self in (FileId.CARD_ACCESS, FileId.CARD_SECURITY, FileId.DIR, FileId.ATR_INFO)

    @property
    def is_data_group(self) -> bool:
        return 0x0101 <= self <= 0x0110


@dataclass(frozen=True, slots=True)
class CardImage:
    """`mrz` has the zone's lines; `aa_private_key` is PKCS #8 DER, b"" for none; `pin_plan` None for no PIN.

    `files` are whole, their tag and length too; `faulty` are those that a fault serves in their place, by its name.
    """

    mrz: tuple[str, ...] = field(repr=False)
    can: str = field(repr=False)
    pin: str = field(repr=False)
    files: Mapping[FileId, bytes] = field(repr=False)
    plan: AccessPlan = field(default_factory=AccessPlan)
    aa_private_key: bytes = field(default=b"", repr=False)
    aa_hash: str = "sha256"
    aa_least: bool = False
    chip_keys: tuple[ChipKey, ...] = ()
    pin_plan: PinPlan | None = field(default_factory=PinPlan)
    platform: Platform = field(default_factory=Platform)
    faulty: Mapping[str, Mapping[FileId, bytes]] = field(default_factory=dict, repr=False)

    @property
    def access(self) -> Access:
        return Access.PACE if self.plan.paces else Access.BAC

    @property
    def mrz_information(self) -> str:
        """Document number, date of birth, date of expiry, each with its check digit (9303-11 §4.3.2, §9.7.3)."""
        number, dates = self._number_and_dates()
        return number + dates

    @property
    def bac_information(self) -> str:
        """What BAC's keys are made from on this card."""
        number, dates = self._number_and_dates()
        if self.plan.nine_digit_bac and len(number) > 10:
            number = number[:9] + _check_digit(number[:9])
        return number + dates

    def _number_and_dates(self) -> tuple[str, str]:
        if len(self.mrz) == 3:
            first, second, _ = self.mrz
            field_, check, optional = first[5:14], first[14], first[15:30]
            dates = second[0:7] + second[8:15]
        else:
            _, second = self.mrz
            field_, check, optional = second[0:9], second[9], second[28:35]
            dates = second[13:20] + second[21:28]
        if check == "<":  # a long number goes on in the optional data, check digit last
            return field_ + optional.split("<")[0], dates
        return field_ + check, dates

    @property
    def chip_id(self) -> str:
        """Tells one chip from another, whatever file its image is in."""
        return hashlib.sha256(self.aa_private_key or self.files.get(FileId.SOD, b"")).hexdigest()

    def to_json(self) -> str:
        from drivers.simulated.card import image_json

        return image_json.dump(self)

    @classmethod
    def from_json(cls, text: str) -> CardImage:
        """Raises CardImageInvalid for anything `to_json` would not have written."""
        from drivers.simulated.card import image_json

        return image_json.parse(text)

    def save(self, path: Path) -> None:
        """Writes the image for its owner's eyes only (mode 0600): it holds the card's secrets."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)
            file.write(self.to_json())

    @classmethod
    def load(cls, path: Path) -> CardImage:
        """Raises CardImageInvalid, also for a file that cannot be read."""
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise CardImageInvalid("the file is too large to be the image of a simulated card")
            return cls.from_json(content.decode("utf-8"))
        except (OSError, UnicodeDecodeError) as unreadable:
            raise CardImageInvalid("the image of the simulated card cannot be read") from unreadable


def _check_digit(text: str) -> str:
    """9303-3 §4.9."""
    values = (0 if character == "<" else int(character, 36) for character in text)
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)
