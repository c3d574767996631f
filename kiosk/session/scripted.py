"""A citizen made of arguments: answers each screen of a visit from what it was given beforehand.

For `kiosk issue`, tests and benchmarks. It drives the same runner, table and counter as the screen does.
Nobody can be asked to take the card where there is no screen, so it says for itself that the card is out.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from kiosk.session import events as e
from kiosk.session.protocol import EventName, ScreenEvent, Snapshot
from kiosk.session.runner import Runner


@dataclass(frozen=True, slots=True)
class Answers:
    """`password` is {"can": …} or the three MRZ fields; `pin` may be empty where the card asks none.

    `came_out` is what is said of a paper of which the printer cannot tell: None says nothing, as where nobody
    looks. `staff_pin` is typed where staff is asked to confirm it, or the card's holder, once; without one nothing is
    confirmed.
    """

    password: dict[str, str] = field(repr=False)
    pin: str = field(repr=False)
    document_type: str
    language: str
    came_out: bool | None = None
    staff_pin: str = field(default="", repr=False)


class ScriptedCitizen:
    """`ended` resolves to the code of the trouble or of what closes the kiosk, or None when the paper came out."""

    def __init__(self, runner: Runner, answers: Answers) -> None:
        self._runner = runner
        self._answers = answers
        self._screen = ""
        self._staff_came = False
        self.ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def show(self, snapshot: Snapshot) -> None:
        asked_again = bool(snapshot.data.get("wrong"))
        if snapshot.screen == self._screen and not asked_again and snapshot.screen not in ("confirm", "clerk"):
            return
        self._screen = snapshot.screen
        match snapshot.screen:
            case "attract" if snapshot.data["unavailable"] is not None:
                self._end(str(snapshot.data["unavailable"]))
            case "attract":
                self._say(snapshot, "start")
            case "language":
                self._say(snapshot, "language", language=self._answers.language)
            case "can" | "mrz" if not asked_again and self._fits(snapshot.screen):
                self._say(snapshot, "password", **self._answers.password)
            case "pin" if not asked_again:
                self._say(snapshot, "pin", pin=self._answers.pin)
            case "clerk" if snapshot.data["asked"] is not None:
                self._call_clerk(snapshot)
            case "compare":
                self._say(snapshot, "vouch")
            case "can" | "mrz" | "pin" | "pin_last":
                self._end("E-CARD-WRONG-PASSWORD" if snapshot.screen in ("can", "mrz") else "E-CARD-WRONG-PIN")
            case "choice":
                if self._answers.document_type not in [p["type"] for p in snapshot.data["papers"]]:
                    self._end("E-KIOSK-NOT-ENTITLED")
                choice = {"type": self._answers.document_type, "language": self._answers.language}
                self._say(snapshot, "choose", **choice)
            case "preview":
                self._say(snapshot, "confirm")
            case "take_card":
                self._runner.post(e.CardOut())
            case "ask_paper" if self._answers.came_out is None:
                self._runner.post(e.TimeOut())
            case "ask_paper":
                self._say(snapshot, "whole" if self._answers.came_out else "not_whole")
            case "confirm" if snapshot.data["asked"] is not None:
                self._have_confirmed(snapshot)
            case "take_paper":
                self._end(None)
            case "goodbye":
                self._end("E-ISSUANCE-ABANDONED")
            case "trouble" | "stray":
                self._end(str(snapshot.data["code"]))

    def _have_confirmed(self, snapshot: Snapshot) -> None:
        """Once it is known how the PIN stands: type it, and take a refusal for the answer."""
        asked = snapshot.data["asked"]
        if not self._answers.staff_pin or asked["wrong"] or asked["code"] or asked["wait_s"]:
            self._say(snapshot, "not_whole")
        elif not self._staff_came:
            self._staff_came = True
            self._say(snapshot, "staff_pin", pin=self._answers.staff_pin)

    def _call_clerk(self, snapshot: Snapshot) -> None:
        """As above, for a card of which nothing else proves the holder."""
        asked = snapshot.data["asked"]
        if not self._answers.staff_pin or asked["wrong"] or asked["code"] or asked["wait_s"]:
            self._end("E-KIOSK-HOLDER")
        elif not self._staff_came:
            self._staff_came = True
            self._say(snapshot, "staff_pin", pin=self._answers.staff_pin)

    def _fits(self, screen: str) -> bool:
        return ("can" in self._answers.password) == (screen == "can")

    def _say(self, snapshot: Snapshot, name: EventName, **value: str) -> None:
        message = ScreenEvent(seq=snapshot.seq, name=name, value=value)
        asyncio.get_running_loop().call_soon(self._runner.from_screen, message)

    def _end(self, code: str | None) -> None:
        if not self.ended.done():
            self.ended.set_result(code)
