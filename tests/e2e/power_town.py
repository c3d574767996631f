"""A town hall whose processes are killed and started again, its citizen, and its books.

Nothing here touches PC/SC: the session that does is always a process of its own.
"""

import contextlib
import json
import sqlite3
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from power_processes import Screen, Session, Snapshot, kiosk_command, serving

from config import load
from drivers.simulated.errors import HandRefused
from kiosk.issuance.ledger import Ledger
from kiosk.session.service import ledger_path
from kiosk.simulation.child import Child
from kiosk.simulation.townhall import PEOPLE, TownHall
from registry.jws import STATUS, TrustedKeys
from registry.reference.serve import CONTROL, READY
from registry.status import parse
from signing.trust import TrustFolder
from signing.verify import verify


@dataclass
class Books:
    """What ledger, registry and tray say together: how each grant was settled, by reference or by grant id."""

    settled: dict[str, str]
    printed: list[str]

    def since(self, before: "Books") -> list[str]:
        """How the grants were settled that were not there before."""
        return [outcome for grant, outcome in self.settled.items() if grant not in before.settled]


class PowerTown:
    def __init__(self, hall: TownHall) -> None:
        self.hall = hall
        self.settings = load(hall.configuration).settings
        self.session: Session
        self.screen: Screen | None = None
        self._unanswered: Snapshot | None = None
        self.kept = hall.folder / "kept.json"
        """What the last session with a power cut in it brought to the signer: an act and a grant."""

    # --- the citizen ----------------------------------------------------------------------------------

    def sit_down(self, *, leaving: Screen | None = None) -> None:
        """Face the kiosk by a new screen; the one before is closed, unless it is left as it is."""
        if leaving is not self.screen:
            self.stand_up()
        self.screen, self._unanswered = Screen(self.settings.session.socket), None

    def stand_up(self) -> None:
        if self.screen is not None:
            self.screen.close()
        self.screen = self._unanswered = None

    def watch(self, until: str) -> Snapshot | None:
        """Touch nothing until that screen comes."""
        self._unanswered = None
        assert self.screen is not None
        seen = next((one for one in self.screen.snapshots() if one["screen"] == until), None)
        self._unanswered = seen
        return seen

    def closed(self) -> str:
        """Touch nothing until the first screen says that no visit can begin; the code it says."""
        assert self.screen is not None
        seen = chain(filter(None, [self._unanswered]), self.screen.snapshots())
        self._unanswered = None
        return next(str(one["data"]["unavailable"]) for one in seen if one["data"].get("unavailable"))

    def go(self, until: str | Callable[[Snapshot], bool]) -> Snapshot | None:
        """Answer the screen at hand and every one after it, until one that is `until`.

        That one waits for the next `go`. None when the session died, or talks to another screen.
        """
        assert self.screen is not None
        answered = ""
        if self._unanswered is not None:
            answered = self._unanswered["screen"]
            self._answer(self.screen, self._unanswered)
            self._unanswered = None
        for snapshot in self.screen.snapshots():
            if until == snapshot["screen"] or (callable(until) and until(snapshot)):
                self._unanswered = snapshot
                return snapshot
            assert snapshot["screen"] != "trouble" or answered == "trouble", snapshot
            if snapshot["data"].get("unavailable"):
                answered = ""  # closed, and a touch on it did nothing: it is touched when it has opened by itself
                continue
            if snapshot["screen"] != answered:
                answered = snapshot["screen"]
                self._answer(self.screen, snapshot)
        return None

    def _answer(self, screen: Screen, snapshot: Snapshot) -> None:
        card = self.hall.cards["amina"]
        match snapshot["screen"]:
            case "attract" | "goodbye":
                screen.say(snapshot, "start")
            case "language":
                screen.say(snapshot, "language", language="fr")
            case "card":
                with contextlib.suppress(HandRefused):  # a dead reader takes no card, and the kiosk must say so
                    self.hall.insert("amina")
            case "can":
                screen.say(snapshot, "password", can=card.can)
            case "pin":
                screen.say(snapshot, "pin", pin=card.pin)
            case "choice":
                screen.say(snapshot, "choose", type="birth-extract", language="fr")
            case "preview":
                screen.say(snapshot, "confirm")
            case "take_card":
                self.hall.remove()
            case "take_paper":
                screen.say(snapshot, "taken")
            case "ask_paper":
                screen.say(snapshot, "not_whole")
            case "trouble" | "stray":
                screen.say(snapshot, "done")

    def leave(self) -> None:
        """To the end of the visit, well or badly, and away: the next citizen finds the first screen."""
        assert self.go("goodbye") is not None
        assert self.go("attract") is not None

    def visit(self) -> None:
        """A whole one, from the first screen to the first screen, with paper."""
        before = self.papers
        self.sit_down()
        assert self.go("take_paper") is not None
        self.leave()
        assert self.papers == before + 1

    # --- the processes --------------------------------------------------------------------------------

    def open(self, cut: str | None = None, victim: object = "self") -> None:
        """Start a session; `cut` is the moment at which the power goes."""
        self.session = Session(self.hall.configuration, self.kept, cut, victim)

    def reopen(self, cut: str | None = None) -> None:
        """The session is dead; whoever had a card in the reader takes it, and the power comes back."""
        self.session.gone()
        self.stand_up()
        self.hall.remove()
        self.open(cut)

    def close(self) -> None:
        self.stand_up()
        self.session.stop()

    @property
    def signer(self) -> int:
        return serving(self.settings.signer.socket)

    def start_signer(self, cut: str | None = None) -> Child:
        """Start the signer by its own command, ready when it answers."""
        command = kiosk_command("signer", "--config", self.hall.configuration, cut=cut)
        return Child("signer", command, log=self.hall.folder / "signer.log", ready=self.settings.signer.socket)

    @property
    def registry(self) -> int:
        return serving(self.hall.registry.folder / CONTROL)

    def start_registry(self, cut: str | None = None) -> Child:
        """Start the registry, killed before, at the address it had."""
        folder = self.hall.registry.folder
        (folder / READY).unlink(missing_ok=True)
        port = self.settings.registry.url.rpartition(":")[2]
        words = ["registry", "serve", "--port", port, "--people", PEOPLE, "--seed", self.hall.seed, "--folder", folder]
        return Child("registry", kiosk_command(*words, cut=cut), log=folder / "registry.log", ready=folder / READY)

    @property
    def pcscd(self) -> int:
        """pcscd is the one child of the process that moves the card."""
        hand = serving(self.hall.folder / "pcscd" / "hand.sock")
        (child,) = Path(f"/proc/{hand}/task/{hand}/children").read_text().split()
        return int(child)

    # --- the books ------------------------------------------------------------------------------------

    @property
    def papers(self) -> int:
        """Pictures: each is one sheet on the tray."""
        return len(list(self.hall.printer.paper.glob("*.png")))

    def told(self, table: str, columns: str) -> list[tuple[Any, ...]]:
        """Rows of the registry's database."""
        database = f"file:{self.hall.registry.folder / 'registry.sqlite'}?mode=ro"
        with contextlib.closing(sqlite3.connect(database, uri=True)) as connection:
            return list(connection.execute(f"SELECT {columns} FROM {table}"))

    def books(self) -> Books:
        """Everything settled, and ledger, registry, status list and tray agree about it. AssertionError if not."""
        ledger_says = self._ledger()
        registry_says = {grant: json.loads(body)["outcome"] for grant, body in self.told("settlements", "id, body")}
        assert ledger_says == registry_says
        granted = {grant: _claims(jws) for grant, jws in self.told("grants", "id, jws")}
        assert granted.keys() <= registry_says.keys()
        self._status_lists({grant: (granted[grant], registry_says[grant]) for grant in granted})
        printed = [self._reference(document) for document in self.hall.printer.documents()]
        assert max(Counter(printed).values(), default=0) <= 1, "a second original"
        assert len(printed) == self.papers
        references = {grant: claims["reference"] for grant, claims in granted.items()}
        settled = {references.get(grant, grant): outcome for grant, outcome in registry_says.items()}
        assert sorted(printed) == sorted(ref for ref, outcome in settled.items() if outcome == "PRINTED")
        return Books(settled, printed)

    def _ledger(self) -> dict[str, str]:
        if not ledger_path(self.settings).exists():
            return {}
        with Ledger.view(ledger_path(self.settings)) as ledger:
            verdict = ledger.verify()
            assert verdict.valid and verdict.open == 0
            records = [(entry.subject, entry.record.model_dump(mode="json")) for entry in ledger.entries()]
        return {grant: record["outcome"] for grant, record in records if record["step"] == "settled"}

    def _status_lists(self, granted: dict[str, tuple[dict[str, Any], str]]) -> None:
        """Fetch every list as a verifier would, and hold its bits against how the grants were settled."""
        keys = TrustedKeys.from_jwk_set(self.hall.registry.signers)
        kept = self.hall.folder / "trust" / "status"
        kept.mkdir(exist_ok=True)
        for name in {claims["status_list"] for claims, _ in granted.values()}:
            token = self.hall.registry.status_list(name)
            (kept / f"{name}.jws").write_text(token)
            status = parse(keys.verify(token, typ=STATUS))
            for claims, outcome in granted.values():
                if claims["status_list"] == name:
                    assert status.is_set(claims["status_index"]) == (outcome == "VOIDED")

    def verdict(self, document: bytes) -> Any:
        """What a verifier says of it, who holds the status lists of the last `books`."""
        return verify(document, TrustFolder.load(self.hall.folder / "trust"))

    def _reference(self, document: bytes) -> str:
        verdict = self.verdict(document)
        assert verdict.verdict == "valid" and verdict.claims is not None
        return str(verdict.claims.reference)


def _claims(jws: str) -> dict[str, Any]:
    payload = jws.split(".")[1]
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
