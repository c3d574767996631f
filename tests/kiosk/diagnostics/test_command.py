"""`kiosk diagnose`: one object, plain lines, a table that fits, and a watch that says what changed."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.catalogue.codes import entry
from kiosk.diagnostics import names
from tests.kiosk.diagnostics.conftest import Bench

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
OUT = "E-PRINTER-PAPER-OUT"


def command(*words: str | Path) -> list[str | Path]:
    return [sys.executable, "-m", "kiosk", "diagnose", *words]


def done(*words: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(command(*words), capture_output=True, text=True, timeout=120, cwd=cwd, env=environment)


@pytest.fixture
def no_paper(bench: Bench) -> Iterator[Bench]:
    bench.hall.printer.paper_out()
    yield bench
    bench.hall.printer.paper_in()


def test_json_is_one_object_on_standard_output(no_paper: Bench) -> None:
    answered = done("--json", "--config", no_paper.hall.configuration)
    told = json.loads(answered.stdout)
    assert answered.returncode == 1 and answered.stderr == ""
    assert told["ready"] is False and [check["name"] for check in told["checks"]] == names()
    supplies = next(check for check in told["checks"] if check["name"] == "supplies")
    assert supplies["status"] == "failed" and supplies["code"] == OUT and supplies["remedy"] == entry(OUT).remedy


def test_piped_it_is_a_line_a_check_without_colours(no_paper: Bench) -> None:
    answered = done("--config", no_paper.hall.configuration)
    lines = answered.stdout.splitlines()
    assert "\x1b" not in answered.stdout
    assert [line.split()[1] for line in lines[:-1]] == names()
    assert lines[-1].startswith("not ready: ") and f"supplies ({OUT})" in lines[-1]
    assert next(line for line in lines if f" {OUT} " in line).endswith(entry(OUT).remedy)


def test_without_a_configuration_it_cannot_run(tmp_path: Path) -> None:
    answered = done("--json", "--config", tmp_path / "nowhere.toml")
    assert answered.returncode == 3 and answered.stdout == ""
    assert answered.stderr.startswith("error E-CONFIG-MISSING: ")


def test_a_configuration_with_mistakes_is_a_failed_check(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text('profile = "demo"\n[laser]\ndeadline = 1\n[redaer]\nname = "x"\n')
    answered = done("--json", "--config", file)
    told = {check["name"]: check for check in json.loads(answered.stdout)["checks"]}
    assert answered.returncode == 1 and list(told) == names()
    assert "kiosk.toml:3: laser.deadline" in told["configuration"]["detail"]
    assert "redaer" in told["configuration"]["detail"]
    assert {check["status"] for name, check in told.items() if name != "configuration"} == {"skipped"}


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    for other in ("--json", "--install"):
        assert done("--watch", other).returncode == 2


def on_a_terminal(bench: Bench, *words: str, columns: int) -> str:
    """What the command leaves on a terminal of that width."""
    ours, its = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "60", "TERM": "xterm"}
    process = subprocess.Popen(
        command("--config", bench.hall.configuration, *words), stdin=its, stdout=its, stderr=its, env=environment
    )
    os.close(its)
    shown = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal's other side is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    process.wait()
    return shown.decode()


def test_the_table_fits_a_small_terminal_and_says_all(no_paper: Bench) -> None:
    *live, stays = on_a_terminal(no_paper, columns=80).replace("\r", "").split("\x1b[2K")  # a line wiped
    table = _ANSI.sub("", stays)
    assert live and max(len(line.rstrip()) for line in table.splitlines()) <= 80
    words = " ".join(table.split())
    assert re.findall(r"^\S \w+ +(\S+)", table, re.MULTILINE) == names()
    assert "✗ failed supplies" in words and OUT in words and "– skipped machine" in words
    remedy_words = entry(OUT).remedy.split()
    assert " ".join(remedy_words[:3]) in words and remedy_words[-1] in words


def test_a_watch_says_what_changed(bench: Bench) -> None:
    process = subprocess.Popen(
        command("--watch", "--config", bench.hall.configuration), stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        first = [read(process) for _ in range(len(names()) + 1)]
        assert [line.split()[1] for line in first[:-1]] == names()
        bench.hall.printer.paper_out()
        assert read(process).split()[:3] == ["failed", "supplies", OUT]
        assert f"supplies ({OUT})" in read(process)
        bench.hall.printer.paper_in()
        assert read(process).split()[:2] == ["ok", "supplies"]
        assert read(process) == first[-1]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 1, "the last round's verdict: no screen runs here"
    finally:
        process.kill()
        process.wait()
        bench.hall.printer.paper_in()


def read(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_an_installation_leaves_its_report(bench: Bench, tmp_path: Path) -> None:
    bench.insert()
    try:
        answered = done("--install", "--json", "--config", bench.hall.configuration, cwd=tmp_path)
    finally:
        bench.remove()
    told, kept = json.loads(answered.stdout), json.loads((tmp_path / "install-report.json").read_text())
    assert answered.returncode == 1, "a demonstration is no appliance"
    assert "Put a card into the reader" in answered.stderr
    assert kept["kiosk"] == "demo-1" and kept["checks"] == told["checks"] and kept["ready"] is told["ready"] is False
    assert [check["name"] for check in kept["checks"]] == names(installing=True)
    text = (tmp_path / "install-report.txt").read_text()
    assert "machine         E-DIAGNOSE-SKIPPED" in text and "not ready: " in text
