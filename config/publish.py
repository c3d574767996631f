"""The administrators' working folder: from an edited release to signed static files (TUF).

    release/            what administrators edit: kiosk.toml, templates/, trust/
    keys/NAME.pem       an administrator's key, encrypted
    keys/online.pem     signs snapshot and timestamp; whoever has it cannot make a release
    staged.json         the next targets.json with the signatures it has so far
    repository/         what was last published
    root.json           the first root, to be installed on kiosks

Workflow: `create` once; edit release/; `sign` by as many administrators as the threshold; `publish` to the folder a
web server serves; `refresh` at least once in the timestamp's life; `bundle` for a USB stick. A release's number is
the version of its targets.json.

Example::

    folder = WorkingFolder.create(path, {"amina": "…", "karim": "…", "salima": "…"}, threshold=2)
    folder.sign("amina", "…"); folder.sign("karim", "…")
    folder.publish(Path("/srv/mirror"))
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import Metadata, Snapshot, TargetFile, Targets, Timestamp

from config import difference, release
from config.errors import AlreadySigned, BelowThreshold, PublishError, WorkingFolderUnusable
from config.repository import Repository, sign_online, sign_timestamp, signed_at
from config.root import Administrators, first_root, next_root
from config.schema import Settings
from config.store import write_durably

MAX_BUNDLE_DAYS = 90


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long each role's signature is believed."""

    root: timedelta = timedelta(days=365)
    targets: timedelta = timedelta(days=365)
    snapshot: timedelta = timedelta(days=14)
    timestamp: timedelta = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Signing:
    """How far a release is: who signed, and how many must. `restarted`: earlier signatures no longer counted."""

    release: int
    signed_by: tuple[str, ...]
    threshold: int
    restarted: bool

    @property
    def ready(self) -> bool:
        return len(self.signed_by) >= self.threshold


def utc_now() -> datetime:
    return datetime.now(UTC)


