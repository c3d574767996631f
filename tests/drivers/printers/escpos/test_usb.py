"""The ticket printer on USB: found by its numbers, claimed, spoken to by its bulk endpoints, unplugged."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from drivers.printers.errors import (
    PrinterAddressInvalid,
    PrinterBusy,
    PrinterError,
    PrinterSilent,
    PrinterUnreachable,
)
from drivers.printers.escpos.ports import open_port
from drivers.printers.escpos.thermal import ThermalPrinter
from drivers.printers.port import JobState, JobStatus
from tests.drivers.printers.escpos.peer import SMALL, Peer, ended, page
from tests.drivers.printers.escpos.usb_bus import BULK_IN, BULK_OUT, INTERRUPT_IN, Bus, Gadget

ADDRESS = "usb:04b8:0e15"


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    monkeypatch.setattr("usb.backend.libusb1.get_backend", lambda: bus)
    return bus


def printing(work: Callable[[Peer, Gadget], Awaitable[None]], bus: Bus, **gadget: object) -> Gadget:
    """A printer on the bus; afterwards it is let go of."""

    async def main() -> Gadget:
        async with Peer() as peer, asyncio.timeout(30):
            host, port = peer.address.removeprefix("tcp://").split(":")
            plugged = bus.plug(Gadget(where=(host, int(port)), **gadget))  # type: ignore[arg-type]
            await work(peer, plugged)
            return plugged

    used = asyncio.run(main())
    assert not used.claimed and not used.opened
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("ticket-printer")]
    return used


@pytest.mark.parametrize("kind", [0x07, 0xFF], ids=["printer class", "vendor class"])
def test_a_ticket_is_printed_over_usb(bus: Bus, kind: int) -> None:
    async def work(peer: Peer, gadget: Gadget) -> None:
        printer = ThermalPrinter(ADDRESS, SMALL, 1)
        job_id = await printer.submit(page(40), title="")
        assert await ended(printer, job_id) == JobStatus(JobState.COMPLETED, 1, frozenset())
        assert peer.rows == 40
        assert not gadget.driver
        await printer.close()

    beside = (0x03, (INTERRUPT_IN,)), (0xFF, (BULK_OUT,)), (kind, (BULK_OUT, BULK_IN, INTERRUPT_IN))
    printing(work, bus, interfaces=beside, driver=True, configured=False, empty_reads=3)


def test_of_several_the_serial_number_decides(bus: Bus) -> None:
    bus.plug(Gadget(serial="A"))
    bus.plug(Gadget(serial=None))
    bus.plug(Gadget(serial="X", forbidden=True))

    async def work(peer: Peer, gadget: Gadget) -> None:
        with pytest.raises(PrinterAddressInvalid):
            await open_port(ADDRESS, 1)
        with pytest.raises(PrinterUnreachable):
            await open_port(ADDRESS + ":None", 1)
        printer = ThermalPrinter(ADDRESS + ":B", SMALL, 1)
        assert (await printer.status()).ready
        assert len(gadget.claimed) == 1
        await printer.close()

    printing(work, bus, serial="B")
    assert not any(other.opened for other in bus.gadgets)


@pytest.mark.parametrize(
    ("gadget", "error"),
    [
        (Gadget(held=True), PrinterBusy),
        (Gadget(forbidden=True), PrinterUnreachable),
        (Gadget(interfaces=((0x07, (BULK_OUT,)),)), PrinterUnreachable),
        (Gadget(interfaces=((0x03, (BULK_OUT, BULK_IN)),)), PrinterUnreachable),
        (Gadget(plugged=False), PrinterUnreachable),
    ],
    ids=["another has it", "no right", "it does not answer", "no printer", "not there"],
)
def test_what_cannot_be_opened_is_told_apart(bus: Bus, gadget: Gadget, error: type[PrinterError]) -> None:
    bus.plug(gadget)
    with pytest.raises(error) as told:
        asyncio.run(ThermalPrinter(ADDRESS, SMALL, 1).status())
    assert type(told.value) is error
    assert not gadget.claimed and not gadget.opened


def test_without_libusb(monkeypatch: pytest.MonkeyPatch) -> None:
    for backend in ("libusb1", "libusb0", "openusb"):
        monkeypatch.setattr(f"usb.backend.{backend}.get_backend", lambda: None)
    with pytest.raises(PrinterUnreachable, match="libusb"):
        asyncio.run(open_port(ADDRESS, 1))


def test_unplugged_in_the_middle_and_found_again(bus: Bus) -> None:
    async def work(peer: Peer, gadget: Gadget) -> None:
        printer = ThermalPrinter(ADDRESS, SMALL, 1)
        await printer.clear()
        peer.on["raster 7"] = peer.stall
        job_id = await printer.submit(page(50), title="")
        await peer.until("raster 7")
        gadget.plugged = False
        with pytest.raises(PrinterUnreachable):
            await ended(printer, job_id)
        with pytest.raises(PrinterUnreachable):
            await printer.status()
        peer.on.clear()
        peer.gate.set()
        gadget.plugged = True
        await printer.clear()
        assert (await printer.status()).ready
        await printer.close()

    printing(work, bus)


def test_a_printer_that_takes_nothing_is_silent(bus: Bus) -> None:
    async def work(peer: Peer, gadget: Gadget) -> None:
        port = await open_port(ADDRESS, 1)
        gadget.full = True
        with pytest.raises(PrinterSilent):
            await port.write(b"\0", 0.2)
        assert await port.read(0) == b""
        assert await port.read(0.01) == b""
        await port.close()

    printing(work, bus)


def test_given_up_while_it_was_opened_nothing_stays_open(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(peer: Peer, gadget: Gadget) -> None:
        claiming, go_on = threading.Event(), threading.Event()
        claim = bus.claim_interface

        def slowly(handle: Gadget, interface: int) -> None:
            claiming.set()
            go_on.wait(10)
            claim(handle, interface)

        monkeypatch.setattr(bus, "claim_interface", slowly)
        opening = asyncio.create_task(open_port(ADDRESS, 1))
        await asyncio.to_thread(claiming.wait, 10)
        opening.cancel()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await opening

    printing(work, bus)
