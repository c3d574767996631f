"""The seal: read by code we did not write, and refused for whatever is not exactly it."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
import secrets
import string
import xml.etree.ElementTree as ElementTree
import zlib
from typing import Any

import cbor2
import pytest
import segno
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from pycose.algorithms import Es256
from pycose.headers import KID, Algorithm
from pycose.keys import EC2Key
from pycose.keys.curves import P256
from pycose.messages import Sign1Message

from registry.models import BirthAct, Grant
from registry.status import StatusList, payload
from signing import seal
from signing.certificates import Chain
from signing.claims import DOCUMENT, SealClaims
from signing.demo import DemoToken
from signing.errors import SealTooLarge, SealUnreadable
from signing.protocol import SignedDocument
from signing.trust import TrustFolder
from signing.verify import verify
from tests.signing.municipality import birth_act

BASE32 = string.ascii_uppercase + "234567"
HOST = "verify.shubbak.example"


class SoftKey:
    """A key in memory, for seals no municipality made."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    def sign_digest(self, digest: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def claims(**changes: Any) -> SealClaims:
    now = dt.datetime.now(dt.UTC)
    grant = Grant(
        grant_id="0" * 32,
        reference="DZ-2026-1601-0000042",
        act_sha256="0" * 64,
        document_type="birth-extract",
        language="ar",
        copy_number=3,
        kiosk="demo-1",
        requester="0" * 64,
        capacity="self",
        card_proof="active-authentication",
        holder_proof="pin",
        status_list="2026-1",
        status_index=77,
        template_sha256="0" * 64,
        issued_at=now,
        expires_at=now,
    )
    return SealClaims.of(BirthAct.model_validate(birth_act(**changes)), grant, now)


def packed(text: str) -> bytes:
    payload = text.partition("#")[2]
    return base64.b32decode(payload + "=" * (-len(payload) % 8))


def text_of(message: bytes, *, level: int = 9) -> str:
    engine = zlib.compressobj(level, zlib.DEFLATED, -15)
    deflated = engine.compress(message) + engine.flush()
    return f"https://{HOST}/v#{base64.b32encode(deflated).rstrip(b'=').decode()}"


def test_a_seal_says_what_act_and_grant_said() -> None:
    made = claims()
    found = seal.read(seal.make(made, host=HOST, kid=bytes(8), token=SoftKey()))
    assert (found.host, found.kid, found.claims) == (HOST, bytes(8), made)
    assert made.name_arabic == ("المنصوري", "فاطمة الزهراء")
    assert 10 <= len(made.to_map()[DOCUMENT]) <= 20


def test_what_the_act_has_not_the_seal_leaves_out() -> None:
    subject = birth_act()["subject"] | {"born_at": None}
    made = claims(father=None, mother=None, mentions=[], subject=subject)
    assert not {13, 14, 15, 18} & set(made.to_map()[DOCUMENT])
    assert seal.read(seal.make(made, host=HOST, kid=bytes(8), token=SoftKey())).claims == made


def test_pycose_verifies_the_seal(document: SignedDocument, token: DemoToken) -> None:
    """An implementation of COSE that shares nothing with ours."""
    tagged = cbor2.loads(zlib.decompress(packed(document.seal), -15))
    assert tagged.tag == Sign1Message.cbor_tag
    # Sign1Message.decode wants a list and a dict; under a tag cbor2 6 gives their immutable kin.
    protected, unprotected, *rest = tagged.value
    message = Sign1Message.from_cose_obj([protected, dict(unprotected), *rest], allow_unknown_attributes=False)
    chain = Chain.load(token.certificate)
    assert message.phdr == {Algorithm: Es256, KID: chain.kid}
    assert message.uhdr == {}
    key = chain.signer.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    numbers = key.public_numbers()
    message.key = EC2Key(crv=P256, x=numbers.x.to_bytes(32, "big"), y=numbers.y.to_bytes(32, "big"))
    assert message.verify_signature()
    said = cbor2.loads(message.payload)
    assert said[7] == b"DZ-2026-1601-0000042"
    assert said[DOCUMENT][10] == ["EL MANSOURI", "Fatima-Zahra"]
    message.payload = message.payload.replace(b"MANSOURI", b"MANSOURY")
    assert not message.verify_signature()


