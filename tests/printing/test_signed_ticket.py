"""A ticket as the signer makes it: believed by pdfsig, and its seal read from paper that is not perfect."""

from __future__ import annotations

import asyncio
import io
import random
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageFilter

from drivers.printers.port import Intake
from printing.raster import prepare
from signing.demo import DemoToken, create_demo_token
from signing.protocol import SignedDocument
from signing.trust import TrustFolder
from signing.verify import verify
from tests.signing.municipality import Registry, Signer, settings_for

LANGUAGES = ["ar", "fr"]
PRINTERS = {203: Intake("image/x-portable-bitmap", 203, 576), 180: Intake("image/x-portable-bitmap", 180, 512)}


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> DemoToken:
    return create_demo_token(tmp_path_factory.mktemp("token"))


@pytest.fixture(scope="module")
def tickets(token: DemoToken, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, SignedDocument]]:
    """One of each language, by the signer's own process."""
    registry = Registry(tmp_path_factory.mktemp("registry"))
    folder = tmp_path_factory.mktemp("signer")
    signer = Signer(settings_for(token, registry, folder), folder)
    signer.start()

    def issue(language: str) -> SignedDocument:
        act = registry.act()
        return asyncio.run(signer.client.issue(act, registry.grant(act, language=language), form="ticket"))

    yield {language: issue(language) for language in LANGUAGES}
    signer.end(signal.SIGKILL)


def run(*command: str | Path) -> str:
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def read_by_zbar(paper: Image.Image, folder: Path) -> str:
    paper.save(folder / "paper.png")
    return run("zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", folder / "paper.png").strip()


def read_by_zxing(paper: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(paper, formats=zxingcpp.BarcodeFormat.QRCode)]


def strip(document: SignedDocument, dpi: int) -> Image.Image:
    return Image.open(io.BytesIO(prepare(document.pdf, PRINTERS[dpi]))).convert("L")


@pytest.mark.parametrize("language", LANGUAGES)
def test_pdfsig_and_our_own_verifier_believe_it(
    tickets: dict[str, SignedDocument], token: DemoToken, language: str, tmp_path: Path
) -> None:
    (tmp_path / "ticket.pdf").write_bytes(tickets[language].pdf)
    (tmp_path / "nss").mkdir()
    store = f"sql:{tmp_path}/nss"
    run("certutil", "-N", "-d", store, "--empty-password")
    run("certutil", "-A", "-d", store, "-n", "demo", "-t", "CT,C,C", "-a", "-i", token.ca)
    said = run("pdfsig", "-nssdir", store, tmp_path / "ticket.pdf")
    for line in ("Signature is Valid.", "Certificate is Trusted.", "Total document signed"):
        assert line in said
    assert verify(tickets[language].pdf, TrustFolder.load(token.trust)).verdict == "valid"


def as_burnt(paper: Image.Image, _: random.Random) -> Image.Image:
    return paper


def noise(size: tuple[int, int], chance: random.Random) -> Image.Image:
    return Image.frombytes("L", size, chance.randbytes(size[0] * size[1]))


def with_missing_dots(paper: Image.Image, chance: random.Random) -> Image.Image:
    """One dot in fifty does not burn."""
    missing = noise(paper.size, chance).point([255 if value < 5 else 0 for value in range(256)])
    return ImageChops.lighter(paper, missing)


def with_a_dead_element(paper: Image.Image, chance: random.Random) -> Image.Image:
    """Three elements of the head are burnt out: white lines along the whole strip."""
    paper = paper.copy()
    for _ in range(3):
        paper.paste(255, (x := chance.randrange(100, paper.width - 100), 0, x + 1, paper.height))
    return paper


def seen_by_a_telephone(paper: Image.Image, chance: random.Random) -> Image.Image:
    """With missing dots and uneven black; larger, turned a little, out of focus, grey."""
    lower = with_missing_dots(paper.crop((0, paper.height - 800, paper.width, paper.height)), chance)
    uneven = Image.blend(lower, noise(lower.size, chance), 0.15)
    large = uneven.resize((lower.width * 5 // 2, lower.height * 5 // 2), Image.Resampling.BILINEAR)
    turned = large.rotate(2, expand=True, fillcolor=255, resample=Image.Resampling.BICUBIC)
    return turned.filter(ImageFilter.GaussianBlur(1.5)).point([60 + shade * 2 // 3 for shade in range(256)])


SEEN = [as_burnt, with_missing_dots, with_a_dead_element, pytest.param(seen_by_a_telephone, marks=pytest.mark.slow)]


@pytest.mark.parametrize("paper", SEEN)
@pytest.mark.parametrize("dpi", PRINTERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_seal_is_read_from_paper(
    tickets: dict[str, SignedDocument],
    language: str,
    dpi: int,
    paper: Callable[[Image.Image, random.Random], Image.Image],
    tmp_path: Path,
) -> None:
    seen = paper(strip(tickets[language], dpi), random.Random(7))
    assert read_by_zxing(seen) == [tickets[language].seal]
    assert read_by_zbar(seen, tmp_path) == tickets[language].seal


def test_what_is_read_from_the_strip_is_believed(
    tickets: dict[str, SignedDocument], token: DemoToken, tmp_path: Path
) -> None:
    strip(tickets["ar"], 203).save(tmp_path / "strip.png")
    verdict = verify((tmp_path / "strip.png").read_bytes(), TrustFolder.load(token.trust))
    assert (verdict.verdict, verdict.kind) == ("valid", "seal")
