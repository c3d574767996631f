"""`kiosk bench scanner` says what there is and what kind of zone it reads, and never whose."""

import json
from pathlib import Path

from typer.testing import CliRunner

from drivers.simulated.scanner_pictures import Light, photograph
from kiosk.commands.bench import app
from tests.drivers.scanners.zones import TD1, TD3


def bench(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["scanner", *words])
    return done.exit_code, done.output


def test_it_reads_and_does_not_tell(tmp_path: Path) -> None:
    for number, lines in enumerate((TD1, TD3)):
        photograph(lines, fills=0.9, light=Light(blur=1.0), size=(1280, 720)).save(tmp_path / f"{number}.png")
    status, said = bench("--pictures", str(tmp_path), "--count", "2", "--json")
    answer = json.loads(said)
    assert (status, answer["scanners"], [zone["size"] for zone in answer["zones"]]) == (
        0,
        {"camera": None},
        ["TD1", "TD3"],
    )
    assert not any(secret in said for secret in ("ERIKSSON", "D23145890", "740812"))


def test_one_that_is_away_is_named_with_its_code(tmp_path: Path) -> None:
    status, said = bench("--pictures", str(tmp_path / "none"), "--count", "0", "--json")
    assert (status, json.loads(said)["scanners"]) == (3, {"camera": "E-SCANNER-ABSENT"})


def test_without_any_it_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text('profile = "demo"\n')
    status, said = bench("--config", str(tmp_path / "kiosk.toml"))
    assert status != 0 and "zone" not in said
