"""The municipality's key, in its PKCS#11 token.

`Token` is the one way to the key: it opens a session, signs SHA-256 digests, and hands out nothing but
the public half. python-pkcs11 crashes the process when two threads use it, so a token belongs to the
thread that opened it, and says so to any other.

    with Token.open(settings.signer) as token:
        token.sign_digest(hashlib.sha256(data).digest())        # r‖s, 64 bytes
"""

from __future__ import annotations

import os
import stat
import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pkcs11
from cryptography.hazmat.primitives.asymmetric import ec
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass, PKCS11Error
from pkcs11 import exceptions as pkcs11_errors
from pkcs11.util.ec import encode_named_curve_parameters

from config.schema import Signer
from signing.errors import KeyAbsent, KeyExists, PinFileUnsafe, PinRefused, TokenAbsent, TokenFailed

__all__ = ["KeyInfo", "Token", "read_pin"]

_POINT_BYTES = 65
_DIGEST_BYTES = 32
_MAX_PIN_FILE = 256


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """One signing key in the token. `extractable` must be False in any token worth the name."""

    label: str
    curve: str
    extractable: bool


class Token:
    """An open session with the token. Use it from the thread that opened it, and only from there."""

    def __init__(self, settings: Signer) -> None:
        self._settings = settings
        self._thread = threading.get_ident()
        self._pin = read_pin(settings.pin_file)
        self._token: Any = None
        self._session: Any = None
        self._key: Any = None
        self._connect()

    @classmethod
    def open(cls, settings: Signer) -> Token:
        """Raises TokenAbsent, PinFileUnsafe, PinRefused."""
        return cls(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._check_thread()
        session, self._session, self._key = self._session, None, None
        if session is not None:
            try:
                session.close()
            except PKCS11Error:
                return  # the token is gone already: nothing is left to close

    def sign_digest(self, digest: bytes) -> bytes:
        """ECDSA over a 32-byte digest with the key the settings name: r‖s, 64 bytes (raw CKM_ECDSA).

        A session that died under us (token pulled and put back, HSM reset) is reopened once.
        Raises KeyAbsent, TokenFailed, and what `open` raises.
        """
        self._check_thread()
        if len(digest) != _DIGEST_BYTES:
            raise ValueError("a SHA-256 digest is 32 bytes")
        try:
            return self._sign(digest)
        except (pkcs11_errors.SessionHandleInvalid, pkcs11_errors.SessionClosed, pkcs11_errors.UserNotLoggedIn):
            self.close()
            self._connect()
        except PKCS11Error as error:
            raise _failed(error) from None
        try:
            return self._sign(digest)
        except PKCS11Error as error:
            raise _failed(error) from None

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """The public half of the signing key. Raises KeyAbsent, TokenFailed."""
        self._check_thread()
        try:
            found = list(self._session.get_objects(self._named(ObjectClass.PUBLIC_KEY)))
            if len(found) != 1:
                raise KeyAbsent(f"the token holds {len(found)} public keys of that label, not one")
            # CKA_EC_POINT is the point inside a DER OCTET STRING (PKCS#11 §2.3.3).
            point = bytes(found[0][Attribute.EC_POINT])[-_POINT_BYTES:]
            return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        except PKCS11Error as error:
            raise _failed(error) from None
        except ValueError:
            raise KeyAbsent("the token's key is not on the curve P-256") from None

    def generate(self) -> None:
        """Makes the signing key inside the token, never to leave it. Raises KeyExists, TokenFailed."""
        self._check_thread()
        try:
            if any(self._session.get_objects(self._named(ObjectClass.PRIVATE_KEY))):
                raise KeyExists("the token holds a key of that label already")
            curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            with self._token.open(rw=True) as writable:  # logged in like every session of this process
                parameters = writable.create_domain_parameters(KeyType.EC, curve, local=True)
                private_half = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
                parameters.generate_keypair(store=True, label=self._settings.key, private_template=private_half)
        except PKCS11Error as error:
            raise _failed(error) from None

    def signing_keys(self) -> list[KeyInfo]:
        """The signing keys in the token. Raises TokenFailed."""
        self._check_thread()
        p256 = encode_named_curve_parameters("secp256r1")
        try:
            found = self._session.get_objects(
                {Attribute.CLASS: ObjectClass.PRIVATE_KEY, Attribute.KEY_TYPE: KeyType.EC}
            )
            return [
                KeyInfo(
                    key.label,
                    "P-256" if bytes(key[Attribute.EC_PARAMS]) == p256 else "other",
                    bool(key[Attribute.EXTRACTABLE]),
                )
                for key in found
            ]
        except PKCS11Error as error:
            raise _failed(error) from None

    def _connect(self) -> None:
        if self._settings.softhsm_conf is not None:
            os.environ["SOFTHSM2_CONF"] = str(self._settings.softhsm_conf)  # SoftHSM reads it once, as it loads
        try:
            module = pkcs11.lib(str(self._settings.module))
            self._token = module.get_token(token_label=self._settings.token)
            try:
                self._session = self._token.open(user_pin=self._pin)
            except pkcs11_errors.UserAlreadyLoggedIn:
                self._session = self._token.open()  # the log-in is the process's: a session died, it did not
        except (pkcs11_errors.PinIncorrect, pkcs11_errors.PinLocked, pkcs11_errors.PinLenRange):
            raise PinRefused("the token refuses the PIN") from None
        except (PKCS11Error, RuntimeError, OSError) as error:
            raise TokenAbsent(f"no token of that label behind the module ({type(error).__name__})") from None

    def _sign(self, digest: bytes) -> bytes:
        if self._key is None:
            found = list(self._session.get_objects(self._named(ObjectClass.PRIVATE_KEY)))
            if len(found) != 1:
                raise KeyAbsent(f"the token holds {len(found)} private keys of that label, not one")
            self._key = found[0]
        return bytes(self._key.sign(digest, mechanism=Mechanism.ECDSA))

    def _named(self, kind: ObjectClass) -> dict[Attribute, Any]:
        return {Attribute.CLASS: kind, Attribute.KEY_TYPE: KeyType.EC, Attribute.LABEL: self._settings.key}

    def _check_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError("the token belongs to another thread")


def read_pin(path: Path) -> str:
    """The PIN in a file that only its owner can read (mode 0600 or less). Raises PinFileUnsafe."""
    try:
        with path.open("rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise PinFileUnsafe("the PIN file may be read by others: give it mode 0600")
            pin = file.read(_MAX_PIN_FILE + 1).rstrip(b"\r\n").decode("ascii")
    except OSError as error:
        raise PinFileUnsafe(f"cannot read the PIN file: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PinFileUnsafe("the PIN file holds something that is no PIN") from None
    if not 4 <= len(pin) <= _MAX_PIN_FILE:
        raise PinFileUnsafe("the PIN file holds no PIN")
    return pin


def _failed(error: PKCS11Error) -> TokenFailed:
    return TokenFailed(f"the token answers {type(error).__name__}")
