"""The session's side of the signer's socket.

signer = SignerClient(settings.signer.socket, deadline=15.0)
document = await signer.issue(act_jws, grant_jws)
"""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from pydantic import BaseModel, ValidationError

from printing.forms import Form
from signing.errors import FrameRefused, NonsenseAnswer, SigningError, TimedOut, Unreachable
from signing.protocol import (
    Answer,
    ForgetRequest,
    IssueRequest,
    SignedDocument,
    SignerStatus,
    StatusRequest,
    encode,
    parse_answer,
    read_frame,
)

__all__ = ["SignedDocument", "SignerClient", "SignerStatus"]


class SignerClient:
    """Asks the signer. `deadline` in seconds is for one whole question, connecting included.

    Every method raises what the signer refuses with (`errors.Refused`, `NotServed`, `TokenError`,
    `ChainError`), or Unreachable, TimedOut, NonsenseAnswer.
    """

    def __init__(self, socket: Path, deadline: float) -> None:
        self._socket = socket
        self._deadline = deadline

    async def status(self) -> SignerStatus:
        answer = await self._ask(StatusRequest)
        if answer.status is None:
            raise NonsenseAnswer("the signer answered another question")
        return answer.status

    async def issue(self, act_jws: str, grant_jws: str, form: Form = "a4") -> SignedDocument:
        """The signed page for this act and grant, on this kind of paper; asked again, the same bytes."""
        answer = await self._ask(IssueRequest, act=act_jws, grant=grant_jws, form=form)
        if answer.issued is None:
            raise NonsenseAnswer("the signer answered another question")
        return answer.issued.document()

    async def until_gone(self) -> None:
        """Returns when a signer that could sign may no longer be able to: it has stopped, taken a configuration
        up, or tired of waiting. At once when it cannot sign, or does not say.

        It is asked on the connection that then waits: between two connections it could have become another.
        """
        with contextlib.suppress(OSError, SigningError):
            reader, writer = await asyncio.open_unix_connection(self._socket)
            try:
                async with asyncio.timeout(self._deadline):
                    writer.write(encode(StatusRequest()))
                    frame = await read_frame(reader)
                if frame is not None and parse_answer(frame).status is not None:
                    await reader.read(1)
            finally:
                writer.close()

    async def forget(self, grant_id: str) -> None:
        """Lets the signer drop the document it keeps in memory for a grant."""
        await self._ask(ForgetRequest, grant_id=grant_id)

    async def _ask(self, kind: type[BaseModel], **fields: str) -> Answer:
        try:
            request = kind(**fields)
        except ValidationError:
            raise FrameRefused("not a question the signer would take") from None
        try:
            async with asyncio.timeout(self._deadline):
                frame = await self._exchange(encode(request))
        except TimeoutError:
            raise TimedOut("the signer did not answer in time") from None
        except (OSError, ValueError) as error:
            raise Unreachable(f"the signer's socket does not answer ({type(error).__name__})") from None
        except FrameRefused:
            raise NonsenseAnswer("the signer's answer is cut short or too large") from None
        if frame is None:
            raise Unreachable("the signer ended the conversation")
        answer = parse_answer(frame)
        if answer.failure is not None:
            raise answer.failure.error()
        return answer

    async def _exchange(self, question: bytes) -> bytes | None:
        reader, writer = await asyncio.open_unix_connection(self._socket)
        try:
            writer.write(question)
            await writer.drain()
            return await read_frame(reader)
        finally:
            writer.close()
