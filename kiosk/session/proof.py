"""What is proven before a PIN is asked of a card, and what is shown to the registry. Pure but for the date."""

from __future__ import annotations

import base64
import datetime as dt

from drivers import smartcard
from drivers.smartcard import FileId
from kiosk.session.card_desk import CardFiles
from registry.models import Presentation


def password(fields: dict[str, str]) -> smartcard.Can | smartcard.Mrz:
    if "can" in fields:
        return smartcard.Can(fields["can"])
    return smartcard.Mrz.parse("|".join(fields[k] for k in ("document_number", "date_of_birth", "date_of_expiry")))


def check_passive(card: CardFiles, trust: smartcard.CscaStore) -> None:
    signed: dict[FileId, bytes] = {file: content for file, content in card.files.items() if file is not FileId.SOD}
    result = smartcard.passive_authentication(card.files[FileId.SOD], signed, trust, dt.datetime.now(dt.UTC))
    if result.result != "passed":
        raise smartcard.NotGenuine(f"passive authentication: {result.result}, {result.reason}")


def check_active(card: CardFiles, nonce: bytes, signature: bytes) -> None:
    if not smartcard.verify_active_authentication(card.files[FileId.DG14], card.files[FileId.DG15], nonce, signature):
        raise smartcard.NotGenuine("active authentication: the chip does not hold the key that its files name")


def presentation(challenge_id: str, card: CardFiles, signature: bytes) -> Presentation:
    def text(content: bytes) -> str:
        return base64.b64encode(content).decode()

    return Presentation(
        challenge_id=challenge_id,
        sod=text(card.files[FileId.SOD]),
        dg1=text(card.files[FileId.DG1]),
        dg11=text(card.files[FileId.DG11]),
        dg14=text(card.files[FileId.DG14]),
        dg15=text(card.files[FileId.DG15]),
        signature=text(signature),
        card_proof="active-authentication",
        holder_proof="pin",
    )
