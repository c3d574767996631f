"""Each check on real parts: what it tells when all is well, and what between well and broken."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from config.status import State
from drivers.printers.laser import LaserPrinter
from drivers.printers.supplies import Inventory, Supply
from drivers.simulated.issuer import Holder
from kiosk.diagnostics import machine
from tests.kiosk.diagnostics.conftest import Bench

NOW = dt.datetime.now(dt.UTC)
Days = tuple[int, int]


def certificate(begins: int, ends: int) -> x509.Certificate:
    """An authority's of a country, valid from and to so many days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "DZ"), x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    now = dt.datetime.now(dt.UTC)
    first, last = (now + dt.timedelta(days=days, minutes=5) for days in (begins, ends))
    return builder.serial_number(1).not_valid_before(first).not_valid_after(last).sign(key, hashes.SHA256())


def pem(folder: Path, *terms: Days) -> Path:
    file = folder / "certificates.pem"
    file.write_bytes(b"".join(certificate(*term).public_bytes(serialization.Encoding.PEM) for term in terms))
    return file


def test_all_is_well_and_says_what_was_seen(bench: Bench) -> None:
    found = bench.check()
    assert {n for n, c in found.items() if c.status == "failed"} == {"display"}, "no screen runs here"
    assert found["reader"].detail == "Virtual PCD 00 00"
    assert re.fullmatch(r".* (Laser|Printer), accepts jobs; PDF over ipp", found["printer"].detail)
    assert re.match(r"main \d+ sheets, .*Toner.* \d+ %", found["supplies"].detail)
    assert re.fullmatch(r"signs with key [0-9a-f]{16}", found["token"].detail)
    assert "mutual TLS" in found["registry-token"].detail
    for kind in ("signing", "device", "registry CA", "CSCA"):
        assert re.search(rf"\b{kind} \d+ days", found["certificates"].detail)
    assert found["configuration"].detail == "valid; the local file alone"


# --- card


def test_a_card_that_opens_by_bac(bench: Bench, tmp_path: Path) -> None:
    person = Holder(
        document_number="AB1234567",
        nin="109860314160100123",
        surname_latin="BENALI",
        given_latin="AMINA",
        surname_arabic="بن علي",
        given_arabic="أمينة",
        sex="F",
        date_of_birth=dt.date(1986, 3, 14),
        date_of_expiry=dt.date(2032, 5, 1),
        can="123456",
        pin="4321",
        access="bac",
    )
    bench.hall.issuer.issue(person).save(tmp_path / "bac.json")
    bench.insert(tmp_path / "bac.json")
    try:
        card = bench.check("card")
    finally:
        bench.remove()
    assert card.status == "ok" and "BAC" in card.detail


# --- supplies


@pytest.mark.parametrize(
    ("trays", "markers", "code"),
    [
        ((Supply("main", 20),), (Supply("Black", 10),), None),
        ((Supply("main", 19),), (), "E-PRINTER-PAPER-LOW"),
        ((Supply("main", 9), Supply("second", 11)), (), None),
        ((), (Supply("Drum", None), Supply("Black", 9)), "E-PRINTER-TONER-LOW"),
    ],
)
def test_a_printer_that_tells_levels_and_no_warning(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    trays: tuple[Supply, ...],
    markers: tuple[Supply, ...],
    code: str | None,
) -> None:
    async def inventory(printer: LaserPrinter) -> Inventory:
        return Inventory("", trays, markers)

    monkeypatch.setattr(LaserPrinter, "inventory", inventory)
    assert bench.check("supplies").code == code


# --- certificates


