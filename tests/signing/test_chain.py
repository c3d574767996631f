"""The signer's record: what it survives, and what it does not let pass."""

from __future__ import annotations

import errno
import os
import resource
import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.chain import FILE_NAME, GENESIS, HashChain, parse
from signing.errors import ChainBroken, ChainBusy, ChainUnwritable


def fill(folder: Path, count: int) -> list[str]:
    chain = HashChain.open(folder)
    grants = [secrets.token_hex(16) for _ in range(count)]
    for number, grant in enumerate(grants):
        chain.append(at=number, grant_id=grant, reference=f"DZ-2026-1601-{number:07}", document_sha256="ab" * 32)
    chain.close()
    return grants


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("chain")
    fill(folder, 4)
    return (folder / FILE_NAME).read_bytes()


def test_a_grant_stays_used_over_a_restart(tmp_path: Path) -> None:
    grants = fill(tmp_path, 3)
    chain = HashChain.open(tmp_path)
    assert chain.count == 3
    assert all(chain.used(grant) for grant in grants)
    assert not chain.used("0" * 32)
    chain.close()


def test_an_empty_chain_begins_at_the_genesis(tmp_path: Path) -> None:
    chain = HashChain.open(tmp_path / "new")
    assert (chain.count, chain.head) == (0, GENESIS)
    chain.close()


def test_only_one_signer_holds_the_chain(tmp_path: Path) -> None:
    chain = HashChain.open(tmp_path)
    with pytest.raises(ChainBusy):
        HashChain.open(tmp_path)
    chain.close()
    HashChain.open(tmp_path).close()


@pytest.mark.slow
def test_a_chain_cut_anywhere_opens_with_its_whole_lines_and_goes_on(written: bytes, tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    for length in range(len(written) + 1):
        file.write_bytes(written[:length])
        chain = HashChain.open(tmp_path)
        assert chain.count == written[:length].count(b"\n")
        chain.append(at=9, grant_id="f" * 32, reference="DZ-2026-1601-0000009", document_sha256="cd" * 32)
        chain.close()
        assert len(parse(file.read_bytes()).entries) == written[:length].count(b"\n") + 1


@given(data=st.data())
def test_no_changed_byte_of_a_whole_line_passes(written: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(written) - 2))
    changed = bytearray(written)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        record = parse(bytes(changed))
    except ChainBroken:
        return
    assert record.torn  # only a line end can go, and then the rest of the file is an unfinished line


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)))
def test_no_line_is_moved_removed_or_repeated(written: bytes, order: list[int], dropped: set[int]) -> None:
    lines = written.splitlines(keepends=True)
    kept = [number for number in order if number not in dropped]
    data = b"".join(lines[number] for number in kept)
    if kept == list(range(len(kept))):
        assert len(parse(data).entries) == len(kept)
    else:
        with pytest.raises(ChainBroken):
            parse(data)
    with pytest.raises(ChainBroken):
        parse(data + lines[0] + lines[0])


@given(st.binary(max_size=300))
def test_other_bytes_are_no_chain(data: bytes) -> None:
    if b"\n" in data:
        with pytest.raises(ChainBroken):
            parse(data)
    else:
        assert parse(data).torn == len(data)


def test_a_disk_that_takes_only_half_a_line_leaves_the_chain_as_it_was(tmp_path: Path) -> None:
    fill(tmp_path, 2)
    file = tmp_path / FILE_NAME
    before = file.read_bytes()

    def half_written() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 100, resource.RLIM_INFINITY))

    assert in_child(half_written, tmp_path) == ChainUnwritable.code
    assert file.read_bytes() == before


def in_child(prepare: Callable[[], None], folder: Path) -> str:
    """The code of the error that appending raises in a process of its own (limits are for good)."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        chain = HashChain.open(folder)
        prepare()
        try:
            chain.append(at=1, grant_id="e" * 32, reference="DZ-2026-1601-0000001", document_sha256="cd" * 32)
        except ChainUnwritable as error:
            os.write(write_end, error.code.encode())
        os._exit(0)
    os.close(write_end)
    said = os.read(read_end, 100).decode()
    os.close(read_end)
    assert os.waitpid(child, 0)[1] == 0
    return said


def test_a_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ChainUnwritable, match=os.strerror(errno.ENOTDIR) + "|" + os.strerror(errno.EEXIST)):
        HashChain.open(file)
