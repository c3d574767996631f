"""What can go wrong between a kiosk and the registry, each with its code.

Three families: `RegistryAbsent` (nothing was decided: try again later), `AnswerRefused` (something came
back that we do not believe), and `Refused` (the registry said no, and why). The codes of `Refused` travel
over the wire in a `RegistryProblem`, so both ends share this file. Messages are for the technician and
carry no personal data.
"""

from __future__ import annotations

from typing import ClassVar


class RegistryError(Exception):
    """Base of the room."""

    code: ClassVar[str] = "E-REGISTRY"


class RegistryAbsent(RegistryError):
    """The registry gave no answer; what it did with the request is not known."""


class Unreachable(RegistryAbsent):
    code = "E-REGISTRY-UNREACHABLE"


class TimedOut(RegistryAbsent):
    code = "E-REGISTRY-TIMEOUT"


class RegistryFault(RegistryAbsent):
    """A 5xx or 429 answer: the registry itself says it cannot serve now."""

    code = "E-REGISTRY-FAULT"


class Untrusted(RegistryAbsent):
    """The TLS handshake failed: its certificate is not believed here, or ours is not believed there."""

    code = "E-REGISTRY-TLS"


class AnswerRefused(RegistryError):
    """An answer came back and is not believed."""


class NonsenseAnswer(AnswerRefused):
    """Too large, not the promised shape, or the answer to another question."""

    code = "E-REGISTRY-NONSENSE"


class SignatureRefused(AnswerRefused):
    """A JWS that does not hold: wrong key, wrong type, altered, or not canonically written."""

    code = "E-REGISTRY-SIGNATURE"


class SetupError(RegistryError):
    """A local file (key, certificate, key set, database address) is missing or unusable."""

    code = "E-REGISTRY-SETUP"


class Refused(RegistryError):
    """The registry decided, and the answer is no. `http_status` is the status the reference registry sends."""

    http_status: ClassVar[int] = 403


class RequestRefused(Refused):
    code = "E-REGISTRY-REQUEST"
    http_status = 422


class KioskRefused(Refused):
    code = "E-REGISTRY-KIOSK"


class ChallengeStale(Refused):
    code = "E-REGISTRY-CHALLENGE"
    http_status = 409


class PresentationStale(Refused):
    code = "E-REGISTRY-PRESENTATION"


class CardNotProven(Refused):
    """The card's files or its signature do not prove a genuine card in the reader."""

    code = "E-REGISTRY-CARD-PROOF"


class HolderNotProven(Refused):
    """A PIN typed into a chip that nobody knows to be the card's own proves nobody: a clerk must."""

    code = "E-REGISTRY-HOLDER"


class CardUnknown(Refused):
    code = "E-REGISTRY-CARD-UNKNOWN"


class CardMismatch(Refused):
    """The card's number and the NIN in it do not belong together in the register."""

    code = "E-REGISTRY-CARD-MISMATCH"


class CardBlocked(Refused):
    code = "E-REGISTRY-CARD-BLOCKED"


class CardExpired(Refused):
    code = "E-REGISTRY-CARD-EXPIRED"


class NotEntitled(Refused):
    code = "E-REGISTRY-NOT-ENTITLED"


class NoAct(Refused):
    """The person has no digitised act of that kind."""

    code = "E-REGISTRY-NO-ACT"
    http_status = 404


class ActChanged(Refused):
    """The act asked for is not the one this presentation was given, or a newer version exists."""

    code = "E-REGISTRY-ACT-CHANGED"
    http_status = 409


class Conflict(Refused):
    """The same grant id with another request, or a settlement that contradicts an earlier one."""

    code = "E-REGISTRY-CONFLICT"
    http_status = 409


class GrantClosed(Refused):
    """The grant id was settled already; it grants nothing any more."""

    code = "E-REGISTRY-GRANT-CLOSED"
    http_status = 409


class NotFound(Refused):
    """No grant, status list or person by that name."""

    code = "E-REGISTRY-NOT-FOUND"
    http_status = 404


def _concrete(kind: type[Refused]) -> dict[str, type[Refused]]:
    found = {sub.code: sub for sub in kind.__subclasses__()}
    for sub in kind.__subclasses__():
        found.update(_concrete(sub))
    return found


REFUSALS: dict[str, type[Refused]] = _concrete(Refused)
"""Code → class, for the refusals a registry may send. Anything else it sends is nonsense."""
