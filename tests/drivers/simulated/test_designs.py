"""Every design of card that has a name: it opens, reads as it was written, and says of itself what is true."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import io
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from asn1crypto import cms, core
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drivers.simulated.card import CardImage, Fault, FileId, SimulatedCard, tlv
from drivers.simulated.card.bac import mrz_seed
from drivers.simulated.card.plan import ChipKey
from drivers.simulated.errors import CardImageInvalid, HandRefused, HolderInvalid
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder
from drivers.simulated.issuing import mrz, security_infos
from drivers.simulated.issuing.design import DESIGNS, ChipKeyDesign, FaceDesign

MakeTerminal = Callable[[Any], Any]


@pytest.fixture(scope="module")
def images(issuer: CardIssuer, amina: Holder) -> dict[str, CardImage]:
    return {name: issuer.issue(amina, design) for name, design in DESIGNS.items()}


class Fetching:
    """What a terminal's carrier does on any platform: GET RESPONSE, and a bare 9000 made whole by its caller."""

    def __init__(self, card: SimulatedCard) -> None:
        self.card = card

    def process(self, apdu: bytes) -> bytes:
        answer = self.card.process(apdu)
        return self.card.process(b"\x00\xc0\x00\x00" + answer[-1:]) if answer[-2:-1] == b"\x61" else answer


@pytest.mark.parametrize("name", DESIGNS)
def test_every_file_of_every_design_reads_as_it_was_written(
    name: str, images: dict[str, CardImage], terminal: MakeTerminal
) -> None:
    image = images[name]
    access = terminal(Fetching(SimulatedCard(image)))
    access.open(image) if not image.platform.bare_select else open_bare(access, image)
    for file, content in image.files.items():
        if not file.in_master_file and file is not FileId.DG2:
            assert read(access, file) == content


def open_bare(access: Any, image: CardImage) -> None:
    access.select_application()
    assert access.bac(image.bac_information) == 0x9000


def read(access: Any, file: FileId) -> bytes:
    """By short identifier, 200 bytes at a time."""
    content, status = access.send(0xB0, 0x80 | file.short, 0, le=200)
    while status == 0x9000 and len(content) % 200 == 0:
        part, status = access.send(0xB0, *divmod(len(content), 256), le=200)
        content += part
    assert status in (0x9000, 0x6282, 0x6B00)
    return bytes(content)


@pytest.mark.parametrize("name", DESIGNS)
def test_an_image_of_every_design_comes_back_as_it_went(name: str, images: dict[str, CardImage]) -> None:
    assert CardImage.from_json(images[name].to_json()) == images[name]


@pytest.mark.parametrize("name", DESIGNS)
def test_a_card_lists_what_it_has(name: str, images: dict[str, CardImage]) -> None:
    image = images[name]
    groups = {file for file in image.files if file.is_data_group}
    com = dict(tlv.decode(tlv.decode(image.files[FileId.COM])[0][1]))
    assert len(com[0x5C]) == len(groups)
    listed = {content[0] for file, content in image.files.items() if file.is_data_group}
    assert set(com[0x5C]) == listed
    ((_, signed),) = tlv.decode(image.files[FileId.SOD])
    content = cms.ContentInfo.load(signed)["content"]["encap_content_info"]["content"].native
    hashes = tlv.decode(core.Sequence.load(content)[2].contents)
    assert {0x0100 + tlv.decode(one)[0][1][0] for _, one in hashes} == groups
    assert (FileId.CARD_ACCESS in image.files) == bool(image.plan.paces)
    if FileId.DG14 in groups and image.plan.paces:
        assert image.files[FileId.CARD_ACCESS][2:22] in image.files[FileId.DG14]


def test_no_other_design_has_a_name() -> None:
    with pytest.raises(HolderInvalid, match="dz-cnibe"):
        CardDesign.named("atlantis")


def test_the_cards_that_prove_nothing_of_their_chip(images: dict[str, CardImage]) -> None:
    assert not images["bare"].aa_private_key and not images["bare"].chip_keys
    assert FileId.DG15 not in images["bare"].files
    assert set(images["dz-cnibe"].files) & set(FileId) == {
        FileId.DG1,
        FileId.DG2,
        FileId.DG7,
        FileId.DG11,
        FileId.DG12,
        FileId.COM,
        FileId.SOD,
    }


def test_the_cnibes_dg11_is_its_own(issuer: CardIssuer, amina: Holder, images: dict[str, CardImage]) -> None:
    fields = dict(tlv.decode(tlv.decode(images["dz-cnibe"].files[FileId.DG11])[0][1]))
    assert fields[0x5F0E].decode("iso8859-6") == "BEN<ALI<<بن علي"
    assert fields[0x5F0F].decode("iso8859-6") == "AMINA<<أمينة"
    assert fields[0x5F10] == b"990000000000000001" and fields[0x5F42] == b"F<<O+"
    with pytest.raises(UnicodeDecodeError):
        fields[0x5F0E].decode("utf-8")
    with pytest.raises(HolderInvalid):
        issuer.issue(replace(amina, surname_arabic="پارس"), CardDesign.named("dz-cnibe"))


