"""Releases and local files as the tests of this room write them."""

from pathlib import Path


def write_release(folder: Path, toml: str = "", files: dict[str, str] | None = None) -> Path:
    """A release folder with that kiosk.toml and those other files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kiosk.toml").write_text(toml, encoding="utf-8")
    for name, text in (files or {}).items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def write_local(folder: Path, toml: str = "") -> Path:
    """A kiosk's local file: a demonstration, and what else is given."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "kiosk.toml"
    file.write_text('profile = "demo"\n' + toml, encoding="utf-8")
    return file


def make_current(fleet: Path, release: int) -> None:
    """Point `current` at that release."""
    link = fleet / "current"
    link.unlink(missing_ok=True)
    link.symlink_to(f"releases/{release}")
