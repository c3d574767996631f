"""Every way in which states sign their cards, made by openssl; and every way to spoil it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import MalformedData
from drivers.smartcard.genuine import Policy, TrustStore, listed, signed_data
from tests.drivers.smartcard.genuine.state import (
    CSCA,
    DS,
    FILES,
    LDS,
    NOW,
    TRUST,
    Signer,
    codes,
    country_signer,
    dg1,
    ec_key,
    encode,
    evidence,
    good_sod,
    hash_list,
    issue,
    judged,
    openssl,
    rsa_key,
    sign,
    sod,
)

RSA_DS = issue("DS RSA", by=CSCA, key=rsa_key())
PSS = ("-keyopt", "rsa_padding_mode:pss")


@pytest.mark.parametrize(
    ("signer", "options"),
    [
        (DS, ()),
        (DS, ("-keyid",)),
        (DS, ("-md", "sha512")),
        (RSA_DS, ()),
        (RSA_DS, ("-md", "sha384")),
        (RSA_DS, (*PSS, "-keyopt", "rsa_pss_saltlen:32")),
        (RSA_DS, (*PSS, "-keyopt", "rsa_pss_saltlen:20", "-md", "sha512")),
        (RSA_DS, (*PSS, "-keyopt", "rsa_pss_saltlen:0", "-keyopt", "rsa_mgf1_md:sha512")),
        (RSA_DS, (*PSS, "-keyopt", "rsa_pss_saltlen:32", "-keyopt", "rsa_mgf1_md:sha1")),
    ],
    ids=[
        "ECDSA",
        "key identifier",
        "SHA-512",
        "PKCS1",
        "PKCS1 SHA-384",
        "PSS",
        "PSS other salt",
        "PSS other mask",
        "PSS old mask",
    ],
)
def test_the_signers_own_algorithm_counts(signer: Signer, options: tuple[str, ...]) -> None:
    verdict = judged(evidence(signed=sod(FILES, signer, *options)))
    assert (verdict.passive, verdict.reasons, verdict.country) == ("passed", (), "DZ")
    assert verdict.genuine


@pytest.mark.parametrize("algorithm", ["sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("version", [None, "0108"], ids=["version 0", "version 1"])
def test_hash_lists_of_both_versions_and_every_hash(algorithm: str, version: str | None) -> None:
    signed = sod(FILES, DS, algorithm=algorithm, version=version)
    assert judged(evidence(signed=signed)).passive == "passed"
    assert listed(signed) == (FileId.DG1, FileId.DG11)


@pytest.mark.parametrize("curve", [ec.BrainpoolP256R1(), ec.BrainpoolP512R1(), ec.SECP521R1(), ec.SECP384R1()])
def test_named_curves_of_signers(curve: ec.EllipticCurve) -> None:
    csca = country_signer(key=ec_key(curve))
    signed = sod(FILES, issue("DS", by=csca, key=ec_key(curve)))
    assert judged(evidence(signed=signed), TrustStore((csca.read,))).passive == "passed"


EXTENSIONS = """[ca]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ds]
keyUsage = critical, digitalSignature
authorityKeyIdentifier = keyid
"""


def by_openssl(tmp_path: Path, generate: list[str], *sign_options: str) -> tuple[Signer, Signer]:
    """A country signer and a document signer, whole by openssl."""
    extensions = tmp_path / "extensions"
    extensions.write_text(EXTENSIONS)
    made: list[Signer] = []
    for section, subject in (("ca", "/C=DZ/CN=CSCA"), ("ds", "/C=DZ/CN=DS")):
        key = tmp_path / f"{section}.key"
        key.write_bytes(openssl("genpkey", *generate))
        request = openssl("req", "-new", "-key", str(key), "-subj", subject, "-config", "/dev/null")
        whose = (
            ("-signkey", str(key))
            if section == "ca"
            else ("-CA", str(tmp_path / "ca"), "-CAkey", str(tmp_path / "ca.key"))
        )
        own = ("-extfile", str(extensions), "-extensions", section, "-days", "30", *sign_options)
        certificate = openssl("x509", "-req", *whose, *own, stdin=request)
        (tmp_path / section).write_bytes(certificate)
        der = openssl("x509", "-outform", "DER", stdin=certificate)
        made.append(Signer(der, key.read_bytes()))
    return made[0], made[1]


def explicit(curve: str) -> list[str]:
    return ["-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-pkeyopt", "ec_param_enc:explicit"]


@pytest.mark.parametrize(
    "generate",
    [
        explicit("P-256"),
        explicit("P-384"),
        explicit("brainpoolP256r1"),
        explicit("brainpoolP512r1"),
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP320r1"],
        ["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"],
    ],
    ids=["P-256 written out", "P-384 written out", "bp256 written out", "bp512 written out", "bp320", "RSA-PSS key"],
)
def test_keys_that_other_libraries_refuse(tmp_path: Path, generate: list[str]) -> None:
    csca, signer = by_openssl(tmp_path, generate)
    signed = sod(FILES, signer, *(PSS if "RSA-PSS" in generate else ()))
    today = dt.datetime.now(dt.UTC)
    trust = TrustStore((csca.read,))
    assert judged(evidence(signed=signed), trust, at=today).reasons == ()
    spoilt = bytearray(signed)
    spoilt[-3] ^= 1
    assert codes(judged(evidence(signed=bytes(spoilt)), trust, at=today)) == ["ALTERED"]


def test_sha1_proves_nothing_unless_policy_says_so(tmp_path: Path) -> None:
    (tmp_path / "weak").mkdir()
    csca, weak = by_openssl(tmp_path / "weak", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "-sha1")
    today = dt.datetime.now(dt.UTC)
    cards = {
        "hash list": (evidence(signed=sod(FILES, DS, algorithm="sha1")), TRUST, NOW, ["ALTERED"]),
        "signature": (evidence(signed=sod(FILES, DS, "-md", "sha1")), TRUST, NOW, ["ALTERED"]),
        "certificate": (evidence(signed=sod(FILES, weak)), TrustStore((csca.read,)), today, ["SIGNER-EXPIRED"]),
    }
    for what, (card, trust, at, refused) in cards.items():
        assert codes(judged(card, trust, at=at)) == refused, what
        assert judged(card, trust, at=at, policy=Policy(sha1="accepted")).reasons == (), what


def test_an_altered_and_an_added_file_are_named() -> None:
    verdict = judged(evidence({**FILES, FileId.DG11: b"\x6b\x01\x00", FileId.DG2: b"\x75\x00"}, signed=good_sod()))
    assert verdict.passive == "failed" and codes(verdict) == ["ALTERED"]
    assert (
        "DG11" in verdict.reasons[0].words
        and "DG2" in verdict.reasons[0].words
        and "DG1," not in verdict.reasons[0].words
    )


def test_a_list_other_than_the_signed_one_is_altered() -> None:
    forged = {**FILES, FileId.DG11: b"\x6b\x01\x00"}
    signed = good_sod().replace(hash_list(FILES), hash_list(forged))
    assert signed != good_sod()
    assert codes(judged(evidence(forged, signed=signed))) == ["ALTERED"]


def test_a_signature_that_does_not_hold_is_altered() -> None:
    signed = sign(hash_list(FILES), DS, LDS)
    spoilt = signed[:-1] + bytes((signed[-1] ^ 1,))
    assert codes(judged(evidence(signed=encode(0x77, spoilt)))) == ["ALTERED"]
    its_certificates = signed.replace(DS.der, DS.der[:-1] + bytes((DS.der[-1] ^ 1,)))
    assert codes(judged(evidence(signed=encode(0x77, its_certificates)))) == ["ALTERED"]


# --- as some states do it --------------------------------------------------------------------------------


def test_attributes_in_another_order_than_they_were_signed_in() -> None:
    signed = sign(hash_list(FILES), DS, LDS)
    attributes = signed_data.parse(signed, LDS).attributes
    inner = attributes[2:]
    items = [item.raw for item in tlv.parse(inner)]
    turned = signed.replace(inner, b"".join(reversed(items)))
    assert turned != signed and judged(evidence(signed=encode(0x77, turned))).reasons == ()
    dropped = cms.ContentInfo.load(signed)
    dropped["content"]["signer_infos"][0]["signed_attrs"] = [
        one for one in dropped["content"]["signer_infos"][0]["signed_attrs"] if one["type"].native != "signing_time"
    ]
    assert codes(judged(evidence(signed=encode(0x77, dropped.dump(force=True))))) == ["ALTERED"]


def test_a_pointer_that_writes_the_issuers_name_otherwise() -> None:
    before, name, after = good_sod().rpartition(b"CSCA")
    assert name and judged(evidence(signed=before + b"CSCB" + after)).reasons == ()


@pytest.mark.parametrize("algorithm", ["ecdsa", "1.2.840.10045.2.1"])
def test_an_algorithm_that_leaves_the_hash_to_its_neighbour(algorithm: str) -> None:
    info = cms.ContentInfo.load(sign(hash_list(FILES), DS, LDS, "-md", "sha384"))
    info["content"]["signer_infos"][0]["signature_algorithm"] = {"algorithm": algorithm}
    assert judged(evidence(signed=encode(0x77, info.dump(force=True)))).reasons == ()


def test_a_list_signed_without_attributes() -> None:
    signed = sign(hash_list(FILES), DS, LDS, "-noattr")
    assert judged(evidence(signed=encode(0x77, signed))).reasons == ()
    altered = {**FILES, FileId.DG11: b"\x6b\x01\x00"}
    forged = signed.replace(hash_list(FILES), hash_list(altered))
    assert forged != signed and codes(judged(evidence(altered, signed=encode(0x77, forged)))) == ["ALTERED"]


def test_a_content_of_another_kind_is_no_list_of_hashes() -> None:
    signed = encode(0x77, sign(hash_list(FILES), DS, "1.2.840.113549.1.7.1"))
    assert codes(judged(evidence(signed=signed))) == ["DATA"]
    with pytest.raises(MalformedData):
        listed(signed)
    bare = encode(0x77, sign(hash_list(FILES), DS, "1.2.840.113549.1.7.1", "-noattr"))
    assert codes(judged(evidence(signed=bare))) == ["DATA"]


@pytest.mark.parametrize("pointer", [(), ("-keyid",)], ids=["by name", "by key"])
def test_the_signer_is_found_among_the_certificates_that_came_along(tmp_path: Path, pointer: tuple[str, ...]) -> None:
    others = tmp_path / "others"
    others.write_bytes(b"".join(one.x509.public_bytes(Encoding.PEM) for one in (CSCA, RSA_DS)))
    signed = sign(hash_list(FILES), DS, LDS, "-certfile", str(others), *pointer)
    assert judged(evidence(signed=encode(0x77, signed))).reasons == ()


def test_a_digest_of_sha1_below_a_better_signature_is_refused_too() -> None:
    info = cms.ContentInfo.load(sign(hash_list(FILES), DS, LDS, "-md", "sha1"))
    signer = info["content"]["signer_infos"][0]
    attributes = b"\x31" + signer["signed_attrs"].dump()[1:]
    signer["signature_algorithm"] = {"algorithm": "sha256_ecdsa"}
    signer["signature"] = DS.private.sign(attributes, ec.ECDSA(hashes.SHA256()))
    card = evidence(signed=encode(0x77, info.dump(force=True)))
    assert codes(judged(card)) == ["ALTERED"]
    assert judged(card, policy=Policy(sha1="accepted")).reasons == ()


def lists_that_are_none() -> dict[str, bytes]:
    good = hash_list({FileId.DG1: b""})
    entry = good[-39:]
    assert entry[:5] == bytes.fromhex("3025020101")
    named, version = good[5:-41], encode(0x30, encode(0x13, b"0108") + encode(0x13, b"040000"))

    def made(number: int, *parts: bytes) -> bytes:
        return encode(0x30, encode(0x02, bytes((number,))) + named + b"".join(parts))

    return {
        "right": made(0, encode(0x30, entry)),
        "right, new": made(1, encode(0x30, entry), version),
        "twice": made(0, encode(0x30, entry + entry)),
        "group 0": made(0, encode(0x30, entry.replace(b"\x02\x01\x01", b"\x02\x01\x00"))),
        "group 17": made(0, encode(0x30, entry.replace(b"\x02\x01\x01", b"\x02\x01\x11"))),
        "no number": made(0, encode(0x30, entry.replace(b"\x02\x01\x01", b"\x04\x01\x01"))),
        "old with a version": made(0, encode(0x30, entry), version),
        "of a version to come": made(2, encode(0x30, entry), version),
        "more than there is": made(1, encode(0x30, entry), version, version),
        "no version": made(1, encode(0x30, entry), encode(0x30, encode(0x13, b"0108"))),
    }


@pytest.mark.parametrize("what", lists_that_are_none())
def test_a_list_of_hashes_is_formed_as_it_must_be(what: str) -> None:
    signed = encode(0x77, sign(lists_that_are_none()[what], DS, LDS))
    if what.startswith("right"):
        assert listed(signed) == (FileId.DG1,)
        return
    with pytest.raises(MalformedData):
        listed(signed)


def test_without_the_list_nothing_is_believed() -> None:
    card = evidence()
    verdict = judged(type(card)({FileId.DG1: dg1()}))
    assert (verdict.passive, codes(verdict)) == ("failed", ["ALTERED"])


def test_two_signers_and_none_are_refused(tmp_path: Path) -> None:
    twice = tmp_path / "second"
    twice.write_bytes(openssl("x509", "-inform", "DER", stdin=RSA_DS.der) + RSA_DS.key)
    for options in (("-signer", str(twice)), ("-nocerts",)):
        assert codes(judged(evidence(signed=encode(0x77, sign(hash_list(FILES), DS, LDS, *options))))) == ["DATA"]