def test_a_moroccan_card_is_morocco_s(images: dict[str, CardImage]) -> None:
    image = images["ma-cnie"]
    assert image.mrz[0].startswith("IDMAR")
    certificate = cms.ContentInfo.load(tlv.decode(image.files[FileId.SOD])[0][1])["content"]["certificates"][0].chosen
    assert certificate.issuer.native["country_name"] == certificate.subject.native["country_name"] == "MA"


# -- zones


ERIKSSON = mrz.Bearer("UTO", "L898902C3", dt.date(1974, 8, 12), "F", dt.date(2012, 4, 15), "Eriksson", "Anna Maria")


def test_td3_of_icaos_example() -> None:
    """9303-4 appendix B, without its optional data."""
    first, second = mrz.two_lines(ERIKSSON, 44)
    assert first == "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
    assert second[:28] == "L898902C36UTO7408122F1204159" and len(second) == 44


def test_td2_of_icaos_example() -> None:
    """9303-6 appendix B, except the document code: its composite check digit does not cover that."""
    first, second = mrz.two_lines(replace(ERIKSSON, document_number="D23145890"), 36)
    assert first == "IDUTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<"
    assert second == "D231458907UTO7408122F1204159<<<<<<<6"


@pytest.mark.parametrize("zone", ["TD1", "TD2"])
def test_a_long_number_goes_on_in_the_optional_data(zone: Any, issuer: CardIssuer, amina: Holder) -> None:
    """9303-11 appendix D.2: D23145890734 with check digit 9."""
    holder = replace(amina, document_number="D23145890734")
    image = issuer.issue(holder, replace(CardDesign.named("icao"), zone=zone))
    assert "D23145890<" in "".join(image.mrz) and "7349<" in "".join(image.mrz)
    assert image.mrz_information == "D231458907349" + "860314" + "2" + "320501" + "3"


def test_the_long_number_zones_of_appendix_d2() -> None:
    """9303-11 appendix D.2, except the document codes: the composite check digits do not cover them."""
    born, expires = dt.date(1934, 7, 12), dt.date(1995, 7, 12)
    bearer = mrz.Bearer("UTO", "D23145890734", born, "M", expires, "Stevenson", "Peter John")
    assert mrz.two_lines(bearer, 36)[1] == "D23145890<UTO3407127M95071227349<<<8"
    first, second, third = mrz.td1(
        issuing_state="UTO",
        document_number="D23145890734",
        date_of_birth=born,
        sex="M",
        date_of_expiry=expires,
        surname="Stevenson",
        given="Peter John",
    )
    assert first[2:] == "UTOD23145890<7349<<<<<<<<<<<"
    assert (second, third) == ("3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<")


def test_the_seed_of_a_passport_is_bacs_worked_example() -> None:
    """9303-11 appendix D.2: two lines of 36, number L898902C."""
    bearer = mrz.Bearer("UTO", "L898902C", dt.date(1969, 8, 6), "F", dt.date(1994, 6, 23), "Eriksson", "Anna Maria")
    for width in (36, 44):
        image = CardImage(mrz.two_lines(bearer, width), "123456", "2580", {})
        assert image.mrz_information == "L898902C<369080619406236"
    assert mrz_seed(image.mrz_information).hex().upper() == "239AB9CB282DAF66231DC5A4DF6BFBAEDF477565"


def test_a_number_too_long_for_its_zone_is_refused(issuer: CardIssuer, amina: Holder) -> None:
    for zone, length in (("TD1", 23), ("TD2", 15), ("TD3", 10)):
        with pytest.raises(HolderInvalid):
            holder = replace(amina, document_number="9" * length)
            issuer.issue(holder, replace(CardDesign.named("icao"), zone=zone))  # type: ignore[arg-type]


# -- faces and keys


