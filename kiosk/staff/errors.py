"""What can go wrong between the kiosk and its technicians. No message repeats a digit of a PIN."""

from __future__ import annotations

from kiosk.errors import KioskError


class StaffError(KioskError):
    """Base of this room's errors."""


class PinWeak(StaffError):
    """Not 6 to 12 digits, or digits that anybody would try first."""

    code = "E-STAFF-PIN-WEAK"


class PinNotSet(StaffError):
    """No PIN file: this kiosk has no staff mode."""

    code = "E-STAFF-PIN-NONE"


class PinFileUnusable(StaffError):
    """The PIN file cannot be read or written, may be read by others, or is none."""

    code = "E-STAFF-PIN-FILE"


class StaffStateUnusable(StaffError):
    """The count of wrong tries or the out-of-service switch cannot be read or kept."""

    code = "E-STAFF-STATE"


class StaffLocked(StaffError):
    """Too many wrong tries; `wait_s` says how long no PIN is looked at."""

    code = "E-STAFF-LOCKED"

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"no PIN is looked at for {wait_s} s")
        self.wait_s = wait_s
