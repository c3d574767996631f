"""From a published release to a kiosk that runs it, or has gone back, whatever happens in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.agent import BAD_LOOKS, LOOKS
from config.errors import AgentRunning, ConfigError
from config.load import load
from config.publish import WorkingFolder
from config.status import status
from tests.config.kiosk import FakeKiosk, PowerCut
from tests.config.releases import make_current, write_release
from tests.config.town import WORDS, Clock

RELEASES = 4


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of sticks, "1" to "4", each with that release; and the root."""
    folder = tmp_path_factory.mktemp("published")
    work = WorkingFolder.create(folder / "work", WORDS, now=Clock())
    for number in range(1, RELEASES + 1):
        shutil.rmtree(work.release)
        toml = f'[town]\ncommune_fr = "Town {number}"\n[card]\ncsca = "trust/csca"\n'
        write_release(work.release, toml, {"trust/csca/a.der": "same", "trust/csca/b.der": str(number)})
        for name in ("amina", "karim"):
            work.sign(name, WORDS[name])
        work.publish(folder / "mirror")
        work.bundle(folder / str(number), 90)
    return folder


class Stick:
    """The one stick in the kiosk; `put(n)` exchanges it for the one with that release."""

    def __init__(self, published: Path, mounted: Path) -> None:
        self._published = published
        self._link = mounted / "stick"
        mounted.mkdir(parents=True, exist_ok=True)

    def put(self, release: int) -> None:
        self.draw()
        shutil.copytree(self._published / str(release), self._link / "shubbak")

    def draw(self) -> None:
        if self._link.exists():
            shutil.rmtree(self._link)


def new_kiosk(folder: Path, published: Path) -> tuple[FakeKiosk, Stick]:
    stick = Stick(published, folder / "media")
    return FakeKiosk(folder, published / "work" / "root.json", folder / "media", Clock()), stick


@pytest.fixture
def kiosk_and_stick(tmp_path: Path, published: Path) -> tuple[FakeKiosk, Stick]:
    return new_kiosk(tmp_path, published)


@pytest.fixture
def kiosk(kiosk_and_stick: tuple[FakeKiosk, Stick]) -> FakeKiosk:
    return kiosk_and_stick[0]


@pytest.fixture
def stick(kiosk_and_stick: tuple[FakeKiosk, Stick]) -> Stick:
    return kiosk_and_stick[1]


def take(kiosk: FakeKiosk, stick: Stick, release: int) -> dict[str, object]:
    """One step of a new agent with that stick; what the status says then."""
    stick.put(release)
    asyncio.run(kiosk.agent().step())
    return status(kiosk.store.folder)


def running(kiosk: FakeKiosk) -> str:
    return load(kiosk.local).settings.town.commune_fr


def test_a_new_release_is_staged_switched_proven_and_kept(kiosk: FakeKiosk, stick: Stick) -> None:
    shown = take(kiosk, stick, 1)
    assert kiosk.told == [(p, 1, None) for p in ("staged", "switching", "probation", "good")]
    assert (shown["release"], shown["wanted"], shown["phase"], shown["code"]) == (1, 1, "good", None)
    assert (shown["clock"], shown["floor"]) == ("trusted", "2026-11-22T08:00:00Z")
    assert running(kiosk) == "Town 1"
    assert kiosk.waited == pytest.approx(60)


def test_the_difference_is_told_before_it_is_in_force(kiosk: FakeKiosk, stick: Stick) -> None:
    take(kiosk, stick, 1)
    assert kiosk.changes[1] == [
        'town.commune_fr: "Alger-Centre" becomes "Town 1"',
        f'card.csca: "{kiosk.local.parent}/trust/csca" becomes "trust/csca" of the release',
        "trust/csca/a.der: added",
        "trust/csca/b.der: added",
    ]
    take(kiosk, stick, 2)
    assert kiosk.changes[2] == ['town.commune_fr: "Town 1" becomes "Town 2"', "trust/csca/b.der: changed"]


