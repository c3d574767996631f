"""The demonstration's token, and the one way to its key."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from config.schema import Signer
from signing import errors
from signing.certificates import Chain, certificate_request, der_signature
from signing.demo import DemoToken, create_demo_token
from signing.token import Token, read_pin
from signing.trust import TrustFolder


def settings(demo: DemoToken, /, **changes: object) -> Signer:
    fields = {"softhsm_conf": demo.softhsm_conf, "pin_file": demo.pin_file, "certificate": demo.certificate}
    return Signer.model_validate(fields | changes)


def test_a_signature_of_the_token_holds_under_the_certificate(token: DemoToken) -> None:
    with Token.open(settings(token)) as held:
        signature = held.sign_digest(hashlib.sha256(b"page").digest())
        key = Chain.load(token.certificate).signer.public_key()
        assert held.public_key() == key
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(der_signature(signature), b"page", ec.ECDSA(hashes.SHA256()))


def test_the_key_cannot_leave_the_token(token: DemoToken) -> None:
    with Token.open(settings(token)) as held:
        (key,) = held.signing_keys()
    assert (key.label, key.curve, key.extractable) == ("sign-ec", "P-256", False)


def test_another_thread_is_refused(token: DemoToken) -> None:
    refused: list[str] = []

    def trespass() -> None:
        try:
            held.sign_digest(bytes(32))
        except RuntimeError as error:
            refused.append(str(error))

    with Token.open(settings(token)) as held:
        other = threading.Thread(target=trespass)
        other.start()
        other.join()
    assert refused == ["the token belongs to another thread"]


def test_a_session_that_died_is_reopened(token: DemoToken) -> None:
    with Token.open(settings(token)) as held:
        held.sign_digest(bytes(32))
        held._session.close()
        assert len(held.sign_digest(bytes(32))) == 64


def test_making_a_key_under_a_label_that_is_taken_changes_nothing(token: DemoToken) -> None:
    with Token.open(settings(token)) as held, pytest.raises(errors.KeyExists):
        held.generate()


def test_a_key_made_in_the_token_signs_its_own_request(token: DemoToken) -> None:
    with Token.open(settings(token, key="second")) as held:
        held.generate()
        request = x509.load_pem_x509_csr(certificate_request(held, held.public_key(), "Commune d’Alger-Centre"))
        assert request.public_key() == held.public_key()
    assert request.is_signature_valid
    assert "CN=Commune d’Alger-Centre" in request.subject.rfc4514_string()


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"token": "elsewhere"}, errors.TokenAbsent),
        ({"module": Path("/nonexistent/module.so")}, errors.TokenAbsent),
        ({"pin_file": Path("/nonexistent/pin")}, errors.PinFileUnsafe),
    ],
)
def test_a_token_that_is_not_there_says_so(
    token: DemoToken, changes: dict[str, object], refusal: type[errors.SigningError]
) -> None:
    with pytest.raises(refusal):
        Token.open(settings(token, **changes))


def test_a_key_that_is_not_there_says_so(token: DemoToken) -> None:
    with Token.open(settings(token, key="elsewhere")) as held:
        with pytest.raises(errors.KeyAbsent):
            held.sign_digest(bytes(32))
        with pytest.raises(errors.KeyAbsent):
            held.public_key()


def test_a_wrong_pin_is_refused_and_not_repeated_in_the_message(token: DemoToken, tmp_path: Path) -> None:
    wrong = tmp_path / "pin"
    wrong.write_text("99999999\n")
    wrong.chmod(0o600)
    with pytest.raises(errors.PinRefused) as refusal:
        Token.open(settings(token, pin_file=wrong))
    assert "99999999" not in str(refusal.value)


@pytest.mark.parametrize("content", ["", "12\n", "\xff\xfe\n", "x" * 1000])
def test_a_pin_file_without_a_pin_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "pin"
    file.write_text(content, encoding="latin-1")
    file.chmod(0o600)
    with pytest.raises(errors.PinFileUnsafe):
        read_pin(file)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_pin_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "pin"
    file.write_text("12345678\n")
    file.chmod(mode)
    with pytest.raises(errors.PinFileUnsafe):
        read_pin(file)


def test_the_demo_certificate_says_what_it_is_and_what_it_is_for(token: DemoToken) -> None:
    certificate = Chain.load(token.certificate).signer
    assert "CN=DEMO Commune d’Alger-Centre" in certificate.subject.rfc4514_string()
    assert "CN=DEMO" in certificate.issuer.rfc4514_string()
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.content_commitment
    assert not (usage.key_cert_sign or usage.key_encipherment)
    assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_second_run_finds_the_first_ones_token(token: DemoToken) -> None:
    before = {file: file.stat().st_mtime_ns for file in token.folder.rglob("*") if file != token.softhsm_conf}
    again = create_demo_token(token.folder)
    assert again == token
    after = {file: file.stat().st_mtime_ns for file in token.folder.rglob("*") if file != token.softhsm_conf}
    assert {f for f in before if f.is_file()} == {f for f in after if f.is_file()}
    assert before[token.certificate] == after[token.certificate]


def test_what_a_stopped_run_left_is_made_anew(tmp_path: Path) -> None:
    first = create_demo_token(tmp_path / "token")
    kid = Chain.load(first.certificate).kid
    first.issuers.unlink()
    second = create_demo_token(tmp_path / "token")
    assert Chain.load(second.certificate).kid != kid
    assert list(TrustFolder.load(second.trust).issuers) == [Chain.load(second.certificate).kid]


def test_pins_are_in_no_argument_and_in_no_readable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `pkcs11-tool` in front of the real one writes down its arguments."""
    real = shutil.which("pkcs11-tool")
    tools = tmp_path / "bin"
    tools.mkdir()
    spy = tools / "pkcs11-tool"
    spy.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/arguments\nexec {real} "$@"\n')
    spy.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    made = create_demo_token(tmp_path / "token")
    pin = made.pin_file.read_text().strip()
    arguments = (tmp_path / "arguments").read_text()
    assert "--init-token" in arguments
    assert pin not in arguments
    assert stat.S_IMODE(made.pin_file.stat().st_mode) == 0o600
    assert [file for file in made.folder.rglob("*") if file.is_file() and pin in file.read_text("latin-1")] == [
        made.pin_file
    ]


def test_without_opensc_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.TokenAbsent, match="opensc"):
        create_demo_token(tmp_path / "token")
