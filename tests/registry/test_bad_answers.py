"""Whatever a registry does, the client ends in one code: dead, slow, huge, senseless, altered, or plainly no."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from socket import create_server, socket

import pytest

from registry import jws
from registry.client import RegistryClient
from registry.errors import (
    CardBlocked,
    KioskRefused,
    NonsenseAnswer,
    RegistryError,
    RegistryFault,
    SetupError,
    SignatureRefused,
    TimedOut,
    Unreachable,
    Untrusted,
)
from registry.exchange import MAX_ANSWER
from registry.jws import TrustedKeys
from registry.models import ActRequest, Settlement
from registry.reference.keys import RegistryKeys, write_device
from registry.reference.registrar import Registrar
from tests.registry.small_card import Country
from tests.registry.town import Town, grant_request, new_grant_id, present, served

pytestmark = pytest.mark.anyio

VOIDED = Settlement(outcome="VOIDED", evidence="none", ledger_seq=1, ledger_head="0" * 64)


async def test_a_registry_that_is_down_and_comes_back(town: Town) -> None:
    async with town.kiosk() as registry:
        await registry.health()
        await town.misbehave("down")
        with pytest.raises(Unreachable):
            await registry.challenge()
        with pytest.raises(Unreachable):
            await registry.settle(new_grant_id(), VOIDED)
        await town.misbehave("up")
        await registry.challenge()


async def test_a_registry_that_goes_while_it_is_asked(town: Town) -> None:
    async with town.kiosk() as registry:
        await registry.health()
        await town.misbehave("slow")
        asked = asyncio.ensure_future(registry.health())
        done, _ = await asyncio.wait({asked}, timeout=0.2)
        assert not done
        await town.misbehave("down")
        with pytest.raises(Unreachable):
            await asked


async def test_slow_huge_and_senseless_answers(town: Town) -> None:
    async with town.kiosk(deadline=1.0) as registry:
        await registry.health()
        await town.misbehave("slow")
        with pytest.raises(TimedOut):
            await registry.challenge()
    async with town.kiosk() as registry:
        await town.misbehave("huge")
        with pytest.raises(NonsenseAnswer, match="more than"):
            await registry.challenge()
        await town.misbehave("nonsense")
        for call in (registry.health, registry.challenge):
            with pytest.raises(NonsenseAnswer):
                await call()
        with pytest.raises(NonsenseAnswer):
            await registry.entitlements(new_grant_id())
        with pytest.raises(NonsenseAnswer):
            await registry.person("9" * 18, new_grant_id(), ["uin"])
        with pytest.raises(NonsenseAnswer):
            await registry.act(ActRequest(presentation_id=new_grant_id(), document_type="birth-extract"))
        with pytest.raises(NonsenseAnswer):
            await registry.settle(new_grant_id(), VOIDED)
        await town.misbehave("up")
        await registry.challenge()


async def test_an_act_or_a_grant_changed_on_the_way_is_not_believed(town: Town) -> None:
    card = town.card()
    async with town.kiosk() as registry:
        await town.misbehave("altered-act")
        with pytest.raises(SignatureRefused):
            await served(registry, card)
        await town.misbehave("altered-grant")
        presented, act = await served(registry, card)
        grant_id = new_grant_id()
        request = await grant_request(registry, card, grant_id, presented.presentation_id, act.payload_sha256)
        with pytest.raises(SignatureRefused):
            await registry.grant(grant_id, request)
        await town.misbehave("up")
        assert (await registry.grant(grant_id, request)).grant.grant_id == grant_id


async def test_a_grant_for_another_request_is_not_taken(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    card = town.card()
    async with town.kiosk() as registry:
        presented, act = await served(registry, card)
        first_id, other_id = new_grant_id(), new_grant_id()
        asked = (presented.presentation_id, act.payload_sha256)
        first = await registry.grant(first_id, await grant_request(registry, card, first_id, *asked))
        monkeypatch.setattr(Registrar, "grant", lambda *_: first.jws)
        with pytest.raises(NonsenseAnswer, match="another request"):
            await registry.grant(other_id, await grant_request(registry, card, other_id, *asked))
        request = await grant_request(registry, card, first_id, *asked)
        with pytest.raises(NonsenseAnswer, match="another request"):
            await registry.grant(first_id, request.model_copy(update={"language": "fr"}))
        async with town.kiosk("demo-2") as another:
            with pytest.raises(NonsenseAnswer, match="another kiosk"):
                await another.grant(first_id, request)
        # An act's signature is not a grant's, whoever made it.
        monkeypatch.setattr(Registrar, "grant", lambda *_: act.jws)
        with pytest.raises(SignatureRefused):
            await registry.grant(first_id, request)


async def test_a_control_line_that_means_nothing_is_told_so(town: Town) -> None:
    reader, writer = await asyncio.open_unix_connection(town.registry.control_socket)
    for line in (b'{"do": "dance"}\n', b"[1]\n", b"\xff\n", b'{"do": ["up"]}\n'):
        writer.write(line)
        assert json.loads(await reader.readline()) == {"ok": False}
    writer.write(b"x" * 5000 + b"\n")
    assert await reader.read() == b""  # too long a line ends the talk
    writer.close()
    async with town.kiosk() as registry:
        await registry.health()


async def test_requests_of_no_promised_shape_are_refused_without_an_echo(town: Town) -> None:
    async with town.kiosk() as registry:
        ask = registry._exchange.ask
        for body in (b"", b"[]", b'{"nin": "991986160101427031"}', b"\xff", b"[" * 100_000):
            with pytest.raises(RegistryError) as refused:
                await ask("POST", "/shubbak/v1/presentations", body, {"content-type": "application/json"})
            assert refused.value.code == "E-REGISTRY-REQUEST"
            assert "991986160101427031" not in str(refused.value)
        with pytest.raises(NonsenseAnswer, match="413"):
            await ask("POST", "/shubbak/v1/presentations", b" " * 600_000, {"content-type": "application/json"})
        with pytest.raises(RegistryError) as lost:
            await ask("GET", "/shubbak/v1/nowhere", b"", {})
        assert lost.value.code == "E-REGISTRY-NOT-FOUND"


# -- a peer with the right certificate and the wrong manners ---------------------------------------------

Manners = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answering(status: str, body: bytes, headers: str = "") -> Manners:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status}\r\n{headers}content-length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


async def dripping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
    while not reader.at_eof():
        writer.write(b" ")
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.02)


async def mute(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def hanging_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def babbling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ready\r\n\r\n")
    await writer.drain()
    await reader.read(100)


class Line:
    """An impostor's address and a client for it."""

    def __init__(self, folder: Path) -> None:
        self.keys = RegistryKeys.load_or_create(folder / "keys")
        self._device = write_device(folder / "device", *self.keys.enrol_device("demo-1"))

    def client(self, port: int, deadline: float = 10.0) -> RegistryClient:
        certificate, key = self._device
        signers = TrustedKeys.from_jwk_set(self.keys.signers)
        url = f"https://localhost:{port}"
        return RegistryClient(
            url, ca=self.keys.tls_ca, certificate=certificate, key=key, signers=signers, deadline=deadline
        )

    def tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.keys.tls_server)
        return context

    @asynccontextmanager
    async def peer(self, manners: Manners, deadline: float = 10.0) -> AsyncIterator[RegistryClient]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await manners(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self.tls())
        try:
            async with self.client(server.sockets[0].getsockname()[1], deadline) as registry:
                yield registry
        finally:
            server.close()


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def problem(code: str) -> bytes:
    return json.dumps({"code": code, "detail": "why"}).encode()


