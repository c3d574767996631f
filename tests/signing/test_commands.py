"""`kiosk verify` and `kiosk keys`, as a clerk and a technician type them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from signing.certificates import Chain, DemoAuthority, pem
from signing.demo import DemoToken, create_demo_token
from signing.protocol import SignedDocument


def kiosk(*words: str | Path, said: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from kiosk.cli import main; main()", *map(str, words)],
        input=said,
        capture_output=True,
        text=True,
        check=False,
    )


def test_verify_prints_one_object_for_a_page_a_seal_and_a_text_it_reads(
    document: SignedDocument, token: DemoToken, tmp_path: Path
) -> None:
    (tmp_path / "page.pdf").write_bytes(document.pdf)
    for what, kind, level, said in (
        (tmp_path / "page.pdf", "pdf", "PAdES-B-B", None),
        (document.seal, "seal", None, None),
        ("-", "seal", None, document.seal + "\n"),
    ):
        done = kiosk("verify", what, "--trust", token.trust, "--json", said=said)
        assert (done.returncode, done.stderr) == (0, "")
        verdict = json.loads(done.stdout)
        assert verdict["verdict"] == "valid"
        assert (verdict["kind"], verdict["level"]) == (kind, level)
        assert verdict["document"] == {"type": "birth-extract", "reference": "DZ-2026-1601-0000042"}


def test_verify_says_no_with_status_1_and_shows_nothing_of_the_document(
    document: SignedDocument, token: DemoToken, tmp_path: Path
) -> None:
    (tmp_path / "page.pdf").write_bytes(document.pdf + b"\n")
    for options in ((), ("--json",)):
        done = kiosk("verify", tmp_path / "page.pdf", "--trust", token.trust, *options)
        assert (done.returncode, done.stderr) == (1, "")
        assert "invalid" in done.stdout
        assert "0000042" not in done.stdout
        assert "Commune" not in done.stdout


@pytest.mark.parametrize(
    ("what", "trust", "code", "status"),
    [("missing.pdf", None, "E-KIOSK-USAGE", 2), ("https://x/v#A", Path("/nonexistent"), "E-SIGN-TRUST", 3)],
)
def test_verify_without_what_it_needs_is_one_line(
    token: DemoToken, tmp_path: Path, what: str, trust: Path | None, code: str, status: int
) -> None:
    done = kiosk("verify", what if what.startswith("h") else tmp_path / what, "--trust", trust or token.trust)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(f"error {code}: ")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def configuration(tmp_path: Path) -> tuple[DemoToken, Path]:
    made = create_demo_token(tmp_path / "token")
    file = tmp_path / "kiosk.toml"
    file.write_text(
        f"""
profile = "demo"
[signer]
softhsm_conf = "{made.softhsm_conf}"
pin_file = "{made.pin_file}"
key = "sign-2027"
certificate = "installed.pem"
"""
    )
    return made, file


@pytest.mark.slow
def test_a_key_from_its_making_to_its_certificate(configuration: tuple[DemoToken, Path], tmp_path: Path) -> None:
    made, config = configuration
    pin = made.pin_file.read_text().strip()
    listed = kiosk("keys", "list", "--config", config, "--json")
    assert json.loads(listed.stdout) == {
        "keys": [{"label": "sign-ec", "curve": "P-256", "extractable": False, "in_use": False}],
        "certificate": None,
    }

    created = kiosk("keys", "create", "--config", config)
    assert created.returncode == 0, created.stderr
    again = kiosk("keys", "create", "--config", config)
    assert (again.returncode, again.stderr[:30]) == (1, "error E-SIGN-TOKEN-KEY-EXISTS:")

    request = tmp_path / "key.csr"
    asked = kiosk("keys", "request", "--name", "Commune d’Oran", "--output", request, "--config", config)
    assert asked.returncode == 0, asked.stderr
    csr = x509.load_pem_x509_csr(request.read_bytes())
    assert csr.is_signature_valid

    key = csr.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    authority = DemoAuthority.create()
    wrong, right = tmp_path / "wrong.pem", tmp_path / "right.pem"
    wrong.write_bytes(made.certificate.read_bytes())
    right.write_bytes(pem(authority.certify(key, "DEMO Commune d’Oran")))
    refused = kiosk("keys", "install", wrong, "--config", config)
    assert (refused.returncode, refused.stderr[:26]) == (3, "error E-SIGN-CERTIFICATE: ")
    assert not (tmp_path / "installed.pem").exists()
    installed = kiosk("keys", "install", right, "--config", config)
    assert installed.returncode == 0, installed.stderr

    listed = kiosk("keys", "list", "--config", config)
    assert "sign-2027  P-256  cannot leave the token  in use" in listed.stdout
    assert Chain.load(right).kid.hex() in listed.stdout
    everything = (created, again, asked, refused, installed, listed)
    assert not [done for done in everything if pin in done.stdout + done.stderr]


def test_a_name_too_long_for_a_certificate_is_wrong_use(configuration: tuple[DemoToken, Path], tmp_path: Path) -> None:
    _, config = configuration
    done = kiosk("keys", "request", "--name", "x" * 65, "--output", tmp_path / "k", "--config", config)
    assert (done.returncode, done.stderr[:21]) == (2, "error E-KIOSK-USAGE: ")
