"""Seal and signature: the signer process beside the token operations and the compilation it cannot do without."""

from __future__ import annotations

import asyncio
import hashlib

from benchmarks.measure import Stage
from benchmarks.papers import BareTypst, Papers
from config.schema import Settings
from signing.certificates import Chain
from signing.client import SignerClient
from signing.pades import PadesSigner
from signing.token import Token

_DIGEST = hashlib.sha256(b"").digest()


def measure(
    settings: Settings, bare: BareTypst, papers: Papers, token: Token, rounds: int
) -> tuple[list[Stage], bytes]:
    """`seal-and-sign` and `pades`; and a signed page, for whoever prints one."""
    issue, signed = asyncio.run(_issue(settings, bare, papers, token, rounds))
    return [issue, _pades(settings, bare, papers, token, rounds)], signed


async def _issue(settings: Settings, bare: BareTypst, papers: Papers, token: Token, rounds: int) -> tuple[Stage, bytes]:
    stage = Stage("seal-and-sign", "SignerClient.issue, its process warm", "two token signatures, bare compilation")
    signer = SignerClient(settings.signer.socket, settings.documents.render_deadline)
    for _ in range(rounds + 1):
        paper = next(papers)
        prepared = bare.prepare(paper.original)
        with stage.ours.measured():
            document = await signer.issue(paper.act_jws, paper.grant_jws)
        with stage.floor.measured():
            token.sign_digest(_DIGEST)
            bare.pdf(*prepared)
            token.sign_digest(_DIGEST)
        await signer.forget(paper.grant.grant_id)
    stage.counts.update(signatures=2, bytes=len(document.pdf))
    return stage.set_first_apart(), document.pdf


def _pades(settings: Settings, bare: BareTypst, papers: Papers, token: Token, rounds: int) -> Stage:
    stage = Stage("pades", "PadesSigner.sign", "one token signature")
    signer = PadesSigner(token, Chain.load(settings.signer.certificate))
    page = bare.pdf(*bare.prepare(next(papers).original))
    for _ in range(rounds + 1):
        with stage.ours.measured():
            signed = signer.sign(page, papers.now)
        with stage.floor.measured():
            token.sign_digest(_DIGEST)
    stage.counts.update(signatures=1, bytes=len(signed) - len(page))
    return stage.set_first_apart()
