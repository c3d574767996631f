"""Between visits the attract screen says what is missing, and opens again by itself when it is back.

Real parts go away and come back: pcscd and the signer are killed, the printer loses its paper and its plug,
the registry its line. Each change is awaited on the screen.
"""

import asyncio
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from kiosk.catalogue import log
from tests.e2e.attract import attract, run

pytestmark = pytest.mark.slow


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What no event tells, the slow tick finds: here it is a quick one."""
    monkeypatch.setattr("kiosk.session.runner.BETWEEN_S", 0.2)
    monkeypatch.setattr("kiosk.session.questions.REGISTRY_AGAIN_S", 0.2)


@pytest.fixture(autouse=True)
def said() -> io.StringIO:
    stream = io.StringIO()
    log.configure(stream)
    return stream


def pcscd_of(process: int) -> int:
    """The pcscd among this process' descendants."""
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        if Path(f"/proc/{child}/comm").read_text().strip() == "pcscd":
            return int(child)
        if found := pcscd_of(int(child)):
            return found
    return 0


def test_pcscd_killed_and_back(town: Any, said: io.StringIO) -> None:
    async def test() -> None:
        async with attract(town) as screen:
            await screen.open()
            os.kill(pcscd_of(town.hall.reader._process.pid), signal.SIGKILL)
            await screen.closed("E-READER-PCSC", "reader")
            await asyncio.to_thread(town.hall.hand.reader_down)
            await asyncio.to_thread(town.hall.hand.reader_up)
            await screen.open()

    run(test)
    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    told = [(line["event"], line["part"], line.get("code")) for line in lines if line["event"].endswith("available")]
    assert ("unavailable", "reader", "E-READER-PCSC") in told
    assert told[-1] == ("available", "reader", None)


def test_the_reader_of_the_settings_is_not_any_reader(town: Any) -> None:
    reader = town.settings.reader.model_copy(update={"name": "A reader that is elsewhere"})
    elsewhere = type(town)(town.hall)
    elsewhere.settings = town.settings.model_copy(update={"reader": reader})

    async def test() -> None:
        async with attract(elsewhere) as screen:
            await screen.closed("E-READER-NONE", "reader")

    run(test)


def test_the_signer_killed_and_back_is_noticed_at_once(town: Any) -> None:
    async def test() -> None:
        async with attract(town) as screen:
            await screen.open()
            town.hall.child("signer").kill()
            await screen.closed("E-SIGN-UNREACHABLE", "signer")
            screen.touch("start")
            town.hall.start("signer")  # not in a thread: it dies with the thread that started it
            await screen.open()
            screen.touch("start")
            await screen.until(lambda s: s.screen == "language")

    run(test)


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(
    ("away", "back", "code"),
    [("paper_out", "paper_in", "E-PRINTER-PAPER-OUT"), ("gone", "back", "E-PRINTER-UNREACHABLE")],
)
def test_the_printer_empty_or_away_and_back(town: Any, away: str, back: str, code: str) -> None:
    async def test() -> None:
        async with attract(town) as screen:
            await screen.open()
            try:
                await asyncio.to_thread(getattr(town.hall.printer, away))
                await screen.closed(code, "laser")
            finally:
                await asyncio.to_thread(getattr(town.hall.printer, back))
            await screen.open()

    run(test)


@pytest.mark.usefixtures("soon")
def test_the_registry_away_and_back(town: Any) -> None:
    async def test() -> None:
        async with attract(town) as screen:
            await screen.open()
            try:
                await asyncio.to_thread(town.hall.registry.fault, "down")
                await screen.closed("E-REGISTRY-UNREACHABLE", "registry")
            finally:
                await asyncio.to_thread(town.hall.registry.fault, "up")
            await screen.open()

    run(test)


def test_after_a_visit_the_next_citizen_is_told_what_this_one_met(town: Any) -> None:
    """The paper runs out while somebody is served: the visit is left alone, then the sign is there at once."""

    async def test() -> None:
        async with attract(town) as screen:
            await screen.open()
            screen.touch("start")
            await screen.until(lambda s: s.screen == "language")
            try:
                await asyncio.to_thread(town.hall.printer.paper_out)
                screen.touch("cancel")
                await screen.until(lambda s: s.screen == "goodbye")
                screen.touch("start")
                await screen.closed("E-PRINTER-PAPER-OUT", "laser")
            finally:
                await asyncio.to_thread(town.hall.printer.paper_in)
            await screen.open()

    run(test)


def test_a_printer_plugged_in_or_pulled_out_is_asked_at_once(town: Any, repository: Path) -> None:
    """Only the port tells: in this session nothing is asked by the clock."""
    assert shutil.which("umockdev-wrapper"), "this test needs umockdev: apt-get install umockdev"
    paths = os.pathsep.join([str(repository), str(repository / "tests" / "drivers")])
    with tempfile.TemporaryDirectory(prefix="usb-") as folder:
        process = subprocess.Popen(
            [
                "umockdev-wrapper",
                sys.executable,
                str(Path(__file__).with_name("session_with_usb.py")),
                str(town.hall.configuration),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": paths, "TMPDIR": folder},
        )

        def port(do: str, **more: object) -> None:
            assert process.stdin
            process.stdin.write(json.dumps({"do": do, "port": "1-1", **more}) + "\n")
            process.stdin.flush()

        def printer() -> str:
            """What the log says next of a printer at the port."""
            assert process.stderr
            said = (json.loads(line) for line in process.stderr)
            return next(word["state"] for word in said if (word["event"], word.get("part")) == ("device", "printer"))

        try:
            assert process.stdout
            assert process.stdout.readline() == "None\n"
            port("plug", classes=["07"], serial="P1")
            assert printer() == "arrived"
            town.hall.printer.gone()
            port("unplug")
            assert printer() == "left"
            assert process.stdout.readline() == "E-PRINTER-UNREACHABLE\n"
            town.hall.printer.back()
            port("plug", classes=["07"], serial="P1")
            assert printer() == "arrived"
            assert process.stdout.readline() == "None\n"
            process.communicate(timeout=30)
            assert process.returncode == 0
        finally:
            process.kill()
            process.communicate()
            town.hall.printer.back()
