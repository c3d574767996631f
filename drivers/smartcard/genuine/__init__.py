"""What is to be believed of a card: pure, but for reading the trust folder.

    trust = TrustStore.load(folder)
    verdict = judge(CardEvidence(files, access=access.infos), trust, profile, at)
    verdict.check(Needs.parse(["passive", "active|chip"]))

`judge` looks at everything and never raises; the verdict says what holds and gives a reason for all that does not.
"""

from drivers.smartcard.genuine.evidence import ActiveAnswer, CardEvidence
from drivers.smartcard.genuine.policy import Needs, Policy
from drivers.smartcard.genuine.sod import Sod, listed
from drivers.smartcard.genuine.trust import TrustStore
from drivers.smartcard.genuine.verdict import Reason, Verdict, judge

__all__ = [
    "ActiveAnswer",
    "CardEvidence",
    "Needs",
    "Policy",
    "Reason",
    "Sod",
    "TrustStore",
    "Verdict",
    "judge",
    "listed",
]
