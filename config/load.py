"""From a local TOML file, and the signed release layered on top of it, to `Settings`.

The release wins key by key; it has no keys of the machine's own (`config.release`). What is wrong is told
all at once with file, line, key and reason.

Example::

    loaded = load(Path("kiosk.toml"))
    loaded.settings.registry.deadline
    loaded.source("registry.deadline")     # "release 7 kiosk.toml:3", "kiosk.toml:12", or "default"
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from config import release as releases
from config.errors import ConfigMissing, ReleaseUnreadable
from config.schema import Fleet, Settings
from config.toml import MAX_BYTES, Toml, invalid, read_toml

__all__ = ["MAX_BYTES", "Loaded", "current_release", "load", "load_with"]

S = TypeVar("S", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings with absolute paths, the release they came from, and the line each given key stands on."""

    settings: Settings
    file: Path
    release: int | None
    sources: dict[str, str]

    def source(self, key: str) -> str:
        return self.sources.get(key, "default")


def load(path: Path) -> Loaded:
    """The local file, and over it the release `fleet.folder`/current when there is one.

    Raises ConfigMissing, ReleaseUnreadable or ConfigInvalid (all problems, not just the first).
    """
    local = _read_local(path)
    return _layered(local, current_release(_fleet_folder(local)))


def load_with(path: Path, release: Path | None) -> Loaded:
    """The local file and over it that release's folder, or none: what would be in force. Raises as `load` does."""
    return _layered(_read_local(path), release)


def current_release(folder: Path) -> Path | None:
    """The folder that `folder`/current points at, None when there is no `current`; raises ReleaseUnreadable.

    Resolved once, so that a switch in between never mixes two releases.
    """
    link = folder / "current"
    try:
        if not link.is_symlink() and not link.exists():
            return None
        return link.resolve(strict=True)
    except OSError as error:
        raise ReleaseUnreadable(f"{link}: {error.strerror}") from error


def _read_local(path: Path) -> Toml:
    try:
        return read_toml(path)
    except OSError as error:
        raise ConfigMissing(f"{path}: {error.strerror}") from error


def _fleet_folder(local: Toml) -> Path:
    fleet = local.values.get("fleet")
    given = fleet.get("folder") if isinstance(fleet, dict) else None
    folder = given if isinstance(given, str) else str(Fleet().folder)
    return local.file.resolve().parent / folder.replace("\0", "")


def _layered(local: Toml, folder: Path | None) -> Loaded:
    layers = [local]
    sources = {key: f"{local.file.name}:{line}" for key, line in local.lines.items()}
    number = None
    if folder is not None:
        over = releases.read(folder)
        layers.append(over)
        number = int(folder.name) if folder.name.isascii() and folder.name.isdigit() else None
        name = over.file.name if number is None else f"release {number} {over.file.name}"
        sources |= {key: f"{name}:{line}" for key, line in over.lines.items()}
    try:
        settings = Settings.model_validate(_merged([layer.values for layer in layers]))
    except ValidationError as error:
        raise invalid(error, layers) from error
    return Loaded(_with_absolute_paths(settings, local.file.resolve().parent), local.file, number, sources)


def _merged(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Key by key, the later wins; only tables are merged."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            if isinstance(below, dict) and isinstance(value, dict):
                result[key] = _merged([below, value])
            else:
                result[key] = value
    return result


def _with_absolute_paths(section: S, base: Path) -> S:
    changed: dict[str, Any] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if isinstance(value, Path):
            changed[name] = base / value
        elif isinstance(value, BaseModel):
            changed[name] = _with_absolute_paths(value, base)
    return section.model_copy(update=changed)
