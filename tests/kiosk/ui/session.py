"""A session of a few lines: it says what the test tells it to, on a real Unix socket, and keeps what it hears."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import socket
import threading
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from kiosk.ui.words import words


def page_png() -> str:
    image = Image.new("L", (827, 1169), 255)
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 60, 767, 1109), outline=0, width=3)
    for line in range(12):
        draw.line((120, 200 + 60 * line, 707 - 40 * (line % 3), 200 + 60 * line), fill=90, width=4)
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


PAPER = {
    "type": "birth-extract",
    "title_ar": "مستخرج من عقد الميلاد رقم 12",
    "title_fr": "Extrait d'acte de naissance n° 12",
    "languages": ["ar", "fr"],
}
READING = [
    {"name": "chip", "state": "done"},
    {"name": "genuine", "state": "done"},
    {"name": "holder", "state": "now"},
    {"name": "registry", "state": "later"},
]
HOLDER = {
    "name_ar": "أمينة بن يوسف",
    "name_latin": "Amina BENYOUCEF",
    "born_on": "1986-03-14",
    "number_ends": "0018",
    "picture": None,
    "likeness": None,
}
PREPARING = [{"name": "registry", "state": "done"}, {"name": "page", "state": "now"}]
TOWN = {"town_ar": "الجزائر الوسطى", "town_fr": "Alger-Centre"}
NIGHT = {"unavailable": "E-KIOSK-CLOSED", "part": "hours", "opens_at": "2026-11-23T08:30"}
TICKETS_ONLY = {
    "unavailable": None,
    "forms": ["ticket"],
    "lost": [{"form": "a4", "part": "laser", "code": "E-PRINTER-UNREACHABLE"}],
}
SENTENCES = {
    "sentence_ar": "لم نتمكّن من التواصل مع السجل. لم يضع أي شيء، حاول بعد قليل أو توجّه إلى الشبّاك.",
    "sentence_fr": "Le registre ne répond pas. Rien n'est perdu : revenez plus tard ou adressez-vous au guichet.",
}


CHECKS: list[dict[str, Any]] = [
    {"name": "reader", "status": "ok", "detail": "Virtual PCD 00 00, firmware 1.2", "code": None, "remedy": None},
    {"name": "card", "status": "skipped", "detail": "no card is in the reader", "code": None, "remedy": None},
    {
        "name": "supplies",
        "status": "degraded",
        "code": "E-PRINTER-PAPER-LOW",
        "detail": "tray-1 12 sheets, black 40 %",
        "remedy": "Put paper in.",
    },
    {
        "name": "registry-tls",
        "status": "failed",
        "code": "E-REGISTRY-TLS",
        "detail": "the certificate of registry.commune-1601.example does not lead to the authority in registry.ca",
        "remedy": "Check registry.ca, the dates of the device's certificate, and this machine's clock; enrol the kiosk"
        " again if need be.",
    },
]
ALL_FAILED = [{**CHECKS[3], "name": name, "remedy": 3 * CHECKS[3]["remedy"]} for name in words("fr")["checks"]]


def ticket_png() -> str:
    image = Image.new("L", (576, 2712), 255)
    draw = ImageDraw.Draw(image)
    for line in range(30):
        draw.line((20, 60 + 60 * line, 556 - 60 * (line % 3), 60 + 60 * line), fill=0, width=14)
    draw.rectangle((40, 2160, 536, 2656), outline=0, width=60)
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def scenes() -> list[tuple[str, str, tuple[int, int] | None, dict[str, Any]]]:
    """(name, screen, step, data): every screen, and those that have more than one face more than once."""
    page = page_png()
    choice = {"name_ar": "أمينة بن يوسف", "name_latin": "Amina BENYOUCEF", "papers": [PAPER]}
    preview = {"pages": [page], "title_ar": PAPER["title_ar"], "title_fr": PAPER["title_fr"]}
    trouble = {"code": "E-REGISTRY-UNREACHABLE", **SENTENCES, "outcome": "none"}
    ticket = {"pages": [ticket_png()], "title_ar": PAPER["title_ar"], "title_fr": PAPER["title_fr"], "form": "ticket"}
    stray = {"code": "E-PRINTER-PAPER-UNKNOWN", "form": "a4", "again": True}
    paper = [
        {"station": "laser", "units": 228, "documents": 228, "low": False},
        {"station": "thermal", "units": 4000, "documents": 11, "low": True},
    ]
    unprintable = [{**PAPER, "form": "ticket"}, {**PAPER, "type": "birth-copy", "form": None}]
    going = {"stage": "printing", "page": 1, "of": 1, "conditions": []}
    return [
        ("attract", "attract", None, {**TOWN, "unavailable": None}),
        ("attract-closed", "attract", None, {**TOWN, "unavailable": "E-LEDGER-FULL", "part": "ledger"}),
        ("attract-registry", "attract", None, {**TOWN, "unavailable": "E-REGISTRY-TIMEOUT", "part": "registry"}),
        ("attract-hours", "attract", None, {**TOWN, **NIGHT}),
        ("attract-ticket", "attract", None, {**TOWN, **TICKETS_ONLY}),
        ("language", "language", (1, 8), {"languages": ["ar", "fr"]}),
        ("card", "card", (2, 8), {}),
        ("opening", "opening", (3, 8), {}),
        ("can", "can", (3, 8), {"wrong": False}),
        ("can-wrong", "can", (3, 8), {"wrong": True}),
        ("mrz", "mrz", (3, 8), {"wrong": False}),
        ("mrz-wrong", "mrz", (3, 8), {"wrong": True}),
        ("pin", "pin", (4, 8), {"tries_left": 3, "wrong": False}),
        ("pin-wrong", "pin", (4, 8), {"tries_left": 2, "wrong": True}),
        ("pin-unknown", "pin", (4, 8), {"tries_left": None, "wrong": False}),
        ("pin-last", "pin_last", (4, 8), {}),
        ("can-scanner", "can", (3, 8), {"wrong": False, "scanner": True}),
        ("mrz-scanner", "mrz", (3, 8), {"wrong": False, "scanner": True}),
        ("clerk", "clerk", (5, 8), {"asked": {"left": 3, "wait_s": 0, "wrong": False, "code": None}}),
        ("clerk-wrong", "clerk", (5, 8), {"asked": {"left": 2, "wait_s": 0, "wrong": True, "code": None}}),
        ("compare", "compare", (5, 8), HOLDER),
        ("compare-picture", "compare", (5, 8), {**HOLDER, "picture": page, "likeness": "not-alike"}),
        ("reading", "reading", (5, 8), {"steps": READING}),
        ("choice", "choice", (6, 8), choice),
        ("choice-none", "choice", (6, 8), {**choice, "papers": []}),
        ("choice-unprintable", "choice", (6, 8), {**choice, "papers": unprintable}),
        ("preparing", "preparing", (6, 8), {"steps": PREPARING}),
        ("preview", "preview", (7, 8), preview),
        ("preview-two", "preview", (7, 8), {**preview, "pages": [page, page]}),
        ("preview-other-form", "preview", (7, 8), {**ticket, "other_form": True}),
        ("take-card", "take_card", (8, 8), {}),
        ("return-card", "take_card", None, {}),
        ("printing-asking", "printing", (8, 8), {**going, "stage": "asking", "page": 0}),
        ("printing", "printing", (8, 8), going),
        ("printing-waits", "printing", (8, 8), {**going, "page": 0, "conditions": ["paper-out", "stopped"]}),
        ("printing-cutter", "printing", (8, 8), {**going, "form": "ticket", "page": 0, "conditions": ["cutter"]}),
        ("ask-ticket", "ask_paper", (8, 8), {"papers": 1, "form": "ticket"}),
        ("confirm-wait", "confirm", (8, 8), {"asked": {"left": 1, "wait_s": 3600, "wrong": True, "code": None}}),
        ("confirm-none", "confirm", (8, 8), {"asked": {"code": "E-STAFF-PIN-NONE"}}),
        ("settling", "settling", (8, 8), {}),
        ("stray", "stray", None, stray),
        ("take-paper", "take_paper", (8, 8), {"papers": 1}),
        ("goodbye", "goodbye", None, {}),
        ("trouble", "trouble", None, trouble),
        ("trouble-unknown", "trouble", None, {**trouble, "outcome": "unknown"}),
        ("staff-pin", "staff_pin", None, {"asked": {"left": 3, "wait_s": 0, "wrong": False, "code": None}}),
        ("staff-pin-wrong", "staff_pin", None, {"asked": {"left": 2, "wait_s": 0, "wrong": True, "code": None}}),
        ("staff-pin-wait", "staff_pin", None, {"asked": {"left": 1, "wait_s": 3600, "wrong": True, "code": None}}),
        ("staff-pin-none", "staff_pin", None, {"asked": {"code": "E-STAFF-PIN-NONE"}}),
        ("diagnostics-begun", "diagnostics", None, {"checks": [], "running": True}),
        ("diagnostics", "diagnostics", None, {"checks": CHECKS}),
        ("diagnostics-paper", "diagnostics", None, {"checks": CHECKS, "paper": paper}),
        ("diagnostics-out", "diagnostics", None, {"checks": CHECKS, "out_of_service": True}),
        ("diagnostics-failed", "diagnostics", None, {"checks": ALL_FAILED, "code": "E-STAFF-STATE"}),
    ]


class ScriptedSession:
    """Listens at `path`; `say` sends a snapshot (its seq is counted here), `heard` are the events so far."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seq = 0
        self.heard: list[dict[str, Any]] = []
        self._peers: list[socket.socket] = []
        self._arrived = threading.Condition()
        self._open()

    def _open(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with self._arrived:
                self._peers.append(peer)
                self._arrived.notify_all()
            threading.Thread(target=self._listen, args=(peer,), daemon=True).start()

    def _listen(self, peer: socket.socket) -> None:
        with contextlib.suppress(ConnectionError), peer.makefile("rb") as lines:
            for line in lines:
                event = json.loads(line)
                self.heard.append(event)
                self.answer(event)

    def answer(self, event: dict[str, Any]) -> None:
        """What a session does upon an event: this one only listens."""

    @property
    def connected(self) -> bool:
        return bool(self._peers)

    def line(self, screen: str, language: str = "fr", **more: Any) -> bytes:
        self.seq += 1
        return json.dumps({"v": 1, "seq": self.seq, "screen": screen, "language": language, **more}).encode() + b"\n"

    def raw(self, data: bytes) -> None:
        self._peers[-1].sendall(data)

    def say(self, screen: str, language: str = "fr", **more: Any) -> int:
        self.raw(self.line(screen, language, **more))
        return self.seq

    def close(self) -> None:
        """Go away, listening no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer.shutdown(socket.SHUT_RDWR)
            peer.close()
        self._peers.clear()
        self.path.unlink(missing_ok=True)

    def come_back(self) -> None:
        self.seq = 0
        self._open()
