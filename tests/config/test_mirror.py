"""What a kiosk believes of a mirror or a stick, and what no attacker makes it believe; over real HTTP."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from config.errors import (
    AgentRunning,
    BelowThreshold,
    ConfigError,
    KeyRefused,
    MetadataDamaged,
    MetadataExpired,
    MetadataRolledBack,
    MetadataUnsigned,
    MirrorUnreachable,
    PublishError,
    ReleaseRefused,
    RootUnusable,
    SourceRefused,
)
from config.fetch import FolderFetcher
from config.publish import WorkingFolder
from tests.config.town import WORDS, Clock, Machine, Server, Town

CSCA = {"trust/csca/a.der": "one", "trust/csca/b.der": "two"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "www"
    folder.mkdir()
    with Server(folder).running() as server:
        yield server


@pytest.fixture
def town(tmp_path: Path, server: Server, clock: Clock) -> Town:
    town = Town(tmp_path / "town", server, clock)
    town.release('[town]\ncommune_fr = "Blida"\n', CSCA)
    return town


@pytest.fixture
def machine(tmp_path: Path, town: Town) -> Machine:
    return Machine(tmp_path / "a kiosk", town)


def content(folder: Path) -> dict[str, str]:
    return {f.relative_to(folder).as_posix(): f.read_text() for f in folder.rglob("*") if f.is_file()}


def test_a_release_arrives_complete(machine: Machine) -> None:
    assert machine.pull() == 1
    assert content(machine.store.path(1)) == content(machine.town.work.release)
    assert stat.S_IMODE(machine.store.tuf.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in machine.store.releases.rglob("*")}
    assert modes == {0o644, 0o755}


def test_nothing_new_takes_two_requests(machine: Machine, server: Server) -> None:
    machine.pull()
    server.asked.clear()
    assert machine.mirror().pull(server.url, above=1).folder is None
    assert server.asked == ["/fleet/metadata/2.root.json", "/fleet/metadata/timestamp.json"]


def test_only_changed_files_are_fetched(machine: Machine, town: Town, server: Server) -> None:
    machine.pull()
    town.release('[town]\ncommune_fr = "Oran"\n', CSCA | {"trust/csca/b.der": "new"})
    (machine.store.path(1) / "trust/csca/a.der").write_text("one")  # still what was signed
    server.asked.clear()
    assert machine.pull() == 2
    fetched = sorted(path.rpartition(".")[0].rpartition(".")[2] for path in server.asked if "/targets/" in path)
    assert fetched == ["b", "kiosk"]
    assert content(machine.store.path(2)) == content(town.work.release)


def test_a_file_altered_on_the_kiosks_disk_is_not_reused(machine: Machine, town: Town) -> None:
    machine.pull()
    (machine.store.path(1) / "trust/csca/a.der").write_text("evil")
    town.release('[town]\ncommune_fr = "Oran"\n', CSCA)
    machine.pull()
    assert content(machine.store.path(2)) == content(town.work.release)


# Attacks. Each is tried on a kiosk that knows release 2; afterwards the good files return and it takes release 3.


def old_timestamp(town: Town) -> None:
    copy = town.folder / "old"
    (town.mirror / "metadata/timestamp.json").write_bytes((copy / "metadata/timestamp.json").read_bytes())


def frozen(town: Town) -> None:
    """The mirror keeps standing at what it had, while the administrators go on."""
    town.clock.forward(days=2, seconds=1)


def targets_rolled_back(town: Town) -> None:
    """With the stolen online key: a new snapshot and timestamp over the old targets."""
    copy = town.folder / "old"
    shutil.copy(copy / "metadata/1.targets.json", town.mirror / "metadata")
    online = town.key("online")
    later = town.clock() + timedelta(days=1)
    town.forge("9.snapshot", Snapshot(9, expires=later, meta={"targets.json": MetaFile(1)}), online)
    town.forge("timestamp", Timestamp(9, expires=later, snapshot_meta=MetaFile(9)), online)


def new_targets(town: Town, *keys: CryptoSigner, version: int = 3) -> None:
    """New targets by those keys, under an online key that was stolen."""
    old: Metadata[Targets] = town.read("2.targets")
    old.signed.version = version
    town.forge(f"{version}.targets", old.signed, *keys)
    online = town.key("online")
    later = town.clock() + timedelta(days=1)
    town.forge("9.snapshot", Snapshot(9, expires=later, meta={"targets.json": MetaFile(version)}), online)
    town.forge("timestamp", Timestamp(9, expires=later, snapshot_meta=MetaFile(9)), online)


def steal_no_more(town: Town) -> None:
    """What administrators do when the online key was stolen: a new one, by a new root."""
    town.work.renew_root({name: WORDS[name] for name in town.work.administrators if name in WORDS}, new_online=True)
    town.work.publish(town.mirror)


def one_of_three(town: Town) -> None:
    new_targets(town, town.key("amina"))


def foreign_keys(town: Town) -> None:
    new_targets(town, CryptoSigner.generate_ed25519(), CryptoSigner.generate_ed25519())


def one_and_a_foreign_key(town: Town) -> None:
    new_targets(town, town.key("amina"), CryptoSigner.generate_ed25519())


def one_and_the_online_key(town: Town) -> None:
    new_targets(town, town.key("amina"), town.key("online"))


def root_with_one_signature(town: Town) -> None:
    root: Metadata[Root] = town.read("1.root")
    root.signed.version = 2
    mine = CryptoSigner.generate_ed25519()
    root.signed.roles["timestamp"].keyids.clear()
    root.signed.add_key(mine.public_key, "timestamp")
    town.forge("2.root", root.signed, town.key("amina"))


def spoil(name: str, change: Callable[[bytes], bytes]) -> Callable[[Town], None]:
    def attack(town: Town) -> None:
        file = town.mirror / name
        file.write_bytes(change(file.read_bytes()))

    attack.__name__ = f"{name}-{change.__name__}"
    return attack


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def empty(data: bytes) -> bytes:
    return b""


def version_changed(data: bytes) -> bytes:
    return data.replace(b'"version":', b'"version":9')


def signature_changed(data: bytes) -> bytes:
    at = data.index(b'"sig":"') + 7
    return data[:at] + (b"0" if data[at : at + 1] != b"0" else b"1") + data[at + 1 :]


def endless(handler: SimpleHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Connection", "close")
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65536)


def at(path: Callable[[Town], str], answer: Callable[[SimpleHTTPRequestHandler], None]) -> Callable[[Town], None]:
    def attack(town: Town) -> None:
        town.server.hostile["/fleet/" + path(town)] = answer

    attack.__name__ = f"{answer.__name__}-{path.__name__}"
    return attack


def the_timestamp(town: Town) -> str:
    return "metadata/timestamp.json"


def the_snapshot(town: Town) -> str:
    return "metadata/3.snapshot.json"


def the_targets(town: Town) -> str:
    return "metadata/3.targets.json"


def the_root(town: Town) -> str:
    return "metadata/2.root.json"


def a_target(town: Town) -> str:
    targets: Metadata[Targets] = town.read("3.targets")
    return "targets/" + targets.signed.targets["kiosk.toml"].get_prefixed_paths()[0]


def teapot(handler: SimpleHTTPRequestHandler) -> None:
    handler.send_error(503)


def hang_up(handler: SimpleHTTPRequestHandler) -> None:
    handler.close_connection = True


def elsewhere(handler: SimpleHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", handler.path + "?again")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


ON_RELEASE_2 = [
    (old_timestamp, MetadataRolledBack),
    (frozen, MetadataExpired),
    (targets_rolled_back, MetadataRolledBack),
    (one_of_three, MetadataUnsigned),
    (foreign_keys, MetadataUnsigned),
    (one_and_a_foreign_key, MetadataUnsigned),
    (one_and_the_online_key, MetadataUnsigned),
    (root_with_one_signature, MetadataUnsigned),
    (spoil("metadata/timestamp.json", truncated), MetadataDamaged),
    (spoil("metadata/timestamp.json", empty), MetadataDamaged),
    (spoil("metadata/timestamp.json", version_changed), MetadataUnsigned),
    (spoil("metadata/timestamp.json", signature_changed), MetadataUnsigned),
    (at(the_timestamp, endless), MetadataDamaged),
    (at(the_timestamp, teapot), MirrorUnreachable),
    (at(the_timestamp, hang_up), MirrorUnreachable),
    (at(the_timestamp, elsewhere), MirrorUnreachable),
    (at(the_root, endless), MetadataDamaged),
    (at(the_root, teapot), MirrorUnreachable),
]
WITH_THE_ONLINE_KEY = (targets_rolled_back, one_of_three, foreign_keys, one_and_a_foreign_key, one_and_the_online_key)
ON_RELEASE_3 = [
    (spoil("metadata/3.snapshot.json", truncated), MetadataDamaged),
    (spoil("metadata/3.snapshot.json", signature_changed), MetadataUnsigned),
    (spoil("metadata/3.targets.json", truncated), MetadataDamaged),
    (spoil("metadata/3.targets.json", signature_changed), MetadataUnsigned),
    (at(the_snapshot, endless), MetadataDamaged),
    (at(the_targets, endless), MetadataDamaged),
    (at(a_target, endless), MetadataDamaged),
    (at(a_target, teapot), MirrorUnreachable),
    (lambda town: spoil(a_target(town), truncated)(town), MetadataDamaged),
    (lambda town: spoil(a_target(town), bytes.swapcase)(town), MetadataDamaged),
    (lambda town: (town.mirror / a_target(town)).unlink(), MirrorUnreachable),
]


@pytest.fixture
def second(machine: Machine, town: Town) -> Machine:
    """A kiosk that knows release 2; the mirror of release 1 is kept in `old`."""
    machine.pull()
    shutil.copytree(town.mirror, town.folder / "old")
    town.clock.forward(hours=1)
    town.release('[town]\ncommune_fr = "Oran"\n', CSCA)
    assert machine.pull() == 2
    return machine


@pytest.mark.parametrize(("attack", "error"), ON_RELEASE_2, ids=lambda a: getattr(a, "__name__", ""))
def test_an_attack_on_metadata_fails_and_leaves_no_trace(
    second: Machine, town: Town, attack: Callable[[Town], None], error: type[SourceRefused]
) -> None:
    with town.restored():
        attack(town)
        with pytest.raises(error):
            second.pull()
    assert second.above == 2
    if attack in WITH_THE_ONLINE_KEY:
        steal_no_more(town)
    town.work.refresh(town.mirror)
    town.release('[town]\ncommune_fr = "Annaba"\n', CSCA)
    assert second.pull() == 3
    assert content(second.store.path(3)) == content(town.work.release)


@pytest.mark.parametrize(("attack", "error"), ON_RELEASE_3, ids=lambda a: getattr(a, "__name__", ""))
def test_an_attack_on_a_new_release_fails_and_leaves_no_trace(
    second: Machine, town: Town, attack: Callable[[Town], None], error: type[SourceRefused]
) -> None:
    town.release('[town]\ncommune_fr = "Annaba"\n', CSCA)
    with town.restored():
        attack(town)
        with pytest.raises(error):
            second.pull()
        assert not second.store.path(3).exists()
    assert second.pull() == 3
    assert content(second.store.path(3)) == content(town.work.release)


def amina_leaves(town: Town) -> None:
    words = {name: WORDS[name] for name in ("karim", "salima")}
    assert town.work.renew_root(words, remove=["amina"], add={"yacine": "the fourth one"}) == 2


def test_after_a_rotation_the_revoked_key_counts_no_more(second: Machine, town: Town) -> None:
    amina, karim = town.key("amina"), town.key("karim")
    amina_leaves(town)
    with pytest.raises(BelowThreshold):  # the release had been signed by amina and karim
        town.work.publish(town.mirror)
    town.work.sign("yacine", "the fourth one")
    town.work.sign("salima", WORDS["salima"])
    assert town.work.publish(town.mirror) == 3
    with town.restored():
        new_targets(town, amina, karim, version=4)
        with pytest.raises(MetadataUnsigned):
            second.pull()
    steal_no_more(town)
    assert second.pull() == 3


def test_after_a_rotation_the_old_root_cannot_be_used_again(second: Machine, town: Town) -> None:
    with town.restored():
        amina_leaves(town)
        town.work.sign("yacine", "the fourth one")
        town.work.sign("salima", WORDS["salima"])
        town.work.publish(town.mirror)
        assert second.pull() == 3
    new_targets(town, town.key("amina"), town.key("karim"), version=4)
    with pytest.raises(MetadataUnsigned):
        second.pull()


def test_a_kiosk_that_slept_through_two_roots_wakes_up(second: Machine, town: Town) -> None:
    words = {name: WORDS[name] for name in ("amina", "karim")}
    town.clock.forward(days=300)
    town.work.renew_root(words)
    town.clock.forward(days=300)
    town.work.renew_root(words)
    assert town.release("", CSCA) == 3
    assert second.pull() == 3


@pytest.mark.parametrize(
    ("words", "remove", "add", "error"),
    [
        (["amina"], [], {}, BelowThreshold),
        (["amina", "karim"], ["nobody"], {}, KeyRefused),
        (["amina", "karim"], [], {"karim": "another one"}, KeyRefused),
        (["amina", "karim"], ["karim", "salima"], {}, BelowThreshold),
        (["amina", "karim"], ["amina"], {"yacine": "short"}, KeyRefused),
    ],
)
def test_a_root_is_not_renewed(
    town: Town, words: list[str], remove: list[str], add: dict[str, str], error: type[PublishError]
) -> None:
    with pytest.raises(error):
        town.work.renew_root({name: WORDS[name] for name in words}, remove=remove, add=add)
    again = WorkingFolder(town.work.path, now=town.clock)
    assert again.administrators == ("amina", "karim", "salima")
    again.refresh(town.mirror)


def test_a_fresh_kiosk_believes_an_old_repository_unless_it_was_given_a_state(
    second: Machine, town: Town, tmp_path: Path
) -> None:
    """TUF's known limit, and why an image ships recent metadata."""
    shutil.rmtree(town.mirror)
    shutil.copytree(town.folder / "old", town.mirror)
    assert Machine(tmp_path / "bare", town).pull() == 1
    shipped = Machine(tmp_path / "shipped", town)
    shutil.copytree(second.store.tuf, shipped.store.tuf, dirs_exist_ok=True, symlinks=True)
    with pytest.raises(MetadataRolledBack):
        shipped.pull()


