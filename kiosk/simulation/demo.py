"""The demonstration: a town hall, a kiosk, and (headless) a citizen who walks one whole visit.

What it leaves in its folder: `screens/NN-NAME.png`, `documents/REFERENCE.pdf`, `paper/*.png`,
`visit.json`, `ledger.json`, `trust/` (what a verifier needs). A ticket printer is sent dots, so of tickets there
is no PDF: what vouches for them is the seal on the paper.
"""

from __future__ import annotations

import json
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console

from kiosk.issuance.ledger import Ledger
from kiosk.simulation.citizen_script import Script, citizen_script
from kiosk.simulation.control import ControlSocket
from kiosk.simulation.deeds import PERSONA, deeds, killings
from kiosk.simulation.townhall import Printers, TownHall
from kiosk.simulation.visit_record import visit_of
from registry.errors import NotFound
from signing.trust import TrustFolder
from signing.verify import verify

_LEFT = ("screens", "documents", "paper", "trust", "logs", "visit.json", "ledger.json")
VISIT_S = 120
STATUS_LIST = "dz-1"
RESTART_S = 0.5
"""As the units' RestartSec."""

console = Console(stderr=True, highlight=False)


def run_headless(output: Path, language: str, printer: str, seed: int) -> int:
    """One scripted visit; returns 0 only if the paper came out and its signature holds."""
    _clear(output)
    signal.signal(signal.SIGTERM, _end)
    with _folder(output) as folder:
        say("Opening the virtual town hall: card reader, registry, token, printers")
        with (
            TownHall(folder, seed=seed, printers=_preferring(printer)) as hall,
            ControlSocket(folder / "control.sock", deeds(hall)),
        ):
            say("Starting the kiosk: signer, session, screen")
            hall.start("signer", "session")
            walked = _citizen(hall, output, language)
            hall.stop("session")
            visit = _collect(hall, output)
    return _report(output, visit, walked)


def run_windowed(output: Path, printer: str, seed: int) -> int:
    """The kiosk's window and the dock, until the window is closed."""
    _clear(output)
    signal.signal(signal.SIGTERM, _end)
    with (
        _folder(output) as folder,
        TownHall(folder, seed=seed, printers=_preferring(printer)) as hall,
        ControlSocket(folder / "control.sock", deeds(hall) | killings(hall)) as control,
    ):
        hall.start("signer", "session")
        card = hall.cards[PERSONA]
        note = f"{PERSONA.capitalize()}: card number (CAN) {card.can}, PIN {card.pin}"
        say(note)
        command = [sys.executable, "-I", "-m", "kiosk.simulation.dock", "--control", str(control.path), "--note", note]
        dock = subprocess.Popen(command)
        hall.start("screen", windowed=True)
        _attend(hall)
        dock.terminate()
        dock.wait()
        hall.stop("session")
        _collect(hall, output)
    say(f"Signed documents, papers and the ledger are in {output}")
    return 0


def _preferring(printer: str) -> Printers:
    """Both are there, and this one is asked first."""
    return ("laser", "thermal") if printer == "laser" else ("thermal", "laser")


def _attend(hall: TownHall) -> None:
    """Until the window is closed. What is killed in the meantime comes back, as its unit would bring it back."""
    while hall.child("screen").process.poll() in (None, -signal.SIGKILL):
        time.sleep(RESTART_S)
        hall.revive()


@contextmanager
def _folder(output: Path) -> Iterator[Path]:
    """A folder with a short name for keys, state and sockets; only its logs are kept, however it ends."""
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder:
        try:
            yield Path(folder)
        finally:
            (output / "logs").mkdir(exist_ok=True)
            for log in Path(folder).rglob("*.log"):
                shutil.copy(log, output / "logs")


def _end(number: int, frame: object) -> NoReturn:
    """SIGTERM ends the town hall in order, as Ctrl-C does."""
    raise KeyboardInterrupt


def say(words: str) -> None:
    console.print(f"[bold]==>[/] {words}")


