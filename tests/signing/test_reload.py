"""The signer takes a new configuration up between two requests, in the same process; and shows that it lives."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from signing import errors
from signing.demo import DemoToken
from tests.signing.municipality import Registry, Signer, read_chain, toml
from tests.supervisor import Supervisor

pytestmark = pytest.mark.slow

MakeSigner = Callable[..., Signer]
ALGER, ORAN = {"commune_fr": "Alger-Centre"}, {"commune_fr": "Oran"}


def test_a_release_is_taken_up_and_the_chain_goes_on(make_signer: MakeSigner, registry: Registry) -> None:
    signer = make_signer()
    signer.start()
    assert signer.process is not None
    pid, act = signer.process.pid, registry.act()
    signer.issue(act, registry.grant(act))
    signer.release(1, town=ORAN, signer={"seal_host": "oran.shubbak.example"})
    assert signer.says() == "taken up 1"
    assert signer.process.pid == pid
    assert "oran.shubbak.example" in signer.issue(act, registry.grant(act)).seal
    assert [entry.seq for entry in read_chain(signer).entries] == [0, 1]
    assert signer.end() == ""


def test_who_waits_to_see_it_go_asks_again_after_a_switch(make_signer: MakeSigner) -> None:
    """Else a session would go on believing, for as long as a silence may last, that all is well."""
    signer = make_signer()
    signer.start()

    async def switch() -> None:
        waiting = asyncio.create_task(signer.client.until_gone())
        await signer.client.status()  # answered after the connection that waits was taken
        signer.release(1, signer={"key": "elsewhere"})
        await asyncio.wait_for(waiting, 20)  # a silence is ended after 30 s
        with pytest.raises(errors.KeyAbsent):
            await signer.client.status()

    asyncio.run(switch())
    assert signer.says() == "failed E-SIGN-TOKEN-KEY"
    signer.end()


def test_who_comes_to_wait_after_a_switch_is_not_left_waiting(
    make_signer: MakeSigner, token: DemoToken, tmp_path: Path
) -> None:
    """Asked before the switch, waiting from after it: the switch itself was seen by nobody."""
    pin_file = tmp_path / "pin"
    shutil.copy(token.pin_file, pin_file)
    signer = make_signer(pin_file=pin_file)
    signer.start()

    async def late() -> None:
        await signer.client.status()
        pin_file.write_text("0000")  # a failure that it does not try to mend by itself
        signer.release(1, town=ORAN)
        assert await asyncio.to_thread(signer.says) == "failed E-SIGN-TOKEN-PIN"
        await asyncio.wait_for(signer.client.until_gone(), 20)  # a silence is ended after 30 s

    asyncio.run(late())
    signer.end()


def test_a_grant_used_before_the_switch_is_used_after_it(make_signer: MakeSigner, registry: Registry) -> None:
    signer = make_signer()
    signer.start()
    act = registry.act()
    grant = registry.grant(act)
    signer.issue(act, grant)
    signer.release(1, town=ORAN)
    assert signer.says() == "taken up 1"
    with pytest.raises(errors.GrantUsed):
        signer.issue(act, grant)
    signer.end()


def test_a_release_it_cannot_serve_with_refuses_each_request_until_the_next(
    make_signer: MakeSigner, registry: Registry
) -> None:
    signer = make_signer()
    signer.start()
    act = registry.act()
    signer.release(1, signer={"key": "elsewhere"})
    assert signer.says() == "failed E-SIGN-TOKEN-KEY"
    for ask in (signer.client.status, lambda: signer.client.issue(act, registry.grant(act))):
        with pytest.raises(errors.KeyAbsent):
            asyncio.run(ask())
    signer.release(2, signer={"key": "sign-ec"})
    assert signer.says() == "taken up 2"
    signer.issue(act, registry.grant(act))
    signer.end()


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({"signer": {"key": 7}}, "E-CONFIG-INVALID"),
        ({"documents": {"templates": "templates"}}, "E-CONFIG-INVALID"),
        ({"registry": {"signers": "trust/nobody.json"}}, "E-CONFIG-INVALID"),
    ],
)
def test_a_release_that_makes_no_sense_is_named_in_the_refusal(
    make_signer: MakeSigner, sections: dict[str, dict[str, object]], reason: str
) -> None:
    signer = make_signer()
    signer.start()
    signer.release(1, **sections)
    assert signer.says() == "failed E-SIGN-NOT-READY"
    with pytest.raises(errors.NotReady, match=reason):
        asyncio.run(signer.client.status())
    signer.end()


def test_what_fails_is_tried_again_without_a_new_release(make_signer: MakeSigner, tmp_path: Path) -> None:
    signer = make_signer(quick=True)
    signer.start()
    state = signer.settings.signer.state
    state.rename(tmp_path / "away")
    state.write_text("no folder")
    signer.release(1, town=ORAN)
    assert signer.says().startswith("failed E-SIGN-CHAIN")
    state.unlink()
    (tmp_path / "away").rename(state)
    assert signer.says() == "taken up 1"
    asyncio.run(signer.client.status())
    signer.end()


def test_requests_that_come_while_it_switches_are_all_answered(make_signer: MakeSigner, registry: Registry) -> None:
    signer = make_signer(quick=True)
    signer.start()
    act = registry.act()
    answered = 0

    async def stream(stop: asyncio.Event) -> int:
        count = 0
        while not stop.is_set():
            await signer.client.issue(act, registry.grant(act))
            count += 1
        return count

    async def switch() -> int:
        stop = asyncio.Event()
        asking = [asyncio.create_task(stream(stop)) for _ in range(2)]
        for number in range(1, 5):
            signer.release(number, town=ALGER if number % 2 else ORAN)
            assert await asyncio.to_thread(signer.says) == f"taken up {number}"
        stop.set()
        return sum(await asyncio.gather(*asking))

    answered = asyncio.run(switch())
    assert answered == len(read_chain(signer).entries) > 0
    signer.end()


def belongings(pid: int) -> tuple[int, int, int]:
    """Open files, threads and children of a process."""
    proc = Path(f"/proc/{pid}")
    children = (proc / "task" / str(pid) / "children").read_text().split()
    for task in (proc / "task").iterdir():
        children += (task / "children").read_text().split()
    return len(list((proc / "fd").iterdir())), len(list((proc / "task").iterdir())), len(set(children))


@pytest.mark.slow
def test_fifty_switches_good_and_bad_leave_nothing_behind(make_signer: MakeSigner) -> None:
    signer = make_signer(quick=True)
    signer.start()
    assert signer.process is not None
    counts = []
    for number in range(1, 53, 2):
        signer.release(number, signer={"key": "elsewhere"})
        assert signer.says() == "failed E-SIGN-TOKEN-KEY"
        signer.release(number + 1, town=ORAN)
        assert signer.says() == f"taken up {number + 1}"
        counts.append(belongings(signer.process.pid))
    assert counts[-1] == counts[1], counts
    assert len(list(signer.temporary.iterdir())) == 1
    signer.end()
    assert list(signer.temporary.iterdir()) == []


STUCK = """
import sys
from pathlib import Path
from config.current import Configuration
from kiosk import supervision
from signing.service import Watcher, run
from signing.token import Token

