"""Reads with tesseract, for type that is not quite OCR-B. Its language data knows words, not zones: of a long run of
fillers (`<`) it loses some or makes letters, and many a zone that `ocr_b` reads it does not."""

from __future__ import annotations

import subprocess
from shutil import which

import cv2
import numpy as np

from drivers.scanners.errors import OcrUnavailable
from drivers.scanners.ocr import Grid

_LINE = 48
_GAP = 30
_OPTIONS = (
    *("--psm", "6", "-l", "eng", "--dpi", "300"),
    *("-c", "tessedit_char_whitelist=ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"),
    *("-c", "load_system_dawg=0", "-c", "load_freq_dawg=0"),
)
_MOST = 4096


class Tesseract:
    """`deadline` in seconds, for one block of type. Raises OcrUnavailable when it is not installed."""

    def __init__(self, deadline: float) -> None:
        command = which("tesseract")
        if command is None:
            raise OcrUnavailable("tesseract is not installed (tesseract-ocr)")
        self._command = [command, "-", "-", *_OPTIONS]
        self._deadline = deadline

    def read(self, grid: Grid) -> str:
        lines = [np.asarray(grid.line(line, _LINE)) for line in range(grid.lines)]
        around = ((_GAP // 2, _GAP // 2), (_GAP, _GAP))
        sheet = np.vstack([np.pad(line, around, "edge") for line in lines])
        _, encoded = cv2.imencode(".png", sheet)
        try:
            said = subprocess.run(
                self._command, input=encoded.tobytes(), capture_output=True, timeout=self._deadline, check=True
            ).stdout
        except (subprocess.SubprocessError, OSError):
            return ""
        return said[:_MOST].decode("utf-8", "replace")
