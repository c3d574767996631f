"""Whose settings the virtual town hall may put aside, and that none is ever lost."""

from pathlib import Path

import pytest

from config import DemoInProduction
from kiosk.simulation.appliance import Local

SHIPPED = 'profile = "production"\n[registry]\nurl = "https://registry.example"\n'
HALL = 'profile = "demo"\n[registry]\nurl = "https://localhost:1"\n'


@pytest.fixture
def local(tmp_path: Path) -> Local:
    (tmp_path / "shipped.toml").write_text(SHIPPED)
    (tmp_path / "kiosk.toml").write_text(SHIPPED)
    return Local(tmp_path / "kiosk.toml", tmp_path / "shipped.toml")


def test_settings_nobody_has_filled_in_are_kept_beside_and_replaced(local: Local) -> None:
    local.replace(HALL)
    assert local.file.read_text() == HALL
    assert local.before.read_text() == SHIPPED
    assert local.file.stat().st_mode & 0o777 == 0o644


def test_its_own_settings_of_the_last_start_are_not_taken_for_those_of_before(local: Local) -> None:
    local.replace(HALL)
    again = HALL.replace(":1", ":2")
    local.replace(again)
    assert local.file.read_text() == again
    assert local.before.read_text() == SHIPPED


def test_a_demonstration_somebody_made_is_kept_beside(local: Local) -> None:
    local.file.write_text('profile = "demo"\n# ours\n')
    local.replace(HALL)
    assert local.before.read_text() == 'profile = "demo"\n# ours\n'


def test_without_any_settings_there_is_nothing_to_keep(local: Local) -> None:
    local.file.unlink()
    local.replace(HALL)
    assert local.file.read_text() == HALL
    assert not local.before.exists()


@pytest.mark.parametrize(
    "content",
    [
        SHIPPED.replace("registry.example", "registry.interieur.dz").encode(),
        SHIPPED.encode() + b"# edited\n",
        b"profile = ",
        b"\xff\xfe",
        b"",
    ],
)
def test_a_kiosk_set_up_for_service_is_left_alone(local: Local, content: bytes) -> None:
    local.file.write_bytes(content)
    with pytest.raises(DemoInProduction):
        local.replace(HALL)
    assert local.file.read_bytes() == content
    assert not local.before.exists()


def test_settings_of_service_put_back_by_hand_are_safe_beside_an_old_copy(local: Local) -> None:
    local.replace(HALL)
    local.file.write_text(SHIPPED.replace("registry.example", "registry.interieur.dz"))
    with pytest.raises(DemoInProduction):
        local.replace(HALL)
    assert local.before.read_text() == SHIPPED


def test_where_the_shipped_settings_are_missing_nobody_can_tell(local: Local) -> None:
    local.shipped.unlink()
    with pytest.raises(DemoInProduction):
        local.replace(HALL)
