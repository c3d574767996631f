"""What pages and signatures are measured on: birth extracts, each of another person, so that no cache has one."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typst

from config.schema import Settings
from kiosk.simulation.townhall import KIOSK_ID, PEOPLE, TownHall
from printing.documents import DocumentCatalogue, PageRequest
from printing.page_data import template_inputs
from printing.render import FONT_FOLDERS
from registry import jws
from registry.models import BirthAct, Grant
from registry.reference.keys import RegistryKeys
from registry.reference.population import generate
from signing import seal
from signing.certificates import Chain
from signing.claims import SealClaims
from signing.token import Token

TYPE = "birth-extract"


@dataclass(frozen=True, slots=True)
class Paper:
    """One extract: what the registry signed for it, and the two pages that come of it."""

    grant: Grant
    act_jws: str = field(repr=False)
    grant_jws: str = field(repr=False)
    original: PageRequest = field(repr=False)
    preview: PageRequest = field(repr=False)


class Papers:
    """The registry's pen and the municipality's hand. Iterating gives another person's extract each time."""

    def __init__(self, hall: TownHall, settings: Settings, catalogue: DocumentCatalogue, token: Token) -> None:
        self._acts = iter([p.act for p in generate(PEOPLE, hall.seed) if p.act is not None])
        self._settings = settings
        self._token = token
        self._keys = RegistryKeys.load_or_create(hall.registry.folder)
        self._kid = Chain.load(settings.signer.certificate).kid
        self._template = catalogue.template_sha256(TYPE)
        self._serial = 0
        self.now = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def __iter__(self) -> Iterator[Paper]:
        return self

    def __next__(self) -> Paper:
        act = next(self._acts).model_copy(update={"as_of": self.now})
        payload = act.model_dump_json(by_alias=True).encode()
        grant = self._grant(payload)
        specimen = PageRequest(
            type=TYPE,
            language=grant.language,
            act=act,
            town=self._settings.town,
            issued_on=self.now.astimezone().date(),
            specimen=True,
        )
        return Paper(
            grant=grant,
            act_jws=self._keys.sign(payload, jws.ACT),
            grant_jws=self._keys.sign(grant.model_dump_json().encode(), jws.GRANT),
            original=self._original(act, payload, grant),
            preview=specimen,
        )

    def _grant(self, payload: bytes) -> Grant:
        self._serial += 1
        return Grant(
            grant_id=secrets.token_hex(16),
            reference=f"DZ-{self.now.year}-1601-{9_000_000 + self._serial:07d}",
            act_sha256=hashlib.sha256(payload).hexdigest(),
            document_type=TYPE,
            language="ar",
            copy_number=1,
            kiosk=KIOSK_ID,
            requester=secrets.token_hex(32),
            capacity="self",
            card_proof="active-authentication",
            holder_proof="pin",
            status_list="dz-1",
            status_index=self._serial,
            template_sha256=self._template,
            issued_at=self.now,
            expires_at=self.now + dt.timedelta(minutes=15),
        )

    def _original(self, act: BirthAct, payload: bytes, grant: Grant) -> PageRequest:
        """What the signer asks of its renderer for this grant."""
        claims = SealClaims.of(act, grant, self.now)
        text = seal.make(claims, host=self._settings.signer.seal_host, kid=self._kid, token=self._token)
        return PageRequest(
            type=TYPE,
            language=grant.language,
            act=act,
            town=self._settings.town,
            issued_on=self.now.astimezone().date(),
            reference=grant.reference,
            copy_number=grant.copy_number,
            seal_svg=seal.seal_svg(text),
            seal_text=text,
            attachment=payload,
        )


class BareTypst:
    """typst.Compiler on the files and fonts of the document, in this process, and nothing around it.

    What it compiles is prepared beforehand: `prepared = bare.prepare(request)`, then `bare.pdf(*prepared)`.
    """

    def __init__(self, catalogue: DocumentCatalogue, folder: Path) -> None:
        self._document = catalogue.type(TYPE)
        for name, content in catalogue.files(TYPE).items():
            target = folder / "root" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        fonts = folder / "fonts"
        fonts.mkdir()
        installed = {path.name: path for top in FONT_FOLDERS for path in top.rglob("*.?tf")}
        for font in self._document.fonts:
            (fonts / font).symlink_to(installed[font])
        self._folder = folder / "root" / TYPE
        faces = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
        self._compiler = typst.Compiler(root=str(folder / "root"), font_paths=faces)

    def prepare(self, request: PageRequest) -> tuple[str, dict[str, str], int]:
        """The template, its inputs, and the page's time: midnight of its day, in seconds since 1970."""
        midnight = dt.datetime.combine(request.issued_on, dt.time(), tzinfo=dt.UTC)
        main = str(self._folder / self._document.template(request.form))
        return main, template_inputs(request, self._document), int(midnight.timestamp())

    def pdf(self, main: str, inputs: dict[str, str], timestamp: int) -> bytes:
        """The page, to the standards the renderer sets it to."""
        return self._compile(main, inputs, timestamp, format="pdf", pdf_standards=["a-3a", "ua-1"])

    def png(self, main: str, inputs: dict[str, str], timestamp: int, *, ppi: int) -> bytes:
        """The only page, as a picture."""
        return self._compile(main, inputs, timestamp, format="png", ppi=float(ppi))

    def _compile(self, main: str, inputs: dict[str, str], timestamp: int, **output: Any) -> bytes:
        compiled = self._compiler.compile(input=main, sys_inputs=inputs, timestamp=timestamp, **output)
        assert isinstance(compiled, bytes), "one document, or one page"
        return compiled