@pytest.mark.parametrize(
    ("terms", "status", "code", "told"),
    [
        ([(-10, 90)], "ok", None, "signing 90 days"),
        ([(-10, 89)], "degraded", "E-CERTIFICATE-EXPIRING", "signing 89 days"),
        ([(-10, -1)], "failed", "E-CERTIFICATE-EXPIRED", "signing expired on"),
        ([(1, 900)], "failed", "E-CERTIFICATE-EARLY", "signing is valid only from"),
        ([(-10, 900), (-900, -1)], "failed", "E-CERTIFICATE-EXPIRED", "signing authority expired on"),
    ],
)
def test_the_signing_certificate_and_those_above_it(
    bench: Bench, tmp_path: Path, terms: list[Days], status: str, code: str | None, told: str
) -> None:
    settings = bench.with_settings("signer", certificate=pem(tmp_path, *terms))
    found = bench.check("certificates", settings=settings)
    assert (found.status, found.code) == (status, code) and told in found.detail
    assert "device" in found.detail and "CSCA" in found.detail, "the others are told too"


def test_a_country_has_old_certificates_beside_its_new_one(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "csca"
    folder.mkdir()
    pem(folder, (-900, -1), (-10, 400))
    settings = bench.with_settings("card", csca=folder)
    found = bench.check("certificates", settings=settings)
    assert found.status == "ok" and "CSCA 400 days" in found.detail


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n"])
def test_a_file_without_a_certificate_is_named(bench: Bench, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "device.pem"
    if content is not None:
        file.write_bytes(content)
    found = bench.check("certificates", settings=bench.with_settings("registry", device_certificate=file))
    assert found.code == "E-CERTIFICATE-MISSING" and found.detail.startswith("device: device.pem")


# --- clock and configuration


@pytest.mark.parametrize(
    ("seconds", "status", "code"),
    [
        (0, "ok", None),
        (20, "ok", None),
        (-45, "degraded", "E-CLOCK-DRIFT"),
        (45, "degraded", "E-CLOCK-DRIFT"),
        (200, "failed", "E-CLOCK-SKEW"),
        (-200, "failed", "E-CLOCK-SKEW"),
    ],
)
def test_the_clock_against_the_registrys(bench: Bench, seconds: float, status: str, code: str | None) -> None:
    found = bench.check("clock", now=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds))
    assert (found.status, found.code) == (status, code)
    if code is not None:
        assert ("ahead" if seconds > 0 else "behind") in found.detail


def state(bench: Bench, tmp_path: Path, **fields: object) -> object:
    """Settings whose fleet is in the state that its agent wrote."""
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    told = State.model_validate({"since": NOW} | fields)
    (fleet / "state.json").write_text(told.model_dump_json())
    if told.good is not None:
        (fleet / "current").symlink_to(f"releases/{told.good}")
    return bench.with_settings("fleet", folder=fleet)


def test_the_agent_tells_everybody_the_clocks_floor(bench: Bench, tmp_path: Path) -> None:
    settings = state(bench, tmp_path, floor=NOW + dt.timedelta(days=30))
    assert bench.check("clock", settings=settings).code == "E-CONFIG-CLOCK"


def test_the_release_in_force(bench: Bench, tmp_path: Path) -> None:
    found = bench.check("configuration", settings=state(bench, tmp_path, phase="good", release=7, good=7))
    assert (found.status, found.detail) == ("ok", "valid; release 7; the agent: good")


def test_a_release_that_was_taken_back(bench: Bench, tmp_path: Path) -> None:
    settings = state(bench, tmp_path, phase="reverted", release=8, good=7, bad=8, code="E-SIGN-TOKEN")
    found = bench.check("configuration", settings=settings)
    assert (found.status, found.code) == ("degraded", "E-SIGN-TOKEN") and "reverted 8" in found.detail


def test_a_source_of_releases_that_cannot_be_reached(bench: Bench, tmp_path: Path) -> None:
    settings = state(bench, tmp_path, phase="good", release=7, good=7, source_code="E-CONFIG-MIRROR")
    found = bench.check("configuration", settings=settings)
    assert (found.status, found.code) == ("degraded", "E-CONFIG-MIRROR")


def test_an_agents_state_that_cannot_be_read(bench: Bench, tmp_path: Path) -> None:
    fleet = tmp_path / "fleet"
    fleet.mkdir()
    (fleet / "state.json").write_text(json.dumps({"phase": "asleep"}))
    found = bench.check(settings=bench.with_settings("fleet", folder=fleet))
    assert found["configuration"].code == "E-CONFIG-STATE" and found["clock"].status == "ok"


# --- disk and machine


def test_a_state_folder_that_is_none(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    settings = bench.with_settings("kiosk", state=tmp_path / "state")
    assert bench.check("disk", settings=settings).code == "E-DISK-FAULT"


def test_nothing_is_left_on_the_disk(bench: Bench, tmp_path: Path) -> None:
    assert bench.check("disk", settings=bench.with_settings("kiosk", state=tmp_path)).status == "ok"
    assert list(tmp_path.iterdir()) == []


def appliance(root: Path, **files: str) -> Path:
    well = {"sys/kernel/sysrq": "0\n", "sys/kernel/core_pattern": "|/bin/false\n", "modules": "", "swaps": "Filename\n"}
    for name, content in (well | files).items():
        file = root / "proc" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (root / "run/systemd/system").mkdir(parents=True)
    (root / "lib/systemd/system").mkdir(parents=True)
    (root / "lib/systemd/system/kiosk.target").touch()
    return root


def test_a_machine_as_its_package_left_it(tmp_path: Path) -> None:
    assert machine.is_appliance(appliance(tmp_path))
    assert machine.weaknesses(tmp_path) == []
    assert not machine.is_appliance(tmp_path / "run")


@pytest.mark.parametrize(
    ("file", "content", "word"),
    [
        ("sys/kernel/sysrq", "438\n", "SysRq"),
        ("sys/kernel/core_pattern", "core\n", "core dumps"),
        ("modules", "usbhid 1 0 - Live\nusblp 28672 0 - Live 0x0\n", "usblp"),
        ("swaps", "Filename\n/dev/sda2 partition 1 0 -2\n", "swap"),
    ],
)
def test_what_stands_open_on_a_machine(tmp_path: Path, file: str, content: str, word: str) -> None:
    (found,) = machine.weaknesses(appliance(tmp_path, **{file: content}))
    assert word in found


def test_a_print_queue_on_the_machine(tmp_path: Path) -> None:
    root = appliance(tmp_path)
    (root / "run/cups").mkdir()
    (root / "run/cups/cups.sock").touch()
    (found,) = machine.weaknesses(root)
    assert "CUPS" in found


def test_services_that_do_not_run_are_named(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """systemctl's own answer, as it stands in its manual: a state a line, in the order asked."""
    tool = tmp_path / "bin/systemctl"
    tool.parent.mkdir()
    tool.write_text(
        "#!/bin/sh\nshift\nfor u; do [ $u = kiosk-signer.service ] && echo failed || echo active; done\nexit 3\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    found = bench.check("machine", root=appliance(tmp_path / "root"))
    assert (found.code, found.detail) == ("E-MACHINE-UNIT", "kiosk-signer.service is failed")


# --- acceptance


def test_an_installation_counts_everything(bench: Bench, tmp_path: Path) -> None:
    pin = tmp_path / "staff.pin"
    pin.touch(mode=0o600)
    papers = len(list(bench.hall.printer.paper.iterdir()))
    bench.insert()
    try:
        found = bench.check(installing=True, settings=bench.with_settings("staff", pin_file=pin))
    finally:
        bench.remove()
    assert found["machine"].code == "E-DIAGNOSE-SKIPPED"
    assert {n for n, c in found.items() if c.status == "skipped"} == set()
    for name in ("card", "page", "secrets"):
        assert found[name].status == "ok", found[name]
    assert len(list(bench.hall.printer.paper.iterdir())) == papers + 1


def test_a_secret_that_others_can_read_is_named(bench: Bench, tmp_path: Path) -> None:
    pin = tmp_path / "staff.pin"
    pin.touch(mode=0o640)
    bench.insert()
    try:
        found = bench.check("secrets", installing=True, settings=bench.with_settings("staff", pin_file=pin))
    finally:
        bench.remove()
    assert (found.code, found.detail) == ("E-MACHINE-SECRETS", "staff.pin_file has mode 0640")


def test_an_installation_without_a_card_fails(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.diagnostics.reading.INSERT_S", 3.0)
    found = bench.check("card", installing=True)
    assert found.code == "E-CARD-ABSENT", found
