"""The appliance's tests: packages built here, installed into a Debian root, booted with systemd."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.appliance import roots
from tests.appliance.machine import Machine

Boot = Callable[..., Machine]
Packages = dict[str, Path]


@pytest.fixture(scope="session")
def packages(repository: Path) -> Packages:
    """Name → .deb, of this checkout as it is now. Skips where no Debian root can be made."""
    if (reason := roots.missing()) is not None:
        pytest.skip(reason)
    done = subprocess.run([repository / "debian/build.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return {file.name.split("_")[0]: file for file in (repository / "build").glob("*.deb")}


@pytest.fixture(scope="session")
def ready(packages: Packages) -> Path:
    """A Debian root with all that our packages depend on, and none of them."""
    fields = [
        subprocess.run(["dpkg-deb", "-f", file, "Depends"], capture_output=True, text=True, check=True).stdout
        for file in packages.values()
    ]
    return roots.ready(fields)


@pytest.fixture
def boot(packages: Packages, ready: Path, tmp_path: Path) -> Iterator[Boot]:
    """`boot("shubbak", "shubbak-simulators", files={path: text})` gives a running Machine that has them.

    `files`, where a Path is a file to copy, lie there before it boots. It is powered off when the test ends.
    """
    with ExitStack() as running:

        def start(*names: str, files: Mapping[str, str | Path] | None = None) -> Machine:
            layers = [roots.installed(ready, [packages[name] for name in names]), ready] if names else [ready]
            folder = tmp_path / f"machine-{len(list(tmp_path.glob('machine-*'))) + 1}"
            folder.mkdir()
            return running.enter_context(Machine(layers, folder, files))

        yield start
