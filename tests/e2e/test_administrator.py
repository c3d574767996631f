"""The administrator's guide, run: each block of commands in order, at a terminal, against a kiosk that stands."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.guide import Block, blocks, does_what_it_says, walk

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def walked(repository: Path) -> Iterator[list[Block]]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder:
        found = blocks(repository / "docs" / "administrator.md")
        walk(found, Path(folder))
        yield found


def test_every_command_does_what_the_guide_says(walked: list[Block]) -> None:
    assert len(walked) > 10
    does_what_it_says(walked)


def test_no_passphrase_is_ever_shown(walked: list[Block]) -> None:
    assert "signed by amina" in "".join(block.said for block in walked)
    assert "the word of" not in "".join(block.said for block in walked)