@pytest.mark.parametrize("lost", ["timestamp.json", "snapshot.json", "targets.json"])
def test_a_file_of_state_lost_in_a_power_cut_opens_no_way_back(second: Machine, town: Town, lost: str) -> None:
    (second.store.tuf / lost).write_bytes(b"")
    shutil.rmtree(town.mirror)
    shutil.copytree(town.folder / "old", town.mirror)
    with pytest.raises(MetadataRolledBack):
        second.pull()


def test_all_of_tufs_state_lost_still_knows_the_highest_release(second: Machine, town: Town) -> None:
    for name in ("timestamp.json", "snapshot.json", "targets.json"):
        (second.store.tuf / name).unlink()
    shutil.rmtree(town.mirror)
    shutil.copytree(town.folder / "old", town.mirror)
    with pytest.raises(MetadataRolledBack):
        second.pull()


def test_a_damaged_floor_does_not_stop_the_kiosk(second: Machine, town: Town) -> None:
    (second.store.tuf / "floor.json").write_bytes(b"{")
    town.release("", CSCA)
    assert second.pull() == 3
    assert second.mirror().floor.release == 3


@pytest.mark.parametrize("root", [None, b"", b"{}", b"[]", b"\xff"])
def test_a_kiosk_without_a_root_says_so(machine: Machine, root: bytes | None) -> None:
    machine.root.unlink()
    if root is not None:
        machine.root.write_bytes(root)
    with pytest.raises(RootUnusable):
        machine.pull()


