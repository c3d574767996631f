"""A registry, a signer and a printer that remember in files, so that they outlive a killed kiosk.

Each counts off the moments of a visit (`Town.at`): before and after every durable effect, the ledger's
and their own. A test can stop the kiosk at any of them, by `kill -9` or by an exception, and look at what
the registry holds and what lies on the printer's tray.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import io
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2
from keeper_of_tests import KEEPER

from drivers.printers.errors import JobNotFound, PrinterRefused, PrinterSilent, PrinterUnreachable, SubmissionUncertain
from drivers.printers.port import Condition, Evidence, Intake, JobState, JobStatus, PrinterStatus
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.pipeline import Ending, Issuance, Issued
from kiosk.issuance.ports import SignPresence
from kiosk.issuance.records import Outcome, StationName
from kiosk.issuance.recovery import Recovered
from kiosk.issuance.rules import job_title
from kiosk.issuance.station import Station
from printing.job import Progress, print_document
from registry.client import SignedAct, SignedGrant
from registry.errors import CardBlocked, Conflict, NotFound, TimedOut, Unreachable
from registry.models import BirthAct, Challenge, Grant, GrantRequest, LedgerHead, Settlement
from registry.presence import grant_nonce
from signing.errors import TimedOut as SignerTimedOut
from signing.errors import Unreachable as SignerUnreachable

URI = "ipp://printer.example/ipp/print"
SHA = "ab" * 32
ACT = SignedAct("act.jws", SHA, BirthAct.model_construct())
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""A file system in memory forgets no more than a disk when a process is killed, and is quicker."""
At = Callable[[str], None]
FAULTS = (
    "grant-refused",
    "grant-answer-lost",
    "registry-down",
    "settle-down",
    "settle-answer-lost",
    "card-gone",
    "signer-down",
    "signer-answer-lost",
    "pdf-altered",
    "printer-gone",
    "paper-out",
    "submit-answer-lost",
    "submit-refused",
    "printer-mute",
    "job-aborts",
    "job-jams",
    "job-stuck",
    "cancel-too-late",
    "printer-forgets",
    "prints-at-once",
)
WAITED_OUT = frozenset({"paper-out", "job-stuck", "cancel-too-late", "printer-mute"})
"""Faults under which printing waits until its time is over: these tests give it none."""


def _one_page() -> bytes:
    document, written = pypdfium2.PdfDocument.new(), io.BytesIO()
    document.new_page(595, 842)
    document.save(written)
    return written.getvalue() + b"% "


PDF = _one_page()
"""A page; the grant's id follows it, so that a printed document can be told."""


class CardGone(Exception):
    code = "E-CARD-REMOVED"


def _write(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(value))
    draft.rename(path)


def _read(path: Path) -> dict[str, Any]:
    value = json.loads(path.read_text())
    assert isinstance(value, dict)
    return value


@dataclass
class Town:
    """Everything outside the kiosk, in `folder`. `faults` says what goes wrong today."""

    folder: Path
    faults: frozenset[str] = frozenset()
    at: At = field(default=lambda moment: None)
    finds: bool = True

    @property
    def ledger_path(self) -> Path:
        return self.folder / "state" / "ledger.sqlite"

    def grants(self) -> dict[str, dict[str, Any]]:
        """What the registry holds, by grant id."""
        return {path.stem: _read(path) for path in sorted((self.folder / "registry").glob("*.json"))}

    def tray(self) -> list[str]:
        """The titles of the jobs whose page came out, one for each sheet."""
        return [path.name.split("_")[1] for path in sorted((self.folder / "tray").glob("*"))]

    def papers(self, grant_id: str) -> int:
        return self.tray().count(job_title(grant_id))

    def printer_works_on(self) -> None:
        """Time passes at the printer while nobody asks it anything."""
        device = Printer(self)
        for path in sorted((self.folder / "jobs").glob("*.json")):
            while device.advance(int(path.stem)):
                pass

    def open_ledger(self) -> WatchedLedger:
        ledger = WatchedLedger.open(self.ledger_path, KEEPER)
        ledger.at = self.at
        return ledger

    def issuance(self, ledger: Ledger) -> Issuance:
        return Issuance(
            ledger,
            Registry(self),
            Signer(self),
            stations=[
                Station(
                    StationName.LASER,
                    "a4",
                    URI,
                    FindingPrinter(self) if self.finds else Printer(self),
                    0.0 if self.faults & WAITED_OUT else 60.0,
                )
            ],
            print_document=print_document,
        )

    async def prepare(self, issuance: Issuance, sign_presence: SignPresence | None = None) -> Issued:
        return await issuance.prepare(
            ACT,
            presentation_id="0f" * 16,
            document_type="birth-extract",
            language="ar",
            template_sha256=SHA,
            station=StationName.LASER,
            sign_presence=sign_presence or self.card,
        )

    async def card(self, nonce: bytes) -> bytes:
        if "card-gone" in self.faults:
            raise CardGone("the card is not in the reader")
        return _card(nonce)


