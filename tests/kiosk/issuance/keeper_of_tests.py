"""A device key that is the same in every process of a test."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from kiosk.issuance.keeper import DeviceKeeper

KEEPER = DeviceKeeper(ec.derive_private_key(1601, ec.SECP256R1()), b"certificate")