def test_anothers_fleet_is_not_believed(machine: Machine, town: Town, server: Server, tmp_path: Path) -> None:
    shutil.rmtree(town.mirror)
    Town(tmp_path / "other town", server, town.clock).release("", CSCA)
    with pytest.raises(MetadataUnsigned):
        machine.pull()


@pytest.mark.parametrize("path", ["../../etc/passwd", "trust/.hidden", "/etc/passwd", "notes", "trust", "kiosk.toml/a"])
def test_a_rightly_signed_name_that_no_release_may_have_is_refused(second: Machine, town: Town, path: str) -> None:
    targets: Metadata[Targets] = town.read("2.targets")
    targets.signed.version = 3
    targets.signed.targets[path] = TargetFile.from_data(path, b"evil")
    town.forge("3.targets", targets.signed, town.key("amina"), town.key("karim"))
    later = town.clock() + timedelta(days=1)
    town.forge("9.snapshot", Snapshot(9, expires=later, meta={"targets.json": MetaFile(3)}), town.key("online"))
    town.forge("timestamp", Timestamp(9, expires=later, snapshot_meta=MetaFile(9)), town.key("online"))
    with pytest.raises(ReleaseRefused):
        second.pull()
    assert not second.store.path(3).exists()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "http://[::1", "http://127.0.0.1:99999/", "https://x..y/"])
