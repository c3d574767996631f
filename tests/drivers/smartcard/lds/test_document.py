"""DG12 and DG16: the document's own details, and persons to notify."""

from __future__ import annotations

import contextlib
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import MalformedData, PersonName
from drivers.smartcard.emrtd.dates import PartialDate
from drivers.smartcard.emrtd.lds import dg12, dg16
from drivers.smartcard.emrtd.text import Bilingual
from drivers.smartcard.profile import load
from tests.drivers.smartcard.lds import files

CNIBE = load("dz-cnibe")
DG12 = files.details(
    0x6C,
    (0x5F19, b"WILAYA<D<ORAN"),
    (0x5F26, b"20220502"),
    (0xA0, files.others(0x5F1A, "BENALI<<OMAR")),
    (0x5F1B, b"NONE"),
    (0x5F1D, b"\xff\xd8front"),
    (0x5F55, b"20220430101530"),
    (0x5F56, b"P-17"),
)


def test_further_details_of_the_document() -> None:
    parsed = dg12.parse(DG12)
    assert parsed.issuing_authority == Bilingual("WILAYA D ORAN", None) and parsed.endorsements == Bilingual(
        "NONE", None
    )
    assert parsed.date_of_issue == PartialDate(2022, 5, 2) and parsed.other_persons == ("BENALI OMAR",)
    assert parsed.front == b"\xff\xd8front" and parsed.rear is None and parsed.exit_requirements is None
    assert parsed.personalised == dt.datetime(2022, 4, 30, 10, 15, 30) and parsed.system == "P-17"
    binary = files.details(0x6C, (0x5F26, bytes.fromhex("20220502")), (0x5F55, bytes.fromhex("20220430101530")))
    assert dg12.parse(binary).personalised == parsed.personalised
    both = files.details(0x6C, (0x5F19, "ORAN<<وهران".encode("iso8859-6")))
    assert dg12.parse(both, CNIBE).issuing_authority == Bilingual("ORAN", "وهران")


@pytest.mark.parametrize(
    "part",
    [
        (0x5F26, b"2022"),
        (0x5F55, b"20220430"),
        (0x5F55, b"20220430256000"),
        (0xA0, files.count(3)),
        (0x5F19, b"\xff"),
    ],
)
def test_a_dg12_that_is_none_is_refused(part: tuple[int, bytes]) -> None:
    with pytest.raises(MalformedData):
        dg12.parse(files.details(0x6C, part))


def person(name: bytes) -> bytes:
    return files.tlv(0x5F50, b"20220502") + files.tlv(0x5F51, name) + files.tlv(0x5F52, b"021<000000")


DG16 = files.tlv(0x70, files.count(2), files.tlv(0xA1, person(b"BENALI<<OMAR")), files.tlv(0xA2, person(b"K<<L")))


def test_persons_to_notify() -> None:
    first, second = dg16.parse(DG16)
    assert first.name == PersonName("BENALI", "OMAR") and first.recorded == PartialDate(2022, 5, 2)
    assert (first.telephone, first.address, second.name.surname) == ("021 000000", None, "K")


@pytest.mark.parametrize(
    "inside",
    [
        files.count(2) + files.tlv(0xA1, person(b"A")),
        files.tlv(0xA1, person(b"A")),
        files.count(0),
        files.count(2) + files.tlv(0xA1, person(b"A")) * 2,
        files.count(1) + files.tlv(0xB1, person(b"A")),
        files.count(1) + files.tlv(0xA1, files.tlv(0x5F52, b"1")),
    ],
)
def test_a_dg16_that_is_none_is_refused(inside: bytes) -> None:
    with pytest.raises(MalformedData):
        dg16.parse(files.tlv(0x70, inside))


@given(st.sampled_from([DG12, DG16]), st.data(), st.binary(max_size=6), st.integers(0, 6))
def test_a_spoilt_file_is_read_or_is_our_own_error(good: bytes, data: st.DataObject, put: bytes, cut: int) -> None:
    at = data.draw(st.integers(0, len(good)))
    content = good[:at] + put + good[at + cut :]
    for parse in (dg12.parse, dg16.parse):
        with contextlib.suppress(MalformedData):
            parse(content, CNIBE)
