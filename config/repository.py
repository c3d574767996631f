"""The static files a mirror serves (TUF, consistent snapshots), and how they are written.

    targets/<path>/<sha256>.<name>
    metadata/<n>.root.json, <n>.targets.json, <n>.snapshot.json
    metadata/timestamp.json

Whoever reads meanwhile sees the old state or the new one: files have names of their own for each content,
and timestamp.json, which points at everything, is replaced last, by a rename. What the state before pointed at stays.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from securesystemslib.signer import Signer
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, T, TargetFile, Targets, Timestamp

from config.errors import WorkingFolderUnusable
from config.store import write_durably

SIGNED_FIELD = "x-shubbak-signed"
"""In targets and timestamp: when it was signed. The newest ever seen is a kiosk's floor under its clock."""
TIME = "%Y-%m-%dT%H:%M:%SZ"
_VERSIONED = re.compile(r"([0-9]+)\.(root|snapshot|targets)\.json")
_HASHED = re.compile(r"([0-9a-f]{64})\.[^/]+")


class Repository:
    """One copy of those files. Raises OSError, and WorkingFolderUnusable for metadata that cannot be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._metadata = folder / "metadata"
        self._targets = folder / "targets"

    def root(self) -> Metadata[Root]:
        """The newest."""
        return _read(self._metadata / f"{max(self._versions('root'), default=1)}.root.json")

    def timestamp(self) -> Metadata[Timestamp] | None:
        file = self._metadata / "timestamp.json"
        return _read(file) if file.exists() else None

    def snapshot(self) -> Metadata[Snapshot] | None:
        """The one that the timestamp points at."""
        if (timestamp := self.timestamp()) is None:
            return None
        return _read(self._metadata / f"{timestamp.signed.snapshot_meta.version}.snapshot.json")

    def targets(self) -> Metadata[Targets] | None:
        """The release that is published; None when none is."""
        if (snapshot := self.snapshot()) is None:
            return None
        return _read(self._metadata / f"{snapshot.signed.meta['targets.json'].version}.targets.json")

    def target(self, info: TargetFile) -> Path:
        return self._targets / info.get_prefixed_paths()[0]

    def put_targets(self, targets: Targets, source: Path) -> None:
        """Copy the files of a release. Raises LengthOrHashMismatchError for one that is not as was signed."""
        for path, info in targets.targets.items():
            data = (source / path).read_bytes()
            info.verify_length_and_hashes(data)
            place = self.target(info)
            place.parent.mkdir(parents=True, exist_ok=True)
            write_durably(place, data, 0o644)

    def lay_out(self, targets: Targets, folder: Path) -> None:
        """The release as a plain folder again."""
        for path, info in targets.targets.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(self.target(info), folder / path)

    def put(self, metadata: Metadata[T]) -> None:
        """Write one role's file under its name; the timestamp by rename over the old one."""
        signed = metadata.signed
        name = "timestamp.json" if isinstance(signed, Timestamp) else f"{signed.version}.{signed.type}.json"
        self._metadata.mkdir(parents=True, exist_ok=True)
        write_durably(self._metadata / name, metadata.to_bytes(), 0o644)

    def copy_to(self, other: Repository) -> None:
        """Make `other` equal, in the order that keeps its readers whole; what is no longer pointed at goes."""
        for name in self._in_order():
            source, place = self.folder / name, other.folder / name
            data = source.read_bytes()
            if not place.exists() or place.read_bytes() != data:
                place.parent.mkdir(parents=True, exist_ok=True)
                write_durably(place, data, 0o644)
        mine = set(self._in_order())
        for name in set(other._in_order()) - mine:
            (other.folder / name).unlink()

    def prune(self) -> None:
        """Keep this state, the one before, and every root."""
        for role in ("snapshot", "targets"):
            for version in sorted(self._versions(role))[:-2]:
                (self._metadata / f"{version}.{role}.json").unlink()
        kept: set[Path] = set()
        for version in self._versions("targets"):
            targets: Metadata[Targets] = _read(self._metadata / f"{version}.targets.json")
            kept |= {self.target(info) for info in targets.signed.targets.values()}
        for name in list(self._in_order()):
            if name.startswith("targets/") and self.folder / name not in kept:
                (self.folder / name).unlink()

    def _versions(self, role: str) -> list[int]:
        if not self._metadata.is_dir():
            return []
        found = (_VERSIONED.fullmatch(file.name) for file in self._metadata.iterdir())
        return [int(match[1]) for match in found if match and match[2] == role]

    def _in_order(self) -> Iterator[str]:
        """The repository's own files: targets, roots, targets metadata, snapshots, and the timestamp last."""
        for folder, _, names in os.walk(self._targets):
            for name in names:
                if _HASHED.fullmatch(name):
                    yield Path(folder, name).relative_to(self.folder).as_posix()
        for role in ("root", "targets", "snapshot"):
            for version in self._versions(role):
                yield f"metadata/{version}.{role}.json"
        if (self._metadata / "timestamp.json").exists():
            yield "metadata/timestamp.json"


def sign_online(
    targets: Metadata[Targets],
    versions: tuple[int, int],
    lives: tuple[timedelta, timedelta],
    now: datetime,
    key: Signer,
) -> tuple[Metadata[Snapshot], Metadata[Timestamp]]:
    """Snapshot and timestamp over these targets; `versions` and `lives` are the snapshot's and the timestamp's."""
    snapshot = Metadata(
        Snapshot(versions[0], expires=now + lives[0], meta={"targets.json": MetaFile(targets.signed.version)})
    )
    snapshot.sign(key)
    return snapshot, sign_timestamp(snapshot, versions[1], lives[1], now, key)


def sign_timestamp(
    snapshot: Metadata[Snapshot], version: int, life: timedelta, now: datetime, key: Signer
) -> Metadata[Timestamp]:
    timestamp = Metadata(
        Timestamp(
            version,
            expires=now + life,
            snapshot_meta=MetaFile(snapshot.signed.version),
            unrecognized_fields=signed_at(now),
        )
    )
    timestamp.sign(key)
    return timestamp


def signed_at(now: datetime) -> dict[str, str]:
    """The field that says when something was signed; `now` in UTC."""
    return {SIGNED_FIELD: now.strftime(TIME)}


def _read(file: Path) -> Metadata[T]:
    try:
        return Metadata[T].from_bytes(file.read_bytes())
    except (RepositoryError, OSError) as error:
        raise WorkingFolderUnusable(f"{file}: {error}") from error