def _card(nonce: bytes) -> bytes:
    return hashlib.sha256(b"card" + nonce).digest()


class WatchedLedger(Ledger):
    at: At

    def append(self, subject: str, record: Any) -> Any:
        self.at(f"before ledger {record.step}")
        entry = super().append(subject, record)
        self.at(f"after ledger {record.step}")
        return entry


async def others_go_on() -> None:
    """What an answer from outside always gives: other tasks of the kiosk a turn."""
    await asyncio.sleep(0)


class Registry:
    def __init__(self, town: Town) -> None:
        self._town = town

    async def ledger_head(self) -> LedgerHead:
        """Answered in any case: a registry that is down goes down later."""
        told = [
            grant["settlement"] for grant in self._town.grants().values() if "ledger_seq" in (grant["settlement"] or {})
        ]
        newest = max(told, key=lambda said: int(said["ledger_seq"]), default={"ledger_seq": 0, "ledger_head": None})
        return LedgerHead(seq=newest["ledger_seq"], head=newest["ledger_head"])

    async def challenge(self) -> Challenge:
        self._answer("registry-down")
        nonce = secrets.token_hex(32)
        soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
        self._challenge = Challenge(challenge_id=secrets.token_hex(16), nonce=nonce, expires_at=soon)
        return self._challenge

    async def grant(self, grant_id: str, request: GrantRequest) -> SignedGrant:
        self._answer("registry-down")
        if "grant-refused" in self._town.faults:
            raise CardBlocked("the card is blocked")
        nonce = grant_nonce(bytes.fromhex(self._challenge.nonce), grant_id, request)
        assert request.challenge_id == self._challenge.challenge_id
        assert request.model_dump()["signature"] == base64.b64encode(_card(nonce)).decode()
        path = self._path(grant_id)
        assert not path.exists(), "a grant id used twice"
        reference = f"DZ-2026-1601-{len(self._town.grants()) + 1:07}"
        self._town.at("before registry grant")
        _write(path, {"reference": reference, "settlement": None, "settled": 0})
        self._town.at("after registry grant")
        if "grant-answer-lost" in self._town.faults:
            raise TimedOut("no answer")
        return SignedGrant(f"grant.{grant_id}", _grant(grant_id, reference, request))

    async def settle(self, grant_id: str, settlement: Settlement) -> None:
        await others_go_on()
        self._answer("registry-down", "settle-down")
        path = self._path(grant_id)
        said = settlement.model_dump(mode="json")
        if not path.exists() and settlement.outcome == "PRINTED":
            raise NotFound("no such grant")
        held = _read(path) if path.exists() else {"reference": None, "settlement": None, "settled": 0}
        if held["settlement"] not in (None, said):
            raise Conflict("settled otherwise")
        self._town.at("before registry settle")
        _write(path, {**held, "settlement": said, "settled": held["settled"] + (held["settlement"] is None)})
        self._town.at("after registry settle")
        if "settle-answer-lost" in self._town.faults:
            raise TimedOut("no answer")

    def _answer(self, *faults: str) -> None:
        self._town.at("asked registry")
        if self._town.faults & set(faults):
            raise Unreachable("no route")

    def _path(self, grant_id: str) -> Path:
        return self._town.folder / "registry" / f"{grant_id}.json"


def _grant(grant_id: str, reference: str, request: GrantRequest) -> Grant:
    now = dt.datetime.now(dt.UTC)
    return Grant(
        grant_id=grant_id,
        reference=reference,
        act_sha256=request.act_sha256,
        document_type=request.document_type,
        language=request.language,
        copy_number=1,
        kiosk="demo-1",
        requester=SHA,
        capacity="self",
        card_proof="active-authentication",
        holder_proof="pin",
        status_list="demo",
        status_index=0,
        template_sha256=request.template_sha256,
        issued_at=now,
        expires_at=now + dt.timedelta(minutes=15),
    )


