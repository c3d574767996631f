"""What the configuration agent needs from the rest of the kiosk, and no more.

The agent imports no other room; the kiosk hands it these four parts. Faults are pairs of part and
error code ("signer" → "E-SIGN-TOKEN-ABSENT"). Nothing here may depend on the network: a registry
that is away says nothing about a release.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from config.schema import Settings


class NotNow(Exception):
    """What a release names does not answer. That may pass: it is tried again, and nothing is held against it.

    `problems` are lines as those of `Meaning.problems`.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class Meaning(Protocol):
    """Whether settings work on this machine, beyond what the schema can say."""

    async def problems(self, before: Settings, after: Settings, release: Path) -> list[str]:
        """Why `after` cannot work on this machine, as "E-CODE: words" lines; none when it can.

        `release` is the folder of the release that `after` was read from. Raises NotNow where nothing else is
        wrong than that something does not answer.
        """
        ...


class Health(Protocol):
    """What the running kiosk says of itself."""

    async def faults(self) -> dict[str, str]:
        """What is wrong now: part → error code; empty when well.

        A session that does not answer is {"session": code}.
        """
        ...

    async def release(self) -> int | None:
        """The release the session runs; None for the local file alone, or when it does not say."""
        ...


class Quiet(Protocol):
    """The time between two visits."""

    def between_visits(self) -> AbstractAsyncContextManager[None]:
        """Inside, no citizen is being served and none can begin."""
        ...


class Teller(Protocol):
    """Where the agent tells what it does."""

    def difference(self, release: int, lines: list[str]) -> None:
        """What `release` changes, one sentence a line."""
        ...

    def state(self, phase: str, release: int | None, code: str | None) -> None:
        """The agent entered `phase` with `release`; `code` says why, when something was wrong."""
        ...
