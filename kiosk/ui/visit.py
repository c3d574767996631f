"""The view model: the newest snapshot as properties, and the citizen's answers as events. No more than that.

`turned` says that another screen is due (or the same one in another language): it is built anew.
`changed` says that the screen that stands has new facts: whatever was typed on it stays.
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic import ValidationError
from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtQml import QmlElement

from kiosk.session.protocol import ScreenEvent, Snapshot
from kiosk.ui.errors import SessionAway, SnapshotRefused
from kiosk.ui.facts import read_facts, read_snapshot
from kiosk.ui.link import Link
from kiosk.ui.pace import Pace
from kiosk.ui.pages import PagePictures, read_page
from kiosk.ui.words import RIGHT_TO_LEFT, Language, words

QML_IMPORT_NAME = "Shubbak.Screen"
QML_IMPORT_MAJOR_VERSION = 1

AWAY = "away"
"""The one screen that is the screen's own: nobody leads."""
_PERSONAL_ENDS = frozenset({"attract", "goodbye", "trouble", AWAY})


@QmlElement
class Visit(QObject):
    turned = Signal()
    changed = Signal()
    moved = Signal()
    town_known = Signal()
    personal_ended = Signal()
    refused = Signal(object)
    sent = Signal(str)

    def __init__(self, link: Link, pictures: PagePictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._pictures = pictures
        self._pace = Pace(self._take, self)
        self._town = ("", "")
        self._last_seq: int | None = None
        self._snapshot = Snapshot(seq=0, screen="attract", language="ar")
        self._screen: str = AWAY
        self._facts: dict[str, Any] = {"code": SessionAway.code}
        link.line.connect(self._on_line)
        link.arrived.connect(self._on_arrived)
        link.gone.connect(self._on_gone)
        link.refused.connect(self.refused)

    # --- what the session says

    def _on_line(self, line: bytes) -> None:
        try:
            snapshot = read_snapshot(line)
            if self._last_seq is not None and snapshot.seq <= self._last_seq:
                return
            facts = read_facts(snapshot)
            if snapshot.screen == "preview":
                facts["pages"] = [read_page(page) for page in facts["pages"]]
            elif snapshot.screen == "compare" and facts["picture"] is not None:
                facts["picture"] = read_page(facts["picture"])
        except SnapshotRefused as error:
            self.refused.emit(error)
            return
        self._last_seq = snapshot.seq
        # The raw data is not kept: a preview's pages would stand here a second time.
        self._pace.offer(snapshot.model_copy(update={"data": {}}), facts)

    def _take(self, snapshot: Snapshot, facts: dict[str, Any]) -> None:
        if snapshot.screen == "preview":
            facts["pages"] = self._pictures.show(snapshot.seq, facts["pages"])
        elif snapshot.screen == "compare" and facts["picture"] is not None:
            (facts["picture"],) = self._pictures.show(snapshot.seq, [facts["picture"]])
        else:
            self._pictures.forget()
        turned = (snapshot.screen, snapshot.language) != (self._screen, self._snapshot.language)
        changed = facts != self._facts
        self._snapshot = snapshot
        self._screen, self._facts = snapshot.screen, facts
        if snapshot.screen == "attract":
            self._town = (facts["town_ar"], facts["town_fr"])
            self.town_known.emit()
        self.moved.emit()
        if turned:
            self.turned.emit()
        elif changed:
            self.changed.emit()
        if turned and self._screen in _PERSONAL_ENDS:
            self.personal_ended.emit()

    def _on_arrived(self) -> None:
        self._last_seq = None

    def _on_gone(self) -> None:
        self._pace.forget()
        self._pictures.forget()
        self._snapshot = Snapshot(seq=0, screen="attract", language=self._snapshot.language)
        self._screen, self._facts = AWAY, {"code": SessionAway.code}
        self.moved.emit()
        self.turned.emit()
        self.personal_ended.emit()

    # --- what the citizen says

    @Slot(str)
    @Slot(str, "QVariantMap")
    def send(self, name: str, value: dict[str, str] | None = None) -> None:
        """Answer the snapshot that stands. Nothing of `value` is kept."""
        try:
            event = ScreenEvent.model_validate({"seq": self._snapshot.seq, "name": name, "value": value or {}})
        except ValidationError:
            raise ValueError(f"the screen {self._screen} sent an event that is none: {name}") from None
        if self._screen != AWAY and self._link.send(event):
            self.sent.emit(name)

    # --- what QML reads

    @Property(str, notify=moved)
    def screen(self) -> str:
        return self._screen

    @Property(str, notify=moved)
    def language(self) -> str:
        return self._snapshot.language

    @Property(bool, notify=moved)
    def rightToLeft(self) -> bool:
        return self._snapshot.language in RIGHT_TO_LEFT

    @Property(dict, notify=moved)
    def words(self) -> dict[str, Any]:
        return words(self._snapshot.language)

    @Property(dict, constant=True)
    def wordsByLanguage(self) -> dict[str, Any]:
        """Both languages at once, for the screens that come before the choice."""
        return {language: words(language) for language in get_args(Language)}

    @Property(dict, notify=changed)
    def facts(self) -> dict[str, Any]:
        return self._facts

    @Property(int, notify=moved)
    def stepNumber(self) -> int:
        return self._snapshot.step[0] if self._snapshot.step else 0

    @Property(int, notify=moved)
    def stepCount(self) -> int:
        return self._snapshot.step[1] if self._snapshot.step else 0

    @Property(int, notify=moved)
    def idleSeconds(self) -> int:
        """Seconds until the visit ends by itself; -1 while nobody asks."""
        return -1 if self._snapshot.idle_seconds is None else self._snapshot.idle_seconds

    @Property(str, notify=town_known)
    def townArabic(self) -> str:
        return self._town[0]

    @Property(str, notify=town_known)
    def townFrench(self) -> str:
        return self._town[1]

    # --- what Python reads: the stubs do not know that a Property has a value

    @property
    def seq(self) -> int:
        return self._snapshot.seq

    @property
    def shown(self) -> tuple[str, str, dict[str, Any]]:
        """Screen, language and facts of the snapshot that stands."""
        return self._screen, self._snapshot.language, self._facts
