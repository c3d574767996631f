"""A USB printer is known by its serial number, wherever ipp-usb puts it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.errors import PrinterUnreachable
from drivers.printers.ipp_usb import IppUsb, Served, served
from drivers.printers.laser import LaserPrinter
from drivers.printers.port import JobState
from drivers.simulated.printer import VirtualLaser
from tests.drivers.printers.test_laser import PAGE, ended

STATE = """; HP HP LaserJet MFP M28-M31 serial={serial}
[device]
http-port       = {port}
dns-sd-name     = "HP LaserJet MFP M28w (59B1E5)"
dns-sd-override = ""
"""
"""As ipp-usb 0.9.23 writes it."""


class Machine:
    """A machine's USB devices, and what ipp-usb wrote down of them."""

    def __init__(self, folder: Path) -> None:
        self.usb = IppUsb(folder / "dev", folder / "devices")
        self.usb.states.mkdir()
        self.usb.devices.mkdir()

    def plug(self, serial: str, port: int, socket: str = "1-1") -> None:
        (self.usb.devices / socket).mkdir()
        (self.usb.devices / socket / "serial").write_text(serial + "\n")
        self.serve(serial, port)

    def serve(self, serial: str, port: int) -> None:
        (self.usb.states / f"03f0-2a17-{serial}-HP.state").write_text(STATE.format(serial=serial, port=port))

    def unplug(self, socket: str = "1-1") -> None:
        (self.usb.devices / socket / "serial").unlink()
        (self.usb.devices / socket).rmdir()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_printer_is_where_ipp_usb_says(machine: Machine) -> None:
    machine.plug("VNB3K12345", 60000)
    machine.plug("other", 60001, "1-2")
    assert machine.usb.uri("VNB3K12345") == "ipp://localhost:60000/ipp/print"
    for unknown in ("VNB3K1234", "VNB3K123456", "vnb3k12345", ""):
        with pytest.raises(PrinterUnreachable):
            machine.usb.uri(unknown)


def test_another_printer_at_the_port_of_one_that_is_unplugged_is_not_it(machine: Machine) -> None:
    machine.plug("ours", 60000)
    machine.unplug()
    machine.plug("theirs", 60000)
    with pytest.raises(PrinterUnreachable):
        machine.usb.uri("ours")
    assert machine.usb.uri("theirs") == "ipp://localhost:60000/ipp/print"
    machine.plug("ours", 60000, "1-2")  # ipp-usb has not noticed yet
    for either in ("ours", "theirs"):
        with pytest.raises(PrinterUnreachable):
            machine.usb.uri(either)
    machine.serve("ours", 60001)
    assert machine.usb.uri("ours") == "ipp://localhost:60001/ipp/print"


def test_two_of_the_same_serial_number_are_none(machine: Machine) -> None:
    machine.plug("0000", 60000)
    (machine.usb.states / "04a9-1111-0000-Canon.state").write_text(STATE.format(serial="0000", port=60001))
    with pytest.raises(PrinterUnreachable):
        machine.usb.uri("0000")


def test_without_ipp_usb_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(PrinterUnreachable):
        IppUsb(tmp_path / "nothing", tmp_path / "nowhere").uri("any")


def test_a_printer_that_comes_back_at_another_port_is_followed(machine: Machine, tmp_path: Path) -> None:
    async def work(first: int, second: int) -> None:
        printer = LaserPrinter("usb:VNB3K12345", 5.0, usb=machine.usb)
        try:
            with pytest.raises(PrinterUnreachable):
                await printer.status()
            machine.plug("VNB3K12345", first)
            assert (await ended(printer, await printer.submit(PAGE, title="t"))).state is JobState.COMPLETED
            machine.unplug()
            with pytest.raises(PrinterUnreachable):
                await printer.status()
            machine.plug("VNB3K12345", second, "2-1")
            assert (await ended(printer, await printer.submit(PAGE, title="t"))).state is JobState.COMPLETED
        finally:
            await printer.close()

    with VirtualLaser(tmp_path / "laser") as laser:
        ports = [urlsplit(uri).port or 0 for uri in (laser.uri, laser.behind)]
        asyncio.run(work(*ports))
    assert len(laser.documents()) == 2


def test_the_state_file() -> None:
    assert served(STATE.format(serial="A B-1", port=60000)) == Served("A B-1", 60000)
    for bad in ("", "[device]\nhttp-port = 60000\n", STATE.format(serial="", port=60000)):
        assert served(bad) is None
    for port in (0, 65536, "x", -1):
        assert served(STATE.format(serial="s", port=port)) is None
    assert served("; P serial=s\n[other]\nhttp-port = 60000\n") is None


@given(st.text(max_size=300) | st.from_regex(r"; .* serial=\w*\n\[device\]\nhttp-port *= *[0-9]{0,7}\n"))
def test_any_text_is_read_or_not(text: str) -> None:
    found = served(text)
    assert found is None or (found.serial and 0 < found.port < 65536)
