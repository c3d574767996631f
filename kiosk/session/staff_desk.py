"""The technician's hands: looks at the PIN, runs the checks, moves the out-of-service switch.

desk = StaffDesk(settings, runner.post, runner.availability, checks)
runner.also(desk)

Who came, was refused or left, and what was switched, goes to the log; what was typed goes nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from config.schema import Settings
from kiosk.catalogue import events as logged
from kiosk.catalogue.codes import code_of
from kiosk.catalogue.log import say, say_error, say_unexpected
from kiosk.session import events as e
from kiosk.session import staff_events as staff
from kiosk.session.availability import Availability
from kiosk.session.control import Health
from kiosk.staff.errors import StaffError, StaffLocked
from kiosk.staff.lock import StaffLock
from kiosk.staff.pin import load_pin
from kiosk.staff.switch import ServiceSwitch

if TYPE_CHECKING:
    from kiosk.diagnostics import Check

MAX_LINE = 400
"""No more of a detail or remedy is shown."""

Checks = Callable[[], "AsyncIterator[Check]"]
"""Begins `kiosk.diagnostics.run`."""


class OwnSession:
    """What the checks ask of the session that runs them: nobody is served meanwhile, so there is nothing to hold."""

    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    async def health(self) -> Health:
        return self._health().model_copy(update={"between_visits": True})

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        yield


class StaffDesk:
    """One kiosk's desk for technicians: there also while the parts of a visit cannot be opened.

    `post` takes the events. Of the settings it uses only what is the machine's own.
    """

    def __init__(
        self, settings: Settings, post: Callable[[e.Event], None], availability: Availability, checks: Checks
    ) -> None:
        self._settings = settings
        self._post = post
        self._availability = availability
        self._checks = checks
        self._lock = StaffLock(settings.kiosk.state)
        self._switch = ServiceSwitch(settings.kiosk.state)
        self._work: set[asyncio.Task[None]] = set()
        self._looking = False
        self._admitted = False

    def begin(self) -> None:
        """Close the kiosk again if staff had put it out of service before a restart."""
        try:
            self._availability.set("staff", self._switch.code)
        except StaffError as error:
            self._availability.set("staff", say_error(logged.STAFF_UNUSABLE, error))

    def carry_out(self, command: e.Command) -> None:
        """Begin what the command asks; its events follow. Commands of a visit are not for this desk."""
        match command:
            case staff.AskStaff():
                self._start(self._ask())
            case staff.CheckPin(digits=digits) if not self._looking:
                self._looking = True
                self._start(self._check_pin(digits))
            case staff.RunChecks():
                self._start(self._run_checks())
            case staff.SetService(out=out):
                self._start(self._set_service(out))
            case e.Wipe():
                self._leave()

    def stop(self) -> None:
        """Drop what is being done."""
        for task in self._work:
            task.cancel()
        self._looking = False

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)

    def _leave(self) -> None:
        self.stop()
        if self._admitted:
            self._admitted = False
            say(logged.STAFF, state="left", wrong=0)

    # --- the PIN --------------------------------------------------------------------------------------

    async def _ask(self) -> None:
        try:
            await asyncio.to_thread(load_pin, self._settings.staff.pin_file)
            tries = await asyncio.to_thread(self._lock.tries)
            self._post(staff.StaffAsked(tries.left, tries.wait_s))
        except StaffError as error:
            self._post(staff.StaffAsked(code=say_error(logged.STAFF_UNUSABLE, error)))

    async def _check_pin(self, digits: str) -> None:
        try:
            self._post(await self._looked_at(digits))
        except StaffError as error:
            self._post(staff.StaffAsked(code=say_error(logged.STAFF_UNUSABLE, error)))
        finally:
            self._looking = False

    async def _looked_at(self, digits: str) -> e.Event:
        stored = await asyncio.to_thread(load_pin, self._settings.staff.pin_file)
        try:
            right = await asyncio.to_thread(self._lock.attempt, lambda: stored.matches(digits))
        except StaffLocked:
            return await self._refused(wrong=False)
        if not right:
            return await self._refused(wrong=True)
        admitted = staff.StaffAdmitted(self._switch.out)
        self._admitted = True
        say(logged.STAFF, state="entered", wrong=0)
        return admitted

    async def _refused(self, *, wrong: bool) -> staff.StaffAsked:
        tries = await asyncio.to_thread(self._lock.tries)
        say(logged.STAFF, state="locked" if tries.wait_s else "refused", wrong=tries.wrong)
        return staff.StaffAsked(tries.left, tries.wait_s, wrong)

    # --- behind it ------------------------------------------------------------------------------------

    async def _run_checks(self) -> None:
        try:
            async for check in self._checks():
                remedy = check.remedy and check.remedy[:MAX_LINE]
                self._post(staff.Checked(check.name, check.status, check.code, check.detail[:MAX_LINE], remedy))
        except Exception as error:  # noqa: BLE001 - whatever the checks raise is a finding too
            say_unexpected(error)
            self._post(staff.Checked("diagnostics", "failed", code_of(error), type(error).__name__, None))
        self._post(staff.ChecksDone())

    async def _set_service(self, out: bool) -> None:
        try:
            await asyncio.to_thread(self._switch.put, out=out)
        except StaffError as error:
            self._post(staff.ServicePut(out=not out, code=say_error(logged.STAFF_UNUSABLE, error)))
            return
        self._availability.set("staff", self._switch.code)
        say(logged.STAFF, state="out-of-service" if out else "in-service", wrong=0)
        self._post(staff.ServicePut(out))
