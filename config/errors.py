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


class ReleaseUnreadable(ConfigError):
    """`current` points at a release that is not there or cannot be read."""

    code = "E-CONFIG-RELEASE"


class StoreFailed(ConfigError):
    """The folder of releases cannot be written or read."""

    code = "E-CONFIG-STORE"


class AgentRunning(ConfigError):
    """Another agent holds the lock of this folder."""

    code = "E-CONFIG-AGENT-RUNNING"


class SourceRefused(ConfigError):
    """Base: a mirror or a stick offers nothing that can be taken. What runs stays as it is."""


class RootUnusable(SourceRefused):
    """The root this kiosk was given cannot be read, or is no root signed by its own keys."""

    code = "E-CONFIG-ROOT"


class MirrorUnreachable(SourceRefused):
    """No answer, too slow an answer, or a file missing there."""

    code = "E-CONFIG-MIRROR"


class MetadataExpired(SourceRefused):
    """Its signatures are too old: a mirror that stands still, or one held back on purpose."""

    code = "E-CONFIG-EXPIRED"


class MetadataUnsigned(SourceRefused):
    """Fewer signatures of the right keys than the threshold."""

    code = "E-CONFIG-SIGNATURES"


class MetadataRolledBack(SourceRefused):
    """Older than what this kiosk has already seen."""

    code = "E-CONFIG-ROLLBACK"


class MetadataDamaged(SourceRefused):
    """A file is cut short, too long, altered, or no TUF metadata at all."""

    code = "E-CONFIG-DAMAGED"


class ReleaseRefused(SourceRefused):
    """Rightly signed, but not what a release may be: a name, a size, too many files."""

    code = "E-CONFIG-REFUSED"


class ClockBehind(ConfigError):
    """The machine's clock shows a time before one that was already signed."""

    code = "E-CONFIG-CLOCK"


class StateDamaged(ConfigError):
    """What the agent had written of its phase cannot be read; it was set aside."""

    code = "E-CONFIG-STATE"


class NotTaken(ConfigError):
    """The session never came up with the new release."""

    code = "E-CONFIG-NOT-TAKEN"


class NoMeaning(ConfigError):
    """The release is well-formed, but cannot work on this machine."""

    code = "E-CONFIG-MEANING"


class PublishError(ConfigError):
    """Base of what an administrator's working folder refuses."""


class WorkingFolderUnusable(PublishError):
    """Not a working folder, already one, or it cannot be written."""

    code = "E-CONFIG-WORKING-FOLDER"


class KeyRefused(PublishError):
    """An unknown administrator, a wrong passphrase, or one that is too short."""

    code = "E-CONFIG-KEY"


class AlreadySigned(PublishError):
    """The same key signed this release before; it counts once."""

    code = "E-CONFIG-SIGNED-ALREADY"


class BelowThreshold(PublishError):
    """Too few administrators have signed what is to be published."""

    code = "E-CONFIG-THRESHOLD"
