"""`kiosk ledger list|verify|export`, called as anybody calls it."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from issuance_town import Town, run_visit


def kiosk(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", "ledger", *words], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture
def config(folder: Path) -> Path:
    (folder / "kiosk.toml").write_text('profile = "demo"\n[kiosk]\nstate = "state"\n')
    return folder / "kiosk.toml"


@pytest.fixture
def issued(config: Path) -> Town:
    town = Town(config.parent)
    run_visit(town)
    run_visit(Town(config.parent, frozenset({"paper-out"})))
    return town


def test_list(issued: Town, config: Path) -> None:
    done = kiosk("list", "--config", str(config))
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert "DZ-2026-1601-0000001  birth-extract  ar  printed  PRINTED" in first
    assert "DZ-2026-1601-0000002  birth-extract  ar  failed  VOIDED  E-" in second
    listed = json.loads(kiosk("list", "--config", str(config), "--json").stdout)["documents"]
    assert [(d["outcome"], d["evidence"], d["pages"], d["settled_as"]) for d in listed] == [
        ("printed", "ipp-completed", 1, "PRINTED"),
        ("failed", "none", 0, "VOIDED"),
    ]


def test_verify(issued: Town, config: Path) -> None:
    verdict = json.loads(kiosk("verify", "--config", str(config), "--json").stdout)
    assert (verdict["valid"], verdict["entries"], verdict["open"]) == (True, 13, 0)
    with sqlite3.connect(issued.ledger_path) as connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("UPDATE entry SET at = at + 1 WHERE seq = 2")
    connection.close()
    done = kiosk("verify", "--config", str(config))
    assert (done.returncode, done.stdout) == (1, "") and "from entry 2" in done.stderr
    done = kiosk("verify", "--config", str(config), "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["at"] == 2
    done = kiosk("list", "--config", str(config))
    assert done.returncode == 1 and done.stderr.startswith("error E-LEDGER-DAMAGED: ")
    issued.ledger_path.write_bytes(b"no ledger")
    done = kiosk("verify", "--config", str(config), "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["valid"] is False


def test_export(issued: Town, config: Path) -> None:
    exported = json.loads(kiosk("export", "--config", str(config), "--json").stdout)
    assert exported["entries"][-1]["hash"] == exported["head"] and len(exported["entries"]) == 13


def test_without_a_ledger_or_a_configuration(config: Path) -> None:
    done = kiosk("list", "--config", str(config))
    assert done.returncode == 3 and done.stderr.startswith("error E-LEDGER-MISSING: ")
    assert kiosk("list", "--config", str(config.with_name("other.toml"))).returncode != 0
    assert not (config.parent / "state").exists()


@pytest.mark.parametrize("command", ["list", "verify", "export"])
def test_help_has_an_example(command: str) -> None:
    done = kiosk(command, "--help")
    assert done.returncode == 0 and f"kiosk ledger {command} --config" in done.stdout
