"""The image of a card: its files, keys and passwords, as the issuer made them and as a file keeps them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

from drivers.simulated.errors import CardImageInvalid

_LARGEST = 1_000_000  # bytes of an image file


class Access(StrEnum):
    """How the chip is opened: a card has PACE or BAC, never both, so that nobody can talk it down."""

    PACE = "pace"
    BAC = "bac"


class FileId(IntEnum):
    """Elementary files (ICAO 9303-10 §4.2): file identifier; its low five bits are the short one (SFI)."""

    CARD_ACCESS = 0x011C
    DG1 = 0x0101
    DG2 = 0x0102
    DG11 = 0x010B
    DG14 = 0x010E
    DG15 = 0x010F
    SOD = 0x011D
    COM = 0x011E


@dataclass(frozen=True, slots=True)
class CardImage:
    """`mrz` has TD1's three lines; `aa_private_key` is PKCS #8 DER; `files` are whole, their tag and length too."""

    access: Access
    mrz: tuple[str, str, str] = field(repr=False)
    can: str = field(repr=False)
    pin: str = field(repr=False)
    aa_private_key: bytes = field(repr=False)
    files: Mapping[FileId, bytes] = field(repr=False)

    @property
    def mrz_information(self) -> str:
        """Document number, date of birth, date of expiry, each with its check digit (9303-11 §4.3.2)."""
        first, second, _ = self.mrz
        return first[5:15] + second[0:7] + second[8:15]

    @property
    def chip_id(self) -> str:
        """Tells one chip from another, whatever file its image is in."""
        return hashlib.sha256(self.aa_private_key).hexdigest()

    def to_json(self) -> str:
        files = {name.name: base64.b64encode(content).decode() for name, content in self.files.items()}
        key = base64.b64encode(self.aa_private_key).decode()
        whole = {"access": self.access.value, "mrz": self.mrz, "can": self.can, "pin": self.pin}
        return json.dumps({**whole, "aa_private_key": key, "files": files}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> CardImage:
        """Raises CardImageInvalid for anything `to_json` would not have written."""
        try:
            given: Any = json.loads(text)
            first, second, third = (str(line) for line in given["mrz"])
            files = {FileId[name]: base64.b64decode(content, validate=True) for name, content in given["files"].items()}
            key = base64.b64decode(given["aa_private_key"], validate=True)
            can, pin = str(given["can"]), str(given["pin"])
            image = cls(Access(given["access"]), (first, second, third), can, pin, key, files)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as nonsense:
            raise CardImageInvalid("the file is not the image of a simulated card") from nonsense
        if {len(line) for line in image.mrz} != {30} or not (can.isdecimal() and pin.isdecimal()):
            raise CardImageInvalid("the image's passwords are not those of a card")
        return image

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
                content = file.read(_LARGEST + 1)
            if len(content) > _LARGEST:
                raise CardImageInvalid("the file is too large to be the image of a simulated card")
            return cls.from_json(content.decode("utf-8"))
        except (OSError, UnicodeDecodeError) as unreadable:
            raise CardImageInvalid("the image of the simulated card cannot be read") from unreadable
