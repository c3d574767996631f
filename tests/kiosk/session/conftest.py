from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from config.schema import Printing
from kiosk.catalogue import log
from tests.kiosk.session.paper_town import Test, paper_town


@pytest.fixture
def in_town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a test in a town of its own."""
    log.configure(io.StringIO())

    def run(test: Test, printing: Printing | None = None) -> None:
        async def whole() -> None:
            async with paper_town(tmp_path, monkeypatch, printing) as town:
                await test(town)

        asyncio.run(asyncio.wait_for(whole(), 60))

    return run