def test_the_seal_of_a_document_is_valid(document: SignedDocument, trust: TrustFolder) -> None:
    verdict = verify(document.seal, trust)
    assert verdict.as_json() | {"signed_at": None} == {
        "verdict": "valid",
        "reason": None,
        "kind": "seal",
        "signer": "DEMO Commune d’Alger-Centre",
        "signed_at": None,
        "document": {"type": "birth-extract", "reference": "DZ-2026-1601-0000042"},
        "level": None,
        "status_checked": False,
    }


@pytest.mark.slow
def test_no_character_can_be_changed_to_another(document: SignedDocument, trust: TrustFolder) -> None:
    """Every position of the payload, every other letter of base32."""
    text = document.seal
    start = text.index("#") + 1
    for at in range(start, len(text)):
        for letter in BASE32:
            if letter != text[at]:
                assert not verify(text[:at] + letter + text[at + 1 :], trust).valid, at


@pytest.mark.parametrize(
    "change",
    [
        str.lower,
        lambda t: t.replace("#", "#" + "A"),
        lambda t: t + "A",
        lambda t: t + "AA",
        lambda t: t + "=",
        lambda t: t + "======",
        lambda t: t + " ",
        lambda t: t + "\n",
        lambda t: t + "#",
        lambda t: t + "\x00",
        lambda t: " " + t,
        lambda t: t[:-1],
        lambda t: t[:-8],
        lambda t: t.replace("https", "HTTPS"),
        lambda t: t.replace("https", "http"),
        lambda t: t.replace("/v#", "/v/#"),
        lambda t: t.replace("/v#", "/v?x#"),
        lambda t: t.replace("/v#", "/V#"),
        lambda t: t.replace("/v#", ":443/v#"),
        lambda t: t.replace("https://", "https://user@"),
        lambda t: t.partition("#")[2],
        lambda t: t.replace("verify.", "Verify."),
    ],
)
def test_a_seal_written_another_way_is_unreadable(document: SignedDocument, trust: TrustFolder, change: Any) -> None:
    changed = change(document.seal)
    assert changed != document.seal
    assert verify(changed, trust).verdict == "unreadable"


@pytest.mark.parametrize(("letter", "alias"), [("O", "0"), ("I", "1"), ("L", "1"), ("B", "8"), ("S", "5"), ("Z", "2")])
def test_look_alikes_are_not_taken_for_letters(
    document: SignedDocument, trust: TrustFolder, letter: str, alias: str
) -> None:
    start = document.seal.index("#") + 1
    places = [at for at in range(start, len(document.seal)) if document.seal[at] == letter]
    assert places
    for at in places:
        assert not verify(document.seal[:at] + alias + document.seal[at + 1 :], trust).valid
        assert not verify(document.seal[:at] + letter.lower() + document.seal[at + 1 :], trust).valid


def test_every_single_lower_case_letter_is_unreadable(document: SignedDocument, trust: TrustFolder) -> None:
    text = document.seal
    for at in range(text.index("#") + 1, len(text)):
        if text[at].isalpha():
            assert verify(text[:at] + text[at].lower() + text[at + 1 :], trust).verdict == "unreadable"


def test_the_same_message_deflated_otherwise_is_unreadable(document: SignedDocument, trust: TrustFolder) -> None:
    message = zlib.decompress(packed(document.seal), -15)
    assert text_of(message) == document.seal
    for level in (0, 1):
        assert text_of(message, level=level) != document.seal
        assert verify(text_of(message, level=level), trust).verdict == "unreadable"


def test_bytes_after_the_deflate_stream_are_unreadable(document: SignedDocument, trust: TrustFolder) -> None:
    for tail in (b"\0", b"x", packed(document.seal)):
        encoded = base64.b32encode(packed(document.seal) + tail).rstrip(b"=").decode()
        assert verify(f"https://{HOST}/v#{encoded}", trust).verdict == "unreadable"


