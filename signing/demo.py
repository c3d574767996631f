"""A municipality's token for demonstrations and tests: SoftHSM2, a key made in it, a DEMO certificate.

`create_demo_token` makes, once, all that a signer and its verifiers need; every run after finds it. The
token is made by opensc's `pkcs11-tool` in processes of their own, because a PKCS#11 module reads its
configuration once a process; PINs go to it through the environment, never in arguments.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from signing.certificates import Chain, DemoAuthority, kid_of, pem
from signing.errors import CertificateUnusable, TokenAbsent, TokenFailed

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
TOKEN_LABEL = "commune"  # noqa: S105 (a label, not a secret)
KEY_LABEL = "sign-ec"
DEMO_NAME = "DEMO Commune d’Alger-Centre"
DEMO_HOST = "verify.shubbak.example"
_TOOL_DEADLINE = 30


@dataclass(frozen=True, slots=True)
class DemoToken:
    """Where everything lies. `trust` is the verifier's folder: issuers.json, demo-ca.pem, signer.pem."""

    folder: Path

    @property
    def softhsm_conf(self) -> Path:
        return self.folder / "softhsm2.conf"

    @property
    def pin_file(self) -> Path:
        return self.folder / "token.pin"

    @property
    def trust(self) -> Path:
        return self.folder / "trust"

    @property
    def certificate(self) -> Path:
        """PEM chain of the signing certificate."""
        return self.trust / "signer.pem"

    @property
    def ca(self) -> Path:
        return self.trust / "demo-ca.pem"

    @property
    def issuers(self) -> Path:
        return self.trust / "issuers.json"


def create_demo_token(folder: Path, *, name: str = DEMO_NAME, host: str = DEMO_HOST) -> DemoToken:
    """Makes token, key, DEMO authority, certificate and trust folder, or finds those made before.

    `folder` is created with mode 0700. `issuers.json` is written last: without it, whatever a stopped run
    left is thrown away and made anew. Raises TokenAbsent (SoftHSM2 or opensc missing), TokenFailed.
    """
    demo = DemoToken(folder.absolute())
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    tokens = demo.folder / "tokens"
    # Always written: the folder may have been moved, and SoftHSM wants an absolute path.
    demo.softhsm_conf.write_text(
        f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n", encoding="utf-8"
    )
    if demo.issuers.exists():
        Chain.load(demo.certificate)
        return demo
    for leftover in (tokens, demo.trust):
        shutil.rmtree(leftover, ignore_errors=True)
        leftover.mkdir(mode=0o700)
    key = _make_key(demo)
    authority = DemoAuthority.create()
    certificate = authority.certify(key, name)
    demo.ca.write_bytes(pem(authority.certificate))
    demo.certificate.write_bytes(pem(certificate))
    entry = {"kid": kid_of(certificate).hex(), "certificate": demo.certificate.name, "name": name}
    trust = {"issuers": [entry], "authorities": [demo.ca.name], "hosts": [host]}
    written = demo.issuers.with_suffix(".new")
    written.write_text(json.dumps(trust, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    written.replace(demo.issuers)
    return demo


def _make_key(demo: DemoToken) -> ec.EllipticCurvePublicKey:
    """A fresh token with one P-256 key. The security officer's PIN is forgotten: nobody needs it again."""
    pin = secrets.token_hex(8)
    demo.pin_file.unlink(missing_ok=True)
    with os.fdopen(os.open(demo.pin_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(pin + "\n")
    tool = _Tool(demo.softhsm_conf, {"SHUBBAK_SO_PIN": secrets.token_hex(8), "SHUBBAK_PIN": pin})
    tool(
        "make the token", "--init-token", "--slot-index", "0", "--label", TOKEN_LABEL, "--so-pin", "env:SHUBBAK_SO_PIN"
    )
    named = ("--token-label", TOKEN_LABEL, "--login")
    tool(
        "set its PIN",
        *named,
        "--login-type",
        "so",
        "--so-pin",
        "env:SHUBBAK_SO_PIN",
        "--init-pin",
        "--new-pin",
        "env:SHUBBAK_PIN",
    )
    log_in = (*named, "--pin", "env:SHUBBAK_PIN")
    tool(
        "make its key",
        *log_in,
        "--keypairgen",
        "--key-type",
        "EC:prime256v1",
        "--sensitive",
        "--label",
        KEY_LABEL,
        "--id",
        "01",
    )
    public = demo.folder / "public.der"
    tool(
        "show its key", *log_in, "--read-object", "--type", "pubkey", "--label", KEY_LABEL, "--output-file", str(public)
    )
    key = load_der_public_key(public.read_bytes())
    public.unlink()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise CertificateUnusable("the token made a key of another kind")
    return key


@dataclass(frozen=True, slots=True)
class _Tool:
    softhsm_conf: Path
    pins: dict[str, str]

    def __call__(self, step: str, *arguments: str) -> None:
        environment = os.environ | self.pins | {"SOFTHSM2_CONF": str(self.softhsm_conf)}
        try:
            done = subprocess.run(
                ["pkcs11-tool", "--module", str(MODULE), *arguments],
                env=environment,
                capture_output=True,
                timeout=_TOOL_DEADLINE,
                check=False,
            )
        except FileNotFoundError:
            raise TokenAbsent("pkcs11-tool is not installed (Debian package opensc)") from None
        except subprocess.TimeoutExpired:
            raise TokenFailed("pkcs11-tool did not finish") from None
        if done.returncode != 0:
            raise TokenFailed(f"pkcs11-tool could not {step}; is softhsm2 installed?")
