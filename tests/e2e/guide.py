"""A guide, run: each block of commands in order, at a terminal, and what it promises that they say."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.M | re.S)
_ASKED = re.compile(r"(?:passphrase of|The same again,) (\w+): $", re.I)
_END = re.compile(r"^@@ (\d+) (\d+)$", re.M)


@dataclass
class Block:
    """Commands, and what the guide says they answer: lines with … for what changes from day to day."""

    commands: str
    promised: str = ""
    status: int = -1
    said: str = ""


def blocks(page: Path) -> list[Block]:
    found: list[Block] = []
    for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind == "sh":
            found.append(Block(text))
        else:
            assert not found[-1].promised, "two answers to one block"
            found[-1].promised = text
    return found


def walk(found: list[Block], folder: Path) -> None:
    """One shell for all of it; questions for a passphrase are answered as each administrator would."""
    with socket.create_server(("localhost", 0)) as taken:
        port = str(taken.getsockname()[1])
    script = folder / "walk.sh"
    parts = [f"{block.commands}echo '@@ {n}' $?\n" for n, block in enumerate(found)]
    script.write_text("".join(parts).replace("8000", port), encoding="utf-8")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        os.execvp("bash", ["bash", "--norc", str(script)])
    shown = b""
    try:
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # the shell has ended
                break
            shown += piece
            if asked := _ASKED.search(shown.decode(errors="replace")):
                os.write(terminal, f"the word of {asked[1]}\n".encode())
    finally:
        os.kill(child, signal.SIGHUP)
        os.close(terminal)
        os.waitpid(child, 0)
    begin, text = 0, shown.decode().replace("\r\n", "\n")
    for end in _END.finditer(text):
        block = found[int(end[1])]
        block.status, block.said = int(end[2]), text[begin : end.start()]
        begin = end.end()


def does_what_it_says(walked: list[Block]) -> None:
    """Each block's commands end well (unless the guide shows an error) and say every promised line, in order."""
    for block in walked:
        told = f"{block.commands}\n--- said:\n{block.said}"
        fails = any(line.startswith("error E-") for line in block.promised.splitlines())
        assert (block.status != 0) == fails, told
        rest = block.said.splitlines()
        for line in block.promised.splitlines():
            wanted = re.compile(".*".join(map(re.escape, line.split("…"))))
            found = next((n for n, one in enumerate(rest) if wanted.fullmatch(one)), None)
            assert found is not None, f"not said: {line}\n{told}"
            rest = rest[found + 1 :]
