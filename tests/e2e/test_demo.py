"""What a newcomer sees of `make demo`: exit 0, and the tree of papers, pictures and proofs it promises."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from kiosk.simulation.control import have_done
from kiosk.simulation.dock import BUTTONS

SCREENS = (
    "attract language card opening can opening reading pin reading choice preparing preview printing take-card printing"
    " take-paper goodbye"
)


EVIDENCE = {"laser": "ipp-completed", "thermal": "escpos-echo"}


@pytest.fixture(scope="module", params=["laser", pytest.param("thermal", marks=pytest.mark.slow)])
def printer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def left(printer: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one headless demonstration."""
    output = tmp_path_factory.mktemp("demo") / "out"
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    temporary = tmp_path_factory.mktemp("t")
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "demo", "--output", output, "--printer", printer],
        env={**environment, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ("valid, PAdES-B-B" in done.stderr) == (printer == "laser") and done.stdout == ""
    assert not list(temporary.iterdir()), "keys, state and sockets go with the demonstration"
    return output


def test_every_screen_of_the_visit_was_photographed(left: Path) -> None:
    pictures = sorted(file.name for file in (left / "screens").iterdir())
    assert pictures == [f"{n:02d}-{name}.png" for n, name in enumerate(SCREENS.split(), 1)]


def test_the_visit_and_the_ledger_agree(left: Path, printer: str) -> None:
    visit = json.loads((left / "visit.json").read_text())
    assert visit["outcome"] == "printed"
    (document,) = visit["documents"]
    assert document["type"] == "birth-extract" and document["evidence"] == EVIDENCE[printer] and document["pages"] == 1
    assert set(visit["timings_ms"]) == {"card", "registry", "seal_and_sign", "submit", "paper", "total"}
    steps = [entry["record"]["step"] for entry in json.loads((left / "ledger.json").read_text())["entries"]]
    assert steps[0] == "requested" and steps[-1] == "settled"
    documents = [document["reference"]] if printer == "laser" else []
    assert [file.stem for file in (left / "documents").iterdir()] == documents


def test_nothing_is_on_paper_but_the_document(left: Path, printer: str) -> None:
    """A ticket printer begins with a cut, so that nobody's strip hangs: a slip of white paper."""
    with_ink = [file.name for file in (left / "paper").iterdir() if _ink(file)]
    assert with_ink == ["001-1.png" if printer == "laser" else "ticket-002.png"]


def _ink(file: Path) -> bool:
    with Image.open(file) as picture:
        return picture.convert("L").getextrema()[0] == 0


@pytest.mark.parametrize(("what", "kind"), [("documents/*.pdf", "pdf"), ("paper/*.png", "seal")])
def test_the_verifier_agrees_with_nothing_but_the_trust_folder(left: Path, printer: str, what: str, kind: str) -> None:
    files = [file for file in left.glob(what) if kind == "pdf" or _ink(file)]
    assert len(files) == (1 if (printer, kind) != ("thermal", "pdf") else 0)
    for file in files:
        _verify(file, left, kind)


def _verify(file: Path, left: Path, kind: str) -> None:
    command = [sys.executable, "-m", "kiosk", "verify", file, "--trust", left / "trust", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["verdict"], verdict["kind"]) == (0, "valid", kind)
    assert verdict["document"]["type"] == "birth-extract"


def test_nothing_of_amina_is_in_the_logs_or_the_ledger(left: Path) -> None:
    for pdf in (left / "documents").glob("*.pdf"):
        said = subprocess.run(["pdftotext", pdf, "-"], capture_output=True, text=True, check=True).stdout
        assert "991986" in said and "Benyoucef" in said, "the canaries are alive"
    kept = [*(left / "logs").iterdir(), left / "ledger.json", left / "visit.json"]
    for file in kept:
        text = file.read_text(encoding="utf-8", errors="replace")
        assert not [c for c in ("991986", "Benyoucef", "Amina", "أمينة") if c in text], file.name


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Where a demonstration makes its town hall: sockets want a short path."""
    with tempfile.TemporaryDirectory(prefix="t-") as folder:
        yield Path(folder)


@pytest.mark.slow
def test_every_button_of_the_dock_is_done_and_what_was_killed_comes_back(tmp_path: Path, temporary: Path) -> None:
    output = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-m", "kiosk", "demo", "--output", output, "--printer", "thermal"],
        env=os.environ | {"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stderr is not None
        demo.stderr.readline()
        (control,) = temporary.glob("*/control.sock")
        before = {part: _process(demo.pid, part) for part in ("screen", "session", "signer")}
        for name, _ in BUTTONS:
            have_done(control, name)
        for part, pid in before.items():
            assert _process(demo.pid, part, besides=pid) != pid
        os.kill(_process(demo.pid, "screen"), signal.SIGTERM)
        said = demo.stderr.read()
    assert demo.returncode == 0, said
    assert not list(temporary.iterdir())


@pytest.mark.slow
def test_a_window_that_is_closed_before_anybody_came_ends_well(tmp_path: Path, temporary: Path) -> None:
    """Also while the registry is cut, as a visitor of the demonstration may leave it."""
    output = tmp_path / "out"
    shown = {"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen", "TMPDIR": str(temporary)}
    command = [sys.executable, "-m", "kiosk", "demo", "--output", output]
    with subprocess.Popen(command, env=os.environ | shown, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stderr is not None
        assert "card number (CAN)" in demo.stderr.readline(), "the town hall is open"
        (control,) = temporary.glob("*/control.sock")
        have_done(control, "registry_down")
        os.kill(_process(demo.pid, "screen"), signal.SIGTERM)
        said = demo.stderr.read()
    assert demo.returncode == 0, said
    assert json.loads((output / "ledger.json").read_text())["entries"] == []
    assert not list((output / "documents").iterdir()) and not list(temporary.iterdir())


def _process(demo: int, part: str, besides: int = 0) -> int:
    """The process of that part of the kiosk, as soon as there is one, or another one."""
    while True:
        for child in map(int, Path(f"/proc/{demo}/task/{demo}/children").read_text().split()):
            with suppress(FileNotFoundError):
                words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                if child != besides and part.encode() in words:
                    return child
