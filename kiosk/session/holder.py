"""Is it the card's holder? A port, its methods, and which of them a card and a policy leave.

    answer = await PinByCard(desk.verify_pin).verify(HolderContext(channel_proven=True, pin="1234"))
    answer.result, answer.tries_left

A PIN proves a holder only where the chip it goes to is proven: a copy says yes to any. A clerk's word is given at the
kiosk's own screen, behind the staff PIN. Any other method, such as a picture beside a picture, may help the clerk's
eye behind the same port; its answer opens nothing by itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from drivers import smartcard
from printing.documents import HolderMethod

Result = Literal["verified", "not_verified", "unavailable", "aborted", "locked"]


@dataclass(frozen=True, slots=True)
class HolderContext:
    """What a method may use. `portrait` is the chip's picture as it stands there (JPEG, JPEG 2000), if it was read."""

    channel_proven: bool = False
    pin: str | None = field(default=None, repr=False)
    vouched: bool = False
    portrait: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HolderAnswer:
    """`unavailable`: this method says nothing of this holder, another may. `locked`: no try is left, here or ever.

    `tries_left` is None where nothing counts them.
    """

    result: Result
    tries_left: int | None = None


class Holder(Protocol):
    """One method. Raises what the card or its own part raises; never for an answer that is no."""

    async def verify(self, ctx: HolderContext) -> HolderAnswer: ...


class PinByCard:
    """`verify_pin` is one try at the card, which counts it: raises WrongPin, PinBlocked, PinAbsent."""

    def __init__(self, verify_pin: Callable[[str], Awaitable[None]]) -> None:
        self._verify_pin = verify_pin

    async def verify(self, ctx: HolderContext) -> HolderAnswer:
        if not ctx.channel_proven:
            return HolderAnswer("unavailable")
        if ctx.pin is None:
            return HolderAnswer("aborted")
        try:
            await self._verify_pin(ctx.pin)
        except smartcard.WrongPin as wrong:
            return HolderAnswer("not_verified", wrong.tries_left)
        except smartcard.PinBlocked:
            return HolderAnswer("locked", 0)
        except smartcard.PinAbsent:
            return HolderAnswer("unavailable")
        return HolderAnswer("verified")


class Clerk:
    """The word of the staff, which the visit's table takes only behind the staff PIN."""

    async def verify(self, ctx: HolderContext) -> HolderAnswer:
        return HolderAnswer("verified" if ctx.vouched else "not_verified")


def usable(method: HolderMethod, *, channel_proven: bool, tries_left: int | None) -> bool:
    """Whether a card can be asked so. One that says nothing of tries has no PIN."""
    return method == "clerk" or (channel_proven and tries_left is not None)


def method_for(
    wanted: Iterable[tuple[HolderMethod, ...]], *, channel_proven: bool, tries_left: int | None
) -> HolderMethod | None:
    """The first that this card can be asked by, of what the documents take, in their order; None where none is left."""
    offered = [method for methods in wanted for method in methods]
    return next((m for m in offered if usable(m, channel_proven=channel_proven, tries_left=tries_left)), None)
