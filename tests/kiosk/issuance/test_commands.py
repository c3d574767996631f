"""`kiosk ledger` and `kiosk paper`, called as anybody calls them."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from issuance_town import Town, run_visit
from keeper_of_tests import CERTIFICATE, KEEPER, KEY, NEXT_CERTIFICATE

from kiosk.cli import main
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import Loaded, PaperRecord, StationName, paper_of
from kiosk.issuance.stock import Stock
from kiosk.session.control import ControlServer
from registry.client import RegistryClient
from registry.jws import TrustedKeys
from registry.models import Settlement
from registry.reference.keys import write_device
from registry.reference.serve import ReferenceRegistry


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


class Kiosk:
    """The command, called in this process as its entry point calls it."""

    def __init__(self, patch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._capture = capture

    def __call__(self, *words: str) -> Done:
        self._patch.setattr(sys, "argv", ["kiosk", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        told = self._capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, told.out, told.err)


@pytest.fixture
def kiosk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Kiosk:
    return Kiosk(monkeypatch, capsys)


@pytest.fixture
def config(folder: Path) -> Path:
    """A kiosk with the device key that the tests' ledgers are kept with."""
    (folder / "device").mkdir()
    (folder / "device/device.pem").write_bytes(CERTIFICATE.public_bytes(Encoding.PEM))
    (folder / "device/device.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "kiosk.toml").write_text(
        'profile = "demo"\n[kiosk]\nstate = "state"\n'
        '[registry]\ndevice_certificate = "device/device.pem"\ndevice_key = "device/device.key"\n'
        f'[session]\ncontrol = "{folder}/control.sock"\n'
    )
    return folder / "kiosk.toml"


@pytest.fixture
def issued(config: Path) -> Town:
    town = Town(config.parent)
    run_visit(town)
    run_visit(Town(config.parent, frozenset({"paper-out"})))
    return town


def test_the_command_is_there() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "ledger", "verify", "nowhere.json"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 3 and done.stderr.startswith("error E-LEDGER-MISSING: ")


def test_list(kiosk: Kiosk, issued: Town, config: Path) -> None:
    done = kiosk("ledger", "list", "--config", str(config))
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert "DZ-2026-1601-0000001  birth-extract  ar  printed  PRINTED" in first
    assert "DZ-2026-1601-0000002  birth-extract  ar  failed  VOIDED  E-" in second
    listed = json.loads(kiosk("ledger", "list", "--config", str(config), "--json").stdout)["documents"]
    assert [(d["outcome"], d["evidence"], d["pages"], d["settled_as"]) for d in listed] == [
        ("printed", "ipp-completed", 1, "PRINTED"),
        ("failed", "none", 0, "VOIDED"),
    ]


