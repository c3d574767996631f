"""`docs/visit.md`: the visit's diagram, drawn from the table itself."""

from __future__ import annotations

from kiosk.session.events import Cancel, CardOut, ChooseLanguage, Failed, ReaderLost, ScreenLost, State, TimeOut
from kiosk.session.machine import TABLE

_HEAD = """# The visit

Generated from the table in `kiosk/session/machine.py`: `kiosk catalogue visit`.

Not drawn, because nearly every state has them: `Failed` ends in *trouble*; `Cancel`, until the paper is on
its way, ends in *return card*; `CardOut` while the card belongs in the reader, and `TimeOut` while it is
the citizen's turn, and `ReaderLost`, end in *trouble*; `ScreenLost`, until the document is asked for, ends in
*return card*: whoever comes to the new screen finds nobody's visit; `ChooseLanguage` changes the words only.

```mermaid
stateDiagram-v2
    [*] --> attract
"""
_EVERYWHERE = (Failed, Cancel, ChooseLanguage, CardOut, ReaderLost, ScreenLost, TimeOut)
_DRAWN = {
    (State.LANGUAGE, ChooseLanguage),
    (State.TAKE_CARD, CardOut),
    (State.TAKE_CARD, TimeOut),
    (State.RETURN_CARD, CardOut),
    (State.RETURN_CARD, TimeOut),
    (State.ASK_PAPER, TimeOut),
    (State.CONFIRM, TimeOut),
    (State.STRAY, TimeOut),
    (State.TAKE_PAPER, TimeOut),
    (State.GOODBYE, TimeOut),
    (State.TROUBLE, TimeOut),
    *((state, event) for state in (State.STAFF_PIN, State.DIAGNOSTICS) for event in (Cancel, TimeOut)),
}


def markdown() -> str:
    """The page: what is said of the common rows, the diagram, and every row as a table."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, event), (target, _) in TABLE.items():
        if event not in _EVERYWHERE or (state, event) in _DRAWN:
            arrows.setdefault((state.value, target.value), []).append(event.__name__)
    drawn = [f"    {a} --> {b}: {', '.join(names)}" for (a, b), names in arrows.items()]
    rows = [f"| {s.value} | {e.__name__} | {t.value} |" for (s, e), (t, _) in TABLE.items()]
    table = ["", "## Every row", "", "| state | event | next |", "|---|---|---|", *rows]
    return _HEAD + "\n".join([*drawn, "```", *table]) + "\n"
