"""An administrator's passphrase: typed on the terminal, or one line of a file. Never an argument.

    passphrases = Passphrases([Path("amina.pass"), Path("-")])
    passphrases.chosen("amina")      # a new one: on the terminal it is asked twice
    passphrases.known("amina")       # the one her key has

Files are used up in order, one a call; `-` is the next line of standard input.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
from pathlib import Path

from kiosk.fleet.errors import PassphraseUnusable

_MAX_BYTES = 1024


class Passphrases:
    """Raises PassphraseUnusable wherever none can be had."""

    def __init__(self, files: list[Path]) -> None:
        self._files = list(files)
        self._from_files = bool(files)

    def known(self, administrator: str) -> str:
        if self._from_files:
            return self._next_file(administrator)
        return _asked(f"Passphrase of {administrator}: ")

    def chosen(self, administrator: str) -> str:
        if self._from_files:
            return self._next_file(administrator)
        passphrase = _asked(f"New passphrase of {administrator}: ")
        if _asked(f"The same again, {administrator}: ") != passphrase:
            raise PassphraseUnusable(f"the two passphrases of {administrator} differ")
        return passphrase

    def _next_file(self, administrator: str) -> str:
        if not self._files:
            raise PassphraseUnusable(f"no --passphrase-file is left for {administrator}")
        return _line(self._files.pop(0))


def _asked(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise PassphraseUnusable("there is no terminal to ask at")
    return getpass.getpass(prompt, stream=sys.stderr)


def _line(file: Path) -> str:
    try:
        if file == Path("-"):
            raw = sys.stdin.buffer.readline(_MAX_BYTES + 1)
        else:
            with file.open("rb") as opened:
                if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                    raise PassphraseUnusable(f"{file} may be read by others: give it mode 0600")
                raw = opened.read(_MAX_BYTES + 1)
        text = raw.decode().removesuffix("\n").removesuffix("\r")
    except OSError as error:
        raise PassphraseUnusable(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PassphraseUnusable(f"{file} holds something that is no passphrase") from None
    if not text or len(raw) > _MAX_BYTES or "\n" in text:
        raise PassphraseUnusable(f"{file} does not hold one line with a passphrase")
    return text