def script(hall: TownHall, persona: str, language: str) -> Script:
    """What the citizen does at each screen: `kiosk.simulation.citizen` says how the steps read."""
    card = hall.cards[persona]
    return citizen_script(language=language, can=card.can, pin=card.pin, document="birth-extract")


def _citizen(hall: TownHall, output: Path, language: str) -> int:
    file = hall.folder / "citizen.json"
    file.write_text(json.dumps(script(hall, PERSONA, language)))
    say(f"{PERSONA.capitalize()} comes in: card, number, PIN, choice, preview, paper")
    command = [sys.executable, "-I", "-m", "kiosk.simulation.citizen"]
    sockets = ["--socket", str(hall.folder / "session.sock"), "--control", str(hall.folder / "control.sock")]
    task = ["--screens", str(output / "screens"), "--script", str(file), "--until", "goodbye"]
    return subprocess.run([*command, *sockets, *task], timeout=VISIT_S, check=False).returncode


def _clear(output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    for name in _LEFT:
        path = output / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _collect(hall: TownHall, output: Path) -> dict[str, Any]:
    with Ledger.view(hall.folder / "state" / "ledger.sqlite") as ledger:
        exported = ledger.export(ssl.PEM_cert_to_DER_cert(hall.registry.device_certificate.read_text()))
    visit = visit_of(exported, hall.folder / "session.log")
    _write(output / "ledger.json", exported)
    _write(output / "visit.json", visit)
    _take_papers(hall, output / "paper")
    shutil.copytree(hall.folder / "trust", output / "trust")
    (output / "trust" / "status").mkdir(exist_ok=True)
    hall.registry.fault("up")  # the dock may have cut it
    with suppress(NotFound):  # nothing was granted, so there is no list
        (output / "trust" / "status" / f"{STATUS_LIST}.jws").write_text(hall.registry.status_list(STATUS_LIST))
    (output / "documents").mkdir()
    believed = TrustFolder.load(output / "trust")
    for number, document in enumerate(hall.printer.documents(), 1):
        claims = verify(document, believed).claims  # none of a document that was voided
        (output / "documents" / f"{claims.reference if claims else f'{number:03}'}.pdf").write_bytes(document)
    return visit


def _take_papers(hall: TownHall, papers: Path) -> None:
    """Every sheet and every strip that came out, and what still hangs from the ticket printer."""
    hall.thermal.control.status()
    shutil.copytree(hall.printer.paper, papers)
    for strip in hall.thermal.paper.glob("*.png"):
        shutil.copy(strip, papers / f"ticket-{strip.name}")


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _report(output: Path, visit: dict[str, Any], walked: int) -> int:
    trust = TrustFolder.load(output / "trust")
    documents = sorted((output / "documents").glob("*.pdf"))
    verdicts = [verify(document.read_bytes(), trust) for document in documents]
    on_paper = _references_on(output / "paper", trust)
    printed = [document["reference"] for document in visit["documents"] if document["outcome"] == "printed"]
    good = walked == 0 and visit["outcome"] == "printed" and on_paper == printed and all(v.valid for v in verdicts)
    for document, verdict in zip(documents, verdicts, strict=True):
        say(f"{document.relative_to(output)}: {verdict.verdict}, {verdict.level}, signed by {verdict.signer}")
    say(f"The visit ended: {visit['outcome']}")
    screens = len(list((output / "screens").glob("*.png")))
    say(
        f"{screens} screens in {output / 'screens'}, on paper in {output / 'paper'}: {', '.join(on_paper) or 'nothing'}"
    )
    return 0 if good else 1


def _references_on(papers: Path, trust: TrustFolder) -> list[str]:
    """The documents on paper whose seals hold, one for each time they are there."""
    verdicts = [verify(paper.read_bytes(), trust) for paper in sorted(papers.glob("*.png"))]
    return [verdict.claims.reference for verdict in verdicts if verdict.claims is not None]
