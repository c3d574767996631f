"""What can go wrong in the application itself, above the rooms it calls."""

from __future__ import annotations

from typing import ClassVar


class KioskError(Exception):
    """Base of this room's errors; messages are for technicians and name no person."""

    code: ClassVar[str] = "E-KIOSK-UNEXPECTED"


class NotEntitled(KioskError):
    code = "E-KIOSK-NOT-ENTITLED"


class HolderNotConfirmed(KioskError):
    """A clerk would not say that the person is the card's holder."""

    code = "E-KIOSK-HOLDER"


class RefusedInProduction(KioskError):
    code = "E-KIOSK-REFUSED-IN-PRODUCTION"


class PartMissing(KioskError):
    code = "E-KIOSK-PART-MISSING"


class WrongUsage(KioskError):
    code = "E-KIOSK-USAGE"


class ClockSkewed(KioskError):
    """This machine's clock and the registry's are too far apart."""

    code = "E-CLOCK-SKEW"


class DiskFull(KioskError):
    code = "E-DISK-FULL"


class DiskReadOnly(KioskError):
    code = "E-DISK-READ-ONLY"


class DiskDenied(KioskError):
    code = "E-DISK-DENIED"


class DiskFault(KioskError):
    """The disk answers with a fault, or not at all."""

    code = "E-DISK-FAULT"


class CertificateExpired(KioskError):
    """The municipality's signing certificate is past its end."""

    code = "E-CERTIFICATE-EXPIRED"


class PaperUsedUp(KioskError):
    """By the books there is not paper enough for one document."""

    code = "E-KIOSK-PAPER-USED-UP"
