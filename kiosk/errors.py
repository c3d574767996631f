"""What can go wrong in the application itself, above the rooms it calls."""

from __future__ import annotations

from typing import ClassVar


class KioskError(Exception):
    """Base of this room's errors; messages are for technicians and name no person."""

    code: ClassVar[str] = "E-KIOSK-UNEXPECTED"


class NotEntitled(KioskError):
    code = "E-KIOSK-NOT-ENTITLED"


class RefusedInProduction(KioskError):
    code = "E-KIOSK-REFUSED-IN-PRODUCTION"


class PartMissing(KioskError):
    code = "E-KIOSK-PART-MISSING"


class WrongUsage(KioskError):
    code = "E-KIOSK-USAGE"
