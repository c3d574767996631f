"""The lines: addresses read strictly; TCP, serial lines and pseudo-terminals that are slow, busy, cut."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.printers.errors import (
    PrinterAddressInvalid,
    PrinterBusy,
    PrinterError,
    PrinterSilent,
    PrinterUnreachable,
)
from drivers.printers.escpos.ports import BytePort, open_port


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """The printer's end of a pseudo-terminal, and our address of it."""
    theirs, ours = pty.openpty()
    yield theirs, f"serial:{os.ttyname(ours)}?baud=9600"
    for end in (theirs, ours):
        with contextlib.suppress(OSError):  # the test closed it
            os.close(end)


def address_of(server: socket.socket) -> str:
    return f"tcp://127.0.0.1:{server.getsockname()[1]}"


async def heard(port: BytePort, length: int) -> bytes:
    data = b""
    while len(data) < length:
        data += await port.read(5)
    return data


# --- addresses


@pytest.mark.parametrize(
    "address",
    ["", "tcp://", "tcp://host", "tcp://host:0", "tcp://host:65536", "tcp://host:9100/", "tcp://a@host:9100",
     "tcp://host:9100?x", "tcp://ho st:9100", "tcp://host:91\n00", "tcp://host:9100\n", "TCP://host:9100", "host:9100",
     "serial:", "serial:ttyUSB0", "serial:/dev/ttyS0?baud=", "serial:/dev/ttyS0?baud=12345", "serial:/dev/a b",
     "serial:/dev/a\0b", "usb:04b8", "usb:04b8:0e1", "usb:04B8:0E15", "usb:04b8:0e15:", "usb:04b8:0e15:a b", "ipp://x"],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(PrinterAddressInvalid):
        asyncio.run(open_port(address, 1))


@given(st.text(max_size=40) | st.text(max_size=20).map("serial:/no/such/{}".format))
def test_any_text_is_refused_as_an_address_or_not_reached(address: str) -> None:
    with pytest.raises(PrinterError):
        asyncio.run(open_port(address, 1))


# --- TCP


def test_bytes_go_both_ways_over_tcp(listening: socket.socket) -> None:
    async def work() -> None:
        port = await open_port(address_of(listening), 5)
        printer, _ = listening.accept()
        with printer:
            assert await port.read(0) == b""
            await port.write(b"to the printer", 5)
            assert printer.recv(100) == b"to the printer"
            printer.sendall(b"back")
            assert await heard(port, 4) == b"back"
        with pytest.raises(PrinterUnreachable):
            await port.read(5)
        await port.close()

    asyncio.run(work())


def test_what_came_before_it_was_asked_for_is_there_at_once(listening: socket.socket) -> None:
    async def work() -> None:
        port = await open_port(address_of(listening), 5)
        with listening.accept()[0] as printer:
            printer.sendall(b"early")
            assert await heard(port, 5) == b"early"
            printer.sendall(b"late")
            printer.shutdown(socket.SHUT_WR)
            data = b""
            with pytest.raises(PrinterUnreachable):
                while True:
                    data += await port.read(0)  # no time is left, and yet what is there is taken
            assert data == b"late"
        await port.close()

    asyncio.run(work())


def test_a_printer_that_takes_nothing_is_silent_and_one_that_takes_little_is_waited_for(
    listening: socket.socket,
) -> None:
    async def work() -> None:
        port = await open_port(address_of(listening), 5)
        printer, _ = listening.accept()
        with printer:
            much = bytes(range(256)) * 40_000
            with pytest.raises(PrinterSilent):
                await port.write(much, 0.2)
            taken = await asyncio.to_thread(drained, printer)
            assert much.startswith(taken)
            writing = asyncio.create_task(port.write(much, 20))
            again = await asyncio.to_thread(received, printer, len(much))
            await writing
            assert again == much
        await port.close()

    asyncio.run(work())


def drained(printer: socket.socket) -> bytes:
    printer.settimeout(0.3)
    data = b""
    try:
        while True:
            data += printer.recv(1 << 20)
    except TimeoutError:
        return data


def received(printer: socket.socket, length: int) -> bytes:
    printer.settimeout(20)
    data = bytearray()
    while len(data) < length:
        data += printer.recv(1 << 20)
    return bytes(data)


def test_nobody_at_the_address(listening: socket.socket) -> None:
    address = address_of(listening)
    listening.close()
    with pytest.raises(PrinterUnreachable):
        asyncio.run(open_port(address, 5))
    with pytest.raises(PrinterUnreachable):
        asyncio.run(open_port("tcp://no-such-host.invalid:9100", 5))
    with pytest.raises(PrinterUnreachable):
        asyncio.run(open_port("tcp://a..b:9100", 5))


def test_a_host_that_does_not_answer_is_silent(listening: socket.socket) -> None:
    address = address_of(listening)
    listening.listen(0)
    # the first fills the queue of those who wait
    with socket.create_connection(listening.getsockname()), pytest.raises(PrinterSilent):
        asyncio.run(open_port(address, 0.2))


def test_a_reset_connection_is_unreachable(listening: socket.socket) -> None:
    async def work() -> None:
        port = await open_port(address_of(listening), 5)
        listening.accept()[0].close()
        with pytest.raises(PrinterUnreachable):
            while True:
                await port.write(b"x" * 4096, 5)
        await port.close()

    asyncio.run(work())


# --- serial


def test_bytes_go_both_ways_over_a_serial_line(terminal: tuple[int, str]) -> None:
    theirs, address = terminal
    everything = bytes(range(256))

    async def work() -> None:
        port = await open_port(address, 5)
        assert await port.read(0) == b""
        assert await port.read(0.01) == b""
        await port.write(everything, 5)
        assert os.read(theirs, 4096) == everything
        os.write(theirs, everything)
        assert await heard(port, 256) == everything
        await port.close()

    asyncio.run(work())


def test_a_serial_line_that_is_cut_is_unreachable(terminal: tuple[int, str]) -> None:
    theirs, address = terminal

    async def work() -> None:
        port = await open_port(address, 5)
        os.close(theirs)
        with pytest.raises(PrinterUnreachable):
            await port.read(5)
        with pytest.raises(PrinterUnreachable):
            await port.write(b"x", 5)
        await port.close()

    asyncio.run(work())


def test_a_serial_line_that_takes_nothing_is_silent(terminal: tuple[int, str]) -> None:
    async def work() -> None:
        port = await open_port(terminal[1], 5)
        with pytest.raises(PrinterSilent):
            await port.write(bytes(1 << 20), 0.1)
        await port.close()

    asyncio.run(work())


def test_a_serial_line_that_another_has_is_busy(terminal: tuple[int, str]) -> None:
    address = terminal[1]
    with Path(address.removeprefix("serial:").partition("?")[0]).open("rb", buffering=0) as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(PrinterBusy):
            asyncio.run(open_port(address, 5))


@pytest.mark.parametrize("device", ["/dev/no-such-line", "/dev/null", "/dev"])
def test_what_is_no_serial_line_is_unreachable(device: str) -> None:
    with pytest.raises(PrinterUnreachable):
        asyncio.run(open_port(f"serial:{device}", 5))
