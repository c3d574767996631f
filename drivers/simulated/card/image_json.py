"""The image of a card as JSON: one spelling, every key needed, nothing else taken, everything bounded."""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any

from drivers.simulated.card import active
from drivers.simulated.card.ciphers import Cipher
from drivers.simulated.card.groups import standard
from drivers.simulated.card.image import CardImage, FileId
from drivers.simulated.card.plan import AccessPlan, ChipKey, Mapping, PaceVariant, Password, PinKind, PinPlan, Platform
from drivers.simulated.errors import CardImageInvalid

_MOST = 16  # of PACE variants, of chip keys
_PLATFORM = {name: type(getattr(Platform(), name)) for name in Platform.__slots__}
_ZONES = {(30, 30, 30), (36, 36), (44, 44)}
_ACCESS = {"paces": list, "passwords": list, "bac": bool, "nine_digit_bac": bool}
_WHOLE: dict[str, Any] = {
    "mrz": list,
    "can": str,
    "pin": str,
    "access": dict,
    "active_authentication": (dict, type(None)),
    "chip_keys": list,
    "pin_plan": (dict, type(None)),
    "platform": dict,
    "files": dict,
    "faulty": dict,
}


def dump(image: CardImage) -> str:
    plan, pin = image.plan, image.pin_plan
    aa = {"key": _text(image.aa_private_key), "hash": image.aa_hash, "least": image.aa_least}
    whole = {
        "mrz": list(image.mrz),
        "can": image.can,
        "pin": image.pin,
        "access": {
            "paces": [[variant.mapping, variant.cipher, variant.parameters] for variant in plan.paces],
            "passwords": [int(password) for password in plan.passwords],
            "bac": plan.bac,
            "nine_digit_bac": plan.nine_digit_bac,
        },
        "active_authentication": aa if image.aa_private_key else None,
        "chip_keys": [
            {
                "parameters": key.parameters,
                "private": f"{key.private:x}",
                "ciphers": list(key.ciphers),
                "key_id": key.key_id,
                "version": key.version,
            }
            for key in image.chip_keys
        ],
        "pin_plan": None
        if pin is None
        else {
            "kind": pin.kind,
            "reference": pin.reference,
            "application": None if pin.application is None else pin.application.hex(),
        },
        "platform": {name: getattr(image.platform, name) for name in _PLATFORM},
        "files": {file.name: _text(content) for file, content in image.files.items()},
        "faulty": {
            fault: {file.name: _text(content) for file, content in files.items()}
            for fault, files in image.faulty.items()
        },
    }
    return json.dumps(whole, indent=1)


def parse(text: str) -> CardImage:
    """Raises CardImageInvalid."""
    try:
        return _image(_object(json.loads(text), _WHOLE))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as nonsense:
        raise CardImageInvalid("the file is not the image of a simulated card") from nonsense


def _image(given: dict[str, Any]) -> CardImage:
    aa = given["active_authentication"]
    if aa is not None:
        aa = _object(aa, {"key": str, "hash": str, "least": bool})
        active.signer(_bytes(aa["key"]), aa["hash"])
    zone = tuple(str(line) for line in given["mrz"])
    if tuple(len(line) for line in zone) not in _ZONES or not re.fullmatch("[A-Z0-9<]+", "".join(zone)):
        raise ValueError("no machine readable zone")
    if not re.fullmatch("[0-9]{6}", given["can"]) or not re.fullmatch("[0-9]{4,8}", given["pin"]):
        raise ValueError("no passwords of a card")
    if len(given["chip_keys"]) > _MOST or len(given["faulty"]) > 64:
        raise ValueError("too many")
    return CardImage(
        mrz=zone,
        can=given["can"],
        pin=given["pin"],
        files=_files(given["files"]),
        plan=_plan(_object(given["access"], _ACCESS)),
        aa_private_key=b"" if aa is None else _bytes(aa["key"]),
        aa_hash="sha256" if aa is None else aa["hash"],
        aa_least=aa is not None and aa["least"],
        chip_keys=tuple(_chip_key(key) for key in given["chip_keys"]),
        pin_plan=None if given["pin_plan"] is None else _pin(given["pin_plan"]),
        platform=Platform(**_object(given["platform"], _PLATFORM)),
        faulty={fault: _files(files) for fault, files in given["faulty"].items()},
    )


def _plan(given: dict[str, Any]) -> AccessPlan:
    if len(given["paces"]) > _MOST:
        raise ValueError("too many")
    paces = [PaceVariant(Mapping(m), Cipher(c), _parameters(p)) for m, c, p in given["paces"]]
    passwords = [Password(number) for number in given["passwords"]]
    return AccessPlan(tuple(paces), tuple(passwords), given["bac"], given["nine_digit_bac"])


def _chip_key(given: Any) -> ChipKey:
    whole = {"parameters": int, "private": str, "ciphers": list, "key_id": (int, type(None)), "version": int}
    given = _object(given, whole)
    private = int(given["private"], 16)
    if not 0 < private < standard(_parameters(given["parameters"])).order or given["version"] not in (1, 2):
        raise ValueError("no chip key")
    ciphers = tuple(Cipher(cipher) for cipher in given["ciphers"])
    return ChipKey(given["parameters"], private, ciphers, given["key_id"], given["version"])


def _pin(given: Any) -> PinPlan:
    given = _object(given, {"kind": str, "reference": int, "application": (str, type(None))})
    application = given["application"]
    return PinPlan(
        PinKind(given["kind"]), given["reference"], None if application is None else bytes.fromhex(application)
    )


def _object(given: Any, wanted: dict[str, Any]) -> dict[str, Any]:
    """`given` when it is an object of exactly these keys, with values of these very types."""
    if not isinstance(given, dict) or given.keys() != wanted.keys():
        raise ValueError("other keys than those of an image")
    for key, kind in wanted.items():
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if type(given[key]) not in kinds:
            raise ValueError("a value of another type")
    return given


def _parameters(number: Any) -> int:
    if type(number) is not int:
        raise ValueError("not the number of a group")
    standard(number)
    return number


def _files(given: Any) -> dict[FileId, bytes]:
    return {FileId[name]: _bytes(content) for name, content in given.items()}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
