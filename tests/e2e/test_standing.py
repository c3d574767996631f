"""A town hall that stands: it ends when it is told to, and all that it started with it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_TGKILL = 234  # its number on x86-64: a signal to one thread, which the kernel may choose by itself too


@pytest.mark.slow
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the system call has another number there")
def test_it_ends_whichever_thread_takes_the_signal() -> None:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder:
        command = [sys.executable, "-m", "kiosk.simulation.standing", f"{folder}/hall"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as standing:
            try:
                assert standing.stdout is not None and b"the kiosk stands" in standing.stdout.readline()
                threads = [int(task.name) for task in Path(f"/proc/{standing.pid}/task").iterdir()]
                other = next(thread for thread in threads if thread != standing.pid)
                assert ctypes.CDLL(None).syscall(_TGKILL, standing.pid, other, signal.SIGTERM) == 0
                assert standing.wait(60) == 0
            finally:
                standing.kill()
