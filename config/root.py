"""The fleet's root (TUF): who the administrators are, how many must sign, and which key is online."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import Metadata, Root

from config.errors import BelowThreshold, KeyRefused
from config.keys import NAME_FIELD, make_key, open_key

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
ONLINE = "online"


class Administrators:
    """Names and keys as the root has them; private keys are files in `folder`."""

    def __init__(self, root: Root, folder: Path) -> None:
        self._root = root
        self._folder = folder
        keys = [root.keys[keyid] for keyid in root.roles["targets"].keyids]
        self.keys: dict[str, Key] = {str(key.unrecognized_fields.get(NAME_FIELD, key.keyid)): key for key in keys}

    @property
    def threshold(self) -> int:
        return self._root.roles["targets"].threshold

    def signer(self, name: str, passphrase: str) -> CryptoSigner:
        """Raises KeyRefused."""
        if (public := self.keys.get(name)) is None:
            raise KeyRefused(f"{name} is no administrator of this fleet")
        return open_key(_file(self._folder, name), passphrase, public)

    def online(self) -> CryptoSigner:
        """The key of snapshot and timestamp; raises KeyRefused."""
        public = self._root.keys[self._root.roles["timestamp"].keyids[0]]
        return open_key(_file(self._folder, str(public.unrecognized_fields.get(NAME_FIELD, ONLINE))), None, public)

    def names(self, keyids: Collection[str]) -> tuple[str, ...]:
        return tuple(name for name, key in self.keys.items() if key.keyid in keyids)


def first_root(folder: Path, passphrases: Mapping[str, str], threshold: int, expires: datetime) -> Metadata[Root]:
    """Version 1, signed by every administrator; makes the key files. Raises KeyRefused or BelowThreshold."""
    _check(passphrases, threshold)
    signers = [make_key(_file(folder, name), name, word) for name, word in passphrases.items()]
    root = Root(expires=expires)
    for signer in signers:
        _admit(root, signer)
    root.roles["root"].threshold = root.roles["targets"].threshold = threshold
    _put_online(root, folder)
    return _signed(root, signers)


def next_root(
    before: Root,
    folder: Path,
    passphrases: Mapping[str, str],
    expires: datetime,
    *,
    remove: Collection[str] = (),
    add: Mapping[str, str] | None = None,
    new_online: bool = False,
) -> Metadata[Root]:
    """The version after `before`, signed by those whose passphrases are given and by those added.

    Raises KeyRefused, or BelowThreshold when the old root's threshold or the new one's is not reached.
    """
    add = add or {}
    administrators = Administrators(before, folder)
    if unknown := [name for name in remove if name not in administrators.keys]:
        raise KeyRefused(f"{unknown[0]} is no administrator of this fleet")
    if known := [name for name in add if name in administrators.keys]:
        raise KeyRefused(f"{known[0]} is an administrator already; add a new key under a new name")
    stay = [name for name in administrators.keys if name not in remove]
    _check(dict.fromkeys([*stay, *add]), administrators.threshold)
    signers = [administrators.signer(name, word) for name, word in passphrases.items()]
    if len(signers) < administrators.threshold or len(set(passphrases) - set(remove)) + len(add) < (
        administrators.threshold
    ):
        raise BelowThreshold(f"{len(signers)} of {administrators.threshold} signatures")
    root = Root.from_dict(before.to_dict())
    root.version, root.expires = before.version + 1, expires
    for name in remove:
        for role in ("root", "targets"):
            root.revoke_key(administrators.keys[name].keyid, role)
    added = [make_key(_file(folder, name), name, word) for name, word in add.items()]
    for signer in added:
        _admit(root, signer)
    if new_online:
        _put_online(root, folder)
    return _signed(root, [*signers, *added])


def _check(names: Mapping[str, object], threshold: int) -> None:
    if wrong := [name for name in names if not _NAME.fullmatch(name) or name.startswith(ONLINE)]:
        raise KeyRefused(f"{wrong[0]!r}: a name is lower-case letters, digits and hyphens, and not {ONLINE!r}")
    if not 1 <= threshold <= len(names):
        raise BelowThreshold(f"{threshold} signatures cannot be had of {len(names)} administrators")


def _admit(root: Root, signer: CryptoSigner) -> None:
    for role in ("root", "targets"):
        root.add_key(signer.public_key, role)


def _put_online(root: Root, folder: Path) -> None:
    """One new key for snapshot and timestamp. It has a file of its own: the old root holds until the new one stands."""
    name = ONLINE if root.version == 1 else f"{ONLINE}-{root.version}"
    key = make_key(_file(folder, name), name, None).public_key
    for role in ("snapshot", "timestamp"):
        for old in list(root.roles[role].keyids):
            root.revoke_key(old, role)
        root.add_key(key, role)


def _signed(root: Root, signers: Collection[CryptoSigner]) -> Metadata[Root]:
    metadata = Metadata(root)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.pem"
