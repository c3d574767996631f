"""What the signer signed: an append-only file, each line holding the hash of the one before.

One line, canonical JSON, for each document: no name, no number of a person. A line is on the disk before
the signed bytes leave the signer, so a grant found here may have been used and is never used again. A
process killed while writing leaves at most a last line without its end; nothing left the signer for it,
and the next start cuts it off. Anything else that does not verify stops the signer.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from registry.models import GrantId, Reference, Sha256
from signing.errors import ChainBroken, ChainBusy, ChainUnwritable

FILE_NAME = "chain.jsonl"
GENESIS = "0" * 64
_MAX_LINE = 1024


class Entry(BaseModel):
    """One signed document. `at` is seconds since 1970 UTC; `previous` and `hash` are the chain."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    seq: int = Field(ge=0)
    at: int = Field(ge=0)
    grant_id: GrantId
    reference: Reference
    document_sha256: Sha256
    previous: Sha256

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.canonical()).hexdigest()

    def canonical(self) -> bytes:
        return json.dumps(self.model_dump(), sort_keys=True, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True, slots=True)
class Record:
    """The whole chain as read: `head` is the last hash, `torn` the length in bytes of an unfinished line."""

    entries: tuple[Entry, ...]
    head: str
    torn: int


def parse(data: bytes) -> Record:
    """Reads and checks a chain's bytes. Raises ChainBroken."""
    *lines, rest = data.split(b"\n")
    entries: list[Entry] = []
    head = GENESIS
    seen: set[str] = set()
    for number, line in enumerate(lines):
        if len(line) > _MAX_LINE:
            raise ChainBroken(f"line {number + 1} of the chain is too long")
        body, _, written = line.rpartition(b" ")
        try:
            entry = Entry.model_validate_json(body)
        except ValidationError:
            raise ChainBroken(f"line {number + 1} of the chain is no entry") from None
        if entry.canonical() != body or entry.hash.encode() != written:
            raise ChainBroken(f"line {number + 1} of the chain was altered")
        if entry.seq != number or entry.previous != head or entry.grant_id in seen:
            raise ChainBroken(f"line {number + 1} of the chain does not follow the one before")
        head = entry.hash
        seen.add(entry.grant_id)
        entries.append(entry)
    return Record(tuple(entries), head, len(rest))


class HashChain:
    """The chain, open for appending by one process at a time."""

    def __init__(self, file: int, record: Record, size: int) -> None:
        self._file = file
        self._size = size
        self._used = {entry.grant_id for entry in record.entries}
        self._head = record.head
        self._count = len(record.entries)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Opens, or begins, the chain in `folder`. Raises ChainBusy, ChainBroken, ChainUnwritable."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(folder / FILE_NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ChainUnwritable(f"cannot open the chain: {error.strerror}") from None
        try:
            return cls(file, *_take(file, folder))
        except BaseException:
            os.close(file)
            raise

    @property
    def head(self) -> str:
        return self._head

    @property
    def count(self) -> int:
        return self._count

    def used(self, grant_id: str) -> bool:
        """Whether a document was signed for this grant, in this or any earlier life of the signer."""
        return grant_id in self._used

    def append(self, *, at: int, grant_id: str, reference: str, document_sha256: str) -> Entry:
        """Adds an entry and returns when it is on the disk. Raises ChainUnwritable, and then nothing was added."""
        entry = Entry(
            seq=self._count,
            at=at,
            grant_id=grant_id,
            reference=reference,
            document_sha256=document_sha256,
            previous=self._head,
        )
        line = entry.canonical() + b" " + entry.hash.encode() + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(None, "disk full")
            os.fsync(self._file)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise ChainUnwritable(f"cannot write the chain: {error.strerror}") from None
        self._size += len(line)
        self._head = entry.hash
        self._count += 1
        self._used.add(grant_id)
        return entry

    def close(self) -> None:
        os.close(self._file)


def _take(file: int, folder: Path) -> tuple[Record, int]:
    """Locks the chain, checks it, cuts off an unfinished line; → (record, size in bytes)."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ChainBusy("another signer holds the chain") from None
    try:
        data = (folder / FILE_NAME).read_bytes()
        record = parse(data)
        size = len(data) - record.torn
        if record.torn:
            os.ftruncate(file, size)
        os.fsync(file)
        directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise ChainUnwritable(f"cannot read the chain: {error.strerror}") from None
    return record, size
