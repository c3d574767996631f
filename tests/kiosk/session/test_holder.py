"""Which method a card and a policy leave, what each answers, and what of a portrait is shown."""

from __future__ import annotations

import asyncio
import base64
import io

import pytest
from PIL import Image

from drivers import smartcard
from drivers.smartcard.errors import MalformedData
from kiosk.session.holder import Clerk, HolderAnswer, HolderContext, PinByCard, method_for
from kiosk.session.portrait import SHOWN, shown
from printing.documents import CardPolicy

BOTH = ("pin", "clerk")


@pytest.mark.parametrize(
    ("policies", "proven", "tries", "method"),
    [
        ([BOTH], True, 3, "pin"),
        ([BOTH], True, 1, "pin"),
        ([BOTH], True, 0, "pin"),  # blocked: said so, and no clerk instead
        ([BOTH], True, None, "clerk"),
        ([BOTH], False, 3, "clerk"),
        ([("clerk",)], True, 3, "clerk"),
        ([("clerk", "pin")], True, 3, "clerk"),
        ([("pin",)], False, 3, None),
        ([("pin",)], True, None, None),
        ([("pin",), ("clerk",)], False, 3, "clerk"),
        ([], True, 3, None),
    ],
)
def test_a_pin_is_asked_only_where_it_proves_somebody(
    policies: list[tuple[str, ...]], proven: bool, tries: int | None, method: str | None
) -> None:
    assert method_for(policies, channel_proven=proven, tries_left=tries) == method  # type: ignore[arg-type]


class Chip:
    def __init__(self, error: Exception | None = None) -> None:
        self.asked: list[str] = []
        self._error = error

    async def verify(self, pin: str) -> None:
        self.asked.append(pin)
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (None, HolderAnswer("verified")),
        (smartcard.WrongPin(2), HolderAnswer("not_verified", 2)),
        (smartcard.PinBlocked("blocked"), HolderAnswer("locked", 0)),
        (smartcard.PinAbsent("none"), HolderAnswer("unavailable")),
    ],
)
def test_the_card_is_asked_once_and_its_word_is_the_answer(error: Exception | None, answer: HolderAnswer) -> None:
    chip = Chip(error)
    context = HolderContext(channel_proven=True, pin="1234")
    assert asyncio.run(PinByCard(chip.verify).verify(context)) == answer
    assert chip.asked == ["1234"] and "1234" not in repr(context)


def test_a_pin_goes_to_no_chip_that_is_not_proven() -> None:
    chip = Chip()
    assert asyncio.run(PinByCard(chip.verify).verify(HolderContext(pin="1234"))) == HolderAnswer("unavailable")
    assert asyncio.run(PinByCard(chip.verify).verify(HolderContext(channel_proven=True))) == HolderAnswer("aborted")
    assert chip.asked == []


def test_what_the_card_breaks_on_is_no_answer() -> None:
    with pytest.raises(smartcard.CardRemovedError):
        asyncio.run(
            PinByCard(Chip(smartcard.CardRemovedError("gone")).verify).verify(
                HolderContext(channel_proven=True, pin="1234")
            )
        )


@pytest.mark.parametrize(("vouched", "result"), [(True, "verified"), (False, "not_verified")])
def test_a_clerk_says_yes_or_it_is_no(vouched: bool, result: str) -> None:
    assert asyncio.run(Clerk().verify(HolderContext(vouched=vouched))) == HolderAnswer(result)  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [["active"], [], ["passive", "faith"], ["passive", "active|"], ["passive"] * 5])
def test_a_policy_that_asks_for_nonsense_or_believes_nothing(words: list[str]) -> None:
    with pytest.raises(ValueError, match="needs"):
        CardPolicy.model_validate({"needs": words})
    for field, value in (("holder", []), ("holder", ["face"]), ("reads", ["DG3"])):
        with pytest.raises(ValueError, match=field):
            CardPolicy.model_validate({field: value})


def picture(form: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (120, 90, 60)).save(out, form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "JPEG2000"])
def test_a_portrait_is_shown_small_and_in_one_form(form: str) -> None:
    with Image.open(io.BytesIO(base64.b64decode(shown(picture(form, (900, 1200)))))) as seen:
        assert (seen.format, seen.size) == ("PNG", SHOWN)


def test_a_picture_of_another_kind_or_none_or_too_large_is_not_shown() -> None:
    jpeg = picture("JPEG", (300, 400))
    for image in (picture("PNG", (30, 40)), picture("TIFF", (30, 40)), jpeg[:200], b"", picture("JPEG", (4000, 3100))):
        with pytest.raises(MalformedData):
            shown(image)
