"""What the signer signs, and what it refuses: each refusal with its own code."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from registry import jws
from signing import errors
from signing.chain import FILE_NAME
from signing.protocol import SignedDocument
from signing.trust import TrustFolder
from signing.verify import verify
from tests.signing.municipality import Registry, Signer, read_chain, refusal

NOW = dt.datetime.now(dt.UTC)
MINUTES = dt.timedelta(minutes=1)


# -- what it signs


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_grant_and_its_act_give_a_signed_page(
    signer: Signer, registry: Registry, trust: TrustFolder, language: str
) -> None:
    act = registry.act()
    document = signer.issue(act, registry.grant(act, language=language, copy_number=7))
    assert document.sha256 == hashlib.sha256(document.pdf).hexdigest()
    verdict = verify(document.pdf, trust)
    assert verdict.valid
    assert verdict.claims is not None
    assert (verdict.claims.language, verdict.claims.copy_number) == (language, 7)
    assert verdict.signed_at == document.signed_at
    assert read_chain(signer).entries[-1].document_sha256 == document.sha256


def test_the_chain_names_no_person(signer: Signer, document: SignedDocument) -> None:
    written = (signer.settings.signer.state / FILE_NAME).read_text()
    assert "DZ-2026-1601-0000042" in written
    for private in ("MANSOURI", "109860314000041729", "المنصوري"):
        assert private not in written
        assert json.dumps(private).strip('"') not in written


def test_the_same_grant_again_gives_the_same_bytes(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant = registry.grant(act)
    first = signer.issue(act, grant)
    length = len(read_chain(signer).entries)
    # The registry may sign the same grant anew; ECDSA makes another token of it.
    payload = jws.TrustedKeys({"registry-1": registry.key.public_key()}).verify(grant, typ=jws.GRANT)
    resigned = registry.sign(payload, jws.GRANT)
    assert resigned != grant
    assert signer.issue(act, grant) == first
    assert signer.issue(act, resigned) == first
    assert len(read_chain(signer).entries) == length


def test_many_at_once_are_signed_one_by_one_on_one_thread(
    signer: Signer, registry: Registry, trust: TrustFolder
) -> None:
    """The token refuses any thread but its own (test_token), and python-pkcs11 crashes under two."""
    act = registry.act()
    grants = [registry.grant(act, reference=f"DZ-2026-1601-{n:07}") for n in range(12)]

    async def all_at_once() -> list[SignedDocument]:
        asked = [signer.client.issue(act, grant) for grant in grants]
        again = [signer.client.issue(act, grant) for grant in grants[:3]]
        return await asyncio.gather(*asked, *again)

    documents = asyncio.run(all_at_once())
    assert documents[:3] == documents[12:]
    assert len({document.sha256 for document in documents}) == 12
    for number, document in enumerate(documents[:12]):
        verdict = verify(document.pdf, trust)
        assert verdict.claims is not None
        assert verdict.claims.reference == f"DZ-2026-1601-{number:07}"
    assert signer.process is not None
    assert signer.process.poll() is None


def test_status_says_who_signs_and_how_much_was_signed(
    signer: Signer, document: SignedDocument, trust: TrustFolder
) -> None:
    status = asyncio.run(signer.client.status())
    record = read_chain(signer)
    assert [bytes.fromhex(status.kid)] == list(trust.issuers)
    assert (status.chain_length, status.chain_head) == (len(record.entries), record.head)
    assert status.certificate_expires > NOW


# -- what it refuses, each with its own code


def other_kiosk(r: Registry, act: str) -> str:
    return r.grant(act, kiosk="demo-2")


def another_act(r: Registry, act: str) -> str:
    return r.grant(r.act(version=3))


def expired(r: Registry, act: str) -> str:
    return r.grant(act, issued_at=NOW - 20 * MINUTES, expires_at=NOW - 5 * MINUTES)


def from_the_future(r: Registry, act: str) -> str:
    return r.grant(act, issued_at=NOW + 60 * MINUTES, expires_at=NOW + 75 * MINUTES)


def wrong_template(r: Registry, act: str) -> str:
    return r.grant(act, template_sha256="00" * 32)


def other_document(r: Registry, act: str) -> str:
    return r.grant(act, document_type="marriage-extract")


def altered(r: Registry, act: str) -> str:
    header, payload, signature = r.grant(act).split(".")
    changed = base64.urlsafe_b64decode(payload + "==").replace(b'"copy_number":1', b'"copy_number":2')
    return ".".join((header, base64.urlsafe_b64encode(changed).rstrip(b"=").decode(), signature))


def by_another_key(r: Registry, act: str) -> str:
    return Registry(r.folder, template_sha256=r.template_sha256, key=ec.generate_private_key(ec.SECP256R1())).sign(
        jws.TrustedKeys({"registry-1": r.key.public_key()}).verify(r.grant(act), typ=jws.GRANT), jws.GRANT
    )


def an_act_instead(r: Registry, act: str) -> str:
    return act


def not_a_grant(r: Registry, act: str) -> str:
    return r.sign(b'{"v":1}', jws.GRANT)


def without_time_zone(r: Registry, act: str) -> str:
    return r.grant(act, issued_at=NOW.replace(tzinfo=None), expires_at=NOW.replace(tzinfo=None) + 15 * MINUTES)


REFUSED: list[tuple[Callable[[Registry, str], str], type[errors.SigningError]]] = [
    (other_kiosk, errors.GrantForAnotherKiosk),
    (another_act, errors.GrantForAnotherAct),
    (expired, errors.GrantExpired),
    (from_the_future, errors.GrantFromTheFuture),
    (wrong_template, errors.GrantForAnotherTemplate),
    (other_document, errors.GrantForAnotherType),
    (altered, errors.GrantRefused),
    (by_another_key, errors.GrantRefused),
    (an_act_instead, errors.GrantRefused),
    (not_a_grant, errors.GrantRefused),
    (without_time_zone, errors.GrantRefused),
]


@pytest.mark.parametrize(("make", "expected"), REFUSED, ids=lambda v: getattr(v, "__name__", ""))
def test_a_grant_that_does_not_fit_is_refused(
    signer: Signer, registry: Registry, make: Callable[[Registry, str], str], expected: type[errors.SigningError]
) -> None:
    act = registry.act()
    before = len(read_chain(signer).entries)
    assert refusal(signer, act, make(registry, act)) is expected
    assert len(read_chain(signer).entries) == before


def test_an_altered_act_is_refused(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant = registry.grant(act)
    header, payload, signature = act.split(".")
    body = base64.urlsafe_b64decode(payload + "==")
    changed = base64.urlsafe_b64encode(body.replace(b"Fatima", b"Fatiha")).rstrip(b"=").decode()
    assert refusal(signer, ".".join((header, changed, signature)), grant) is errors.ActRefused
    assert refusal(signer, grant, grant) is errors.ActRefused
    assert refusal(signer, registry.sign(b'{"kind":"birth"}', jws.ACT), grant) is errors.ActRefused
    assert refusal(signer, "", grant) is errors.ActRefused


def test_a_used_grant_gives_nothing_for_other_bytes(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant_id = secrets.token_hex(16)
    first = signer.issue(act, registry.grant(act, grant_id=grant_id))
    other = registry.act(version=3)
    for act_again, grant_again in (
        (act, registry.grant(act, grant_id=grant_id, copy_number=2)),
        (act, registry.grant(act, grant_id=grant_id, language="ar")),
        (other, registry.grant(other, grant_id=grant_id)),
    ):
        assert refusal(signer, act_again, grant_again) is errors.GrantUsed
    assert read_chain(signer).entries[-1].document_sha256 == first.sha256


def test_a_forgotten_document_is_not_made_again(signer: Signer, registry: Registry) -> None:
    act = registry.act()
    grant_id = secrets.token_hex(16)
    grant = registry.grant(act, grant_id=grant_id)
    signer.issue(act, grant)
    asyncio.run(signer.client.forget(grant_id))
    asyncio.run(signer.client.forget(grant_id))
    assert refusal(signer, act, grant) is errors.GrantUsed


def test_names_that_fit_no_seal_are_refused_and_the_grant_stays_unused(signer: Signer, registry: Registry) -> None:
    long_name = {"surname": secrets.token_hex(150), "given": secrets.token_hex(150)}
    act = registry.act(father={"name": {"arabic": long_name, "latin": long_name | {"given": secrets.token_hex(150)}}})
    before = len(read_chain(signer).entries)
    assert refusal(signer, act, registry.grant(act)) is errors.SealTooLarge
    assert len(read_chain(signer).entries) == before
