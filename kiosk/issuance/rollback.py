"""Whether this ledger is older than what the registry was told of it.

    check_against(ledger, await registry.ledger_head())

Before the first grant of a session, and of a time without registry: a disk put back to an older day holds in
itself, and only somebody else's memory shows it.
"""

from __future__ import annotations

from kiosk.issuance.errors import LedgerRolledBack
from kiosk.issuance.ledger import Ledger
from registry.models import LedgerHead


def check_against(ledger: Ledger, told: LedgerHead) -> None:
    """Raises LedgerRolledBack unless the entry that the registry knows stands in this ledger.

    A ledger that takes the place of another has named that entry in its first. Raises LedgerError.
    """
    if told.head is None or ledger.hash_at(told.seq) == told.head:
        return
    begun = ledger.begun()
    if begun is None or (begun.told_seq, begun.told_head) != (told.seq, told.head):
        raise LedgerRolledBack(f"the registry knows entry {told.seq} of this kiosk, and the ledger does not hold it")
