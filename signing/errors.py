"""What can go wrong with keys, signatures and the signer, each with its code.

The codes of `Refused` and `NotServed` travel over the signer's socket, so client and service share this
file. Messages are for the technician: no name, no number of a person, no PIN.
"""

from __future__ import annotations

from typing import ClassVar


class SigningError(Exception):
    """Base of the room."""

    code: ClassVar[str] = "E-SIGN"


# -- the token and what belongs to it


class TokenError(SigningError):
    """The token cannot be used as the settings say."""


class TokenAbsent(TokenError):
    """No PKCS#11 module, or no token of that label in it."""

    code = "E-SIGN-TOKEN"


class TokenFailed(TokenError):
    """The token is there and did not do what was asked."""

    code = "E-SIGN-TOKEN-OPERATION"


class PinRefused(TokenError):
    code = "E-SIGN-TOKEN-PIN"


class PinFileUnsafe(TokenError):
    """The PIN file is missing, empty, or others than its owner can read it."""

    code = "E-SIGN-PIN-FILE"


class KeyAbsent(TokenError):
    code = "E-SIGN-TOKEN-KEY"


class KeyExists(TokenError):
    code = "E-SIGN-TOKEN-KEY-EXISTS"


class CertificateUnusable(TokenError):
    """No signing certificate, or it does not belong to the token's key."""

    code = "E-SIGN-CERTIFICATE"


# -- the hash chain


class ChainError(SigningError):
    """The signer's record of what it signed cannot be kept; nothing is signed without it."""


class ChainBroken(ChainError):
    code = "E-SIGN-CHAIN"


class ChainBusy(ChainError):
    """Another signer holds the chain."""

    code = "E-SIGN-CHAIN-BUSY"


class ChainUnwritable(ChainError):
    code = "E-SIGN-CHAIN-WRITE"


# -- a request to sign that is refused


class Refused(SigningError):
    """The signer read the request and says no."""


class ActRefused(Refused):
    """The act is not the registry's, or is not an act."""

    code = "E-SIGN-ACT"


class GrantRefused(Refused):
    """The grant is not the registry's, or is not a grant."""

    code = "E-SIGN-GRANT"


class GrantForAnotherAct(Refused):
    code = "E-SIGN-GRANT-ACT"


class GrantForAnotherKiosk(Refused):
    code = "E-SIGN-GRANT-KIOSK"


class GrantExpired(Refused):
    code = "E-SIGN-GRANT-EXPIRED"


class GrantFromTheFuture(Refused):
    """Issued later than now: this machine's clock is behind, and its word on expiry is worth nothing."""

    code = "E-SIGN-GRANT-EARLY"


class GrantForAnotherTemplate(Refused):
    code = "E-SIGN-GRANT-TEMPLATE"


class GrantForAnotherType(Refused):
    """A document type this kiosk does not set, or one that the act does not fit."""

    code = "E-SIGN-GRANT-TYPE"


class GrantUsed(Refused):
    code = "E-SIGN-GRANT-USED"


class FrameRefused(Refused):
    """What came over the socket is too large, cut short, or not a request."""

    code = "E-SIGN-FRAME"


class PeerRefused(Refused):
    code = "E-SIGN-PEER"


# -- a request that could not be served


class NotServed(SigningError):
    """Nothing was signed; the same request may succeed later."""


class NotReady(NotServed):
    """The signer could not take up its configuration; the message carries the code of what failed."""

    code = "E-SIGN-NOT-READY"


class PageFailed(NotServed):
    """The page could not be set; the message carries the code of the page's own failure."""

    code = "E-SIGN-PAGE"


class SealTooLarge(NotServed):
    """The act's names and dates do not fit the largest seal that can be read from paper."""

    code = "E-SIGN-SEAL-SIZE"


class SignerFault(NotServed):
    """The signer met something it did not foresee."""

    code = "E-SIGN-INTERNAL"


# -- seen from the client


class SignerAbsent(SigningError):
    """No answer of the signer."""


class Unreachable(SignerAbsent):
    code = "E-SIGN-UNREACHABLE"


class TimedOut(SignerAbsent):
    code = "E-SIGN-DEADLINE"


class NonsenseAnswer(SignerAbsent):
    code = "E-SIGN-NONSENSE"


# -- verification


class TrustUnusable(SigningError):
    """The folder of what a verifier trusts is missing or malformed."""

    code = "E-SIGN-TRUST"


class SealUnreadable(SigningError):
    """A text that is no seal, or not written the one canonical way."""

    code = "E-SIGN-SEAL"


def concrete(kind: type[SigningError]) -> dict[str, type[SigningError]]:
    """Code → class, for every class below `kind` that stands for one failure."""
    found = {sub.code: sub for sub in kind.__subclasses__() if "code" in vars(sub)}
    for sub in kind.__subclasses__():
        found |= concrete(sub)
    return found


ANSWERS = concrete(Refused) | concrete(NotServed) | concrete(TokenError) | concrete(ChainError)
"""The failures a signer may name in its answer. Anything else it says is nonsense."""
