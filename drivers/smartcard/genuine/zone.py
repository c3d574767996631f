"""What DG1's machine readable zone must agree with: as it stands there, its check digits being under a signature."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.passwords import Mrz
from drivers.smartcard.errors import MalformedData

_ZONE = 0x5F1F
# Where number, its check digit, optional data, birth and expiry stand in TD1, TD2 and TD3 (9303-5, -6, -4 §4.2).
_PLACES = {
    90: (slice(5, 14), 14, slice(15, 30), slice(30, 36), slice(38, 44)),
    72: (slice(36, 45), 45, slice(64, 71), slice(49, 55), slice(57, 63)),
    88: (slice(44, 53), 53, slice(72, 86), slice(57, 63), slice(65, 71)),
}
_SHORT = 9


@dataclass(frozen=True, slots=True)
class Zone:
    """`document_code` is one or two characters; dates are YYMMDD."""

    document_code: str
    issuing_state: str
    document_number: str
    birth: str
    expiry: str

    def opened_by(self, given: Mrz) -> bool:
        """Whether these are the fields that were given; some chips only know the first nine of a long number."""
        number = given.document_number.rstrip("<")
        same = number == self.document_number or (len(number) == _SHORT and self.document_number.startswith(number))
        return same and (f"{given.date_of_birth:%y%m%d}", f"{given.date_of_expiry:%y%m%d}") == (self.birth, self.expiry)


def of(dg1: bytes) -> Zone:
    """From the file's bytes. Raises MalformedData."""
    value = tlv.single(tlv.single(dg1, FileId.DG1.tag).value, _ZONE).value
    if len(value) not in _PLACES or not value.isascii():
        raise MalformedData("DG1 holds no machine readable zone")
    text = value.decode("ascii")
    number, check, optional, birth, expiry = _PLACES[len(text)]
    whole = text[number]
    if text[check] == "<":
        whole += text[optional].split("<", 1)[0][:-1]  # the rest of a long number, then its check digit
    return Zone(text[:2].rstrip("<"), text[2:5].rstrip("<"), whole.rstrip("<"), text[birth], text[expiry])
