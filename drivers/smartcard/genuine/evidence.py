"""All that a visit has learned of a card, for `judge`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from drivers.smartcard.emrtd.files import FileId
from drivers.smartcard.emrtd.pace import ChipAuthenticationData
from drivers.smartcard.emrtd.passwords import Password
from drivers.smartcard.emrtd.security_infos import SecurityInfo


@dataclass(frozen=True, slots=True)
class ActiveAnswer:
    """What was asked of the chip and what it answered; `signature` is None where it refused to sign."""

    nonce: bytes = field(repr=False)
    signature: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardEvidence:
    """`files` are whole files as they were read: EF.SOD, data groups, and EF.COM and EF.CardSecurity where they were
    read. `unread` are those that EF.SOD lists, that were asked for and that the card did not give, each with why.

    `access` is what EF.CardAccess showed: empty where the card has none, None where it is not known. `chip_data` is
    what PACE with chip authentication mapping left; `chip_authentication` how chip authentication ended, None where
    it was not run; `active` likewise. `opened_with` is the password; only an MRZ is compared.
    """

    files: Mapping[FileId, bytes] = field(repr=False)
    unread: Mapping[FileId, str] = field(default_factory=dict)
    access: tuple[SecurityInfo, ...] | None = field(default=None, repr=False)
    chip_data: ChipAuthenticationData | None = field(default=None, repr=False)
    chip_authentication: Literal["passed", "failed"] | None = None
    active: ActiveAnswer | None = None
    opened_with: Password | None = field(default=None, repr=False)
