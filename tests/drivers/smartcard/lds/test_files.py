"""The smaller files, and any file by its name."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import FileId, MalformedData, PersonName, parse_dg1
from drivers.smartcard.emrtd import lds
from drivers.smartcard.emrtd.lds import com, directory
from drivers.smartcard.profile import load, names
from tests.drivers.smartcard.lds import files
from tests.drivers.smartcard.lds.zones import Printed

TODAY = dt.date(2026, 6, 15)
JPEG = files.picture("image/jpeg")


def test_the_standard_s_own_files(vectors: dict[str, Any]) -> None:
    samples = [bytes.fromhex(text) for text in vectors["lds_9303_10"]["hex_in_order"]]
    expected = (FileId.DG1, FileId.DG2, FileId.DG4, FileId.DG12)
    assert com.parse(samples[0]) == com.Com("1.7", "4.0.0", expected)
    assert com.parse(samples[1]).lds_version == "15.99"
    first, second, third, fourth = (parse_dg1(sample, dt.date(2010, 1, 1)) for sample in samples[2:])
    assert first.issuing_state == "NLD" and first.document_number == "XI85935F8"
    assert first.date_of_birth == dt.date(1972, 8, 14) and first.date_of_expiry == dt.date(2011, 8, 26)
    assert first.sex == "F" and first.name == PersonName("VAN DER STEEN", "MARIANNE LOUISE")
    assert second.document_number == "123456789012" and second.name == PersonName("SMITH", "JOHN T")
    assert third.zone.optional == ("ZE184226B",) and third.nationality == "UTO"
    assert fourth.issuing_state == "D" and fourth.name == PersonName("MUSTERMANN", "ERIKA")


COM = files.tlv(0x60, files.tlv(0x5F01, b"0107"), files.tlv(0x5F36, b"040000"), files.tlv(0x5C, b"\x61\x75\x6b"))


@pytest.mark.parametrize(
    "parts",
    [
        (b"0107", b"040000", b"\x61\x61"),
        (b"0107", b"040000", b"\x60"),
        (b"01", b"040000", b"\x61"),
        (b"0107", b"04000x", b"\x61"),
    ],
)
def test_a_com_that_is_none_is_refused(parts: tuple[bytes, bytes, bytes]) -> None:
    version, unicode, tags = parts
    with pytest.raises(MalformedData):
        com.parse(files.tlv(0x60, files.tlv(0x5F01, version), files.tlv(0x5F36, unicode), files.tlv(0x5C, tags)))
    with pytest.raises(MalformedData):
        com.parse(files.tlv(0x60, files.tlv(0x5F01, version)))


AID = bytes.fromhex("A0000002471001")
DIRECTORY = files.tlv(0x61, files.tlv(0x4F, AID), files.tlv(0x50, b"eMRTD")) + files.tlv(0x4F, b"\xe8\x07\x04\x00\x7f")


def test_the_applications_of_a_chip() -> None:
    assert directory.parse(DIRECTORY).applications == (AID, b"\xe8\x07\x04\x00\x7f")
    assert directory.parse(b"").applications == ()
    for length in (5, 16):
        assert directory.parse(files.tlv(0x4F, bytes(length))).applications == (bytes(length),)


@pytest.mark.parametrize(
    "bad",
    [
        files.tlv(0x61, b""),
        files.tlv(0x4F, bytes(4)),
        files.tlv(0x4F, bytes(17)),
        files.tlv(0x62, files.tlv(0x4F, AID)),
    ],
)
def test_a_directory_that_is_none_is_refused(bad: bytes) -> None:
    with pytest.raises(MalformedData):
        directory.parse(bad)


@pytest.mark.parametrize("bad", [b"\xc3\xa9", b"", "\u0660".encode()])
def test_a_dg1_that_is_none_is_refused(bad: bytes) -> None:
    with pytest.raises(MalformedData):
        parse_dg1(files.tlv(0x61, files.tlv(0x5F1F, bad)), TODAY)


def test_a_sex_that_there_is_not_is_refused() -> None:
    assert parse_dg1(files.dg1(Printed(sex="<").text("TD1")), TODAY).sex == "X"
    with pytest.raises(MalformedData, match="sex"):
        parse_dg1(files.dg1(Printed(sex="A").text("TD1")), TODAY)


FILES = {
    FileId.COM: COM,
    FileId.DIR: DIRECTORY,
    FileId.DG1: files.dg1(Printed().text("TD2")),
    FileId.DG2: files.dg2(files.record(files.face(JPEG))),
    FileId.DG7: files.tlv(0x67, files.count(1), files.tlv(0x5F43, JPEG)),
    FileId.DG11: files.dg11((0x5F0E, b"A<<B")),
    FileId.DG12: files.details(0x6C, (0x5F26, b"20220502")),
    FileId.DG13: files.tlv(0x6D, b"anything"),
    FileId.DG16: files.tlv(0x70, files.count(1), files.tlv(0xA1, files.tlv(0x5F51, b"A<<B"))),
}


def test_any_file_by_its_name() -> None:
    parsed = {file: lds.parse(file, content, TODAY) for file, content in FILES.items()}
    assert parsed[FileId.DG13] == b"anything"
    assert isinstance(parsed[FileId.DG1], lds.Dg1) and isinstance(parsed[FileId.COM], lds.Com)
    for one, content in FILES.items():
        for other in FILES.keys() - {one}:
            with pytest.raises(MalformedData):
                lds.parse(other, content, TODAY)


@pytest.mark.parametrize("file", [file for file in FileId if file not in FILES])
def test_what_is_read_elsewhere_is_not_read_here(file: FileId) -> None:
    with pytest.raises(ValueError, match="not read here"):
        lds.parse(file, b"", TODAY)


@given(st.sampled_from(sorted(FILES, key=lambda file: file.name)), st.sampled_from(names()), st.data())
def test_any_bytes_are_a_file_or_our_own_error(file: FileId, profile: str, data: st.DataObject) -> None:
    good = FILES[file]
    at = data.draw(st.integers(0, len(good)))
    spoilt = good[:at] + data.draw(st.binary(max_size=5)) + good[at + data.draw(st.integers(0, 5)) :]
    content = data.draw(st.sampled_from([spoilt, good[:at]]) | st.binary(max_size=60))
    with contextlib.suppress(MalformedData):
        lds.parse(file, content, TODAY, load(profile))
