from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from drivers.smartcard import Mrz, tlv
from drivers.smartcard.apdu import CommandApdu, Exchange, ResponseApdu
from drivers.smartcard.emrtd import bac
from drivers.smartcard.emrtd.files import AID, FileId
from drivers.smartcard.emrtd.keys import SessionKeys
from drivers.smartcard.emrtd.messaging import pad, unpad

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

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
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


# -- a chip in the test's own hand


@dataclass
class Temper:
    """How a chip leaves the easy path. `refuses` is given the bytes asked for and those left, and says with what
    status it refuses; `most` is what it gives at once without a word."""

    refuses: Callable[[int, int], int] = lambda asked, left: 0
    most: int = 65_536
    at_end: int = 0x9000
    short_identifiers: bool = True
    no_such_file: int = 0x6A82
    bare: bool = False
    counts_bare: int = 2
    bare_select: bool = False
    in_parts: int = 0


@dataclass
class Chip:
    """A channel to a chip that is opened by BAC, written out from ICAO 9303-11 §4.3 and §9.8; 3DES, short and
    extended forms. `stingy` says how much of what it is asked for it gives, with a warning. `ends` are the numbers of
    the protected commands before which it forgets its session; `commands` are what it has understood; `spoil` may
    change its protected answers."""

    contents: dict[FileId, bytes]
    temper: Temper = field(default_factory=Temper)
    mrz: Mrz = field(default_factory=lambda: Mrz("L898902C", dt.date(1969, 8, 6), dt.date(1994, 6, 23)))
    atr: bytes = b""
    ends: tuple[int, ...] = ()
    other: Callable[[CommandApdu], ResponseApdu] = lambda command: ResponseApdu(b"", 0x6D00)
    spoil: Callable[[bytes], bytes] = lambda answer: answer
    stingy: Callable[[int], int] = lambda asked: asked
    commands: list[CommandApdu] = field(default_factory=list)
    apdu_count: int = 0
    byte_count: int = 0
    resets: int = 0
    keys: SessionKeys | None = None
    counter: int = 0
    protected: int = 0
    selected: FileId | None = None
    application: bytes = b""
    held: bytes = b""
    rnd: bytes = b"\x46\x08\xf9\x19\x88\x70\x22\x12"

    def transmit(self, raw: bytes, meanwhile: object = None) -> bytes:
        self.apdu_count += 1
        command = self._decoded(raw)
        if command.ins == 0xC0:
            answer, self.held = self.held, b""
        elif command.cla & 0x0C:
            answer = self._protected(command)
        else:
            self.commands.append(command)
            answer = self._plain(command)
        part = self.temper.in_parts
        if part and len(answer) - 2 > part:
            self.held, answer = answer[part:], answer[:part] + bytes((0x61, min(len(answer) - 2 - part, 255)))
        assert len(answer) - 2 <= (command.le or 0), "the command has no room for so much"
        return answer

    def reset(self) -> None:
        self.resets += 1
        self.keys = self.selected = None
        self.application = b""

    def close(self) -> None: ...

    @staticmethod
    def _decoded(raw: bytes) -> CommandApdu:
        cla, ins, p1, p2, *_ = raw
        width, at = (2, 5) if len(raw) > 5 and raw[4] == 0 else (1, 4)
        rest = raw[at:]
        data, le = b"", None
        if len(rest) > width:
            size = int.from_bytes(rest[:width])
            data, rest = rest[width : width + size], rest[width + size :]
        if rest:
            le = int.from_bytes(rest) or 1 << 8 * width
        decoded = CommandApdu(cla, ins, p1, p2, data, le)
        assert decoded.encode() == raw
        return decoded

    def _plain(self, command: CommandApdu) -> bytes:
        if command.ins == 0xA4 and command.p1 == 4:
            self.application = command.data
            return b"\x90\x00" if command.data == AID else b"\x6a\x82"
        if command.ins == 0x84 and self.application:
            return self.rnd + b"\x90\x00"
        if command.ins == 0x82:
            return self._authenticated(command.data)
        if command.ins in (0xB0, 0xA4) and not self.application:
            answer = self._obey(command)
            return answer.data + answer.status.to_bytes(2)
        return b"\x69\x82"

    def _authenticated(self, data: bytes) -> bytes:
        access = bac.access_keys(self.mrz)
        if access.mac(pad(data[:32], 8)) != data[32:]:
            return b"\x63\x00"
        s = access.decrypt(b"", data[:32])
        assert s[8:16] == self.rnd
        k_ic = bytes(range(16))
        self.keys, self.counter = bac.session(s[16:], k_ic, s[:8], self.rnd)
        e_ic = access.encrypt(b"", self.rnd + s[:8] + k_ic)
        return e_ic + access.mac(pad(e_ic, 8)) + b"\x90\x00"

    def _protected(self, sealed: CommandApdu) -> bytes:
        self.protected += 1
        if self.protected in self.ends:
            self.keys = None
        command = self._opened(sealed) if self.keys is not None else None
        if command is None or self.keys is None:
            self.keys = None
            return b"\x69\x88"
        self.commands.append(command)
        answer = self._obey(command)
        bare = self.temper.bare and not answer.data and answer.status != 0x9000
        if bare or (self.temper.bare_select and command.ins == 0xA4):
            self.counter += self.temper.counts_bare - 1
            return answer.status.to_bytes(2)
        return self.spoil(self.sealed(answer, odd=bool(command.ins & 1)))

    def _opened(self, sealed: CommandApdu) -> CommandApdu | None:
        assert self.keys is not None
        self.counter += 1
        objects = {item.tag: item for item in tlv.parse(sealed.data)}
        body = b"".join(item.raw for tag, item in objects.items() if tag != 0x8E)
        signed = self.counter.to_bytes(8) + pad(sealed.header, 8) + (pad(body, 8) if body else b"")
        if self.keys.mac(signed) != objects[0x8E].value:
            return None
        data = b""
        if 0x87 in objects or 0x85 in objects:
            assert (0x85 in objects) == bool(sealed.ins & 1)
            hidden = objects[0x85].value if 0x85 in objects else objects[0x87].value[1:]
            data = unpad(self.keys.decrypt(b"", hidden))
        le = None
        if 0x97 in objects:
            le = int.from_bytes(objects[0x97].value) or 1 << 8 * len(objects[0x97].value)
        return CommandApdu(sealed.cla & 0xF0, sealed.ins, sealed.p1, sealed.p2, data, le)

    def sealed(self, answer: ResponseApdu, *, odd: bool = False) -> bytes:
        """Under the session's keys, the counter moved on."""
        assert self.keys is not None
        self.counter += 1
        ssc, body = self.counter.to_bytes(8), b""
        if answer.data:
            hidden = self.keys.encrypt(ssc, pad(answer.data, 8))
            body = tlv.encode(0x85, hidden) if odd else tlv.encode(0x87, b"\x01" + hidden)
        body += tlv.encode(0x99, answer.status.to_bytes(2))
        return body + tlv.encode(0x8E, self.keys.mac(pad(ssc + body, 8))) + answer.status.to_bytes(2)

    def _obey(self, command: CommandApdu) -> ResponseApdu:
        there = {
            file: content for file, content in self.contents.items() if file.in_application == bool(self.application)
        }
        if command.ins == 0xA4 and command.p1 == 2:
            self.selected = next((file for file in there if file.identifier == command.data), None)
            return ResponseApdu(b"", 0x9000 if self.selected else self.temper.no_such_file)
        if command.ins == 0xB0 and command.p1 & 0x80:
            if not self.temper.short_identifiers:
                return ResponseApdu(b"", 0x6A86)
            self.selected = next((file for file in there if file.short == command.p1 & 0x1F), None)
            return self._read(there, command.p2, command.le or 0)
        if command.ins == 0xB0:
            return self._read(there, command.p1 << 8 | command.p2, command.le or 0)
        if command.ins == 0xB1:
            assert (command.p1, command.p2) == (0, 0)
            at = int.from_bytes(tlv.single(command.data, 0x54).value)
            le = command.le or 0
            answer = self._read(there, at, le - (2 if le < 130 else 3 if le < 259 else 4))
            return ResponseApdu(tlv.encode(0x53, answer.data), answer.status) if answer.data else answer
        return self.other(command)

    def _read(self, there: dict[FileId, bytes], at: int, asked: int) -> ResponseApdu:
        content = there.get(self.selected) if self.selected else None
        if content is None:
            return ResponseApdu(b"", self.temper.no_such_file)
        left = len(content) - at
        status = self.temper.refuses(asked, left)
        if status:
            return ResponseApdu(b"", status)
        data = content[at : at + min(self.stingy(asked), self.temper.most)]
        less = len(data) < min(asked, left, self.temper.most)
        return ResponseApdu(data, 0x6282 if less else self.temper.at_end if len(data) == left < asked else 0x9000)


@pytest.fixture(scope="session")
def chip() -> type[Chip]:
    return Chip


@pytest.fixture(scope="session")
def temper() -> type[Temper]:
    return Temper