@pytest.mark.parametrize(
    ("manners", "error"),
    [
        (answering("200 OK", b""), NonsenseAnswer),
        (answering("200 OK", b"{}"), NonsenseAnswer),
        (answering("200 OK", b'{"status": "ready"}', "content-encoding: gzip\r\n"), NonsenseAnswer),
        (answering("200 OK", b'{"status": "ready", "more": 1}'), NonsenseAnswer),
        (answering("302 Found", b"", "location: https://elsewhere.example/\r\n"), NonsenseAnswer),
        (answering("404 Not Found", b"<html>"), NonsenseAnswer),
        (answering("403 Forbidden", problem("E-REGISTRY-CARD-BLOCKED")), CardBlocked),
        (answering("403 Forbidden", b"<html>"), KioskRefused),
        (answering("401 Unauthorized", problem("E-REGISTRY-NO-SUCH-CODE")), KioskRefused),
        (answering("409 Conflict", problem("E-REGISTRY-SIGNATURE")), NonsenseAnswer),
        (answering("500 Internal Server Error", problem("E-REGISTRY-CARD-BLOCKED")), RegistryFault),
        (answering("503 Service Unavailable", b"later"), RegistryFault),
        (answering("429 Too Many Requests", b""), RegistryFault),
        (endless, NonsenseAnswer),
        (babbling, NonsenseAnswer),
        (hanging_up, Unreachable),
    ],
)
async def test_a_peer_with_bad_manners(line: Line, manners: Manners, error: type[RegistryError]) -> None:
    async with line.peer(manners) as registry:
        with pytest.raises(error) as raised:
            await registry.health()
        assert type(raised.value) is error
        assert registry.bytes <= MAX_ANSWER + 2 * 65536


