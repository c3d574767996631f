"""Keeps `Availability` current between visits: each part is asked whether it is ready, and asked again.

    readiness = Readiness(availability, questions(parts, desk))
    await readiness.start()          # each part has answered once
    readiness.pause()                # a citizen is served: nothing is asked
    readiness.resume()               # the visit is over: all are asked at once
    readiness.look("laser")          # something happened to it
    await readiness.stop()

A part that is well is asked when something happens to it (a hint, a visit's end, the runner's slow tick), one
that is not also every few seconds, until it is back. A visit that has begun is left alone: what it needs it
asks for itself.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from drivers import hotplug
from kiosk.catalogue import events as logged
from kiosk.catalogue.codes import UNKNOWN, code_of
from kiosk.catalogue.log import say, say_unexpected
from kiosk.session.availability import Availability, Source
from kiosk.session.questions import Question, check_printer, questions

__all__ = ["DeviceHints", "Question", "Readiness", "check_printer", "questions"]

PRINTERS: tuple[Source, ...] = ("laser", "thermal")
_MAY_BE_A_PRINTER: frozenset[hotplug.Kind] = frozenset({"printer", "serial", "other"})
"""A ticket printer hangs on an adapter, or speaks its vendor's own words."""
_SETTLE_S = 0.1


class Readiness:
    """One task a part, from `start` to `stop`; all of it in one event loop."""

    def __init__(self, availability: Availability, questions: Mapping[Source, Question]) -> None:
        self._availability = availability
        self._questions = questions
        self._hints = {source: asyncio.Event() for source in questions}
        self._untidy = set(questions)
        self._nobody_served = asyncio.Event()
        self._nobody_served.set()
        self._just_asked = True
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Returns when each part has answered, or has been given up, for the first time."""
        for source in PRINTERS:
            if source not in self._questions:  # one that an earlier configuration had
                self._availability.set(source, None)
        await asyncio.gather(*(self._ask(source) for source in self._questions))
        self._tasks = [asyncio.create_task(self._keep(source)) for source in self._questions]

    async def stop(self) -> None:
        """What was found last stays in `availability`."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def look(self, *sources: Source) -> None:
        """Ask these, or all of them, at once; after the visit if a citizen is being served."""
        for source in sources or self._questions:
            if source in self._hints:
                self._hints[source].set()

    def pause(self) -> None:
        """Somebody is served."""
        self._nobody_served.clear()
        self._untidy.update(self._questions)

    def resume(self) -> None:
        """Nobody is served, or still nobody. The first time, `start` has just asked."""
        self._nobody_served.set()
        if self._just_asked:
            self._just_asked = False
        else:
            self.look()

    async def _keep(self, source: Source) -> None:
        while True:
            await self._until_due(source)
            await self._nobody_served.wait()
            self._hints[source].clear()
            await self._ask(source)

    async def _until_due(self, source: Source) -> None:
        question, hint = self._questions[source], self._hints[source]
        if source in self._availability.codes:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(question.again):
                    await hint.wait()
            return
        hinted, gone = asyncio.ensure_future(hint.wait()), asyncio.ensure_future(question.attend())
        try:
            await asyncio.wait((hinted, gone), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hinted.cancel()
            gone.cancel()
            await asyncio.gather(hinted, gone, return_exceptions=True)
        if not hint.is_set():
            await asyncio.sleep(_SETTLE_S)  # a part that is well and yet goes away at once would be asked without end

    async def _ask(self, source: Source) -> None:
        question = self._questions[source]
        try:
            told = await question.ask()
            if source in self._untidy:
                await question.tidy()
        except Exception as error:  # noqa: BLE001 - whatever a room raises is why the kiosk is closed
            self._untidy.add(source)
            code = code_of(error)
            if code == UNKNOWN != self._availability.codes.get(source):
                say_unexpected(error)
            self._availability.set(source, code)
        else:
            if self._nobody_served.is_set():
                self._untidy.discard(source)
            self._availability.set(source, None, told)


class DeviceHints:
    """Asks the reader or the printers as soon as one is plugged in or pulled out, and says so in the log.

    `came` is called for whatever else is plugged in.
    """

    def __init__(self, readiness: Readiness, came: Callable[[], None] = lambda: None) -> None:
        self._readiness = readiness
        self._came = came
        self._loop = asyncio.get_running_loop()
        self._watch = hotplug.DeviceWatch(self._from_watch)

    def start(self) -> None:
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()

    def _from_watch(self, event: hotplug.WatchEvent) -> None:
        self._loop.call_soon_threadsafe(self._happened, event)

    def _happened(self, event: hotplug.WatchEvent) -> None:
        match event:
            case hotplug.DeviceArrived(kind=kind):
                say(logged.DEVICE, part=kind, state="arrived")
                self._came()
            case hotplug.DeviceLeft(kind=kind):
                say(logged.DEVICE, part=kind, state="left")
            case hotplug.DeviceBlocked(kind=kind):
                say(logged.DEVICE_BLOCKED, part=kind)
            case hotplug.WatchLost(code=code):
                say(logged.DEVICE_WATCH_LOST, code=code)
                return
            case hotplug.WatchBack():
                return
        if kind == "reader":
            self._readiness.look("reader")
        elif kind in _MAY_BE_A_PRINTER:
            self._readiness.look(*PRINTERS)
