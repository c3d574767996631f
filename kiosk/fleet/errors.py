"""What can be wrong with a configuration that the schema admits, and with an administrator's command."""

from __future__ import annotations

from typing import ClassVar

from kiosk.errors import KioskError


class FleetError(KioskError):
    """Base of this part's errors."""

    code: ClassVar[str] = "E-FLEET"


class NeverOpen(FleetError):
    """The opening hours leave no minute of the week in which the kiosk serves."""

    code = "E-FLEET-NEVER-OPEN"


class NobodyTrusted(FleetError):
    """The folder of country signing certificates holds none: every card would be refused."""

    code = "E-FLEET-NO-CSCA"


class AuthorityFaulty(FleetError):
    """The file of the registry's TLS authority holds no certificate."""

    code = "E-FLEET-REGISTRY-CA"


class PassphraseUnusable(FleetError):
    """No passphrase could be had: no terminal, a file others may read, two that differ."""

    code = "E-FLEET-PASSPHRASE"
