"""The files of the logical data structure, each read strictly (ICAO 9303-10 §4).

    faces = lds.parse(FileId.DG2, content, today)

Nothing here is to be believed before passive authentication. What proves the chip (EF.SOD, DG14, DG15,
EF.CardAccess, EF.CardSecurity) and EF.ATR/INFO are read elsewhere.
"""

from __future__ import annotations

import datetime as dt

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import com, dg1, dg2, dg7, dg11, dg12, dg16, directory
from drivers.smartcard.emrtd.lds.com import Com
from drivers.smartcard.emrtd.lds.dg1 import Dg1, PersonName
from drivers.smartcard.emrtd.lds.dg11 import Dg11
from drivers.smartcard.emrtd.lds.dg12 import Dg12
from drivers.smartcard.emrtd.lds.dg16 import PersonToNotify
from drivers.smartcard.emrtd.lds.directory import Directory
from drivers.smartcard.emrtd.lds.holder import CardData, card_data
from drivers.smartcard.emrtd.lds.picture import Picture
from drivers.smartcard.emrtd.lds.picture import Picture as FaceImage
from drivers.smartcard.profile import Profile

__all__ = [
    "CardData",
    "Com",
    "Dg1",
    "Dg11",
    "Dg12",
    "Directory",
    "FaceImage",
    "Parsed",
    "PersonName",
    "PersonToNotify",
    "Picture",
    "card_data",
    "parse",
    "parse_dg1",
    "parse_dg2",
    "parse_dg11",
]

parse_dg1 = dg1.parse
parse_dg2 = dg2.first
parse_dg11 = dg11.parse

Parsed = Com | Directory | Dg1 | Dg11 | Dg12 | tuple[Picture, ...] | tuple[PersonToNotify, ...] | bytes


def parse(file: FileId, content: bytes, today: dt.date, profile: Profile | None = None) -> Parsed:
    """One file by what it is; DG13 is the issuer's own business and stays bytes.

    Raises MalformedData for a file that is not formed as it should be, ValueError for one that is not read here.
    """
    match file:
        case FileId.COM:
            return com.parse(content)
        case FileId.DIR:
            return directory.parse(content)
        case FileId.DG1:
            return dg1.parse(content, today)
        case FileId.DG2:
            return dg2.parse(content)
        case FileId.DG7:
            return dg7.parse(content)
        case FileId.DG11:
            return dg11.parse(content, profile)
        case FileId.DG12:
            return dg12.parse(content, profile)
        case FileId.DG13:
            return tlv.single(content, FileId.DG13.tag).value
        case FileId.DG16:
            return dg16.parse(content, profile)
        case _:
            raise ValueError(f"{file.name} is not read here")
