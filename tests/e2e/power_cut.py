"""A `kiosk` command during which the power goes, for one process, at one moment.

    python power_cut.py "after submitted" self session --config kiosk.toml

The moment is before or after a step of the ledger is on the disk; or `chain`, when the signer writes its hash
chain; or `settle`, when the registry records a settlement. VICTIM is this process itself, or the number of
another. Everything else is the command, unchanged.
"""

import functools
import os
import select
import signal
import sys
from collections.abc import Callable
from typing import Any

from kiosk import cli
from kiosk.issuance.ledger import Ledger
from registry.reference.registrar import Registrar
from signing.chain import HashChain


def cut(victim: int) -> None:
    """`kill -9`, and back only when the victim is no more."""
    process = os.pidfd_open(victim)
    os.kill(victim, signal.SIGKILL)
    select.select([process], [], [])
    os.close(process)


def at(moment: str, victim: int) -> None:
    """Wrap what writes, so that the power goes when the moment comes, and only then."""
    left = [victim]

    def reached(now: str) -> None:
        if now == moment and left:
            cut(left.pop())

    def wrap(kind: type, name: str, step_of: Callable[..., str]) -> None:
        write = getattr(kind, name)

        @functools.wraps(write)
        def written(*args: Any, **named: Any) -> Any:
            step = step_of(*args)
            reached(f"before {step}")
            result = write(*args, **named)
            reached(f"after {step}")
            return result

        setattr(kind, name, written)

    wrap(Ledger, "append", lambda ledger, grant_id, record: record.step)
    wrap(HashChain, "append", lambda chain: "chain")
    wrap(Registrar, "settle", lambda registrar, *_: "settle")


if __name__ == "__main__":
    at(sys.argv[1], os.getpid() if sys.argv[2] == "self" else int(sys.argv[2]))
    sys.argv[1:3] = []
    cli.main()
