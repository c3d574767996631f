"""From a TOML file to `Settings`, or to every problem at once with file, line, key and reason.

Example::

    loaded = load(Path("kiosk.toml"))
    loaded.settings.registry.deadline
    loaded.source("registry.deadline")     # "kiosk.toml:12", or "default"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config.errors import ConfigInvalid, ConfigMissing, DemoInProduction, Problem
from config.schema import Settings

MAX_BYTES = 256 * 1024
S = TypeVar("S", bound=BaseModel)
_TABLE = re.compile(r"^\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+(?:\s*\.\s*[A-Za-z0-9_-]+)*)\s*=")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with absolute paths, and the line each given key stands on."""

    settings: Settings
    file: Path
    lines: dict[str, int]

    def source(self, key: str) -> str:
        return f"{self.file.name}:{self.lines[key]}" if key in self.lines else "default"


def load(path: Path) -> Loaded:
    """Read and check one configuration file.

    Raises ConfigMissing, ConfigInvalid (all problems, not just the first) or DemoInProduction.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigMissing(f"{path}: {error.strerror}") from error
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
    lines = _key_lines(text)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigInvalid([_problem(path, lines, dict(e)) for e in error.errors()]) from error
    _refuse_demo_parts(settings)
    return Loaded(_with_absolute_paths(settings, path.resolve().parent), path, lines)


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


def _problem(path: Path, lines: dict[str, int], error: dict[str, Any]) -> Problem:
    key = ".".join(str(part) for part in error["loc"])
    reason = "unknown key" if error["type"] == "extra_forbidden" else str(error["msg"])
    line = next((lines[k] for k in _ancestors(key) if k in lines), 0)
    return Problem(path, line, key, reason)


def _ancestors(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)]


def _with_absolute_paths(section: S, base: Path) -> S:
    changed: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            changed[name] = base / value
        elif isinstance(value, BaseModel):
            changed[name] = _with_absolute_paths(value, base)
    return section.model_copy(update=changed)


def _refuse_demo_parts(settings: Settings) -> None:
    if settings.profile != "production":
        return
    if settings.signer.softhsm_conf is not None or "softhsm" in settings.signer.module.name:
        raise DemoInProduction("signer: a software token signs nothing in production")
    if settings.signer.seal_host.endswith((".example", ".test", ".invalid")):
        raise DemoInProduction("signer.seal_host: a reserved name cannot be opened by anybody's phone")
