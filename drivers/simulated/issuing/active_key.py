"""The active authentication key as the issuer makes it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from drivers.simulated.card.curves import CURVES
from drivers.simulated.card.groups import draw
from drivers.simulated.issuing import security_infos
from drivers.simulated.issuing.design import ActiveDesign


@dataclass(frozen=True, slots=True)
class ActiveKey:
    """`private` is PKCS #8, `public` a SubjectPublicKeyInfo, `info` an ActiveAuthenticationInfo; b"" for RSA."""

    private: bytes = field(repr=False)
    public: bytes
    info: bytes

    @classmethod
    def generate(cls, design: ActiveDesign) -> ActiveKey:
        if design.curve is None:
            key = rsa.generate_private_key(public_exponent=65537, key_size=design.rsa_bits)
            private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return cls(private, public, b"")
        curve = CURVES[design.curve]
        number = draw(curve, secrets.token_bytes)
        public = security_infos.public_key(curve.generator.times(number), design.curve, design.parameters)
        return cls(security_infos.private_key(curve, number), public, security_infos.active_authentication(design))
