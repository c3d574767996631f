"""A whole visit on real parts: pcscd and a card, a registry over TLS, a token, an IPP printer."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from kiosk.simulation.townhall import TownHall
from signing.trust import TrustFolder
from signing.verify import verify

pytestmark = pytest.mark.usefixtures("town")


@pytest.fixture(scope="module", params=["ar", "fr"])
def printed(request: pytest.FixtureRequest, town: Any) -> tuple[Any, Path, bytes]:
    """The visit, the picture of its paper, and the signed document as the printer got it."""
    visit = town.visit(language=request.param)
    assert visit.code is None, visit.log
    return visit, max(town.hall.printer.paper.glob("*.png")), town.hall.printer.documents()[-1]


def test_it_walks_the_screens_in_order(printed: tuple[Any, Path, bytes]) -> None:
    visit, _, _ = printed
    walked = "attract language card opening can opening reading pin reading choice preparing preview printing take_card"
    assert visit.screens == [*walked.split(), "printing", "take_paper"]


def test_the_ledger_says_what_happened_step_by_step(town: Any, printed: tuple[Any, Path, bytes]) -> None:
    grant = town.ledger()[-1]
    assert grant["steps"] == "requested granted signed submitting submitted evidence settled".split()
    assert (grant["outcome"], grant["evidence"]) == ("PRINTED", "ipp-completed")


def test_the_page_is_valid_for_us_and_for_poppler(town: Any, printed: tuple[Any, Path, bytes], tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(printed[2])
    assert verify(printed[2], TrustFolder.load(town.hall.folder / "trust")).verdict == "valid"
    subprocess.run(["certutil", "-N", "-d", tmp_path, "--empty-password"], check=True)
    ca = town.hall.folder / "trust" / "demo-ca.pem"
    subprocess.run(["certutil", "-A", "-d", tmp_path, "-n", "ca", "-t", "C,C,C", "-a", "-i", ca], check=True)
    said = subprocess.run(["pdfsig", "-nssdir", tmp_path, pdf], capture_output=True, text=True, check=True).stdout
    assert "Signature is Valid." in said and "Certificate is Trusted." in said and "Total document signed" in said


def test_zbar_reads_the_seal_from_the_printed_picture(town: Any, printed: tuple[Any, Path, bytes]) -> None:
    """At 203 dpi, as a thermal or draft laser page has it."""
    read = subprocess.run(["zbarimg", "-q", "--raw", printed[1]], capture_output=True, text=True, check=False)
    seal = next(line for line in read.stdout.splitlines() if line.startswith("https://"))
    verdict = verify(seal, TrustFolder.load(town.hall.folder / "trust"))
    assert (verdict.verdict, verdict.kind) == ("valid", "seal")
    assert verdict.claims is not None and verdict.claims.reference == printed[0].ending.reference


# Hashes, random names and times of day: six digits of a citizen's turn up in them by chance some day.
NOISE = re.compile(rb"[0-9a-f]{64}|[0-9a-f]{32}|\d\d:\d\d:\d\d\.\d+")


def test_nothing_personal_is_left_behind(town: Any, printed: tuple[Any, Path, bytes]) -> None:
    """Canaries from the card and the act, in everything the kiosk itself keeps or says."""
    card = town.hall.cards["amina"]
    canaries = [card.nin, card.can, card.document_number, "Amina", "Benyoucef", "أمينة", "بن يوسف", "991986"]
    kept = [f for part in ("state", "signer") for f in (town.hall.folder / part).rglob("*") if f.is_file()]
    kept += [town.hall.folder / "signer.log", town.hall.folder / "registry" / "registry.log"]
    spool = [f for f in (town.hall.folder / "printer" / "spool").rglob("*") if f.is_file()]
    assert kept and not spool
    texts = [NOISE.sub(b"", text) for text in (*(f.read_bytes() for f in kept), printed[0].log.encode())]
    for canary in canaries:
        forms = {canary.encode(), canary.encode("utf-16-le"), json.dumps(canary).strip('"').encode()}
        assert not any(form in text for text in texts for form in forms), canary


@pytest.mark.slow
def test_a_card_that_asks_for_the_mrz_by_the_command() -> None:
    """In processes of its own, as a script would call it."""
    with tempfile.TemporaryDirectory(prefix="shubbak-") as folder, TownHall(Path(folder), access="bac") as hall:
        hall.start("signer")
        card = hall.cards["amina"]
        secret = ["--mrz", card.mrz, "--pin", card.pin]
        command = [sys.executable, "-m", "kiosk", "issue", "birth-extract", *secret, "--json", "--config"]

        def issue() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*command, hall.configuration], capture_output=True, text=True, timeout=60, check=False
            )

        without = issue()
        assert without.returncode == 3 and "error E-CARD-ABSENT" in without.stderr
        nothing = json.loads(without.stdout)
        assert (nothing["outcome"], nothing["documents"], nothing["timings_ms"]["total"]) == ("failed", [], 0.0)
        hall.insert("amina")
        done = issue()
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert result["outcome"] == "printed"
        assert [d["evidence"] for d in result["documents"]] == ["ipp-completed"]
        assert len(list(hall.printer.paper.glob("*.png"))) == 1
