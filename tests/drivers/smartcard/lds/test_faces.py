"""DG2 and DG7: pictures behind their headers, of both standards, and nothing that is none."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.smartcard import MalformedData
from drivers.smartcard.emrtd.lds import dg2, dg7, picture
from tests.drivers.smartcard.lds import files

KINDS = ["image/jpeg", "image/jp2", "image/j2c"]
JPEG = files.picture("image/jpeg")


@pytest.mark.parametrize("points", [0, 3, 256])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", [0x5F2E, 0x7F2E])
def test_the_face_is_found_behind_its_headers_and_says_its_own_size(kind: str, points: int, tag: int) -> None:
    image = files.picture(kind, 31, 41)
    face = dg2.first(files.dg2(files.record(files.face(image, points)), tag=tag))
    assert (face.image, face.mime, face.width, face.height) == (image, kind, 31, 41)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tag", [0x5F2E, 0x7F2E])
@pytest.mark.parametrize("wrapped", [True, False])
@pytest.mark.parametrize("in_a_row", [True, False])
def test_the_face_of_the_extensible_format(kind: str, tag: int, wrapped: bool, in_a_row: bool) -> None:
    image = files.picture(kind, 32, 42)
    faces = dg2.parse(files.dg2(files.extensible(image, wrapped=wrapped, in_a_row=in_a_row), tag=tag))
    assert [(face.image, face.mime, face.width, face.height) for face in faces] == [(image, kind, 32, 42)]


def test_several_faces_in_one_record_and_in_several() -> None:
    images = [files.picture(kind, width) for width, kind in enumerate(KINDS, 20)]
    together = files.dg2(files.record(*(files.face(image, points) for points, image in enumerate(images))))
    apart = files.dg2(*(files.record(files.face(image)) for image in images))
    mixed = files.dg2(files.record(files.face(images[0])), files.extensible(*images[1:]))
    for content in (together, apart, mixed):
        assert [face.image for face in dg2.parse(content)] == images
        assert dg2.first(content).image == images[0]


FACE = files.face(JPEG)
BAD = {
    "no template": files.tlv(0x75, b""),
    "no face": files.dg2(),
    "another number of templates": files.dg2(files.record(FACE), number=2),
    "no number": files.tlv(0x75, files.tlv(0x7F61, files.tlv(0x7F60, files.tlv(0x5F2E, files.record(FACE))))),
    "two records in a template": files.tlv(
        0x75,
        files.tlv(
            0x7F61,
            files.count(1),
            files.tlv(0x7F60, files.tlv(0x5F2E, files.record(FACE)), files.tlv(0x7F2E, files.record(FACE))),
        ),
    ),
    "another number of faces": files.dg2(files.record(FACE, number=2)),
    "no faces": files.dg2(files.record()),
    "more than the faces": files.dg2(files.record(FACE, b"more", number=1)),
    "another version": files.dg2(files.record(FACE, version=b"030\0")),
    "another length": files.dg2(files.record(FACE, longer=1)),
    "a longer face": files.dg2(files.record(files.face(JPEG, longer=1))),
    "a shorter face": files.dg2(files.record(files.face(JPEG, longer=-1))),
    "no picture": files.dg2(files.record(files.face(b""))),
    "another format": files.dg2(files.record(files.face(b"GIF89a" + bytes(50)))),
    "seventeen faces": files.dg2(files.record(*[FACE] * 17)),
    "an empty block": files.dg2(files.tlv(0x65)),
    "no representations": files.dg2(files.tlv(0x65, files.tlv(0xA1))),
    "another block": files.dg2(files.tlv(0x66, b"")),
    "after the block": files.dg2(files.extensible(JPEG) + b"\x04\x00"),
    "after the template": files.dg2(files.record(FACE)) + b"\x00",
}


@pytest.mark.parametrize("why", BAD)
def test_a_face_that_is_none_is_refused(why: str) -> None:
    with pytest.raises(MalformedData):
        dg2.parse(BAD[why])


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_cut_before_its_size_is_refused(kind: str) -> None:
    image = files.picture(kind, 300, 301)
    whole = next(end for end in range(len(image)) if _described(image[:end]))
    assert whole < len(image)
    with pytest.raises(MalformedData):
        picture.describe(image[: whole - 1])


def _described(image: bytes) -> bool:
    with contextlib.suppress(MalformedData):
        return bool(picture.describe(image))
    return False


@pytest.mark.parametrize("at", [7, 5], ids=["width", "height"])
@pytest.mark.parametrize(("pixels", "believed"), [(0, False), (1, True), (8192, True), (8193, False), (0xFFFF, False)])
def test_a_picture_of_no_believable_size_is_refused(at: int, pixels: int, believed: bool) -> None:
    start = JPEG.index(b"\xff\xc0") + at
    assert _described(JPEG[:start] + pixels.to_bytes(2, "big") + JPEG[start + 2 :]) is believed


def test_fill_bytes_and_a_box_with_a_long_length_are_read_over() -> None:
    at = JPEG.index(b"\xff\xdb")
    assert picture.describe(JPEG[:at] + b"\xff\xff\xff" + JPEG[at:]).width == 30
    jp2 = files.picture("image/jp2")
    at = jp2.index(b"ftyp") - 4
    length = int.from_bytes(jp2[at : at + 4], "big")
    longer = b"\0\0\0\1ftyp" + (length + 8).to_bytes(8, "big") + jp2[at + 8 : at + length]
    assert picture.describe(jp2[:at] + longer + jp2[at + length :]).height == 40


def test_a_codestream_is_as_large_as_its_grid_less_the_offset() -> None:
    places = b"".join(number.to_bytes(4, "big") for number in (330, 441, 30, 41))
    start = b"\xff\x4f\xff\x51" + bytes(4) + places
    described = picture.describe(start)
    assert (described.width, described.height) == (300, 400)
    with pytest.raises(MalformedData):
        picture.describe(start[:-1])
    with pytest.raises(MalformedData):
        picture.describe(start[:8] + start[16:24] + start[8:16])


def test_the_signature_as_displayed() -> None:
    images = [files.picture("image/jpeg", 50, 10), files.picture("image/jp2", 51, 11)]
    signatures = [files.tlv(0x5F43, image) for image in images]
    parsed = dg7.parse(files.tlv(0x67, files.count(2), *signatures))
    assert [(one.image, one.width, one.height) for one in parsed] == [(images[0], 50, 10), (images[1], 51, 11)]
    for bad in (files.tlv(0x67, files.count(1), *signatures), files.tlv(0x67, files.count(0)), files.tlv(0x67)):
        with pytest.raises(MalformedData):
            dg7.parse(bad)


GOOD = [
    files.dg2(files.record(files.face(JPEG, 2))),
    files.dg2(files.extensible(files.picture("image/jp2"), files.picture("image/j2c")), tag=0x7F2E),
]


@given(st.sampled_from(GOOD), st.data(), st.binary(max_size=4), st.integers(0, 4))
def test_a_spoilt_file_is_read_or_is_our_own_error(good: bytes, data: st.DataObject, put: bytes, cut: int) -> None:
    at = data.draw(st.integers(0, min(len(good), 400)))
    with contextlib.suppress(MalformedData):
        for face in dg2.parse(good[:at] + put + good[at + cut :]):
            assert face.image in good[:at] + put + good[at + cut :]
