"""The signer's process: what it lives through, and what stops it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from config.current import Configuration
from config.schema import Settings
from signing import errors, service
from signing.certificates import DemoAuthority, pem
from signing.chain import FILE_NAME
from signing.demo import DemoToken
from signing.protocol import MAX_FRAME, parse_answer, parse_request
from tests.signing.municipality import Registry, Signer, read_chain, refusal, toml

# -- what it lives through


def test_after_a_restart_a_used_grant_is_refused(make_signer: Callable[..., Signer], registry: Registry) -> None:
    signer = make_signer()
    signer.start()
    act = registry.act()
    grant = registry.grant(act)
    signer.issue(act, grant)
    assert signer.end() == ""
    signer.start()
    assert refusal(signer, act, grant) is errors.GrantUsed
    signer.issue(act, registry.grant(act))
    assert [entry.seq for entry in read_chain(signer).entries] == [0, 1]
    assert signer.end() == ""


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_chain_that_verifies(
    make_signer: Callable[..., Signer], registry: Registry
) -> None:
    """Each life is ended at another moment of a stream of requests; no bytes ever left without their entry."""
    signer = make_signer()
    act = registry.act()
    received: dict[str, str] = {}
    for life in range(6):
        signer.start()
        answered = threading.Semaphore(0)

        async def ask(answered: threading.Semaphore = answered) -> None:
            while True:
                grant_id = secrets.token_hex(16)
                document = await signer.client.issue(act, registry.grant(act, grant_id=grant_id))
                received[grant_id] = document.sha256
                answered.release()

        def stream(ask: Callable[[], Any] = ask) -> None:
            with pytest.raises(errors.SignerAbsent):
                asyncio.run(ask())

        asking = threading.Thread(target=stream)
        asking.start()
        for _ in range(life % 3 + 1):
            answered.acquire()
        if life % 2:
            signer_pid = signer.process.pid if signer.process else 0
            chain_file = signer.settings.signer.state / FILE_NAME
            size = chain_file.stat().st_size
            while chain_file.stat().st_size == size and Path(f"/proc/{signer_pid}").exists():
                pass  # killed as soon as the next entry shows, before or while its bytes leave
        signer.end(signal.SIGKILL)
        asking.join()
        record = read_chain(signer)
        entries = {entry.grant_id: entry.document_sha256 for entry in record.entries}
        assert received.items() <= entries.items()
    assert len(received) >= 6


def raw(signer: Signer, sent: bytes, *, finish: bool = True) -> bytes:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(60)
        peer.connect(str(signer.settings.signer.socket))
        peer.sendall(sent)
        if finish:
            peer.shutdown(socket.SHUT_WR)
        got = b""
        while part := peer.recv(65536):
            got += part
        return got


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


GARBAGE = [
    b"\0",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    (MAX_FRAME + 1).to_bytes(4, "big"),
    framed(b"{}")[:-1],
    framed(b"{"),
    framed(b"[]"),
    framed(b"null"),
    framed(b'{"op":"sign"}'),
    framed(b'{"op":"status","x":1}'),
    framed(b'{"op":"issue","act":1,"grant":2}'),
    framed(b'{"op":"forget","grant_id":"../../etc"}'),
    framed(b"[" * 100_000),
    framed(b"\xff\xfe\xfd"),
    framed(json.dumps({"op": "issue", "act": "A" * 300_000, "grant": ""}).encode()),
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
]


@pytest.mark.parametrize("sent", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_answered_with_its_code_and_the_signer_goes_on(signer: Signer, sent: bytes) -> None:
    answer = parse_answer(raw(signer, sent)[4:])
    assert answer.failure is not None
    assert answer.failure.code == errors.FrameRefused.code
    asyncio.run(signer.client.status())


def test_a_peer_that_leaves_in_the_middle_disturbs_nobody(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    request = json.dumps({"op": "issue", "act": act, "grant": registry.grant(act)}).encode()
    for cut in (2, 4, 100):
        with socket.socket(socket.AF_UNIX) as peer:
            peer.connect(str(signer.settings.signer.socket))
            peer.sendall(framed(request)[:cut])
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(signer.settings.signer.socket))
        peer.sendall(framed(request))
    asyncio.run(signer.client.status())


def test_too_many_connections_are_refused_and_the_others_served(signer: Signer) -> None:
    held = []
    try:
        refused = 0
        for _ in range(20):
            peer = socket.socket(socket.AF_UNIX)
            peer.settimeout(60)
            peer.connect(str(signer.settings.signer.socket))
            peer.sendall(framed(b'{"op":"status"}'))
            held.append(peer)
            length = int.from_bytes(peer.recv(4, socket.MSG_WAITALL), "big")
            refused += b"E-SIGN-FRAME" in peer.recv(length, socket.MSG_WAITALL)
        assert refused >= 4
    finally:
        for peer in held:
            peer.close()
    asyncio.run(signer.client.status())


@given(st.binary(max_size=300))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_frame_is_a_request_or_refused(frame: bytes) -> None:
    with pytest.raises(errors.FrameRefused):
        parse_request(frame)


@given(st.binary(max_size=300))
def test_any_answer_is_one_or_nonsense(frame: bytes) -> None:
    try:
        parse_answer(frame)
    except errors.NonsenseAnswer:
        return
    raise AssertionError("random bytes made an answer")


ASK_AS = """
import asyncio, os, sys
from pathlib import Path
from signing.client import SignerClient
os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    print(asyncio.run(SignerClient(Path(sys.argv[1]), 30.0).status()).chain_length)
except Exception as error:
    print(type(error).__name__, getattr(error, "code", ""))
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can ask as another user")
@pytest.mark.parametrize(
    ("allowed", "nobody_hears", "root_may_issue"),
    [("", "Unreachable E-SIGN-UNREACHABLE", True), ("nobody", "0", False), ("4711", "PeerRefused E-SIGN-PEER", False)],
)
def test_only_the_allowed_user_is_served_and_root_may_ask_how_it_is(
    make_signer: Callable[..., Signer], registry: Registry, allowed: str, nobody_hears: str, root_may_issue: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        signer = make_signer(allowed_user=allowed, socket=Path(folder) / "signer.sock")
        signer.start()
        # Imported as root: another user may not be able to read the checkout.
        asked = subprocess.run(
            [sys.executable, "-c", ASK_AS, str(signer.settings.signer.socket)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout.strip() == nobody_hears
        assert asyncio.run(signer.client.status()).chain_length == 0
        act = registry.act()
        if root_may_issue:
            signer.issue(act, registry.grant(act))
        else:
            with pytest.raises(errors.PeerRefused):
                signer.issue(act, registry.grant(act))
            with pytest.raises(errors.PeerRefused):
                asyncio.run(signer.client.forget("0" * 32))
        assert asyncio.run(signer.client.status()).chain_length == int(root_may_issue)
        signer.end()


def test_the_pin_is_in_no_argument_no_environment_and_no_output(
    make_signer: Callable[..., Signer], registry: Registry, token: DemoToken
) -> None:
    pin = token.pin_file.read_text().strip()
    signer = make_signer()
    signer.start()
    act = registry.act()
    signer.issue(act, registry.grant(act))
    assert signer.process is not None
    for what in ("cmdline", "environ"):
        assert pin.encode() not in Path(f"/proc/{signer.process.pid}/{what}").read_bytes()
    assert pin not in signer.end()


# -- when it cannot start


def start_code(signer: Signer) -> str:
    """The name of the error with which a signer that cannot start ends."""
    with pytest.raises(AssertionError) as failed:
        signer.start()
    assert signer.process is not None
    assert signer.process.returncode == 1
    signer.process = None
    return str(failed.value)


def test_a_second_signer_on_the_same_chain_does_not_start_and_the_first_goes_on(
    make_signer: Callable[..., Signer], signer: Signer
) -> None:
    second = make_signer(state=signer.settings.signer.state)
    assert "ChainBusy" in start_code(second)
    asyncio.run(signer.client.status())


def test_an_altered_chain_stops_the_signer(make_signer: Callable[..., Signer], registry: Registry) -> None:
    signer = make_signer()
    signer.start()
    act = registry.act()
    signer.issue(act, registry.grant(act))
    signer.end()
    file = signer.settings.signer.state / FILE_NAME
    file.write_bytes(file.read_bytes().replace(b"0000042", b"0000043"))
    assert "ChainBroken" in start_code(signer)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"token": "elsewhere"}, errors.TokenAbsent),
        ({"key": "elsewhere"}, errors.KeyAbsent),
        ({"pin_file": Path("/nonexistent")}, errors.PinFileUnsafe),
        ({"certificate": Path("/nonexistent")}, errors.CertificateUnusable),
    ],
)
def test_without_its_key_it_says_why_it_does_not_sign(
    make_signer: Callable[..., Signer], changes: dict[str, Any], expected: type[errors.SigningError]
) -> None:
    refuses(make_signer(**changes), expected)


