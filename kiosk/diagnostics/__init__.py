"""Every part of the kiosk looked at in turn: what is well, what is not, and what to do about it.

    async for check in run(settings):
        check.name, check.status, check.code, check.detail, check.remedy
    Report(checks=checks).ready

Nothing here needs a screen: `kiosk diagnose` prints it, the technician's screen draws it.
"""

from kiosk.diagnostics.check import Check, Report, Status
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.table import here, names, not_loaded, run

__all__ = ["Check", "Place", "Report", "Status", "here", "names", "not_loaded", "run"]
