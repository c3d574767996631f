"""Whole files: what a chip's say, a national profile, the image of a simulated card."""

from __future__ import annotations

import copy
import datetime as dt
import json
from functools import cache
from typing import Any

from drivers.simulated.card.image import CardImage
from drivers.simulated.errors import CardImageInvalid
from drivers.smartcard import profile, profile_file
from drivers.smartcard.emrtd import lds
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.errors import MalformedData
from tests.fuzz.harness import CORPUS, harness

TODAY = dt.date(2026, 11, 22)
PROFILES = tuple(profile.load(name) for name in ("icao", "dz-cnibe", "ma-cnie"))
TEXTS = (FileId.COM, FileId.DIR, FileId.DG1, FileId.DG7, FileId.DG12, FileId.DG13, FileId.DG16)


@harness(MalformedData, longest=1024)
def data_group(data: bytes) -> None:
    """First a byte that chooses the file, and the profile it is read by."""
    choice, content = (data[0], data[1:]) if data else (0, b"")
    lds.parse(TEXTS[choice % 16 % len(TEXTS)], content, TODAY, PROFILES[choice // 16 % 3])


@harness(MalformedData, longest=1024)
def dg11(data: bytes) -> None:
    """First a byte that chooses the profile."""
    choice, content = (data[0], data[1:]) if data else (0, b"")
    lds.parse_dg11(content, PROFILES[choice % 3])


@harness(MalformedData)
def dg2(data: bytes) -> None:
    face = lds.parse_dg2(data)
    assert face.width > 0 and face.height > 0 and face.image in data


@harness(MalformedData, longest=1024)
def holder(data: bytes) -> None:
    """First a byte that chooses the profile, then two bytes of length, DG1, and the rest is DG11."""
    choice, size = data[:1].ljust(1, b"\0")[0], int.from_bytes(data[1:3])
    files = {FileId.DG1: data[3 : 3 + size]}
    if data[3 + size :]:
        files[FileId.DG11] = data[3 + size :]
    read = lds.card_data(files, TODAY, PROFILES[choice % 3])
    assert read.date_of_birth == read.birth.whole and set(read.sources.values()) <= {"DG1", "DG11"}


@harness(profile.ProfileInvalid)
def profile_toml(data: bytes) -> None:
    read = profile_file.parse("made-up", data)
    assert read.encodings and (read.country is None) == (read.issuing_state is None)


@harness(CardImageInvalid, longest=16384)
def card_image(data: bytes) -> None:
    image = CardImage.from_json(data.decode("utf-8", "replace"))
    assert CardImage.from_json(image.to_json()) == image


@harness(CardImageInvalid, longest=64)
def card_image_values(data: bytes) -> None:
    """A right image in which values are replaced: six bytes each, four that go down the tree, one that chooses."""
    tree = json.loads(_right_image())
    for at in range(0, len(data) - 5, 6):
        _replace(tree, data[at : at + 5], VALUES[data[at + 5] % len(VALUES)])
    image = CardImage.from_json(json.dumps(tree))
    assert CardImage.from_json(image.to_json()) == image


VALUES = (None, True, 0, -1, 255, 1 << 64, 1.5, "", "0", "é", "AAAA", "x" * 90, [], [[]], {}, {"a": 1}, [1, 2, 3])


def _replace(node: Any, way: bytes, value: object) -> None:
    for step in way:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = keys[step % len(keys)]
        if step >= 192 or not isinstance(node[key], dict | list):
            node[key] = copy.deepcopy(value)
            return
        node = node[key]


@cache
def _right_image() -> str:
    return (CORPUS / "card-image" / "good-icao").read_text()
