"""Country codes: three letters in a machine readable zone, two in a certificate (ICAO 9303-3 §5, 9303-12 §7.1)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


@cache
def _table() -> dict[str, frozenset[str]]:
    data = tomllib.loads(files(__package__).joinpath("countries.toml").read_text("utf-8"))
    states = {state: frozenset({country}) for state, country in data["states"].items()}
    return states | {state: frozenset(countries) for state, countries in data["others"].items()}


def countries(issuing_state: str) -> frozenset[str]:
    """The codes that certificates of an issuing state may name, such as DE for `D`; none for a state unknown here."""
    state = issuing_state.strip("<").upper()
    known = _table().get(state)
    return frozenset() if known is None else known | {state}


def issuing_states(country: str) -> frozenset[str]:
    """The codes that zones of that country's documents may name: GBR, GBD and more for GB."""
    return frozenset(state for state, known in _table().items() if country.upper() in known)
