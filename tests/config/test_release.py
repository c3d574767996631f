"""What a release may be, and how it lies over the local file."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config import ConfigInvalid, load
from config import release as releases
from config.errors import ReleaseUnreadable
from config.load import load_with
from config.schema import Settings
from tests.config.releases import make_current, write_local, write_release


def refused(folder: Path) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigInvalid) as caught:
        releases.check(folder)
    return [(p.line, p.key, p.reason) for p in caught.value.problems]


def machine_keys() -> list[str]:
    return [
        f"{section}.{name}"
        for section, outer in Settings.model_fields.items()
        for name, field in getattr(outer.annotation, "model_fields", {}).items()
        if (field.json_schema_extra or {})["machine"]
    ]


def test_a_whole_release_is_good(tmp_path: Path) -> None:
    toml = '[hours]\nmonday = "08:00-12:00"\n[documents]\ntemplates = "templates"\n[card]\ncsca = "trust/csca"\n'
    folder = write_release(
        tmp_path, toml, {"templates/birth-extract/birth-extract.typ": "a", "trust/csca/one.der": "b"}
    )
    assert releases.check(folder).hours.monday == "08:00-12:00"
    assert list(releases.files(folder)) == [
        "kiosk.toml",
        "templates/birth-extract/birth-extract.typ",
        "trust/csca/one.der",
    ]


def test_the_templates_that_ship_can_travel_in_a_release(repository: Path) -> None:
    shipped = repository / "printing" / "templates"
    names = [f"templates/{f.relative_to(shipped).as_posix()}" for f in shipped.rglob("*") if f.is_file()]
    assert names and all(releases.safe_path(name) for name in names)


@pytest.mark.parametrize("key", ["profile", *machine_keys()])
def test_a_key_of_the_machine_is_refused_with_its_line(tmp_path: Path, key: str) -> None:
    section, _, name = key.rpartition(".")
    text = f"[{section}]\n{name} = 1\n" if section else f"{name} = 1\n"
    reason = "belongs to one machine: only its local file may give it"
    assert refused(write_release(tmp_path, text)) == [(2 if section else 1, key, reason)]


def test_machine_keys_are_a_list_with_the_sockets_and_the_keys() -> None:
    assert {"session.socket", "signer.module", "registry.device_key", "fleet.root", "fleet.mirror"} <= set(
        machine_keys()
    )


@pytest.mark.parametrize("path", ["/etc/passwd", "../other", "trust/../../other", "trust/none", "trust/\\u0000"])
def test_a_path_that_leaves_the_release_or_leads_nowhere_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "other").touch()
    folder = write_release(tmp_path / "release", f'[registry]\nca = "{path}"\n', {"trust/one.pem": ""})
    assert [(line, key) for line, key, _ in refused(folder)] == [(2, "registry.ca")]


def test_unknown_keys_and_values_out_of_range_name_the_release(tmp_path: Path) -> None:
    folder = write_release(tmp_path, "[laser]\ndeadline = 1\n\nsurprise = 2\n")
    assert [(line, key) for line, key, _ in refused(folder)] == [(2, "laser.deadline"), (4, "laser.surprise")]


def hidden(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config").touch()


def link(folder: Path) -> None:
    (folder / "trust").mkdir()
    (folder / "trust" / "key.pem").symlink_to("/etc/passwd")


def folder_link(folder: Path) -> None:
    (folder / "trust").symlink_to("/etc")


def pipe(folder: Path) -> None:
    (folder / "trust").mkdir()
    os.mkfifo(folder / "trust" / "one.pem")


def stranger(folder: Path) -> None:
    (folder / "notes.txt").touch()


def deep(folder: Path) -> None:
    inner = folder.joinpath("templates", *"abcdefghij")
    inner.mkdir(parents=True)
    (inner / "one.typ").touch()


def crowd(folder: Path) -> None:
    (folder / "trust").mkdir()
    for number in range(releases.MAX_FILES):
        (folder / "trust" / f"{number}.der").touch()


def giant(folder: Path) -> None:
    (folder / "trust").mkdir()
    with (folder / "trust" / "one.der").open("wb") as file:
        file.truncate(releases.MAX_BYTES)


def without_settings(folder: Path) -> None:
    (folder / "kiosk.toml").unlink()


@pytest.mark.parametrize(
    "spoil", [hidden, link, folder_link, pipe, stranger, deep, crowd, giant, without_settings], ids=lambda f: f.__name__
)
def test_what_a_release_may_not_hold_is_refused(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    folder = write_release(tmp_path, "[laser]\ndeadline = 60\n")
    releases.check(folder)
    spoil(folder)
    assert refused(folder)


def test_a_release_that_is_not_there_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(ReleaseUnreadable):
        releases.check(tmp_path / "none")


@given(st.text(st.sampled_from("ab./-_~ \\é\0\n"), max_size=12).map(lambda tail: f"trust/{tail}") | st.text())
@example("trust/../kiosk.toml")
@example("trust//one")
@example("kiosk.toml/")
@example("trust/one\n")
def test_a_safe_name_stays_where_it_is_put(name: str) -> None:
    if releases.safe_path(name):
        assert os.path.normpath(name) == name and not name.startswith("/")
        assert name.split("/")[0] in {"kiosk.toml", "templates", "trust"}
        assert not any(part.startswith(".") for part in name.split("/"))


def test_the_release_wins_key_by_key(tmp_path: Path) -> None:
    local = write_local(tmp_path, '[laser]\ndeadline = 30\nuri = "ipp://local/ipp"\n[reader]\nname = "here"\n')
    write_release(
        tmp_path / "fleet" / "releases" / "7",
        '[laser]\nuri = "ipp://town/ipp"\n[card]\ncsca = "trust/csca"\n',
        {"trust/csca/one.der": ""},
    )
    make_current(tmp_path / "fleet", 7)
    loaded = load(local)
    assert loaded.release == 7
    assert (loaded.settings.laser.uri, loaded.settings.laser.deadline) == ("ipp://town/ipp", 30)
    assert loaded.settings.card.csca == tmp_path / "fleet" / "releases" / "7" / "trust" / "csca"
    assert loaded.settings.registry.ca == tmp_path / "trust" / "registry-tls-ca.pem"
    assert loaded.source("laser.uri") == "release 7 kiosk.toml:2"
    assert loaded.source("laser.deadline") == "kiosk.toml:3"
    assert loaded.source("laser.request_deadline") == "default"


def test_a_problem_names_the_file_that_gave_the_value(tmp_path: Path) -> None:
    local = write_local(tmp_path, "[session]\nidle = 1\n")
    folder = write_release(tmp_path / "1", "[laser]\ndeadline = 1\n")
    with pytest.raises(ConfigInvalid) as caught:
        load_with(local, folder)
    assert {(p.file, p.line, p.key) for p in caught.value.problems} == {
        (local, 3, "session.idle"),
        (folder / "kiosk.toml", 2, "laser.deadline"),
    }


def test_a_release_that_has_gone_is_an_error_not_a_silent_fall_back(tmp_path: Path) -> None:
    local = write_local(tmp_path)
    (tmp_path / "fleet").mkdir()
    make_current(tmp_path / "fleet", 3)
    with pytest.raises(ReleaseUnreadable):
        load(local)
    (tmp_path / "fleet" / "releases" / "3").mkdir(parents=True)
    with pytest.raises(ReleaseUnreadable):
        load(local)


def test_the_folder_of_releases_is_where_the_local_file_says(tmp_path: Path) -> None:
    local = write_local(tmp_path, '[fleet]\nfolder = "elsewhere"\n')
    write_release(tmp_path / "elsewhere" / "releases" / "2", '[town]\ncommune_fr = "Bab El Oued"\n')
    make_current(tmp_path / "elsewhere", 2)
    assert load(local).settings.town.commune_fr == "Bab El Oued"
    assert load_with(local, None).settings.town.commune_fr == "Alger-Centre"
