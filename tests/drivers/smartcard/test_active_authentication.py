"""Active authentication: only the chip's own key, over our own eight bytes."""

from __future__ import annotations

import hashlib

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


TRAILERS = {"sha1": "BC", "sha224": "38CC", "sha256": "34CC", "sha384": "36CC", "sha512": "35CC"}
RSA = {bits: rsa.generate_private_key(65537, bits) for bits in (1024, 1280)}


def rsa_signature(bits: int, digest: str, nonce: bytes, header: int = 0x6A, trailer: str | None = None) -> int:
    """ISO/IEC 9796-2 scheme 1 by hand (§6.1.2.2): (6A ‖ M1 ‖ H(M1 ‖ nonce) ‖ trailer)^d."""
    numbers, end = RSA[bits].private_numbers(), bytes.fromhex(trailer or TRAILERS[digest])
    m1 = bytes(range(bits // 8 - 1 - hashlib.new(digest).digest_size - len(end)))
    recovered = bytes((header,)) + m1 + hashlib.new(digest, m1 + nonce).digest() + end
    assert len(recovered) == bits // 8
    return pow(int.from_bytes(recovered), numbers.d, numbers.public_numbers.n)


@pytest.mark.parametrize("bits", RSA)
@pytest.mark.parametrize("digest", TRAILERS)
def test_rsa_with_every_hash_and_either_representative(bits: int, digest: str) -> None:
    verify, key, n = smartcard.verify_active_authentication, RSA[bits], RSA[bits].public_key().public_numbers().n
    value = rsa_signature(bits, digest, NONCE)
    for representative in (value, n - value):
        signature = representative.to_bytes(bits // 8)
        assert verify(None, dg15(key), NONCE, signature)
        assert not verify(None, dg15(key), b"87654321", signature)
        assert not verify(None, dg15(RSA[2304 - bits]), NONCE, signature)


@pytest.mark.parametrize(
    ("digest", "header", "trailer"),
    [
        ("sha256", 0x4A, None),
        ("sha256", 0x00, None),
        ("sha256", 0x6A, "35CC"),
        ("sha1", 0x6A, "33CC"),
        ("sha256", 0x6A, "31CC"),
    ],
)
def test_a_recovered_string_of_another_form_is_no_signature(digest: str, header: int, trailer: str | None) -> None:
    signature = rsa_signature(1024, digest, NONCE, header, trailer).to_bytes(128)
    passed = smartcard.verify_active_authentication(None, dg15(RSA[1024]), NONCE, signature)
    assert passed == (trailer == "33CC"), "SHA-1 may also be named by the longer trailer"


def test_a_short_string_behind_zeros_is_no_signature() -> None:
    """The hash over an M1 of any length would leave a forger of small exponents too much room."""
    digest = hashlib.sha256(b"m" + NONCE).digest()
    assert active.matches(b"\x6am" + digest + b"\x34\xcc", NONCE)
    assert not active.matches(bytes(60) + b"\x6am" + digest + b"\x34\xcc", NONCE)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP384R1()])
@pytest.mark.parametrize(
    ("number", "digest"), [(2, hashes.SHA224()), (3, hashes.SHA256()), (4, hashes.SHA384()), (5, hashes.SHA512())]
)
def test_ecdsa_with_the_hash_that_dg14_names(
    curve: ec.EllipticCurve, number: int, digest: hashes.HashAlgorithm
) -> None:
    key = ec.generate_private_key(curve)
    r, s = decode_dss_signature(key.sign(NONCE, ec.ECDSA(digest)))
    size = (curve.key_size + 7) // 8
    signature, named = r.to_bytes(size) + s.to_bytes(size), dg14(f"04007F000701010401{number:02X}")
    assert smartcard.verify_active_authentication(named, dg15(key), NONCE, signature)
    other = dg14(f"04007F000701010401{number % 4 + 2:02X}")
    assert not smartcard.verify_active_authentication(other, dg15(key), NONCE, signature)
