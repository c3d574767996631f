"""Keys as certificates and chips give them, made and used by openssl: only known curves are believed in."""

from __future__ import annotations

import subprocess
from pathlib import Path

import ecdsa
import pytest
from asn1crypto import core
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import CardNotProven
from registry.reference import public_keys
from tests.registry.small_card import EcChip, tlv, written_out

KNOWN = ("P-224", "P-256", "P-384", "P-521", *(f"brainpoolP{bits}r1" for bits in (224, 256, 320, 384, 512)))
SIGNED = b"what is signed"
EC_KEY = core.ObjectIdentifier("1.2.840.10045.2.1").dump()


class Key:
    """One of openssl's."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._file, self._signed = folder / "key.pem", folder / "signed"
        self._signed.write_bytes(SIGNED)
        openssl("genpkey", *options, "-out", str(self._file))
        self.spki = openssl("pkey", "-in", str(self._file), "-pubout", "-outform", "DER")

    def signature(self, hash_: str, *options: str) -> bytes:
        return openssl("dgst", f"-{hash_}", "-sign", str(self._file), *options, str(self._signed))


def openssl(*words: str) -> bytes:
    return subprocess.run(["openssl", *words], check=True, capture_output=True).stdout


def on_curve(curve: str, form: str) -> tuple[str, ...]:
    return "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-pkeyopt", f"ec_param_enc:{form}"


@pytest.mark.parametrize("hash_", ["sha224", "sha256", "sha512"])
@pytest.mark.parametrize("form", ["explicit", "named_curve"])
@pytest.mark.parametrize("curve", KNOWN)
def test_a_curve_by_name_or_number_by_number(tmp_path: Path, curve: str, form: str, hash_: str) -> None:
    made = Key(tmp_path, *on_curve(curve, form))
    key, signature = public_keys.read(made.spki), made.signature(hash_)
    assert isinstance(key, public_keys.EcKey)
    other = "sha256" if hash_ != "sha256" else "sha384"
    assert public_keys.holds(key, signature, SIGNED, hash_, "ecdsa")
    assert not public_keys.holds(key, signature, SIGNED, other, "ecdsa")
    assert not public_keys.holds(key, signature, SIGNED + b".", hash_, "ecdsa")
    assert not public_keys.holds(key, signature[:-1], SIGNED, hash_, "ecdsa")
    assert not public_keys.holds(key, signature, SIGNED, hash_, padding.PKCS1v15())
    r, s = decode_dss_signature(signature)
    size = key.point.curve.baselen
    assert key.holds(r.to_bytes(size) + s.to_bytes(size), SIGNED, hash_)
    assert not key.holds(signature, SIGNED, hash_)
    again = public_keys.read(public_keys.written(key))
    assert public_keys.holds(again, signature, SIGNED, hash_, "ecdsa")


@pytest.mark.parametrize("kind", ["RSA", "RSA-PSS"])
def test_rsa_by_either_padding(tmp_path: Path, kind: str) -> None:
    made = Key(tmp_path, "-algorithm", kind, "-pkeyopt", "rsa_keygen_bits:2048")
    key = public_keys.read(made.spki)
    pss = padding.PSS(padding.MGF1(public_keys.HASHES["sha256"]), 32)
    signature = made.signature("sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32")
    assert public_keys.holds(key, signature, SIGNED, "sha256", pss)
    for scheme in (padding.PKCS1v15(), "ecdsa"):
        assert not public_keys.holds(key, signature, SIGNED, "sha256", scheme)
    assert not public_keys.holds(key, signature, SIGNED, "sha384", pss)
    assert public_keys.written(key) == public_keys.written(public_keys.read(public_keys.written(key)))


def test_a_base_point_of_the_signer_s_own_choosing(tmp_path: Path) -> None:
    """All numbers but the base point are P-256's: with it one is chosen for which somebody else's key is one's own."""
    named = ecdsa.VerifyingKey.from_der(Key(tmp_path, *on_curve("P-256", "named_curve")).spki)
    known = ecdsa.NIST256p
    base = named.pubkey.point * 7
    base = ecdsa.ellipticcurve.PointJacobi(known.curve, base.x(), base.y(), 1, known.order)
    chosen = ecdsa.curves.Curve("chosen", known.curve, base, None)
    forged = ecdsa.SigningKey.from_secret_exponent(pow(7, -1, known.order), curve=chosen)
    spki = forged.verifying_key.to_der(curve_parameters_encoding="explicit")
    assert forged.verifying_key.to_string() == named.to_string()
    with pytest.raises(CardNotProven, match="not accepted"):
        public_keys.read(spki)


@pytest.mark.parametrize(
    "options",
    [
        on_curve("secp192k1", "explicit"),
        on_curve("P-192", "named_curve"),
        on_curve("secp256k1", "explicit"),
        on_curve("secp256k1", "named_curve"),
        on_curve("sect283k1", "explicit"),
        ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:768"),
        ("-algorithm", "ED25519"),
    ],
)
def test_keys_of_a_kind_that_is_not_accepted(tmp_path: Path, options: tuple[str, ...]) -> None:
    with pytest.raises(CardNotProven):
        public_keys.read(Key(tmp_path, *options).spki)


def test_numbers_longer_than_any_curve_s_are_not_reckoned_with() -> None:
    number = core.Integer((1 << 8000) + 1).dump()
    field = tlv(0x30, core.ObjectIdentifier("1.2.840.10045.1.1").dump(), number)
    curve = tlv(0x30, tlv(0x04, b"\1"), tlv(0x04, b"\1"))
    parameters = tlv(0x30, core.Integer(1).dump(), field, curve, tlv(0x04, b"\4\1\1"), number)
    algorithm = tlv(0x30, EC_KEY, parameters)
    with pytest.raises(CardNotProven, match="longer"):
        public_keys.read(tlv(0x30, algorithm, tlv(0x03, b"\0\4\1\1")))


EXPLICIT = written_out(EcChip(ec.BrainpoolP256R1()).spki)


@given(st.integers(0, len(EXPLICIT) - 1), st.integers(1, 255))
def test_a_changed_byte_makes_no_other_key(at: int, flip: int) -> None:
    changed = EXPLICIT[:at] + bytes([EXPLICIT[at] ^ flip]) + EXPLICIT[at + 1 :]
    try:
        key = public_keys.read(changed)
    except CardNotProven:
        return
    assert public_keys.written(key) == public_keys.written(public_keys.read(EXPLICIT))


@given(st.binary(max_size=120))
def test_arbitrary_bytes_are_no_key(noise: bytes) -> None:
    for wrapped in (noise, tlv(0x30, noise), tlv(0x30, tlv(0x30, EC_KEY, noise), tlv(0x03, noise))):
        with pytest.raises(CardNotProven):
            public_keys.read(wrapped)