def test_a_certificate_for_another_key_is_not_used(make_signer: Callable[..., Signer], tmp_path: Path) -> None:
    other = DemoAuthority.create().certify(ec.generate_private_key(ec.SECP256R1()).public_key(), "DEMO other")
    file = tmp_path / "other.pem"
    file.write_bytes(pem(other))
    refuses(make_signer(certificate=file), errors.CertificateUnusable)


def test_a_wrong_pin_is_said(make_signer: Callable[..., Signer], tmp_path: Path) -> None:
    pin = tmp_path / "wrong.pin"
    pin.touch(mode=0o600)
    pin.write_text("00000000")
    refuses(make_signer(pin_file=pin), errors.PinRefused)


def refuses(signer: Signer, kind: type[errors.SigningError]) -> None:
    """It starts, and answers why it cannot sign."""
    signer.start(f"failed {kind.code}")
    with pytest.raises(kind):
        asyncio.run(signer.client.status())
    signer.end()


def test_a_pin_is_tried_once_an_absent_token_again_and_again(
    make_signer: Callable[..., Signer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens lock after a few wrong PINs: neither the signer nor who restarts it may use them up."""
    tries = {"pin": 0, "token": 0}
    tried_often = asyncio.Event()

    def open_signer(settings: Settings) -> None:
        which = settings.signer.token
        tries[which] += 1
        if tries["token"] >= 5:
            loop.call_soon_threadsafe(tried_often.set)
        raise errors.PinRefused("wrong") if which == "pin" else errors.TokenAbsent("not there")

    async def run() -> None:
        services = [service.SignerService(Configuration(file), service.Watcher()) for file in files]
        serving = [asyncio.create_task(s.serve()) for s in services]
        await tried_often.wait()
        for s in services:
            s.stop()
        await asyncio.gather(*serving)

    monkeypatch.setattr(service, "DocumentSigner", open_signer)
    monkeypatch.setattr(service, "RETRY_S", 0.01)
    files = []
    for token in tries:
        signer = make_signer(token=token)
        files.append(signer.folder / "kiosk.toml")
        files[-1].write_text(toml(signer.settings))
    loop = asyncio.new_event_loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(run())
    assert tries["pin"] == 1


def test_a_socket_left_by_a_killed_signer_is_taken_over(make_signer: Callable[..., Signer]) -> None:
    signer = make_signer()
    signer.start()
    signer.end(signal.SIGKILL)
    assert signer.settings.signer.socket.exists()
    with pytest.raises(errors.Unreachable):
        asyncio.run(signer.client.status())
    signer.start()
    assert asyncio.run(signer.client.status()).chain_length == 0
    signer.end()
    assert not signer.settings.signer.socket.exists()
