"""The checks of the signer: that it answers, and that its token would sign."""

from __future__ import annotations

from kiosk.diagnostics.check import Finding, degraded, ok
from kiosk.diagnostics.errors import NotAllowed
from kiosk.diagnostics.place import Place
from signing.client import SignerClient, SignerStatus
from signing.errors import PeerRefused, SignerAbsent, SigningError

STATUS_S = 8.0


async def signer(place: Place) -> Finding:
    """That the signer answers, and sets pages where nothing can be reached."""
    try:
        status = await _status(place)
    except SignerAbsent:
        raise
    except SigningError as error:
        # It answers; why it cannot sign is the token's affair.
        return ok(f"answers, and cannot sign ({error.code})")
    if not status.render_isolated:
        return degraded("E-SIGN-RENDER-OPEN", "answers; its pages are set without isolation")
    return ok(f"answers; pages are set in isolation; {status.chain_length} documents in its chain")


async def token(place: Place) -> Finding:
    """The signer's own word that it could sign now."""
    status = await _status(place)
    return ok(f"signs with key {status.kid}")


async def _status(place: Place) -> SignerStatus:
    try:
        return await SignerClient(place.settings.signer.socket, STATUS_S).status()
    except PeerRefused:
        raise NotAllowed("the signer does not answer this user") from None
