"""The technician's guide, run: each part broken in turn, and named, in the guide's own commands."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.e2e.guide import blocks, does_what_it_says, walk


@pytest.mark.slow
def test_every_command_does_what_the_guide_says(repository: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder:
        found = blocks(repository / "docs" / "technician.md")
        walk(found, Path(folder))
    assert len(found) == 5
    does_what_it_says(found)
