"""What a kiosk in service refuses, told apart from what a checkout always has: its simulators."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config import DemoInProduction, Settings, load
from config.errors import ConfigError
from drivers.printers.laser import LaserPrinter
from drivers.simulated.issuer import CardIssuer
from drivers.simulated.printer import VirtualLaser
from kiosk.fleet.meaning import KioskMeaning
from kiosk.production import demo_parts, refuse_demo_parts, refuse_demo_printer
from kiosk.session.service import open_session
from registry.reference.keys import RegistryKeys
from signing.certificates import DemoAuthority, pem

GOOD = """profile = "production"
[registry]
url = "https://registry.interieur.dz"
[signer]
module = "/usr/lib/token.so"
seal_host = "verify.interieur.dz"
"""
Configure = Callable[[str, str], Settings]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """The settings of a kiosk in service, with a line of it replaced; trust lies in tmp_path/trust."""

    def with_line(line: str, other: str) -> Settings:
        assert line in GOOD
        file = tmp_path / "kiosk.toml"
        file.write_text(GOOD.replace(line, other))
        return load(file).settings

    return with_line


@pytest.fixture
def good(configure: Configure) -> Settings:
    return configure("", "")


def keys(settings: Settings) -> set[str]:
    """The settings that brought something in; `profile` stands for what is installed, here always so."""
    return {part.key for part in demo_parts(settings)} - {"profile"}


def test_a_kiosk_in_service_may_have_what_it_needs(good: Settings) -> None:
    assert keys(good) == set()


@pytest.mark.parametrize(
    ("line", "other", "key"),
    [
        ("/usr/lib/token.so", "/usr/lib/softhsm/libsofthsm2.so", "signer.module"),
        ("[signer]", '[signer]\nsofthsm_conf = "softhsm2.conf"', "signer.module"),
        ("verify.interieur.dz", "verify.shubbak.example", "signer.seal_host"),
        ("verify.interieur.dz", "verify.example.org", "signer.seal_host"),
        ("verify.interieur.dz", "verify.test.", "signer.seal_host"),
        ("registry.interieur.dz", "localhost:8443", "registry.url"),
        ("registry.interieur.dz", "registry.localhost", "registry.url"),
        ("registry.interieur.dz", "127.8.9.1:443/registry", "registry.url"),
        ("registry.interieur.dz", "[::1]:8443", "registry.url"),
        ("registry.interieur.dz", "0.0.0.0", "registry.url"),
        ("registry.interieur.dz", "user@192.0.2.7", "registry.url"),
        ("registry.interieur.dz", "registry.EXAMPLE", "registry.url"),
        ("[signer]", '[reader]\nname = "Virtual PCD 00 00"\n[signer]', "reader.name"),
        ("[signer]", '[reader]\npcscd_socket = "pcscd.sock"\n[signer]', "reader.pcscd_socket"),
        ("[signer]", '[scanner]\npictures = "cards"\n[signer]', "scanner.pictures"),
        ("[signer]", '[scanner]\nserial = "/dev/pts/3"\n[signer]', "scanner.serial"),
        ("[signer]", '[thermal]\naddress = "tcp://127.0.0.1:9100"\n[signer]', "thermal.address"),
        ("[signer]", '[thermal]\naddress = "serial:/dev/pts/3?baud=115200"\n[signer]', "thermal.address"),
    ],
)
def test_a_setting_of_demonstrations_is_refused_by_name(configure: Configure, line: str, other: str, key: str) -> None:
    settings = configure(line, other)
    assert keys(settings) == {key}
    with pytest.raises(DemoInProduction, match=key):
        refuse_demo_parts(settings)
    demo = settings.model_copy(update={"profile": "demo"})
    assert demo_parts(demo) == []


def test_addresses_that_only_look_alike_are_let_pass(configure: Configure) -> None:
    for name in ("exampleregistry.dz", "test.interieur.dz", "localhost.interieur.dz", "10.1.2.3", "[fd00::1]"):
        assert keys(configure("registry.interieur.dz", name)) == set(), name
    for address in ("tcp://10.1.2.3:9100", "serial:/dev/serial/by-id/usb-FTDI", "usb:04b8:0e28", ""):
        assert keys(configure("[signer]", f'[thermal]\naddress = "{address}"\n[signer]')) == set(), address


def test_every_certificate_the_simulators_make_is_known_by_its_name(good: Settings, tmp_path: Path) -> None:
    trust = good.card.csca
    trust.mkdir(parents=True)
    issuer = CardIssuer.load_or_create(tmp_path / "issuer")
    (trust / "csca.der").write_bytes(issuer.csca_certificate)
    assert keys(good) == {"card.csca"}

    good.signer.certificate.write_bytes(pem(DemoAuthority.create().certificate))
    assert keys(good) == {"card.csca", "signer.certificate"}

    registry = RegistryKeys.load_or_create(tmp_path / "registry")
    good.registry.ca.write_bytes(registry.tls_ca.read_bytes())
    good.registry.device_certificate.parent.mkdir()
    good.registry.device_certificate.write_bytes(registry.enrol_device("kiosk-1")[0])
    assert keys(good) == {"card.csca", "signer.certificate", "registry.ca", "registry.device_certificate"}


def test_files_that_cannot_be_read_are_somebody_elses_to_report(good: Settings) -> None:
    good.registry.ca.parent.mkdir(parents=True)
    good.registry.ca.write_bytes(b"-----BEGIN CERTIFICATE-----\nrubbish")
    good.signer.certificate.mkdir()
    good.card.csca.write_text("not a folder")
    assert keys(good) == set()


def test_the_simulators_themselves_are_refused(good: Settings) -> None:
    with pytest.raises(DemoInProduction, match="shubbak-simulators"):
        refuse_demo_parts(good)


def test_a_session_opens_no_part_of_a_kiosk_in_service_that_has_them(good: Settings) -> None:
    async def opening() -> None:
        async with open_session(good):
            pass

    with pytest.raises(DemoInProduction):
        asyncio.run(opening())
    assert not good.kiosk.state.exists()


def test_a_new_configuration_brings_none_in(configure: Configure, good: Settings, tmp_path: Path) -> None:
    other = configure("registry.interieur.dz", "127.0.0.1:1")
    found = asyncio.run(KioskMeaning().problems(good, other, tmp_path))
    assert [problem for problem in found if problem.startswith("E-CONFIG-DEMO-IN-PRODUCTION: registry.url")]
    # What was there before is not the new configuration's doing.
    again = asyncio.run(KioskMeaning().problems(other, other, tmp_path))
    assert again == []


def test_a_printer_without_paper_is_known_by_its_model(good: Settings, tmp_path: Path) -> None:
    async def model(uri: str) -> str:
        printer = LaserPrinter(uri, 5.0)
        try:
            return (await printer.status()).model
        finally:
            await printer.close()

    with VirtualLaser(tmp_path / "p") as laser:
        name = asyncio.run(model(laser.uri))
    with pytest.raises(DemoInProduction):
        refuse_demo_printer(good, name)
    refuse_demo_printer(good, "DEMOCRATIC LaserJet 400")
    refuse_demo_printer(good.model_copy(update={"profile": "demo"}), name)


def test_validate_tells_each_part_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text(GOOD.replace("registry.interieur.dz", "registry.example"))
    command = [sys.executable, "-m", "kiosk", "config", "validate", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "kiosk.toml:3: registry.url: " in done.stderr
    assert "signer" not in done.stderr


def test_a_file_that_loads_is_not_refused_for_them_before_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_text('profile = "production"\n')
    try:
        settings = load(file).settings
    except ConfigError as error:
        pytest.fail(f"a technician could not even look at it: {error}")
    assert keys(settings) == {"signer.module", "signer.seal_host", "registry.url"}


@pytest.mark.parametrize("secret", [("--can", "123456"), ("--mrz", "AB1234567|860314|320501")])
def test_what_opens_a_card_is_not_among_the_arguments_of_a_kiosk_in_service(
    tmp_path: Path, secret: tuple[str, str]
) -> None:
    (tmp_path / "kiosk.toml").write_text(GOOD)
    command = [sys.executable, "-m", "kiosk", "card", "read"]
    done = subprocess.run([*command, *secret], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("error E-KIOSK-REFUSED-IN-PRODUCTION")
    assert secret[1] not in done.stderr
    # Typed or piped in, it goes on: to a reader or a pcscd that is not there.
    piped = subprocess.run(
        [*command, secret[0], "-"], cwd=tmp_path, input=secret[1], capture_output=True, text=True, check=False
    )
    assert "E-KIOSK-REFUSED-IN-PRODUCTION" not in piped.stderr


def test_a_signer_opens_no_token_for_a_kiosk_in_service_that_has_them(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text(GOOD + 'socket = "signer.sock"\n')
    command = [sys.executable, "-m", "kiosk", "signer", "--config", str(tmp_path / "kiosk.toml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as signer:
        assert signer.stdout is not None
        said = signer.stdout.readline()
        # The code comes before the socket's answer, which is the same for whoever asks.
        assert "E-CONFIG-DEMO-IN-PRODUCTION" in said
        signer.terminate()
    assert signer.returncode == 0
    assert not (tmp_path / "signer").exists()
