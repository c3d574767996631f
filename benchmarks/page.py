"""The page: our render child beside a bare Typst on the same template, inputs and day."""

from __future__ import annotations

from benchmarks.measure import Stage, same
from benchmarks.papers import BareTypst, Papers
from kiosk.session.counter import PREVIEW_PPI
from printing.render import Renderer


def measure(renderer: Renderer, bare: BareTypst, papers: Papers, rounds: int) -> list[Stage]:
    """`page`, both compilers warm, and `preview` as a visit meets it."""
    return [_page(renderer, bare, papers, rounds), _preview(renderer, bare, papers, rounds)]


def _page(renderer: Renderer, bare: BareTypst, papers: Papers, rounds: int) -> Stage:
    stage = Stage("page", "Renderer.page in the warm child", "typst.Compiler in this process, warm")
    for _ in range(rounds + 1):
        request = next(papers).original
        prepared = bare.prepare(request)
        with stage.ours.measured():
            ours = renderer.page(request)
        with stage.floor.measured():
            floor = bare.pdf(*prepared)
        same(ours, floor, "the pages")
    stage.counts["bytes"] = len(ours)
    return stage.set_first_apart()


def _preview(renderer: Renderer, bare: BareTypst, papers: Papers, rounds: int) -> Stage:
    """Between visits the child is replaced: the preview is the first page of a child that stands ready."""
    stage = Stage("preview", f"Renderer.preview ({PREVIEW_PPI} ppi), the child's first page", "typst.Compiler, warm")
    for _ in range(rounds + 1):
        request = next(papers).preview
        prepared = bare.prepare(request)
        renderer.forget()
        renderer.warm()
        with stage.ours.measured():
            (ours,) = renderer.preview(request, PREVIEW_PPI)
        with stage.floor.measured():
            floor = bare.png(*prepared, ppi=PREVIEW_PPI)
        same(ours, floor, "the previews")
    stage.counts["bytes"] = len(ours)
    return stage.set_first_apart()
