"""The process kiosk-config: `config.agent` with this kiosk's session, printers and log wired to it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from config.agent import Agent
from config.load import load_with
from config.status import State
from kiosk import supervision
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.fleet.health import SessionHealth, SessionQuiet
from kiosk.fleet.meaning import KioskMeaning
from kiosk.fleet.teller import LogTeller


def agent_of(path: Path) -> Agent:
    """The agent of the kiosk whose local file is `path`. Raises ConfigError."""
    control = load_with(path, None).settings.session.control
    return Agent(
        path,
        meaning=KioskMeaning(),
        health=SessionHealth(control),
        quiet=SessionQuiet(control),
        teller=LogTeller(),
    )


async def follow(path: Path) -> None:
    """Look at every source at `fleet.poll`, and at once on SIGHUP, until SIGTERM or SIGINT.

    Raises ConfigError when it cannot begin: AgentRunning, StoreFailed.
    """
    agent = agent_of(path)
    loop = asyncio.get_running_loop()
    running = loop.create_task(agent.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    loop.add_signal_handler(signal.SIGHUP, agent.look_now)
    await asyncio.sleep(0)  # it begins: takes the lock, and makes good what a power cut left
    if not running.done():
        say(logged.PROCESS, part="configuration", state="started")
        supervision.ready()
    try:
        await running
    except asyncio.CancelledError:
        supervision.stopping()
    say(logged.PROCESS, part="configuration", state="stopped")


async def look_once(path: Path) -> State:
    """One look at every source, with all that follows from it; how it ended. Raises ConfigError."""
    agent = agent_of(path)
    with agent.store.only_agent():
        agent.wake()
        await agent.step()
    return agent.state
