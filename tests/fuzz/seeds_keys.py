"""Seeds made by openssl: public keys, certificates and revocation lists of every kind. Their keys are thrown away."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.security_infos import CHIP_AUTHENTICATION, PUBLIC_KEY
from tests.fuzz.harness import script

Seeds = Iterator[tuple[str, str, bytes]]
"""(harness, name, content)."""
CURVES = ("prime256v1", "secp384r1", "secp521r1", "brainpoolP256r1", "brainpoolP320r1", "secp224r1")


def openssl(*arguments: str, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True).stdout


def seeds() -> Seeds:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for curve in CURVES:
            for form in ("named_curve", "explicit"):
                kind = ["ec", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-pkeyopt", f"ec_param_enc:{form}"]
                key = private_key(folder, *kind)
                public = openssl("pkey", "-in", key, "-pubout", "-outform", "DER")
                yield "signature-key", f"good-{curve}-{form}", public
                yield "agreement-key", f"good-{curve}-{form}", public
                if form == "named_curve":
                    yield from chip_authentications(curve, public)
                if curve in ("prime256v1", "brainpoolP320r1"):
                    yield "certificate", f"good-{curve}-{form}", authority(folder, key)
                    yield "revocation-list", f"good-{curve}-{form}", revocations(folder, key)
        rsa = private_key(folder, "rsa", "-pkeyopt", "rsa_keygen_bits:2048")
        yield "signature-key", "good-rsa", openssl("pkey", "-in", rsa, "-pubout", "-outform", "DER")
        yield "certificate", "good-rsa", authority(folder, rsa)
        yield "certificate", "good-rsa-sha1", authority(folder, rsa, "-sha1")
        pss = ("-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32")
        yield "certificate", "good-pss", authority(folder, rsa, *pss)
        yield "revocation-list", "good-pem", openssl("crl", "-inform", "DER", given=revocations(folder, rsa))


def private_key(folder: Path, kind: str, *options: str) -> str:
    path = str(folder / "key.pem")
    openssl("genpkey", "-algorithm", kind, *options, "-out", path)
    return path


def authority(folder: Path, key: str, *how: str) -> bytes:
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    subject = ("-subj", "/C=DZ/O=DEMO/CN=DEMO Authority", "-days", "3650")
    made = openssl("req", "-x509", "-new", "-key", key, *subject, *usage, *how)
    (folder / "authority.pem").write_bytes(made)
    return openssl("x509", "-outform", "DER", given=made)


def revocations(folder: Path, key: str) -> bytes:
    authority(folder, key)
    (folder / "index").write_text("R\t360101000000Z\t261101000000Z\t1F\tunknown\t/C=DZ/CN=DS\n")
    (folder / "number").write_text("01\n")
    (folder / "ca.cnf").write_text(
        f"[ca]\ndefault_ca=one\n[one]\ndatabase={folder}/index\ncrlnumber={folder}/number\n"
        "default_md=sha256\ndefault_crl_days=30\ncrl_extensions=more\n[more]\nauthorityKeyIdentifier=keyid\n"
    )
    files = ("-keyfile", key, "-cert", str(folder / "authority.pem"), "-config", str(folder / "ca.cnf"))
    return openssl("crl", "-outform", "DER", given=openssl("ca", "-gencrl", *files))


def chip_authentications(curve: str, public: bytes) -> Seeds:
    """A chip that takes our key and, in version 2, makes up a token."""
    for version, kind in ((1, b"\x02\x02"), (2, b"\x02\x04"), (1, b"\x02\x01")):
        way = tlv.encode(6, CHIP_AUTHENTICATION + kind) + tlv.encode(2, bytes((version,)))
        key = tlv.encode(6, PUBLIC_KEY + b"\x02") + public
        infos = tlv.encode(0x31, tlv.encode(0x30, way) + tlv.encode(0x30, key))
        proof = tlv.encode(0x81, bytes(8)) + tlv.encode(0x82, bytes(8)) if version == 2 else b""
        answers = script(b"\x90\x00", tlv.encode(0x7C, proof) + b"\x90\x00")
        sort = "wrong" if version == 2 else "good"
        yield "chip-authentication", f"{sort}-{curve}-{kind.hex()}-{version}", len(infos).to_bytes(2) + infos + answers
