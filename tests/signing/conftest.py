"""A real token, a real registry key, and the real signer in a process of its own."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from signing.demo import DemoToken, create_demo_token
from signing.protocol import SignedDocument
from signing.trust import TrustFolder
from tests.signing.municipality import Registry, Signer, settings_for


@pytest.fixture(scope="session")
def token(tmp_path_factory: pytest.TempPathFactory) -> DemoToken:
    return create_demo_token(tmp_path_factory.mktemp("token"))


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    return Registry(tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="session")
def trust(token: DemoToken) -> TrustFolder:
    return TrustFolder.load(token.trust)


@pytest.fixture(scope="session")
def make_signer(
    token: DemoToken, registry: Registry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., Signer]]:
    """Signers with chains of their own; whatever still runs is ended with the session."""
    made: list[Signer] = []

    def make(*, quick: bool = False, **changes: Any) -> Signer:
        folder = Path(tempfile.mkdtemp(prefix="signer-", dir=tmp_path_factory.getbasetemp()))
        made.append(Signer(settings_for(token, registry, folder, **changes), folder, quick=quick))
        return made[-1]

    yield make
    for signer in made:
        if signer.process is not None:
            signer.end(signal.SIGKILL)
        shutil.rmtree(signer.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def signer(make_signer: Callable[..., Signer]) -> Signer:
    started = make_signer()
    started.start()
    return started


@pytest.fixture(scope="session")
def document(signer: Signer, registry: Registry) -> SignedDocument:
    """One signed birth extract, in French."""
    act = registry.act()
    return signer.issue(act, registry.grant(act))
