"""The kiosk's side of TUF: what a mirror or a stick offers, verified, and on the disk as a complete release.

Workflow of `pull`: root, timestamp, snapshot, targets, each verified against what is known already; then, when the
release is a higher one than asked for, its files into staging/, those that the running release has already taken from
there, all checked by hash; then one rename. Nothing is believed because of where it came from.

Example::

    mirror = Mirror(Store(settings.fleet.folder), settings.fleet.root)
    found = mirror.pull("https://mirror.town.dz/shubbak", above=6, reuse=store.path(6))
    found.release, found.folder       # 7, …/releases/7
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tuf.api import exceptions
from tuf.api.metadata import TargetFile, Targets
from tuf.ngclient import Updater, UpdaterConfig

from config import release
from config.clock import Floor, signed_time
from config.errors import (
    MetadataDamaged,
    MetadataExpired,
    MetadataRolledBack,
    MetadataUnsigned,
    MirrorUnreachable,
    ReleaseRefused,
    RootUnusable,
    SourceRefused,
)
from config.fetch import FolderFetcher, HttpFetcher
from config.store import Store, storing

GAP_S = 10.0
DEADLINE_S = 900.0
MAX_ROOT_BYTES = 512_000
_LIMITS = UpdaterConfig(
    max_root_rotations=64,
    root_max_length=MAX_ROOT_BYTES,
    timestamp_max_length=16_384,
    snapshot_max_length=65_536,
    targets_max_length=2_000_000,
)


@dataclass(frozen=True, slots=True)
class Found:
    """The newest release a source offers; `folder` is where it stands complete, None when it was not wanted."""

    release: int
    folder: Path | None


class Mirror:
    """One kiosk's view of its fleet's sources. Single-instance: the caller holds the store's lock.

    `gap` and `deadline` bound a download, in seconds.
    """

    def __init__(
        self,
        store: Store,
        root: Path,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        gap: float = GAP_S,
        deadline: float = DEADLINE_S,
    ) -> None:
        self._store = store
        self._root = root
        self._now = now
        self._gap = gap
        self._deadline = deadline
        self._stopped = False
        self._fetcher: FolderFetcher | HttpFetcher | None = None
        self.floor = Floor(store.tuf / "floor.json")

    def stop(self) -> None:
        """End a running `pull` from another thread, and every later one; they raise MirrorUnreachable."""
        self._stopped = True
        if (fetcher := self._fetcher) is not None:
            fetcher.cut()

    def pull(self, source: str | Path, above: int, reuse: Path | None = None) -> Found:
        """What `source` (an address, or a folder) offers; fetched when its number is higher than `above`.

        Files equal to those of the folder `reuse` are not fetched again. Blocks. Raises one of SourceRefused, or
        StoreFailed.
        """
        base = "" if isinstance(source, Path) else source.rstrip("/") + "/"
        with storing(), _own_errors(), contextlib.closing(self._open(source)) as fetcher:
            updater = self._updater(base, fetcher)
            targets = self._refresh(updater)
            if targets.version <= above:
                return Found(targets.version, None)
            return Found(targets.version, self._fetch(updater, targets, reuse))

    def _open(self, source: str | Path) -> FolderFetcher | HttpFetcher:
        self._fetcher = (
            FolderFetcher(source) if isinstance(source, Path) else HttpFetcher(source, self._gap, self._deadline)
        )
        if self._stopped:
            self._fetcher.cut()
        return self._fetcher

    def _updater(self, base: str, fetcher: FolderFetcher | HttpFetcher) -> Updater:
        try:
            with self._root.open("rb") as file:
                bootstrap = file.read(MAX_ROOT_BYTES)
        except OSError as error:
            raise RootUnusable(f"{self._root}: {error.strerror}") from error
        try:
            updater = Updater(
                str(self._store.tuf),
                base + "metadata/",
                target_base_url=base + "targets/",
                fetcher=fetcher,
                config=_LIMITS,
                bootstrap=bootstrap,
            )
        except exceptions.RepositoryError as error:
            raise RootUnusable(f"{self._root}: {error}") from error
        # The one thing tuf gives no public way to set: by which time expiry is reckoned. Nothing has expired before
        # refresh(), so here is early enough.
        updater._trusted_set.reference_time = self.floor.reference(self._now())
        return updater

    def _refresh(self, updater: Updater) -> Targets:
        updater.refresh()
        trusted = updater._trusted_set
        targets, timestamp = trusted.targets, trusted.timestamp
        if targets.version < self.floor.release:
            raise MetadataRolledBack(f"release {targets.version} after {self.floor.release}")
        raised = self.floor.raised(
            self._now(),
            targets.version,
            signed_time(targets.unrecognized_fields, targets.expires),
            signed_time(timestamp.unrecognized_fields, timestamp.expires),
        )
        if raised != (self.floor.time, self.floor.release):
            self._store.sync_tuf()  # first what is believed now, then what it says: a power cut forgets neither
            self.floor.keep(*raised)
        return targets

    def _fetch(self, updater: Updater, targets: Targets, reuse: Path | None) -> Path:
        files = targets.targets
        _refuse_what_no_release_may_be(files)
        self._store.discard_staging()
        for path, info in files.items():
            place = self._store.staging / path
            place.parent.mkdir(parents=True, exist_ok=True)
            if reuse is None or not _taken_from(reuse / path, info, place):
                updater.download_target(info, str(place))
        return self._store.settle(targets.version)


def _refuse_what_no_release_may_be(files: dict[str, TargetFile]) -> None:
    if wrong := [path for path in files if not release.safe_path(path)]:
        raise ReleaseRefused(f"{wrong[0][:100]!r} is no name a release may have")
    size = sum(info.length for info in files.values())
    if release.FILE not in files or len(files) > release.MAX_FILES or size > release.MAX_BYTES:
        raise ReleaseRefused(f"{len(files)} files of {size} bytes, or no {release.FILE}")
    folders = {parent.as_posix() for path in files for parent in Path(path).parents}
    if both := folders & set(files):
        raise ReleaseRefused(f"{min(both)} is a file and a folder")


def _taken_from(source: Path, info: TargetFile, place: Path) -> bool:
    """Whether `place` now holds the same file as the running release, which has the right hash."""
    try:
        with source.open("rb") as file:
            info.verify_length_and_hashes(file)
        os.link(source, place)
    except exceptions.LengthOrHashMismatchError:
        return False
    except OSError:
        return False  # not there, or a disk without hard links: it is downloaded
    return True


@contextlib.contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except SourceRefused:
        raise
    except exceptions.ExpiredMetadataError as error:
        raise MetadataExpired(str(error)) from error
    except exceptions.UnsignedMetadataError as error:
        raise MetadataUnsigned(str(error)) from error
    except exceptions.BadVersionNumberError as error:
        raise MetadataRolledBack(str(error)) from error
    except (exceptions.RepositoryError, exceptions.DownloadLengthMismatchError) as error:
        raise MetadataDamaged(str(error)) from error
    except exceptions.DownloadError as error:
        raise MirrorUnreachable(str(error) or type(error).__name__) from error
