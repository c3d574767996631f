"""The administrators' working folder: who may sign, what is published, and what is refused."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config import ConfigInvalid
from config.errors import AlreadySigned, BelowThreshold, KeyRefused, PublishError, WorkingFolderUnusable
from config.publish import WorkingFolder
from tests.config.releases import write_release

WORDS = {"amina": "correct horse", "karim": "battery staple", "salima": "a third of them"}


@pytest.fixture
def folder(tmp_path: Path) -> WorkingFolder:
    return WorkingFolder.create(tmp_path / "fleet work", WORDS)


def sign(folder: WorkingFolder, *names: str) -> None:
    for name in names:
        folder.sign(name, WORDS[name])


def publish(folder: WorkingFolder, to: Path) -> int:
    sign(folder, "amina", "karim")
    return folder.publish(to)


def test_two_of_three_publish_a_release(folder: WorkingFolder, tmp_path: Path) -> None:
    first = folder.sign("amina", WORDS["amina"])
    assert (first.release, first.signed_by, first.threshold, first.ready) == (1, ("amina",), 2, False)
    with pytest.raises(BelowThreshold):
        folder.publish(tmp_path / "mirror")
    assert not (tmp_path / "mirror" / "metadata" / "timestamp.json").exists()
    assert WorkingFolder(folder.path).sign("salima", WORDS["salima"]).ready
    assert folder.publish(tmp_path / "mirror") == 1
    assert folder.published == 1 and folder.signing() is None


def test_a_key_counts_once(folder: WorkingFolder, tmp_path: Path) -> None:
    sign(folder, "amina")
    with pytest.raises(AlreadySigned):
        sign(folder, "amina")
    with pytest.raises(BelowThreshold):
        folder.publish(tmp_path / "mirror")


def test_a_change_after_the_first_signature_starts_over(folder: WorkingFolder, tmp_path: Path) -> None:
    sign(folder, "amina")
    write_release(folder.release, '[town]\ncommune_fr = "Blida"\n')
    assert folder.signing() is None
    second = folder.sign("karim", WORDS["karim"])
    assert second.restarted and second.signed_by == ("karim",)
    with pytest.raises(BelowThreshold):
        folder.publish(tmp_path / "mirror")
    assert not folder.sign("amina", WORDS["amina"]).restarted
    folder.publish(tmp_path / "mirror")


def test_what_changed_after_the_last_signature_is_not_published(folder: WorkingFolder, tmp_path: Path) -> None:
    sign(folder, "amina", "karim")
    write_release(folder.release, '[town]\ncommune_fr = "Blida"\n')
    with pytest.raises(BelowThreshold, match="changed"):
        folder.publish(tmp_path / "mirror")


@pytest.mark.parametrize(("name", "word"), [("amina", "battery staple"), ("nobody", "correct horse"), ("amina", "")])
def test_a_wrong_name_or_passphrase_signs_nothing(folder: WorkingFolder, name: str, word: str) -> None:
    with pytest.raises(KeyRefused):
        folder.sign(name, word)
    assert folder.signing() is None


def test_anothers_key_file_is_not_the_administrators(folder: WorkingFolder) -> None:
    keys = folder.path / "keys"
    (keys / "amina.pem").write_bytes((keys / "karim.pem").read_bytes())
    with pytest.raises(KeyRefused):
        folder.sign("amina", WORDS["karim"])


@pytest.mark.parametrize("word", ["", "1234567"])
def test_a_short_passphrase_makes_no_key(tmp_path: Path, word: str) -> None:
    with pytest.raises(KeyRefused):
        WorkingFolder.create(tmp_path / "f", {**WORDS, "amina": word})


@pytest.mark.parametrize("names", [["amina"], ["online", "amina"], ["../amina", "karim"], ["Amina", "karim"]])
def test_who_cannot_be_the_administrators(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(PublishError):
        WorkingFolder.create(tmp_path / "f", dict.fromkeys(names, "correct horse"))
    assert not (tmp_path / "f").exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with pytest.raises(WorkingFolderUnusable):
        WorkingFolder.create(tmp_path, WORDS)
    with pytest.raises(WorkingFolderUnusable):
        WorkingFolder(tmp_path)


def test_keys_are_guarded(folder: WorkingFolder) -> None:
    for name in (*WORDS, "online"):
        file = folder.path / "keys" / f"{name}.pem"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (b"ENCRYPTED" in file.read_bytes()) == (name != "online")


def test_a_release_with_a_machines_key_is_not_signed(folder: WorkingFolder) -> None:
    write_release(folder.release, '[kiosk]\nid = "all-of-them"\n')
    with pytest.raises(ConfigInvalid):
        sign(folder, "amina")


def test_the_difference_is_told_in_words(folder: WorkingFolder, tmp_path: Path) -> None:
    write_release(folder.release, '[card]\ncsca = "trust/csca"\n', {"trust/csca/a.der": "1", "trust/csca/b.der": "1"})
    assert folder.difference() == [
        'card.csca: "trust/csca" becomes "trust/csca" of the release',
        "trust/csca/a.der: added",
        "trust/csca/b.der: added",
    ]
    publish(folder, tmp_path / "mirror")
    assert folder.difference() == []
    write_release(
        folder.release,
        '[card]\ncsca = "trust/csca"\n[hours]\nmonday = "08:00-16:30"\n',
        {"trust/csca/a.der": "2", "trust/csca/c.der": "secret words"},
    )
    (folder.release / "trust/csca/b.der").unlink()
    assert folder.difference() == [
        'hours.monday: "00:00-24:00" becomes "08:00-16:30"',
        "trust/csca/a.der: changed",
        "trust/csca/b.der: removed",
        "trust/csca/c.der: added",
    ]


def test_a_mirror_newer_than_the_working_folder_is_not_overwritten(folder: WorkingFolder, tmp_path: Path) -> None:
    publish(folder, tmp_path / "mirror")
    file = tmp_path / "mirror" / "metadata" / "timestamp.json"
    newer = json.loads(file.read_bytes())
    newer["signed"]["version"] = 99
    file.write_text(json.dumps(newer))
    with pytest.raises(WorkingFolderUnusable):
        folder.refresh(tmp_path / "mirror")


def test_the_mirror_keeps_what_readers_may_still_be_reading(folder: WorkingFolder, tmp_path: Path) -> None:
    mirror = tmp_path / "mirror"
    for number in range(1, 5):
        write_release(folder.release, f'[town]\ncommune_fr = "Town {number}"\n')
        assert publish(folder, mirror) == number
    names = sorted(f.name for f in (mirror / "metadata").iterdir())
    assert names == [
        "1.root.json",
        "3.snapshot.json",
        "3.targets.json",
        "4.snapshot.json",
        "4.targets.json",
        "timestamp.json",
    ]
    assert len(list((mirror / "targets").iterdir())) == 2


def test_publishing_again_only_copies(folder: WorkingFolder, tmp_path: Path) -> None:
    publish(folder, tmp_path / "one")
    assert folder.publish(tmp_path / "two") == 1
    files = {f.relative_to(tmp_path / "one"): f.read_bytes() for f in (tmp_path / "one").rglob("*") if f.is_file()}
    assert files and all((tmp_path / "two" / name).read_bytes() == data for name, data in files.items())


def test_nothing_is_refreshed_before_it_is_published(folder: WorkingFolder, tmp_path: Path) -> None:
    for act in (lambda: folder.refresh(tmp_path / "m"), lambda: folder.bundle(tmp_path / "m", 30)):
        with pytest.raises(BelowThreshold):
            act()
    with pytest.raises(PublishError):
        folder.bundle(tmp_path / "m", 91)


def test_a_refresh_renews_the_snapshot_before_it_ends(tmp_path: Path) -> None:
    now = [datetime(2026, 11, 1, tzinfo=UTC)]
    folder = WorkingFolder.create(tmp_path / "f", WORDS, now=lambda: now[0])
    publish(folder, tmp_path / "mirror")
    for _ in range(30):
        now[0] += timedelta(days=1)
        assert folder.refresh(tmp_path / "mirror") == now[0] + timedelta(days=2)
        metadata = tmp_path / "mirror" / "metadata"
        version = json.loads((metadata / "timestamp.json").read_bytes())["signed"]["meta"]["snapshot.json"]["version"]
        snapshot = json.loads((metadata / f"{version}.snapshot.json").read_bytes())["signed"]
        assert datetime.fromisoformat(snapshot["expires"]) > now[0] + timedelta(days=2)
