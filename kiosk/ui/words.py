"""The screen's own words, one TOML file a language: a table for each screen, the same keys in each."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

Language = Literal["ar", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
RIGHT_TO_LEFT = frozenset({"ar"})


@cache
def words(language: Language) -> dict[str, dict[str, str]]:
    """The words of a language, as `{screen: {key: sentence}}`."""
    text = files(__package__).joinpath("strings", f"{language}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