def test_nothing_new_changes_nothing(kiosk: FakeKiosk, stick: Stick) -> None:
    take(kiosk, stick, 2)
    kiosk.told.clear()
    assert take(kiosk, stick, 2)["phase"] == "good"
    assert kiosk.told == [] and kiosk.moves == [2]


def test_only_what_may_still_be_needed_is_kept(kiosk: FakeKiosk, stick: Stick) -> None:
    for release in (1, 2, 3):
        take(kiosk, stick, release)
    take(kiosk, stick, 3)
    assert [folder.name for folder in kiosk.store.releases.iterdir()] == ["3"]


def test_a_citizen_is_not_disturbed(kiosk: FakeKiosk, stick: Stick) -> None:
    kiosk.served = [True] * 200
    assert take(kiosk, stick, 1)["phase"] == "good"
    assert kiosk.waited == pytest.approx(260)


@pytest.mark.parametrize("before", [None, 1])
def test_a_part_that_gets_worse_brings_the_last_good_one_back(
    kiosk: FakeKiosk, stick: Stick, before: int | None
) -> None:
    if before:
        take(kiosk, stick, before)
    kiosk.faults_of[2] = {"signer": "E-SIGN-TOKEN-ABSENT"}
    shown = take(kiosk, stick, 2)
    assert (shown["phase"], shown["code"], shown["release"]) == ("reverted", "E-SIGN-TOKEN-ABSENT", before)
    assert shown["reasons"] == ["signer: E-SIGN-TOKEN-ABSENT"]
    assert running(kiosk) == ("Town 1" if before else "Alger-Centre")
    kiosk.faults_of.clear()
    assert take(kiosk, stick, 2)["release"] == before, "the same number is not tried again"
    assert take(kiosk, stick, 3)["phase"] == "good"


def test_a_part_that_was_unwell_before_does_not_count(kiosk: FakeKiosk, stick: Stick) -> None:
    kiosk.faults_of = {None: {"printer": "E-PRINTER-PAPER-OUT"}, 1: {"printer": "E-PRINTER-JAM"}}
    assert take(kiosk, stick, 1)["phase"] == "good"


def faulty_while(kiosk: FakeKiosk, looks: list[bool]) -> None:
    """Look by look, whether release 1 has a fault."""
    rest = iter(looks)
    fault = {"reader": "E-READER-ABSENT"}
    kiosk.during_wait = lambda seconds: kiosk.faults_of.update({1: fault if next(rest) else {}})


def test_a_short_fault_in_probation_is_forgiven(kiosk: FakeKiosk, stick: Stick) -> None:
    faulty_while(kiosk, [True] * (BAD_LOOKS - 1) + [False] + [True] * (BAD_LOOKS - 1) + [False] * LOOKS)
    assert take(kiosk, stick, 1)["phase"] == "good"


def test_a_fault_that_stays_is_not_forgiven_when_it_ends(kiosk: FakeKiosk, stick: Stick) -> None:
    faulty_while(kiosk, [True] * BAD_LOOKS + [False] * 100)
    assert take(kiosk, stick, 1)["code"] == "E-READER-ABSENT"


def test_a_fault_at_the_end_of_probation_is_not(kiosk: FakeKiosk, stick: Stick) -> None:
    faulty_while(kiosk, [False] * (LOOKS - 1) + [True] * 100)
    assert take(kiosk, stick, 1)["code"] == "E-READER-ABSENT"
    assert kiosk.store.current() is None


def test_a_session_that_never_comes_up_with_it(kiosk: FakeKiosk, stick: Stick) -> None:
    kiosk.deaf_to = {1}
    shown = take(kiosk, stick, 1)
    assert (shown["phase"], shown["code"], shown["release"]) == ("reverted", "E-CONFIG-NOT-TAKEN", None)


def test_a_release_unfit_for_this_machine_is_refused(kiosk: FakeKiosk, stick: Stick) -> None:
    kiosk.unfit[1] = ["E-PRINTER-NONE: no such printer", "E-PAGE-FONT: no such font"]
    shown = take(kiosk, stick, 1)
    assert (shown["phase"], shown["code"], shown["release"]) == ("refused", "E-PRINTER-NONE", None)
    assert shown["reasons"] == kiosk.unfit[1]
    assert kiosk.moves == []
    kiosk.unfit.clear()
    assert take(kiosk, stick, 1)["phase"] == "refused"
    assert take(kiosk, stick, 2)["phase"] == "good"


