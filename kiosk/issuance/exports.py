"""A copy of the ledger for elsewhere, as JSON (docs/ledger.md), and its check by whoever has it.

    verdict = verify_copy(Path("ledger.json"), signed_by([certificate]))    # an export, or a ledger's own file

An export carries the device certificate along, so that it can be compared; whether it is the device's, its
reader must know from elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from kiosk.issuance import storage
from kiosk.issuance.chain import GENESIS, Entry, Row, canonical
from kiosk.issuance.checkpoints import Checkpoint, IsSigned
from kiosk.issuance.errors import LedgerDamaged, LedgerUnavailable
from kiosk.issuance.verification import Verdict, nobody, verify, verify_file

FORMAT = 2
MOST_BYTES = 1 << 30
"""About two million entries: no kiosk has more."""
_SQLITE = b"SQLite format 3\0"


def exported(
    entries: Iterable[Entry], checkpoints: Iterable[Checkpoint], certificate: bytes | None
) -> dict[str, object]:
    """The export's values. `certificate` (DER) is the device's. Raises what the iterables raise."""
    listed = [entry.as_json() for entry in entries]
    return {
        "ledger": FORMAT,
        "genesis": GENESIS,
        "head": listed[-1]["hash"] if listed else GENESIS,
        "entries": listed,
        "checkpoints": [_as_json(checkpoint) for checkpoint in checkpoints],
        "certificate": base64.b64encode(certificate).decode("ascii") if certificate else None,
    }


def _as_json(checkpoint: Checkpoint) -> dict[str, object]:
    try:
        state = json.loads(checkpoint.state)
    except (ValueError, RecursionError):
        raise LedgerDamaged(f"the checkpoint at entry {checkpoint.seq} is none", at=checkpoint.seq) from None
    signature = base64.b64encode(checkpoint.signature).decode("ascii")
    return {
        "seq": checkpoint.seq,
        "at": checkpoint.at,
        "head": checkpoint.head,
        "state": state,
        "signature": signature,
    }


def verify_copy(path: Path, is_signed: IsSigned = nobody) -> Verdict:
    """The verdict on an export, or on a ledger's own file, told apart by what is in them.

    Raises LedgerMissing, LedgerReadOnly, LedgerUnavailable.
    """
    if not storage.is_there(path):
        return verify_file(path, is_signed)
    with storage.own_errors(), path.open("rb") as file:
        begin = file.read(len(_SQLITE))
        text = b"" if begin == _SQLITE else begin + file.read(MOST_BYTES)
    if begin == _SQLITE:
        return verify_file(path, is_signed)
    if len(text) > MOST_BYTES:
        raise LedgerUnavailable("the export is larger than any ledger")
    try:
        return verify_export(json.loads(text), is_signed)
    except (ValueError, RecursionError):
        return Verdict.unreadable(LedgerDamaged("the file is neither a ledger nor JSON"))


def verify_export(export: object, is_signed: IsSigned = nobody) -> Verdict:
    """The verdict on an export's values."""
    match export:
        case {"ledger": 2, "genesis": genesis, "head": head, "entries": [*entries], "checkpoints": [*made]}:
            pass
        case _:
            return Verdict.unreadable(LedgerDamaged("not an export of a ledger that this version knows"))
    if genesis != GENESIS:
        return Verdict.unreadable(LedgerDamaged("the export begins elsewhere"))
    try:
        checkpoints = [_checkpoint(value) for value in made]
    except LedgerDamaged as error:
        return Verdict.unreadable(error)
    return verify(_rows(entries, head), checkpoints, is_signed=is_signed)


def _rows(entries: Iterable[object], head: object) -> Iterator[Row]:
    previous: object = GENESIS
    for number, value in enumerate(entries, 1):
        match value:
            case {"seq": seq, "at": at, "subject": subject, "record": record, "previous": before, "hash": own, **more}:
                if more or before != previous:
                    raise LedgerDamaged(f"the export's entry {number} does not follow the one before it")
            case _:
                raise LedgerDamaged(f"the export's entry {number} is none")
        yield Row(seq, at, subject, canonical(record), own)
        previous = own
    if head != previous:
        raise LedgerDamaged("the export's head is not its last entry's")


def _checkpoint(value: object) -> Checkpoint:
    match value:
        case {"seq": int(seq), "at": int(at), "head": str(head), "state": state, "signature": str(text), **more}:
            try:
                if not more:
                    return Checkpoint(seq, at, head, canonical(state), base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError):
                pass
    raise LedgerDamaged("a checkpoint of the export is none")
