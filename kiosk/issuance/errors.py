"""What can go wrong between a citizen's choice and the paper, each with its code.

Some of these are never raised: they are the reason that the ledger records against a grant.
Messages are for the technician and carry no personal data.
"""

from __future__ import annotations

from typing import ClassVar


class IssuanceError(Exception):
    """Base of the room."""

    code: ClassVar[str] = "E-ISSUANCE"


# -- the ledger


class LedgerError(IssuanceError):
    """The ledger does not take (or give) what was asked; what it holds is left as it is."""

    code = "E-LEDGER"


class RecordRefused(LedgerError):
    """A value that no record has room for. It is not quoted: it may be somebody's."""

    code = "E-LEDGER-RECORD"


class StepRefused(LedgerError):
    """A step that may not follow the ones before it, such as a second submission."""

    code = "E-LEDGER-STEP"


class LedgerOutOfOrder(LedgerError):
    """Nothing can be recorded, so nothing is issued."""


class LedgerMissing(LedgerOutOfOrder):
    code = "E-LEDGER-MISSING"


class LedgerDamaged(LedgerOutOfOrder):
    """Not a ledger, or its chain does not hold. `at` is the first entry in doubt, 0 when none could be read."""

    code = "E-LEDGER-DAMAGED"

    def __init__(self, message: str, *, at: int = 0) -> None:
        super().__init__(message)
        self.at = at


class LedgerFull(LedgerOutOfOrder):
    """No room on the disk; the entry was not written."""

    code = "E-LEDGER-FULL"


class LedgerReadOnly(LedgerOutOfOrder):
    code = "E-LEDGER-READ-ONLY"


class LedgerUnavailable(LedgerOutOfOrder):
    """The disk failed. Whether the last entry was written is only known once the ledger is opened again."""

    code = "E-LEDGER-UNAVAILABLE"


class LedgerKeyUnfit(LedgerOutOfOrder):
    """The device key that signs the ledger's checkpoints cannot be used."""

    code = "E-LEDGER-KEY"


class LedgerRolledBack(LedgerOutOfOrder):
    """The registry knows a later state of this ledger than the disk holds: an older copy was put back."""

    code = "E-LEDGER-ROLLED-BACK"


class LedgerSound(LedgerError):
    """The ledger can be used, so that there is no reason to retire it."""

    code = "E-LEDGER-SOUND"


class LedgerBusy(LedgerOutOfOrder):
    """Another process issues from this ledger."""

    code = "E-LEDGER-BUSY"


# -- why a grant came to no paper


class Interrupted(IssuanceError):
    """The kiosk stopped before the document was handed to the printer."""

    code = "E-ISSUANCE-INTERRUPTED"


class Abandoned(IssuanceError):
    """The visit ended before the document was handed to the printer."""

    code = "E-ISSUANCE-ABANDONED"


class DocumentAltered(IssuanceError):
    """The signed document is not the one its digest names."""

    code = "E-ISSUANCE-DOCUMENT"


class PaperUnknown(IssuanceError):
    """The document may have come out while nobody followed its job; nobody can say."""

    code = "E-ISSUANCE-PAPER-UNKNOWN"


class SettlementContradicted(IssuanceError):
    """The registry had already settled this grant otherwise."""

    code = "E-ISSUANCE-SETTLEMENT"