@pytest.mark.parametrize("record", ["19794-5", "39794-5"])
@pytest.mark.parametrize(("coding", "form"), [("JPEG", "JPEG"), ("JP2", "JPEG2000"), ("J2K", "JPEG2000")])
def test_a_face_in_each_record_and_coding(
    record: Any, coding: Any, form: str, issuer: CardIssuer, amina: Holder
) -> None:
    design = replace(CardDesign.named("icao"), groups=(FileId.DG2,), face=FaceDesign(record, coding))
    dg2 = issuer.issue(amina, design).files[FileId.DG2]
    starts = {"JPEG": b"\xff\xd8\xff", "JP2": b"\x00\x00\x00\x0cjP  ", "J2K": b"\xff\x4f\xff\x51"}
    picture = Image.open(io.BytesIO(dg2[dg2.index(starts[coding]) :]))
    assert (picture.format, picture.size) == (form, (300, 400))
    assert (b"jP  " in dg2) == (coding == "JP2")  # the bare codestream has no boxes around it
    ((_, group),) = tlv.decode(dg2)
    ((_, template),) = tlv.decode(group)
    _, (_, instance) = tlv.decode(template)
    tags = [tag for tag, _ in tlv.decode(instance)]
    assert tags == ([0xA1, 0x5F2E] if record == "19794-5" else [0xA1, 0x7F2E])
    if record == "39794-5":
        ((_, block),) = tlv.decode(tlv.decode(tlv.decode(instance)[1][1])[0][1])
        assert [tag for tag, _ in tlv.decode(block)] == [0xA0, 0xA1]


@pytest.mark.parametrize("parameters", ["explicit", "standardized", "named"])
def test_a_chip_key_in_each_spelling(parameters: Any) -> None:
    written = security_infos.chip_public_key(ChipKey(13, 5, key_id=1), ChipKeyDesign(parameters=parameters))
    algorithm = core.Sequence.load(written)[1][0]
    kinds = {"explicit": core.Sequence, "standardized": core.Integer, "named": core.ObjectIdentifier}
    assert isinstance(algorithm[1], kinds[parameters])
    oid = {"standardized": "0.4.0.127.0.7.1.2"}.get(parameters, "1.2.840.10045.2.1")
    assert algorithm[0].dotted == oid


@pytest.mark.parametrize(
    ("x942", "oid", "members"), [(False, "1.2.840.113549.1.3.1", 2), (True, "1.2.840.10046.2.1", 4)]
)
def test_a_modular_chip_key_in_both_spellings(x942: bool, oid: str, members: int) -> None:
    written = security_infos.chip_public_key(ChipKey(2, 5), ChipKeyDesign(2, x942=x942))
    algorithm = core.Sequence.load(written)[1][0]
    assert algorithm[0].dotted == oid
    assert sum(1 for _ in tlv.decode(algorithm[1].contents)) == members


# -- the image file


def changed(given: Any, path: list[Any], value: Any) -> Any:
    whole = copy.deepcopy(given)
    place = whole
    for step in path[:-1]:
        place = place[step]
    if value is None and isinstance(place, dict):
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return whole


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["can"], "12345"),
        (["pin"], 2580),
        (["mrz"], ["I" * 30]),
        (["mrz"], ["i" * 30] * 3),
        (["extra"], 1),
        (["files"], None),
        (["files", "DG1"], "***"),
        (["files", "DG99"], "AA=="),
        (["access", "paces"], [["GM", "AES-128", 19]]),
        (["access", "paces"], [["GM", "AES-128", True]]),
        (["access", "paces"], [["XM", "AES-128", 13]]),
        (["access", "paces"], [["GM", "AES-128", 13]] * 17),
        (["access", "passwords"], [4]),
        (["access", "bac"], 1),
        (["chip_keys", 0, "private"], "0"),
        (["chip_keys", 0, "version"], 3),
        (["chip_keys", 0, "ciphers"], ["DES"]),
        (["active_authentication"], {"key": "AA==", "hash": "sha256", "least": False}),
        (["active_authentication"], {"key": "AA=="}),
        (["pin_plan", "kind"], "guess"),
        (["pin_plan", "application"], "xyz"),
        (["platform", "largest_read"], "1"),
        (["platform", "odd_read"], None),
        (["faulty"], {str(number): {} for number in range(65)}),
    ],
    ids=str,
)
def test_another_image_than_ours_is_refused(path: list[Any], value: Any, images: dict[str, CardImage]) -> None:
    good = json.loads(images["chip-authentication"].to_json())
    assert CardImage.from_json(json.dumps(good))
    with pytest.raises(CardImageInvalid):
        CardImage.from_json(json.dumps(changed(good, path, value)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_an_image_with_anything_in_any_place_is_an_image_or_refused(
    images: dict[str, CardImage], data: st.DataObject
) -> None:
    good = json.loads(images["cam"].to_json())
    key = data.draw(st.sampled_from(sorted(good)))
    path = [key]
    if isinstance(good[key], dict) and good[key]:
        path.append(data.draw(st.sampled_from(sorted(good[key]))))
    with contextlib.suppress(CardImageInvalid):
        CardImage.from_json(json.dumps(changed(good, path, data.draw(JSON))))


def test_a_card_refuses_the_fault_it_cannot_have(images: dict[str, CardImage]) -> None:
    for name, fault in (("bare", Fault.HIDDEN_DG15), ("bac", Fault.DOWNGRADE), ("icao", Fault.WEAKER_ACCESS)):
        with pytest.raises(HandRefused):
            SimulatedCard(images[name], fault)
