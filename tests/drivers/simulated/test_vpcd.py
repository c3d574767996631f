"""The wire to the virtual reader, spoken by a reader of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from drivers.simulated import vpcd

Reader = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Echo:
    """A card that answers each command with itself, and leaves or stays silent when told so."""

    atr = b"\x3b\x00"

    def __init__(self) -> None:
        self.gone = False
        self.resets = 0

    def reset(self) -> None:
        self.resets += 1

    def process(self, apdu: bytes) -> bytes:
        self.gone = apdu == b"leave"
        return b"" if apdu in (b"leave", b"silence") else apdu


async def _with_reader(card: Echo, reader: Reader, delay: float = 0.0) -> None:
    finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def serve(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        try:
            await reader(incoming, outgoing)
            finished.set_result(None)
        except BaseException as error:
            finished.set_exception(error)
            raise
        finally:
            outgoing.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    end = await vpcd.connect(server.sockets[0].getsockname()[1])
    await vpcd.play(card, end, delay=delay)
    await finished
    server.close()


def _message(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


async def _answer(incoming: asyncio.StreamReader) -> bytes:
    return await incoming.readexactly(int.from_bytes(await incoming.readexactly(2), "big"))


@pytest.mark.parametrize("delay", [0.0, 0.01])
def test_only_the_atr_and_commands_are_answered(delay: float) -> None:
    card = Echo()

    async def reader(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        for content in (b"\x01", b"\x02", b"\x04", b"\x09", b"command", b"", b"silence", b"\x00", b"x" * 65535):
            outgoing.write(_message(content))
        assert await _answer(incoming) == card.atr
        assert await _answer(incoming) == b"command"
        assert await _answer(incoming) == b"x" * 65535

    asyncio.run(_with_reader(card, reader, delay))
    assert card.resets == 3


def test_a_message_in_pieces_is_one_message() -> None:
    async def reader(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        for byte in _message(b"slowly"):
            outgoing.write(bytes([byte]))
            await outgoing.drain()
            await asyncio.sleep(0)
        assert await _answer(incoming) == b"slowly"

    asyncio.run(_with_reader(Echo(), reader))


def test_a_card_that_leaves_hangs_up() -> None:
    async def reader(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        outgoing.write(_message(b"leave"))
        assert await incoming.read() == b""

    asyncio.run(_with_reader(Echo(), reader))


@pytest.mark.parametrize("torn", [b"", b"\x00", b"\x00\x05abc"])
def test_a_reader_that_goes_away_ends_the_play(torn: bytes) -> None:
    async def reader(incoming: asyncio.StreamReader, outgoing: asyncio.StreamWriter) -> None:
        outgoing.write(torn)
        await outgoing.drain()

    asyncio.run(_with_reader(Echo(), reader))


def test_where_no_reader_listens_there_is_no_wire() -> None:
    async def nowhere() -> None:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        server.close()
        await server.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await vpcd.connect(port)

    asyncio.run(nowhere())
