"""What can go wrong between the kiosk and a card; every concrete class has its code in the catalogue.

Messages are for the technician and hold no personal data: no names, no numbers of a person or a card,
no CAN, MRZ or PIN.
"""

from __future__ import annotations

from typing import ClassVar


class CardError(Exception):
    """Base of everything this room raises."""

    code: ClassVar[str] = "E-CARD"


# -- the reader and PC/SC


class ReaderError(CardError):
    """Base of what is wrong with the reader rather than with the card."""

    code: ClassVar[str] = "E-READER"


class PcscUnavailable(ReaderError):
    """The PC/SC daemon does not answer."""

    code: ClassVar[str] = "E-READER-PCSC"


class NoReader(ReaderError):
    """No reader, or not the one asked for."""

    code: ClassVar[str] = "E-READER-NONE"


class ReaderBusy(ReaderError):
    """Another program holds the card."""

    code: ClassVar[str] = "E-READER-BUSY"


class ReaderFault(ReaderError):
    """PC/SC reported something that is neither of the above."""

    code: ClassVar[str] = "E-READER-FAULT"


# -- the card as a thing


class NoCard(CardError):
    code: ClassVar[str] = "E-CARD-ABSENT"


class SeveralCards(CardError):
    """Cards lie in more than one reader, and nobody can say whose is meant."""

    code: ClassVar[str] = "E-CARD-SEVERAL"


class CardRemovedError(CardError):
    """The card left the reader, or was reset by someone else, while it was being used."""

    code: ClassVar[str] = "E-CARD-REMOVED"


class CardSilent(CardError):
    """The card did not answer in time, or does not power up."""

    code: ClassVar[str] = "E-CARD-MUTE"


# -- the card as a speaker


class MalformedData(CardError):
    """An answer, or a file, is not formed as ICAO 9303 or ISO 7816-4 says."""

    code: ClassVar[str] = "E-CARD-DATA"


class CardRefused(CardError):
    """The card answered a command with a status word that ends what we wanted; `status` is SW1-SW2."""

    code: ClassVar[str] = "E-CARD-REFUSED"

    def __init__(self, what: str, status: int) -> None:
        super().__init__(f"{what}: status {status:04X}")
        self.status = status


class FileAbsent(CardError):
    """The card has no such elementary file."""

    code: ClassVar[str] = "E-CARD-FILE-ABSENT"


class ChannelBroken(CardError):
    """Secure messaging does not hold any more: a wrong checksum, or an answer outside the channel."""

    code: ClassVar[str] = "E-CARD-CHANNEL"


class ChannelEnded(ChannelBroken):
    """The chip itself ended the session; it may be opened again."""


class Unprotected(ChannelBroken):
    """A bare error inside secure messaging: nobody vouches for it; `status` is what it says."""

    def __init__(self, status: int) -> None:
        super().__init__(f"an answer outside secure messaging: status {status:04X}")
        self.status = status


# -- opening the chip


class WrongPassword(CardError):
    """The CAN or the MRZ is not this card's."""

    code: ClassVar[str] = "E-CARD-WRONG-PASSWORD"


class PasswordFormat(CardError):
    """What was given cannot be a CAN or an MRZ at all (length, characters, check digits)."""

    code: ClassVar[str] = "E-CARD-PASSWORD-FORMAT"


class PasswordKind(CardError):
    """A CAN for a card that only knows the MRZ."""

    code: ClassVar[str] = "E-CARD-PASSWORD-KIND"


class PaceUnsupported(CardError):
    """The card advertises PACE, but no variant spoken here. BAC is not tried instead."""

    code: ClassVar[str] = "E-CARD-PACE-UNSUPPORTED"


class PaceFailed(CardError):
    """The card broke the rules of PACE: a point off the curve, a mirrored key, a wrong token."""

    code: ClassVar[str] = "E-CARD-PACE"


class BadPublicKey(PaceFailed):
    """A public key of the card's that is no element of the group it should be of."""

    code: ClassVar[str] = "E-CARD-BAD-KEY"


class UnsupportedKey(CardError):
    """A key over a curve, a group or of a size that is not spoken here."""

    code: ClassVar[str] = "E-CARD-KEY-UNSUPPORTED"


class AccessNotOffered(CardError):
    """This kiosk is set not to open cards by this protocol."""

    code: ClassVar[str] = "E-CARD-ACCESS-POLICY"


class AccessDowngraded(CardError):
    """The card's signed files announce a better access protocol than the one it showed when opened."""

    code: ClassVar[str] = "E-CARD-DOWNGRADE"


# -- the PIN


class WrongPin(CardError):
    """`tries_left` is what the card says remains (1 or more)."""

    code: ClassVar[str] = "E-CARD-WRONG-PIN"

    def __init__(self, tries_left: int) -> None:
        super().__init__(f"wrong PIN, {tries_left} tries left")
        self.tries_left = tries_left


class PinBlocked(CardError):
    code: ClassVar[str] = "E-CARD-PIN-BLOCKED"


class PinFormat(CardError):
    """What was typed cannot be a PIN (4 to 8 digits); nothing was sent to the card."""

    code: ClassVar[str] = "E-CARD-PIN-FORMAT"


class PinAbsent(CardError):
    """The card has no PIN to verify."""

    code: ClassVar[str] = "E-CARD-PIN-ABSENT"


# -- is it genuine


class ActiveAuthenticationUnsupported(CardError):
    """The card's key or algorithm for active authentication is not one spoken here."""

    code: ClassVar[str] = "E-CARD-AA-UNSUPPORTED"


class NotGenuine(CardError):
    """Base of what passive authentication, the chip's proof and the cross-checks find wrong."""

    code: ClassVar[str] = "E-CARD-NOT-GENUINE"


class AlteredData(NotGenuine):
    """A file is not the one that was signed, or the signature over the list of hashes is wrong."""

    code: ClassVar[str] = "E-CARD-ALTERED"


class UnknownIssuer(NotGenuine):
    """No country signing certificate that is trusted here vouches for the card's signer."""

    code: ClassVar[str] = "E-CARD-ISSUER-UNKNOWN"


class ForeignIssuer(NotGenuine):
    """The country that signed is not the one the card names, or not one this kiosk serves."""

    code: ClassVar[str] = "E-CARD-FOREIGN"


class RevokedIssuer(NotGenuine):
    """The certificate the card was signed with has been revoked."""

    code: ClassVar[str] = "E-CARD-SIGNER-REVOKED"


class IssuerNotInForce(NotGenuine):
    """A certificate of the card's chain is past its days, before them, or not made for this."""

    code: ClassVar[str] = "E-CARD-SIGNER-EXPIRED"


class ChipNotProven(NotGenuine):
    """The chip does not hold the key that its signed files name: a copy."""

    code: ClassVar[str] = "E-CARD-COPY"


class FileHidden(NotGenuine):
    """The signed list names a file that proves the chip, and the chip does not give it."""

    code: ClassVar[str] = "E-CARD-FILE-HIDDEN"


class FilesContradict(NotGenuine):
    """What the card says in one place is not what it says in another: its zone, its list of files."""

    code: ClassVar[str] = "E-CARD-CONTRADICTION"


class ProofMissing(CardError):
    """The card is what it says, but gives less proof than the document needs."""

    code: ClassVar[str] = "E-CARD-PROOF-MISSING"


class TrustUnreadable(CardError):
    """The folder of country signing certificates cannot be read."""

    code: ClassVar[str] = "E-CARD-TRUST"
