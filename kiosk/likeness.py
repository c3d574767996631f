"""Face assistance as the settings have it: None where it is off, or cannot be had."""

from __future__ import annotations

from config.holder import Holder as HolderSettings
from drivers.scanners.errors import ScannerError
from drivers.scanners.still import take
from kiosk.catalogue import events as logged
from kiosk.catalogue.log import say
from kiosk.holder_face import FaceAbsent
from kiosk.holder_face.likeness import Likeness


def open_likeness(settings: HolderSettings) -> Likeness | None:
    """What is wrong with it is in the log: nobody's visit hangs on it."""
    if not settings.likeness:
        return None

    async def take_picture() -> bytes | None:
        try:
            return await take(settings.likeness_camera, settings.likeness_deadline)
        except ScannerError as error:
            say(logged.LIKENESS_AWAY, code=error.code)
            return None

    try:
        return Likeness(take_picture, least=settings.likeness_least, deadline=settings.likeness_deadline)
    except FaceAbsent as error:
        say(logged.LIKENESS_AWAY, code=error.code)
        return None