def test_what_only_does_not_answer_is_tried_again_until_it_does(kiosk: FakeKiosk, stick: Stick) -> None:
    kiosk.silent[1] = ["E-PRINTER-UNREACHABLE: laser.uri: no connection"]
    for _ in range(3):
        shown = take(kiosk, stick, 1)
        assert (shown["phase"], shown["code"], shown["release"]) == ("refused", "E-PRINTER-UNREACHABLE", None)
        assert shown["reasons"] == kiosk.silent[1]
    assert kiosk.told == [("refused", 1, "E-PRINTER-UNREACHABLE")] and kiosk.moves == []
    kiosk.silent.clear()
    assert take(kiosk, stick, 1)["phase"] == "good" and running(kiosk) == "Town 1"


def test_a_release_the_local_file_cannot_carry_is_refused(kiosk: FakeKiosk, stick: Stick) -> None:
    text = kiosk.local.read_text()
    agent = kiosk.agent()
    kiosk.local.write_text(text + "[session]\nidle = 1\n")
    stick.put(1)
    asyncio.run(agent.step())
    assert status(kiosk.store.folder)["code"] == "E-CONFIG-INVALID"


def test_a_source_that_is_refused_leaves_all_as_it_is(kiosk: FakeKiosk, stick: Stick, published: Path) -> None:
    take(kiosk, stick, 2)
    shown = take(kiosk, stick, 1)
    assert (shown["release"], shown["phase"], shown["code"]) == (2, "good", "E-CONFIG-ROLLBACK")
    assert take(kiosk, stick, 2)["code"] is None


def test_a_clock_that_cannot_be_right_is_told_and_a_stick_still_works(kiosk: FakeKiosk, stick: Stick) -> None:
    take(kiosk, stick, 1)
    kiosk.clock.forward(days=-4000)
    shown = take(kiosk, stick, 1)
    assert (shown["clock"], shown["code"], shown["release"]) == ("not-trusted", "E-CONFIG-CLOCK", 1)
    assert take(kiosk, stick, 2)["phase"] == "good"
    kiosk.clock.forward(days=4000)
    assert take(kiosk, stick, 2)["clock"] == "trusted"


def test_a_damaged_state_is_set_aside_and_what_runs_stays(kiosk: FakeKiosk, stick: Stick) -> None:
    take(kiosk, stick, 1)
    for damage in (b"", b"{}", b'{"phase": "nonsense", "since": "2026-01-01T00:00:00Z"}', b"\xff"):
        kiosk.store.state.write_bytes(damage)
        kiosk.told.clear()
        with pytest.raises(ConfigError):
            status(kiosk.store.folder)
        shown = take(kiosk, stick, 1)
        assert kiosk.told == [("good", 1, "E-CONFIG-STATE")]
        assert (shown["release"], shown["phase"]) == (1, "good")
        assert (kiosk.store.folder / "state.damaged").read_bytes() == damage


def test_a_running_release_that_broke_on_the_disk_is_left(kiosk: FakeKiosk, stick: Stick) -> None:
    take(kiosk, stick, 1)
    shutil.rmtree(kiosk.store.path(1))
    stick.draw()
    asyncio.run(kiosk.agent().step())
    assert kiosk.store.current() is None and running(kiosk) == "Alger-Centre"
    assert take(kiosk, stick, 2)["phase"] == "good"


def test_the_status_of_a_kiosk_without_a_fleet(tmp_path: Path) -> None:
    assert status(tmp_path / "none") == {
        "release": None,
        "wanted": None,
        "phase": "idle",
        "code": None,
        "since": None,
        "last_seen": None,
        "clock": "trusted",
        "floor": None,
        "reasons": [],
    }


