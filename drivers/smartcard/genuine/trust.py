"""Whom this kiosk believes: country signers and what they have revoked, as a folder of files.

    trust/csca/                  country signers and link certificates: .der .cer .crt .pem
    trust/                       the same, where there is no csca/
    trust/master-lists/          .ml .zip .ldif, of ICAO's directory or a state such as Germany
    trust/master-list-signers/   who may sign master lists: without one of them no list counts
    trust/crls/                  .crl, revocation lists

A country signer is believed because the administrator put it there, or because a pinned signer's master list holds
it; that a certificate is signed by its own key is no evidence of anything. A link certificate that the administrator
put there carries belief from a country's old key to its new one, and from nothing else (ICAO 9303-12 §4.2).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from drivers.smartcard.genuine import trust_folder
from drivers.smartcard.genuine.certificates import Certificate
from drivers.smartcard.genuine.crl import RevocationList

_NOBODY = "no country signer believed here has signed"
Standing = Literal["good", "revoked", "stale", "unknown"]


@dataclass(frozen=True)
class TrustStore:
    """`anchors` are believed as they are, `links` only through them. `skipped` has each file, or certificate of one,
    that counts for nothing, and why (for the technician)."""

    anchors: tuple[Certificate, ...] = ()
    links: tuple[Certificate, ...] = ()
    revocations: tuple[RevocationList, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, folder: Path) -> TrustStore:
        """Raises TrustUnreadable where the folder itself cannot be read."""
        found = trust_folder.load(folder)
        store = cls(found.anchors, found.links, found.revocations)
        lost = [(link.fingerprint[:16], f"{_NOBODY} this link certificate") for link in store.unlinked]
        lost += [(f"list of {one.issuer}", f"{_NOBODY} it") for one in found.revocations if one not in store.lists]
        return cls(found.anchors, found.links, found.revocations, found.skipped + tuple(lost))

    @cached_property
    def certificates(self) -> tuple[Certificate, ...]:
        """All country signers believed: the anchors, and what links lead to from them, link by link."""
        believed, waiting = list(self.anchors), list(self.links)
        while found := [link for link in waiting if any(_carries(old, link) for old in believed)]:
            believed += found
            waiting = [link for link in waiting if link not in found]
        return tuple(believed)

    @cached_property
    def unlinked(self) -> tuple[Certificate, ...]:
        """Link certificates that nothing believed leads to."""
        return tuple(link for link in self.links if link not in self.certificates)

    def issuers_of(self, certificate: Certificate) -> tuple[Certificate, ...]:
        """Those believed whose key signed it; more than one where a key has several certificates."""
        return tuple(one for one in self.certificates if certificate.issued_by(one))

    def claimed_by(self, certificate: Certificate) -> bool:
        """Whether it names a key believed here as its issuer's, by name and by key identifier."""
        key = certificate.authority_key
        return key is not None and any(
            (one.subject, one.subject_key) == (certificate.issuer, key) for one in self.certificates
        )

    def standing(self, certificate: Certificate, at: dt.datetime) -> Standing:
        """What the lists of its issuer say of it: "unknown" where there is none, "stale" where the newest that does
        not name it should have been replaced by now."""
        lists = [one for one in self.lists if one.issuer == certificate.issuer]
        if any(certificate.serial in one.serials for one in lists):
            return "revoked"
        if not lists:
            return "unknown"
        return "good" if any(_is_of_today(one, at) for one in lists) else "stale"

    @cached_property
    def lists(self) -> tuple[RevocationList, ...]:
        """The revocation lists that a believed country signer has signed."""
        return tuple(one for one in self.revocations if any(one.signed_by(signer) for signer in self.certificates))


def _carries(old: Certificate, link: Certificate) -> bool:
    """Whether a link certificate stands for its country's new key: signed by the old one, while that was in force."""
    same = old.country is not None and old.country == link.country
    return same and not link.algorithm.weak and old.in_force(link.not_before) and link.issued_by(old)


def _is_of_today(one: RevocationList, at: dt.datetime) -> bool:
    return one.this_update <= at and (one.next_update is None or at <= one.next_update)
