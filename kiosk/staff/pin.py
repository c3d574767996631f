"""The technicians' PIN: what may be one, and the file that can tell it from any other without holding it.

    set_pin(settings.staff.pin_file, pin)
    load_pin(settings.staff.pin_file).matches(pin)

The file is one JSON object: scrypt's parameters (RFC 7914), the salt and the key derived from the PIN.
"""

from __future__ import annotations

import os
import re
import stat
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kiosk.staff.errors import PinFileUnusable, PinNotSet, PinWeak
from kiosk.staff.files import Owner, write_whole

SHORTEST, LONGEST = 6, 12
PIN = re.compile(rf"[0-9]{{{SHORTEST},{LONGEST}}}")
_MAX_FILE = 1024
_KEY_BYTES = 32


class StoredPin(BaseModel):
    """A PIN as the file keeps it. The bounds hold what a damaged file may cost: 256 MiB of memory."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    v: Literal[1] = 1
    kdf: Literal["scrypt"] = "scrypt"
    n: Literal[32768, 65536, 131072] = 32768
    r: int = Field(8, ge=8, le=16)
    p: int = Field(3, ge=1, le=8)
    salt: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    key: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

    def matches(self, pin: str) -> bool:
        """Takes about a quarter of a second and 32 MiB; compares in constant time."""
        try:
            self._scrypt().verify(pin.encode(), bytes.fromhex(self.key))
        except InvalidKey:
            return False
        return True

    def _scrypt(self) -> Scrypt:
        return Scrypt(salt=bytes.fromhex(self.salt), length=_KEY_BYTES, n=self.n, r=self.r, p=self.p)


def check_pin(pin: str) -> None:
    """Raises PinWeak unless `pin` is 6 to 12 digits, not all the same step apart (111111, 123456, 654321),
    and not a shorter one repeated (121212, 123123)."""
    if PIN.fullmatch(pin) is None:
        raise PinWeak(f"a PIN has {SHORTEST} to {LONGEST} digits")
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    if len(steps) == 1 or pin in (pin + pin)[1:-1]:
        raise PinWeak("digits in a row or repeated are tried first")


def set_pin(path: Path, pin: str, owner: Owner | None = None) -> None:
    """Make `pin` the technicians'; the file appears whole, mode 0600. Raises PinWeak, PinFileUnusable.

    `owner`, when given, gets the file, and the folder if it was not there yet.
    """
    check_pin(pin)
    salt = os.urandom(16)
    blank = StoredPin(salt=salt.hex(), key="0" * 64)
    stored = blank.model_copy(update={"key": blank._scrypt().derive(pin.encode()).hex()})
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
            if owner is not None:
                os.chown(path.parent, *owner)
        write_whole(path, stored.model_dump_json().encode() + b"\n", owner)
    except OSError as error:
        raise PinFileUnusable(f"cannot write the staff PIN file: {error.strerror}") from None


def load_pin(path: Path) -> StoredPin:
    """The PIN in force. Raises PinNotSet, PinFileUnusable."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise PinFileUnusable("the staff PIN file may be read by others: give it mode 0600")
            content = file.read(_MAX_FILE + 1)
    except FileNotFoundError:
        raise PinNotSet("no staff PIN is set up") from None
    except OSError as error:
        raise PinFileUnusable(f"cannot read the staff PIN file: {error.strerror}") from None
    if len(content) > _MAX_FILE:
        raise PinFileUnusable("the staff PIN file is too long to be one")
    try:
        return StoredPin.model_validate_json(content)
    except ValidationError:
        raise PinFileUnusable("the staff PIN file holds something that is none") from None
