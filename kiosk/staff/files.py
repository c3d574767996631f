"""Small files that are whole or not there, and on the disk when the call returns."""

from __future__ import annotations

import os
from pathlib import Path

Owner = tuple[int, int]
"""User and group, by number."""


def write_whole(path: Path, content: bytes, owner: Owner | None = None) -> None:
    """Put `content` in `path`'s place at once, mode 0600. Raises OSError."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        if owner is not None:
            os.fchown(file.fileno(), *owner)
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def remove(path: Path) -> None:
    """Take the file away, if it is there. Raises OSError."""
    path.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
