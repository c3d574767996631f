"""What only a diagnosis can find wrong; everything else keeps the code of the room that raises it."""

from __future__ import annotations

from typing import ClassVar


class DiagnosisError(Exception):
    """Base of these findings; messages name no person and no card."""

    code: ClassVar[str] = "E-DIAGNOSE"


class NotAllowed(DiagnosisError):
    """This user may not look at the part."""

    code = "E-DIAGNOSE-DENIED"


class CertificateMissing(DiagnosisError):
    """A file that should hold a certificate does not."""

    code = "E-CERTIFICATE-MISSING"


class NameUnknown(DiagnosisError):
    """The name in the registry's address leads to no address."""

    code = "E-REGISTRY-DNS"


def denied(error: BaseException) -> bool:
    """Whether, underneath, the system refused this user."""
    below = error.__cause__ or error.__context__
    return isinstance(error, PermissionError) or (below is not None and denied(below))