def test_a_release_that_came_with_the_image_is_taken_for_good(kiosk: FakeKiosk, stick: Stick) -> None:
    write_release(kiosk.store.path(1), '[town]\ncommune_fr = "Shipped"\n')
    make_current(kiosk.store.folder, 1)
    kiosk.faults_of[2] = {"signer": "E-SIGN-TOKEN-ABSENT"}
    assert take(kiosk, stick, 2)["release"] == 1
    assert running(kiosk) == "Shipped"


def test_what_a_power_cut_left_half_made_is_swept_away(kiosk: FakeKiosk, stick: Stick) -> None:
    take(kiosk, stick, 1)
    before = {path for path in kiosk.store.folder.rglob("*")}
    for name in ("staging/trust/a.der", "removed-x1/release/kiosk.toml", "tuf/tmpabc"):
        (kiosk.store.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (kiosk.store.folder / name).touch()
    kiosk.agent()
    assert {path for path in kiosk.store.folder.rglob("*")} == before


def test_only_one_agent(kiosk: FakeKiosk) -> None:
    async def second() -> None:
        with kiosk.store.only_agent():
            await kiosk.agent().run()

    with pytest.raises(AgentRunning):
        asyncio.run(second())


def test_a_running_agent_takes_a_stick_when_it_comes_and_ends_when_told(kiosk: FakeKiosk, stick: Stick) -> None:
    async def scene() -> None:
        done = asyncio.Event()

        async def wait(seconds: float) -> None:
            if kiosk.store.current() is None:
                stick.put(1)  # long before the next poll
            if kiosk.told and kiosk.told[-1][0] == "good":
                done.set()
            await asyncio.sleep(0)

        kiosk.wait = wait  # type: ignore[method-assign]
        agent = kiosk.agent()
        task = asyncio.create_task(agent.run())
        await done.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with agent.store.only_agent():
            pass

    asyncio.run(asyncio.wait_for(scene(), 60))
    assert running(kiosk) == "Town 1"


def test_a_running_agent_looks_when_asked(kiosk: FakeKiosk, stick: Stick) -> None:
    async def scene() -> None:
        stick.put(1)
        agent = kiosk.agent()
        told: list[str] = []
        done = asyncio.Event()

        async def step() -> None:
            told.append("look")
            if told.count("look") == 3:
                done.set()

        async def wait(seconds: float) -> None:
            told.append("wait")
            agent.look_now()
            await asyncio.sleep(0)

        agent.step, agent._wait = step, wait  # type: ignore[method-assign]
        task = asyncio.create_task(agent.run())
        await done.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert told[:5] == ["look", "wait", "look", "wait", "look"], "a poll would have been 150 waits"

    asyncio.run(asyncio.wait_for(scene(), 60))


def test_a_full_disk_is_told_and_got_over(kiosk: FakeKiosk, stick: Stick, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    take(kiosk, stick, 1)
    stick.put(2)
    agent = kiosk.agent()
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(ConfigError) as caught:
            asyncio.run(agent.step())
    assert caught.value.code == "E-CONFIG-STORE" and running(kiosk) == "Town 1"
    asyncio.run(agent.step())
    assert running(kiosk) == "Town 2"


# Power cuts.

_DISK = ("replace", "rename", "symlink", "unlink", "remove", "rmdir", "mkdir", "link", "fsync", "chmod", "open")


def test_power_lost_between_the_verdict_and_the_way_back(
    kiosk: FakeKiosk, stick: Stick, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(kiosk, stick, 1)
    stick.put(2)
    kiosk.faults_of[2] = {"signer": "E-SIGN-TOKEN-ABSENT"}
    agent = kiosk.agent()
    real = agent.store.point

    def point(release: int | None) -> None:
        if release == 1:
            raise PowerCut
        real(release)

    monkeypatch.setattr(agent.store, "point", point)
    with pytest.raises(PowerCut):
        asyncio.run(agent.step())
    assert (kiosk.store.current(), status(kiosk.store.folder)["phase"]) == (2, "reverted")
    stick.draw()
    kiosk.served = [True, True]  # the session outlived its agent, and serves
    asyncio.run(kiosk.agent().step())
    assert kiosk.store.current() == 1


_SYNC = os.fsync


class Disk:
    """Counts what is done to the disk, and cuts the power before the step `at`."""

    def __init__(self, patch: pytest.MonkeyPatch, at: int) -> None:
        self.steps = 0
        self._at = at
        for name in _DISK:
            patch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, real: Callable) -> Callable:
        def call(*args: object, **named: object) -> object:
            if self.steps >= self._at:
                raise PowerCut
            self.steps += 1
            return None if real is _SYNC else real(*args, **named)  # a process that ends loses nothing unsynced

        return call


def whole(kiosk: FakeKiosk) -> None:
    """`current` names a release that is all there."""
    number = kiosk.store.current()
    if number is not None:
        files = {f.relative_to(kiosk.store.path(number)).as_posix() for f in kiosk.store.path(number).rglob("*.*")}
        assert files == {"kiosk.toml", "trust/csca/a.der", "trust/csca/b.der"}
        assert (kiosk.store.path(number) / "trust/csca/b.der").read_text() == str(number)
        load(kiosk.local)


@pytest.mark.slow
@pytest.mark.parametrize("worse", [False, True], ids=["kept", "reverted"])
def test_power_cut_at_every_step(tmp_path: Path, published: Path, worse: bool) -> None:
    kiosk, stick = new_kiosk(tmp_path / "first", published)
    take(kiosk, stick, 1)
    stick.put(2)
    for at in range(10_000):
        folder = tmp_path / str(at)
        shutil.copytree(tmp_path / "first", folder, symlinks=True)
        kiosk, stick = new_kiosk(folder, published)
        if worse:
            kiosk.faults_of[2] = {"signer": "E-SIGN-TOKEN-ABSENT"}
        with pytest.MonkeyPatch.context() as patch:
            disk = Disk(patch, at)
            try:
                asyncio.run(kiosk.agent().step())
                cut = False
            except PowerCut:
                cut = True
        whole(kiosk)
        asyncio.run(kiosk.agent().step())
        whole(kiosk)
        shown = status(kiosk.store.folder)
        expected = (1, "reverted", "E-SIGN-TOKEN-ABSENT") if worse else (2, "good", None)
        assert (shown["release"], shown["phase"], shown["code"]) == expected, f"cut at step {at} of the disk"
        shutil.rmtree(folder)
        if not cut:
            break
    assert disk.steps > 60


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[int, int | None, dict[str, str], list[bool], bool]]:
    """Sticks in any order, with faults, deaf sessions, citizens and power cuts."""
    faults = st.dictionaries(st.sampled_from(["signer", "printer", "screen"]), st.just("E-PART-BROKEN"), max_size=2)
    cut = st.none() | st.integers(0, 150)
    event = st.tuples(st.integers(1, RELEASES), cut, faults, st.lists(st.booleans(), max_size=3), st.booleans())
    return draw(st.lists(event, min_size=1, max_size=6))


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(life=lives())
def test_whatever_happens_what_runs_is_whole_and_never_known_to_be_bad(
    life: list[tuple[int, int | None, dict[str, str], list[bool], bool]],
    published: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    kiosk, stick = new_kiosk(tmp_path_factory.mktemp("life"), published)
    for release, cut_at, faults, served, deaf in life:
        stick.put(release)
        kiosk.faults_of[release] = faults
        kiosk.served = served
        kiosk.deaf_to = {release} if deaf else set()
        with pytest.MonkeyPatch.context() as patch:
            if cut_at is not None:
                Disk(patch, cut_at)
            with contextlib.suppress(PowerCut):
                asyncio.run(kiosk.agent().step())
        whole(kiosk)
        stick.draw()
        kiosk.served = served
        asyncio.run(kiosk.agent().step())  # power is back
        whole(kiosk)
        state = json.loads(kiosk.store.state.read_bytes()) if kiosk.store.state.exists() else {"bad": 0, "good": None}
        current = kiosk.store.current()
        assert current == state["good"]
        assert current is None or current > state["bad"] or (current < state["bad"] and current == state["good"])
        assert state["bad"] == 0 or current != state["bad"]
