"""Every screen in every language, drawn and measured: nothing clipped, nothing too small, nothing mirrored wrong."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtQml import QQmlEngine, QQmlExpression
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from kiosk.session.protocol import Screen as ScreenName
from kiosk.ui.facts import FACTS
from tests.kiosk.ui.conftest import Kiosk
from tests.kiosk.ui.session import scenes

SCENES = scenes()
BILINGUAL = {"attract", "language"}
CENTRED = {*BILINGUAL, "goodbye"}
MIN_TARGET_MM, MIN_GAP_MM = 12.7, 2.54


Scene = tuple[str, str, tuple[int, int] | None, dict[str, Any]]


def each_scene(test: Any) -> Any:
    test = pytest.mark.parametrize("scene", SCENES, ids=[name for name, *_ in SCENES])(test)
    return pytest.mark.parametrize("language", ["ar", "fr"])(test)


def show(kiosk: Kiosk, scene: Scene, language: str) -> None:
    _, screen, step, data = scene
    kiosk.show(screen, language, step=step, data=data)


def texts(kiosk: Kiosk) -> list[QQuickItem]:
    """What can be read: not what waits to be scrolled to."""
    found = [i for i in kiosk.items() if i.inherits("QQuickText") and i.property("text")]
    return [text for text in found if not ink(text).isEmpty()]


def targets(kiosk: Kiosk) -> list[QQuickItem]:
    return [i for i in kiosk.items() if i.property("target") and i.objectName()]


def box(item: QQuickItem) -> QRectF:
    return item.mapRectToScene(QRectF(0, 0, item.width(), item.height()))


def ink(text: QQuickItem) -> QRectF:
    """Where the letters are, not the box they may use; of what scrolls, the part in its frame."""
    height, width = text.property("contentHeight"), text.property("contentWidth")
    spare = text.width() - width
    # Python cannot read this enumeration; QML can.
    asked = QQmlExpression(QQmlEngine.contextForObject(text), text, "Number(effectiveHorizontalAlignment)").evaluate()
    side = asked[0] if isinstance(asked, tuple) else asked
    left = {1: 0.0, 2: spare, 4: spare / 2}[int(side)]
    drawn = text.mapRectToScene(QRectF(left, 0, width, height))
    frame = text.parentItem()
    while frame is not None and not frame.inherits("QQuickFlickable"):
        frame = frame.parentItem()
    return drawn if frame is None else drawn & box(frame)


def around(item: QQuickItem) -> QQuickItem | None:
    parent = item.parentItem()
    while parent is not None and not parent.property("target"):
        parent = parent.parentItem()
    return parent


def test_the_scenes_are_all_the_screens() -> None:
    assert {screen for _, screen, *_ in SCENES} == set(ScreenName.__args__) == set(FACTS)


@each_scene
def test_a_screen_is_whole_big_enough_and_the_right_way_round(
    hall: Kiosk, scene: Scene, language: str, tmp_path: Path
) -> None:
    show(hall, scene, language)
    picture = hall.opened.window.grabWindow()
    assert picture.save(str(tmp_path / "screen.png"))
    nothing_is_clipped(hall)
    targets_are_big_and_far_apart(hall)
    sides_follow_the_language(hall, scene[1], language, picture)
    assert len([t for t in targets(hall) if t.property("primary")]) <= 1
    assert len([w for w in hall.item("question").property("text").split() if w not in "?:"]) <= 8


def nothing_is_clipped(kiosk: Kiosk) -> None:
    window = QRectF(0, 0, kiosk.opened.window.width(), kiosk.opened.window.height())
    assert texts(kiosk)
    for text in texts(kiosk):
        said = text.property("text")
        assert not text.property("truncated"), said
        assert text.property("contentWidth") <= text.width() + 1, said
        assert text.property("contentHeight") <= text.height() + 1, said
        assert window.contains(ink(text)), said
        if (target := around(text)) is not None:
            assert box(target).adjusted(-1, -1, 1, 1).contains(ink(text)), said
    for one, other in combinations(texts(kiosk), 2):
        shared = ink(one).adjusted(1, 1, -1, -1) & ink(other).adjusted(1, 1, -1, -1)
        assert shared.isEmpty(), (one.property("text"), other.property("text"))


def targets_are_big_and_far_apart(kiosk: Kiosk) -> None:
    mm = kiosk.opened.window.property("pixelsPerMillimetre")
    window = QRectF(0, 0, kiosk.opened.window.width(), kiosk.opened.window.height())
    found = targets(kiosk)
    assert len({t.objectName() for t in found}) == len(found)
    half = MIN_GAP_MM * mm / 2 - 0.6
    for target in found:
        assert window.contains(box(target)), target.objectName()
        assert min(target.width(), target.height()) >= MIN_TARGET_MM * mm - 1, target.objectName()
    for one, other in combinations(found, 2):
        shared = box(one).adjusted(-half, -half, half, half) & box(other).adjusted(-half, -half, half, half)
        assert shared.isEmpty(), (one.objectName(), other.objectName())
    for text in texts(kiosk):
        for target in found:
            if around(text) is not target:
                assert (ink(text) & box(target)).isEmpty(), (text.property("text"), target.objectName())


def sides_follow_the_language(kiosk: Kiosk, screen: str, language: str, picture: QImage) -> None:
    middle = kiosk.opened.window.width() / 2
    right = language == "ar"
    assert (box(kiosk.item("town")).center().x() > middle) == right
    if screen not in CENTRED:
        # Where the letters were drawn, not what was asked for: the first of them stands at the reading edge.
        drawn = picture.copy(box(kiosk.item("question")).toRect())
        columns = range(drawn.width()) if not right else range(drawn.width() - 1, -1, -1)
        assert any(dark(drawn, x) for x in list(columns)[:12])
        assert not any(dark(drawn, x) for x in list(columns)[-12:])
    for name, at_the_end in (("cancel", True), ("switch-language", True), ("back", False)):
        if (item := kiosk.seen(name)) is not None:
            assert ((box(item).center().x() > middle) != right) == at_the_end, name
    if (first := kiosk.seen("key-1")) is not None:
        assert box(first).x() < box(kiosk.item("key-3")).x()


def dark(picture: QImage, x: int) -> bool:
    return any(picture.pixelColor(x, y).lightness() < 90 for y in range(picture.height()))


def test_nothing_moves_between_screens(hall: Kiosk) -> None:
    places = set()
    for scene in SCENES:
        show(hall, scene, "ar")
        places.add((box(hall.item("top-band")).getRect(), box(hall.item("bottom-band")).getRect()))
        if (help_ := hall.seen("help")) is not None:
            assert abs(box(help_).center().x() - hall.opened.window.width() / 2) < 2
    assert len(places) == 1


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("ink", "ground", 7),
        ("ink", "paper", 7),
        ("ink", "tint", 7),
        ("quiet", "ground", 7),
        ("quiet", "paper", 7),
        ("accent", "ground", 7),
        ("accentText", "accent", 7),
        ("accentText", "accentPressed", 7),
        ("lookText", "paper", 7),
        ("line", "ground", 3),
        ("quiet", "hairline", 4.5),
    ],
)
def test_colours_can_be_told_apart(repository: Path, front: str, back: str, least: float) -> None:
    theme = (repository / "kiosk/ui/parts/Theme.qml").read_text()
    colours = dict(re.findall(r'property color (\w+): "(#\w{6})"', theme))
    assert contrast(colours[front], colours[back]) >= least


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_help_and_the_idle_question_fit(hall: Kiosk, language: str) -> None:
    for scene in SCENES:
        show(hall, scene, language)
        if hall.seen("help") is None:
            continue
        hall.tap("help")
        overlay = hall.item("help-overlay")
        over = [text for text in texts(hall) if overlay.isAncestorOf(text)]
        assert len(over) == 3, scene[0]
        for text in over:
            assert text.property("contentHeight") <= text.height() + 1
            assert box(overlay).contains(ink(text)), text.property("text")
        hall.tap("help-close")
        assert hall.seen("help-overlay") is None
        assert hall.session.heard == []
    hall.show("choice", language, step=(6, 8), idle_seconds=20, data={})
    assert any("20" in t.property("text") for t in texts(hall))
    hall.tap("still-here")
    assert hall.hears()["name"] == "still_here"


def test_the_keyboard_reaches_everything(hall: Kiosk) -> None:
    show(hall, next(s for s in SCENES if s[0] == "pin-last"), "fr")
    reached = set()
    for _ in range(12):
        QTest.keyClick(hall.opened.window, Qt.Key.Key_Tab)
        item = hall.opened.window.activeFocusItem()
        while item is not None and not item.objectName():
            item = item.parentItem()
        reached.add(item.objectName() if item is not None else "")
    assert {"continue", "primary", "help", "cancel", "switch-language"} <= reached