@dataclass(frozen=True)
class SignedPdf:
    pdf: bytes
    sha256: str


class Signer:
    def __init__(self, town: Town) -> None:
        self._town = town

    async def issue(self, act_jws: str, grant_jws: str, form: str) -> SignedPdf:
        if "signer-down" in self._town.faults:
            raise SignerUnreachable("no socket")
        assert act_jws == ACT.jws
        grant_id = grant_jws.removeprefix("grant.")
        path = self._town.folder / "signer" / f"{grant_id}.json"
        assert not path.exists(), "signed twice"
        self._town.at("before signer issue")
        _write(path, {})
        self._town.at("after signer issue")
        if "signer-answer-lost" in self._town.faults:
            raise SignerTimedOut("no answer")
        pdf = PDF + grant_id.encode()
        return SignedPdf(pdf + b"x" * ("pdf-altered" in self._town.faults), hashlib.sha256(pdf).hexdigest())

    async def forget(self, grant_id: str) -> None:
        if "signer-down" in self._town.faults:
            raise SignerUnreachable("no socket")


class Printer:
    """Job numbers from 1; a job with a document needs two turns to put its one page on the tray."""

    def __init__(self, town: Town) -> None:
        self._town = town

    @property
    def evidence(self) -> Evidence:
        return "ipp-completed"

    async def intake(self) -> Intake:
        return Intake("application/pdf")

    async def clear(self) -> None:
        await others_go_on()
        if "printer-gone" in self._town.faults:
            raise PrinterUnreachable("no printer")

    async def status(self) -> PrinterStatus:
        await others_go_on()
        if "printer-gone" in self._town.faults:
            raise PrinterUnreachable("no printer")
        out = frozenset({Condition.PAPER_OUT}) if "paper-out" in self._town.faults else frozenset[Condition]()
        return PrinterStatus(accepting=True, conditions=out)

    async def submit(
        self, document: bytes, *, title: str, on_created: Callable[[int], Awaitable[None]] | None = None
    ) -> int:
        assert document.startswith(PDF) and job_title(document.removeprefix(PDF).decode()) == title
        assert on_created is not None
        if "submit-refused" in self._town.faults:
            raise PrinterRefused("the printer said no", 0x0501)
        job_id = len(list((self._town.folder / "jobs").glob("*.json"))) + 1
        self._town.at("before printer create")
        _write(self._job(job_id), {"title": title, "state": "pending", "pages": 0, "document": False})
        self._town.at("after printer create")
        if "prints-at-once" not in self._town.faults:
            await on_created(job_id)
        self._town.at("before printer submit")
        _write(self._job(job_id), {**_read(self._job(job_id)), "document": True})
        self._town.at("after printer submit")
        if "prints-at-once" in self._town.faults:
            self._town.printer_works_on()
            await on_created(job_id)
        if "submit-answer-lost" in self._town.faults:
            raise SubmissionUncertain("no answer", job_id)
        return job_id

    async def job(self, job_id: int) -> JobStatus:
        await others_go_on()
        if "printer-mute" in self._town.faults:
            raise PrinterSilent("no answer")
        if not self._job(job_id).exists():
            raise JobNotFound("no such job", 0x0406)
        self.advance(job_id)
        return self._status(job_id)

    async def cancel(self, job_id: int) -> JobStatus:
        if "printer-mute" in self._town.faults:
            raise PrinterSilent("no answer")
        held = _read(self._job(job_id))
        if held["state"] in ("pending", "processing"):
            self._town.at("before printer cancel")
            late = "cancel-too-late" in self._town.faults and held["state"] == "processing"
            if late:
                self._sheet(job_id, held["title"])
            _write(self._job(job_id), {**held, "state": "canceled", "pages": int(late)})
            self._town.at("after printer cancel")
        return self._status(job_id)

    async def close(self) -> None:
        pass

    def advance(self, job_id: int) -> bool:
        """One turn of the printer's own work; False when the job has none left."""
        held, faults = _read(self._job(job_id)), self._town.faults
        if not held["document"]:
            return False
        if held["state"] == "pending":
            _write(self._job(job_id), {**held, "state": "processing"})
            return True
        if held["state"] != "processing" or faults & {"job-stuck", "cancel-too-late"}:
            return False
        if "job-aborts" in faults:
            _write(self._job(job_id), {**held, "state": "aborted"})
            return False
        self._sheet(job_id, held["title"])
        _write(self._job(job_id), {**held, "state": "aborted" if "job-jams" in faults else "completed", "pages": 1})
        return False

    def _sheet(self, job_id: int, title: str) -> None:
        # A sheet is a file of its own, so that a second one for the same job would show.
        tray = self._town.folder / "tray"
        tray.mkdir(exist_ok=True)
        (tray / f"{len(list(tray.glob('*'))):04}_{title}_{job_id}").touch(exist_ok=False)

    def _status(self, job_id: int) -> JobStatus:
        held = _read(self._job(job_id))
        return JobStatus(JobState(held["state"]), held["pages"], frozenset())

    def _job(self, job_id: int) -> Path:
        return self._town.folder / "jobs" / f"{job_id:06}.json"


