"""Everything the fuzzer ever tried with profit, tried again: quick, and without the fuzzer."""

from __future__ import annotations

import pytest

from tests.fuzz.harness import CORPUS, GROUPS, all_harnesses, harnesses

MANY, LARGE = 60, 16 * 1024
"""Files of a harness, and bytes of one: a corpus is kept small."""


@pytest.mark.parametrize("group", GROUPS)
def test_what_was_found_stays_mended_what_is_good_is_taken_and_what_is_wrong_refused(group: str) -> None:
    for name, harness in harnesses(group).items():
        files = sorted(harness.corpus.iterdir())
        assert any(file.name.startswith(("good-", "wrong-", "whole-")) for file in files), name
        for file in files:
            try:
                taken = harness.run(file.read_bytes())
            except Exception as error:
                raise AssertionError(f"{name}: {file.name} brings out {type(error).__name__}") from error
            assert taken or not file.name.startswith("good-"), f"{name} refuses {file.name}"
            assert not taken or not file.name.startswith("wrong-"), f"{name} takes {file.name}"


def test_the_corpus_is_of_the_harnesses_and_small() -> None:
    known = all_harnesses()
    folders = {folder.name: list(folder.iterdir()) for folder in CORPUS.iterdir()}
    assert set(folders) == set(known)
    for name, files in folders.items():
        assert 0 < len(files) <= MANY, name
        assert all(file.stat().st_size <= LARGE for file in files), name


def test_a_harness_lets_nothing_but_its_own_errors_pass() -> None:
    planted = harnesses("planted")["planted"]
    assert planted.run(b"\x30") and not planted.run(b"x")
    with pytest.raises(KeyError):
        planted.run(b"\x30\x03\x02")
