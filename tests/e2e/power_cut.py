"""A `kiosk` command during which the power goes, for one process, at one moment.

    python power_cut.py "after submitted" self session --config kiosk.toml

The moment is before or after a step of the ledger is on the disk; or `chain`, when the signer writes its hash
chain; or `settle`, when the registry records a settlement. The victim is this process itself, or the number of
another; `pause` stops this process instead, until it is told to go on. Everything else is the command, unchanged.
What a session brings to the signer is kept in the file that KEPT names: a thief of both would have it too.
"""

import functools
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk import cli
from kiosk.issuance.ledger import Ledger
from printing.forms import Form
from registry.reference.registrar import Registrar
from signing.chain import HashChain
from signing.client import SignerClient

KEPT = "POWER_CUT_KEPT"


def kill(victim: int) -> None:
    """`kill -9`, and back only when the victim is no more."""
    process = os.pidfd_open(victim)
    os.kill(victim, signal.SIGKILL)
    select.select([process], [], [])
    os.close(process)


def cut(victim: str) -> None:
    if victim == "pause":
        os.kill(os.getpid(), signal.SIGSTOP)
    else:
        kill(os.getpid() if victim == "self" else int(victim))


def at(moment: str, victim: str) -> None:
    """Wrap what writes, so that the power goes when the moment comes for the first time."""
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

    wrap(Ledger, "append", lambda ledger, subject, record: record.step)
    wrap(HashChain, "append", lambda chain: "chain")
    wrap(Registrar, "settle", lambda registrar, *_: "settle")


def keep(file: Path) -> None:
    ask = SignerClient.issue

    async def kept(client: SignerClient, act_jws: str, grant_jws: str, form: Form = "a4") -> Any:
        file.write_text(json.dumps([act_jws, grant_jws]))
        return await ask(client, act_jws, grant_jws, form)

    SignerClient.issue = kept  # type: ignore[method-assign]


if __name__ == "__main__":
    at(*sys.argv[1:3])
    if KEPT in os.environ:
        keep(Path(os.environ[KEPT]))
    sys.argv[1:3] = []
    cli.main()
