"""The benchmarks run, and a visit costs the exchanges it must. No test says anything of time."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

STAGES = (
    "card-connect card card-8ms card-in-memory "
    "card-read-extended-8ms card-read-extended-0ms card-read-short-8ms card-read-short-0ms "
    "page preview page-ticket preview-ticket seal-and-sign pades "
    "submit job first-band last-band strip ledger registry registry-wire"
).split()

MOST_APDUS = sum(
    {
        "EF.CardAccess, and EF.ATR/INFO for its buffers": 2,
        "PACE: MSE:Set AT and four GENERAL AUTHENTICATE": 5,
        "SELECT of the application": 1,
        "the PIN's tries": 1,
        "EF.SOD, DG1, DG11, DG14, DG15: one extended answer holds each": 5,
        "active authentication, for the presentation and for the grant": 2,
        "VERIFY": 1,
    }.values()
)

# challenge, presentation, person, entitlements, act; challenge, grant; settlement
REQUESTS = 8
# How the card stands, asked while it is still being read.
STANDING = 1
# A session asks once which entry of its ledger the registry heard of last.
LEDGER_HEAD = 1


@pytest.fixture(scope="module")
def measured(repository: Path) -> Any:
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def stages(measured: Any) -> dict[str, Any]:
    return {stage["name"]: stage for stage in measured["stages"]}


def test_every_stage_stands_beside_its_floor(measured: Any) -> None:
    assert [stage["name"] for stage in measured["stages"]] == STAGES
    for stage in [*measured["stages"], measured["visit"]]:
        assert stage["ours"] and stage["floor"]
        assert stage["ours_ms"] > 0 and stage["floor_ms"] > 0
        assert math.isclose(stage["ratio"], stage["ours_ms"] / stage["floor_ms"], rel_tol=0.1)
    assert {stage["rounds"] for stage in measured["stages"]} == {measured["rounds"]} == {3}
    assert set(measured["visit"]["stopwatch_ms"]) == {"card", "registry", "seal_and_sign", "submit", "paper", "total"}


def test_a_visit_makes_no_more_exchanges_than_it_must(measured: Any, stages: dict[str, Any]) -> None:
    visit = measured["visit"]["counts"]
    assert visit["apdus"] == stages["card"]["counts"]["apdus"] <= MOST_APDUS
    assert stages["registry"]["counts"]["requests"] == REQUESTS
    assert visit["requests"] == REQUESTS + STANDING + LEDGER_HEAD
    assert visit["bytes"] < 16_384


def test_a_whole_card_is_read_in_few_commands(stages: dict[str, Any]) -> None:
    assert stages["card-read-extended-8ms"]["counts"]["apdus"] <= 12
    assert stages["card-read-short-8ms"]["counts"]["apdus"] <= 85


def test_a_page_costs_two_signatures_and_two_requests_to_the_printer(stages: dict[str, Any]) -> None:
    assert stages["seal-and-sign"]["counts"]["signatures"] == 2
    assert stages["submit"]["counts"]["requests"] == 2
    assert stages["submit"]["counts"]["bytes"] == stages["seal-and-sign"]["counts"]["bytes"]
