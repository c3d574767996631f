"""IPPS: the kiosk gives its pages to its own printer and to no other."""

from __future__ import annotations

import asyncio
import datetime
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from drivers.printers.errors import PrinterAddressInvalid, PrinterNotGenuine
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import JobState
from drivers.simulated.printer import VirtualLaser
from tests.drivers.printers.impostor import CREATE, JOB_7, PRINTER_ATTRIBUTES, READY, Scripted, ipp
from tests.drivers.printers.test_laser import PAGE, ended

Files = tuple[Path, Path]


def own_certificate(folder: Path, host: str = "printer.invalid", *, years: int = 1) -> Files:
    """A certificate that a printer signed itself, and its key; with negative `years` it ended in the past."""
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    begin = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=1 if years < 0 else 36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, private


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Out of date, and of a name that leads nowhere."""
    return own_certificate(tmp_path_factory.mktemp("tls") / "own", years=-1)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return own_certificate(tmp_path_factory.mktemp("tls") / "other", "localhost")


@pytest.fixture
def laser(tmp_path: Path, own: Files) -> Iterator[VirtualLaser]:
    with VirtualLaser(tmp_path / "laser", tls=own) as laser:
        yield laser


Work = Callable[[LaserPrinter], Coroutine[Any, Any, Any]]
CALLS: list[Work] = [
    lambda p: p.status(),
    lambda p: p.intake(),
    lambda p: p.job(1),
    lambda p: p.cancel(1),
    lambda p: p.clear(),
    lambda p: p.submit(PAGE, title="t"),
]


async def with_printer(uri: str, certificate: Path | None, work: Work) -> Any:
    printer = LaserPrinter(uri, 5.0, certificate)
    try:
        return await work(printer)
    finally:
        await printer.close()


async def prints(printer: LaserPrinter) -> JobState:
    return (await ended(printer, await printer.submit(PAGE, title="t"))).state


def test_its_own_certificate_is_believed_whatever_stands_in_it(laser: VirtualLaser, own: Files) -> None:
    for uri in (laser.uri, laser.behind):  # the second is ippeveprinter's own TLS
        assert uri.startswith("ipps://")
        assert asyncio.run(with_printer(uri, own[0], prints)) is JobState.COMPLETED
    assert laser.documents() == [PAGE, PAGE]


@pytest.mark.parametrize("call", CALLS)
def test_another_certificate_gets_nothing(call: Work, own: Files, other: Files) -> None:
    heard = bytearray()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read())
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context(other))
        uri = f"ipps://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipp/print"
        with pytest.raises(PrinterNotGenuine):
            await with_printer(uri, own[0], call)
        server.close()

    asyncio.run(run())
    assert heard == b""


def context(files: Files) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return context


@pytest.mark.parametrize("certificate", [True, False])
def test_one_that_speaks_plainly_gets_nothing_but_a_greeting(certificate: bool, own: Files) -> None:
    heard = bytearray()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1 << 16))
        writer.write(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        uri = f"ipps://127.0.0.1:{server.sockets[0].getsockname()[1]}/ipp/print"
        with pytest.raises(PrinterNotGenuine):
            await with_printer(uri, own[0] if certificate else None, lambda p: p.submit(PAGE, title="t"))
        server.close()

    asyncio.run(run())
    assert heard.startswith(b"\x16\x03") and b"POST" not in heard  # a TLS ClientHello


def test_a_certificate_swapped_in_the_middle_of_a_job_gets_no_page(own: Files, other: Files) -> None:
    printer = Scripted({PRINTER_ATTRIBUTES: READY, CREATE: ipp(0, JOB_7)})

    async def run() -> None:
        server = await asyncio.start_server(printer.talk, "127.0.0.1", 0, ssl=context(own))
        port = server.sockets[0].getsockname()[1]

        async def swap(_: int) -> None:
            nonlocal server
            server.close()
            server = await asyncio.start_server(printer.talk, "127.0.0.1", port, ssl=context(other))

        with pytest.raises(PrinterNotGenuine):
            await with_printer(
                f"ipps://127.0.0.1:{port}/ipp/print", own[0], lambda p: p.submit(PAGE, title="t", on_created=swap)
            )
        server.close()

    asyncio.run(run())
    assert printer.asked == [PRINTER_ATTRIBUTES, CREATE]


_TRUSTING = """
import asyncio, sys
from drivers.printers.errors import PrinterError
from drivers.printers.laser import LaserPrinter
async def main():
    printer = LaserPrinter(sys.argv[1], 5.0)
    try:
        print((await printer.status()).ready)
    except PrinterError as error:
        print(error.code)
    await printer.close()
asyncio.run(main())
"""


def test_without_a_certificate_of_its_own_an_authority_and_the_name_decide(tmp_path: Path, other: Files) -> None:
    def ask(uri: str, authorities: Path) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _TRUSTING, uri],
            env={**os.environ, "SSL_CERT_FILE": str(authorities)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    (tmp_path / "none.pem").touch()
    with VirtualLaser(tmp_path / "laser", tls=other) as laser:
        assert ask(laser.uri, other[0]) == "True"
        assert ask(laser.uri.replace("localhost", "127.0.0.1"), other[0]) == "E-PRINTER-CERTIFICATE"
        assert ask(laser.uri, tmp_path / "none.pem") == "E-PRINTER-CERTIFICATE"


@pytest.mark.parametrize("uri", ["ipp://localhost/ipp/print", "usb:SERIAL"])
def test_a_certificate_for_an_address_without_tls_is_no_configuration(uri: str, own: Files) -> None:
    with pytest.raises(PrinterAddressInvalid):
        LaserPrinter(uri, 1.0, own[0])


def test_a_certificate_that_cannot_be_read_believes_nobody(tmp_path: Path, other: Files) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        uri = f"ipps://127.0.0.1:{server.getsockname()[1]}/ipp/print"
        (tmp_path / "rubbish.pem").write_bytes(b"\0rubbish")
        for file in (tmp_path / "missing.pem", tmp_path / "rubbish.pem", tmp_path, other[1]):
            with pytest.raises(PrinterNotGenuine):
                asyncio.run(with_printer(uri, file, lambda p: p.status()))