@pytest.mark.parametrize("manners", [mute, dripping])
async def test_a_peer_that_takes_its_time(line: Line, manners: Manners) -> None:
    async with line.peer(manners, deadline=0.3) as registry:
        with pytest.raises(TimedOut):
            await registry.health()


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("date: Sun, 22 Nov 2026 01:02:03 GMT\r\n", dt.datetime(2026, 11, 22, 1, 2, 3, tzinfo=dt.UTC)),
        ("date: Sun, 22 Nov 2026 01:02:03 -0000\r\n", None),
        ("date: yesterday, 99 Nov 99999\r\n", None),
        ("", None),
    ],
)
async def test_the_registrys_clock_is_kept_even_from_a_bad_answer(
    line: Line, header: str, told: dt.datetime | None
) -> None:
    async with line.peer(answering("503 Service Unavailable", b"later", header)) as registry:
        with pytest.raises(RegistryFault):
            await registry.health()
        assert registry.date == told


async def test_nobody_listens(line: Line) -> None:
    with create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    async with line.client(port) as registry:
        with pytest.raises(Unreachable):
            await registry.health()


async def test_a_tls_alert_is_told_apart_from_a_dead_line(line: Line) -> None:
    """OpenSSL's own server, unlike asyncio's, says why it refuses a client certificate."""
    context = line.tls()
    context.verify_mode = ssl.CERT_REQUIRED  # and trusts no authority at all
    with create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as refusing:
                with pytest.raises(ssl.SSLError):
                    refusing.do_handshake()
                # Closing with something unread would reset the line and overtake the alert.
                while socket.recv(refusing, 4096):
                    pass

        thread = threading.Thread(target=refuse)
        thread.start()
        async with line.client(listening.getsockname()[1]) as registry:
            with pytest.raises(Untrusted):
                await registry.health()
        await asyncio.to_thread(thread.join)


async def test_files_and_addresses_that_cannot_be_used(line: Line, tmp_path: Path) -> None:
    good = {
        "ca": line.keys.tls_ca,
        "certificate": tmp_path / "device" / "device.pem",
        "key": tmp_path / "device" / "device.key",
        "signers": TrustedKeys.from_jwk_set(line.keys.signers),
        "deadline": 1.0,
    }
    for url in ("http://localhost", "https://", "localhost:8443", "https://localhost/?nin=1"):
        with pytest.raises(SetupError):
            RegistryClient(url, **good)
    for name in ("ca", "certificate", "key"):
        with pytest.raises(SetupError):
            RegistryClient("https://localhost", **{**good, name: tmp_path / "missing.pem"})
    (tmp_path / "broken.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")
    with pytest.raises(SetupError):
        RegistryClient("https://localhost", **{**good, "certificate": tmp_path / "broken.pem"})


async def test_a_status_list_must_be_signed_as_one(line: Line) -> None:
    act = line.keys.sign(b"{}", jws.ACT)
    async with line.peer(answering("200 OK", act.encode())) as registry:
        with pytest.raises(SignatureRefused):
            await registry.status_list("dz-1")


async def test_a_signed_object_that_is_not_what_it_should_be(line: Line, country: Country) -> None:
    token = line.keys.sign(b'{"kind": "birth"}', jws.ACT)
    async with line.peer(answering("200 OK", token.encode())) as registry:
        with pytest.raises(NonsenseAnswer):
            await registry.act(ActRequest(presentation_id=new_grant_id(), document_type="birth-extract"))


async def test_two_registries_do_not_believe_each_others_cards(town: Town) -> None:
    (town.registry.keys.csca / "csca.der").write_bytes(Country("DZ").csca)
    async with town.kiosk() as registry:
        with pytest.raises(RegistryError) as refused:
            await present(registry, town.card())
        assert refused.value.code == "E-REGISTRY-CARD-PROOF"
