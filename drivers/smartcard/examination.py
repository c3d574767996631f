"""One look at an open card: its files in the order that serves the visit, and what its chip proves of itself.

    EF.SOD, the text groups     who it is: the registry can be asked meanwhile (`on_text`)
    DG14, DG15                  the chip's keys, where EF.SOD lists them
    chip authentication         a new channel, and the proof of the chip
    active authentication       the proof that can be shown to others
    the rest                    pictures, if anything needs them

Nothing is believed here; `genuine.judge` says what it is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from drivers.smartcard.card import IdCard
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.passwords import Password
from drivers.smartcard.emrtd.reading import Progress
from drivers.smartcard.errors import CardRefused, ChipNotProven, FileAbsent, UnsupportedKey
from drivers.smartcard.genuine import ActiveAnswer, CardEvidence, listed

TEXT = (FileId.DG1, FileId.DG11, FileId.DG12, FileId.DG13, FileId.DG16)
"""Small files; who the holder is stands in the first two."""
PICTURES = (FileId.DG2, FileId.DG7)
_KEYS = (FileId.DG14, FileId.DG15)


def examine(
    card: IdCard,
    wanted: Iterable[FileId],
    nonce: bytes,
    *,
    opened_with: Password | None = None,
    on_text: Callable[[dict[FileId, bytes]], None] = lambda files: None,
    progress: Callable[[FileId], Progress | None] = lambda file: None,
) -> CardEvidence:
    """Of `wanted`, what EF.SOD lists (and EF.COM, if asked for); `nonce` are 8 bytes for active authentication.

    `on_text` is given EF.SOD and the text groups as soon as they are read. Raises FileAbsent without EF.SOD or DG1,
    MalformedData, CardRemovedError, CardSilent, ChannelBroken: what a chip that will not be read any further raises.
    """
    return _Examination(card, tuple(wanted), progress).run(nonce, opened_with, on_text)


class _Examination:
    def __init__(self, card: IdCard, wanted: tuple[FileId, ...], progress: Callable[[FileId], Progress | None]) -> None:
        self._card = card
        self._wanted = wanted
        self._progress = progress
        self._files: dict[FileId, bytes] = {}
        self._unread: dict[FileId, str] = {}

    def run(
        self, nonce: bytes, opened_with: Password | None, on_text: Callable[[dict[FileId, bytes]], None]
    ) -> CardEvidence:
        access = self._card.probe().infos
        self._files[FileId.SOD] = self._card.read(FileId.SOD, self._progress(FileId.SOD))
        signed = listed(self._files[FileId.SOD])
        wanted = [file for file in self._wanted if file in signed or file is FileId.COM]
        self._read(file for file in wanted if file in TEXT)
        on_text(dict(self._files))
        self._read(file for file in _KEYS if file in signed)
        chip = self._authenticate_chip()
        active = self._ask(nonce) if FileId.DG15 in self._files and chip != "failed" else None
        if chip != "failed":
            self._read(file for file in wanted if file not in TEXT and file not in _KEYS)
        if self._card.card_security is not None:
            self._files[FileId.CARD_SECURITY] = self._card.card_security
        return CardEvidence(
            files=self._files,
            unread=self._unread,
            access=access,
            chip_data=self._card.chip_data,
            chip_authentication=chip,
            active=active,
            opened_with=opened_with,
        )

    def _read(self, files: Iterable[FileId]) -> None:
        for file in files:
            try:
                self._files[file] = self._card.read(file, self._progress(file))
            except (FileAbsent, CardRefused) as error:
                if file is FileId.DG1:
                    raise
                self._unread[file] = str(error)

    def _authenticate_chip(self) -> Literal["passed", "failed"] | None:
        """None where the chip offers none that is spoken here, or has proven itself by PACE already."""
        if FileId.DG14 not in self._files or self._card.chip_data is not None:
            return None
        try:
            return "passed" if self._card.authenticate_chip(self._files[FileId.DG14]) else None
        except UnsupportedKey:
            return None
        except (ChipNotProven, CardRefused):
            return "failed"

    def _ask(self, nonce: bytes) -> ActiveAnswer:
        try:
            return ActiveAnswer(nonce, self._card.active_authentication(nonce))
        except CardRefused:
            return ActiveAnswer(nonce, None)
