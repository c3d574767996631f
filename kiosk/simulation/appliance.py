"""The virtual town hall of an installed kiosk: its units, unchanged, on a registry, reader, printer and token of ours.

    kiosk townhall serve            # as kiosk-townhall.service does, until it is stopped
    kiosk townhall do insert        # from elsewhere: what a citizen's or a technician's hands do

It writes /etc/shubbak/kiosk.toml with `profile = "demo"`, wired to its parts, and keeps the file that was there
beside it. A kiosk that somebody has set up for service is left alone (DemoInProduction). Ledger, signer's chain
and releases of the demonstration lie in folders of their own, apart from those of service.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from config.errors import DemoInProduction
from kiosk import supervision
from kiosk.errors import PartMissing
from kiosk.simulation.control import ControlSocket, have_done
from kiosk.simulation.deeds import CARD_DELAY_MS, Deeds, deeds
from kiosk.simulation.townhall import TownHall

FOLDER = Path("/var/lib/kiosk-townhall")
CONTROL = Path("/run/kiosk-townhall/control.sock")
OWN = "town-hall"
"""Name of the demonstration's folders in the state folders of session, signer and agent."""
_FOLLOWERS = [f"kiosk-{name}.service" for name in ("signer", "session", "config", "screen")]


@dataclass(frozen=True, slots=True)
class Local:
    """The kiosk's own settings: in force, as the package ships them, and where those of service are kept."""

    file: Path = Path("/etc/shubbak/kiosk.toml")
    shipped: Path = Path("/usr/share/shubbak/kiosk.toml")

    @property
    def before(self) -> Path:
        return self.file.with_name(f"{self.file.name}.before-{OWN}")

    def replace(self, text: str) -> None:
        """Put a demonstration's settings in force. Raises DemoInProduction where a kiosk is in service."""
        if self.file.exists() and not self._is_ours():
            self.refuse_service()
            self.before.write_bytes(self.file.read_bytes())
        unfinished = self.file.with_name(f".{self.file.name}.new")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.chmod(0o644)
        unfinished.replace(self.file)

    def refuse_service(self) -> None:
        """Raises DemoInProduction when somebody has set this kiosk up for service, or nobody can tell."""
        try:
            content = self.file.read_bytes()
        except FileNotFoundError:
            return
        try:
            profile = tomllib.loads(content.decode()).get("profile")
        except ValueError:
            profile = None
        if profile != "demo" and (not self.shipped.is_file() or content != self.shipped.read_bytes()):
            raise DemoInProduction(f"{self.file} was edited: this kiosk is set up for service")

    def _is_ours(self) -> bool:
        return self.before.exists() and b'profile = "demo"' in self.file.read_bytes()


def serve() -> None:
    """The town hall, from start to SIGTERM. Raises DemoInProduction, PartMissing, or as `TownHall` does."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    local = Local()
    if local.file.exists():
        local.refuse_service()
    FOLDER.mkdir(exist_ok=True, mode=0o755)
    with (
        TownHall(FOLDER, printers=("laser", "thermal"), overrides=_wiring()) as hall,
        ControlSocket(CONTROL, _deeds(hall)),
    ):
        _hand_over(hall)
        local.replace(hall.configuration.read_text(encoding="utf-8"))
        supervision.ready()
        # Not waited for: at boot they start after us, and otherwise they come back in their own time.
        subprocess.run(["systemctl", "--no-block", "try-restart", *_FOLLOWERS], check=False)
        while True:  # not `signal.pause`: a signal that another thread took would not end it
            time.sleep(1)


def do(deed: str) -> None:
    """Have the town hall do it. Raises WrongUsage for what it cannot do, PartMissing when it does not run."""
    have_done(CONTROL, deed)


def _wiring() -> dict[str, dict[str, object]]:
    """The settings of an installed kiosk, as the package ships them, with state and trust of the demonstration."""
    trust = FOLDER / "trust"
    return {
        "kiosk": {"state": f"/var/lib/kiosk-session/{OWN}"},
        "card": {"csca": trust / "csca"},
        "registry": {
            "ca": trust / "registry-tls-ca.pem",
            "signers": trust / "registry-signers.json",
            "device_certificate": FOLDER / "device/device.pem",
            "device_key": FOLDER / "device/device.key",
        },
        "signer": {
            "socket": "/run/kiosk/signer/signer.sock",
            "allowed_user": "kiosk-session",
            "state": f"/var/lib/kiosk-signer/{OWN}",
            "certificate": trust / "signer.pem",
        },
        "session": {
            "socket": "/run/kiosk/screen/session.sock",
            "control": "/run/kiosk/control/control.sock",
        },
        "fleet": {"folder": f"/var/lib/kiosk-config/{OWN}"},
    }


def _hand_over(hall: TownHall) -> None:
    """Give each process of the kiosk what is its own, and everybody the trust. Raises PartMissing."""
    device = FOLDER / "device"
    device.mkdir(exist_ok=True)
    for source, name in ((hall.registry.device_certificate, "device.pem"), (hall.registry.device_key, "device.key")):
        shutil.copyfile(source, device / name)
    (device / "device.key").chmod(0o600)
    _give(device, "kiosk-session")
    _give(hall.token.folder, "kiosk-signer")
    _give_reader(hall)
    for path in (FOLDER / "trust").rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (FOLDER / "trust").chmod(0o755)


def _give_reader(hall: TownHall) -> None:
    """The session may use the reader; Debian's pcscd decides that by the mode of its socket."""
    _give(Path(hall.reader.environment["PCSCLITE_CSOCK_NAME"]), "kiosk-session")


def _give(path: Path, user: str) -> None:
    try:
        owner = pwd.getpwnam(user)
    except KeyError:
        raise PartMissing(f"this machine has no user {user}; is the package shubbak installed?") from None
    for each in (path, *path.rglob("*")):
        os.chown(each, owner.pw_uid, owner.pw_gid)


def _deeds(hall: TownHall) -> Deeds:
    """What `do` can ask for: the hands of citizens and technicians, and the world's misfortunes."""

    def reader_up() -> None:
        hall.hand.reader_up()
        _give_reader(hall)

    def insert(persona: str) -> Callable[[], None]:
        return lambda: hall.insert(persona, delay_ms=CARD_DELAY_MS)

    return {
        **deeds(hall),
        **{f"insert-{persona}": insert(persona) for persona in hall.cards},
        "reader_up": reader_up,
    }
