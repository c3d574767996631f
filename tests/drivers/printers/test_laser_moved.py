"""A used connection, and behind it another printer, the same at another place, or the same switched on again."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from drivers.printers import connections
from drivers.printers.errors import PrinterNotGenuine
from drivers.printers.ipp_usb import IppUsb
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import JobState
from drivers.simulated.printer import VirtualLaser
from tests.drivers.printers.impostor import CREATE, SEND
from tests.drivers.printers.keeper import Keeper, a_visit, known
from tests.drivers.printers.test_laser import PAGE, ask, ended
from tests.drivers.printers.test_laser_tls import Files, context, own_certificate


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may pause between two requests for longer than a connection is believed."""
    monkeypatch.setattr(connections, "_KEPT_S", 60.0)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Files]:
    folder = tmp_path_factory.mktemp("tls")
    return own_certificate(folder / "own"), own_certificate(folder / "other")


async def over_tls(
    printer: Keeper, tls: ssl.SSLContext, pinned: Path, work: Callable[..., Coroutine[Any, Any, None]]
) -> None:
    server = await asyncio.start_server(printer.talk, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    laser = LaserPrinter(f"ipps://127.0.0.1:{port}/ipp/print", 5.0, pinned)
    try:
        await work(laser, server, port)
    finally:
        await laser.close()
        server.close()


def test_a_tls_connection_is_used_again_too(certificates: tuple[Files, Files]) -> None:
    own, _ = certificates
    printer = Keeper()

    async def work(laser: LaserPrinter, *_: object) -> None:
        await a_visit(laser)

    asyncio.run(over_tls(printer, context(own), own[0], work))
    assert len(printer.lines) == 1


def test_another_certificate_on_a_connection_made_in_the_middle_of_a_job_gets_no_page(
    certificates: tuple[Files, Files],
) -> None:
    own, other = certificates
    printer, thief = Keeper(), Keeper()

    async def work(laser: LaserPrinter, server: asyncio.Server, port: int) -> None:
        async def swap(_: int) -> None:
            server.close()
            printer.drop()
            thieves.append(await asyncio.start_server(thief.talk, "127.0.0.1", port, ssl=context(other)))

        thieves: list[asyncio.Server] = []
        await known(laser)
        with pytest.raises(PrinterNotGenuine):
            await laser.submit(PAGE, title="t", on_created=swap)
        thieves[0].close()

    asyncio.run(over_tls(printer, context(own), own[0], work))
    assert printer.asked[-1] == CREATE and thief.asked == []


def test_a_usb_printer_whose_port_changes_is_followed() -> None:
    @dataclass(frozen=True, slots=True)
    class Ports(IppUsb):
        at: tuple[list[int], ...] = ()

        def uri(self, serial: str) -> str:
            return f"ipp://127.0.0.1:{self.at[0][-1]}/ipp/print"

    before, after = Keeper(), Keeper()

    async def run() -> None:
        servers = [await asyncio.start_server(printer.talk, "127.0.0.1", 0) for printer in (before, after)]
        first, second = (server.sockets[0].getsockname()[1] for server in servers)
        ports = [first]
        laser = LaserPrinter("usb:S", 5.0, usb=Ports(at=(ports,)))

        async def replugged(_: int) -> None:
            ports.append(second)

        await known(laser)
        await laser.submit(PAGE, title="t", on_created=replugged)
        await laser.close()
        for server in servers:
            server.close()

    asyncio.run(run())
    assert (before.asked[2:], after.asked) == ([CREATE], [SEND])


def test_a_printer_switched_off_and_on_between_visits_prints(tmp_path: Path) -> None:
    with VirtualLaser(tmp_path / "laser") as laser:

        async def work(printer: LaserPrinter) -> None:
            for _ in range(2):
                assert (await ended(printer, await printer.submit(PAGE, title="t"))).state is JobState.COMPLETED
                laser.gone()
                laser.back()
            assert (await printer.status()).ready

        ask(laser.uri, work)
    assert laser.documents() == [PAGE, PAGE]
