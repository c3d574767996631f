"""Seeds out of simulated cards of every design: their files, whole conversations, what is signed."""

from __future__ import annotations

import datetime as dt
import io
import tempfile
import zipfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from drivers.simulated.card import CardImage, SimulatedCard
from drivers.simulated.issuer import CardIssuer, Holder
from drivers.simulated.issuing import faces, portrait
from drivers.simulated.issuing.design import DESIGNS, FaceDesign
from drivers.smartcard import tlv
from drivers.smartcard.card import IdCard
from drivers.smartcard.errors import CardError
from drivers.smartcard.examination import examine
from tests.fuzz.harness import script
from tests.fuzz.harnesses import channel, files, signed, visit

Seeds = Iterator[tuple[str, str, bytes]]
DESIGNED = ("icao", "dz-cnibe", "ma-cnie", "chip-authentication", "rich", "short", "bac")
HOLDER = Holder(
    document_number="D23145890",
    nin="109860101601012345",
    surname_latin="Benali",
    given_latin="Amina",
    surname_arabic="بن علي",
    given_arabic="أمينة",
    sex="F",
    date_of_birth=dt.date(1986, 1, 1),
    date_of_expiry=dt.date(2034, 12, 31),
    can="123456",
    pin="1234",
    birthplace="Alger",
)
MOROCCAN = replace(HOLDER, issuing_state="MAR", nin="AB123456")


def seeds() -> Seeds:
    with tempfile.TemporaryDirectory() as folder:
        issuer = CardIssuer.load_or_create(Path(folder))
        images = {name: issuer.issue(_holder(name), DESIGNS[name]) for name in DESIGNED}
        trust = issuer.trust()
    csca = trust["csca/csca.der"]
    yield "certificate", "good-csca", csca
    yield "revocation-list", "good-dz", trust["crls/dz.crl"]
    for number, (name, image) in enumerate(images.items()):
        yield from _files(name, image)
        if number < 3:
            kept = {file: content for file, content in image.files.items() if len(content) < 2000}
            yield "card-image", f"good-{name}", replace(image, files=kept, faulty={}).to_json().encode()
    for name in ("icao", "chip-authentication", "short"):
        yield "card", f"whole-{name}", _conversation(images[name], name)
    yield from _faces()
    yield from _lists(csca)
    yield (
        "simulated-card",
        "good-select",
        script(bytes.fromhex("00A4040C07A0000002471001"), bytes.fromhex("00B09C0000")),
    )


def _holder(design: str) -> Holder:
    return MOROCCAN if DESIGNS[design].country == "MA" else HOLDER


def _files(name: str, image: CardImage) -> Seeds:
    content = {file.name: data for file, data in image.files.items()}
    profile = {"dz-cnibe": 1, "ma-cnie": 2}.get(name, 0)
    yield "security-object", f"good-{name}", content["SOD"]
    for choice, file in enumerate(files.TEXTS):
        if file.name in content and len(content[file.name]) < 1000:
            yield "data-group", f"good-{name}-{file.name.lower()}", bytes((16 * profile + choice,)) + content[file.name]
    yield "dg11", f"good-{name}", bytes((profile,)) + content["DG11"]
    dg1 = content["DG1"]
    yield "holder", f"good-{name}", bytes((profile,)) + len(dg1).to_bytes(2) + dg1 + content["DG11"]
    yield "zone", f"good-{name}", "".join(image.mrz).encode()
    yield "scanned-text", f"good-{name}", "\n".join(image.mrz).lower().encode()
    yield "scanned-keys", f"good-{name}", b"".join(bytes((key, 2)) for key in "\n".join(image.mrz).encode() + b"\n")
    yield "typed-zone", f"good-{name}", "\n".join(image.mrz).encode()
    evidence = [content.get(file.name, b"") for file in visit.EVIDENCE]
    yield "verdict", f"good-{name}", script(*evidence)
    if "CARD_ACCESS" in content:
        yield "security-info", f"good-{name}-access", content["CARD_ACCESS"]
    if "DG14" in content:
        yield "security-info", f"good-{name}-dg14", tlv.single(content["DG14"], 0x6E).value
    if "DG15" in content:
        yield "signature-key", f"good-{name}", tlv.single(content["DG15"], 0x6F).value
        lengths = b"".join(len(content[group]).to_bytes(2) for group in ("DG14", "DG15"))
        proof = lengths + content["DG14"] + content["DG15"] + bytes(64)
        yield "active-authentication", f"good-{name}", proof
    if "ATR_INFO" in content:
        yield "ef-atr", f"good-{name}", content["ATR_INFO"]
    if name == "icao":
        yield "tlv-objects", "good-dg11", content["DG11"]
        yield "tlv-objects", "good-com", content["COM"]
        yield from _readings({key: content[key] for key in ("SOD", "COM", "CARD_ACCESS")})


