"""For the tests of the simulated card: holders, images, and a terminal that speaks the protocols' other side."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from Crypto.Cipher import AES, DES3

from drivers.simulated.card import Access, CardImage, SimulatedCard, tlv
from drivers.simulated.card.bac import mrz_seed
from drivers.simulated.card.ciphers import Cipher, Suite, TripleDes, derive, pad, suite, unpad
from drivers.simulated.card.groups import Element, draw, standard
from drivers.simulated.card.mapping import integrated
from drivers.simulated.card.plan import Mapping, PaceVariant, Password
from drivers.simulated.issuer import CardIssuer, Holder

AID = bytes.fromhex("A0000002471001")


class Terminal:
    """Speaks with one card; `session` is its suite and counter once PACE or BAC has passed."""

    def __init__(self, card: SimulatedCard) -> None:
        self.card = card
        self.session: Suite | None = None
        self.counter = 0
        self.odd = False
        self.mapping_key: Element | None = None
        self.chip_proof = b""

    def plain(self, command: str | bytes) -> tuple[bytes, int]:
        """Sends a command as it is; gives the answer's data and status word."""
        raw = self.card.process(bytes.fromhex(command) if isinstance(command, str) else command)
        return raw[:-2], int.from_bytes(raw[-2:], "big")

    def select_application(self) -> int:
        return self.plain(b"\x00\xa4\x04\x0c\x07" + AID)[1]

    def pace(
        self, secret: bytes, reference: int, variant: PaceVariant | None = None, *, names_parameters: bool = False
    ) -> int:
        """Runs PACE; gives the status word it ended with. The session stands when that is 9000."""
        variant = variant or PaceVariant()
        group = standard(variant.parameters)
        template = tlv.encode(0x80, variant.oid) + tlv.encode(0x83, bytes([reference]))
        if names_parameters:
            template += tlv.encode(0x84, bytes([variant.parameters]))
        status = self.said(0x22, 0xC1, 0xA4, template)[1]
        if status != 0x9000 and status >> 4 != 0x63C:
            return status
        nonce = self._decrypted(variant.cipher, derive(secret, 3, variant.cipher), self._authenticate(b"", 0x80))
        if variant.mapping is Mapping.INTEGRATED:
            chosen = os.urandom(variant.cipher.key_size)
            assert self._authenticate(tlv.encode(0x81, chosen), 0x82) == b""
            mapped = integrated(group, variant.cipher, nonce, chosen)
        else:
            map_key = draw(group, os.urandom)
            data = tlv.encode(0x81, group.generator.times(map_key).encode())
            self.mapping_key = group.decode(self._authenticate(data, 0x82))
            mapped = group.generator.times(int.from_bytes(nonce, "big")).plus(self.mapping_key.times(map_key))
        key = draw(group, os.urandom)
        own = mapped.times(key)
        theirs = group.decode(self._authenticate(tlv.encode(0x83, own.encode()), 0x84))
        keys = suite(variant.cipher, theirs.times(key).secret())
        body = tlv.encode(0x7C, tlv.encode(0x85, keys.token(_token_input(variant, theirs))))
        data, status = self.said(0x86, 0, 0, body, le=0)
        if status == 0x9000:
            ((_, inner),) = tlv.decode(data)
            (tag, token), *more = tlv.decode(inner)
            assert (tag, token) == (0x86, keys.token(_token_input(variant, own)))
            assert [tag for tag, _ in more] == ([0x8A] if variant.mapping is Mapping.CHIP_AUTHENTICATION else [])
            self.chip_proof = self._chip_proof(keys, more[0][1]) if more else b""
            self.session, self.counter = keys, 0
        return status

    def said(self, ins: int, p1: int, p2: int, data: bytes, *, le: int | None = None, chained: bool = False) -> Any:
        """A command with data, protected when a session stands."""
        if self.session is not None:
            return self.send(ins, p1, p2, data, le, chained=chained, extended=len(data) > 200)
        header = bytes((0x10 if chained else 0, ins, p1, p2))
        if len(data) > 255:
            return self.plain(header + b"\0" + len(data).to_bytes(2, "big") + data + (b"" if le is None else b"\0\0"))
        return self.plain(header + bytes([len(data)]) + data + (b"" if le is None else b"\0"))

    def _authenticate(self, inner: bytes, tag: int) -> bytes:
        data, status = self.said(0x86, 0, 0, tlv.encode(0x7C, inner), le=0, chained=True)
        assert status == 0x9000
        ((outer, value),) = tlv.decode(data)
        ((found, content),) = tlv.decode(value)
        assert (outer, found) == (0x7C, tag)
        return content

    @staticmethod
    def _decrypted(cipher: Cipher, key: bytes, data: bytes) -> bytes:
        if cipher is Cipher.TRIPLE_DES:
            return bytes(DES3.new(key, DES3.MODE_CBC, bytes(8)).decrypt(data))
        return bytes(AES.new(key, AES.MODE_CBC, bytes(16)).decrypt(data))

    @staticmethod
    def _chip_proof(keys: Suite, hidden: bytes) -> bytes:
        """The chip authentication data of PACE-CAM: its initial vector is that of a counter of -1."""
        return unpad(keys.decrypt(hidden, b"\xff" * 16))

    def open(self, image: CardImage) -> None:
        """Opens the card, after a reset, as its kind asks and selects the application."""
        self.session = None
        if image.access is Access.BAC:
            assert self.select_application() == 0x9000
            assert self.bac(image.mrz_information) == 0x9000
            return
        seed = mrz_seed(image.mrz_information)
        assert self.pace(seed, Password.MRZ, image.plan.paces[0], names_parameters=True) == 0x9000
        assert self.send(0xA4, 0x04, 0x0C, AID)[1] == 0x9000

    def bac(self, mrz_information: str) -> int:
        """Runs BAC in the selected application; gives its last status word."""
        challenge, status = self.plain("0084000008")
        if status != 0x9000:
            return status
        seed = mrz_seed(mrz_information)[:16]
        keys = suite(Cipher.TRIPLE_DES, seed)
        assert isinstance(keys, TripleDes)
        random, key = os.urandom(8), os.urandom(16)
        hidden = keys.encrypt(random + challenge + key)
        answer, status = self.plain(b"\x00\x82\x00\x00\x28" + hidden + keys.checksum(pad(hidden, 8)) + b"\x28")
        if status == 0x9000:
            plain = keys.decrypt(answer[:32])
            assert plain[:16] == challenge + random and keys.checksum(pad(answer[:32], 8)) == answer[32:]
            shared = bytes(a ^ b for a, b in zip(key, plain[16:], strict=True))
            self.session = suite(Cipher.TRIPLE_DES, shared)
            self.counter = int.from_bytes(challenge[4:] + random[4:], "big")
        return status

    def protected(
        self,
        ins: int,
        p1: int,
        p2: int,
        data: bytes = b"",
        le: int | None = None,
        *,
        extended: bool = False,
        chained: bool = False,
    ) -> bytes:
        """The protected command APDU, the counter advanced; `le` 0 asks for all that fits."""
        assert self.session is not None
        self.counter += 1
        header, block = bytes((0x1C if chained else 0x0C, ins, p1, p2)), self.session.block
        objects = b""
        self.odd = bool(ins & 1)
        if data:
            hidden = self.session.encrypt(pad(data, block), self._ssc)
            objects += tlv.encode(0x85, hidden) if self.odd else tlv.encode(0x87, b"\x01" + hidden)
        if le is not None:
            objects += tlv.encode(0x97, le.to_bytes(2 if extended else 1, "big"))
        body = objects + tlv.encode(0x8E, self.session.checksum(pad(self._ssc + pad(header, block) + objects, block)))
        if extended:
            return header + b"\x00" + len(body).to_bytes(2, "big") + body + b"\x00\x00"
        return header + bytes([len(body)]) + body + b"\x00"

    def send(
        self,
        ins: int,
        p1: int,
        p2: int,
        data: bytes = b"",
        le: int | None = None,
        *,
        extended: bool = False,
        chained: bool = False,
    ) -> tuple[bytes, int]:
        """Sends a protected command; checks and opens the answer."""
        raw = self.card.process(self.protected(ins, p1, p2, data, le, extended=extended, chained=chained))
        return self.opened(raw)

    def opened(self, raw: bytes) -> tuple[bytes, int]:
        assert self.session is not None
        self.counter += 1
        objects = dict(tlv.decode(raw[:-2]))
        checksum = objects.pop(0x8E)
        covered = b"".join(tlv.encode(tag, value) for tag, value in objects.items())
        assert self.session.checksum(pad(self._ssc + covered, self.session.block)) == checksum, "wrong checksum"
        assert objects[0x99] == raw[-2:]
        hidden = objects.get(0x85, b"") if self.odd else objects.get(0x87, b"\x01")[1:]
        data = unpad(self.session.decrypt(hidden, self._ssc)) if hidden else b""
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


def _token_input(variant: PaceVariant, key: Element) -> bytes:
    tag = standard(variant.parameters).tag
    return tlv.encode(0x7F49, tlv.encode(0x06, variant.oid) + tlv.encode(tag, key.encode()))


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
