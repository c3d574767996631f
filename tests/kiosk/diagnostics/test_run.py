"""The run: a stable order, nothing that brings another down, nothing personal, words for every code."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.catalogue.codes import entries
from kiosk.diagnostics import Check, Report, here, names, run, table
from kiosk.session.control import SessionAway
from tests.kiosk.diagnostics.conftest import Bench


class Broken:
    """A session that does not keep to its word."""

    def __init__(self, fault: Exception | None = None) -> None:
        self._fault = fault

    async def health(self) -> Any:
        if self._fault is not None:
            raise self._fault
        await asyncio.Event().wait()

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        await asyncio.Event().wait()
        yield


def test_checks_come_in_the_tables_order_and_end_in_any(bench: Bench) -> None:
    ended: list[str] = []

    async def both() -> list[str]:
        return [check.name async for check in run(bench.settings, on_end=lambda check: ended.append(check.name))]

    assert asyncio.run(both()) == names()
    assert sorted(ended) == sorted(names()) and ended != names()


def test_one_that_fails_unforeseen_fails_alone_and_is_not_quoted(bench: Bench) -> None:
    well = bench.check()
    found = bench.check(session=Broken(ValueError("BENALI Amina 109860314160100123")))
    assert (found["session"].code, found["session"].detail) == ("E-KIOSK-UNEXPECTED", "ValueError")
    assert found["display"].status == "skipped" and "session" in found["display"].detail
    for name in set(names()) - {"session", "display"}:
        assert found[name].status == well[name].status


def test_one_that_hangs_ends_at_its_deadline(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hurried = tuple(
        dataclasses.replace(line, seconds=lambda settings: 0.5) if line.name == "session" else line
        for line in table._TABLE
    )
    monkeypatch.setattr(table, "_TABLE", hurried)
    assert bench.check("session", session=Broken()).code == "E-DIAGNOSE-DEADLINE"


def test_a_run_left_early_leaves_nothing_running(bench: Bench) -> None:
    async def first() -> int:
        checks = run(bench.settings, place=here(bench.settings))
        async for _ in checks:
            break
        await checks.aclose()
        return len(asyncio.all_tasks())

    assert asyncio.run(first()) == 1


def test_during_a_visit_the_card_is_left_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.diagnostics.reading.QUIET_S", 0.1)
    bench.insert()
    try:
        found = bench.check(session=Broken(SessionAway("busy")))
        assert found["card"].status == "skipped" and "visit" in found["card"].detail
        assert found["reader"].status == "ok"
    finally:
        bench.remove()


def test_nothing_of_the_card_or_its_holder_is_told(bench: Bench) -> None:
    card = bench.hall.cards["amina"]
    bench.insert()
    try:
        report = Report(checks=list(bench.check().values()))
    finally:
        bench.remove()
    told = report.model_dump_json()
    assert "opens by PACE" in told
    for secret in (card.document_number, card.nin, card.can, card.date_of_birth, "BENALI", "بن علي"):
        assert secret not in told


def test_every_code_it_can_name_has_words(repository: Path) -> None:
    source = "".join(file.read_text(encoding="utf-8") for file in (repository / "kiosk/diagnostics").glob("*.py"))
    named = set(re.findall(r'"(E-[A-Z0-9-]+-[A-Z0-9-]+)"', source))
    assert len(named) > 15 and named <= set(entries())


def test_ready_means_that_nothing_failed() -> None:
    degraded = Check(name="supplies", status="degraded", code="E-PRINTER-PAPER-LOW", detail="")
    failed = Check(name="token", status="failed", code="E-SIGN-TOKEN", detail="")
    skipped = Check(name="card", status="skipped", detail="")
    assert Report(checks=[degraded, skipped]).ready
    assert not Report(checks=[degraded, skipped, failed]).ready
