"""What a document needs, and countries' codes."""

from __future__ import annotations

import pytest

from drivers.smartcard.errors import AlteredData, NotGenuine, ProofMissing
from drivers.smartcard.genuine import Needs, Reason, Verdict
from drivers.smartcard.genuine.countries import countries, issuing_states

PASSIVE = Verdict("passed", "not_supported", "not_supported", ())
CHIP = Verdict("passed", "passed", "not_supported", ())
ACTIVE = Verdict("passed", "not_supported", "passed", ())
BOTH = Verdict("passed", "passed", "passed", ())


@pytest.mark.parametrize(
    ("words", "enough", "lacking"),
    [
        (["passive"], [PASSIVE, CHIP, ACTIVE, BOTH], []),
        (["passive", "active|chip"], [CHIP, ACTIVE, BOTH], [PASSIVE]),
        (["passive", "active"], [ACTIVE, BOTH], [PASSIVE, CHIP]),
        (["chip", "passive", "active"], [BOTH], [PASSIVE, CHIP, ACTIVE]),
    ],
)
def test_every_group_of_needs_is_met_by_one_of_its_proofs(
    words: list[str], enough: list[Verdict], lacking: list[Verdict]
) -> None:
    needs = Needs.parse(words)
    for verdict in enough:
        verdict.check(needs)
    for verdict in lacking:
        with pytest.raises(ProofMissing):
            verdict.check(needs)


def test_passive_alone_is_what_is_needed_unless_more_is_said() -> None:
    assert Needs() == Needs.parse(["passive"])


@pytest.mark.parametrize("words", [[], ["active"], ["passive|chip"], ["passive", "photo"], ["passive", ""]])
def test_needs_that_are_none_are_refused(words: list[str]) -> None:
    with pytest.raises(ValueError):
        Needs.parse(words)


def test_any_reason_refuses_by_its_own_code_whatever_is_needed() -> None:
    verdict = Verdict("passed", "passed", "failed", (Reason(AlteredData, "DG2"), Reason(NotGenuine, "else")))
    assert not verdict.genuine
    with pytest.raises(AlteredData, match="DG2"):
        verdict.check(Needs())


def test_a_proof_that_is_lacking_is_told_with_why() -> None:
    verdict = Verdict("passed", "not_supported", "not_supported", (), ("the key is of no known curve",))
    with pytest.raises(ProofMissing, match=r"active or chip.*no known curve"):
        verdict.check(Needs.parse(["passive", "chip|active"]))


def test_the_codes_of_zones_and_certificates() -> None:
    assert "DZ" in countries("DZA") and "DE" in countries("D<<") and "GB" in countries("GBO")
    assert "EU" in countries("EUE") and "XOM" in countries("XOM") and "XCC" in countries("XCC")
    assert countries("ZZZ") == countries("") == countries("DZ") == frozenset()
    assert issuing_states("gb") >= {"GBR", "GBD", "GBN", "GBO", "GBP", "GBS"}
    assert issuing_states("DZ") == {"DZA"} and issuing_states("QQ") == frozenset()
