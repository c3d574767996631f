"""The checks of the way to the registry, one step each: name, connection, certificate, credential, answer."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from kiosk.diagnostics.check import Finding, degraded, failed, ok, skipped
from kiosk.diagnostics.errors import NameUnknown
from kiosk.diagnostics.place import Place
from kiosk.diagnostics.threads import in_thread
from kiosk.registry import open_registry
from registry.errors import (
    AnswerRefused,
    KioskRefused,
    RegistryError,
    RegistryFault,
    SetupError,
    TimedOut,
    Unreachable,
    Untrusted,
)

_HTTPS = 443
NOTICE_DAYS = 14
"""Servers' certificates are short-lived by habit; with less than this left, nobody is renewing it."""


async def dns(place: Place) -> Finding:
    """That the name in the registry's address leads to an address."""
    host, port = _where(place)
    try:
        ipaddress.ip_address(host)
        return ok(f"{host} is an address: no name to look up")
    except ValueError:
        pass
    try:
        async with asyncio.timeout(place.settings.registry.deadline):
            found = await in_thread(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except TimeoutError:
        raise NameUnknown(f"no answer to a question for {host}") from None
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a name"
        raise NameUnknown(f"{host}: {reason}") from None
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    return ok(f"{host} is {', '.join(addresses[:3])}")


async def tcp(place: Place) -> Finding:
    """That somebody listens there."""
    host, port = _where(place)
    try:
        async with asyncio.timeout(place.settings.registry.deadline):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        raise TimedOut(f"{host} port {port} does not answer: something between drops what is sent") from None
    except OSError as error:
        raise Unreachable(f"{host} port {port}: {error.strerror or 'no connection'}") from None
    writer.close()
    return ok(f"{host} port {port} takes connections")


async def tls(place: Place) -> Finding:
    """That the server's certificate is believed: by registry.ca, for this name, at this time."""
    host, port = _where(place)
    settings = place.settings.registry
    try:
        context = ssl.create_default_context(cafile=str(settings.ca))
    except OSError as error:
        raise SetupError(f"registry.ca cannot be used: {error.strerror or 'it holds no certificate'}") from error
    with contextlib.suppress(OSError):  # whether it can be used, `registry-token` tells
        context.load_cert_chain(str(settings.device_certificate), str(settings.device_key))
    try:
        async with asyncio.timeout(settings.deadline):
            _, writer = await asyncio.open_connection(host, port, ssl=context)
    except TimeoutError:
        raise TimedOut("the server takes the connection and says nothing") from None
    except ssl.SSLCertVerificationError as error:
        raise Untrusted(f"{error.verify_message}; if that is about dates, look at `clock` too") from None
    except ssl.SSLError as error:
        raise Untrusted(error.reason or type(error).__name__) from None
    except OSError as error:
        raise Unreachable(f"the connection broke ({type(error).__name__})") from None
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    certificate = x509.load_der_x509_certificate(shown)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    days = (certificate.not_valid_after_utc - place.now()).days
    detail = f"{str(names[0].value) if names else host}: believed, {days} days left"
    return ok(detail) if days >= NOTICE_DAYS else degraded("E-CERTIFICATE-EXPIRING", detail)


async def token(place: Place) -> Finding:
    """That the kiosk's credential is accepted: today, its device certificate in mutual TLS."""
    try:
        async with open_registry(place.settings.registry) as client:
            await client.health()
    except AnswerRefused:
        pass  # we were let in; what was said is for `registry-api`
    except (TimedOut, RegistryFault):
        return skipped("the registry did not get so far as to answer: see registry-api")
    except Unreachable:
        # Some servers say nothing of why: they hang up once they have seen who asks.
        return failed(KioskRefused.code, "the registry hangs up on the device certificate")
    return ok("the device certificate is accepted (mutual TLS)")


async def api(place: Place) -> Finding:
    """That the registry answers with what it promises. A challenge is asked for; nobody is named."""
    async with open_registry(place.settings.registry) as client:
        await client.challenge()
    return ok("gives a challenge, as it should")


async def date(place: Place) -> tuple[dt.datetime, dt.datetime] | None:
    """What the registry's clock said, and ours as we heard it; None when the registry says nothing."""
    with contextlib.suppress(RegistryError):
        async with open_registry(place.settings.registry) as client:
            with contextlib.suppress(AnswerRefused, KioskRefused, RegistryFault):
                await client.health()
            if client.date is not None:
                return client.date, place.now()
    return None


def _where(place: Place) -> tuple[str, int]:
    parts = urlsplit(place.settings.registry.url)
    try:
        return parts.hostname or "", parts.port or _HTTPS
    except ValueError:
        raise SetupError("registry.url names no port that exists") from None
