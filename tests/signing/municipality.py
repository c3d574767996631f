"""A registry's pen, and the signer in a process of its own, for the tests of this room."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from config.schema import Settings
from printing.documents import DocumentCatalogue
from registry import jws
from registry.models import BirthAct, Grant
from signing import chain, errors
from signing.chain import FILE_NAME
from signing.client import SignerClient
from signing.demo import DemoToken
from signing.protocol import SignedDocument

KIOSK = "demo-1"
KID = "registry-1"
ALGER = {
    "commune_code": "1601",
    "commune": {"arabic": "الجزائر الوسطى", "latin": "Alger-Centre"},
    "wilaya": {"arabic": "الجزائر", "latin": "Alger"},
}


def name(arabic: tuple[str, str], latin: tuple[str, str]) -> dict[str, Any]:
    return {
        "arabic": {"surname": arabic[0], "given": arabic[1]},
        "latin": {"surname": latin[0], "given": latin[1]},
    }


def birth_act(**changes: Any) -> dict[str, Any]:
    act: dict[str, Any] = {
        "kind": "birth",
        "act_id": "birth-1601-1986-417",
        "version": 2,
        "register": {"commune": ALGER, "year": 1986, "number": 417},
        "drawn_up_on": "1986-03-16",
        "subject": {
            "nin": "109860314000041729",
            "name": name(("المنصوري", "فاطمة الزهراء"), ("EL MANSOURI", "Fatima-Zahra")),
            "sex": "F",
            "born_on": "1986-03-14",
            "born_at": "10:42:00",
            "birthplace": ALGER,
        },
        "father": {"name": name(("المنصوري", "عبد القادر"), ("EL MANSOURI", "Abdelkader")), "profession": None},
        "mother": {"name": name(("بن يوسف", "خديجة"), ("BENYOUCEF", "Khadidja")), "profession": None},
        "mentions": [
            {"made_on": "2012-06-30", "text": {"arabic": "تزوجت مع السيد بلقاسم", "latin": "Mariée à M. Belkacem"}}
        ],
        "as_of": "2026-05-01T08:00:00Z",
    }
    return act | changes


@dataclass
class Registry:
    """The registry's pen: signs acts and grants as the reference registry does, and as it never would."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    template_sha256: str = field(default_factory=lambda: DocumentCatalogue().template_sha256("birth-extract"))

    @property
    def signers(self) -> Path:
        path = self.folder / "registry-signers.json"
        path.write_text(json.dumps({"keys": [jws.public_jwk(self.key.public_key(), KID)]}))
        return path

    def sign(self, payload: bytes, typ: str) -> str:
        return jws.sign(payload, key=self.key, kid=KID, typ=typ)

    def act(self, **changes: Any) -> str:
        act = BirthAct.model_validate(birth_act(**changes))
        return self.sign(act.model_dump_json().encode(), jws.ACT)

    def grant(self, act: str, **changes: Any) -> str:
        payload = jws.TrustedKeys({KID: self.key.public_key()}).verify(act, typ=jws.ACT)
        now = dt.datetime.now(dt.UTC)
        fields: dict[str, Any] = {
            "grant_id": secrets.token_hex(16),
            "reference": "DZ-2026-1601-0000042",
            "act_sha256": hashlib.sha256(payload).hexdigest(),
            "document_type": "birth-extract",
            "language": "fr",
            "copy_number": 1,
            "kiosk": KIOSK,
            "requester": "00" * 32,
            "capacity": "self",
            "card_proof": "active-authentication",
            "holder_proof": "pin",
            "status_list": "2026-1",
            "status_index": 4242,
            "template_sha256": self.template_sha256,
            "issued_at": now,
            "expires_at": now + dt.timedelta(minutes=15),
        }
        return self.sign(Grant.model_validate(fields | changes).model_dump_json().encode(), jws.GRANT)


SIGNER_PROCESS = """
import sys
import config.current
import signing.service
from pathlib import Path
from config.current import Configuration
from signing.service import Watcher, run

if sys.argv[2:] == ["quick"]:
    config.current.LOOK_S, signing.service.RETRY_S = 0.01, 0.1

def tell(word):
    return lambda what=None: print(word if what is None else f"{word} {what}", flush=True)

run(Configuration(Path(sys.argv[1])), Watcher(ready=tell("ready"), failed=tell("failed"), taken_up=tell("taken up")))
"""


@dataclass
class Signer:
    """`kiosk signer` as its unit starts it, without the unit."""

    settings: Settings
    folder: Path
    process: subprocess.Popen[str] | None = None
    quick: bool = False
    """Whether it looks for another configuration more often than a kiosk does."""

    @property
    def temporary(self) -> Path:
        """What it has for temporary files, and nobody else."""
        folder = self.folder / "tmp"
        folder.mkdir(exist_ok=True)
        return folder

    def start(self, outcome: str = "taken up") -> None:
        """`outcome` is what it must tell its watcher of its first configuration."""
        file = self.folder / "kiosk.toml"
        file.write_text(toml(self.settings))
        self.process = subprocess.Popen(
            [sys.executable, "-c", SIGNER_PROCESS, str(file), *(["quick"] if self.quick else [])],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(self.temporary)},
        )
        said = self.says()
        assert said == outcome, (said, *self.process.communicate())
        assert self.says() == "ready"

    def says(self) -> str:
        """The next thing it tells its watcher."""
        assert self.process is not None and self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def release(self, number: int, **sections: dict[str, object]) -> None:
        """A release with these settings becomes the current one."""
        fleet = self.folder / "fleet"
        folder = fleet / "releases" / str(number)
        folder.mkdir(parents=True)
        (folder / "kiosk.toml").write_text(toml_of(sections))
        (fleet / "new").symlink_to(f"releases/{number}")
        (fleet / "new").replace(fleet / "current")

    def end(self, number: signal.Signals = signal.SIGTERM) -> str:
        """Ends the process; what it wrote to stderr."""
        assert self.process is not None
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == (0 if number == signal.SIGTERM else -number)
        self.process = None
        return said

    @property
    def client(self) -> SignerClient:
        return SignerClient(self.settings.signer.socket, deadline=60.0)

    def issue(self, act: str, grant: str) -> SignedDocument:
        return asyncio.run(self.client.issue(act, grant))


def toml(settings: Settings) -> str:
    """The settings as a file would give them."""
    sections = settings.model_dump(mode="json", exclude_none=True, exclude_unset=True)
    profile = sections.pop("profile")
    return f"profile = {json.dumps(profile)}\n{toml_of(sections)}"


def toml_of(sections: dict[str, dict[str, object]]) -> str:
    # JSON's strings, numbers and booleans are TOML's too.
    return "".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in section.items())
        for name, section in sections.items()
    )


def settings_for(demo: DemoToken, registry: Registry, folder: Path, /, **signer: Any) -> Settings:
    return Settings.model_validate(
        {
            "profile": "demo",
            "kiosk": {"id": KIOSK},
            "registry": {"signers": registry.signers},
            "documents": {"render_deadline": 60},
            "signer": {
                "socket": folder / "signer.sock",
                "softhsm_conf": demo.softhsm_conf,
                "pin_file": demo.pin_file,
                "certificate": demo.certificate,
                "state": folder / "state",
            }
            | signer,
        }
    )


def read_chain(signer: Signer) -> chain.Record:
    return chain.parse((signer.settings.signer.state / FILE_NAME).read_bytes())


def refusal(signer: Signer, act: str, grant: str) -> type[BaseException]:
    with pytest.raises(errors.SigningError) as raised:
        signer.issue(act, grant)
    return raised.type
