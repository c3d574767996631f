"""How the files of a mirror come here: over HTTP(S), or from a folder on a USB stick.

Both hand TUF pieces of bounded size and stop at a bounded time; TUF bounds the length of each file.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError
from tuf.ngclient import FetcherInterface

_CHUNK = 64 * 1024
_HEADERS = {"User-Agent": "shubbak", "Accept-Encoding": "identity"}


class HttpFetcher(FetcherInterface):
    """Over one connection to the server of `base`; no redirects, no compression.

    `gap` and `deadline` in seconds: the longest silence, and the time for everything. At the deadline the connection
    is cut from outside, so that a server which sends a byte now and then, even in its handshake, cannot outlast it.
    """

    def __init__(self, base: str, gap: float, deadline: float) -> None:
        try:
            self._connection = _Connection(base, gap)
        except (ValueError, http.client.HTTPException) as error:
            raise DownloadError(f"{base}: {error}") from error
        self._timer = threading.Timer(deadline, self.cut)
        self._timer.daemon = True
        self._timer.start()

    def _fetch(self, url: str) -> Iterator[bytes]:
        whole = False
        try:
            self._connection.request("GET", urlsplit(url).path, headers=_HEADERS)
            response = self._connection.getresponse()
            if response.status != 200:
                raise DownloadHTTPError(f"status {response.status} for {url}", response.status)
            while chunk := response.read1(_CHUNK):
                yield chunk
            if self._connection.ended:
                raise TimeoutError("cut")  # it looks like the end of the body
            response.close()
            whole = True
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise DownloadError(f"{url}: {error or type(error).__name__}") from error
        finally:
            if not whole:
                self._connection.close()

    def cut(self) -> None:
        """End a download now, from any thread; it raises DownloadError."""
        self._connection.end()

    def close(self) -> None:
        self._timer.cancel()
        self._connection.end()
        self._connection.close()
        self._connection.release()


class _Connection(http.client.HTTPConnection):
    """HTTP or HTTPS; keeps a second handle of its socket, by which another thread can end it even in its handshake."""

    def __init__(self, base: str, gap: float) -> None:
        parts = urlsplit(base)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        super().__init__(parts.hostname or "", parts.port or (443 if self._tls else 80), timeout=gap)
        self._handle: socket.socket | None = None
        self.ended = False

    def connect(self) -> None:
        plain = socket.create_connection((self.host, self.port), self.timeout)
        self.release()
        self._handle = plain.dup()
        if self.ended:
            self.end()
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain

    def end(self) -> None:
        self.ended = True
        if (handle := self._handle) is not None:
            with contextlib.suppress(OSError):
                handle.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Not in close(): that is called as soon as a response that ends with its connection begins."""
        if (handle := self._handle) is not None:
            self._handle = None
            handle.close()


class FolderFetcher(FetcherInterface):
    """From a folder; only plain files, and no symbolic link on the way to them is followed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _fetch(self, url: str) -> Iterator[bytes]:
        try:
            descriptor = _open_beneath(self._folder, PurePosixPath(url))
        except OSError as error:
            missing = isinstance(error, FileNotFoundError) and self._folder.is_dir()
            raise DownloadHTTPError(f"{url}: {error.strerror}", 404 if missing else 500) from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DownloadHTTPError(f"{url}: not a plain file", 500)
            while chunk := os.read(descriptor, _CHUNK):
                yield chunk
        except OSError as error:  # a stick drawn out
            raise DownloadError(f"{url}: {error.strerror}") from error
        finally:
            os.close(descriptor)

    def cut(self) -> None:
        """A folder does not keep one waiting."""

    def close(self) -> None:
        pass


def _open_beneath(folder: Path, path: PurePosixPath) -> int:
    if path.is_absolute() or ".." in path.parts:
        raise PermissionError(1, "leaves the folder")
    parent = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in path.parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
            os.close(parent)
            parent = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not make us wait
        return os.open(path.name, flags, dir_fd=parent)
    finally:
        os.close(parent)