def test_verify(kiosk: Kiosk, issued: Town, config: Path) -> None:
    verdict = json.loads(kiosk("ledger", "verify", "--config", str(config), "--json").stdout)
    assert (verdict["valid"], verdict["entries"], verdict["open"], verdict["signed_up_to"]) == (True, 13, 0, 13)
    assert "13 entries, 0 grants open" in kiosk("ledger", "verify", "--config", str(config)).stdout
    with sqlite3.connect(issued.ledger_path) as connection:
        connection.execute("DROP TRIGGER entry_stays")
        connection.execute("UPDATE entry SET at = at + 1 WHERE seq = 2")
    connection.close()
    done = kiosk("ledger", "verify", "--config", str(config))
    assert (done.returncode, done.stdout) == (1, "") and "from entry 2" in done.stderr
    done = kiosk("ledger", "verify", "--config", str(config), "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["at"] == 2
    done = kiosk("ledger", "list", "--config", str(config))
    assert done.returncode == 1 and done.stderr.startswith("error E-LEDGER-DAMAGED: ")
    issued.ledger_path.write_bytes(b"no ledger")
    done = kiosk("ledger", "verify", "--config", str(config), "--json")
    assert done.returncode == 1 and json.loads(done.stdout)["valid"] is False


def test_a_copy_is_verified_where_no_kiosk_is(kiosk: Kiosk, config: Path, tmp_path: Path) -> None:
    ledger_path = config.parent / "state" / "ledger.sqlite"
    with Ledger.open(ledger_path, KEEPER) as ledger:
        for number in range(260):
            ledger.append("paper:laser", Loaded(units=number))
    export, file, own, other = (tmp_path / name for name in ("ledger.json", "copy.sqlite", "own.pem", "other.pem"))
    export.write_text(kiosk("ledger", "export", "--config", str(config)).stdout)
    shutil.copy(ledger_path, file)
    own.write_bytes(CERTIFICATE.public_bytes(Encoding.PEM))
    other.write_bytes(NEXT_CERTIFICATE.public_bytes(Encoding.PEM))
    shutil.rmtree(config.parent / "device")
    for copy in (str(export), str(file)):
        done = kiosk("ledger", "verify", copy)
        assert done.returncode == 0 and "260 entries" in done.stdout and "no known key has signed" in done.stdout
        done = kiosk("ledger", "verify", copy, "--certificate", str(other), "--certificate", str(own))
        assert done.returncode == 0 and "2 checkpoints, signed up to entry 260" in done.stdout
        done = kiosk("ledger", "verify", copy, "--certificate", str(other))
        assert (done.returncode, done.stdout) == (1, "") and "signed only up to entry 0 of 260" in done.stderr
        done = kiosk("ledger", "verify", copy, "--certificate", str(other), "--json")
        assert done.returncode == 1 and json.loads(done.stdout)["signed"] is False
    done = kiosk("ledger", "verify", str(export), "--certificate", str(tmp_path / "none.pem"))
    assert done.returncode == 1 and done.stderr.startswith("error E-LEDGER-KEY: ")


def test_export(kiosk: Kiosk, issued: Town, config: Path) -> None:
    exported = json.loads(kiosk("ledger", "export", "--config", str(config), "--json").stdout)
    assert exported["entries"][-1]["hash"] == exported["head"] and len(exported["entries"]) == 13
    assert exported["certificate"] and exported["checkpoints"][-1]["seq"] == 13
    shutil.rmtree(config.parent / "device")
    exported = json.loads(kiosk("ledger", "export", "--config", str(config), "--json").stdout)
    assert exported["certificate"] is None and len(exported["checkpoints"]) > 0


def test_without_a_ledger_or_a_configuration(kiosk: Kiosk, config: Path) -> None:
    for words in (("ledger", "list"), ("paper", "show")):
        done = kiosk(*words, "--config", str(config))
        assert done.returncode == 3 and done.stderr.startswith("error E-LEDGER-MISSING: ")
    assert kiosk("ledger", "list", "--config", str(config.with_name("other.toml"))).returncode != 0
    assert not (config.parent / "state").exists()


@pytest.mark.parametrize(
    "command",
    [("ledger", name) for name in ("list", "verify", "export", "retire")]
    + [("paper", name) for name in ("show", "loaded", "counted", "spoiled")],
    ids=" ".join,
)
def test_help_has_an_example(kiosk: Kiosk, command: tuple[str, str]) -> None:
    done = kiosk(*command, "--help")
    assert done.returncode == 0 and f"Example: kiosk {' '.join(command)}" in " ".join(done.stdout.split())


# -- retire


@contextmanager
def registry_at(folder: Path, config: Path) -> Iterator[RegistryClient]:
    """A reference registry that runs, with the kiosk of that configuration enrolled; and that kiosk's client."""
    registry, urls, ready = ReferenceRegistry(folder, people=5), list[str](), threading.Event()

    def listens(url: str) -> None:
        urls.append(url)
        ready.set()

    serving = threading.Thread(target=registry.serve, args=(listens,))
    serving.start()
    try:
        assert ready.wait(20)
        certificate, key = write_device(folder / "demo-1", *registry.enrol_device("demo-1"))
        trust = registry.keys
        config.write_text(
            f'profile = "demo"\n[kiosk]\nstate = "state"\n[registry]\nurl = "{urls[0]}"\nca = "{trust.tls_ca}"\n'
            f'signers = "{trust.signers}"\ndevice_certificate = "{certificate}"\ndevice_key = "{key}"\n'
        )
        signers = TrustedKeys.from_jwk_set(trust.signers)
        yield RegistryClient(urls[0], ca=trust.tls_ca, certificate=certificate, key=key, signers=signers, deadline=10.0)
    finally:
        registry.stop()
        serving.join(20)


async def _settle(registry: RegistryClient, settlement: Settlement) -> None:
    async with registry:
        await registry.settle("5" * 32, settlement)


def test_a_ledger_put_back_from_a_copy_is_retired(kiosk: Kiosk, config: Path, tmp_path: Path) -> None:
    """With a registry that remembers it: refused while it can be used, or a session runs, or the registry is away."""
    path, where = config.parent / "state" / "ledger.sqlite", ("--config", str(config))
    with registry_at(tmp_path / "registry", config) as registry:
        assert kiosk("paper", "loaded", "laser", "250", *where).returncode == 0
        shutil.copy(path, tmp_path / "copy")
        assert kiosk("paper", "counted", "laser", "249", *where).returncode == 0
        with Ledger.view(path) as ledger:
            told = Settlement(outcome="VOIDED", evidence="none", ledger_seq=2, ledger_head=ledger.head())
        asyncio.run(_settle(registry, told))
        done = kiosk("ledger", "retire", *where)
        assert done.returncode == 1 and done.stderr.startswith("error E-LEDGER-SOUND: ")
        shutil.copy(tmp_path / "copy", path)
        with Ledger.open(path, KEEPER):
            done = kiosk("ledger", "retire", *where)
            assert done.returncode == 3 and done.stderr.startswith("error E-LEDGER-BUSY: ")
        put_back = path.read_bytes()
        retired = json.loads(kiosk("ledger", "retire", *where, "--json").stdout)
        assert (retired["why"], retired["seq"]) == ("E-LEDGER-ROLLED-BACK", 1)
        assert Path(retired["folder"], path.name).read_bytes() == put_back
        with Ledger.view(path) as ledger:
            assert [entry.seq for entry in ledger.entries()] == [3]
        path.write_bytes(b"")
    done = kiosk("ledger", "retire", *where)
    assert done.returncode == 3 and done.stderr.startswith("error E-REGISTRY-")
    assert path.read_bytes() == b""


# -- paper


def stations(done: Done) -> dict[str, dict[str, int | None]]:
    assert done.returncode == 0, done.stderr
    return {facts.pop("station"): facts for facts in json.loads(done.stdout)["stations"]}


def test_paper_is_loaded_used_spoiled_and_counted(kiosk: Kiosk, config: Path) -> None:
    where = ("--config", str(config))
    assert stations(kiosk("paper", "loaded", "laser", "250", *where, "--json"))["laser"]["expected"] == 250
    run_visit(Town(config.parent))
    assert stations(kiosk("paper", "show", *where, "--json"))["laser"]["printed"] == 1
    kiosk("paper", "spoiled", "laser", "2", "--reason", "jam", *where)
    told = stations(kiosk("paper", "counted", "laser", "240", *where, "--json"))
    assert told["laser"] == {
        "unit": "sheets",
        "loaded": 250,
        "printed": 1,
        "spoiled": 2,
        "difference": -7,
        "counted": 240,
        "documents": 1,
        "expected": 240,
        "documents_left": 240,
    }
    assert told["thermal"]["documents_left"] is None
    shown = kiosk("paper", "show", *where).stdout
    assert "laser: 250 sheets loaded, 1 printed, 2 spoiled, -7 found when counted; 240 sheets should be left" in shown
    assert "thermal: 0 mm loaded" in shown and "nobody said how much there is" in shown


def test_paper_of_no_station_or_too_much_of_it_is_wrong_use(kiosk: Kiosk, config: Path) -> None:
    for words in (("loaded", "plotter", "5"), ("loaded", "laser", "-1"), ("counted", "laser", "1000001")):
        assert kiosk("paper", *words, "--config", str(config)).returncode == 2
    assert kiosk("paper", "spoiled", "laser", "1", "--reason", "Amina", "--config", str(config)).returncode == 2
    assert not (config.parent / "state").exists()


@contextmanager
def session(config: Path) -> Iterator[list[PaperRecord]]:
    """One that keeps the ledger and answers on the control socket; what it was asked to book."""
    asked: list[PaperRecord] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        with Ledger.open(config.parent / "state" / "ledger.sqlite", KEEPER) as ledger:

            def book(station: StationName | None, record: PaperRecord | None) -> Stock:
                if station is not None and record is not None:
                    asked.append(record)
                    ledger.append(paper_of(station), record)
                return ledger.paper()

            control = ControlServer(config.parent / "control.sock", _no_health, _no_hold, book)
            await control.start()
            ready.set()
            await stop.wait()
            await control.stop()

    serving = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    serving.start()
    try:
        assert ready.wait(20)
        yield asked
    finally:
        loop.call_soon_threadsafe(stop.set)
        serving.join(20)
        loop.close()


def _no_health() -> None:
    raise NotImplementedError


def _no_hold() -> None:
    raise NotImplementedError


def test_a_running_session_keeps_the_books_itself(kiosk: Kiosk, config: Path) -> None:
    where = ("--config", str(config), "--json")
    with session(config) as asked:
        assert stations(kiosk("paper", "loaded", "thermal", "80000", *where))["thermal"]["expected"] == 80000
        assert asked == [Loaded(units=80000)]
        assert stations(kiosk("paper", "show", *where))["thermal"]["documents_left"] == 80000 // 350
    done = kiosk("paper", "show", *where)
    assert stations(done)["thermal"]["loaded"] == 80000


def test_a_ledger_kept_by_something_that_does_not_answer(kiosk: Kiosk, config: Path) -> None:
    with Ledger.open(config.parent / "state" / "ledger.sqlite", KEEPER):
        done = kiosk("paper", "loaded", "laser", "250", "--config", str(config))
    assert done.returncode == 3 and done.stderr.startswith("error E-KIOSK-SESSION-AWAY: ")