def test_a_mirror_that_is_not_there(machine: Machine, url: str) -> None:
    with pytest.raises(MirrorUnreachable):
        machine.pull(url)


def drip(handler: SimpleHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    drip_bytes(handler)


def drip_bytes(handler: SimpleHTTPRequestHandler) -> None:
    """A byte at a time, for as long as the server lives: never silent, never done."""
    closing = handler_server(handler).closing
    while not closing.wait(0.02):
        handler.wfile.write(b"x")
        handler.wfile.flush()


def handler_server(handler: SimpleHTTPRequestHandler) -> Server:
    return handler.server.town_server  # type: ignore[attr-defined]


@pytest.mark.parametrize("answer", [drip, drip_bytes], ids=["in-the-body", "in-the-head"])
def test_a_mirror_that_drips_is_cut_at_the_deadline(machine: Machine, server: Server, answer: Callable) -> None:
    server.hostile["/fleet/metadata/timestamp.json"] = answer
    with pytest.raises(MirrorUnreachable):
        machine.mirror(gap=60, deadline=0.3).pull(server.url, above=0)


def test_a_mirror_that_is_silent_is_left(machine: Machine, server: Server) -> None:
    server.hostile["/fleet/metadata/timestamp.json"] = lambda handler: handler_server(handler).closing.wait()
    with pytest.raises(MirrorUnreachable):
        machine.mirror(gap=0.2, deadline=60).pull(server.url, above=0)


def test_a_pull_is_ended_by_stop(machine: Machine, server: Server) -> None:
    mirror = machine.mirror(gap=60, deadline=60)

    def stop_then_wait(handler: SimpleHTTPRequestHandler) -> None:
        mirror.stop()
        server.closing.wait()

    server.hostile["/fleet/metadata/timestamp.json"] = stop_then_wait
    with pytest.raises(MirrorUnreachable):
        mirror.pull(server.url, above=0)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.data())
