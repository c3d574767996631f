"""The kiosk as the package `shubbak` installs it: without the simulators, and without what only they use."""

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.production import SIMULATORS

# What debian/parts.py gives to shubbak-simulators, by import name.
ABSENT = (*SIMULATORS, "fastapi", "starlette", "uvicorn", "Crypto", "PySide6.QtWidgets", "PySide6.QtTest")
ROOMS = ("config", "drivers", "kiosk", "printing", "registry", "signing")

_BLOCKED = f"""
import importlib, pkgutil, sys
ABSENT = {ABSENT!r}
class Absent:
    def find_spec(self, name, path=None, target=None):
        if any(f"{{name}}.".startswith(f"{{absent}}.") for absent in ABSENT):
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _BLOCKED + code, *arguments], capture_output=True, text=True, check=False
    )


def test_every_module_of_the_kiosk_is_imported_without_them() -> None:
    code = f"""
for room in {ROOMS!r}:
    for found in pkgutil.walk_packages(importlib.import_module(room).__path__, room + "."):
        if found.name not in ABSENT and not found.name.endswith(".__main__"):
            importlib.import_module(found.name)
            print(found.name)
"""
    done = python(code)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.split()
    assert {"kiosk.session.service", "kiosk.ui.app", "signing.service", "kiosk.commands.demo"} <= set(imported)


@pytest.mark.parametrize(
    "command",
    [
        ("demo", "--headless"),
        ("card", "simulate"),
        ("registry", "serve"),
        ("registry", "enrol", "kiosk-1"),
    ],
)
def test_a_command_that_needs_them_names_the_package(command: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED + "from kiosk.cli import main; main()", *command],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert done.stderr.startswith("error E-KIOSK-PART-MISSING: the simulators are not installed")
    assert "shubbak-simulators" in done.stderr
    assert not list(tmp_path.iterdir())


def test_another_module_that_is_missing_is_not_called_a_simulator() -> None:
    done = python(
        """
ABSENT = (*ABSENT, "kiosk.commands.verify")
from kiosk.cli import main
main()
""",
        "verify",
        "x",
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error E-KIOSK-UNEXPECTED")


@pytest.mark.parametrize("command", [("--help",), ("documents", "list"), ("config", "docs"), ("card", "--help")])
def test_the_kiosks_own_commands_work(command: tuple[str, ...]) -> None:
    done = python("from kiosk.cli import main; main()", *command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_package_of_the_simulators_has_just_these_modules(repository: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); import parts; print(*parts.SIMULATORS)"
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", code, repository / "debian"], capture_output=True, text=True, check=True
    )
    ours = {name.removesuffix(".py").replace("/", ".") for name in done.stdout.split() if "/" in name}
    assert ours == set(SIMULATORS)
