"""What can go wrong between the kiosk and its printer, each with its code; messages name no person.

`submit` keeps one promise for all who count originals: whatever it raises, except SubmissionUncertain,
means that nothing of the document will come out. What a job came to in the end (aborted, cancelled, out
of paper) is one of these too: `printing.job` hands it on as a value.
"""

from __future__ import annotations

from typing import ClassVar

from drivers.printers.port import Condition


class PrinterError(Exception):
    """Base of every failure of a printer."""

    code: ClassVar[str] = "E-PRINTER"


class PrinterAddressInvalid(PrinterError):
    """The configured address is none of this printer's kinds, or does not go with the certificate."""

    code = "E-PRINTER-ADDRESS"


class PrinterModelUnknown(PrinterError):
    """There is no profile of that name."""

    code = "E-PRINTER-MODEL"


class PrinterUnreachable(PrinterError):
    """Nobody listens at the printer's address, or the connection broke."""

    code = "E-PRINTER-UNREACHABLE"


class PrinterNotGenuine(PrinterError):
    """The TLS certificate is not the one this kiosk was given for its printer, or there is no TLS at all."""

    code = "E-PRINTER-CERTIFICATE"


class PrinterSilent(PrinterError):
    """The printer did not answer within the deadline of one request."""

    code = "E-PRINTER-TIMEOUT"


class PrinterNonsense(PrinterError):
    """The answer is not IPP (RFC 8011) or not ESC/POS, is too long, or lacks what it must have."""

    code = "E-PRINTER-NONSENSE"


class PrinterRefused(PrinterError):
    """The printer answered with an IPP error. `status` is its status-code (RFC 8011 §B.1)."""

    code = "E-PRINTER-REFUSED"

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class PrinterBusy(PrinterRefused):
    """The printer takes no second job yet (server-error-busy), or another program has its line."""

    code = "E-PRINTER-BUSY"


class JobNotFound(PrinterRefused):
    """The printer does not know the job: it was switched off, or forgot."""

    code = "E-PRINTER-JOB-UNKNOWN"


class SubmissionUncertain(PrinterError):
    """The document was on its way when the printer stopped answering. `job_id` when it is known."""

    code = "E-PRINTER-SUBMISSION"

    def __init__(self, message: str, job_id: int | None) -> None:
        super().__init__(message)
        self.job_id = job_id


class PrinterUnfit(PrinterError):
    """The printer lacks what the kiosk needs: a tray of the configured name, PDF or PWG raster."""

    code = "E-PRINTER-UNFIT"


class DocumentUnprintable(PrinterError):
    """What was to be printed is not a PDF with pages."""

    code = "E-PRINTER-DOCUMENT"


class OutOfPaper(PrinterError):
    code = "E-PRINTER-PAPER-OUT"


class PaperWrong(PrinterError):
    """Paper is there, but no A4 in the tray that is printed from."""

    code = "E-PRINTER-MEDIA"


class PaperJam(PrinterError):
    code = "E-PRINTER-JAM"


class CoverOpen(PrinterError):
    code = "E-PRINTER-COVER-OPEN"


class TonerEmpty(PrinterError):
    code = "E-PRINTER-TONER-EMPTY"


class CutterJam(PrinterError):
    """The blade did not come back: the paper before it is not cut, and nothing more is printed."""

    code = "E-PRINTER-CUTTER"


class JobLeft(PrinterError):
    """Something sent earlier may still come out, and the printer does not give it up."""

    code = "E-PRINTER-JOB-LEFT"


class PrinterStopped(PrinterError):
    """Paused, stopped, or shutting down, for no reason that it tells."""

    code = "E-PRINTER-STOPPED"


class JobAborted(PrinterError):
    """The printer gave the job up and no page came out."""

    code = "E-PRINTER-ABORTED"


class JobCanceled(PrinterError):
    """The job was cancelled and no page came out."""

    code = "E-PRINTER-CANCELED"


class PaperUncertain(PrinterError):
    """Nobody can say whether the paper, or all of it, came out."""

    code = "E-PRINTER-PAPER-UNKNOWN"


_BLOCKED_BY: tuple[tuple[Condition, type[PrinterError], str], ...] = (
    (Condition.JAM, PaperJam, "paper is jammed"),
    (Condition.COVER_OPEN, CoverOpen, "a cover is open"),
    (Condition.PAPER_OUT, OutOfPaper, "the tray is empty"),
    (Condition.PAPER_WRONG, PaperWrong, "there is no A4 paper in the tray"),
    (Condition.TONER_EMPTY, TonerEmpty, "the toner is used up"),
    (Condition.CUTTER, CutterJam, "the cutter is stuck"),
    (Condition.OFFLINE, PrinterUnreachable, "the printer is off line"),
    (Condition.STOPPED, PrinterStopped, "the printer is stopped"),
)


def blocked_by(conditions: frozenset[Condition]) -> PrinterError | None:
    """The blocking condition to tell first, as an error value; None when nothing blocks."""
    for condition, error, message in _BLOCKED_BY:
        if condition in conditions:
            return error(message)
    return None