def test_any_alteration_ends_in_an_error_of_this_room_or_changes_nothing(
    second: Machine, town: Town, data: st.DataObject
) -> None:
    """One byte of the mirror's metadata is another; either it is refused, or what arrives is what was signed."""
    name = data.draw(
        st.sampled_from(["metadata/timestamp.json", "metadata/2.snapshot.json", "metadata/2.targets.json"])
    )
    good = (town.mirror / name).read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    (town.mirror / name).write_bytes(good[:at] + data.draw(st.binary(max_size=3)) + good[at + 1 :])
    fresh = Machine(second.store.folder.parent / "fresh", town)
    try:
        assert fresh.pull() == 2
        assert content(fresh.store.path(2)) == content(town.work.release)
    except ConfigError:
        pass
    finally:
        (town.mirror / name).write_bytes(good)
        shutil.rmtree(fresh.store.folder)


# The stick, and the clock.


def test_a_stick_brings_a_release_without_a_network(machine: Machine, town: Town, tmp_path: Path) -> None:
    town.work.bundle(tmp_path / "stick", 30)
    town.clock.forward(days=29)
    assert machine.pull(tmp_path / "stick") == 1
    assert content(machine.store.path(1)) == content(town.work.release)


def test_a_stick_ends_too(machine: Machine, town: Town, tmp_path: Path) -> None:
    until = town.work.bundle(tmp_path / "stick", 30)
    assert until == town.clock() + timedelta(days=30)
    town.clock.forward(days=30)
    with pytest.raises(MetadataExpired):
        machine.pull(tmp_path / "stick")


