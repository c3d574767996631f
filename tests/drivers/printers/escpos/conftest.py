"""The simulated ticket printer, one for the tests of a file, on TCP and on a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drivers.printers.escpos import talk, thermal
from drivers.simulated.thermal import VirtualThermal
from tests.drivers.printers.escpos.on_paper import make_well


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line on which nothing moves is given up soon, and a strip that hangs is tried to be cut off often."""
    monkeypatch.setattr(talk, "PATIENCE", 0.6)
    monkeypatch.setattr(thermal, "PATIENCE", 0.6)
    monkeypatch.setattr(thermal, "_AGAIN_S", 0.05)


@pytest.fixture(scope="module", params=["tcp", "pty"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VirtualThermal]:
    with VirtualThermal(tmp_path_factory.mktemp("thermal"), request.param) as printer:
        yield printer


@pytest.fixture
def device(shared: VirtualThermal, quick: None) -> VirtualThermal:
    """A printer in order, its paper at its end put away."""
    make_well(shared)
    shared.control.paper_in()
    shared.control.tear()
    for strip in shared.paper.glob("*.png"):
        strip.unlink()
    return shared
