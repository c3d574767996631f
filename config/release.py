"""A release: the folder that administrators sign and every kiosk of the fleet runs.

    kiosk.toml        settings, but none that belongs to one machine
    templates/…       optional
    trust/…           optional

Rules: plain files and folders only, safe names, bounded in number and size. Paths in its kiosk.toml are
relative to the folder, stay inside it and exist. `check` tells every breach at once, as problems.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from config.errors import ConfigInvalid, Problem, ReleaseUnreadable
from config.schema import Settings
from config.toml import Toml, invalid, read_toml

FILE = "kiosk.toml"
FOLDERS = ("templates", "trust")
MAX_FILES = 2_000
MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 8
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?", re.ASCII)


def safe_path(path: str) -> bool:
    """Whether `path` (relative, with slashes) may be a file of a release. Nothing hidden, nothing that climbs."""
    parts = path.split("/")
    known = path == FILE or (len(parts) > 1 and parts[0] in FOLDERS)
    return known and len(parts) <= MAX_DEPTH and all(_NAME.fullmatch(part) for part in parts)


def files(folder: Path) -> dict[str, int]:
    """Every file of the release with its size in bytes, sorted by name.

    Raises ConfigInvalid for anything a release may not hold, ReleaseUnreadable when the folder cannot be read.
    """
    found: dict[str, int] = {}
    problems: list[Problem] = []
    try:
        for path, status in _walk(folder, folder):
            name = path.relative_to(folder).as_posix()
            if not stat.S_ISREG(status.st_mode):
                problems.append(Problem(path, 0, "", "neither a plain file nor a folder"))
            elif not safe_path(name):
                problems.append(Problem(path, 0, "", "not a name a release may have"))
            found[name] = status.st_size
            if len(found) > MAX_FILES or len(problems) > 50:
                break
    except OSError as error:
        raise ReleaseUnreadable(f"{folder}: {error.strerror}") from error
    if len(found) > MAX_FILES:
        problems.append(Problem(folder, 0, "", f"more than {MAX_FILES} files"))
    if sum(found.values()) > MAX_BYTES:
        problems.append(Problem(folder, 0, "", f"larger than {MAX_BYTES} bytes"))
    if FILE not in found:
        problems.append(Problem(folder, 0, "", f"has no {FILE}"))
    if problems:
        raise ConfigInvalid(problems)
    return dict(sorted(found.items()))


def read(folder: Path) -> Toml:
    """The release's kiosk.toml, with its paths made absolute and every key checked for whose it is.

    Raises ConfigInvalid or ReleaseUnreadable. Whether values fit the schema is not looked at: they are judged
    together with the local file's (`config.load`).
    """
    try:
        toml = read_toml(folder / FILE)
    except OSError as error:
        raise ReleaseUnreadable(f"{folder / FILE}: {error.strerror}") from error
    problems = list(_misplaced(toml, Settings, toml.values, ""))
    if problems:
        raise ConfigInvalid(problems)
    return toml._replace(values=_anchored(Settings, toml.values, folder))


def check(folder: Path) -> Settings:
    """Everything that can be told about a release without a kiosk: files, keys, paths, values.

    The settings are those of the release over the defaults. Raises ConfigInvalid or ReleaseUnreadable.
    """
    files(folder)
    toml = read(folder)
    try:
        return Settings.model_validate({"profile": "demo"} | toml.values)
    except ValidationError as error:
        raise invalid(error, [toml]) from error


def _walk(folder: Path, top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = folder / entry.name
        if entry.is_dir(follow_symlinks=False) and len(path.relative_to(top).parts) <= MAX_DEPTH:
            yield from _walk(path, top)
        else:
            yield path, entry.stat(follow_symlinks=False)


def _misplaced(toml: Toml, model: type[BaseModel], values: dict[str, Any], prefix: str) -> Iterator[Problem]:
    """Keys of one machine, and paths that leave the release or lead nowhere."""
    for name, value in values.items():
        field = model.model_fields.get(name)
        key = prefix + name
        if field is None:
            continue
        section = _section(field)
        if section is not None and isinstance(value, dict):
            yield from _misplaced(toml, section, value, key + ".")
        elif _of_the_machine(field):
            yield toml.problem(key, "belongs to one machine: only its local file may give it")
        elif _is_path(field) and isinstance(value, str) and (reason := _bad_path(toml.file.parent, value)):
            yield toml.problem(key, reason)


def _bad_path(folder: Path, value: str) -> str | None:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\0" in value:
        return "a path in a release stays inside its folder"
    if not (folder / path).exists():
        return f"the release has no {value}"
    return None


def _anchored(model: type[BaseModel], values: dict[str, Any], folder: Path) -> dict[str, Any]:
    anchored = dict(values)
    for name, field in model.model_fields.items():
        value = values.get(name)
        section = _section(field)
        if section is not None and isinstance(value, dict):
            anchored[name] = _anchored(section, value, folder)
        elif _is_path(field) and isinstance(value, str):
            anchored[name] = str(folder / value)
    return anchored


def _section(field: FieldInfo) -> type[BaseModel] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, BaseModel) else None


def _is_path(field: FieldInfo) -> bool:
    return field.annotation is Path or Path in get_args(field.annotation)


def _of_the_machine(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("machine") is True
