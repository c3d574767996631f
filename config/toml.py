"""One TOML file with the line of each key, so that every problem can be named by file and line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from config.errors import ConfigInvalid, Problem

MAX_BYTES = 256 * 1024
_TABLE = re.compile(r"^\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")


class Toml(NamedTuple):
    """`values` as tomllib gives them; `lines`: dotted key → line, from 1."""

    file: Path
    values: dict[str, Any]
    lines: dict[str, int]

    def problem(self, key: str, reason: str) -> Problem:
        """`reason` at the line of `key`, or of the table it stands in."""
        return Problem(self.file, next((self.lines[k] for k in _ancestors(key) if k in self.lines), 0), key, reason)

    def gives(self, key: str) -> bool:
        """Whether the dotted `key` has a value here."""
        table: Any = self.values
        for part in key.split("."):
            if not isinstance(table, dict) or part not in table:
                return False
            table = table[part]
        return True


def read_toml(path: Path) -> Toml:
    """Raises OSError, or ConfigInvalid when the file is too large, not text or not TOML."""
    with path.open("rb") as file:
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ConfigInvalid([Problem(path, 0, "", f"larger than {MAX_BYTES} bytes")])
    try:
        text = raw.decode()
        values = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise ConfigInvalid([Problem(path, 0, "", "not UTF-8 text")]) from error
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        raise ConfigInvalid([Problem(path, int(at[1]) if at else 0, "", str(error))]) from error
    except RecursionError as error:
        raise ConfigInvalid([Problem(path, 0, "", "nested too deeply")]) from error
    return Toml(path, values, _key_lines(text))


def invalid(error: ValidationError, layers: Sequence[Toml]) -> ConfigInvalid:
    """The schema's complaints, each at the file that gave the value: the last of `layers` that has the key."""
    problems = []
    for found in error.errors():
        key = ".".join(str(part) for part in found["loc"])
        reason = "unknown key" if found["type"] == "extra_forbidden" else str(found["msg"])
        owner = next((layer for layer in reversed(layers) if layer.gives(key)), layers[0])
        problems.append(owner.problem(key, reason))
    return ConfigInvalid(problems)


def _key_lines(text: str) -> dict[str, int]:
    """Dotted key → line. tomllib keeps no positions; tables and bare keys are all this schema has."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if found := _TABLE.match(line):
            table = found[1] + "."
            lines.setdefault(found[1], number)
        elif found := _KEY.match(line):
            lines.setdefault(table + re.sub(r"\s", "", found[1]), number)
    return lines


def _ancestors(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
