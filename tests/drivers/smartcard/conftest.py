from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from drivers.smartcard.apdu import CommandApdu, Exchange, ResponseApdu

VECTORS = Path(__file__).parent / "vectors" / "icao-9303-11.json"


@pytest.fixture(scope="session")
def vectors() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(VECTORS.read_text())
    return loaded


class Script:
    """A card that knows one conversation by heart: each command must be the expected one, byte for byte."""

    atr = b""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self.lines = [(bytes.fromhex(command), bytes.fromhex(answer)) for command, answer in lines]
        self.apdu_count = 0
        self.byte_count = 0
        self.resets = 0

    def transmit(self, command: bytes) -> bytes:
        expected, answer = self.lines[self.apdu_count]
        assert command.hex().upper() == expected.hex().upper()
        self.apdu_count += 1
        return answer

    def reset(self) -> None:
        self.resets += 1

    def close(self) -> None:
        assert self.apdu_count == len(self.lines), "the conversation ended early"


@pytest.fixture(scope="session")
def script() -> type[Script]:
    return Script


def _run(exchange: Exchange[Any], answer: Callable[[CommandApdu], ResponseApdu]) -> Any:
    try:
        command = next(exchange)
        while True:
            command = exchange.send(answer(command))
    except StopIteration as done:
        return done.value


@pytest.fixture(scope="session")
def run() -> Callable[[Exchange[Any], Callable[[CommandApdu], ResponseApdu]], Any]:
    """Carries an exchange to its end, each command answered by a function."""
    return _run


@pytest.fixture(scope="session")
def draw() -> Callable[..., Callable[[int], bytes]]:
    """Random numbers from a list: `draw("0102…", …)` gives each once, and checks the size asked for."""

    def source(*values: str) -> Callable[[int], bytes]:
        left = [bytes.fromhex(value) for value in values]

        def random(size: int) -> bytes:
            value = left.pop(0)
            assert len(value) == size
            return value

        return random

    return source
