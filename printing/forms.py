"""On what kind of paper a document stands."""

from __future__ import annotations

from typing import Literal

Form = Literal["a4", "ticket"]
"""`a4`: sheets of 210 × 297 mm. `ticket`: a strip of 80 mm paper, 72 mm of it printable, as long as it needs."""
TICKET_WIDTH_MM = 72.0
