"""What can go wrong while two faces are compared. Messages never say anything of a face or a person."""

from __future__ import annotations

from typing import ClassVar


class FaceError(Exception):
    """Base of this package's errors."""

    code: ClassVar[str] = "E-FACE"


class FaceAbsent(FaceError):
    """The extra `face`, with the models, is not installed, or its models are not the ones that are known here."""

    code = "E-FACE-ABSENT"


class FacePictureUnfit(FaceError):
    """A picture is too large, or is none."""

    code = "E-FACE-PICTURE"


class FaceNotSeen(FaceError):
    """In one of the pictures there is no face, or more than one that could be meant."""

    code = "E-FACE-NOT-SEEN"


class FaceDeadlinePassed(FaceError):
    """The comparison was not done in time; its process was killed."""

    code = "E-FACE-DEADLINE"


class FaceProcessLost(FaceError):
    """The process ended by itself, answered what makes no sense, or could not be cut off from the network."""

    code = "E-FACE-PROCESS"
