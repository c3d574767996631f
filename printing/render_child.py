"""The render child: a warm Typst compiler at the other end of a pipe. Started by `render`, as a script.

It knows nothing of acts or towns. A frame is four bytes of length (big-endian), then that many bytes.

    child  → {"ready": true, "isolated": true|false}
    parent → {"root", "fonts", "main", "inputs", "format": "pdf"|"png", "ppi", "timestamp", "deadline"}
    child  → {"parts": n} and n frames of bytes        or {"fault": …, "where": "file:line:column"}

A template may be wrong or hostile, so before Typst is even loaded the child gives up the network (a
namespace of its own, unless it was started without the right to any internet socket), its memory beyond a
bound, and writing files. Typst itself reads nothing above `root`. Compiling cannot be interrupted from
inside: the parent kills the child at its deadline, and an alarm ends it a little later should the parent be
gone by then.

Standard library and typst only: the less is loaded here, the sooner a fresh child stands ready.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import socket
import struct
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typst

MEMORY_BYTES = 1 << 30
MAX_FRAME = 32 << 20
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS = 38
_NO_PACKAGES = "/proc/self/none"
"""A place where nothing is and nothing can be made: there are no Typst packages here."""
_WHERE = re.compile(r"┌─ \\*(?:[^\s:]*/)?([^\s/:]+:\d+:\d+)")
_HARMLESS = frozenset({"the", "for", "not", "path", "title", "document", "page"})
_QUOTED = re.compile(r"`[^`]*`|\"[^\"]*\"")


def give_up_rights() -> bool:
    """Bounds this process for good; True when it is also cut off from every network."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    own = any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))
    return own or not any(can_open(family) for family in (socket.AF_INET, socket.AF_INET6))


def can_open(family: socket.AddressFamily) -> bool:
    """Whether the system would let this process speak that kind of protocol at all (RestrictAddressFamilies=)."""
    try:
        socket.socket(family, socket.SOCK_DGRAM).close()
    except OSError:
        return False
    return True


class Press:
    """Compilers by template root, each kept warm with its fonts."""

    def __init__(self) -> None:
        self._compilers: dict[tuple[str, str], typst.Compiler] = {}

    def _compiler(self, root: str, fonts: str) -> typst.Compiler:
        import typst

        if (root, fonts) not in self._compilers:
            faces = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[fonts])
            self._compilers[root, fonts] = typst.Compiler(
                root=root, font_paths=faces, package_path=_NO_PACKAGES, package_cache_path=_NO_PACKAGES
            )
        return self._compilers[root, fonts]

    def set(self, order: dict[str, Any]) -> list[bytes] | dict[str, str]:
        """The page's bytes (one PDF, or a PNG for each page), or the fault in words without data."""
        import typst

        try:
            parts, warnings = self._compiler(order["root"], order["fonts"]).compile_with_warnings(
                input=order["main"],
                format=order["format"],
                ppi=order["ppi"],
                sys_inputs=order["inputs"],
                pdf_standards=["a-3a", "ua-1"] if order["format"] == "pdf" else [],
                timestamp=order["timestamp"],
            )
        except typst.TypstError as error:
            return fault(error.message, error.diagnostic, order["inputs"])
        for warning in warnings:
            if "unknown font family" in warning.message:
                return fault(warning.message, warning.diagnostic, order["inputs"])
        return [part for part in (parts if isinstance(parts, list) else [parts]) if part]


def fault(message: str, diagnostic: str, inputs: dict[str, str]) -> dict[str, str]:
    """What Typst said, without what it quotes, and without a word that stands on the page: it may be a name."""
    if "could not be displayed with font" in message:
        kind = "glyph"
    elif "unknown font family" in message:
        kind = "font"
    else:
        kind = "template"
    place = _WHERE.search(diagnostic)
    return {"fault": kind, "said": _said(kind, message, inputs), "where": place[1] if place else ""}


def _said(kind: str, message: str, inputs: dict[str, str]) -> str:
    if kind == "glyph":
        return "a letter of the act is in none of the page's fonts"
    if "package" in message:
        return "packages are not available to templates"
    said = _QUOTED.sub("…", message).split("(")[0].strip()[:160]
    page = " ".join(inputs.values())
    if any(word in page for word in re.findall(r"\w{3,}", said) if word not in _HARMLESS):
        return "the compiler's words are withheld, for they repeat the page's"
    return said


def read_exactly(size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = os.read(0, size - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_frame() -> bytes:
    (size,) = struct.unpack(">I", read_exactly(4))
    if size > MAX_FRAME:
        raise EOFError
    return read_exactly(size)


def write_frame(data: bytes) -> None:
    rest = memoryview(struct.pack(">I", len(data)) + data)
    while rest:
        rest = rest[os.write(1, rest) :]


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    isolated = give_up_rights()
    press = Press()
    import typst  # noqa: F401  (loaded before the first page, after rights are given up)

    write_frame(json.dumps({"ready": True, "isolated": isolated}).encode())
    while True:
        try:
            order = json.loads(read_frame())
        except EOFError:
            return 0
        signal.setitimer(signal.ITIMER_REAL, order["deadline"] + 1.0)
        answer = press.set(order)
        signal.setitimer(signal.ITIMER_REAL, 0)
        if isinstance(answer, dict):
            write_frame(json.dumps(answer).encode())
        else:
            write_frame(json.dumps({"parts": len(answer)}).encode())
            for part in answer:
                write_frame(part)


if __name__ == "__main__":
    sys.exit(main())
