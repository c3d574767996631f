"""DG2: the holder's face (ICAO 9303-10 §4.7.2), in templates of ISO/IEC 7816-11.

75 { 7F61 { 02 count, 7F60 { A1 header, 5F2E or 7F2E record } … } }

The record is of ISO/IEC 19794-5:2005 or of ISO/IEC 39794-5:2019; which, its first bytes say.
"""

from __future__ import annotations

from drivers.smartcard import tlv
from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.lds import face_extensible, face_record
from drivers.smartcard.emrtd.lds.objects import Objects, counted
from drivers.smartcard.emrtd.lds.picture import Picture
from drivers.smartcard.errors import MalformedData

MAX_FACES = 16
_GROUP, _TEMPLATE, _RECORDS = 0x7F61, 0x7F60, (0x5F2E, 0x7F2E)


def parse(content: bytes) -> tuple[Picture, ...]:
    """Every face, at least one. Raises MalformedData."""
    group = tlv.single(tlv.single(content, FileId.DG2.tag).value, _GROUP).value
    objects = Objects(group, repeatable=frozenset((_TEMPLATE,)))
    templates = objects.every(_TEMPLATE)
    counted(objects, templates, MAX_FACES)
    faces = tuple(face for template in templates for face in _faces(template))
    if len(faces) > MAX_FACES:
        raise MalformedData("DG2 holds more faces than anyone has")
    return faces


def first(content: bytes) -> Picture:
    """The face that the issuer put first. Raises MalformedData."""
    return parse(content)[0]


def _faces(template: bytes) -> tuple[Picture, ...]:
    objects = Objects(template)
    records = [value for tag in _RECORDS if (value := objects.get(tag)) is not None]
    if len(records) != 1:
        raise MalformedData("a template of DG2 holds other than one record")
    if records[0].startswith(face_record.MAGIC):
        return face_record.parse(records[0])
    return face_extensible.parse(records[0])
