"""What can go wrong with a scanner; every concrete class has its code in the catalogue.

Messages hold nothing that was scanned.
"""

from __future__ import annotations

import errno
from typing import ClassVar


class ScannerError(Exception):
    """Base of everything this room raises."""

    code: ClassVar[str] = "E-SCANNER"


class ScannerAbsent(ScannerError):
    """No such device, or it went while it was read."""

    code: ClassVar[str] = "E-SCANNER-ABSENT"


class ScannerBusy(ScannerError):
    """Another program holds the device for itself."""

    code: ClassVar[str] = "E-SCANNER-BUSY"


class ScannerFault(ScannerError):
    """The device is not what the settings say, may not be opened, or fails."""

    code: ClassVar[str] = "E-SCANNER-FAULT"


class OcrUnavailable(ScannerError):
    """No reader of type is installed: neither tesseract nor the typeface OCR-B."""

    code: ClassVar[str] = "E-SCANNER-OCR"


class ScannerSlow(ScannerError):
    """The reading of a picture was ended at its deadline, and so were those that followed."""

    code: ClassVar[str] = "E-SCANNER-SLOW"


_ABSENT = (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ENOTDIR)
_BUSY = (errno.EBUSY, errno.EAGAIN)


def from_system(error: OSError, device: str) -> ScannerError:
    """The error of ours for one of the system's. `device` is a word such as "keyboard wedge"."""
    if error.errno in _ABSENT:
        return ScannerAbsent(f"the {device} is not there")
    if error.errno in _BUSY:
        return ScannerBusy(f"another program holds the {device}")
    return ScannerFault(f"the {device} cannot be used (errno {error.errno})")
