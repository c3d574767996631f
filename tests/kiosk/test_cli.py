"""The command's contract: help with an example everywhere, statuses, one line for a foreseeable failure."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = [
    "demo", "issue", "session", "screen", "signer", "verify",
    "card read", "card simulate", "documents list", "documents render", "registry serve", "keys create",
    "keys request", "keys install", "keys list", "diagnose", "bench laser", "bench thermal", "bench scanner",
    "ledger list", "ledger verify", "ledger export", "ledger retire",
    "paper show", "paper loaded", "paper counted", "paper spoiled",
    "config validate", "config show", "config docs", "config agent", "config status",
    *(f"fleet {name}" for name in "init validate diff sign publish refresh bundle keys status".split()),
]  # fmt: skip
HEAVY = ("PySide6", "typst", "pyhanko", "fastapi", "smartcard", "aiohttp", "httpx", "cryptography")


def kiosk(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiosk", *words], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    done = kiosk(*command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout


def test_it_says_its_version() -> None:
    assert kiosk("--version").stdout.startswith("shubbak ")


def test_help_loads_nothing_heavy() -> None:
    look = (
        "import sys; sys.argv = ['kiosk', '--help']\nfrom kiosk.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr.strip() == "[]"
    assert all(name in done.stdout for name in {c.split()[0] for c in COMMANDS})


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (["explode"], 2, "E-KIOSK-USAGE"),
        (["verify"], 2, "E-KIOSK-USAGE"),
        (["issue", "birth-extract", "--config", "nowhere.toml"], 3, "E-CONFIG-MISSING"),
        (["session", "--config", "nowhere.toml"], 3, "E-CONFIG-MISSING"),
        (["demo", "--language", "xx"], 2, "E-KIOSK-USAGE"),
    ],
)
def test_a_foreseeable_failure_is_one_line_and_a_status(words: list[str], status: int, code: str) -> None:
    done = kiosk(*words)
    assert done.returncode == status
    assert done.stdout == "" and done.stderr.startswith(f"error {code}: ") and done.stderr.count("\n") == 1


def test_what_is_for_tests_is_refused_in_production(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(
        'profile = "production"\n[signer]\nmodule = "/usr/lib/hsm/libhsm.so"\nseal_host = "seal.internal"\n'
    )
    done = kiosk("issue", "birth-extract", "--can", "123456", "--pin", "1234", "--config", file)
    assert done.returncode == 2 and "E-KIOSK-REFUSED-IN-PRODUCTION" in done.stderr


def test_the_settings_in_force_say_where_they_came_from(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text('profile = "demo"\n[laser]\ndeadline = 30\n')
    shown = kiosk("config", "show", "--config", file).stdout
    assert "deadline = 30.0    # kiosk.toml:3" in shown and "idle = 60.0    # default" in shown


def test_a_release_is_judged_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('[hours]\nfriday = ""\n')
    done = kiosk("config", "validate", tmp_path)
    assert (done.returncode, done.stdout) == (0, f"{tmp_path}: good\n")
    (tmp_path / "kiosk.toml").write_text('[card]\ncsca = "trust"\n')
    (tmp_path / "trust").mkdir()
    done = kiosk("config", "validate", tmp_path)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.startswith("E-FLEET-NO-CSCA: card.csca: ")


def test_json_is_one_object_and_nothing_else() -> None:
    done = kiosk("documents", "list", "--json")
    assert done.returncode == 0 and done.stderr == ""
    assert "birth-extract" in json.dumps(json.loads(done.stdout))
