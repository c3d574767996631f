"""What every test may ask for."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from drivers.simulated.reader import VirtualReader

UseReader = Callable[[VirtualReader], None]

# No verdict hangs on how fast the machine is; CI tries the same examples each time, a developer new ones.
hypothesis_settings.register_profile(
    "shubbak", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
hypothesis_settings.load_profile("shubbak")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where tests are shared out among processes: a file stays in one, and there is one machine to boot."""
    for item in items:
        folder = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group(folder if folder == "appliance" else str(item.path)))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout's root."""
    return Path(__file__).parent.parent


@pytest.fixture(scope="session")
def use_reader() -> Iterator[UseReader]:
    """Point this process' PC/SC at a virtual reader.

    libpcsclite reads the address of pcscd once in a process' life, so it is given a link, and the link moves.
    """
    with tempfile.TemporaryDirectory(prefix="pcsc-") as folder:
        link = Path(folder) / "pcscd.sock"

        def use(reader: VirtualReader) -> None:
            link.unlink(missing_ok=True)
            link.symlink_to(reader.environment["PCSCLITE_CSOCK_NAME"])
            os.environ["PCSCLITE_CSOCK_NAME"] = str(link)

        yield use