def test_a_seal_that_inflates_without_end_is_unreadable(trust: TrustFolder) -> None:
    assert verify(text_of(bytes(2_000_000)), trust).verdict == "unreadable"


def signed(body: bytes, protected: bytes, unprotected: Any = None) -> str:
    """A COSE_Sign1 with a good signature round whatever is given."""
    key = SoftKey()
    digest = hashlib.sha256(cbor2.dumps(["Signature1", protected, b"", body], canonical=True)).digest()
    return text_of(b"\xd2" + cbor2.dumps([protected, unprotected or {}, body, key.sign_digest(digest)], canonical=True))


def test_other_headers_and_other_encodings_are_unreadable() -> None:
    body = cbor2.dumps(claims().to_map(), canonical=True)
    header = cbor2.dumps({1: -7, 4: bytes(8)}, canonical=True)
    assert seal.read(signed(body, header)).claims.reference == "DZ-2026-1601-0000042"
    unsorted_body = cbor2.dumps(dict(reversed(claims().to_map().items())))
    long_integer = body.replace(b"\x06\x1a", b"\x06\x1b\0\0\0\0", 1)
    assert long_integer != body
    for bad_body in (unsorted_body, long_integer, body + b"\0", body[:-1], cbor2.dumps([1]), cbor2.dumps({6: 1})):
        with pytest.raises(SealUnreadable):
            seal.read(signed(bad_body, header))
    for bad_header in (
        cbor2.dumps({1: -35, 4: bytes(8)}, canonical=True),  # ES384
        cbor2.dumps({1: -7}, canonical=True),
        cbor2.dumps({1: -7, 4: bytes(7)}, canonical=True),
        cbor2.dumps({1: -7, 4: "kid"}, canonical=True),
        cbor2.dumps({1: -7, 3: 0, 4: bytes(8)}, canonical=True),
        cbor2.dumps([1, -7], canonical=True),
        b"",
    ):
        with pytest.raises(SealUnreadable):
            seal.read(signed(body, bad_header))
    with pytest.raises(SealUnreadable):
        seal.read(signed(body, header, unprotected={4: bytes(8)}))


@pytest.mark.parametrize(
    "change",
    [
        {1: 1},
        {3: 0},
        {3: True},
        {8: 10**18},
        {9: ["x"]},
        {9: "xy"},
        {16: 3},
        {17: ["2026-1"]},
        {19: 1},
        {13: None},
        {15: []},
    ],
)
def test_a_field_of_another_type_is_unreadable(change: dict[int, Any]) -> None:
    fields = claims().to_map()
    fields[DOCUMENT] = fields[DOCUMENT] | change
    header = cbor2.dumps({1: -7, 4: bytes(8)}, canonical=True)
    with pytest.raises(SealUnreadable):
        seal.read(signed(cbor2.dumps(fields, canonical=True), header))


@given(st.text(max_size=200) | st.from_regex(re.compile(rf"https://{HOST}/v#[A-Z2-7]{{16,200}}"), fullmatch=True))
def test_any_text_is_a_seal_or_unreadable(text: str) -> None:
    with pytest.raises(SealUnreadable):
        seal.read(text)


@given(st.binary(max_size=400))
def test_any_message_is_a_seal_or_unreadable(message: bytes) -> None:
    for body in (message, b"\xd2" + message, b"\xd2\x84" + message):
        with pytest.raises(SealUnreadable):
            seal.read(text_of(body))


CBOR = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.binary(max_size=9)
    | st.datetimes(timezones=st.just(dt.UTC))
    | st.decimals()
    | st.fractions(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(0, 20) | st.text(max_size=3), inner, max_size=4)
        | st.builds(cbor2.CBORTag, st.integers(0, 300), inner)
    ),
    max_leaves=8,
)


@given(CBOR, CBOR)
def test_any_cbor_is_a_seal_or_unreadable(first: Any, second: Any) -> None:
    try:
        header, body = cbor2.dumps(first, canonical=True), cbor2.dumps(second, canonical=True)
    except (cbor2.CBOREncodeError, ValueError, OverflowError):
        return
    good = cbor2.dumps({1: -7, 4: bytes(8)}, canonical=True)
    for text in (signed(body, header), signed(body, good), text_of(b"\xd2" + body)):
        with pytest.raises(SealUnreadable):
            seal.read(text)


