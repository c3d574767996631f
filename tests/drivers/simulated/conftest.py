"""For the tests of the simulated card: holders, images, and a terminal that speaks the protocols' other side."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from Crypto.Cipher import AES

from drivers.simulated.card import Access, CardImage, SimulatedCard, tlv
from drivers.simulated.card.access import MRZ_PASSWORD, PACE_ECDH_GM_AES128, mrz_seed
from drivers.simulated.card.curve import GENERATOR, ORDER, Point
from drivers.simulated.card.messaging import Aes, Suite, TripleDes, derive, derive_3des, pad, unpad
from drivers.simulated.issuer import CardIssuer, Holder

AID = bytes.fromhex("A0000002471001")


def scalar() -> int:
    return int.from_bytes(os.urandom(32), "big") % (ORDER - 1) + 1


class Terminal:
    """Speaks with one card; `session` is its suite and counter once PACE or BAC has passed."""

    def __init__(self, card: SimulatedCard) -> None:
        self.card = card
        self.session: Suite | None = None
        self.counter = 0

    def plain(self, command: str | bytes) -> tuple[bytes, int]:
        """Sends a command as it is; gives the answer's data and status word."""
        raw = self.card.process(bytes.fromhex(command) if isinstance(command, str) else command)
        return raw[:-2], int.from_bytes(raw[-2:], "big")

    def select_application(self) -> int:
        return self.plain(b"\x00\xa4\x04\x0c\x07" + AID)[1]

    def pace(self, secret: bytes, reference: int) -> int:
        """Runs PACE; gives the status word it ended with. The session stands when that is 9000."""
        template = tlv.encode(0x80, PACE_ECDH_GM_AES128) + tlv.encode(0x83, bytes([reference]))
        status = self.plain(b"\x00\x22\xc1\xa4" + bytes([len(template)]) + template)[1]
        if status != 0x9000:
            return status
        encrypted = self._authenticate(b"", 0x80)
        nonce = AES.new(derive(secret, 3), AES.MODE_CBC, bytes(16)).decrypt(encrypted)
        map_key, key = scalar(), scalar()
        theirs = Point.decode(self._authenticate(tlv.encode(0x81, GENERATOR.times(map_key).encode()), 0x82))
        mapped = GENERATOR.times(int.from_bytes(nonce, "big")).plus(theirs.times(map_key))
        own = mapped.times(key)
        theirs = Point.decode(self._authenticate(tlv.encode(0x83, own.encode()), 0x84))
        shared = theirs.times(key).x.to_bytes(32, "big")
        suite = Aes(derive(shared, 1), derive(shared, 2))
        body = tlv.encode(0x7C, tlv.encode(0x85, suite.checksum(_token_input(theirs))))
        data, status = self.plain(b"\x00\x86\x00\x00" + bytes([len(body)]) + body + b"\x00")
        if status == 0x9000:
            assert data == tlv.encode(0x7C, tlv.encode(0x86, suite.checksum(_token_input(own))))
            self.session, self.counter = suite, 0
        return status

    def _authenticate(self, inner: bytes, tag: int) -> bytes:
        body = tlv.encode(0x7C, inner)
        data, status = self.plain(b"\x10\x86\x00\x00" + bytes([len(body)]) + body + b"\x00")
        assert status == 0x9000
        ((outer, value),) = tlv.decode(data)
        ((found, content),) = tlv.decode(value)
        assert (outer, found) == (0x7C, tag)
        return content

    def open(self, image: CardImage) -> None:
        """Opens the card as its kind asks and selects the application."""
        if image.access is Access.BAC:
            assert self.select_application() == 0x9000
            assert self.bac(image.mrz_information) == 0x9000
            return
        assert self.pace(mrz_seed(image.mrz_information), MRZ_PASSWORD) == 0x9000
        assert self.send(0xA4, 0x04, 0x0C, AID)[1] == 0x9000

    def bac(self, mrz_information: str) -> int:
        """Runs BAC in the selected application; gives its last status word."""
        challenge, status = self.plain("0084000008")
        if status != 0x9000:
            return status
        seed = mrz_seed(mrz_information)[:16]
        suite = TripleDes(derive_3des(seed, 1), derive_3des(seed, 2))
        random, key = os.urandom(8), os.urandom(16)
        hidden = suite.encrypt(random + challenge + key)
        answer, status = self.plain(b"\x00\x82\x00\x00\x28" + hidden + suite.checksum(pad(hidden, 8)) + b"\x28")
        if status == 0x9000:
            plain = suite.decrypt(answer[:32])
            assert plain[:16] == challenge + random and suite.checksum(pad(answer[:32], 8)) == answer[32:]
            shared = bytes(a ^ b for a, b in zip(key, plain[16:], strict=True))
            self.session = TripleDes(derive_3des(shared, 1), derive_3des(shared, 2))
            self.counter = int.from_bytes(challenge[4:] + random[4:], "big")
        return status

    def protected(
        self, ins: int, p1: int, p2: int, data: bytes = b"", le: int | None = None, *, extended: bool = False
    ) -> bytes:
        """The protected command APDU, the counter advanced; `le` 0 asks for all that fits."""
        assert self.session is not None
        self.counter += 1
        header, block = bytes((0x0C, ins, p1, p2)), self.session.block
        objects = b""
        if data:
            objects += tlv.encode(0x87, b"\x01" + self.session.encrypt(pad(data, block), self._ssc))
        if le is not None:
            objects += tlv.encode(0x97, le.to_bytes(2 if extended else 1, "big"))
        body = objects + tlv.encode(0x8E, self.session.checksum(pad(self._ssc + pad(header, block) + objects, block)))
        if extended:
            return header + b"\x00" + len(body).to_bytes(2, "big") + body + b"\x00\x00"
        return header + bytes([len(body)]) + body + b"\x00"

    def send(
        self, ins: int, p1: int, p2: int, data: bytes = b"", le: int | None = None, *, extended: bool = False
    ) -> tuple[bytes, int]:
        """Sends a protected command; checks and opens the answer."""
        raw = self.card.process(self.protected(ins, p1, p2, data, le, extended=extended))
        return self.opened(raw)

    def opened(self, raw: bytes) -> tuple[bytes, int]:
        assert self.session is not None
        self.counter += 1
        objects = dict(tlv.decode(raw[:-2]))
        checksum = objects.pop(0x8E)
        covered = b"".join(tlv.encode(tag, value) for tag, value in objects.items())
        assert self.session.checksum(pad(self._ssc + covered, self.session.block)) == checksum, "wrong checksum"
        assert objects[0x99] == raw[-2:]
        data = unpad(self.session.decrypt(objects[0x87][1:], self._ssc)) if 0x87 in objects else b""
        return data, int.from_bytes(raw[-2:], "big")

    def read(self, identifier: int, step: int = 223) -> bytes:
        """A whole file by SELECT and READ BINARY, its length taken from its header."""
        assert self.send(0xA4, 0x02, 0x0C, identifier.to_bytes(2, "big"))[1] == 0x9000
        head, status = self.send(0xB0, 0, 0, le=4)
        assert status == 0x9000
        length = head[1] + 2 if head[1] < 0x80 else int.from_bytes(head[2 : 2 + head[1] - 0x80], "big") + head[1] - 0x7E
        content = head[:length]
        while len(content) < length:
            part, status = self.send(0xB0, *divmod(len(content), 256), le=min(step, length - len(content)))
            assert status == 0x9000
            content += part
        return content

    @property
    def _ssc(self) -> bytes:
        assert self.session is not None
        return (self.counter % (1 << 8 * self.session.block)).to_bytes(self.session.block, "big")


