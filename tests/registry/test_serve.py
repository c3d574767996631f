"""The reference registry as a process: it starts, keeps what it promised across restarts, and ends when told."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from registry.client import RegistryClient
from registry.errors import Conflict, GrantClosed, SetupError
from registry.jws import TrustedKeys
from registry.models import Settlement
from registry.reference.faults import control
from registry.reference.keys import RegistryKeys, write_device
from registry.reference.serve import ReferenceRegistry
from tests.registry.small_card import Country
from tests.registry.town import Town, grant_request, new_grant_id, served

pytestmark = pytest.mark.anyio

KIOSK = [sys.executable, "-c", "from kiosk.cli import main; main()"]
PRINTED = Settlement(outcome="PRINTED", evidence="ipp-completed", ledger_seq=1, ledger_head="0" * 64)


async def test_the_command_serves_until_it_is_told_to_end(tmp_path: Path) -> None:
    folder, device = tmp_path / "registry", tmp_path / "device"
    enrolled = subprocess.run(
        [*KIOSK, "registry", "enrol", "demo-1", "--folder", str(folder), "--output", str(device)],
        check=True,
        capture_output=True,
        text=True,
    )
    certificate, key = map(Path, enrolled.stdout.split())
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    (folder / "ready.json").write_text('{"url": "https://killed.example", "port": 1}')
    command = [*KIOSK, "registry", "serve", "--folder", str(folder), "--port", "0", "--people", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as serving:
        assert serving.stderr is not None
        assert serving.stdout is not None
        assert serving.stderr.readline().startswith("registry ready at https://localhost:")
        ready = json.loads((folder / "ready.json").read_text())
        assert ready["url"] == f"https://localhost:{ready['port']}"
        keys = RegistryKeys.load_or_create(folder)
        async with RegistryClient(
            ready["url"],
            ca=keys.tls_ca,
            certificate=certificate,
            key=key,
            signers=TrustedKeys.from_jwk_set(keys.signers),
            deadline=10,
        ) as registry:
            await registry.health()
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(20) == 0
        assert (serving.stdout.read(), serving.stderr.read()) == ("", "")
    assert not (folder / "ready.json").exists()
    assert not (folder / "control.sock").exists()


def test_wrong_use_is_told_in_one_line(tmp_path: Path) -> None:
    for options in (
        ["--database", "postgresql://db"],
        ["--database", "sqlite:///"],
        ["--people", "1"],
        ["--port", "-1"],
    ):
        run = subprocess.run(
            [*KIOSK, "registry", "serve", "--folder", str(tmp_path), *options],
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 2
        assert run.stderr.startswith("error E-")
        assert run.stdout == ""


async def test_what_was_granted_and_settled_outlives_a_restart(tmp_path: Path, country: Country) -> None:
    town = Town(tmp_path, country)
    card, granted, settled = town.card(), new_grant_id(), new_grant_id()
    try:
        async with town.kiosk() as registry:
            presented, act = await served(registry, card)
            asked = (presented.presentation_id, act.payload_sha256)
            request = await grant_request(registry, card, granted, *asked)
            first = await registry.grant(granted, request)
            closed = await grant_request(registry, card, settled, *asked)
            await registry.grant(settled, closed)
            await registry.settle(settled, PRINTED)
    finally:
        town.stop()
    again = Town(tmp_path, country)
    try:
        async with again.kiosk() as registry:
            assert (await registry.grant(granted, request)).jws == first.jws
            with pytest.raises(GrantClosed):
                await registry.grant(settled, closed)
            with pytest.raises(Conflict):
                voided = Settlement(outcome="VOIDED", evidence="none", ledger_seq=1, ledger_head="0" * 64)
                await registry.settle(settled, voided)
            await registry.settle(settled, PRINTED)
            assert (await registry.ledger_head()).seq == PRINTED.ledger_seq
    finally:
        again.stop()


def test_a_database_of_another_version_is_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "registry.sqlite"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE heads (kiosk TEXT, head TEXT, at INTEGER)")
    connection.close()
    before = database.read_bytes()
    with pytest.raises(SetupError, match="another version"):
        ReferenceRegistry(tmp_path / "registry", people=5, database=database)
    assert database.read_bytes() == before


def test_private_keys_are_their_owners_alone(tmp_path: Path) -> None:
    keys = RegistryKeys.load_or_create(tmp_path / "registry")
    private = [*(tmp_path / "registry").rglob("*.key")]
    assert {file.name for file in private} == {"jws.key", "requester.key", "ca.key", "server.key"}
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in private)
    assert RegistryKeys.load_or_create(tmp_path / "registry").kid == keys.kid
    assert RegistryKeys.load_or_create(tmp_path / "other").kid != keys.kid
    assert keys.requester_hash("1" * 18) != keys.requester_hash("2" * 18)


def test_folders_ports_and_names_that_cannot_be_used(tmp_path: Path) -> None:
    keys = RegistryKeys.load_or_create(tmp_path / "registry")
    for name in ("", "Demo 1", "../x", "a" * 41):
        with pytest.raises(SetupError):
            keys.enrol_device(name)
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError):
        RegistryKeys.load_or_create(tmp_path / "file")
    with pytest.raises(SetupError):
        write_device(tmp_path / "file", b"", b"")
    with pytest.raises(SetupError):
        ReferenceRegistry(tmp_path / "registry", people=5, database=tmp_path / "missing" / "registry.sqlite")
    with pytest.raises(SetupError):
        control(tmp_path / "registry" / "control.sock", "up")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(SetupError, match="cannot listen"):
        ReferenceRegistry(tmp_path / "registry", people=5, port=taken.getsockname()[1]).serve()
    (tmp_path / "registry" / "jws.key").write_text("nothing")
    with pytest.raises(SetupError):
        RegistryKeys.load_or_create(tmp_path / "registry")
