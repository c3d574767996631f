"""Identity cards over PC/SC: find the reader, open the chip, read it, and prove it genuine.

    card = IdCard(connect(None, deadline=5.0))
    card.open(Mrz.parse("AB1234567|860314|320501"))
    files = {file: card.read(file) for file in (FileId.DG1, FileId.DG11, FileId.DG14, FileId.DG15)}
    result = passive_authentication(card.read(FileId.SOD), files, CscaStore.load(folder), at)

A card is read in this order and believed in this order: open it (PACE, or BAC where no PACE is advertised),
read, passive authentication, active authentication, and only then the PIN.
"""

from drivers.smartcard.card import Access, IdCard
from drivers.smartcard.channel import Channel, connect, readers
from drivers.smartcard.emrtd.active import verify_active_authentication
from drivers.smartcard.emrtd.data_groups import (
    CardData,
    FaceImage,
    PersonName,
    card_data,
    parse_dg1,
    parse_dg2,
    parse_dg11,
)
from drivers.smartcard.emrtd.files import FileId, data_groups
from drivers.smartcard.emrtd.passwords import Can, Mrz, Password
from drivers.smartcard.passive import PassiveResult, passive_authentication
from drivers.smartcard.trust import CscaStore
from drivers.smartcard.watch import (
    CardInserted,
    CardRemoved,
    CardWatch,
    PcscBack,
    PcscGone,
    ReaderArrived,
    ReaderGone,
    WatchEvent,
)

__all__ = [
    "Access",
    "Can",
    "CardData",
    "CardInserted",
    "CardRemoved",
    "CardWatch",
    "Channel",
    "CscaStore",
    "FaceImage",
    "FileId",
    "IdCard",
    "Mrz",
    "PassiveResult",
    "Password",
    "PcscBack",
    "PcscGone",
    "PersonName",
    "ReaderArrived",
    "ReaderGone",
    "WatchEvent",
    "card_data",
    "connect",
    "data_groups",
    "parse_dg1",
    "parse_dg2",
    "parse_dg11",
    "passive_authentication",
    "readers",
    "verify_active_authentication",
]
