"""A card that talks nonsense: secure messaging, and the protocols that open and read a chip."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from drivers.smartcard import tlv
from drivers.smartcard.apdu import CommandApdu, ResponseApdu
from drivers.smartcard.emrtd import bac, chip, pace, reading, security_infos
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.keys import CipherName, session_keys
from drivers.smartcard.emrtd.messaging import SecureMessaging, pad
from drivers.smartcard.emrtd.passwords import Can, Mrz
from drivers.smartcard.emrtd.security_infos import PACE, PaceInfo
from drivers.smartcard.errors import CardError, ChannelBroken, MalformedData, Unprotected
from tests.fuzz.harness import harness, play

CIPHERS: tuple[CipherName, ...] = ("3DES", "AES-128", "AES-192", "AES-256")
VARIANTS = (
    PaceInfo(PACE + b"\x02\x02", "ECDH", "GM", "AES-128", 12),
    PaceInfo(PACE + b"\x04\x04", "ECDH", "IM", "AES-256", 13),
    PaceInfo(PACE + b"\x06\x03", "ECDH", "CAM", "AES-192", 12),
    PaceInfo(PACE + b"\x01\x01", "DH", "GM", "3DES", 0),
)
CAN = Can("123456")
FILES = (FileId.DG2, FileId.SOD, FileId.COM, FileId.DIR, FileId.CARD_ACCESS)
RANDOM_MRZ = "L898902C|690806|940623"


def drawn() -> Callable[[int], bytes]:
    """Random numbers that are the same each time, and small, so that none is too large for its group."""
    numbers = count(1)
    return lambda size: (next(numbers) * 0x010203).to_bytes(size)


@harness(MalformedData, ChannelBroken, Unprotected)
def secure_messaging(data: bytes) -> None:
    """First a byte that chooses the cipher, and whether the answer gets a right checksum; then the answer."""
    choice, answer = (data[0], data[1:]) if data else (0, b"")
    cipher = CIPHERS[choice & 3]
    channel = SecureMessaging(session_keys(cipher, b"secret"))
    channel.seal(CommandApdu(0x00, 0xB0, 0x00, 0x00, le=256))
    if choice & 4:
        answer = sealed(cipher, answer)
    opened = channel.open(ResponseApdu.decode(answer))
    assert choice & 4, "nobody without the keys makes an answer that is believed"
    assert 0 <= opened.response.status <= 0xFFFF
    assert len(opened.response.data) < len(answer)


def sealed(cipher: CipherName, objects: bytes) -> bytes:
    """`objects` with the checksum that a chip with the channel's keys would put after them."""
    keys = session_keys(cipher, b"secret")
    cc = keys.mac(pad((2).to_bytes(keys.block) + objects, keys.block))
    return objects + tlv.encode(0x8E, cc) + b"\x90\x00"


@harness(CardError, longest=4096)
def pace_conversation(data: bytes) -> None:
    """First a byte that chooses the variant, then the chip's answers."""
    info = VARIANTS[data[0] % len(VARIANTS)] if data else VARIANTS[0]
    play(pace.key_agreement(CAN, info, drawn()), data[1:])


@harness(CardError)
def bac_conversation(data: bytes) -> None:
    play(bac.mutual_authentication(Mrz.parse(RANDOM_MRZ), drawn()), data)


@harness(CardError, longest=4096)
def chip_authentication(data: bytes) -> None:
    """Two bytes of length and the SecurityInfos of DG14, then the chip's answers."""
    end = 2 + int.from_bytes(data[:2])
    way = chip.choose(security_infos.parse(data[2:end]))
    if way is not None:
        play(chip.authenticate(way, drawn()), data[end:])


@harness(CardError, longest=8192)
def file_reading(data: bytes) -> None:
    """First a byte that chooses the file and one that says how the chip may be asked, then its answers."""
    choice, how = (*data[:2], 0, 0)[:2]
    sizes, partial = reading.Sizes(extended=1000 if how & 1 else 0), reading.Partial()
    if how & 2:
        sizes.fitting = 223
    file = FILES[choice % len(FILES)]
    content = play(reading.read(file, sizes, partial), data[2:])
    if isinstance(content, bytes):
        assert len(content) == partial.total and content == bytes(partial.content[: partial.total])
    assert len(partial.content) <= len(data)