def test_a_key_that_is_not_listed_is_an_unknown_issuer(trust: TrustFolder) -> None:
    text = seal.make(claims(), host=HOST, kid=secrets.token_bytes(8), token=SoftKey())
    assert verify(text, trust).verdict == "unknown_issuer"


def test_another_key_under_a_listed_kid_is_invalid(trust: TrustFolder) -> None:
    (kid,) = trust.issuers
    assert verify(seal.make(claims(), host=HOST, kid=kid, token=SoftKey()), trust).verdict == "invalid"


def test_a_foreign_host_is_an_unknown_issuer(document: SignedDocument, trust: TrustFolder) -> None:
    foreign = document.seal.replace(HOST, "verify.elsewhere.example")
    verdict = verify(foreign, trust)
    assert (verdict.verdict, verdict.claims) == ("unknown_issuer", None)


@pytest.mark.parametrize(("voided", "word", "checked"), [([4242], "not_current", None), ([4241, 4243], "valid", True)])
def test_a_voided_document_is_not_current_and_no_more_is_told(
    document: SignedDocument, trust: TrustFolder, voided: list[int], word: str, checked: bool | None
) -> None:
    now = dt.datetime.now(dt.UTC)
    held = StatusList.model_validate_json(payload("2026-1", voided, at=now, lifetime=dt.timedelta(hours=1)))
    knowing = TrustFolder(trust.issuers, trust.authorities, trust.hosts, {"2026-1": held})
    for form in (document.seal, document.pdf):
        verdict = verify(form, knowing)
        assert (verdict.verdict, verdict.status_checked, verdict.reason) == (word, checked, None)
        assert verdict.valid or verdict.claims is None
        stale = verify(form, knowing, at=now + dt.timedelta(hours=2))
        assert (stale.verdict, stale.status_checked) == ("valid", False)


def test_a_seal_made_outside_its_certificates_time_is_invalid(document: SignedDocument, trust: TrustFolder) -> None:
    found = seal.read(document.seal)
    late = found.claims.model_copy(update={"issued_at": found.claims.issued_at + 20 * 365 * 86400})
    key = SoftKey()
    (kid,) = trust.issuers
    text = seal.make(late, host=HOST, kid=kid, token=key)
    issuer = trust.issuers[kid]

    class Listed(type(issuer)):  # type: ignore[misc]
        key = property(lambda self: SoftKeyPublic)

    SoftKeyPublic = key.key.public_key()
    knowing = TrustFolder({kid: Listed(issuer.name, issuer.certificate)}, trust.authorities, trust.hosts, {})
    verdict = verify(text, knowing)
    assert (verdict.verdict, verdict.reason) == ("invalid", "the seal was made outside its certificate's time")


def test_the_picture_is_one_unit_a_module_and_of_the_size_expected(document: SignedDocument) -> None:
    svg = ElementTree.fromstring(seal.seal_svg(document.seal))
    side = int(svg.attrib["width"]) - 8
    assert svg.attrib["height"] == svg.attrib["width"]
    assert (side - 17) % 4 == 0
    as_one_string = segno.make(document.seal, error="m", boost_error=False, micro=False)
    assert (side - 17) // 4 < int(as_one_string.version)


def test_names_too_long_for_paper_are_refused_not_cut() -> None:
    person = birth_act()["subject"]
    long_name = {"surname": "ب" * 400, "given": "ج" * 400}
    spelled = "".join(secrets.choice("اتثحخدذرزسشصضطظعغفقكلمنهوي") for _ in range(400))
    long_name["given"] = spelled
    subject = person | {"name": {"arabic": long_name, "latin": {"surname": secrets.token_hex(200), "given": "X"}}}
    with pytest.raises(SealTooLarge):
        seal.seal_svg(seal.make(claims(subject=subject), host=HOST, kid=bytes(8), token=SoftKey()))
