"""What a citizen who knows the way does, screen by screen: a script for `kiosk.simulation.citizen`."""

from __future__ import annotations

from typing import Any

Action = dict[str, Any]
Script = dict[str, list[Action] | list[list[Action]]]


def citizen_script(
    *, language: str, can: str, pin: str, document: str, mrz: tuple[str, str, str] | None = None
) -> Script:
    """A whole visit, from the attract screen to the paper.

    `mrz`: document number and two dates as DDMMYYYY, for cards that ask for them instead of the CAN.
    """
    number, birth, expiry = mrz or ("", "", "")
    return {
        "attract": [{"tap": "primary"}],
        "language": [{"tap": f"language-{language}"}],
        "card": [{"do": "insert"}],
        "can": [{"type": can}, {"tap": "primary"}],
        "mrz": [
            {"tap": "field-document"},
            {"type": number},
            {"tap": "field-birth"},
            {"type": birth},
            {"tap": "field-expiry"},
            {"type": expiry},
            {"tap": "primary"},
        ],
        "pin": [{"type": pin}, {"tap": "primary"}],
        "pin_last": [{"tap": "continue"}],
        "choice": [{"tap": f"choose-{document}-{language}"}],
        "preview": [{"tap": "primary"}],
        "take_card": [{"do": "remove"}],
        "ask_paper": [{"tap": "not-whole"}],
        "stray": [{"tap": "primary"}],
        "take_paper": [{"tap": "primary"}],
        "goodbye": [{"tap": "anywhere"}],
        "trouble": [{"tap": "primary"}],
    }
