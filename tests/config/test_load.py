"""A configuration is read whole or refused with file, line, key and reason."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import ConfigError, ConfigInvalid, ConfigMissing, load
from config.load import MAX_BYTES
from config.reference import markdown
from config.schema import Settings


def write(folder: Path, text: str) -> Path:
    file = folder / "kiosk.toml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> list[tuple[int, str, str]]:
    with pytest.raises(ConfigInvalid) as caught:
        load(write(folder, text))
    return [(p.line, p.key, p.reason) for p in caught.value.problems]


def test_a_demo_needs_only_its_profile(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, 'profile = "demo"\n'))
    assert loaded.settings.registry.deadline == 8.0
    assert loaded.source("registry.deadline") == "default"


def test_where_each_value_came_from(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, 'profile = "demo"\n\n[registry]\n# how long\ndeadline = 3\n'))
    assert loaded.settings.registry.deadline == 3.0
    assert loaded.source("registry.deadline") == "kiosk.toml:5"


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    loaded = load(write(tmp_path, 'profile = "demo"\n[kiosk]\nstate = "ledger"\n'))
    assert loaded.settings.kiosk.state == tmp_path / "ledger"
    assert loaded.settings.signer.module == Path("/usr/lib/softhsm/libsofthsm2.so")


def test_an_unknown_key_is_refused_with_its_line(tmp_path: Path) -> None:
    assert problems(tmp_path, 'profile = "demo"\n[registry]\ndeadlin = 3\n') == [(3, "registry.deadlin", "unknown key")]


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems(tmp_path, '[laser]\ndeadline = 1\n[screen]\nwidth = "wide"\n')
    assert [(line, key) for line, key, _ in found] == [(0, "profile"), (2, "laser.deadline"), (4, "screen.width")]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[laser]\nuri = ""\n', [(0, "")]),
        ('[printing]\norder = ["thermal"]\n', [(0, "")]),
        ('[laser]\nuri = ""\n[thermal]\naddress = "tcp://10.0.0.9:9100"\n', []),
        ('[printing]\norder = ["thermal", "laser"]\n', []),
        ('[printing]\norder = ["laser", "laser"]\n', [(3, "printing.order")]),
        ("[printing]\norder = []\n", [(3, "printing.order")]),
        ('[thermal]\naddress = "tcp://printer"\n', [(3, "thermal.address")]),
        ('[thermal]\naddress = "serial:/dev/ttyS0?baud=115200"\n', []),
        ('[outage]\nlaser = ["a5"]\n', [(3, "outage.laser.0")]),
    ],
)
def test_a_kiosk_has_a_printer(tmp_path: Path, text: str, told: list[tuple[int, str]]) -> None:
    whole = f'profile = "demo"\n{text}'
    if not told:
        assert load(write(tmp_path, whole)).settings.printing.order
        return
    assert [(line, key) for line, key, _ in problems(tmp_path, whole)] == told


def test_broken_toml_names_its_line(tmp_path: Path) -> None:
    assert [line for line, _, _ in problems(tmp_path, 'profile = "demo"\n[registry\n')] == [2]


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"#" * (MAX_BYTES + 1)])
def test_what_is_not_a_small_text_is_refused(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "kiosk.toml"
    file.write_bytes(raw)
    with pytest.raises(ConfigInvalid):
        load(file)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing):
        load(tmp_path / "none.toml")


@given(st.text(max_size=400))
def test_rubbish_ends_in_this_rooms_errors_only(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "rubbish.toml"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError):
        load(file)


def test_the_reference_page_is_the_schemas(repository: Path) -> None:
    assert (repository / "docs" / "configuration.md").read_text(encoding="utf-8") == markdown()


def test_every_setting_is_described() -> None:
    for section in Settings.model_fields.values():
        for name, field in getattr(section.annotation, "model_fields", {}).items():
            assert field.description, name


def test_a_camera_and_pictures_in_its_place_exclude_each_other(tmp_path: Path) -> None:
    ((_, key, reason),) = problems(
        tmp_path, 'profile = "demo"\n[scanner]\ncamera = "/dev/video0"\npictures = "cards"\n'
    )
    assert key == "scanner" and "only one" in reason


def test_a_scanner_is_named_by_its_device(tmp_path: Path) -> None:
    for value in ("keyboard", "/etc/passwd", "/dev/input/../../etc/x y"):
        ((_, key, _),) = problems(tmp_path, f'profile = "demo"\n[scanner]\nwedge = "{value}"\n')
        assert key == "scanner.wedge"
