"""What can go wrong with the stand-ins themselves, as opposed to the faults they play on request."""

from __future__ import annotations

from typing import ClassVar


class SimulatedError(Exception):
    """Base of every failure of a simulated device."""

    code: ClassVar[str] = "E-SIM"


class EnclosureRefused(SimulatedError):
    """The private network namespace of the virtual reader cannot be made."""

    code = "E-SIM-NAMESPACE"


class ReaderNotStarted(SimulatedError):
    """pcscd or its virtual reader does not come up."""

    code = "E-SIM-READER"


class HandUnreachable(SimulatedError):
    """The process that plays the citizen's hand does not answer."""

    code = "E-SIM-HAND"


class HandRefused(SimulatedError):
    """The hand cannot do what it is asked: a second card in a full reader, no such fault."""

    code = "E-SIM-HAND-REFUSED"


class CardImageInvalid(SimulatedError):
    """The file is not the image of a simulated card."""

    code = "E-SIM-CARD-IMAGE"


class HolderInvalid(SimulatedError):
    """The holder's data do not fit on a card."""

    code = "E-SIM-HOLDER"


class IssuerUnusable(SimulatedError):
    """The folder of the demo's issuing authority holds something else than its keys."""

    code = "E-SIM-ISSUER"


class PrinterNotStarted(SimulatedError):
    """ippeveprinter, or what it needs, does not come up."""

    code = "E-SIM-PRINTER"


class PrinterControlRefused(SimulatedError):
    """The simulated printer does not answer, or cannot do what it is told."""

    code = "E-SIM-PRINTER-CONTROL"