def test_stick_and_mirror_can_take_turns(machine: Machine, town: Town, tmp_path: Path) -> None:
    machine.pull()
    town.work.bundle(tmp_path / "stick", 30)
    assert machine.pull(tmp_path / "stick") == 1
    town.work.refresh(town.mirror)
    assert machine.pull() == 1
    town.release("", CSCA)
    assert machine.pull() == 2
    with pytest.raises(MetadataRolledBack):
        machine.pull(tmp_path / "stick")


def test_an_empty_stick_or_none(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for stick in (tmp_path / "empty", tmp_path / "none"):
        with pytest.raises(MirrorUnreachable):
            machine.pull(stick)


@pytest.mark.parametrize("kind", ["file", "folder", "pipe"])
def test_a_stick_leads_nowhere_else(machine: Machine, town: Town, tmp_path: Path, kind: str) -> None:
    stick = tmp_path / "stick"
    town.work.bundle(stick, 30)
    if kind == "folder":
        (stick / "metadata").rename(tmp_path / "outside")
        (stick / "metadata").symlink_to(tmp_path / "outside")
    else:
        file = stick / "metadata" / "timestamp.json"
        file.rename(tmp_path / "outside")
        file.symlink_to(tmp_path / "outside") if kind == "file" else os.mkfifo(file)
    with pytest.raises(MirrorUnreachable):
        machine.pull(stick)


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "a/../../secret"])
def test_the_folder_fetcher_stays_inside(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "stick" / "a").mkdir(parents=True)
    with pytest.raises(Exception, match="leaves the folder"):
        FolderFetcher(tmp_path / "stick").download_bytes(path, 10)


def test_a_clock_behind_the_floor_neither_opens_nor_closes_the_door(
    second: Machine, town: Town, tmp_path: Path
) -> None:
    dead = Clock()
    dead.forward(days=-3000)
    second.clock = dead
    floor = second.mirror().floor
    assert floor.time == town.clock() and not floor.trusts(dead()) and floor.trusts(town.clock())

    town.clock.forward(days=60)  # the mirror stood still since; a clock that is behind would believe it
    with pytest.raises(MetadataExpired):
        Machine(tmp_path / "other", town).pull()
    town.release('[town]\ncommune_fr = "Oran"\n', CSCA)
    town.work.bundle(tmp_path / "stick", 30)
    assert second.pull(tmp_path / "stick") == 3
    assert second.mirror().floor.time == town.clock()


def test_what_expired_before_the_floor_is_refused_though_the_clock_is_behind(
    second: Machine, town: Town, tmp_path: Path
) -> None:
    town.work.bundle(tmp_path / "old stick", 1)
    town.clock.forward(days=20)
    town.release("", CSCA)
    second.pull()
    second.clock = Clock()
    second.clock.forward(days=-3000)
    for name in ("timestamp.json", "snapshot.json"):  # even if TUF itself had forgotten
        (second.store.tuf / name).unlink()
    with pytest.raises(MetadataExpired):
        second.pull(tmp_path / "old stick")


def test_the_floor_never_goes_back(second: Machine, town: Town) -> None:
    high = second.mirror().floor.time
    town.clock.forward(hours=-1)
    town.release("", CSCA)
    second.pull()
    assert second.mirror().floor.time == high


def test_a_stolen_online_key_cannot_push_the_floor_out_of_reach(second: Machine, town: Town) -> None:
    online = town.key("online")
    with town.restored():
        timestamp = Timestamp(
            9,
            expires=town.clock() + timedelta(days=9000),
            snapshot_meta=MetaFile(2),
            unrecognized_fields={"x-shubbak-signed": "2040-01-01T00:00:00Z"},
        )
        town.forge("timestamp", timestamp, online)
        second.pull()
    assert second.mirror().floor.time <= town.clock() + timedelta(days=30)


def test_two_pulls_do_not_share_a_state(second: Machine) -> None:
    with second.store.only_agent(), pytest.raises(AgentRunning), second.store.only_agent():
        pass
    with second.store.only_agent():
        pass