def _readings(content: dict[str, bytes]) -> Seeds:
    for name, data in content.items():
        choice = [file.name for file in channel.FILES].index(name)
        for how, size in ((0, 256), (1, 1000), (2, 223)):
            blocks = [data[at : at + size] + b"\x90\x00" for at in range(0, len(data), size)]
            yield "file-reading", f"good-{name.lower()}-{how}", bytes((choice, how)) + script(*blocks)
        refusals = (b"\x6c\x20", data[:8] + b"\x90\x00", b"\x67\x00", data[8:100] + b"\x62\x82")
        yield "file-reading", f"refused-{name.lower()}", bytes((choice, 0)) + script(*refusals)


class Recorder:
    """A channel to a simulated card that keeps what it answered."""

    apdu_count = byte_count = 0

    def __init__(self, chip: SimulatedCard) -> None:
        self._chip = chip
        self.atr = chip.atr
        self.said: list[bytes] = []

    def transmit(self, command: bytes, meanwhile: object = None) -> bytes:
        self.said.append(self._chip.process(command))
        return self.said[-1]

    def reset(self) -> None:
        self._chip.reset()

    def close(self) -> None:
        pass


def _conversation(image: CardImage, name: str) -> bytes:
    recorder = Recorder(SimulatedCard(image))
    card = IdCard(recorder, random=channel.drawn())
    try:
        card.open(visit.CAN)
        examine(card, visit.WANTED, visit.NONCE, opened_with=visit.CAN)
        card.pin_tries()
        card.verify_pin("1234")
    except CardError as error:
        raise AssertionError(name) from error
    return b"\x01" + script(*recorder.said)


def _faces() -> Seeds:
    from PIL import Image

    with Image.open(io.BytesIO(portrait.draw("small", sex="F"))) as picture:
        small = picture.resize((24, 32))
    for coding, form, extra in (("JPEG", "JPEG", {}), ("JP2", "JPEG2000", {}), ("J2K", "JPEG2000", {"no_jp2": True})):
        file = io.BytesIO()
        small.save(file, form, **extra)
        for record in ("19794-5", "39794-5"):
            design = FaceDesign(record, coding)  # type: ignore[arg-type]
            content = faces.dg2(file.getvalue(), design, width=24, height=32, sex="F")
            yield "dg2", f"good-{record}-{coding.lower()}", content


def _lists(csca: bytes) -> Seeds:
    lists = tlv.encode(0x30, tlv.encode(2, b"\0") + tlv.encode(0x31, csca + signed.signer_certificate()))
    yield "master-list-content", "good-two", lists
    signed_list = signed.signed_list(lists)
    yield "master-list-file", "good-bare", signed_list
    text = b64encode(signed_list)
    folded = b"\n ".join(text[at : at + 76] for at in range(0, len(text), 76))
    yield "master-list-file", "good-ldif", b"dn: c=DZ\npkdMasterListContent:: " + folded + b"\n"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("list.ml", signed_list)
    yield "master-list-file", "good-zip", archive.getvalue()
