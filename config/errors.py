"""What can be wrong with a configuration. Each problem names its file, line, key and reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar


class ConfigError(Exception):
    """Base of this room's errors."""

    code: ClassVar[str] = "E-CONFIG"


class ConfigMissing(ConfigError):
    code = "E-CONFIG-MISSING"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: `line` counts from 1 and is 0 where the key is absent; `key` is dotted."""

    file: Path
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.key}: {self.reason}" if self.key else f"{place}: {self.reason}"


class ConfigInvalid(ConfigError):
    """The file is not TOML, holds an unknown key, or a value out of its range; all problems at once."""

    code = "E-CONFIG-INVALID"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(str(p) for p in problems))
        self.problems = problems


class DemoInProduction(ConfigError):
    """Under `profile = "production"`, something only a demonstration may have."""

    code = "E-CONFIG-DEMO-IN-PRODUCTION"
