"""A whole card read, text and photo, 17 kB in all, from a chip with long answers and from one with short ones.

The goals: with a chip that takes 8 ms for each answer no more than 1.05 of replaying the same APDUs without any
cryptography; at most 12 APDUs with extended length and 85 without. `first ms` is the time until the national number
is known, with which the registry can be asked while the photo is still being read.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.card import BLOCK, Floor, Overheard, Reader
from benchmarks.measure import Series, Stage
from drivers import smartcard
from drivers.simulated.issuer import CardDesign, CardIssuer, Holder
from drivers.simulated.issuing.design import FaceDesign
from drivers.simulated.recording import Recording
from drivers.smartcard import FileId
from kiosk.simulation.townhall import TownHall

DELAYS_MS = (8, 0)
_FILES = (FileId.DG1, FileId.DG11, FileId.SOD, FileId.DG2)
_CAN = "123456"
_PHOTO_QUALITY = 85
"""With this photo the four files are 16.9 kB in all."""


def designs() -> dict[str, CardDesign]:
    face = FaceDesign(quality=_PHOTO_QUALITY)
    return {
        "extended": replace(CardDesign.named("bare"), face=face),
        "short": replace(CardDesign.named("short"), face=face, active=None),
    }


def read(channel: smartcard.Channel) -> float:
    """Reads it; gives the milliseconds until the national number was known."""
    start = time.perf_counter()
    card = smartcard.IdCard(channel)
    card.open(smartcard.Can(_CAN))
    files = {file: card.read(file) for file in (FileId.DG1, FileId.DG11)}
    data = smartcard.card_data(files, dt.date.today())
    known = (time.perf_counter() - start) * 1000
    assert data.personal_number
    for file in _FILES[2:]:
        card.read(file)
    return known


def measure(hall: TownHall, rounds: int) -> list[Stage]:
    """`card-read-extended-8ms`, `…-0ms`, `card-read-short-8ms`, `…-0ms`."""
    issuer = CardIssuer.load_or_create(hall.folder / "bench-issuer")
    stages = []
    with Reader(hall).watched() as reader:
        for name, design in designs().items():
            file = hall.folder / f"bench-{name}.json"
            issuer.issue(_holder(), design).save(file)
            stages += [_stage(reader, name, file, delay, rounds) for delay in DELAYS_MS]
    return stages


def _stage(reader: Reader, name: str, image: Path, delay: int, rounds: int) -> Stage:
    overheard = _record(reader, image)
    recording = image.with_suffix(".recorded")
    Recording(tuple(overheard.pairs)).save(recording)
    stage = Stage(f"card-read-{name}-{delay}ms", f"a whole card, {name} answers", "the same APDUs replayed")
    floor = Floor(overheard.pairs)
    for start in range(0, rounds, BLOCK):
        block = range(start, min(start + BLOCK, rounds))
        with reader.holding(image, delay):
            for _ in block:
                _ours(reader.name, stage)
        with reader.holding(recording, delay):
            for _ in block:
                floor.replay(reader.name, Series(), stage.floor)
    stage.counts["apdus"] = overheard.apdu_count
    stage.counts["bytes"] = overheard.byte_count
    if not delay:
        stage.counts["µs a kB"] = round((stage.ours.median - stage.floor.median) * 1e6 / overheard.byte_count)
    return stage


def _ours(name: str, stage: Stage) -> None:
    channel = smartcard.connect(name)
    try:
        with stage.ours.measured():
            known = read(channel)
        stage.first.times.append(known)
    finally:
        channel.close()


def _record(reader: Reader, image: Path) -> Overheard:
    with reader.holding(image):
        channel = smartcard.connect(reader.name)
        try:
            overheard = Overheard(channel.transmit, channel.atr)
            read(overheard)
        finally:
            channel.close()
    return overheard


def _holder() -> Holder:
    return Holder(
        document_number="100000003",
        nin="118603140000000001",
        surname_latin="BENALI",
        given_latin="AMINA",
        surname_arabic="بن علي",
        given_arabic="أمينة",
        sex="F",
        date_of_birth=dt.date(1986, 3, 14),
        date_of_expiry=dt.date(2032, 5, 1),
        can=_CAN,
        pin="4321",
    )
