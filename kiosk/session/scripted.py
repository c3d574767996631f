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
    """`password` is {"can": …} or the three MRZ fields; `pin` may be empty where the card asks none."""

    password: dict[str, str] = field(repr=False)
    pin: str = field(repr=False)
    document_type: str
    language: str


class ScriptedCitizen:
    """`ended` resolves to the code of the trouble or of what closes the kiosk, or None when the paper came out."""

    def __init__(self, runner: Runner, answers: Answers) -> None:
        self._runner = runner
        self._answers = answers
        self._screen = ""
        self.ended: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def show(self, snapshot: Snapshot) -> None:
        asked_again = bool(snapshot.data.get("wrong"))
        if snapshot.screen == self._screen and not asked_again:
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
            case "take_paper":
                self._end(None)
            case "goodbye":
                self._end("E-ISSUANCE-ABANDONED")
            case "trouble":
                self._end(str(snapshot.data["code"]))

    def _fits(self, screen: str) -> bool:
        return ("can" in self._answers.password) == (screen == "can")

    def _say(self, snapshot: Snapshot, name: EventName, **value: str) -> None:
        message = ScreenEvent(seq=snapshot.seq, name=name, value=value)
        asyncio.get_running_loop().call_soon(self._runner.from_screen, message)

    def _end(self, code: str | None) -> None:
        if not self.ended.done():
            self.ended.set_result(code)
