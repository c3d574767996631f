"""Signatures of document signers, country signers and revocation lists (ICAO 9303-12 §4; RFC 4055, RFC 5758)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from asn1crypto import algos
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from drivers.smartcard.emrtd.public_keys import EcKey, SignatureKey
from drivers.smartcard.errors import MalformedData

Scheme = Literal["ecdsa", "rsassa_pkcs1v15", "rsassa_pss"]
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303 - old country signers are self-signed by it; see `Algorithm.weak`
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MAX_SALT = 512
_SCHEMES: dict[str, Scheme] = {"ecdsa": "ecdsa", "rsassa_pkcs1v15": "rsassa_pkcs1v15", "rsassa_pss": "rsassa_pss"}
_BARE: dict[str, Scheme] = {
    "rsassa_pkcs1v15": "rsassa_pkcs1v15",
    "rsaes_pkcs1v15": "rsassa_pkcs1v15",
    "ecdsa": "ecdsa",
    "1.2.840.10045.2.1": "ecdsa",
}
"""Algorithms that name no hash: some states' cards leave that to the digest algorithm beside it."""


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How something was signed; hashes by hashlib's names. `mgf` and `salt` (bytes) are of PSS."""

    scheme: Scheme
    hash: str
    mgf: str = ""
    salt: int = 0

    @property
    def weak(self) -> bool:
        """Made over a SHA-1, whose collisions can be bought. The mask of PSS may be made with it all the same."""
        return self.hash == "sha1"

    @classmethod
    def of(cls, named: Any, digest: str | None = None) -> Algorithm:
        """Of an asn1crypto SignedDigestAlgorithm; `digest` is the SignerInfo's, for those that name a key's kind only.

        Raises MalformedData for what is not accepted here.
        """
        assert isinstance(named, algos.SignedDigestAlgorithm)  # noqa: S101 - the caller's promise
        bare = _BARE.get(named["algorithm"].native) if digest else None
        try:
            scheme, hash_name = (bare, digest) if bare and digest else (named.signature_algo, named.hash_algo)
        except ValueError as error:
            raise MalformedData("something is signed by an algorithm that is not accepted") from error
        if scheme not in _SCHEMES or hash_name not in HASHES:
            raise MalformedData("something is signed by an algorithm that is not accepted")
        mask = _pss(named["parameters"]) if scheme == "rsassa_pss" else ("", 0)
        return cls(_SCHEMES[scheme], str(hash_name), *mask)


def _pss(parameters: Any) -> tuple[str, int]:
    mask = parameters["mask_gen_algorithm"]
    name, salt = str(mask["parameters"]["algorithm"].native), int(parameters["salt_length"].native)
    if mask["algorithm"].native != "mgf1" or name not in HASHES or not 0 <= salt <= _MAX_SALT:
        raise MalformedData("the parameters of PSS are not accepted")
    return name, salt


def holds(key: SignatureKey, algorithm: Algorithm, signature: bytes, signed: bytes) -> bool:
    """Whether `signature` over `signed` is that key's. False, too, for a key that does not sign that way."""
    hashed = HASHES[algorithm.hash]
    try:
        if isinstance(key, EcKey):
            return algorithm.scheme == "ecdsa" and key.verifies(*decode_dss_signature(signature), hashed, signed)
        if algorithm.scheme == "rsassa_pkcs1v15":
            key.verify(signature, signed, padding.PKCS1v15(), hashed)
        elif algorithm.scheme == "rsassa_pss":
            key.verify(signature, signed, padding.PSS(padding.MGF1(HASHES[algorithm.mgf]), algorithm.salt), hashed)
        else:
            return False
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
