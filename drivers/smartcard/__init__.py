"""Identity cards over PC/SC: find the reader, open the chip, read it, and prove it genuine.

card = IdCard(connect(None, deadline=5.0))
card.open(password)                                             # PACE, or BAC where no PACE is advertised
evidence = examine(card, (FileId.DG1, FileId.DG11), nonce)      # its files, and what its chip proves of itself
verdict = judge(evidence, TrustStore.load(folder), profile, at)
verdict.check(needs)
card.verify_pin(pin)                                            # last: only a proven chip is told it
"""

from drivers.smartcard.card import Access, IdCard, Kind
from drivers.smartcard.channel import Channel, connect, firmware, readers, readers_with_card
from drivers.smartcard.emrtd.active import verify_active_authentication
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import CardData, FaceImage, PersonName, card_data, parse_dg1, parse_dg2, parse_dg11
from drivers.smartcard.emrtd.mrz import Zone
from drivers.smartcard.emrtd.passwords import Can, Mrz, Password
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
    "readers",
    "readers_with_card",
    "verify_active_authentication",
]
