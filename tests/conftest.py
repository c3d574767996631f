"""What every test may ask for."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from drivers.simulated.reader import VirtualReader

UseReader = Callable[[VirtualReader], None]

# No verdict hangs on how fast the machine is; CI tries the same examples each time, a developer new ones.
hypothesis_settings.register_profile(
    "shubbak", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
hypothesis_settings.load_profile("shubbak")


class ByFile(LoadScopeScheduling):
    """Shares tests out among processes: a file stays in one, and so does the appliance: there is one to boot."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return str(file.parent if file.parent.name == "appliance" else file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Ours, since `--dist loadgroup` of pytest-xdist 3.8 groups nothing under pytest 9.2."""
    return ByFile(config, log)


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
