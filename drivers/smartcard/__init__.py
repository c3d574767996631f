"""Identity cards over PC/SC: find the reader, open the chip, read it, and prove it genuine.

    card = IdCard(connect(None, deadline=5.0))
    card.open(Mrz.parse("AB1234567|860314|320501"))
    sod = card.read(FileId.SOD)
    files = {file: card.read(file) for file in signed_data_groups(sod)}
    result = passive_authentication(sod, files, CscaStore.load(folder), at)

A card is read in this order and believed in this order: open it (PACE, or BAC where no PACE is advertised),
read, passive authentication, active authentication, and only then the PIN.
"""

from drivers.smartcard.card import Access, IdCard, Kind
from drivers.smartcard.channel import Channel, connect, firmware, readers, readers_with_card
from drivers.smartcard.emrtd.active import verify_active_authentication
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import CardData, FaceImage, PersonName, card_data, parse_dg1, parse_dg2, parse_dg11
from drivers.smartcard.emrtd.mrz import Zone
from drivers.smartcard.emrtd.passwords import Can, Mrz, Password
from drivers.smartcard.emrtd.sod import signed_data_groups
from drivers.smartcard.errors import (
    AccessDowngraded,
    AccessNotOffered,
    ActiveAuthenticationUnsupported,
    CardError,
    CardRefused,
    CardRemovedError,
    CardSilent,
    ChannelBroken,
    FileAbsent,
    MalformedData,
    NoCard,
    NoReader,
    NotGenuine,
    PaceFailed,
    PaceUnsupported,
    PasswordFormat,
    PasswordKind,
    PcscUnavailable,
    PinAbsent,
    PinBlocked,
    PinFormat,
    ReaderBusy,
    ReaderError,
    ReaderFault,
    SeveralCards,
    TrustUnreadable,
    WrongPassword,
    WrongPin,
)
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
    "AccessDowngraded",
    "AccessNotOffered",
    "ActiveAuthenticationUnsupported",
    "Can",
    "CardData",
    "CardError",
    "CardInserted",
    "CardRefused",
    "CardRemoved",
    "CardRemovedError",
    "CardSilent",
    "CardWatch",
    "Channel",
    "ChannelBroken",
    "CscaStore",
    "FaceImage",
    "FileAbsent",
    "FileId",
    "IdCard",
    "Kind",
    "MalformedData",
    "Mrz",
    "NoCard",
    "NoReader",
    "NotGenuine",
    "PaceFailed",
    "PaceUnsupported",
    "PassiveResult",
    "Password",
    "PasswordFormat",
    "PasswordKind",
    "PcscBack",
    "PcscGone",
    "PcscUnavailable",
    "PersonName",
    "PinAbsent",
    "PinBlocked",
    "PinFormat",
    "ReaderArrived",
    "ReaderBusy",
    "ReaderError",
    "ReaderFault",
    "ReaderGone",
    "SeveralCards",
    "TrustUnreadable",
    "WatchEvent",
    "WrongPassword",
    "WrongPin",
    "Zone",
    "card_data",
    "connect",
    "firmware",
    "parse_dg1",
    "parse_dg2",
    "parse_dg11",
    "passive_authentication",
    "readers",
    "readers_with_card",
    "signed_data_groups",
    "verify_active_authentication",
]
