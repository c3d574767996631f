"""Pages from requests, set by Typst in a child process that can be killed.

    with Renderer(None, deadline=10.0) as renderer:
        pdf = renderer.page(request)              # PDF/A-3a + PDF/UA-1, fonts embedded, act.json attached
        pngs = renderer.preview(request, ppi=120) # the same page as a watermarked specimen

Rules of this file:
1. One child at a time, kept warm; every exchange with it has a deadline.
2. A child that misses its deadline, dies or talks nonsense is killed, and a fresh one is started at once.
3. The child is given files and plain data only; all checking of requests happens before it (`page_data`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from printing.documents import DocumentCatalogue, DocumentType, PageRequest
from printing.errors import FontMissing, GlyphMissing, PageError, RenderChildLost, RequestUnfit, TemplateFaulty
from printing.page_data import template_inputs
from printing.render_pipe import Child

FONT_FOLDERS = (Path("/usr/local/share/fonts"), Path("/usr/share/fonts"))
"""Where Debian and the administrator install fonts (FHS 3.0 §4.11)."""
MIN_PPI, MAX_PPI = 20, 400
_FAULTS: dict[str, type[PageError]] = {"glyph": GlyphMissing, "font": FontMissing, "template": TemplateFaulty}


class Renderer:
    """Sets pages of one catalogue. `folder` None means the templates that ship; `deadline` is in seconds,
    for one page, the start of a cold child included.

    Thread-safe: pages are set one after another. Raises CatalogueFaulty and FontMissing on making.
    """

    def __init__(self, folder: Path | None, deadline: float) -> None:
        self.catalogue = DocumentCatalogue(folder)
        self._deadline = deadline
        self._lock = threading.Lock()
        self._child: Child | None = None
        self._stage = tempfile.TemporaryDirectory(prefix="shubbak-templates-")
        fonts = _installed_fonts()
        try:
            for document in self.catalogue.types():
                self._stage_document(document, fonts)
        except BaseException:
            self._stage.cleanup()
            raise

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the child; the renderer is of no use afterwards."""
        with self._lock:
            if self._child is not None:
                self._child.kill()
                self._child = None
            self._stage.cleanup()

    def forget(self) -> None:
        """Replaces the child by a fresh one: with it goes what the compiler's caches keep of the last pages."""
        with self._lock:
            if self._child is not None:
                self._child.kill()
                self._child = Child(_command())

    def warm(self) -> bool:
        """Starts the child if none runs; True when it is cut off from every network.

        Raises DeadlinePassed or RenderChildLost.
        """
        with self._lock:
            return self._running_child().isolated

    def page(self, request: PageRequest) -> bytes:
        """The page as PDF/A-3a (ISO 19005-3) and PDF/UA-1 (ISO 14289-1); the same request, the same bytes.

        Raises UnknownDocument, RequestUnfit, SealUnfit, WordingError, GlyphMissing, FontMissing,
        TemplateFaulty, DeadlinePassed or RenderChildLost.
        """
        parts = self._set(request, {"format": "pdf", "ppi": None})
        if len(parts) != 1:
            raise RenderChildLost("the child answered with other than one document")
        return parts[0]

    def preview(self, request: PageRequest, ppi: int) -> list[bytes]:
        """One PNG for each page, always as a watermarked specimen, whatever the request carries.

        `ppi` is pixels an inch, 20 to 400. Raises as `page` does.
        """
        if not MIN_PPI <= ppi <= MAX_PPI:
            raise RequestUnfit(f"a preview has {MIN_PPI} to {MAX_PPI} pixels an inch")
        specimen = dataclasses.replace(
            request, specimen=True, reference=None, copy_number=None, seal_svg=None, seal_text=None, attachment=None
        )
        return self._set(specimen, {"format": "png", "ppi": float(ppi)})

    def _set(self, request: PageRequest, output: dict[str, Any]) -> list[bytes]:
        document = self.catalogue.type(request.type)
        midnight = dt.datetime.combine(request.issued_on, dt.time(), tzinfo=dt.UTC)
        root = Path(self._stage.name, document.type)
        order = output | {
            "root": str(root / "root"),
            "fonts": str(root / "fonts"),
            "main": str(root / "root" / document.type / document.template(request.form)),
            "inputs": template_inputs(request, document),
            "timestamp": int(midnight.timestamp()),
            "deadline": self._deadline,
        }
        with self._lock:
            child = self._running_child()
            try:
                answer, parts = child.exchange(json.dumps(order).encode(), self._deadline)
            except PageError:
                child.kill()
                self._child = Child(_command())
                raise
        return _parts_or_fault(answer, parts)

    def _running_child(self) -> Child:
        if self._child is None or not self._child.alive():
            self._child = Child(_command())
        try:
            self._child.await_ready(self._deadline)
        except PageError:
            self._child.kill()
            self._child = None
            raise
        return self._child

    def _stage_document(self, document: DocumentType, installed: dict[str, Path]) -> None:
        """Lays out the very bytes that were hashed, and links to the fonts the document names."""
        place = Path(self._stage.name, document.type)
        for name, content in self.catalogue.files(document.type).items():
            target = place / "root" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        (place / "fonts").mkdir(parents=True)
        for font in document.fonts:
            if font not in installed:
                raise FontMissing(f"font file {font} is not installed")
            (place / "fonts" / font).symlink_to(installed[font])


def _command() -> list[str]:
    return [sys.executable, "-I", str(Path(__file__).with_name("render_child.py"))]


def _installed_fonts() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for top in FONT_FOLDERS:
        for folder, _, names in os.walk(top):
            for name in names:
                found.setdefault(name, Path(folder, name))
    return found


def _parts_or_fault(answer: dict[str, Any], parts: list[bytes]) -> list[bytes]:
    if "fault" not in answer:
        return parts
    error = _FAULTS.get(str(answer["fault"]), TemplateFaulty)
    raise error(f"{answer.get('where') or 'template'}: {answer.get('said', '')}")
