"""The signer's client, before a signer that misbehaves."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import pytest

from signing import errors
from signing.client import SignerClient
from signing.protocol import Answer


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


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
