"""Makes the corpus: files that a simulated card holds, certificates and lists of every kind, conversations.

    python -m tests.fuzz.seeds

Run it when a form is added; the files are kept, so that a fuzzer begins where parsers are already deep. Keys in
them are made for this and thrown away. `good-…` must be taken by its parser, the other files need not be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from drivers.smartcard import profile, tlv
from drivers.smartcard.emrtd import domain
from tests.fuzz import seeds_cards, seeds_keys
from tests.fuzz.harness import CORPUS, script
from tests.fuzz.harnesses import channel

Seeds = Iterator[tuple[str, str, bytes]]
"""(harness, name, content)."""
MADE = ("good-", "wrong-", "refused-", "value-", "whole-")
"""How a seed's name begins; `found-…` and the fuzzer's own files begin otherwise."""


def small_encodings() -> Seeds:
    for number, text in enumerate(
        ("3B8001 01", "3B888001 0031B8640479100081 90", "3BF81300008131FE454A434F5076323431B7")
    ):
        yield "atr", f"good-{number}", bytes.fromhex(text)
    yield "atr", "good-extended", bytes.fromhex("3B8A80018031B873864060810590 0012")
    yield "ef-atr", "good-sizes", bytes.fromhex("43018046 00 7F66 08 0202 0800 0202 1000")
    yield "ef-atr", "good-small", bytes.fromhex("7F66080202010002020100")
    yield "response", "good-empty", b"\x90\x00"
    yield "response", "good-data", b"\x01\x02\x6c\x10"


def conversations() -> Seeds:
    for choice, cipher in enumerate(channel.CIPHERS):
        keys = channel.session_keys(cipher, b"secret")
        padded = channel.pad(b"\x61\x02\x01\x02", keys.block)
        status = tlv.encode(0x99, b"\x90\x00")
        for tag, sign in ((0x87, b"\x01"), (0x85, b"")):
            content = tlv.encode(tag, sign + keys.encrypt((2).to_bytes(keys.block), padded)) + status
            yield "secure-messaging", f"good-{cipher.lower()}-{tag:x}", bytes((choice | 4,)) + content
            yield "secure-messaging", f"wrong-{cipher.lower()}-{tag:x}", bytes((choice,)) + content + b"\x90\x00"
        yield "secure-messaging", f"good-{cipher.lower()}-status", bytes((choice | 4,)) + status
        ragged = tlv.encode(0x87, b"\x01" + bytes(7)) + status
        yield "secure-messaging", f"wrong-{cipher.lower()}-ragged", bytes((choice | 4,)) + ragged
        long = tlv.encode(0x99, b"\x90\x00\x00")
        yield "secure-messaging", f"wrong-{cipher.lower()}-long-status", bytes((choice | 4,)) + long
    yield "bac-conversation", "wrong-proof", script(bytes(8) + b"\x90\x00", bytes(40) + b"\x90\x00")
    for choice, info in enumerate(channel.VARIANTS):
        yield "pace-conversation", f"wrong-token-{choice}", bytes((choice,)) + pace_answers(info)


def pace_answers(info: channel.PaceInfo) -> bytes:
    """A chip that knows the group and not the password: right up to its token."""
    group = domain.standardised(info.parameters)
    nonce = bytes(32 if info.cipher in ("AES-192", "AES-256") else 16)
    mapping = b"" if info.mapping == "IM" else group.generator.times(5).encode()
    answers = ((0x80, nonce), (0x82, mapping), (0x84, group.generator.times(7).encode()), (0x86, bytes(8)))
    return script(*(tlv.encode(0x7C, tlv.encode(tag, value)) + b"\x90\x00" for tag, value in answers))


def typed() -> Seeds:
    yield "typed-zone", "good-fields", b"D23145890|860101|341231"
    yield "typed-digits", "good-can", b"123456"
    yield "card-image-values", "good-nothing", b""
    for first in range(10):
        yield "card-image-values", f"value-{first}", bytes((first, 1, 1, 1, 1, 0))
    yield "typed-digits", "good-pin", b"1234"
    for path in Path(profile.__file__).with_name("profiles").glob("*.toml"):
        yield "profile-toml", f"good-{path.stem}", path.read_bytes()


SOURCES: tuple[Callable[[], Seeds], ...] = (seeds_cards.seeds, seeds_keys.seeds, small_encodings, conversations, typed)


def main() -> None:
    """Writes the seeds anew; what was found, and what the fuzzer added, stays."""
    for old in CORPUS.glob("*/*"):
        if old.name.startswith(MADE):
            old.unlink()
    for source in SOURCES:
        for harness, name, content in source():
            assert name.startswith(MADE), name
            folder = CORPUS / harness
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
