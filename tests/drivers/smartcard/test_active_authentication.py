"""Active authentication: only the chip's own key, over our own eight bytes."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from drivers import smartcard
from drivers.smartcard import tlv
from drivers.smartcard.emrtd import active

CARD_ACCESS = "31143012060A04007F0007020204020202010202010D"
KEY = ec.generate_private_key(ec.SECP256R1())
NONCE = b"12345678"


def dg15(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return tlv.encode(0x6F, key.public_key().public_bytes(serialization.Encoding.DER, info))


def dg14(algorithm: str = "04007F00070101040103") -> bytes:
    info = (
        tlv.encode(0x06, bytes.fromhex("678108010105")) + b"\x02\x01\x01" + tlv.encode(0x06, bytes.fromhex(algorithm))
    )
    return tlv.encode(0x6E, tlv.encode(0x31, tlv.encode(0x30, info)))


def signature(key: ec.EllipticCurvePrivateKey, nonce: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(nonce, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def test_only_the_chip_s_own_key_over_our_own_nonce_passes() -> None:
    verify = smartcard.verify_active_authentication
    good = signature(KEY, NONCE)
    assert verify(dg14(), dg15(KEY), NONCE, good)
    assert not verify(dg14(), dg15(KEY), b"87654321", good)
    assert not verify(dg14(), dg15(ec.generate_private_key(ec.SECP256R1())), NONCE, good)
    for bad in (b"", good[:-1], good + b"\0", bytes(64), KEY.sign(NONCE, ec.ECDSA(hashes.SHA256()))):
        assert not verify(dg14(), dg15(KEY), NONCE, bad)


@pytest.mark.parametrize(
    ("dg14_file", "dg15_file"),
    [
        (dg14("04007F00070101040101"), dg15(KEY)),  # SHA-1
        (tlv.encode(0x6E, bytes.fromhex(CARD_ACCESS)), dg15(KEY)),
        (None, dg15(KEY)),
        (dg14(), dg15(ec.generate_private_key(ec.SECP256K1()))),
        (dg14(), dg15(ed25519.Ed25519PrivateKey.generate())),
    ],
    ids=["SHA-1", "no algorithm", "no DG14", "another curve", "another kind of key"],
)
def test_another_algorithm_is_said_to_be_unsupported(dg14_file: bytes | None, dg15_file: bytes) -> None:
    with pytest.raises(smartcard.ActiveAuthenticationUnsupported):
        smartcard.verify_active_authentication(dg14_file, dg15_file, NONCE, bytes(64))


def test_a_key_that_is_not_formed_right_is_refused() -> None:
    with pytest.raises(smartcard.MalformedData):
        smartcard.verify_active_authentication(dg14(), tlv.encode(0x6F, b"\x30\x00"), NONCE, bytes(64))


# -- RSA, ISO/IEC 9796-2


def test_recovered_strings_of_every_hash(vectors) -> None:
    cases = vectors["active_auth_iso9796_recovered_F"]["cases"]
    assert len(cases) == 5
    for case in cases:
        recovered, nonce = bytes.fromhex(case["F"]), bytes.fromhex(case["RND_IFD"])
        assert active.matches(recovered, nonce)
        assert not active.matches(recovered, bytes(8))


def test_an_independent_card_s_signature(vectors) -> None:
    """RSA-1024, SHA-1, trailer BC; s and n - s are the same signature (annex B.4)."""
    e = vectors["active_auth_rsa1024_sha1_jcardsim"]
    numbers = rsa.RSAPublicNumbers(int(e["exponent"], 16), int(e["modulus"], 16))
    spki = numbers.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key, nonce, answer = tlv.encode(0x6F, spki), bytes.fromhex(e["RND_IFD"]), bytes.fromhex(e["response"])
    assert hex(pow(int.from_bytes(answer), numbers.e, numbers.n)) == hex(int(e["recovered_F"], 16))
    verify = smartcard.verify_active_authentication
    assert verify(None, key, nonce, answer)
    assert verify(None, key, nonce, (numbers.n - int.from_bytes(answer)).to_bytes(128))
    assert not verify(None, key, bytes(8), answer)
    for bad in (answer[:-1], b"\0" + answer, bytes(128), answer[:-1] + bytes((answer[-1] ^ 1,)), b"\xff" * 128):
        assert not verify(None, key, nonce, bad)
