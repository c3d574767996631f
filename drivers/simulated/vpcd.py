"""The wire between a simulated card and the virtual reader (vpcd of vsmartcard).

Each message is a 2-byte big-endian length and that many bytes. A message of one byte from the reader is
a control word; anything longer is a command APDU and is answered once. Of the control words only
`GET_ATR` is answered. The reader polls with it, so a card that stops answering still holds its place.
"""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Protocol

POWER_OFF, POWER_ON, RESET, GET_ATR = 0, 1, 2, 4
PORT = 35963
SLOTS = 2
"""vpcd shows two readers; the second listens on the next port."""
_GRAIN_S = 0.002


class Card(Protocol):
    """What the reader needs of a card; `process` gives b"" when the card does not answer."""

    @property
    def atr(self) -> bytes: ...
    @property
    def gone(self) -> bool: ...
    def reset(self) -> None: ...
    def process(self, apdu: bytes) -> bytes: ...


async def connect(port: int = PORT) -> socket.socket:
    """Puts a card's end of the wire into the reader that listens on `port` of this namespace.

    Raises OSError when no virtual reader listens there.
    """
    end = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    end.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(end, ("127.0.0.1", port))
    except BaseException:
        end.close()
        raise
    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return end


async def play(card: Card, end: socket.socket, *, delay: float = 0.0) -> None:
    """Answers for `card` until it is pulled out or the reader goes away.

    `delay` is how many seconds it takes for each answer, its own reckoning included.
    """
    loop = asyncio.get_running_loop()
    try:
        while not card.gone:
            message = await _receive(loop, end)
            if message is None:
                return
            answer = b""
            if len(message) == 1:
                answer = _control(card, message[0])
            elif message:
                due = loop.time() + delay
                answer = card.process(message)
                if delay:
                    await _until(due, loop)
            if answer:
                await loop.sock_sendall(end, len(answer).to_bytes(2, "big") + answer)
    except ConnectionError:
        return
    finally:
        end.close()


async def _until(due: float, loop: asyncio.AbstractEventLoop) -> None:
    """To the microsecond: the loop itself waits whole milliseconds, and rather one more than one less."""
    await asyncio.sleep(max(0.0, due - loop.time() - _GRAIN_S))
    time.sleep(max(0.0, due - loop.time()))  # noqa: ASYNC251 - two milliseconds at most


def _control(card: Card, word: int) -> bytes:
    if word == GET_ATR:
        return card.atr
    if word in (POWER_OFF, POWER_ON, RESET):
        card.reset()
    return b""


async def _receive(loop: asyncio.AbstractEventLoop, end: socket.socket) -> bytes | None:
    head = await _exactly(loop, end, 2)
    return None if head is None else await _exactly(loop, end, int.from_bytes(head, "big"))


async def _exactly(loop: asyncio.AbstractEventLoop, end: socket.socket, length: int) -> bytes | None:
    received = b""
    while len(received) < length:
        # The reader sends the length and the payload apart: without this the kernel delays the first
        # acknowledgement, the reader's Nagle waits for it, and every APDU costs 44 ms.
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = await loop.sock_recv(end, length - len(received))
        if not part:
            return None
        received += part
    return received