real = Token.public_key

def public_key(self):
    if Path(sys.argv[2]).exists():
        Path(sys.argv[2]).read_bytes()      # a fifo: a call into the token that does not come back
    return real(self)

Token.public_key = public_key
run(
    Configuration(Path(sys.argv[1])),
    Watcher(ready=supervision.ready, alive=supervision.alive, interval=supervision.watchdog_interval()),
)
"""


def test_a_token_that_never_answers_stops_its_show_of_life(make_signer: MakeSigner, tmp_path: Path) -> None:
    signer, fifo = make_signer(), tmp_path / "token-call"
    file = signer.folder / "kiosk.toml"
    file.write_text(toml(signer.settings))
    with (
        Supervisor(signer.folder) as supervisor,
        subprocess.Popen([sys.executable, "-c", STUCK, file, fifo], env=supervisor.environment) as process,
    ):
        try:
            supervisor.until("READY=1")
            supervisor.alive()
            os.mkfifo(fifo)
            with pytest.raises(errors.TimedOut):
                asyncio.run(type(signer.client)(signer.settings.signer.socket, deadline=0.1).status())
            supervisor.until_silent()
            fifo.open("wb").close()
            fifo.unlink()
            supervisor.alive()
        finally:
            process.terminate()
        assert process.wait(60) == 0