def _token_input(key: Point) -> bytes:
    return tlv.encode(0x7F49, tlv.encode(0x06, PACE_ECDH_GM_AES128) + tlv.encode(0x86, key.encode()))


@pytest.fixture(scope="session")
def amina() -> Holder:
    return Holder(
        document_number="900000001",
        nin="990000000000000001",
        surname_latin="Ben Ali",
        given_latin="Amina",
        surname_arabic="بن علي",
        given_arabic="أمينة",
        sex="F",
        date_of_birth=dt.date(1986, 3, 14),
        date_of_expiry=dt.date(2032, 5, 1),
        birthplace="Alger",
        can="123456",
        pin="2580",
    )


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> CardIssuer:
    return CardIssuer.load_or_create(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="session")
def image(issuer: CardIssuer, amina: Holder) -> CardImage:
    """A card opened by PACE."""
    return issuer.issue(amina)


@pytest.fixture(scope="session")
def bac_image(issuer: CardIssuer, amina: Holder) -> CardImage:
    return issuer.issue(replace(amina, access=Access.BAC, document_number="L898902C"))


@pytest.fixture(scope="session")
def terminal() -> Callable[[SimulatedCard], Terminal]:
    return Terminal


@pytest.fixture
def image_file(image: CardImage, tmp_path: Path) -> Path:
    image.save(tmp_path / "amina.json")
    return tmp_path / "amina.json"