class FindingPrinter(Printer):
    async def find(self, title: str) -> int | None:
        if "printer-mute" in self._town.faults:
            raise PrinterSilent("no answer")
        if "printer-forgets" in self._town.faults:
            return None
        jobs = sorted((self._town.folder / "jobs").glob("*.json"))
        return next((int(path.stem) for path in jobs if _read(path)["title"] == title), None)


# -- a kiosk's life in this town


async def visit(town: Town, issuance: Issuance, *, ends: str = "paper") -> Ending | Issued:
    """One visit up to its end: `paper`, or `void` when the citizen leaves with the document signed."""
    issued = await town.prepare(issuance)
    if ends == "void":
        await issuance.void(issued)
        return issued
    ending = await issuance.put_on_paper(issued, nobody_looks)
    if ending.outcome is Outcome.UNKNOWN:
        await issuance.void(issued)
    return ending


async def nobody_looks(progress: Progress) -> None:
    assert 0 <= progress.pages <= progress.of == 1


def run_visit(town: Town, *, ends: str = "paper") -> Ending | Issued:
    with town.open_ledger() as ledger:
        return asyncio.run(visit(town, town.issuance(ledger), ends=ends))


def run_recovery(town: Town) -> Recovered:
    with town.open_ledger() as ledger:
        return asyncio.run(_deliver(town, ledger))


async def _deliver(town: Town, ledger: Ledger) -> Recovered:
    return await town.issuance(ledger).deliver()


def check_books(town: Town, *, all_settled: bool = True) -> None:
    """What must be true whatever happened: of the ledger, the registry and the tray together."""
    with Ledger.view(town.ledger_path) as ledger:
        verdict = ledger.verify()
        assert verdict.valid, verdict.reason
        books: dict[str, list[Any]] = {}
        for entry in ledger.entries():
            books.setdefault(entry.subject, []).append(entry.record)
        if all_settled:
            assert ledger.open_grants() == ()
    held = town.grants()
    assert set(held) <= set(books), "the registry knows a grant that the ledger does not"
    assert set(town.tray()) <= {job_title(grant_id) for grant_id in books}
    for grant_id, records in books.items():
        _check_grant(town, grant_id, {record.step: record for record in records}, held.get(grant_id), all_settled)


def _check_grant(
    town: Town, grant_id: str, steps: dict[str, Any], held: dict[str, Any] | None, all_settled: bool
) -> None:
    papers = town.papers(grant_id)
    assert papers <= 1, "a second original"
    if papers:
        assert "submitting" in steps and "failed" not in steps
    if "evidence" in steps:
        outcome = steps["evidence"].outcome
        assert outcome != "printed" or papers == 1, "printed, and nothing on the tray"
        assert outcome != "failed" or papers == 0, "failed, and a page on the tray"
    if "settled" in steps:
        assert held is not None
        assert held["settlement"]["outcome"] == steps["settled"].outcome
        assert held["settlement"]["evidence"] == steps["settled"].evidence
        assert held["settled"] == 1 and steps["settled"].answer == "accepted"
        assert (steps["settled"].outcome == "PRINTED") == (
            "evidence" in steps and steps["evidence"].outcome == "printed"
        )
    elif held is not None:
        assert not all_settled
