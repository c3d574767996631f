"""The signer's process: what it signs, what it refuses, and what it lives through."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
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

from registry import jws
from signing import chain, errors
from signing.certificates import DemoAuthority, pem
from signing.chain import FILE_NAME
from signing.client import SignerClient
from signing.protocol import MAX_FRAME, Answer, SignedDocument, parse_answer, parse_request
from signing.token import DemoToken
from signing.trust import TrustFolder
from signing.verify import verify
from tests.signing.municipality import Registry, Signer

NOW = dt.datetime.now(dt.UTC)
MINUTES = dt.timedelta(minutes=1)


def read_chain(signer: Signer) -> chain.Record:
    return chain.parse((signer.settings.signer.state / FILE_NAME).read_bytes())


def refusal(signer: Signer, act: str, grant: str) -> type[BaseException]:
    with pytest.raises(errors.SigningError) as raised:
        signer.issue(act, grant)
    return raised.type


# -- what it signs


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_grant_and_its_act_give_a_signed_page(
    signer: Signer, registry: Registry, trust: TrustFolder, language: str
) -> None:
    act = registry.act()
    document = signer.issue(act, registry.grant(act, language=language, copy_number=7))
    assert document.sha256 == hashlib.sha256(document.pdf).hexdigest()
    verdict = verify(document.pdf, trust)
    assert verdict.valid
    assert verdict.claims is not None
    assert (verdict.claims.language, verdict.claims.copy_number) == (language, 7)
    assert verdict.signed_at == document.signed_at
    assert read_chain(signer).entries[-1].document_sha256 == document.sha256


def test_the_chain_names_no_person(signer: Signer, document: SignedDocument) -> None:
    written = (signer.settings.signer.state / FILE_NAME).read_text()
    assert "DZ-2026-1601-0000042" in written
    for private in ("MANSOURI", "109860314000041729", "المنصوري"):
        assert private not in written
        assert json.dumps(private).strip('"') not in written


def test_the_same_grant_again_gives_the_same_bytes(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant = registry.grant(act)
    first = signer.issue(act, grant)
    length = len(read_chain(signer).entries)
    # The registry may sign the same grant anew; ECDSA makes another token of it.
    payload = jws.TrustedKeys({"registry-1": registry.key.public_key()}).verify(grant, typ=jws.GRANT)
    resigned = registry.sign(payload, jws.GRANT)
    assert resigned != grant
    assert signer.issue(act, grant) == first
    assert signer.issue(act, resigned) == first
    assert len(read_chain(signer).entries) == length


def test_many_at_once_are_signed_one_by_one_on_one_thread(
    signer: Signer, registry: Registry, trust: TrustFolder
) -> None:
    """The token refuses any thread but its own (test_token), and python-pkcs11 crashes under two."""
    act = registry.act()
    grants = [registry.grant(act, reference=f"DZ-2026-1601-{n:07}") for n in range(12)]

    async def all_at_once() -> list[SignedDocument]:
        asked = [signer.client.issue(act, grant) for grant in grants]
        again = [signer.client.issue(act, grant) for grant in grants[:3]]
        return await asyncio.gather(*asked, *again)

    documents = asyncio.run(all_at_once())
    assert documents[:3] == documents[12:]
    assert len({document.sha256 for document in documents}) == 12
    for number, document in enumerate(documents[:12]):
        verdict = verify(document.pdf, trust)
        assert verdict.claims is not None
        assert verdict.claims.reference == f"DZ-2026-1601-{number:07}"
    assert signer.process is not None
    assert signer.process.poll() is None


def test_status_says_who_signs_and_how_much_was_signed(
    signer: Signer, document: SignedDocument, trust: TrustFolder
) -> None:
    status = asyncio.run(signer.client.status())
    record = read_chain(signer)
    assert [bytes.fromhex(status.kid)] == list(trust.issuers)
    assert (status.chain_length, status.chain_head) == (len(record.entries), record.head)
    assert status.certificate_expires > NOW


# -- what it refuses, each with its own code


def other_kiosk(r: Registry, act: str) -> str:
    return r.grant(act, kiosk="demo-2")


def another_act(r: Registry, act: str) -> str:
    return r.grant(r.act(version=3))


def expired(r: Registry, act: str) -> str:
    return r.grant(act, issued_at=NOW - 20 * MINUTES, expires_at=NOW - 5 * MINUTES)


def from_the_future(r: Registry, act: str) -> str:
    return r.grant(act, issued_at=NOW + 60 * MINUTES, expires_at=NOW + 75 * MINUTES)


def wrong_template(r: Registry, act: str) -> str:
    return r.grant(act, template_sha256="00" * 32)


def other_document(r: Registry, act: str) -> str:
    return r.grant(act, document_type="marriage-extract")


def altered(r: Registry, act: str) -> str:
    header, payload, signature = r.grant(act).split(".")
    changed = base64.urlsafe_b64decode(payload + "==").replace(b'"copy_number":1', b'"copy_number":2')
    return ".".join((header, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature))


def by_another_key(r: Registry, act: str) -> str:
    return Registry(r.folder, template_sha256=r.template_sha256, key=ec.generate_private_key(ec.SECP256R1())).sign(
        jws.TrustedKeys({"registry-1": r.key.public_key()}).verify(r.grant(act), typ=jws.GRANT), jws.GRANT
    )


def an_act_instead(r: Registry, act: str) -> str:
    return act


def not_a_grant(r: Registry, act: str) -> str:
    return r.sign(b'{"v":1}', jws.GRANT)


def without_time_zone(r: Registry, act: str) -> str:
    return r.grant(act, issued_at=NOW.replace(tzinfo=None), expires_at=NOW.replace(tzinfo=None) + 15 * MINUTES)


REFUSED: list[tuple[Callable[[Registry, str], str], type[errors.SigningError]]] = [
    (other_kiosk, errors.GrantForAnotherKiosk),
    (another_act, errors.GrantForAnotherAct),
    (expired, errors.GrantExpired),
    (from_the_future, errors.GrantFromTheFuture),
    (wrong_template, errors.GrantForAnotherTemplate),
    (other_document, errors.GrantForAnotherType),
    (altered, errors.GrantRefused),
    (by_another_key, errors.GrantRefused),
    (an_act_instead, errors.GrantRefused),
    (not_a_grant, errors.GrantRefused),
    (without_time_zone, errors.GrantRefused),
]


@pytest.mark.parametrize(("make", "expected"), REFUSED, ids=lambda v: getattr(v, "__name__", ""))
def test_a_grant_that_does_not_fit_is_refused(
    signer: Signer, registry: Registry, make: Callable[[Registry, str], str], expected: type[errors.SigningError]
) -> None:
    act = registry.act()
    before = len(read_chain(signer).entries)
    assert refusal(signer, act, make(registry, act)) is expected
    assert len(read_chain(signer).entries) == before


def test_an_altered_act_is_refused(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant = registry.grant(act)
    header, payload, signature = act.split(".")
    body = base64.urlsafe_b64decode(payload + "==")
    changed = base64.urlsafe_b64encode(body.replace(b"Fatima", b"Fatiha")).rstrip(b"=").decode()
    assert refusal(signer, ".".join((header, changed, signature)), grant) is errors.ActRefused
    assert refusal(signer, grant, grant) is errors.ActRefused
    assert refusal(signer, registry.sign(b'{"kind":"birth"}', jws.ACT), grant) is errors.ActRefused
    assert refusal(signer, "", grant) is errors.ActRefused


def test_a_used_grant_gives_nothing_for_other_bytes(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant_id = secrets.token_hex(16)
    first = signer.issue(act, registry.grant(act, grant_id=grant_id))
    other = registry.act(version=3)
    for act_again, grant_again in (
        (act, registry.grant(act, grant_id=grant_id, copy_number=2)),
        (act, registry.grant(act, grant_id=grant_id, language="ar")),
        (other, registry.grant(other, grant_id=grant_id)),
    ):
        assert refusal(signer, act_again, grant_again) is errors.GrantUsed
    assert read_chain(signer).entries[-1].document_sha256 == first.sha256


def test_a_forgotten_document_is_not_made_again(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant_id = secrets.token_hex(16)
    grant = registry.grant(act, grant_id=grant_id)
    signer.issue(act, grant)
    asyncio.run(signer.client.forget(grant_id))
    asyncio.run(signer.client.forget(grant_id))
    assert refusal(signer, act, grant) is errors.GrantUsed


def test_names_that_fit_no_seal_are_refused_and_the_grant_stays_unused(signer: Signer, registry: Registry) -> None:
    long_name = {"surname": secrets.token_hex(150), "given": secrets.token_hex(150)}
    act = registry.act(father={"name": {"arabic": long_name, "latin": long_name | {"given": secrets.token_hex(150)}}})
    before = len(read_chain(signer).entries)
    assert refusal(signer, act, registry.grant(act)) is errors.SealTooLarge
    assert len(read_chain(signer).entries) == before


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
    ("allowed", "nobody_hears", "root_is_served"),
    [(None, "Unreachable E-SIGN-UNREACHABLE", True), (65534, "0", False), (4711, "PeerRefused E-SIGN-PEER", False)],
)
def test_only_the_allowed_user_is_answered(
    make_signer: Callable[..., Signer], allowed: int | None, nobody_hears: str, root_is_served: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        signer = make_signer(allowed_uid=allowed, socket=Path(folder) / "signer.sock")
        signer.start()
        # Imported as root: another user may not be able to read the checkout.
        asked = subprocess.run(
            [sys.executable, "-c", ASK_AS, str(signer.settings.signer.socket)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert asked.stdout.strip() == nobody_hears
        if root_is_served:
            assert asyncio.run(signer.client.status()).chain_length == 0
        else:
            with pytest.raises(errors.PeerRefused):
                asyncio.run(signer.client.status())
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
        ({"token": "elsewhere"}, "TokenAbsent"),
        ({"key": "elsewhere"}, "KeyAbsent"),
        ({"pin_file": Path("/nonexistent")}, "PinFileUnsafe"),
        ({"certificate": Path("/nonexistent")}, "CertificateUnusable"),
    ],
)
def test_without_its_key_it_does_not_start(
    make_signer: Callable[..., Signer], changes: dict[str, Any], expected: str
) -> None:
    assert expected in start_code(make_signer(**changes))


def test_a_certificate_for_another_key_does_not_start(make_signer: Callable[..., Signer], tmp_path: Path) -> None:
    other = DemoAuthority.create().certify(ec.generate_private_key(ec.SECP256R1()).public_key(), "DEMO other")
    file = tmp_path / "other.pem"
    file.write_bytes(pem(other))
    assert "CertificateUnusable" in start_code(make_signer(certificate=file))


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


# -- the client, before a signer that misbehaves


def answering(path: Path, answer: bytes | None) -> SignerClient:
    """A client before a peer that reads one request and says `answer`, or nothing at all."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        peer, _ = server.accept()
        with server, peer:
            peer.recv(65536)
            if answer is None:
                peer.recv(1)  # until the client gives up
            else:
                peer.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return SignerClient(path, deadline=0.2 if answer is None else 30.0)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, errors.TimedOut),
        (b"", errors.Unreachable),
        (b"\0\0", errors.NonsenseAnswer),
        (b"\xff\xff\xff\xff", errors.NonsenseAnswer),
        (framed(b"[]"), errors.NonsenseAnswer),
        (framed(b"{}"), errors.NonsenseAnswer),
        (framed(b'{"failure":{"code":"E-ELSE","message":""}}'), errors.NonsenseAnswer),
        (framed(b'{"failure":{"code":"E-SIGN-TOKEN","message":"gone"}}'), errors.TokenAbsent),
        (
            framed(
                b'{"issued":{"pdf":"AAAA","sha256":"%s","seal":"","signed_at":"2026-01-01T00:00:00Z"}}' % (b"0" * 64)
            ),
            errors.NonsenseAnswer,
        ),
    ],
    ids=range(9),
)
def test_the_client_believes_no_nonsense(
    tmp_path: Path, answer: bytes | None, expected: type[errors.SigningError]
) -> None:
    client = answering(tmp_path / "s", answer)
    with pytest.raises(expected):
        asyncio.run(client.issue("act", "grant"))


def test_the_client_asks_nothing_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(errors.FrameRefused):
        asyncio.run(SignerClient(tmp_path / "s", 1.0).issue("A" * 300_000, ""))


def test_every_code_a_signer_may_name_comes_back_as_itself() -> None:
    for code, kind in errors.ANSWERS.items():
        failure = Answer.model_validate({"failure": {"code": code, "message": "why"}}).failure
        assert failure is not None
        assert type(failure.error()) is kind
