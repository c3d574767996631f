"""A recorded card: a strict file, and the same words again, also over a real pcscd."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.simulated.errors import CardImageInvalid, HandRefused
from drivers.simulated.reader import VirtualReader
from drivers.simulated.recording import RecordedCard, Recording, is_recording

PAIRS = ((bytes.fromhex("00A4020C02011C"), b"\x90\x00"), (bytes.fromhex("00B0000004"), bytes.fromhex("318201B39000")))
OUT_OF_STEP = bytes.fromhex("6985")

commands = st.binary(min_size=4, max_size=40)
responses = st.binary(min_size=2, max_size=40)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "said.json"
    Recording(PAIRS).save(path)
    return path


@given(st.lists(st.tuples(commands, responses), min_size=1, max_size=20))
def test_what_is_written_is_read_again_and_said_in_order(pairs: list[tuple[bytes, bytes]]) -> None:
    recording = Recording.from_json(Recording(tuple(pairs)).to_json())
    assert recording.pairs == tuple(pairs)
    card = RecordedCard(recording)
    for _ in range(2):
        assert [card.process(command) for command, _ in pairs] == [response for _, response in pairs]
        card.reset()


def test_another_command_gets_no_recorded_answer_and_moves_nothing() -> None:
    card = RecordedCard(Recording(PAIRS))
    assert card.process(PAIRS[1][0]) == OUT_OF_STEP
    assert card.process(PAIRS[0][0]) == PAIRS[0][1]
    assert card.process(PAIRS[0][0]) == OUT_OF_STEP
    assert card.process(PAIRS[1][0]) == PAIRS[1][1]
    assert card.process(PAIRS[0][0]) == OUT_OF_STEP


@pytest.mark.parametrize(
    "content",
    [
        [],
        {},
        "9000",
        [["00B0000004"]],
        [["00B0000004", "9000", "9000"]],
        [["00B00000", None]],
        [["00 B0 00 00", "9000"]],
        [["00B0000", "9000"]],
        [["00B000", "9000"]],
        [["00B00000", "90"]],
        [["00B000zz", "9000"]],
        [["00B00000", "00" * 65_536]],
        [["00B00000", "9000"]] * 4097,
    ],
)
def test_what_is_no_recording_is_refused(content: Any) -> None:
    with pytest.raises(CardImageInvalid):
        Recording.from_json(json.dumps(content))


@given(st.text() | st.just("[" * 100_000))
def test_no_text_raises_anything_else(text: str) -> None:
    try:
        Recording.from_json(text)
    except CardImageInvalid:
        return


def test_a_file_too_large_or_not_there_is_refused(tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    large.write_text("[" + " " * 1_000_000 + '["00B00000", "9000"]]')
    for path in (large, tmp_path / "none.json"):
        with pytest.raises(CardImageInvalid):
            Recording.load(path)


def test_it_is_for_its_owner_only_and_known_by_its_beginning(file: Path, image_file: Path, tmp_path: Path) -> None:
    assert file.stat().st_mode & 0o777 == 0o600
    assert [is_recording(path) for path in (file, image_file, tmp_path / "none.json")] == [True, False, False]


def test_over_pcsc_it_says_what_was_recorded(tmp_path: Path, file: Path) -> None:
    asked = [{"do": "await", "present": True}, {"do": "connect"}]
    asked += [{"do": "apdu", "hex": command.hex()} for command, _ in (*PAIRS, PAIRS[0])]
    with VirtualReader(tmp_path / "reader") as reader:
        hand = reader.hand()
        with pytest.raises(HandRefused):
            hand.insert(file, fault="mute")
        hand.insert(file)
        assert hand.card() == file
        client = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("pcsc_client.py"))],
            input="\n".join(map(json.dumps, asked)),
            env={**os.environ, **reader.environment},
            capture_output=True,
            text=True,
            check=True,
        )
    answers = [json.loads(line) for line in client.stdout.splitlines()]
    said = [response.hex() for _, response in PAIRS]
    assert [answer["hex"] for answer in answers[2:]] == [*said, OUT_OF_STEP.hex()]
