"""What must be true of ledger, registry and paper together, after every step; and what more at rest."""

from __future__ import annotations

from collections import Counter
from typing import Any

from model_world import World

from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import PaperRecord
from kiosk.issuance.rules import job_title


def check(world: World, *, at_rest: bool = False) -> None:
    """AssertionError says which promise is broken. `at_rest`: every part is back, and all has been delivered."""
    if not world.ledger.exists():
        return
    with Ledger.view(world.ledger) as ledger:
        verdict = ledger.verify()
        assert verdict.valid, f"the ledger does not verify: {verdict.reason}"
        entries = list(ledger.entries())
        assert not at_rest or ledger.open_grants() == (), "a lost outcome"
    books: dict[str, dict[str, Any]] = {}
    for entry in entries:
        if not isinstance(entry.record, PaperRecord):
            books.setdefault(entry.subject, {})[entry.record.step] = entry.record
    _check_paper(world, {job_title(grant_id) for grant_id in books})
    _check_strangers(world)
    grants = world.state["grants"]
    assert grants.keys() <= books.keys(), "the registry knows a grant that the ledger does not"
    hashes = {entry.seq: entry.hash for entry in entries}
    for grant_id, steps in books.items():
        _check_evidence(world, grant_id, steps)
        _check_settlement(world, grant_id, steps, grants.get(grant_id), hashes)


def _check_paper(world: World, known: set[str]) -> None:
    for station in ("laser", "thermal"):
        marks = [(title, part) for title, part, _ in world.marks(station)]
        assert {title for title, _ in marks} <= known, "a paper that is in no ledger"
        assert max(Counter(marks).values(), default=0) <= 1, "the same part of a document on paper twice"
    thermal = world.state["thermal"]
    for strip in (*thermal["strips"], thermal["hanging"]):
        assert len({title for title, _, _ in strip}) <= 1, "two citizens on one strip"
    assert all(world.originals(title) <= 1 for title in known), "a second original"


def _check_strangers(world: World) -> None:
    """Nothing of an earlier visit comes out of a printer once a later one has begun printing on it."""
    for station in ("laser", "thermal"):
        began = [(title, at) for title, where, at in world.state["began"] if where == station]
        began_at = dict(began)
        for title, _, at in world.marks(station):
            assert title in began_at, "a paper that nobody was about to print"
            last = max(started for _, started in began if started <= at)
            assert began_at[title] == last, "another citizen's paper"


def _check_evidence(world: World, grant_id: str, steps: dict[str, Any]) -> None:
    title = job_title(grant_id)
    marked = any(name == title for station in ("laser", "thermal") for name, _, _ in world.marks(station))
    if marked:
        assert "submitting" in steps and "failed" not in steps, "failed, and it is on paper"
    if "evidence" in steps:
        outcome = steps["evidence"].outcome
        assert outcome != "printed" or world.originals(title) == 1, "printed, and no whole paper"
        assert outcome != "failed" or not marked, "failed, and it is on paper"


def _check_settlement(
    world: World, grant_id: str, steps: dict[str, Any], held: dict[str, Any] | None, hashes: dict[int, str]
) -> None:
    said = held["settlement"] if held else None
    if said is not None:
        assert held is not None and held["settled"] == 1
        assert hashes.get(said["ledger_seq"]) == said["ledger_head"], "the registry's head is not in the ledger"
        proven = "evidence" in steps and steps["evidence"].outcome == "printed"
        assert said["outcome"] == ("PRINTED" if proven or "confirmed" in steps else "VOIDED"), "settled otherwise"
    if "settled" in steps:
        assert said is not None, "settled, and the registry does not know"
        assert (said["outcome"], said["evidence"]) == (steps["settled"].outcome, steps["settled"].evidence)
        assert steps["settled"].answer == "accepted"
