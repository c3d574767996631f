"""The verdict: what a card has proven, with a reason for everything that does not hold.

verdict = judge(evidence, TrustStore.load(folder), profile, at)
verdict.passive, verdict.chip, verdict.active, verdict.reasons
verdict.check(Needs.parse(["passive", "active|chip"]))     # raises what stands in the way of a document
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import dg1
from drivers.smartcard.emrtd.mrz import Zone
from drivers.smartcard.emrtd.passwords import Mrz
from drivers.smartcard.errors import (
    ActiveAuthenticationUnsupported,
    AlteredData,
    CardError,
    MalformedData,
    ProofMissing,
    UnknownIssuer,
    UnsupportedKey,
)
from drivers.smartcard.genuine import agreement, passive, possession, sod
from drivers.smartcard.genuine.agreement import Issuing
from drivers.smartcard.genuine.certificates import NONSENSE, Certificate
from drivers.smartcard.genuine.evidence import CardEvidence
from drivers.smartcard.genuine.policy import Needs, Policy
from drivers.smartcard.genuine.sod import Sod
from drivers.smartcard.genuine.trust import TrustStore

T = TypeVar("T")
_STRICT = Policy()
Outcome = Literal["passed", "failed", "not_supported", "no_trust_anchor"]


@dataclass(frozen=True, slots=True)
class Reason:
    """`words` are for the technician, and name nobody."""

    error: type[CardError]
    words: str

    @property
    def code(self) -> str:
        return self.error.code


@dataclass(frozen=True, slots=True)
class Verdict:
    """`passive` is also of the parts' agreement with each other; `chip` of chip authentication and of PACE with chip
    authentication mapping; `active` of active authentication. `notes` say what could not be looked at, and why.

    `country` is the signer's, two letters, where the card's files are believed.
    """

    passive: Outcome
    chip: Outcome
    active: Outcome
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...] = ()
    country: str | None = None

    @property
    def genuine(self) -> bool:
        """Whether the files are what a trusted state signed, and nothing speaks against the chip."""
        return not self.reasons

    def check(self, needs: Needs) -> None:
        """Raises the first reason there is; ProofMissing where nothing is wrong but a proof is lacking."""
        for reason in self.reasons:
            raise reason.error(reason.words)
        for group in needs.groups:
            if not any(getattr(self, proof) == "passed" for proof in group):
                wanted = " or ".join(sorted(group))
                raise ProofMissing("; ".join((f"the document needs {wanted} authentication", *self.notes)))


def judge(
    evidence: CardEvidence,
    trust: TrustStore,
    profile: Issuing | None,
    at: dt.datetime,
    policy: Policy = _STRICT,
) -> Verdict:
    """`profile` says whose card it should be, None that any country believed here will do; `at`, with its time zone,
    is when certificates must be in force. Raises nothing: whatever is wrong is a reason."""
    return _Judgement(evidence, trust, profile, at, policy).verdict()


class _Judgement:
    def __init__(
        self, evidence: CardEvidence, trust: TrustStore, profile: Issuing | None, at: dt.datetime, policy: Policy
    ) -> None:
        self._evidence, self._trust, self._profile = evidence, trust, profile
        self._at, self._policy = at, policy
        self._reasons: list[Reason] = []
        self._notes: list[str] = []

    def verdict(self) -> Verdict:
        parsed = self._tried(self._sod)
        if parsed is None:
            return Verdict("failed", "not_supported", "not_supported", self._by_weight())
        self._files(parsed)
        found = {reason.error for reason in self._reasons}
        outcome: Outcome = "passed" if not found else "no_trust_anchor" if found == {UnknownIssuer} else "failed"
        chip = self._proof(lambda: self._chip(parsed))
        active = self._proof(lambda: self._active(parsed))
        country = parsed.signed.signer.country if outcome == "passed" else None
        return Verdict(outcome, chip, active, self._by_weight(), tuple(self._notes), country)

    def _sod(self) -> Sod:
        if FileId.SOD not in self._evidence.files:
            raise AlteredData("without EF.SOD nobody vouches for the files")
        return sod.parse(self._evidence.files[FileId.SOD])

    # --- the files ----------------------------------------------------------------------------------------

    def _files(self, parsed: Sod) -> None:
        files, signer = self._evidence.files, parsed.signed.signer
        self._tried(lambda: passive.check_hashes(parsed, files, self._policy))
        self._tried(lambda: passive.check_signature("EF.SOD", parsed.signed, self._policy))
        issuer = self._tried(lambda: self._issuer_of(signer))
        shown = self._tried(lambda: dg1.zone_of(files[FileId.DG1])) if FileId.DG1 in files else None
        self._tried(lambda: agreement.check_countries(signer, issuer, shown, self._profile))
        self._tried(lambda: agreement.check_nothing_hidden(parsed, self._evidence))
        if FileId.COM in files:
            self._tried(lambda: agreement.check_list_of_files(parsed, files[FileId.COM]))
        if shown is not None:
            self._zone(signer, shown)
        self._access()

    def _issuer_of(self, signer: Certificate) -> Certificate:
        return passive.country_signer(signer, self._trust, self._at, self._policy)

    def _zone(self, signer: Certificate, shown: Zone) -> None:
        self._tried(lambda: agreement.check_document_type(signer, shown))
        given = self._evidence.opened_with
        if isinstance(given, Mrz):
            self._tried(lambda: agreement.check_zone_used(shown, given))

    def _access(self) -> None:
        shown, files = self._evidence.access, self._evidence.files
        if shown is None:
            return
        if FileId.DG14 in files:
            dg14 = files[FileId.DG14]
            self._tried(lambda: agreement.check_access(shown, agreement.infos_of(dg14), "DG14"))
        if FileId.CARD_SECURITY in files and self._evidence.chip_data is not None:
            security = files[FileId.CARD_SECURITY]
            self._tried(
                lambda: agreement.check_access(
                    shown, possession.card_security(security, self._policy)[1], "EF.CardSecurity"
                )
            )

    # --- the chip -----------------------------------------------------------------------------------------

    def _chip(self, parsed: Sod) -> bool:
        run = possession.by_chip_authentication(parsed, self._evidence)
        mapped = possession.by_mapping(self._evidence, parsed, self._policy, self._issuer_of)
        if not run and not mapped and possession.offers_chip_authentication(parsed, self._evidence):
            self._notes.append("chip authentication is offered, and was not asked for")
        return run or mapped

    def _active(self, parsed: Sod) -> bool:
        offered = FileId.DG15 in parsed.files and FileId.DG15 not in self._evidence.unread
        if offered and self._evidence.active is None:
            self._notes.append("active authentication is offered, and was not asked for")
        return possession.by_active_authentication(parsed, self._evidence)

    def _proof(self, work: Callable[[], bool]) -> Outcome:
        try:
            return "passed" if work() else "not_supported"
        except (ActiveAuthenticationUnsupported, UnsupportedKey) as unsupported:
            self._notes.append(str(unsupported))
            return "not_supported"
        except CardError as error:
            self._wrong(error)
            return "no_trust_anchor" if isinstance(error, UnknownIssuer) else "failed"
        except NONSENSE:
            self._wrong(MalformedData("a key of the chip's is not formed right"))
            return "failed"

    # --- reasons ------------------------------------------------------------------------------------------

    def _tried(self, work: Callable[[], T]) -> T | None:
        """What `work` gives; None where it found something wrong, which is then a reason."""
        try:
            return work()
        except CardError as error:
            self._wrong(error)
            return None

    def _wrong(self, error: CardError) -> None:
        reason = Reason(type(error), str(error))
        if reason not in self._reasons:
            self._reasons.append(reason)

    def _by_weight(self) -> tuple[Reason, ...]:
        """That nobody here knows the issuer comes last: whatever else is wrong tells more."""
        return tuple(sorted(self._reasons, key=lambda reason: reason.error is UnknownIssuer))
