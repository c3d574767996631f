"""The registry, as this kiosk's settings describe it. It is not spoken to before it is asked something."""

from __future__ import annotations

from config.schema import Registry
from registry.client import RegistryClient
from registry.jws import TrustedKeys


def open_registry(registry: Registry) -> RegistryClient:
    """Raises SetupError: a key or certificate cannot be read."""
    return RegistryClient(
        registry.url,
        ca=registry.ca,
        certificate=registry.device_certificate,
        key=registry.device_key,
        signers=TrustedKeys.from_jwk_set(registry.signers),
        deadline=registry.deadline,
    )
