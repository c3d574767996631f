"""Face assistance behind the holder's port: a word for the clerk's eye, never an answer that opens anything.

likeness = Likeness(take_picture, least=…, deadline=5.0)     # raises FaceAbsent without the extra
(await likeness.verify(HolderContext(portrait=picture))).result
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from kiosk.holder_face import FaceAbsent, FaceError, compare, installed
from kiosk.session.holder import HolderAnswer, HolderContext


class Likeness:
    """`take_picture` gives what the camera sees (JPEG or PNG, a whole file), None where it sees nothing. `least` is
    the score from which two faces are called alike; it has to come from trials where the kiosk stands. `deadline` is
    in seconds, of one comparison.

    Raises FaceAbsent when made without the extra `face`.
    """

    def __init__(self, take_picture: Callable[[], Awaitable[bytes | None]], *, least: float, deadline: float) -> None:
        if not installed():
            raise FaceAbsent("the extra `face` is not installed")
        self._take_picture = take_picture
        self._least = least
        self._deadline = deadline

    async def verify(self, ctx: HolderContext) -> HolderAnswer:
        """`verified` for alike, `not_verified` for not alike; `unavailable` where there was nothing to compare, or it
        could not be done in time."""
        if ctx.portrait is None:
            return HolderAnswer("unavailable")
        picture = await self._take_picture()
        if picture is None:
            return HolderAnswer("unavailable")
        try:
            score = await asyncio.to_thread(compare, ctx.portrait, picture, self._deadline)
        except FaceError:
            return HolderAnswer("unavailable")
        return HolderAnswer("verified" if score >= self._least else "not_verified")
