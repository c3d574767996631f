"""`kiosk documents`: what it prints, writes, refuses, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pypdfium2

from printing.documents import DocumentCatalogue
from registry.models import BirthAct


def kiosk(*words: str | Path) -> subprocess.CompletedProcess[str]:
    program = "from kiosk.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "documents", *map(str, words)], capture_output=True, text=True, check=False
    )


def test_list_as_json_is_one_object() -> None:
    done = kiosk("list", "--json")
    assert done.returncode == 0
    (document,) = json.loads(done.stdout)["documents"]
    assert document["type"] == "birth-extract"
    assert document["languages"] == ["ar", "fr"]
    assert document["papers"] == ["a4", "ticket"]
    assert document["standing"] == "unofficial-model"
    assert document["template_sha256"] == DocumentCatalogue().template_sha256("birth-extract")


def test_render_writes_a_specimen(tmp_path: Path, act: BirthAct) -> None:
    file, page = tmp_path / "act.json", tmp_path / "page.pdf"
    file.write_text(act.model_dump_json(), "utf-8")
    done = kiosk("render", "birth-extract", "--act", file, "--output", page, "--language", "fr")
    assert (done.returncode, done.stdout) == (0, "")
    text = pypdfium2.PdfDocument(page.read_bytes())[0].get_textpage().get_text_range()
    assert "Aperçu sans signature" in text
    assert "119860417160100042" in text


def test_render_writes_a_ticket(tmp_path: Path, act: BirthAct) -> None:
    file, page = tmp_path / "act.json", tmp_path / "ticket.pdf"
    file.write_text(act.model_dump_json(), "utf-8")
    assert kiosk("render", "birth-extract", "--act", file, "--output", page, "--form", "ticket").returncode == 0
    assert round(pypdfium2.PdfDocument(page.read_bytes())[0].get_width() * 25.4 / 72) == 72
    done = kiosk("render", "birth-extract", "--act", file, "--output", page, "--form", "a5")
    assert (done.returncode, done.stderr.split(":")[0]) == (2, "error E-PAGE-REQUEST")


def test_wrong_use_is_said_in_one_line_without_data(tmp_path: Path) -> None:
    act, page = tmp_path / "act.json", tmp_path / "p.pdf"
    act.write_text('{"kind": "birth", "subject": {"nin": "119860417160100042"}}')
    for words, code, status in [
        (("render", "birth-extract", "--act", act, "--output", page), "E-PAGE-REQUEST", 2),
        (("render", "birth-extract", "--act", act, "--output", page, "--language", "de"), "E-PAGE-TYPE", 2),
        (("list", "--templates", tmp_path / "nowhere"), "E-PAGE-CATALOGUE", 3),
    ]:
        done = kiosk(*words)
        assert done.returncode == status
        assert done.stderr.startswith(f"error {code}: ")
        assert "119860417160100042" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert kiosk("render", "birth-extract", "--act", tmp_path / "none", "--output", page).returncode == 2
    assert not page.exists()
