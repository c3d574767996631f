"""A process learns of another release by the link that the agent sets, and of nothing else."""

import asyncio
from pathlib import Path

import pytest

from config import ConfigInvalid, ConfigMissing
from config.current import Configuration


@pytest.fixture
def kiosk(tmp_path: Path) -> Path:
    for number, deadline in ((1, 11), (2, 22)):
        release = tmp_path / "fleet" / "releases" / str(number)
        release.mkdir(parents=True)
        (release / "kiosk.toml").write_text(f"[registry]\ndeadline = {deadline}\n")
    file = tmp_path / "kiosk.toml"
    file.write_text('profile = "demo"\n')
    return file


def switch(kiosk: Path, release: int | None) -> None:
    current = kiosk.parent / "fleet" / "current"
    if release is None:
        current.unlink()
        return
    new = current.with_name("new")
    new.symlink_to(f"releases/{release}")
    new.replace(current)


def unchanged(configuration: Configuration) -> bool:
    return not asyncio.run(configuration.changed(within=0.01))


def change(configuration: Configuration) -> bool:
    return asyncio.run(asyncio.wait_for(configuration.changed(), 60))


def test_each_switch_is_seen_once(kiosk: Path) -> None:
    configuration = Configuration(kiosk)
    loaded = configuration.load()
    assert (loaded.release, loaded.settings.registry.deadline) == (None, 8)
    assert unchanged(configuration)
    for release, deadline in ((1, 11), (2, 22), (1, 11), (None, 8)):
        switch(kiosk, release)
        assert change(configuration)
        loaded = configuration.load()
        assert (loaded.release, loaded.settings.registry.deadline) == (release, deadline)
        assert unchanged(configuration)


def test_a_switch_while_one_waits_ends_the_wait(kiosk: Path) -> None:
    configuration = Configuration(kiosk)
    configuration.load()

    async def wait() -> bool:
        waiting = asyncio.create_task(configuration.changed())
        await asyncio.sleep(0)
        assert not waiting.done()
        switch(kiosk, 1)
        return await asyncio.wait_for(waiting, 60)

    assert asyncio.run(wait())


def test_a_switch_while_one_reads_is_seen_afterwards(kiosk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = Configuration(kiosk)
    configuration.load()
    monkeypatch.setattr("config.current.load", lambda path: switch(kiosk, 2))
    configuration.load()
    assert change(configuration)


def test_a_release_that_cannot_be_read_is_not_tried_before_it_changes(kiosk: Path) -> None:
    configuration = Configuration(kiosk)
    configuration.load()
    (kiosk.parent / "fleet" / "releases" / "1" / "kiosk.toml").write_text("[registry]\ndeadline = 0\n")
    switch(kiosk, 1)
    assert change(configuration)
    with pytest.raises(ConfigInvalid):
        configuration.load()
    assert unchanged(configuration)
    switch(kiosk, 2)
    assert change(configuration)


def test_without_a_local_file_there_is_nothing_to_watch(tmp_path: Path) -> None:
    configuration = Configuration(tmp_path / "kiosk.toml")
    with pytest.raises(ConfigMissing):
        configuration.load()
    assert unchanged(configuration)
