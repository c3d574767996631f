"""`visit.json`, made from what the kiosk itself kept: its ledger and its log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kiosk.session.stopwatch import Stopwatch

NOTHING = Stopwatch().milliseconds()
_WORST = ("unknown", "failed", "printed")


def visit_of(ledger: dict[str, Any], session_log: Path) -> dict[str, Any]:
    """Outcome, documents and timings of the visits of one run; a run without a document `failed`."""
    grants: dict[str, dict[str, Any]] = {}
    for entry in ledger["entries"]:
        record = entry["record"]
        if entry["subject"].startswith(("paper:", "ledger")):
            continue
        grant = grants.setdefault(entry["subject"], {"outcome": "failed", "evidence": "none", "pages": 0})
        match record["step"]:
            case "requested":
                grant["type"] = record["document_type"]
            case "granted":
                grant["reference"] = record["reference"]
            case "evidence":
                grant |= {"outcome": record["outcome"], "evidence": record["evidence"], "pages": record["pages"]}
    documents = [
        {key: grant[key] for key in ("reference", "type", "outcome", "evidence", "pages")}
        for grant in grants.values()
        if "reference" in grant
    ]
    outcomes = [grant["outcome"] for grant in grants.values()] or ["failed"]
    worst = next(word for word in _WORST if word in outcomes)
    return {"outcome": worst, "documents": documents, "timings_ms": _timings(session_log)}


def _timings(session_log: Path) -> dict[str, float]:
    """Of the last visit that came to its paper; zeros where none did."""
    for line in reversed(session_log.read_text(encoding="utf-8").splitlines()):
        if '"visit-times"' in line:
            logged = json.loads(line)
            return {name: logged[name] for name in NOTHING}
    return NOTHING
