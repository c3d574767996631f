"""Where a command finds its configuration when it is not told."""

from __future__ import annotations

from pathlib import Path

INSTALLED = Path("/etc/shubbak/kiosk.toml")

CONFIGURATION = INSTALLED if INSTALLED.is_file() else Path("kiosk.toml")
"""The installed kiosk's own; on a machine that is none, the file in the current folder."""
