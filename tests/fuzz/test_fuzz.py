"""A minute of coverage-guided fuzzing, shared out among the harnesses, from the kept corpus.

What it finds is printed, to be kept as `corpus/HARNESS/found-…` together with the mending.
"""

from __future__ import annotations

import base64
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.harness import GROUPS, all_harnesses, harnesses

SHARED_OUT = 34.0
"""Seconds of the minute; the rest goes into loading and instrumenting the parsers of each group."""

TOGETHER = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}

pytestmark = pytest.mark.slow


def fuzz(group: str, seconds: float, found: Path, repository: Path) -> subprocess.CompletedProcess[str]:
    if importlib.util.find_spec("atheris") is None:
        version = ".".join(map(str, sys.version_info[:2]))
        pytest.fail(f"atheris is not installed (Python {version}): make setup, with a Python it has a wheel for (3.11)")
    command = [sys.executable, "-m", "tests.fuzz.fuzz", group, "--seconds", str(seconds), "--found", str(found)]
    return subprocess.run(command, cwd=repository, text=True, timeout=600, check=False, **TOGETHER)


@pytest.mark.parametrize("group", GROUPS)
def test_only_their_own_errors_come_out(group: str, tmp_path: Path, repository: Path) -> None:
    share = SHARED_OUT / len(all_harnesses())
    done = fuzz(group, share, tmp_path / "found", repository)
    inputs = {file.name: base64.b64encode(file.read_bytes()).decode() for file in (tmp_path / "found").iterdir()}
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("INFO", "#", "WARNING"))]
    assert done.returncode == 0 and not inputs, "\n".join([*lines[-60:], *(f"{k} {v}" for k, v in inputs.items())])
    ended = [line.split()[2] for line in done.stdout.splitlines() if line.startswith("== done: ")]
    assert [name.rstrip(",") for name in ended] == list(harnesses(group)), "a harness did not run to its end"


def test_a_wrong_parser_is_found_and_its_input_written_out(tmp_path: Path, repository: Path) -> None:
    done = fuzz("planted", 20, tmp_path / "found", repository)
    assert done.returncode != 0
    (found,) = (tmp_path / "found").iterdir()
    assert found.read_bytes()[:3] == b"\x30\x03\x02" and found.name.startswith("planted-crash-")
    assert "KeyError" in done.stdout and "nobody thought of this" in done.stdout
