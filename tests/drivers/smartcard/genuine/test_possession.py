"""Whether the chip holds the keys that its signed files name: CA, PACE-CAM and AA, made by `cryptography`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.smartcard.emrtd import domain, security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.pace import ChipAuthenticationData
from drivers.smartcard.emrtd.public_keys import agreement_key
from drivers.smartcard.errors import ProofMissing
from drivers.smartcard.genuine import ActiveAnswer, Needs, TrustStore, Verdict, signed_data
from tests.drivers.smartcard.genuine.state import (
    CSCA,
    DS,
    FILES,
    TRUST,
    Signer,
    codes,
    country_signer,
    ec_key,
    encode,
    evidence,
    issue,
    judged,
    sign,
    sod,
)

VECTORS = json.loads((Path(__file__).parent / "vectors" / "card-security.json").read_text())
NONCE = bytes(range(8))
SECURITY_OBJECT = "0.4.0.127.0.7.3.2.1"
AA_SHA256 = bytes.fromhex("3017060667810801010502010106") + bytes.fromhex("0A04007F00070101040103")
CA_AES = bytes.fromhex("300F060A04007F00070202030202020101")
CAM_INFO = bytes.fromhex("3012060A04007F0007020204060202010202010C")


def spki(key: Any) -> bytes:
    encoded: bytes = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded


def static_key(key: Any) -> bytes:
    return encode(0x30, bytes.fromhex("060904007F000702020102") + spki(key) + b"\x02\x01\x0c")


def dg14(*infos: bytes) -> bytes:
    return encode(0x6E, encode(0x31, b"".join(infos)))


# --- active authentication -------------------------------------------------------------------------------

KEY, OTHER = ec_key(), ec_key()
ACTIVE = {**FILES, FileId.DG14: dg14(AA_SHA256), FileId.DG15: encode(0x6F, spki(KEY))}


def signed(key: ec.EllipticCurvePrivateKey, nonce: bytes = NONCE) -> bytes:
    return b"".join(n.to_bytes(32) for n in decode_dss_signature(key.sign(nonce, ec.ECDSA(hashes.SHA256()))))


def active(answer: ActiveAnswer | None, files: dict[FileId, bytes] = ACTIVE, **more: Any) -> Verdict:
    return judged(evidence(files, active=answer, **more))


def test_a_chip_that_signs_our_nonce_has_proven_its_key() -> None:
    verdict = active(ActiveAnswer(NONCE, signed(KEY)))
    assert (verdict.active, verdict.chip, verdict.reasons) == ("passed", "not_supported", ())
    verdict.check(Needs.parse(["passive", "active|chip"]))


@pytest.mark.parametrize(
    "answer",
    [signed(OTHER), signed(KEY, bytes(8)), signed(KEY)[:-1], bytes(64), None],
    ids=["another key", "a replay", "cut short", "nothing", "refused"],
)
def test_a_copy_is_told(answer: bytes | None) -> None:
    verdict = active(ActiveAnswer(NONCE, answer))
    assert (verdict.passive, verdict.active, codes(verdict)) == ("passed", "failed", ["COPY"])


def test_a_key_of_the_copys_own_is_no_proof() -> None:
    own = {**ACTIVE, FileId.DG15: encode(0x6F, spki(OTHER))}
    verdict = active(ActiveAnswer(NONCE, signed(OTHER)), own, signed=sod(ACTIVE, DS))
    assert verdict.active == "failed" and codes(verdict) == ["ALTERED", "COPY"]
    unlisted = active(ActiveAnswer(NONCE, signed(OTHER)), own, signed=sod(FILES, DS))
    assert unlisted.active == "failed" and codes(unlisted)[0] == "ALTERED"


def test_what_was_not_asked_is_not_proven() -> None:
    verdict = active(None)
    assert (verdict.active, verdict.genuine) == ("not_supported", True)
    assert any("active authentication is offered" in note for note in verdict.notes)
    with pytest.raises(ProofMissing, match="active or chip"):
        verdict.check(Needs.parse(["passive", "chip|active"]))
    assert judged(evidence()).notes == ()


def test_an_algorithm_that_is_not_spoken_is_a_note_and_no_proof() -> None:
    files = {**FILES, FileId.DG15: encode(0x6F, spki(KEY))}
    verdict = active(ActiveAnswer(NONCE, signed(KEY)), files)
    assert (verdict.active, verdict.reasons) == ("not_supported", ()) and "DG14" in verdict.notes[0]


def test_an_rsa_signature_of_an_independent_card() -> None:
    made = VECTORS["active_auth_rsa1024_sha1_jcardsim"]
    public = rsa.RSAPublicNumbers(int(made["exponent"], 16), int(made["modulus"], 16)).public_key()
    key = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    files = {**FILES, FileId.DG15: encode(0x6F, key)}
    nonce, response = bytes.fromhex(made["RND_IFD"]), bytes.fromhex(made["response"])
    assert active(ActiveAnswer(nonce, response), files).active == "passed"
    assert active(ActiveAnswer(bytes(8), response), files).active == "failed"


@pytest.mark.parametrize(("good", "bad"), [(b"\x01\x00\x01", b"\x81\x00\x01"), (b"\x01\x00\x01", b"\x01\x00\x00")])
def test_a_key_that_is_none_is_malformed_and_no_crash(good: bytes, bad: bytes) -> None:
    key = spki(rsa.generate_private_key(65537, 1024)).replace(b"\x02\x03" + good, b"\x02\x03" + bad)
    verdict = active(ActiveAnswer(NONCE, bytes(128)), {**FILES, FileId.DG15: encode(0x6F, key)})
    assert verdict.active in ("failed", "not_supported")


# --- chip authentication ---------------------------------------------------------------------------------

CHIP = {**FILES, FileId.DG14: dg14(CA_AES, static_key(KEY))}


def test_chip_authentication_counts_where_its_key_is_signed_for() -> None:
    verdict = judged(evidence(CHIP, chip_authentication="passed"))
    assert (verdict.chip, verdict.active, verdict.reasons) == ("passed", "not_supported", ())
    verdict.check(Needs.parse(["passive", "active|chip"]))
    forged = evidence({**CHIP, FileId.DG14: dg14(CA_AES, static_key(OTHER))}, signed=sod(CHIP, DS))
    forged = type(forged)(forged.files, chip_authentication="passed")
    assert codes(judged(forged)) == ["ALTERED", "COPY"] and judged(forged).chip == "failed"
    assert judged(evidence(chip_authentication="passed")).chip == "failed"


def test_a_chip_that_fails_is_a_copy_and_one_not_asked_is_noted() -> None:
    verdict = judged(evidence(CHIP, chip_authentication="failed"))
    assert (verdict.passive, verdict.chip, codes(verdict)) == ("passed", "failed", ["COPY"])
    verdict = judged(evidence(CHIP))
    assert verdict.chip == "not_supported" and "chip authentication is offered" in verdict.notes[0]


def test_a_chip_key_that_is_not_spoken_is_a_note() -> None:
    strange = encode(0x30, bytes.fromhex("060904007F000702020102") + spki(rsa.generate_private_key(65537, 1024)))
    verdict = judged(evidence({**FILES, FileId.DG14: dg14(CA_AES, strange)}))
    assert (verdict.chip, verdict.reasons) == ("not_supported", ()) and len(verdict.notes) == 1


# --- the chip authentication mapping of PACE -------------------------------------------------------------

P256 = domain.standardised(12)
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FACTOR = 0x1234567890ABCDEF


def mapped(key: ec.EllipticCurvePrivateKey) -> ChipAuthenticationData:
    """PK_map = CA · PK, where CA = SK_map / SK: the mapping key's private number is the static one's times CA."""
    private = key.private_numbers().private_value * FACTOR % ORDER
    public = ec.derive_private_key(private, ec.SECP256R1()).public_key()
    return ChipAuthenticationData(P256, FACTOR, public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def card_security(*infos: bytes, signer: Signer = DS) -> bytes:
    return sign(encode(0x31, b"".join(infos)), signer, SECURITY_OBJECT)


def by_mapping(security: bytes | None, *, key: Any = KEY, trust: TrustStore = TRUST, **more: Any) -> Verdict:
    files = FILES if security is None else {**FILES, FileId.CARD_SECURITY: security}
    signed_files = sod(FILES, DS)
    return judged(evidence(files, signed=signed_files, chip_data=mapped(key), **more), trust)


def test_the_mapping_proves_a_key_of_the_signed_card_security() -> None:
    access = security_infos.parse(encode(0x31, CAM_INFO))
    security = card_security(CAM_INFO, static_key(OTHER), static_key(KEY))
    verdict = by_mapping(security, access=access)
    assert (verdict.chip, verdict.reasons) == ("passed", ())


def test_a_mapping_by_another_key_is_a_copy() -> None:
    verdict = by_mapping(card_security(static_key(OTHER)))
    assert (verdict.chip, codes(verdict)) == ("failed", ["COPY"])
    assert codes(by_mapping(card_security(CAM_INFO))) == ["COPY"]


def test_a_mapping_without_card_security_hides_it() -> None:
    assert codes(by_mapping(None)) == ["FILE-HIDDEN"]


def test_card_security_is_signed_by_the_same_country() -> None:
    foreign = country_signer(country="MA")
    signer = issue("DS", by=foreign, country="MA")
    security = card_security(static_key(KEY), signer=signer)
    both = TrustStore((CSCA.read, foreign.read))
    assert codes(by_mapping(security, trust=both)) == ["FOREIGN"]
    verdict = by_mapping(security)
    assert (verdict.passive, verdict.chip, codes(verdict)) == ("passed", "no_trust_anchor", ["ISSUER-UNKNOWN"])


def test_card_security_that_is_altered_or_malformed_proves_nothing() -> None:
    security = card_security(static_key(KEY))
    spoilt = security.replace(spki(KEY), spki(OTHER))
    verdict = by_mapping(spoilt, key=OTHER)
    assert (verdict.chip, codes(verdict)) == ("failed", ["ALTERED"])
    for nothing in (b"", security[:-5], sod(FILES, DS)):
        assert codes(by_mapping(nothing)) == ["DATA"]


def test_card_security_too_shows_a_downgrade() -> None:
    access = security_infos.parse(encode(0x31, CAM_INFO.replace(b"\x04\x06\x02", b"\x04\x06\x04")))
    verdict = by_mapping(card_security(CAM_INFO, static_key(KEY)), access=access)
    assert codes(verdict) == ["DOWNGRADE"]


@pytest.mark.parametrize("kind", ["ecdh", "dh"])
def test_a_real_card_security_is_read_and_its_signature_holds(kind: str) -> None:
    """Of a worked example: RSA-PSS. Its signer is nobody's here, so all but the chain is found right."""
    security = bytes.fromhex(VECTORS[f"bsi_eac_worked_example_{kind}"]["ef_cardsecurity"])
    assert codes(by_mapping(security)) == ["ISSUER-UNKNOWN"]
    spoilt = bytearray(security)
    spoilt[100] ^= 1
    assert codes(by_mapping(bytes(spoilt))) == ["ALTERED"]


@pytest.mark.parametrize(("kind", "group"), [("ecdh", "brainpoolP256r1"), ("dh", "DH-1024-160")])
def test_the_static_key_of_a_real_card_security_is_read(kind: str, group: str) -> None:
    """It names its group by number, as only the standard's own examples do here."""
    signed = signed_data.parse(
        bytes.fromhex(VECTORS[f"bsi_eac_worked_example_{kind}"]["ef_cardsecurity"]), SECURITY_OBJECT
    )
    keys = security_infos.static_keys(security_infos.parse(signed.content))
    assert {agreement_key(key.spki).group.name for key in keys} == {group}
