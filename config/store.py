"""The folder of releases on a kiosk's disk, and how it is written so that a power cut at any step leaves it whole.

    releases/<n>/    complete releases only: each is made in staging/ and moved here by one rename
    current          → releases/<n>, replaced by one rename; absent: the local file alone
    state.json       the agent's phase
    tuf/             what is known of the source (0700)
    lock             held by the one agent

Only the agent writes here. Everything but tuf/ can be read by the kiosk's other users.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from config.errors import AgentRunning, StoreFailed

_REMOVED = "removed-"


class Store:
    """The layout above. Every method raises StoreFailed when the disk refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.releases = folder / "releases"
        self.staging = folder / "staging"
        self.tuf = folder / "tuf"
        self.state = folder / "state.json"
        self._current = folder / "current"

    def prepare(self) -> None:
        """Make what is missing; sweep away what a power cut left half made."""
        with storing():
            for folder, mode in ((self.folder, 0o755), (self.releases, 0o755), (self.tuf, 0o700)):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(mode)
            for left in self.folder.glob(_REMOVED + "*"):
                shutil.rmtree(left)
            for left in self.tuf.glob("tmp*"):  # TUF's own drafts
                left.unlink()
            self.discard_staging()

    @contextlib.contextmanager
    def only_agent(self) -> Iterator[None]:
        """Inside, no other agent works in this folder. Raises AgentRunning."""
        with storing():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = (self.folder / "lock").open("a")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise AgentRunning(str(self.folder)) from error
            yield

    def current(self) -> int | None:
        """The release in force; None when it is the local file alone."""
        try:
            name = Path(self._current.readlink()).name
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreFailed(f"{self._current}: {error.strerror}") from error
        return int(name) if name.isascii() and name.isdigit() else None

    def point(self, release: int | None) -> None:
        """Make `release` the one in force, or none, in one step that a power cut cannot halve."""
        with storing():
            if release is None:
                self._current.unlink(missing_ok=True)
            else:
                draft = self.folder / "current.new"
                draft.unlink(missing_ok=True)
                draft.symlink_to(f"releases/{release}")
                draft.replace(self._current)
            sync_folder(self.folder)

    def path(self, release: int) -> Path:
        return self.releases / str(release)

    def complete(self, release: int) -> bool:
        return (self.path(release) / "kiosk.toml").is_file()

    def discard_staging(self) -> None:
        with storing():
            if self.staging.exists():
                shutil.rmtree(self.staging)

    def settle(self, release: int) -> Path:
        """Move what stands complete in staging/ to its place, durably, readable by the kiosk's other users."""
        with storing():
            for folder, _, names in os.walk(self.staging, topdown=False):
                for name in names:
                    file = Path(folder, name)
                    file.chmod(0o644)
                    sync_file(file)
                Path(folder).chmod(0o755)
                sync_folder(Path(folder))
            place = self.path(release)
            self._remove(place)
            self.staging.rename(place)
            sync_folder(self.releases)
        return place

    def sync_tuf(self) -> None:
        """Put TUF's files on the disk: it writes them by rename, but does not wait for them."""
        with storing():
            for folder, _, names in os.walk(self.tuf):
                for name in names:
                    sync_file(Path(folder, name))
                sync_folder(Path(folder))

    def prune(self, keep: Collection[int | None]) -> None:
        """Remove every other release."""
        with storing():
            for folder in self.releases.iterdir():
                if not (folder.name.isdigit() and int(folder.name) in keep):
                    self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """First out of releases/, then away: a folder there is complete or not there."""
        if folder.exists():
            away = Path(tempfile.mkdtemp(prefix=_REMOVED, dir=self.folder))
            folder.rename(away / "release")
            sync_folder(self.releases)
            shutil.rmtree(away)


@contextlib.contextmanager
def storing() -> Iterator[None]:
    """A disk that refuses becomes StoreFailed."""
    try:
        yield
    except OSError as error:
        raise StoreFailed(f"{error.filename or 'disk'}: {error.strerror or error}") from error


def write_durably(path: Path, data: bytes, mode: int) -> None:
    """Replace `path` by `data`, on the disk when this returns; raises OSError."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    draft.replace(path)
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
