"""The reference registry in a process of its own, with one kiosk enrolled and one country believed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from types import TracebackType

from drivers.simulated.issuer import CardIssuer
from kiosk.simulation.child import Child
from registry.client import RegistryClient
from registry.jws import TrustedKeys
from registry.reference.faults import Fault, control
from registry.reference.serve import CONTROL, READY, ReferenceRegistry


class RegistryProcess:
    """Serves while the `with` lasts; `fault` makes it misbehave on request."""

    def __init__(self, folder: Path, issuer: CardIssuer, people: int, seed: int, kiosk_id: str) -> None:
        self.folder = folder
        self._people, self._seed = people, seed
        first = ReferenceRegistry(folder, people=people, seed=seed)
        self.signers = first.keys.signers
        self.tls_ca = first.keys.tls_ca
        certificate, key = first.enrol_device(kiosk_id)
        first.store.close()
        self.device_certificate = _written(folder / f"{kiosk_id}.pem", certificate)
        self.device_key = _written(folder / f"{kiosk_id}.key", key)
        (folder / "csca" / "demo-csca.der").write_bytes(issuer.csca_certificate)

    def __enter__(self) -> RegistryProcess:
        (self.folder / READY).unlink(missing_ok=True)
        command = [sys.executable, "-I", "-m", "kiosk", "registry", "serve"]
        place = ["--port", "0", "--folder", str(self.folder)]
        drawn = ["--people", str(self._people), "--seed", str(self._seed)]
        self._child = Child(
            "registry", [*command, *place, *drawn], log=self.folder / "registry.log", ready=self.folder / READY
        )
        self.url: str = json.loads((self.folder / READY).read_text())["url"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.stop()

    def fault(self, fault: Fault) -> None:
        """Make it behave so until "up". Raises SetupError."""
        control(self.folder / CONTROL, fault)

    def status_list(self, name: str) -> str:
        """A status list as a verifier would fetch it, signature checked."""
        return asyncio.run(self._status_list(name))

    async def _status_list(self, name: str) -> str:
        async with RegistryClient(
            self.url,
            ca=self.tls_ca,
            certificate=self.device_certificate,
            key=self.device_key,
            signers=TrustedKeys.from_jwk_set(self.signers),
            deadline=8.0,
        ) as client:
            return await client.status_list(name)


def _written(path: Path, content: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path
