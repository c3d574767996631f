"""What a release changes, in words, and never more of it than may be told."""

import os
from pathlib import Path

from config import release
from config.difference import MAX_LINES, between
from config.schema import Settings
from tests.config.releases import write_release

PLAIN = Settings(profile="demo")


def settings(folder: Path, toml: str, files: dict[str, str] | None = None) -> Settings:
    return release.check(write_release(folder, toml, files))


def test_the_same_is_no_difference_though_the_folder_has_another_name(tmp_path: Path) -> None:
    toml, files = '[card]\ncsca = "trust/csca"\n', {"trust/csca/a.der": "x"}
    before, after = settings(tmp_path / "1", toml, files), settings(tmp_path / "2", toml, files)
    assert between(before, after, tmp_path / "1", tmp_path / "2") == []


def test_a_path_that_comes_to_the_release_is_a_difference(tmp_path: Path) -> None:
    after = settings(tmp_path / "1", '[documents]\ntemplates = "templates"\n', {"templates/a.typ": "x"})
    assert between(PLAIN, after, None, tmp_path / "1") == [
        'documents.templates: empty becomes "templates" of the release',
        "templates/a.typ: added",
    ]


def test_arabic_stays_readable(tmp_path: Path) -> None:
    after = settings(tmp_path / "1", '[town]\ncommune_ar = "وهران"\n')
    assert between(PLAIN, after, None, tmp_path / "1") == ['town.commune_ar: "الجزائر الوسطى" becomes "وهران"']


def test_what_stands_in_files_is_not_told(tmp_path: Path) -> None:
    settings(tmp_path / "1", "", {"trust/a.pem": "PRIVATE one"})
    after = settings(tmp_path / "2", "", {"trust/a.pem": "PRIVATE two"})
    assert between(PLAIN, after, tmp_path / "1", tmp_path / "2") == ["trust/a.pem: changed"]


def test_a_change_that_keeps_size_and_time_is_seen(tmp_path: Path) -> None:
    for name, text in (("1", "aaaa"), ("2", "bbbb")):
        file = write_release(tmp_path / name, "", {"trust/a.pem": text}) / "trust" / "a.pem"
        os.utime(file, (1, 1))
    assert between(PLAIN, PLAIN, tmp_path / "1", tmp_path / "2") == ["trust/a.pem: changed"]


def test_many_changes_are_counted(tmp_path: Path) -> None:
    after = settings(tmp_path / "1", "", {f"trust/{number}.der": "" for number in range(MAX_LINES + 7)})
    lines = between(PLAIN, after, None, tmp_path / "1")
    assert len(lines) == MAX_LINES + 1 and lines[-1] == "and 7 more"
