from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.registry.small_card import Country
from tests.registry.town import Town


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def country() -> Country:
    return Country("DZ")


@pytest.fixture
def town(tmp_path: Path, country: Country) -> Iterator[Town]:
    running = Town(tmp_path / "registry", country)
    yield running
    running.stop()
