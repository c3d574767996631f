"""Whether a configuration means something that works: what the schema cannot know.

    await KioskMeaning().problems(before, after, release)     # ["E-CARD-TRUST: card.csca: …", …]

Only what changes is tried, so that a printer that is switched off never stands in the way of new opening
hours. `desk_problems` is the part that needs no network and no kiosk: the administrator's desk runs it too.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509

from config.errors import DemoInProduction
from config.hours import Week
from config.ports import NotNow
from config.schema import Hours, Settings
from drivers.printers.errors import PrinterError, PrinterModelUnknown, PrinterSilent, PrinterUnreachable
from drivers.smartcard.genuine import TrustStore
from drivers.smartcard.genuine.trust_folder import CERTIFICATES
from kiosk.catalogue.codes import code_of
from kiosk.fleet import specimen
from kiosk.fleet.errors import AuthorityFaulty, NeverOpen, NobodyTrusted
from kiosk.printers import open_laser, open_thermal
from kiosk.production import demo_parts
from printing.documents import DocumentCatalogue
from printing.errors import PageError
from printing.render import Renderer
from registry.errors import NonsenseAnswer, RegistryError, TimedOut, Unreachable, Untrusted
from registry.jws import TrustedKeys
from signing.certificates import Chain

_SILENT = tuple(f"{error.code}:" for error in (PrinterUnreachable, PrinterSilent, Unreachable, TimedOut))
"""How a line begins that says no more than that nobody answered."""
_ALERTS = ("HANDSHAKE_FAILURE", "CERTIFICATE_REQUIRED", "BAD_CERTIFICATE")
"""How a server ends the handshake with a client that shows no certificate: after its own was believed."""


class KioskMeaning:
    """`config.ports.Meaning` for this machine."""

    async def problems(self, before: Settings, after: Settings, release: Path) -> list[str]:
        """Why `after` cannot work here, as "E-CODE: key: words"; none when it can.

        Raises NotNow where a printer or a registry that does not answer is all there is.
        """
        found = await asyncio.to_thread(_demo_parts, before, after)
        found += await asyncio.to_thread(desk_problems, before, after)
        if after.laser.uri and _differ(before, after, "laser.uri", "laser.certificate", "laser.tray"):
            found += await _laser(after)
        if after.thermal.address and _differ(before, after, "thermal.address", "thermal.model"):
            found += await _thermal(before, after)
        if _differ(before, after, "registry.url", "registry.ca"):
            found += await _registry(after)
        if found and all(line.startswith(_SILENT) for line in found):
            raise NotNow(found)
        return found


def desk_problems(before: Settings, after: Settings) -> list[str]:
    """What is wrong with what `after` changes, as far as files alone tell. Sets pages: a second or two."""
    checks: list[tuple[tuple[str, ...], Callable[[Settings], object]]] = [
        (("hours",), lambda s: _check_hours(s.hours)),
        (("card.csca",), lambda s: _check_csca(s.card.csca)),
        (("registry.signers",), lambda s: TrustedKeys.from_jwk_set(s.registry.signers)),
        (("registry.ca",), lambda s: _check_authority(s.registry.ca)),
        (("signer.certificate",), lambda s: Chain.load(s.signer.certificate)),
        (("printing.sheets_only", "documents"), _check_sheets_only),
        (("documents", "town", "signer.seal_host"), _check_pages),
    ]
    found: list[str] = []
    for keys, check in checks:
        if _differ(before, after, *keys):
            try:
                check(after)
            except Exception as error:  # noqa: BLE001 - each room has its own base; the code tells them apart
                found.append(_line(keys[0], error))
    return found


def _demo_parts(before: Settings, after: Settings) -> list[str]:
    known = set(demo_parts(before))
    return [f"{DemoInProduction.code}: {part}" for part in demo_parts(after) if part not in known]


def _differ(before: Settings, after: Settings, *keys: str) -> bool:
    return any(_value(before, key) != _value(after, key) for key in keys)


def _value(settings: object, key: str) -> object:
    for name in key.split("."):
        settings = getattr(settings, name)
    return settings


def _line(key: str, error: Exception) -> str:
    code = code_of(error)
    return f"{code}: {key}: {type(error).__name__ if code == 'E-KIOSK-UNEXPECTED' else error}"


# --- files -----------------------------------------------------------------------------------------------


def _check_hours(hours: Hours) -> None:
    if not any(Week.of(hours).days):
        raise NeverOpen("the kiosk would be closed on every day of the week")


def _check_csca(folder: Path) -> None:
    store = TrustStore.load(folder)
    # Of a list of hundreds some may be unreadable; a file that somebody put there on purpose may not.
    lost = [f"{what} ({why})" for what, why in store.skipped if Path(what).suffix.lower() in CERTIFICATES]
    if lost:
        raise NobodyTrusted(f"no certificate can be read from {', '.join(lost)}")
    if not store.certificates:
        raise NobodyTrusted("the folder holds no certificate")


def _check_authority(file: Path) -> None:
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise AuthorityFaulty(f"cannot be read: {error.strerror}") from None
    except ValueError:
        raise AuthorityFaulty("holds no PEM certificate") from None
    if not found:
        raise AuthorityFaulty("holds no PEM certificate")


def _check_sheets_only(settings: Settings) -> None:
    """A document that is misspelt there would be given as a ticket."""
    if settings.printing.sheets_only:
        catalogue = DocumentCatalogue(settings.documents.templates)
        for name in settings.printing.sheets_only:
            catalogue.type(name)


def _check_pages(settings: Settings) -> None:
    with Renderer(settings.documents.templates, settings.documents.render_deadline) as renderer:
        for document in renderer.catalogue.types():
            for page in specimen.pages(document, settings):
                try:
                    renderer.page(page)
                except PageError as error:
                    kind = "specimen" if page.specimen else "original"
                    told = f"{document.type} ({page.language}, {page.form}, {kind}): {error}"
                    raise type(error)(told) from None


# --- the network -----------------------------------------------------------------------------------------


async def _laser(settings: Settings) -> list[str]:
    """Paper or not, it must be a printer that answers, has the tray, and is who it should be."""
    try:
        printer = open_laser(settings.laser)
        try:
            await printer.status()
        finally:
            await printer.close()
    except PrinterError as error:
        return [_line("laser.uri", error)]
    return []


async def _thermal(before: Settings, after: Settings) -> list[str]:
    """That there is such a model, and a printer at a new address on the network.

    A ticket printer has one line: the session that serves now may be on the old address. One at a cable is not for
    this process to touch. What is wrong there the session finds, in the time of probation.
    """
    thermal = after.thermal
    try:
        printer = open_thermal(thermal)
        if thermal.address.startswith("tcp:") and thermal.address != before.thermal.address:
            try:
                await printer.status()
            finally:
                await printer.close()
    except PrinterModelUnknown as error:
        return [_line("thermal.model", error)]
    except PrinterError as error:
        return [_line("thermal.address", error)]
    return []


async def _registry(settings: Settings) -> list[str]:
    """Name, connection and certificate. Our own certificate is not shown: its key is the session's alone."""
    try:
        async with asyncio.timeout(settings.registry.deadline):
            await _handshake(settings.registry.url, settings.registry.ca)
    except TimeoutError:
        return [_line("registry.url", TimedOut(f"no connection within {settings.registry.deadline:g} s"))]
    except RegistryError as error:
        return [_line("registry.url", error)]
    return []


async def _handshake(url: str, ca: Path) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        raise NonsenseAnswer("the address has no such port") from None
    try:
        context = ssl.create_default_context(cafile=str(ca))
    except OSError:
        return  # the file is at fault, and was named for it
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=context)
    except socket.gaierror:
        raise Unreachable(f"nobody knows the name {host}") from None
    except ssl.SSLCertVerificationError as error:
        raise Untrusted(f"TLS: {error.verify_message}") from None
    except ssl.SSLError as error:
        if any(alert in (error.reason or "") for alert in _ALERTS):
            return
        raise Untrusted(f"TLS: {error.reason or type(error).__name__}") from None
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"no connection to {host}:{port} ({type(error).__name__})") from None
    writer.transport.abort()
