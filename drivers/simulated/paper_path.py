"""The simulated laser's paper path: what ippeveprinter runs for each document it was sent.

    paper_path.py FOLDER DOCUMENT      (PDF or PWG raster)

A sheet is asked of the tray for every page, and only a page that got its sheet becomes a picture in
FOLDER/paper, named NNN-p.png: the job's place in print order, and the page. The printer is told by lines on
standard error (ippeveprinter(1), "COMMAND OUTPUT"). Leaving with an error aborts the job. A document that
came out whole is kept as FOLDER/documents/NNN.pdf (or .pwg): demonstrations and tests compare it with its pictures.
Standard library only, and no import of ours: it runs isolated, a fresh interpreter for each job.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

DOTS_PER_INCH = 203
LOOK_AGAIN = 0.05
"""Seconds between two looks at an empty tray."""


def main(folder: Path, document: Path) -> int:
    try:
        return _print(folder, document)
    finally:
        document.unlink(missing_ok=True)  # a document stays in the printer no longer than its job


def _print(folder: Path, document: Path) -> int:
    kind = "pwg" if _is_raster(document) else "pdf"
    pages = _decode(document) if kind == "pwg" else _pages(document)
    tell(f"ATTR: job-impressions={pages}")
    tell("STATE: -media-jam-error")  # whatever was stuck has been pulled out, or this page shows it
    number = _next_number(folder / "paper")
    for page in range(1, pages + 1):
        picture = _decoded(document, page) if kind == "pwg" else _draw(document, page)
        sheet = _sheet(folder)
        if sheet == "jam":
            tell("STATE: +media-jam-error")
            return 1
        if sheet == "cancelled":
            picture.unlink()
            return 0
        picture.rename(folder / "paper" / f"{number:03}-{page}.png")
        if page == pages:
            document.rename(folder / "documents" / f"{number:03}.{kind}")
        tell(f"ATTR: job-impressions-completed={page}")
    return 0


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is how ippeveprinter is spoken to


def _is_raster(document: Path) -> bool:
    with document.open("rb") as file:
        return file.read(4) == b"RaS2"


def _decode(document: Path) -> int:
    """Every page of a raster as a picture in the spool, at the raster's own resolution; gives their number."""
    decoder = Path(__file__).with_name("pwg_decoder.py")
    words: list[str | Path] = [sys.executable, "-I", "-S", decoder, document, document.with_name(document.stem[:20])]
    subprocess.run(words, check=True, capture_output=True)
    return len(list(document.parent.glob(f"{document.stem[:20]}-*.png")))


def _decoded(document: Path, page: int) -> Path:
    return document.with_name(f"{document.stem[:20]}-{page}.png")


def _pages(document: Path) -> int:
    found = subprocess.run(["pdfinfo", document], capture_output=True, text=True, check=True)
    count = re.search(r"^Pages:\s+(\d+)$", found.stdout, re.MULTILINE)
    if count is None or count[1] == "0":
        raise ValueError("no pages")
    return int(count[1])


def _draw(document: Path, page: int) -> Path:
    """The page as the drum has it, in grey; not on paper yet."""
    stem = document.with_name(f"{document.stem[:20]}.{page}")
    options = ["-r", str(DOTS_PER_INCH), "-png", "-gray", "-singlefile", "-f", str(page), "-l", str(page)]
    subprocess.run(["pdftoppm", *options, document, stem], check=True, capture_output=True)
    return stem.with_name(stem.name + ".png")


def _next_number(paper: Path) -> int:
    return max((int(p.name.split("-")[0]) for p in paper.glob("[0-9]*-*.png")), default=0) + 1


def _sheet(folder: Path) -> str:
    """`sheet`, `jam`, or `cancelled`; waits for as long as the tray is empty or the cover open."""
    source = re.search(r"media-source=([\w.-]+)", os.environ.get("IPP_MEDIA_COL", ""))
    while not _cancelled():
        answer = str(ask(folder, {"do": "feed", "tray": source[1] if source else ""})["fed"])
        if answer not in ("empty", "cover"):
            return answer
        time.sleep(LOOK_AGAIN)
    return "cancelled"


def ask(folder: Path, request: dict[str, object]) -> dict[str, object]:
    """One question to the process that keeps the tray."""
    directory = os.open(folder, os.O_PATH)
    try:
        with socket.socket(socket.AF_UNIX) as s:
            # Through the directory's descriptor, because the path of a Unix socket has at most 107 bytes.
            s.connect(f"/proc/self/fd/{directory}/control.sock")
            s.sendall(json.dumps(request).encode() + b"\n")
            with s.makefile("rb") as lines:
                answer = json.loads(lines.readline())
    finally:
        os.close(directory)
    if not isinstance(answer, dict):
        raise TypeError("no answer")
    return answer


def _cancelled() -> bool:
    """ippeveprinter marks a cancelled job but lets its command run on: so ask whether we should."""
    printer = os.environ["IPP_JOB_PRINTER_URI"]
    attributes = b"\x01" + b"".join(
        struct.pack(">BH", tag, len(name)) + name + struct.pack(">H", len(value)) + value
        for tag, name, value in (
            (0x47, b"attributes-charset", b"utf-8"),
            (0x48, b"attributes-natural-language", b"en"),
            (0x45, b"printer-uri", printer.encode()),
            (0x21, b"job-id", struct.pack(">i", int(os.environ["IPP_JOB_ID"]))),
            (0x44, b"requested-attributes", b"job-state-reasons"),
        )
    )
    connection = http.client.HTTPConnection("localhost", int(os.environ["BEHIND_THE_FRONT"]), timeout=5)
    get_job_attributes = struct.pack(">BBHi", 2, 0, 0x0009, 1) + attributes + b"\x03"
    connection.request("POST", "/ipp/print", get_job_attributes, {"Content-Type": "application/ipp"})
    answer = connection.getresponse().read()
    connection.close()
    return b"processing-to-stop-point" in answer


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
