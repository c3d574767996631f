"""The out-of-service switch: a file beside the ledger, so that it stands through a restart."""

from __future__ import annotations

from pathlib import Path

from kiosk.staff.errors import StaffStateUnusable
from kiosk.staff.files import remove, write_whole

OUT_OF_SERVICE = "E-KIOSK-OUT-OF-SERVICE"
"""The code on the closed sign while staff keeps the kiosk out of service."""


class ServiceSwitch:
    """`folder` is the one of the ledger."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "out-of-service"

    @property
    def code(self) -> str | None:
        """Why staff keeps the kiosk from serving; None while it does not. Raises StaffStateUnusable."""
        return OUT_OF_SERVICE if self.out else None

    @property
    def out(self) -> bool:
        """Whether staff put the kiosk out of service. Raises StaffStateUnusable."""
        try:
            self._path.lstat()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _unusable(error) from None
        return True

    def put(self, *, out: bool) -> None:
        """Out of service, or back in. Raises StaffStateUnusable."""
        try:
            if out:
                self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                write_whole(self._path, b"")
            elif self.out:
                remove(self._path)
        except OSError as error:
            raise _unusable(error) from None


def _unusable(error: OSError) -> StaffStateUnusable:
    return StaffStateUnusable(f"the out-of-service switch cannot be kept: {error.strerror}")