class WorkingFolder:
    """Methods raise PublishError: WorkingFolderUnusable, KeyRefused, AlreadySigned or BelowThreshold."""

    def __init__(
        self, path: Path, *, lifetimes: Lifetimes | None = None, now: Callable[[], datetime] = utc_now
    ) -> None:
        self.path = path
        self.release = path / "release"
        self.root_file = path / "root.json"
        self._staged = path / "staged.json"
        self._versions = path / "versions.json"
        self._repository = Repository(path / "repository")
        self._lifetimes = lifetimes or Lifetimes()
        self._now = now
        with _own_errors():
            self._root = self._repository.root()
            self._administrators = Administrators(self._root.signed, path / "keys")

    @classmethod
    def create(
        cls,
        path: Path,
        administrators: Mapping[str, str],
        threshold: int = 2,
        *,
        lifetimes: Lifetimes | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> WorkingFolder:
        """A new folder with a key for each administrator (name → passphrase) and a root signed by all of them.

        The names are lower-case letters, digits and hyphens; a passphrase has at least 8 characters.
        """
        with _own_errors():
            if path.exists() and (not path.is_dir() or any(path.iterdir())):
                raise WorkingFolderUnusable(f"{path}: is there already and not empty")
            path.parent.mkdir(parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=f"{path.name}.", dir=path.parent))
            try:
                (draft / "keys").mkdir(mode=0o700)
                expires = now() + (lifetimes or Lifetimes()).root
                root = first_root(draft / "keys", administrators, threshold, expires)
                Repository(draft / "repository").put(root)
                (draft / "root.json").write_bytes(root.to_bytes())
                (draft / "release" / "trust").mkdir(parents=True)
                (draft / "release" / "templates").mkdir()
                (draft / "release" / release.FILE).write_text(_FIRST_RELEASE, encoding="utf-8")
                draft.rename(path)
            except BaseException:
                shutil.rmtree(draft)
                raise
        return cls(path, lifetimes=lifetimes, now=now)

    @property
    def administrators(self) -> tuple[str, ...]:
        return tuple(self._administrators.keys)

    @property
    def threshold(self) -> int:
        return self._administrators.threshold

    @property
    def published(self) -> int | None:
        """The release that kiosks are offered."""
        with _own_errors():
            targets = self._repository.targets()
        return targets.signed.version if targets else None

    def signing(self) -> Signing | None:
        """How far the next release is; None when nobody has signed, or release/ has changed since."""
        staged = self._read_staged()
        return self._signing(staged, restarted=False) if staged and self._holds(staged) else None

    def sign(self, administrator: str, passphrase: str) -> Signing:
        """Sign what is in release/ as the next release.

        Signatures of an earlier state of release/ are dropped (`restarted`). Raises ConfigInvalid for a release that
        breaks the rules, KeyRefused, AlreadySigned.
        """
        release.check(self.release)
        signer = self._administrators.signer(administrator, passphrase)
        with _own_errors():
            earlier = self._read_staged()
            staged = earlier if earlier and self._holds(earlier) else self._stage()
            if administrator in self._signed_by(staged):
                raise AlreadySigned(f"{administrator} has signed release {staged.signed.version} before")
            staged.sign(signer, append=True)
            write_durably(self._staged, staged.to_bytes(), 0o644)
        return self._signing(staged, restarted=earlier is not None and staged is not earlier)

    def publish(self, to: Path) -> int:
        """Write the release that enough administrators signed, and copy it all to the folder a server serves.

        With nothing newly signed, only copies. Returns the release's number. Raises BelowThreshold when the
        signatures do not suffice or release/ is no longer what was signed.
        """
        with _own_errors():
            staged = self._read_staged()
            if staged is not None:
                self._enact(staged)
            targets, _ = self._published()
            self._copy(to)
            self._staged.unlink(missing_ok=True)
        return targets.signed.version

    def refresh(self, to: Path) -> datetime:
        """Sign the timestamp anew, and the snapshot when half its life is over, without a new release.

        Returns until when kiosks will believe it (UTC).
        """
        with _own_errors():
            targets, snapshot = self._published()
            half_over = snapshot.signed.expires - self._now() < self._lifetimes.snapshot / 2
            life = self._lifetimes.timestamp
            if half_over or snapshot.signed.version != self._used()["snapshot"]:
                timestamp = self._put_online(targets)
            else:
                version = self._use("timestamp")
                timestamp = sign_timestamp(snapshot, version, life, self._now(), self._administrators.online())
                self._repository.put(timestamp)
            self._copy(to)
        return timestamp.signed.expires

    def bundle(self, to: Path, days: int) -> datetime:
        """The published files for a USB stick: believed for `days` (1 to 90), though nobody refreshes them.

        Returns until when (UTC). The mirror wants a `refresh` afterwards: a kiosk that took the stick knows a newer
        timestamp than the mirror's.
        """
        if not 1 <= days <= MAX_BUNDLE_DAYS:
            raise PublishError(f"a stick is good for 1 to {MAX_BUNDLE_DAYS} days")
        with _own_errors():
            targets, _ = self._published()
            life = timedelta(days=days)
            versions = (self._use("snapshot"), self._use("timestamp"))
            snapshot, timestamp = sign_online(
                targets, versions, (life, life), self._now(), self._administrators.online()
            )
            stick = Repository(to)
            self._repository.copy_to(stick)
            stick.put(snapshot)
            stick.put(timestamp)
        return min(timestamp.signed.expires, targets.signed.expires, self._root.signed.expires)

    def renew_root(
        self,
        passphrases: Mapping[str, str],
        *,
        remove: Collection[str] = (),
        add: Mapping[str, str] | None = None,
        new_online: bool = False,
    ) -> int:
        """A new version of the root: before it expires, or when a key is lost, stolen, or changes hands.

        Wants the passphrases of as many administrators as the threshold. `new_online` replaces the online key. The next
        `publish` brings it to the kiosks; when those who signed the published release no longer suffice, the release is
        to be signed again first. Returns the root's version. Raises KeyRefused or BelowThreshold.
        """
        with _own_errors():
            expires = self._now() + self._lifetimes.root
            keys = self.path / "keys"
            root = next_root(
                self._root.signed, keys, passphrases, expires, remove=remove, add=add, new_online=new_online
            )
            self._repository.put(root)
            self._root = root
            self._administrators = Administrators(root.signed, keys)
            if new_online and (targets := self._repository.targets()):
                self._put_online(targets)
        return root.signed.version

    def difference(self) -> list[str]:
        """What release/ would change for kiosks, one sentence a line. Raises ConfigInvalid when it is no release."""
        after = release.check(self.release)
        with _own_errors(), tempfile.TemporaryDirectory() as folder:
            published = self._repository.targets()
            if published is None:
                return difference.between(Settings(profile="demo"), after, None, self.release)
            self._repository.lay_out(published.signed, Path(folder))
            return difference.between(release.check(Path(folder)), after, Path(folder), self.release)

    def _stage(self) -> Metadata[Targets]:
        files = {name: TargetFile.from_file(name, str(self.release / name)) for name in release.files(self.release)}
        version = (self.published or 0) + 1
        expires = self._now() + self._lifetimes.targets
        return Metadata(Targets(version, None, expires, files, unrecognized_fields=signed_at(self._now())))

    def _read_staged(self) -> Metadata[Targets] | None:
        with _own_errors():
            return Metadata[Targets].from_bytes(self._staged.read_bytes()) if self._staged.exists() else None

    def _holds(self, staged: Metadata[Targets]) -> bool:
        """Whether it is the next release and names exactly what is in release/."""
        now = self._stage().signed
        return (staged.signed.version, staged.signed.targets) == (now.version, now.targets)

    def _signed_by(self, staged: Metadata[Targets]) -> tuple[str, ...]:
        result = self._root.signed.get_verification_result("targets", staged.signed_bytes, staged.signatures)
        return self._administrators.names(result.signed)

    def _signing(self, staged: Metadata[Targets], *, restarted: bool) -> Signing:
        return Signing(staged.signed.version, self._signed_by(staged), self.threshold, restarted)

    def _enact(self, staged: Metadata[Targets]) -> None:
        if not self._holds(staged):
            raise BelowThreshold("release/ has changed since it was signed: sign it again")
        signing = self._signing(staged, restarted=False)
        if not signing.ready:
            raise BelowThreshold(f"{len(signing.signed_by)} of {signing.threshold} signatures")
        self._repository.put_targets(staged.signed, self.release)
        self._repository.put(staged)
        self._put_online(staged)
        self._repository.prune()

    def _put_online(self, targets: Metadata[Targets]) -> Metadata[Timestamp]:
        versions = (self._use("snapshot"), self._use("timestamp"))
        lives = (self._lifetimes.snapshot, self._lifetimes.timestamp)
        snapshot, timestamp = sign_online(targets, versions, lives, self._now(), self._administrators.online())
        self._repository.put(snapshot)
        self._repository.put(timestamp)
        return timestamp

    def _published(self) -> tuple[Metadata[Targets], Metadata[Snapshot]]:
        targets, snapshot = self._repository.targets(), self._repository.snapshot()
        if targets is None or snapshot is None:
            raise BelowThreshold("nobody has signed a release yet")
        if len(self._signed_by(targets)) < self.threshold:
            raise BelowThreshold("the root has changed: the release wants new signatures")
        return targets, snapshot

    def _copy(self, to: Path) -> None:
        place = Repository(to)
        theirs, mine = place.timestamp(), self._repository.timestamp()
        if theirs and mine and theirs.signed.version > mine.signed.version:
            raise WorkingFolderUnusable(f"{to} is newer than this working folder: publish from the newest one")
        self._repository.copy_to(place)

    def _used(self) -> dict[str, int]:
        """The highest version used of each online role, sticks included."""
        return json.loads(self._versions.read_bytes()) if self._versions.exists() else {"snapshot": 0, "timestamp": 0}

    def _use(self, role: str) -> int:
        used = self._used()
        used[role] += 1
        write_durably(self._versions, json.dumps(used).encode(), 0o644)
        return used[role]


@contextlib.contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except LengthOrHashMismatchError as error:
        raise BelowThreshold("release/ has changed since it was signed: sign it again") from error
    except (OSError, RepositoryError, ValueError) as error:
        raise WorkingFolderUnusable(str(error)) from error


_FIRST_RELEASE = """\
# What every kiosk of the fleet shares: its keys are in the reference of settings, except those of one machine.
# Paths are relative to this folder and stay in it, for example:
#
# [documents]
# templates = "templates"
# [card]
# csca = "trust/csca"
"""
