"""A release that the schema admits but this machine could not serve with is refused, and told why."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import printing
from config.ports import NotNow
from config.schema import Settings
from drivers.simulated.issuer import CardIssuer
from drivers.simulated.printer import VirtualLaser
from kiosk.catalogue import codes
from kiosk.fleet.meaning import KioskMeaning
from kiosk.simulation.registry_process import RegistryProcess
from signing.demo import create_demo_token

ENDLESS = "#for a in range(9999) { for b in range(9999) { for c in range(9999) { } } }"
CLOSED = {
    day: "" for day in ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """What a release may rightly name: a registry, a printer, trust and templates."""

    release: Path
    registry: RegistryProcess
    printer: VirtualLaser
    good: Settings

    def refused(self, **changes: dict[str, Any]) -> list[str]:
        """What is said against the good settings with these changes, seen from a kiosk with none of them."""
        return problems(Settings(profile="demo"), with_(self.good, **changes), self.release)


def with_(settings: Settings, **changes: dict[str, Any]) -> Settings:
    return settings.model_copy(
        update={name: getattr(settings, name).model_copy(update=values) for name, values in changes.items()}
    )


def problems(before: Settings, after: Settings, release: Path) -> list[str]:
    """What is said of `after`, for good or for now."""
    try:
        return asyncio.run(KioskMeaning().problems(before, after, release))
    except NotNow as later:
        return later.problems


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with tempfile.TemporaryDirectory(prefix="shubbak-") as name:
        folder = Path(name)
        release = folder / "release"
        (release / "trust" / "csca").mkdir(parents=True)
        issuer = CardIssuer.load_or_create(folder / "csca")
        (release / "trust" / "csca" / "country.der").write_bytes(issuer.csca_certificate)
        token = create_demo_token(folder / "token")
        shutil.copy(token.trust / "signer.pem", release / "trust" / "signer.pem")
        shutil.copytree(Path(printing.__file__).parent / "templates", release / "templates")
        registry = RegistryProcess(folder / "registry", issuer, people=2, seed=1, kiosk_id="demo-1")
        shutil.copy(registry.signers, release / "trust" / "registry-signers.json")
        shutil.copy(registry.tls_ca, release / "trust" / "registry-tls-ca.pem")
        with registry, VirtualLaser(folder / "printer") as printer:
            good = with_(
                Settings(profile="demo"),
                hours=CLOSED | {"monday": "08:00-12:00, 13:00-16:30"},
                card={"csca": release / "trust" / "csca"},
                registry={
                    "url": registry.url,
                    "ca": release / "trust" / "registry-tls-ca.pem",
                    "signers": release / "trust" / "registry-signers.json",
                    "deadline": 3.0,
                },
                signer={"certificate": release / "trust" / "signer.pem"},
                documents={"templates": release / "templates", "render_deadline": 30.0},
                laser={"uri": printer.uri, "request_deadline": 3.0},
            )
            yield World(release, registry, printer, good)


def said(found: list[str]) -> list[tuple[str, str]]:
    """(code, key) of each problem; the code is in the catalogue and words follow."""
    parts = [line.split(": ", 2) for line in found]
    assert all(len(part) == 3 and part[2] and part[0] in codes.entries() for part in parts), found
    return [(part[0], part[1]) for part in parts]


def test_a_release_that_names_what_is_there_is_good(world: World) -> None:
    assert world.refused() == []


def test_a_printer_without_paper_is_a_printer(world: World) -> None:
    world.printer.control.paper_out()
    try:
        assert world.refused() == []
    finally:
        world.printer.control.paper_in()


def test_a_week_without_an_open_hour(world: World) -> None:
    assert said(world.refused(hours=CLOSED)) == [("E-FLEET-NEVER-OPEN", "hours")]


def test_country_certificates(world: World, tmp_path: Path) -> None:
    assert said(world.refused(card={"csca": tmp_path})) == [("E-FLEET-NO-CSCA", "card.csca")]
    assert said(world.refused(card={"csca": tmp_path / "none"})) == [("E-CARD-TRUST", "card.csca")]
    (tmp_path / "country.der").write_bytes(b"not a certificate")
    shutil.copy(world.release / "trust" / "csca" / "country.der", tmp_path / "good.der")
    found = world.refused(card={"csca": tmp_path})
    assert said(found) == [("E-FLEET-NO-CSCA", "card.csca")] and "country.der" in found[0]


@pytest.mark.parametrize("content", [None, "", "{}", '{"keys": []}', "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_trust_files(world: World, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_text(content)
    assert said(world.refused(registry={"signers": file})) == [("E-REGISTRY-SETUP", "registry.signers")]
    assert said(world.refused(registry={"ca": file})) == [("E-FLEET-REGISTRY-CA", "registry.ca")]
    assert said(world.refused(signer={"certificate": file})) == [("E-SIGN-CERTIFICATE", "signer.certificate")]


@pytest.mark.parametrize(
    ("file", "content", "code"),
    [
        ("birth-extract/birth-extract.typ", "#let x = (", "E-PAGE-TEMPLATE"),
        ("birth-extract/birth-extract.typ", "#panic()", "E-PAGE-TEMPLATE"),
        ("birth-extract/document.toml", 'type = "death-extract"', "E-PAGE-CATALOGUE"),
        (
            "birth-extract/birth-extract.typ",
            ENDLESS,
            "E-PAGE-DEADLINE",
        ),
    ],
    ids=["does not compile", "panics", "another description", "never ends"],
)
def test_templates_that_set_no_page(world: World, tmp_path: Path, file: str, content: str, code: str) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(world.release / "templates", templates)
    (templates / file).write_text(content)
    deadline = 1.0 if code == "E-PAGE-DEADLINE" else 30.0
    found = world.refused(documents={"templates": templates, "render_deadline": deadline})
    assert said(found) == [(code, "documents")]


def test_a_template_that_fails_only_for_originals_is_found(world: World, tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(world.release / "templates", templates)
    page = templates / "birth-extract" / "birth-extract.typ"
    own = '#if not json(bytes(sys.inputs.page)).specimen { panic("no seal") }\n'
    page.write_text(page.read_text() + own)
    found = world.refused(documents={"templates": templates, "render_deadline": 30.0})
    assert said(found) == [("E-PAGE-TEMPLATE", "documents")] and "original" in found[0]


def test_a_town_whose_name_no_font_has(world: World) -> None:
    assert said(world.refused(town={"commune_ar": "ⴰⵍⵊⵉⵔⵙ 漢"})) == [("E-PAGE-GLYPH", "documents")]


def test_a_printer_that_is_not_there(world: World) -> None:
    assert said(world.refused(laser={"uri": f"ipp://localhost:{unused_port()}/ipp/print"})) == [
        ("E-PRINTER-UNREACHABLE", "laser.uri")
    ]
    with plain_http() as port:
        found = world.refused(laser={"uri": f"ipp://localhost:{port}/ipp/print"})
    assert said(found) == [("E-PRINTER-NONSENSE", "laser.uri")]


def test_a_tray_the_printer_does_not_have_or_a_certificate_that_is_none(world: World, tmp_path: Path) -> None:
    laser = {"uri": world.printer.uri}
    assert said(world.refused(laser={**laser, "tray": "tray-9"})) == [("E-PRINTER-UNFIT", "laser.uri")]
    found = world.refused(laser={**laser, "certificate": tmp_path / "none.pem"})
    assert said(found) in ([("E-PRINTER-CERTIFICATE", "laser.uri")], [("E-PRINTER-ADDRESS", "laser.uri")])


def test_a_ticket_printer_of_no_known_model_or_that_is_not_there(world: World) -> None:
    there = {"address": f"tcp://127.0.0.1:{unused_port()}"}
    assert said(world.refused(thermal={**there, "model": "typewriter"})) == [("E-PRINTER-MODEL", "thermal.model")]
    assert said(world.refused(thermal=there)) == [("E-PRINTER-UNREACHABLE", "thermal.address")]
    assert world.refused(thermal={"address": "serial:/dev/ttyS99"}) == [], "a cable is the session's"


def test_a_ticket_printer_that_is_in_use_is_left_alone(world: World) -> None:
    before = with_(world.good, thermal={"address": f"tcp://127.0.0.1:{unused_port()}"})
    after = with_(before, thermal={"model": "epson-tm-t88v"})
    assert problems(before, after, world.release) == []


def test_a_document_misspelt_among_those_that_are_no_tickets(world: World) -> None:
    assert world.refused(printing={"sheets_only": ["birth-extract"]}) == []
    found = world.refused(printing={"sheets_only": ["birth-extarct"]})
    assert said(found) == [("E-PAGE-TYPE", "printing.sheets_only")]


def test_a_registry_that_is_not_there_or_not_ours(world: World, tmp_path: Path) -> None:
    def url(address: str) -> list[tuple[str, str]]:
        return said(world.refused(registry={"url": address}))

    assert url("https://registry.invalid") == [("E-REGISTRY-UNREACHABLE", "registry.url")]
    assert url(f"https://localhost:{unused_port()}") == [("E-REGISTRY-UNREACHABLE", "registry.url")]
    assert url("https://localhost:99999") == [("E-REGISTRY-NONSENSE", "registry.url")]
    with plain_http() as port:
        assert url(f"https://localhost:{port}") == [("E-REGISTRY-TLS", "registry.url")]
    other = world.release / "trust" / "signer.pem"  # a certificate, but not of the registry's authority
    assert said(world.refused(registry={"ca": other})) == [("E-REGISTRY-TLS", "registry.url")]


def test_a_registry_that_never_answers_is_given_up(world: World) -> None:
    with socket.create_server(("localhost", 0)) as silent:
        address = f"https://localhost:{silent.getsockname()[1]}"
        found = world.refused(registry={"url": address, "deadline": 1.0})
    assert said(found) == [("E-REGISTRY-TIMEOUT", "registry.url")]


def test_what_does_not_change_stands_in_nobodys_way(world: World) -> None:
    """A printer that is off and a registry that is away do not keep new hours from a kiosk."""
    broken = with_(
        world.good,
        laser={"uri": f"ipp://localhost:{unused_port()}/ipp/print"},
        registry={"url": "https://registry.invalid"},
        card={"csca": world.release / "none"},
    )
    assert problems(broken, with_(broken, hours={"friday": ""}), world.release) == []


def test_all_is_said_at_once(world: World, tmp_path: Path) -> None:
    found = world.refused(hours=CLOSED, card={"csca": tmp_path}, laser={"uri": "ipp://printer.invalid/ipp/print"})
    assert [code for code, _ in said(found)] == ["E-FLEET-NEVER-OPEN", "E-FLEET-NO-CSCA", "E-PRINTER-UNREACHABLE"]


@contextlib.contextmanager
def plain_http() -> Iterator[int]:
    """A web server without TLS, and no printer either; its port."""
    with ThreadingHTTPServer(("localhost", 0), BaseHTTPRequestHandler) as web:
        threading.Thread(target=web.serve_forever).start()
        yield web.server_port
        web.shutdown()


def unused_port() -> int:
    with socket.create_server(("localhost", 0)) as taken:
        return int(taken.getsockname()[1])


def test_in_production_a_release_brings_no_demonstration(world: World) -> None:
    """What the local file has already is not the release's fault; what it brings is told key by key."""
    before = Settings(profile="production")
    after = with_(before, card={"csca": world.release / "trust" / "csca"})
    found = problems(before, after, world.release)
    assert found and all(line.startswith("E-CONFIG-DEMO-IN-PRODUCTION: card.csca: ") for line in found)


def test_what_does_not_answer_may_answer_later_unless_more_is_wrong(world: World) -> None:
    before = Settings(profile="demo")
    silent = with_(world.good, laser={"uri": "ipp://printer.invalid/ipp/print"})
    with pytest.raises(NotNow) as later:
        asyncio.run(KioskMeaning().problems(before, silent, world.release))
    assert [line.split(":")[0] for line in later.value.problems] == ["E-PRINTER-UNREACHABLE"]
    wrong = with_(silent, hours=CLOSED)
    found = asyncio.run(KioskMeaning().problems(before, wrong, world.release))
    assert [line.split(":")[0] for line in found] == ["E-FLEET-NEVER-OPEN", "E-PRINTER-UNREACHABLE"]
