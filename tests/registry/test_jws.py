"""The registry's signed objects: one meaning, one text, one key, one type."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from registry import jws
from registry.errors import SetupError, SignatureRefused
from registry.jws import ACT, GRANT, MAX_TOKEN, TrustedKeys

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
JWK = jws.public_jwk(KEY.public_key(), "registry-1")
KEYS = TrustedKeys.from_jwk_set(json.dumps({"keys": [JWK]}).encode())
TOKEN = jws.sign(b'{"act": 1}', key=KEY, kid="registry-1", typ=ACT)

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ "


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token_of(header: bytes, payload: bytes = b"{}") -> str:
    """A token with any header, truly signed."""
    text = f"{encode(header)}.{encode(payload)}"
    r, s = decode_dss_signature(KEY.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{encode(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


@given(st.binary(max_size=3000))
def test_what_is_signed_is_what_comes_out(payload: bytes) -> None:
    assert KEYS.verify(jws.sign(payload, key=KEY, kid="registry-1", typ=GRANT), typ=GRANT) == payload


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from(ALPHABET))
def test_every_changed_character_is_refused(at: int, character: str) -> None:
    changed = TOKEN[:at] + character + TOKEN[at + 1 :]
    if changed == TOKEN:
        assert KEYS.verify(changed, typ=ACT) == b'{"act": 1}'
        return
    with pytest.raises(SignatureRefused):
        KEYS.verify(changed, typ=ACT)


@given(st.text(max_size=300) | st.from_regex(r"[\w-]{0,80}\.[\w-]{0,80}\.[\w-]{0,80}", fullmatch=True))
def test_nothing_but_a_refusal_comes_out_of_any_text(text: str) -> None:
    with pytest.raises(SignatureRefused):
        KEYS.verify(text, typ=ACT)


def test_another_type_or_another_key_is_refused() -> None:
    assert KEYS.verify(TOKEN, typ=ACT) == b'{"act": 1}'
    with pytest.raises(SignatureRefused, match="not a shubbak-grant"):
        KEYS.verify(TOKEN, typ=GRANT)
    with pytest.raises(SignatureRefused, match="does not hold"):
        KEYS.verify(jws.sign(b"{}", key=OTHER, kid="registry-1", typ=ACT), typ=ACT)
    with pytest.raises(SignatureRefused, match="not in the set"):
        KEYS.verify(jws.sign(b"{}", key=KEY, kid="registry-2", typ=ACT), typ=ACT)


GOOD = {"alg": "ES256", "kid": "registry-1", "typ": ACT}


@pytest.mark.parametrize(
    "header",
    [
        json.dumps({**GOOD, "alg": "none"}),
        json.dumps({**GOOD, "alg": "HS256"}),
        json.dumps({**GOOD, "jwk": JWK}),
        json.dumps({**GOOD, "crit": ["exp"], "exp": 1}),
        json.dumps({"alg": "ES256", "kid": "registry-1"}),
        json.dumps({**GOOD, "kid": ["registry-1"]}),
        json.dumps({**GOOD, "kid": "../registry-1"}),
        json.dumps({**GOOD, "typ": {"a": 1}}),
        json.dumps(GOOD)[:-1] + ', "kid": "registry-1"}',
        json.dumps(list(GOOD.items())),
        json.dumps([["alg", "ES256"], ["kid", "registry-1"], ["typ", ACT]]),
        "null",
        "{",
        "[" * 400,
        json.dumps(GOOD) + " " * 600,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    ],
)
def test_headers_that_say_anything_else_are_refused_though_the_signature_holds(header: str) -> None:
    assert KEYS.verify(token_of(json.dumps(GOOD).encode()), typ=ACT) == b"{}"
    with pytest.raises(SignatureRefused):
        KEYS.verify(token_of(header.encode("latin-1")), typ=ACT)


def test_padding_other_alphabets_and_extra_bits_are_refused() -> None:
    header, payload, signature = TOKEN.split(".")
    assert len(signature) == 86  # 64 bytes leave four spare bits in the last character
    spare = signature[:-1] + chr(ord(signature[-1]) + 1)
    for text in (
        f"{header}.{payload}.{signature}==",
        f"{header}.{payload}.{spare}",
        f"{header}.{payload}\n.{signature}",
        f"{header}.{payload}.{signature}.",
        f"{header}.{payload}.{encode(bytes(64))}",
        f"{header}.{payload}.{encode(bytes(63))}",
        TOKEN.replace(".", ".\u200f", 1),
        "a" * (MAX_TOKEN + 1),
    ):
        with pytest.raises(SignatureRefused):
            KEYS.verify(text, typ=ACT)


def test_what_could_not_be_read_is_not_signed() -> None:
    with pytest.raises(SetupError):
        jws.sign(b" " * MAX_TOKEN, key=KEY, kid="registry-1", typ=ACT)
    with pytest.raises(SetupError):
        jws.sign(b"{}", key=KEY, kid="a b", typ=ACT)
    with pytest.raises(SetupError):
        jws.sign(b"{}", key=ec.generate_private_key(ec.SECP384R1()), kid="a", typ=ACT)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [JWK, JWK],
        [{**JWK, "d": "AA"}],
        [{**JWK, "crv": "P-384"}],
        [{**JWK, "alg": "none"}],
        [{**JWK, "x": JWK["y"]}],
        [{**JWK, "x": "="}],
        [{**JWK, "kid": 1}],
        [{"kty": "RSA"}],
        ["key"],
        "keys",
    ],
)
def test_key_sets_that_are_not_ours_are_refused(keys: object) -> None:
    with pytest.raises(SetupError):
        TrustedKeys.from_jwk_set(json.dumps({"keys": keys}).encode())


@given(
    st.binary(max_size=200) | st.recursive(st.none() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.text(), s))
)
def test_no_key_set_comes_from_noise(noise: object) -> None:
    data = noise if isinstance(noise, bytes) else json.dumps({"keys": noise}).encode()
    with pytest.raises(SetupError):
        TrustedKeys.from_jwk_set(data)


def test_key_sets_are_read_from_files(tmp_path: Path) -> None:
    file = tmp_path / "signers.json"
    with pytest.raises(SetupError, match="cannot read"):
        TrustedKeys.from_jwk_set(file)
    file.write_text(json.dumps({"keys": [JWK]}))
    assert TrustedKeys.from_jwk_set(file).kids == {"registry-1"}
    with pytest.raises(SetupError, match="too large"):
        TrustedKeys.from_jwk_set(b" " * 100_000)
