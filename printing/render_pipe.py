"""The parent's end of the render child's pipe: frames with a deadline (see `render_child` for the protocol)."""

from __future__ import annotations

import contextlib
import json
import os
import select
import struct
import subprocess
import time
from typing import Any

from printing.errors import DeadlinePassed, RenderChildLost
from printing.render_child import MAX_FRAME

MAX_PARTS = 64


class Child:
    """One render child. After any error it is good for nothing but `kill`."""

    def __init__(self, command: list[str]) -> None:
        # An empty environment: no proxy, no token and no locale of ours reaches a template.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
            bufsize=0,
            start_new_session=True,
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101  (both are pipes)
        self._in, self._out = self._process.stdin, self._process.stdout
        os.set_blocking(self._in.fileno(), False)
        os.set_blocking(self._out.fileno(), False)
        self._ready = False
        self.isolated = False

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def await_ready(self, deadline: float) -> None:
        """Waits for the child's first word. Raises DeadlinePassed or RenderChildLost."""
        if not self._ready:
            hello = self._object(time.monotonic() + deadline)
            self._ready, self.isolated = hello.get("ready") is True, hello.get("isolated") is True

    def exchange(self, order: bytes, deadline: float) -> tuple[dict[str, Any], list[bytes]]:
        """One order, its answer and the parts that follow. Raises DeadlinePassed or RenderChildLost."""
        until = time.monotonic() + deadline
        self._write(struct.pack(">I", len(order)) + order, until)
        answer = self._object(until)
        count = answer.get("parts", 0)
        if not isinstance(count, int) or not 0 <= count <= MAX_PARTS:
            raise RenderChildLost("the child announced more pages than a document has")
        return answer, [self._frame(until) for _ in range(count)]

    def kill(self) -> None:
        """Ends the child, whatever it is doing, and waits until it is gone."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):
                pipe.close()

    def _object(self, until: float) -> dict[str, Any]:
        try:
            value = json.loads(self._frame(until))
        except ValueError:
            raise RenderChildLost("the child's answer is not JSON") from None
        if not isinstance(value, dict):
            raise RenderChildLost("the child's answer is not an object")
        return value

    def _frame(self, until: float) -> bytes:
        (size,) = struct.unpack(">I", self._read(4, until))
        if size > MAX_FRAME:
            raise RenderChildLost("the child's answer is too large")
        return self._read(size, until)

    def _read(self, size: int, until: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            self._await(self._out.fileno(), select.POLLIN, until)
            more = os.read(self._out.fileno(), size - len(data))
            if not more:
                raise RenderChildLost("the child ended in the middle of its work")
            data += more
        return bytes(data)

    def _write(self, data: bytes, until: float) -> None:
        rest = memoryview(data)
        while rest:
            self._await(self._in.fileno(), select.POLLOUT, until)
            try:
                rest = rest[os.write(self._in.fileno(), rest) :]
            except BlockingIOError:
                continue
            except BrokenPipeError:
                raise RenderChildLost("the child ended before its work") from None

    @staticmethod
    def _await(descriptor: int, event: int, until: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise DeadlinePassed("the page was not ready in time")
