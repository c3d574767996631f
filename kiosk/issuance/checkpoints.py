"""Checkpoints: what the entries came to at one of them, signed by the device key. Pure.

Signed (ECDSA P-256 with SHA-256, DER) is the canonical JSON of `{"at", "head", "seq", "state"}`. Opening
begins at the newest checkpoint that holds, instead of at the first entry. One that says otherwise than the
entries, or speaks of entries that are not there, is damage, whoever signed it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from kiosk.issuance.books import Books, State
from kiosk.issuance.chain import Tip, canonical
from kiosk.issuance.errors import LedgerDamaged

EVERY = 256
"""Every entry whose number this divides is written together with its checkpoint."""
IsSigned = Callable[[bytes, bytes], bool]
"""Whether one of the keys in question signed these bytes with this signature."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`state` is its canonical JSON as stored: nothing is believed before the signature, or the entries, say so."""

    seq: int
    at: int
    head: str
    state: str
    signature: bytes

    @property
    def tip(self) -> Tip:
        return Tip(self.seq, self.head)

    def body(self) -> bytes:
        """What is signed."""
        return _body(self.seq, self.at, self.head, self.state)

    def books(self) -> Books:
        """The books as they stood. Raises LedgerDamaged when the state is none."""
        try:
            return Books(self.tip, State.model_validate_json(self.state, strict=True))
        except ValidationError:
            raise LedgerDamaged(f"the checkpoint at entry {self.seq} is none", at=self.seq) from None


def _body(seq: int, at: int, head: str, state: str) -> bytes:
    # Spelled out rather than dumped, since the state's text is canonical already.
    return f'{{"at":{at},"head":"{head}","seq":{seq},"state":{state}}}'.encode("ascii", "replace")


def state_text(books: Books) -> str:
    return canonical(books.state().model_dump(mode="json"))


def make(books: Books, at: int, sign: Callable[[bytes], bytes]) -> Checkpoint:
    state = state_text(books)
    tip = books.tip
    return Checkpoint(tip.seq, at, tip.hash, state, sign(_body(tip.seq, at, tip.hash, state)))


def believe_checkpoint(values: tuple[object, ...]) -> Checkpoint:
    """Stored values as a checkpoint. Raises LedgerDamaged when they are none."""
    match values:
        case (int() as seq, int() as at, str() as head, str() as state, bytes() as signature):
            return Checkpoint(seq, at, head, state, signature)
    raise LedgerDamaged("a checkpoint is none")


class Comparison:
    """Holds checkpoints against the entries as they pass. `signed_up_to` is the newest that is signed."""

    def __init__(self, checkpoints: Iterable[Checkpoint], is_signed: IsSigned) -> None:
        self._by_seq: dict[int, list[Checkpoint]] = defaultdict(list)
        for checkpoint in checkpoints:
            self._by_seq[checkpoint.seq].append(checkpoint)
        self._is_signed = is_signed
        self.count = 0
        self.signed_up_to = 0

    def at(self, books: Books) -> None:
        """The entry just taken. Raises LedgerDamaged when a checkpoint there says otherwise."""
        for checkpoint in self._by_seq.pop(books.tip.seq, ()):
            if (checkpoint.head, checkpoint.state) != (books.tip.hash, state_text(books)):
                seq = books.tip.seq
                raise LedgerDamaged(f"the checkpoint at entry {seq} says otherwise than the entries", at=seq)
            self.count += 1
            if self._is_signed(checkpoint.body(), checkpoint.signature):
                self.signed_up_to = checkpoint.seq

    def end(self, books: Books) -> None:
        """No entry is left. Raises LedgerDamaged when a checkpoint is."""
        if self._by_seq:
            at = books.tip.seq + 1
            raise LedgerDamaged(f"a checkpoint speaks of entry {min(self._by_seq)}, which is not there", at=at)
