"""One HTTPS exchange with the registry: mutual TLS, a deadline over the whole of it, a bound on the answer.

Whatever comes back (or does not) leaves here as bytes or as one of `registry.errors`. The messages quote
kinds of error only: an address may hold a NIN, an answer somebody's data.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import ssl
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from registry.errors import (
    REFUSALS,
    KioskRefused,
    NonsenseAnswer,
    RegistryError,
    RegistryFault,
    SetupError,
    TimedOut,
    Unreachable,
    Untrusted,
)
from registry.models import RegistryProblem

MAX_ANSWER = 1024 * 1024
"""Largest answer read, in bytes."""
_IDLE_CONNECTION = 30.0


class _NoAddresses(logging.Filter):
    """httpx logs each URL at INFO, and OSIA's path holds a NIN: those records never leave the library."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


_NO_ADDRESSES = _NoAddresses()


class Exchange:
    """A kiosk's connections to its registry; `requests` and `bytes` count calls, and bodies both ways.

    `date` is what the registry's clock said in its latest answer (RFC 9110 §6.6.1), None while it said nothing.
    """

    def __init__(self, url: str, *, ca: Path, certificate: Path, key: Path, deadline: float) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
            raise SetupError("the registry's address must be https, without query")
        self.requests = 0
        self.bytes = 0
        self.date: dt.datetime | None = None
        self._heard = 0.0
        self._base = url.rstrip("/")
        self._deadline = deadline
        # addFilter keeps one copy, however many clients there are.
        logging.getLogger("httpx").addFilter(_NO_ADDRESSES)
        self._http = httpx.AsyncClient(
            verify=_tls(ca, certificate, key),
            trust_env=False,
            timeout=deadline,
            limits=httpx.Limits(max_connections=4, keepalive_expiry=_IDLE_CONNECTION),
            headers={"accept-encoding": "identity", "user-agent": "shubbak"},
        )

    @property
    def date_now(self) -> dt.datetime | None:
        """What the registry's clock shows now, going by its latest answer and the time since; to the second.

        It does not depend on this machine's clock, whoever sets that meanwhile.
        """
        return None if self.date is None else self.date + dt.timedelta(seconds=time.monotonic() - self._heard)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def ask(self, method: str, path: str, content: bytes, headers: dict[str, str]) -> bytes:
        """The body of a 2xx answer. Raises RegistryAbsent, AnswerRefused or Refused."""
        self.requests += 1
        self.bytes += len(content)
        try:
            # httpx bounds each read; a peer that drips a byte at a time is bounded here.
            async with asyncio.timeout(self._deadline):
                status, answer = await self._exchange(method, self._base + path, content, headers)
        except (TimeoutError, httpx.TimeoutException):
            raise TimedOut(f"no whole answer within {self._deadline:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise _failure(error) from None
        if 200 <= status < 300:
            return answer
        raise _refusal(status, answer)

    async def _exchange(self, method: str, url: str, content: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        async with self._http.stream(method, url, content=content or None, headers=headers) as response:
            if (told := _date(response.headers.get("date", ""))) is not None:
                self.date, self._heard = told, time.monotonic()
            if "content-encoding" in response.headers:
                raise NonsenseAnswer("a compressed answer was not asked for")
            answer = bytearray()
            async for chunk in response.aiter_raw():
                self.bytes += len(chunk)
                answer += chunk
                if len(answer) > MAX_ANSWER:
                    raise NonsenseAnswer(f"an answer of more than {MAX_ANSWER} bytes")
            return response.status_code, bytes(answer)


def _date(header: str) -> dt.datetime | None:
    try:
        told = parsedate_to_datetime(header)
    except ValueError:
        return None
    return told if told.tzinfo is not None else None


def common_name(certificate: Path) -> str:
    """The kiosk's name at the registry: the CN of its own certificate (PEM). Raises SetupError."""
    try:
        subject = x509.load_pem_x509_certificate(certificate.read_bytes()).subject
    except (OSError, ValueError) as error:
        raise SetupError(f"the device's certificate cannot be read: {type(error).__name__}") from None
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1:
        raise SetupError("the device's certificate names no kiosk")
    return str(names[0].value)


def _refusal(status: int, body: bytes) -> RegistryError:
    """The exception for an answer that is not 2xx."""
    try:
        problem = RegistryProblem.model_validate_json(body, strict=True)
    except ValidationError:
        problem = None
    if problem is not None and problem.code in REFUSALS and 400 <= status < 500:
        return REFUSALS[problem.code](problem.detail)
    if status >= 500 or status == 429:
        return RegistryFault(f"the registry answered HTTP {status}")
    if status in (401, 403):
        return KioskRefused(f"the registry answered HTTP {status}")
    return NonsenseAnswer(f"HTTP {status} without a reason we know")


def _failure(error: Exception) -> RegistryError:
    """TLS trouble is told apart from a dead line, and both from a peer that does not speak HTTP."""
    cause: BaseException | None = error
    while cause is not None:
        # An EOF in the handshake is a dying peer, not a certificate nobody believes.
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return Untrusted(f"TLS: {cause.reason or type(cause).__name__}")
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.NetworkError | OSError) or "disconnected" in str(error):
        return Unreachable(f"no connection ({type(error).__name__})")
    return NonsenseAnswer(f"not an HTTP answer ({type(error).__name__})")


def _tls(ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=str(ca))
        context.load_cert_chain(str(certificate), str(key))
    except OSError as error:  # ssl.SSLError is one
        raise SetupError(f"the registry's CA or the device's certificate is unusable: {type(error).__name__}") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
