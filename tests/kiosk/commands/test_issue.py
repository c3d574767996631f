"""`kiosk issue`: what it refuses before any card is looked at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LASER_ONLY = 'profile = "demo"\n'
BOTH = LASER_ONLY + '[thermal]\naddress = "tcp://127.0.0.1:9100"\n'
CARD = ("--can", "123456", "--pin", "1234")


@pytest.mark.parametrize(
    ("configuration", "given", "said"),
    [
        (LASER_ONLY, (*CARD, "--printer", "thermal"), "--printer is laser"),
        (BOTH, (*CARD, "--printer", "fax"), "--printer is laser or thermal"),
        (BOTH, (*CARD, "--language", "en"), "--can or --mrz, and a language"),
        (BOTH, ("--pin", "1234", "--printer", "thermal"), "--can or --mrz, and a language"),
    ],
)
def test_wrong_use_is_told_before_a_card_is_looked_at(
    tmp_path: Path, configuration: str, given: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(configuration)
    file.chmod(0o600)
    command = [sys.executable, "-m", "kiosk", "issue", "birth-extract", *given, "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "error E-KIOSK-USAGE" in done.stderr and said in done.stderr, done.stderr
