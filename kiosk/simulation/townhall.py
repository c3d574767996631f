"""The virtual town hall: every part of a kiosk's world on its real channel, started and stopped together.

    with TownHall(folder) as hall:
        hall.insert("amina")                 # a card into the virtual reader
        hall.configuration                   # kiosk.toml of a kiosk wired to all of it
        hall.start("signer", "session")      # the kiosk's own processes, as units would start them

Parts: a private pcscd with the virtual reader, and the hand that holds cards; the reference registry; a
SoftHSM2 token; an IPP printer, an ESC/POS printer, or both. Secrets, state and sockets lie in `folder`, which wants
a short name: a socket's path has 107 bytes. All of it ends with the `with`, and with our own death.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Literal

from drivers.simulated.hand import CardHand
from drivers.simulated.issuer import CardIssuer
from drivers.simulated.printer import VirtualLaser
from drivers.simulated.reader import VirtualReader
from drivers.simulated.thermal import VirtualThermal
from kiosk.errors import WrongUsage
from kiosk.simulation import personas
from kiosk.simulation.child import Child
from kiosk.simulation.registry_process import RegistryProcess
from signing.demo import create_demo_token

KIOSK_ID = "demo-1"
PEOPLE = 300
TICKET_PRINTER = "epson-tm-t20iii"
TICKET_ROWS = 1600
"""A second: 20 cm of paper."""
Printers = tuple[Literal["laser", "thermal"], ...]
_KIOSK = [sys.executable, "-I", "-m", "kiosk"]
_COMMANDS = {"config": ["config", "agent"]}
_READY = {"signer": "signer.sock", "session": "session.sock", "config": "fleet/state.json"}


class TownHall:
    """`seed` draws the population; `access` is how its cards open, "pace" or "bac"; `printers` are those there
    are, the preferred one first; `overrides` are settings of the kiosk, by section and key."""

    printer: VirtualLaser
    thermal: VirtualThermal

    def __init__(
        self,
        folder: Path,
        *,
        seed: int = 1,
        access: str = "pace",
        printers: Printers = ("laser",),
        overrides: dict[str, dict[str, object]] | None = None,
    ) -> None:
        self._overrides = overrides or {}
        self.folder = folder.absolute()
        self.seed = seed
        self.access = access
        self.printers = printers
        self.configuration = self.folder / "kiosk.toml"
        self._stack = ExitStack()
        self._children: dict[str, Child] = {}
        self._windowed = False

    def __enter__(self) -> TownHall:
        with ExitStack() as stack:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._temporary.mkdir(exist_ok=True, mode=0o700)
            self.token = create_demo_token(self.folder / "token")
            self.issuer = CardIssuer.load_or_create(self.folder / "csca")
            self.cards = personas.issue(self.issuer, self.folder / "cards", PEOPLE, self.seed, self.access)
            self.reader = stack.enter_context(VirtualReader(self.folder / "pcscd"))
            if "laser" in self.printers:
                self.printer = stack.enter_context(VirtualLaser(self.folder / "printer"))
            if "thermal" in self.printers:
                thermal = VirtualThermal(self.folder / "ticket-printer", model=TICKET_PRINTER, speed=TICKET_ROWS)
                self.thermal = stack.enter_context(thermal)
            self.registry = stack.enter_context(
                RegistryProcess(self.folder / "registry", self.issuer, PEOPLE, self.seed, KIOSK_ID)
            )
            self._configure()
            stack.callback(self._stop_all)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    # --- the citizen's hands --------------------------------------------------------------------------

    @property
    def hand(self) -> CardHand:
        return self.reader.hand()

    def insert(self, persona: str, *, fault: str | None = None, delay_ms: int = 0) -> None:
        """Put a persona's card into the reader. Raises WrongUsage for a persona nobody is."""
        if persona not in self.cards:
            raise WrongUsage(f"no such persona; there are {', '.join(sorted(self.cards))}")
        self.hand.insert(self.cards[persona].file, fault=fault, delay_ms=delay_ms)

    def remove(self) -> None:
        self.hand.remove()

    # --- the kiosk's processes ------------------------------------------------------------------------

    def start(self, *parts: str, windowed: bool = False) -> None:
        """Start `signer`, `session`, `screen` or `config` and wait until each is ready. Raises PartMissing."""
        self._windowed = self._windowed or windowed
        for part in parts:
            extra = ["--windowed"] if part == "screen" and self._windowed else []
            self._children[part] = Child(
                part,
                [*_KIOSK, *_COMMANDS.get(part, [part]), "--config", self.configuration, *extra],
                log=self.folder / f"{part}.log",
                ready=self.folder / _READY[part] if part in _READY else None,
                environment={**os.environ, "TMPDIR": str(self._temporary)},
            )

    @property
    def _temporary(self) -> Path:
        """As a unit's PrivateTmp: what a killed process leaves there goes with the hall."""
        return self.folder / "tmp"

    def child(self, part: str) -> Child:
        return self._children[part]

    def revive(self) -> None:
        """Start again what `kill -9` ended, as its unit would. Only from the thread that started it."""
        for part, child in list(self._children.items()):
            if child.process.poll() == -signal.SIGKILL:
                self.start(part)

    def stop(self, part: str) -> None:
        self._children.pop(part).stop()

    def _stop_all(self) -> None:
        for part in reversed(list(self._children)):
            self.stop(part)

    # --- wiring ---------------------------------------------------------------------------------------

    def _configure(self) -> None:
        trust = self.folder / "trust"
        shutil.copytree(self.token.trust, trust, dirs_exist_ok=True)
        for name, content in self.issuer.trust().items():
            file = trust / "csca" / name.removeprefix("csca/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        shutil.copy(self.registry.signers, trust / "registry-signers.json")
        shutil.copy(self.registry.tls_ca, trust / "registry-tls-ca.pem")
        self.configuration.write_text(_toml(self._settings(), self._overrides), encoding="utf-8")
        self.configuration.chmod(0o600)

    def _settings(self) -> dict[str, dict[str, object]]:
        registry, token = self.registry, self.token
        return {
            "kiosk": {"id": KIOSK_ID},
            "reader": {"pcscd_socket": self.reader.environment["PCSCLITE_CSOCK_NAME"]},
            "registry": {
                "url": registry.url,
                "device_certificate": registry.device_certificate,
                "device_key": registry.device_key,
            },
            "signer": {
                "socket": self.folder / "signer.sock",
                "softhsm_conf": token.softhsm_conf,
                "pin_file": token.pin_file,
            },
            "laser": {"uri": self.printer.uri if "laser" in self.printers else ""},
            "thermal": self._thermal(),
            "printing": {"order": self.printers},
            "session": {"socket": self.folder / "session.sock", "control": self.folder / "session-control.sock"},
        }

    def _thermal(self) -> dict[str, object]:
        there = "thermal" in self.printers
        return {"address": self.thermal.address, "model": TICKET_PRINTER} if there else {"address": ""}


def _toml(sections: dict[str, dict[str, object]], overrides: dict[str, dict[str, object]]) -> str:
    lines = ["# The demonstration's kiosk. Every key: docs/configuration.md", 'profile = "demo"']
    for section in sections | overrides:
        lines.append(f"\n[{section}]")
        for key, value in (sections.get(section, {}) | overrides.get(section, {})).items():
            # JSON's strings, numbers, booleans and lists are TOML's too.
            lines.append(f"{key} = {json.dumps(value if isinstance(value, int | float | tuple) else str(value))}")
    return "\n".join(lines) + "\n"
