"""A disk that loses what was not synced: rebuilt from the system calls of a process, cut at any of them.

What a cut keeps of a file is what was written before its last sync, and any of the 512-byte sectors written since;
of the folder, its changes up to its last sync, and the first few of those since.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SECTOR = 512
CALLS = "openat,pwrite64,write,fdatasync,fsync,rename,unlink,ftruncate"
STRACE = ["strace", "-f", "-y", "-xx", "-s", "100000", "-e", f"trace={CALLS}"]
_CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")
_ON = re.compile(r"^\d+<([^>]*)>, ?")


@dataclass
class Inode:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes]] = field(default_factory=list)
    """Sectors and parts of such, in order. A truncation is taken as done at once: what is cut off was never needed."""

    def write(self, at: int, data: bytes) -> None:
        while data:
            room = SECTOR - at % SECTOR
            self.pending.append((at, data[:room]))
            at, data = at + room, data[room:]

    def sync(self) -> None:
        self.durable, self.pending = self.after(self.pending), []

    def after(self, writes: list[tuple[int, bytes]]) -> bytearray:
        content = bytearray(self.durable)
        for at, data in writes:
            content.extend(bytes(max(0, at + len(data) - len(content))))
            content[at : at + len(data)] = data
        return content


class Disk:
    """One folder. `said` counts the lines the process wrote on its standard output."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._names: dict[str, Inode] = {}
        self._durable: dict[str, Inode] = {}
        self._changes: list[tuple[str, str, Inode | None]] = []
        self.said = 0

    def do(self, call: str, rest: str) -> bool:
        """One line of the trace; whether it changed anything here."""
        match call:
            case "rename":
                old, new = (self._name(text) for text in re.findall(r'"([^"]*)"', rest))
                if old and new:
                    self._change(new, self._names[old])
                    self._change(old, None)
                return bool(old)
            case "unlink":
                if name := self._name(rest.strip('"')):
                    self._change(name, None)
                return bool(name)
            case "openat":
                name = self._name(rest.split('"')[1])
                if name and "O_CREAT" in rest and name not in self._names:
                    self._change(name, Inode())
                return bool(name)
            case _:
                return self._on_open_file(call, rest)

    def _on_open_file(self, call: str, rest: str) -> bool:
        on = _ON.match(rest + ", ")
        path = _text(on[1]) if on else ""
        if call == "write" and rest.startswith("1<"):
            self.said += 1
        elif call in ("fsync", "fdatasync") and path == self._folder:
            self._durable, self._changes = dict(self._names), []
        elif (name := self._name(path, plain=True)) is None or name not in self._names:
            return False
        elif call == "pwrite64":
            data, at = re.fullmatch(r'\d+<[^>]*>, "([^"]*)", \d+, (\d+)', rest).groups()  # type: ignore[union-attr]
            self._names[name].write(int(at), bytes.fromhex(data.replace(r"\x", "")))
        elif call in ("fsync", "fdatasync"):
            self._names[name].sync()
        return True

    def cut(self, chance: random.Random, left: Path) -> None:
        """Put into the empty folder `left` what a power cut at this moment may leave."""
        names = dict(self._durable)
        for name, _, inode in self._changes[: chance.randint(0, len(self._changes))]:
            names.pop(name, None)
            if inode is not None:
                names[name] = inode
        for name, inode in names.items():
            some = [write for write in inode.pending if chance.random() < chance.choice((0.0, 0.5, 1.0))]
            (left / name).write_bytes(inode.after(some))

    def _change(self, name: str, inode: Inode | None) -> None:
        self._changes.append((name, "", inode))
        if inode is None:
            del self._names[name]
        else:
            self._names[name] = inode

    def _name(self, text: str, *, plain: bool = False) -> str | None:
        """The file's name in the folder; None for one elsewhere, and for SQLite's shared memory, which is no file."""
        path = Path(text if plain else _text(text))
        return path.name if str(path.parent) == self._folder and not path.name.endswith("-shm") else None


def _text(quoted: str) -> str:
    return str(ast.literal_eval(f'"{quoted}"'))


def replay(trace: str, folder: Path) -> Iterator[Disk]:
    """The disk after each call that changed it."""
    disk = Disk(folder)
    for line in trace.splitlines():
        if (found := _CALL.match(line)) and int(found[3]) >= 0 and disk.do(found[1], found[2]):
            yield disk
