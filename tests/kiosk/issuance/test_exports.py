"""The copy for auditors: whoever has it can check it, with our command, or with openssl alone."""

import base64
import copy
import json
import random
import re
import subprocess
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from histories import steps
from hypothesis import given, settings
from hypothesis import strategies as st
from issuance_town import MEMORY
from keeper_of_tests import CERTIFICATE, KEEPER, NEXT_CERTIFICATE

from kiosk.issuance.errors import LedgerMissing
from kiosk.issuance.exports import verify_copy, verify_export
from kiosk.issuance.keeper import signed_by
from kiosk.issuance.ledger import Ledger
from kiosk.issuance.records import parse_record

OWN, OTHER = signed_by([CERTIFICATE]), signed_by([NEXT_CERTIFICATE])
DER = CERTIFICATE.public_bytes(Encoding.DER)


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


@pytest.fixture(scope="module")
def export() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        path = Path(folder) / "ledger.sqlite"
        with Ledger.open(path, KEEPER, clock=lambda: 1_800_000_000) as ledger:
            for subject, record in islice(steps(5), 300):
                ledger.append(subject, record)
        with Ledger.view(path) as ledger:
            exported = json.loads(json.dumps(ledger.export(DER)))
    assert isinstance(exported, dict)
    return exported


def test_it_holds_and_is_signed_by_its_device(export: dict[str, Any]) -> None:
    verdict = verify_export(export, OWN)
    assert (verdict.valid, verdict.entries, verdict.checkpoints, verdict.signed_up_to) == (True, 300, 2, 300)
    assert verdict.head == export["head"] and verdict.is_signed
    other = verify_export(export, OTHER)
    assert other.valid and other.signed_up_to == 0 and not other.is_signed


def test_openssl_alone_checks_a_checkpoint(export: dict[str, Any], tmp_path: Path) -> None:
    """As docs/ledger.md tells an auditor who has nothing of ours."""
    (tmp_path / "device.pem").write_bytes(CERTIFICATE.public_bytes(Encoding.PEM))
    assert base64.b64decode(export["certificate"]) == DER
    for made in copy.deepcopy(export["checkpoints"]):
        (tmp_path / "signature").write_bytes(base64.b64decode(made.pop("signature")))
        (tmp_path / "body").write_bytes(canonical(made))
        script = (
            "openssl x509 -in device.pem -pubkey -noout > device.pub && "
            "openssl dgst -sha256 -verify device.pub -signature signature body"
        )
        done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "Verified OK\n"), done.stderr
        (tmp_path / "body").write_bytes(canonical({**made, "seq": made["seq"] + 1}))
        done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 1


def places(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a JSON value, by the keys that lead there."""
    listed: list[tuple[str | int, ...]] = []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        listed += [(*at, key), *places(inner, (*at, key))]
    return listed


def put(export: dict[str, Any], at: tuple[str | int, ...], value: object) -> object:
    """What stood there before."""
    inner: Any = export
    for key in at[:-1]:
        inner = inner[key]
    before = inner[at[-1]]
    inner[at[-1]] = value
    return before


ODD = st.sampled_from([None, True, 0, -1, 1.5, 10**30, "", "x", "Amina Benali", "\ud800", [], {}, [[]], {"seq": 1}])


@given(st.integers(0, 2**32), ODD)
@settings(deadline=None, max_examples=60)
def test_whatever_is_changed_in_it_shows(export: dict[str, Any], seed: int, value: object) -> None:
    changed = copy.deepcopy(export)
    at = random.Random(seed).choice(places(changed))
    if at[0] == "certificate" or put(changed, at, value) == value:
        return  # the certificate is for the reader to compare
    verdict = verify_export(changed, OWN)
    whole = (verdict.entries, verdict.checkpoints, verdict.signed_up_to) == (300, 2, 300)
    assert not verdict.valid or not whole, at


@pytest.mark.parametrize("key", ["ledger", "genesis", "head", "entries", "checkpoints"])
@pytest.mark.parametrize("value", [None, "0" * 64, [], 3])
def test_what_stands_at_its_top_counts(export: dict[str, Any], key: str, value: object) -> None:
    verdict = verify_export({**export, key: value}, OWN)
    assert not verdict.valid or (key == "checkpoints" and not verdict.is_signed)
    assert not verify_export({name: inner for name, inner in export.items() if name != key}).valid


@given(st.integers(0, 299), st.integers(0, 299))
@settings(deadline=None, max_examples=30)
def test_entries_taken_out_or_moved_show(export: dict[str, Any], one: int, other: int) -> None:
    changed = copy.deepcopy(export)
    entry = changed["entries"].pop(one)
    assert not verify_export(changed).valid
    if one != other:
        changed["entries"].insert(other, entry)
        assert not verify_export(changed).valid


def test_one_cut_short_with_its_checkpoints_is_not_signed_far_enough(export: dict[str, Any]) -> None:
    """Whoever cuts both cannot sign for the new end; for less than a checkpoint's distance nobody can tell."""
    cut = copy.deepcopy(export)
    cut["checkpoints"] = []
    verdict = verify_export(cut, OWN)
    assert verdict.valid and not verdict.is_signed


KEYS = st.sampled_from(["ledger", "genesis", "head", "entries", "checkpoints"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(JSON)
@settings(deadline=None, max_examples=50)
def test_any_json_is_an_export_or_is_refused(value: object) -> None:
    assert not verify_export(value).valid


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[" * 200_000, b'{"ledger": ' + b"9" * 5000 + b"}", b"SQLite format 3\0" + bytes(90)],
    ids=["empty", "cut", "no-text", "deep", "long-number", "no-database"],
)
def test_a_file_that_is_neither_is_no_ledger(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "copy").write_bytes(content)
    assert not verify_copy(tmp_path / "copy").valid


def test_a_file_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(LedgerMissing):
        verify_copy(tmp_path / "copy")


# -- docs/ledger.md

REPOSITORY = Path(__file__).parents[3]


def block(language: str) -> str:
    """The page's only code block of that language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", (REPOSITORY / "docs/ledger.md").read_text(), re.M | re.S)
    return str(found)


def test_the_pages_vectors_are_what_we_write_and_read(folder: Path) -> None:
    vectors = json.loads(block("json"))
    assert verify_export(vectors, OWN).signed_up_to == 3
    clock = iter(entry["at"] for entry in [*vectors["entries"], *vectors["checkpoints"]])
    with Ledger.open(folder / "ledger.sqlite", KEEPER, clock=lambda: next(clock)) as ledger:
        for entry in vectors["entries"]:
            ledger.append(entry["subject"], parse_record(json.dumps(entry["record"])))
    with Ledger.view(folder / "ledger.sqlite") as ledger:
        written = json.loads(json.dumps(ledger.export()))
    for made in (*vectors["checkpoints"], *written["checkpoints"]):
        del made["signature"]  # another one each time, as the certificate's is
    assert written == {**vectors, "certificate": None}


def test_the_pages_commands_check_it(tmp_path: Path) -> None:
    (tmp_path / "ledger.json").write_text(block("json"))
    done = subprocess.run(["sh", "-c", block("sh")], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Verified OK\n"), done.stderr
