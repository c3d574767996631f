"""Break each part in turn: `kiosk diagnose` names that part, with a code and what to do, and no other."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk.simulation.townhall import TownHall
from registry.reference.keys import RegistryKeys, write_device
from signing.certificates import pem
from tests.e2e.technician import Diagnosis, diagnose, pcscd_of, pcscd_without_reader, variant

pytestmark = pytest.mark.slow

AFTER_TCP = {"registry-tls", "registry-token", "registry-api", "clock"}


@pytest.fixture(scope="module")
def hall() -> Iterator[TownHall]:
    """A town hall whose kiosk runs: signer, session, and a screen that draws on nothing."""
    before = os.environ.get("QT_QPA_PLATFORM")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    try:
        with (
            tempfile.TemporaryDirectory(prefix="shubbak-") as folder,
            TownHall(Path(folder), overrides={"registry": {"deadline": 3}}) as hall,
        ):
            hall.start("signer", "session", "screen")
            until_well(hall)
            yield hall
            until_well(hall)
    finally:
        os.environ.pop("QT_QPA_PLATFORM")
        if before is not None:
            os.environ["QT_QPA_PLATFORM"] = before


def until_well(hall: TownHall) -> None:
    """Nothing is named any more; a screen just started looks for its session for a moment."""
    while (well := diagnose(hall.configuration)).named():
        assert well.named() == {"display": "E-KIOSK-SCREEN-AWAY"}, well.checks
    assert (well.status, well.ready, well.skipped()) == (0, True, set())


def names(found: Diagnosis, part: str, code: str, skipped: set[str] | None = None) -> None:
    """That this part alone is named, and those that hang on it are skipped and say so."""
    assert found.named() == {part: code}, found.checks
    assert found.skipped() == (skipped or set())
    for name in skipped or set():
        assert part in found.checks[name]["detail"] or "registry's checks" in found.checks[name]["detail"]
    failed = found.checks[part]["status"] == "failed"
    assert (found.status, found.ready) == ((1, False) if failed else (0, True))


# --- reader and card


def test_pcscd_is_down(hall: TownHall) -> None:
    hall.hand.reader_down()
    try:
        names(diagnose(hall.configuration), "pcscd", "E-READER-PCSC", {"reader"})
    finally:
        hall.hand.reader_up()


def test_pcscd_hangs(hall: TownHall) -> None:
    stopped = pcscd_of(hall)
    os.kill(stopped, signal.SIGSTOP)
    try:
        names(diagnose(hall.configuration), "pcscd", "E-READER-PCSC", {"reader"})
    finally:
        os.kill(stopped, signal.SIGCONT)


def test_the_reader_is_pulled_out(hall: TownHall) -> None:
    with pcscd_without_reader(hall.folder) as socket:
        names(diagnose(variant(hall, reader={"pcscd_socket": socket})), "reader", "E-READER-NONE")


def test_another_reader_than_the_one_that_is_wanted(hall: TownHall) -> None:
    absent = variant(hall, reader={"name": "Identiv uTrust 4701 F"})
    found = diagnose(absent)
    names(found, "reader", "E-READER-NONE")
    assert "Virtual PCD" in found.checks["reader"]["detail"]


def test_a_card_that_does_not_answer(hall: TownHall) -> None:
    hall.insert("amina", fault="mute")
    try:
        while (found := diagnose(hall.configuration)).checks["card"]["status"] == "skipped":
            pass  # until PC/SC has seen it
        names(found, "card", "E-CARD-MUTE")
    finally:
        hall.remove()


# --- paper


def test_paper_is_out(hall: TownHall) -> None:
    hall.printer.paper_out()
    try:
        names(diagnose(hall.configuration), "supplies", "E-PRINTER-PAPER-OUT")
    finally:
        hall.printer.paper_in()


def test_paper_is_low(hall: TownHall) -> None:
    hall.printer.control.paper_out(after=5)
    try:
        found = diagnose(hall.configuration)
        names(found, "supplies", "E-PRINTER-PAPER-LOW")
        assert "main 5 sheets" in found.checks["supplies"]["detail"]
    finally:
        hall.printer.paper_in()


def test_the_printer_is_unplugged(hall: TownHall) -> None:
    hall.printer.gone()
    try:
        names(diagnose(hall.configuration), "printer", "E-PRINTER-UNREACHABLE", {"supplies"})
    finally:
        hall.printer.back()


# --- the registry, step by step


def test_the_registry_is_down(hall: TownHall) -> None:
    hall.registry.fault("down")
    try:
        names(diagnose(hall.configuration), "registry-tcp", "E-REGISTRY-UNREACHABLE", AFTER_TCP)
    finally:
        hall.registry.fault("up")


def test_the_registrys_name_is_unknown(hall: TownHall) -> None:
    nowhere = variant(hall, registry={"url": "https://registry.invalid:8443"})
    names(diagnose(nowhere), "registry-dns", "E-REGISTRY-DNS", AFTER_TCP | {"registry-tcp"})


def test_the_registry_has_a_certificate_of_another_authority(hall: TownHall, tmp_path: Path) -> None:
    other = RegistryKeys.load_or_create(tmp_path / "other")
    names(
        diagnose(variant(hall, registry={"ca": other.tls_ca})),
        "registry-tls",
        "E-REGISTRY-TLS",
        AFTER_TCP - {"registry-tls"},
    )


def test_the_registry_does_not_know_the_device(hall: TownHall, tmp_path: Path) -> None:
    other = RegistryKeys.load_or_create(tmp_path / "other")
    certificate, key = write_device(tmp_path / "device", *other.enrol_device("demo-1"))
    stranger = variant(hall, registry={"device_certificate": certificate, "device_key": key})
    found = diagnose(stranger)
    names(found, "registry-token", "E-REGISTRY-KIOSK", {"registry-api", "clock"})


def test_the_registry_is_slow(hall: TownHall) -> None:
    hall.registry.fault("slow")
    try:
        names(diagnose(hall.configuration), "registry-api", "E-REGISTRY-TIMEOUT", {"registry-token", "clock"})
    finally:
        hall.registry.fault("up")


def test_the_registry_talks_nonsense(hall: TownHall) -> None:
    hall.registry.fault("nonsense")
    try:
        names(diagnose(hall.configuration), "registry-api", "E-REGISTRY-NONSENSE")
    finally:
        hall.registry.fault("up")


# --- the signer


def test_the_signer_is_killed(hall: TownHall) -> None:
    hall.child("signer").kill()
    try:
        names(diagnose(hall.configuration), "signer", "E-SIGN-UNREACHABLE", {"token"})
    finally:
        hall.start("signer")


def test_the_tokens_pin_is_wrong(hall: TownHall) -> None:
    hall.stop("signer")
    pin = hall.token.pin_file.read_text()
    hall.token.pin_file.write_text("00000000")
    try:
        hall.start("signer")
        names(diagnose(hall.configuration), "token", "E-SIGN-TOKEN-PIN")
    finally:
        hall.token.pin_file.write_text(pin)
        hall.stop("signer")
        hall.start("signer")


def test_the_token_is_taken_out(hall: TownHall) -> None:
    tokens, away = hall.token.folder / "tokens", hall.token.folder / "away"
    tokens.rename(away)
    tokens.mkdir()
    try:
        found = diagnose(hall.configuration)
        assert list(found.named()) == ["token"] and found.named()["token"].startswith("E-SIGN-TOKEN")
    finally:
        tokens.rmdir()
        away.rename(tokens)
        hall.stop("signer")
        hall.start("signer")


def test_the_signing_certificate_has_expired(hall: TownHall, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    expired = tmp_path / "signer.pem"
    expired.write_bytes(pem(certificate(now - dt.timedelta(days=400), now - dt.timedelta(days=3))))
    found = diagnose(variant(hall, signer={"certificate": expired}))
    names(found, "certificates", "E-CERTIFICATE-EXPIRED")
    assert "signing expired" in found.checks["certificates"]["detail"]


def test_the_signing_certificate_expires_soon(hall: TownHall, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    soon = tmp_path / "signer.pem"
    soon.write_bytes(pem(certificate(now - dt.timedelta(days=400), now + dt.timedelta(days=89, hours=1))))
    found = diagnose(variant(hall, signer={"certificate": soon}))
    names(found, "certificates", "E-CERTIFICATE-EXPIRING")
    assert "signing 89 days" in found.checks["certificates"]["detail"]


# --- the machine


def test_the_clock_is_behind_what_was_signed(hall: TownHall) -> None:
    tuf = hall.folder / "fleet" / "tuf"
    tuf.mkdir(parents=True)
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=400)
    (tuf / "floor.json").write_text(json.dumps({"time": f"{later:%Y-%m-%dT%H:%M:%SZ}", "release": 1}))
    try:
        names(diagnose(hall.configuration), "clock", "E-CONFIG-CLOCK")
    finally:
        shutil.rmtree(hall.folder / "fleet")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize(
    ("options", "code"), [("size=1m,nr_inodes=16", "E-DISK-FULL"), ("size=64m,ro", "E-DISK-READ-ONLY")]
)
def test_the_disk_takes_nothing_more(hall: TownHall, tmp_path: Path, options: str, code: str) -> None:
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", tmp_path], check=False)
    if mounted.returncode:
        pytest.skip("this machine mounts no disk")
    try:
        if "ro" not in options.split(","):
            with pytest.raises(OSError), (tmp_path / "ballast").open("wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(4096))
        found = diagnose(variant(hall, kiosk={"state": tmp_path}))
        assert found.named() == {"disk": code} and found.skipped() == {"ledger", "stock"}
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_the_ledger_was_altered(hall: TownHall, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    with (
        sqlite3.connect(hall.folder / "state" / "ledger.sqlite") as whole,
        sqlite3.connect(state / "ledger.sqlite") as copy,
    ):
        whole.backup(copy)
    (state / "ledger.sqlite").write_bytes((state / "ledger.sqlite").read_bytes()[:-4096])
    names(diagnose(variant(hall, kiosk={"state": state})), "ledger", "E-LEDGER-DAMAGED", {"stock"})


# --- session, screen, configuration


def test_the_session_is_killed(hall: TownHall) -> None:
    hall.child("session").kill()
    try:
        names(diagnose(hall.configuration), "session", "E-KIOSK-SESSION-AWAY", {"display"})
    finally:
        hall.start("session")
        until_well(hall)


def test_the_screen_is_killed(hall: TownHall) -> None:
    hall.child("screen").kill()
    try:
        names(diagnose(hall.configuration), "display", "E-KIOSK-SCREEN-AWAY")
    finally:
        hall.start("screen")
        until_well(hall)


def test_a_configuration_with_mistakes(hall: TownHall) -> None:
    found = diagnose(variant(hall, laser={"deadline": 1}, reader={"nmae": "x"}))
    assert found.named() == {"configuration": "E-CONFIG-INVALID"} and found.status == 1
    detail = found.checks["configuration"]["detail"]
    assert "laser.deadline" in detail and "reader.nmae" in detail
    assert {c["status"] for n, c in found.checks.items() if n != "configuration"} == {"skipped"}


def certificate(begins: dt.datetime, ends: dt.datetime) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Commune")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(begins).not_valid_after(ends)
    return builder.sign(key, hashes.SHA256())
