"""What a kiosk in service must not have: whatever belongs to a demonstration.

    refuse_demo_parts(settings)         # at the start of session and signer, and of a new configuration
    demo_parts(settings)                # the same as a list, for `kiosk config validate`

Under `profile = "production"` these are refused: settings that name a software token, the virtual reader, a
registry on this machine or under a reserved name; certificates whose names say DEMO, as every name that the
simulators make does; the simulators themselves. A simulated printer is met only when it is asked
(`refuse_demo_printer`). Under `profile = "demo"` all of it is welcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from config.errors import DemoInProduction
from config.schema import Settings
from drivers.smartcard import TrustUnreadable
from drivers.smartcard.genuine import TrustStore
from drivers.smartcard.genuine.certificates import Certificate
from kiosk.errors import RefusedInProduction

SIMULATORS = ("drivers.simulated", "kiosk.simulation", "registry.reference", "signing.demo")
"""What the package shubbak-simulators brings; a kiosk in service is without it."""
VIRTUAL_READER = "Virtual PCD"
_VIRTUAL_READER_DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")

_MARK = re.compile(r"\bDEMO\b")
# RFC 2606 and RFC 6761; RFC 5737 and RFC 3849.
_RESERVED = re.compile(r"(^|\.)(test|example|invalid|localhost|example\.(com|net|org))$")
_DOCUMENTATION = [ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


@dataclass(frozen=True, slots=True)
class DemoPart:
    """`key` is the setting, dotted, by which it comes in."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"


def refuse_demo_parts(settings: Settings) -> None:
    """Raises DemoInProduction with everything there is, when the kiosk is in service. Reads the trust files."""
    if found := demo_parts(settings):
        raise DemoInProduction("; ".join(map(str, found)))


def demo_parts(settings: Settings) -> list[DemoPart]:
    """What only a demonstration may have; always none under `profile = "demo"`."""
    if settings.profile != "production":
        return []
    return [*_in_settings(settings), *_in_certificates(settings), *_installed()]


def refuse_secret_arguments(settings: Settings, *values: str) -> None:
    """What opens a card must be typed or piped in (`-`): arguments are everybody's to read. RefusedInProduction."""
    if settings.profile == "production" and any(value not in ("", "-") for value in values):
        raise RefusedInProduction("a CAN, MRZ or PIN among the arguments can be read by others; give - and type it")


def refuse_demo_printer(settings: Settings, model: str) -> None:
    """`model` is what the printer calls itself. Raises DemoInProduction."""
    if settings.profile == "production" and _MARK.search(model):
        raise DemoInProduction("laser.uri: this printer is a simulated one; no paper comes out of it")


def _in_settings(settings: Settings) -> Iterator[DemoPart]:
    if settings.signer.softhsm_conf is not None or "softhsm" in settings.signer.module.name:
        yield DemoPart("signer.module", "a software token signs nothing in production")
    if _reserved(settings.signer.seal_host):
        yield DemoPart("signer.seal_host", "a reserved name cannot be opened by anybody's phone")
    if _reserved(_host(settings.registry.url)):
        yield DemoPart("registry.url", "a reserved address, or this machine's own, is no registry's")
    if VIRTUAL_READER in settings.reader.name:
        yield DemoPart("reader.name", "the virtual reader holds no real card")
    if settings.reader.pcscd_socket is not None:
        yield DemoPart("reader.pcscd_socket", "only simulated readers have a pcscd of their own")
    if settings.scanner.pictures is not None:
        yield DemoPart("scanner.pictures", "pictures in a folder are nobody's card")
    if settings.scanner.serial.startswith("/dev/pts/"):
        yield DemoPart("scanner.serial", "on a line of this machine's own is a simulated scanner")
    if settings.holder.likeness_camera and not settings.holder.likeness_camera.startswith("/dev/"):
        yield DemoPart("holder.likeness_camera", "pictures in a folder are nobody's face")
    ticket_printer = settings.thermal.address
    if ticket_printer.startswith("serial:/dev/pts/") or (
        ticket_printer.startswith("tcp:") and _reserved(_host(ticket_printer))
    ):
        yield DemoPart("thermal.address", "on a line of this machine's own is a simulated printer")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _reserved(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return _RESERVED.search(host.lower().rstrip(".")) is not None
    return address.is_loopback or address.is_unspecified or any(address in network for network in _DOCUMENTATION)


def _in_certificates(settings: Settings) -> Iterator[DemoPart]:
    """A file that is missing or no certificate is for whoever needs it to say."""
    for certificate in _csca(settings.card.csca):
        if _MARK.search(certificate.name):
            yield DemoPart("card.csca", f"made for demonstrations: {certificate.name}")
    trusted = {
        "signer.certificate": _certificates(settings.signer.certificate),
        "registry.ca": _certificates(settings.registry.ca),
        "registry.device_certificate": _certificates(settings.registry.device_certificate),
    }
    for key, certificates in trusted.items():
        for found in certificates:
            if _says_demo(found):
                yield DemoPart(key, f"made for demonstrations: {found.subject.rfc4514_string()}")


def _csca(folder: Path) -> tuple[Certificate, ...]:
    try:
        return TrustStore.load(folder).certificates
    except TrustUnreadable:
        return ()


def _certificates(file: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(file.read_bytes())
    except (OSError, ValueError):
        return []


def _says_demo(certificate: x509.Certificate) -> bool:
    names = (certificate.subject, certificate.issuer)
    return any(_MARK.search(str(attribute.value)) for name in names for attribute in name)


def _installed() -> Iterator[DemoPart]:
    if any(_there(module) for module in SIMULATORS):
        yield DemoPart("profile", "the simulators are installed; remove the package shubbak-simulators")
    if _VIRTUAL_READER_DRIVER.exists():
        yield DemoPart("profile", "the virtual reader's driver is installed; remove the package vsmartcard-vpcd")


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
