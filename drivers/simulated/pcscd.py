"""A private pcscd with the virtual reader, on a socket of our own.

pcscd takes its listening socket from its parent, as systemd would give it (LISTEN_FDS), so that it answers
at a path we choose instead of Debian's. Its `/run` is an empty one of its own: no other pcscd is disturbed,
and there is no D-Bus through which polkit could refuse an ordinary user his own reader.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
from pathlib import Path

from drivers.simulated.errors import ReaderNotStarted
from drivers.simulated.vpcd import PORT

DRIVER = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")

# `exec` all along, so that $$ is pcscd's own process id when it compares LISTEN_PID. The second line closes
# the gap between our fork and the death signal: if we died in it, the shell has another parent already.
_SCRIPT = """
[ "$PPID" = "$1" ] || exit 1
mount -t tmpfs tmpfs /run && mkdir -p /run/pcscd/readers || exit 1
printf 'FRIENDLYNAME "Virtual PCD"\\nDEVICENAME /dev/null:0x%04X\\nLIBPATH %s\\nCHANNELID 0x%04X\\n' \
    "$2" "$3" "$2" >/run/pcscd/readers/vpcd
export LISTEN_PID=$$ LISTEN_FDS=1 PATH="$PATH:/usr/sbin"  # not in an ordinary user's PATH
exec pcscd --foreground --config /run/pcscd/readers
"""


class Pcscd:
    """One pcscd, started and stopped from inside the private network namespace.

    Only the main thread may start it: the kernel sends the death signal when the starting *thread* ends.
    """

    def __init__(self, path: Path, *, port: int = PORT) -> None:
        self.path = path
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Starts it, waits until it answers, and gives the reader's name. Raises ReaderNotStarted."""
        if not DRIVER.exists():
            raise ReaderNotStarted("the virtual reader's driver (vsmartcard-vpcd) is not installed")
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(self.path))
            self.path.chmod(0o600)
            listening.listen(16)
            self._process = self._spawn(listening.fileno())
        # Our copy of the listening socket is closed: if pcscd dies now, the question below fails, not hangs.
        names = reader_names(self.path)
        if not names:
            self.stop()
            raise ReaderNotStarted("pcscd started but shows no virtual reader")
        return names[0]

    def _spawn(self, listening: int) -> subprocess.Popen[bytes]:
        script = [_SCRIPT, "pcscd", str(os.getpid()), str(self._port), str(DRIVER)]
        # setpriv asks for the death signal, so that even a killed parent leaves no pcscd behind.
        command = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", *script]

        def place() -> None:
            # Descriptor 3 is either the socket itself or one of ours, never subprocess's own pipe: the
            # socket was opened first and took the lowest free number.
            if listening == 3:
                os.set_inheritable(3, True)
            else:
                os.dup2(listening, 3)

        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2, preexec_fn=place, close_fds=False)

    def stop(self) -> None:
        """Ends it and takes its socket away; twice is once."""
        if self._process is not None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)  # one that hangs hears nothing else
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def hang(self) -> None:
        """It stays, and does nothing, until `wake`, `stop` or `kill`."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """`kill -9`: it says goodbye to nobody, and its socket stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def reader_names(path: Path) -> list[str]:
    """The readers that the pcscd at `path` shows. Raises ReaderNotStarted when it does not answer.

    Asks through the PC/SC client library itself, once a process: the library keeps the first path it is given.
    """
    os.environ["PCSCLITE_CSOCK_NAME"] = str(path)
    try:
        library = ctypes.CDLL("libpcsclite.so.1")
    except OSError as missing:
        raise ReaderNotStarted("the PC/SC client library (libpcsclite1) is not installed") from missing
    context = ctypes.c_long()
    failed = library.SCardEstablishContext(ctypes.c_ulong(2), None, None, ctypes.byref(context))
    if failed:
        raise ReaderNotStarted(f"pcscd ended or refused us (0x{failed & 0xFFFFFFFF:08X})")
    try:
        size = ctypes.c_ulong(4096)
        names = ctypes.create_string_buffer(size.value)
        failed = library.SCardListReaders(context, None, names, ctypes.byref(size))
        return [] if failed else [name.decode() for name in names.raw[: size.value].split(b"\0") if name]
    finally:
        library.SCardReleaseContext(context)
