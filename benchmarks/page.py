"""The page: our render child beside a bare Typst on the same template, inputs and day; on a sheet and as a ticket."""

from __future__ import annotations

import dataclasses

from benchmarks.measure import Stage, same
from benchmarks.papers import BareTypst, Papers
from kiosk.session.paper_desk import PREVIEW_PPI
from printing.forms import Form
from printing.render import Renderer

_FORMS: tuple[tuple[Form, str], ...] = (("a4", ""), ("ticket", "-ticket"))


def measure(renderer: Renderer, bare: BareTypst, papers: Papers, rounds: int) -> list[Stage]:
    """`page`, both compilers warm, and `preview` as a visit meets it; the same of tickets."""
    return [
        stage
        for form, name in _FORMS
        for stage in (
            _page(renderer, bare, papers, rounds, form, f"page{name}"),
            _preview(renderer, bare, papers, rounds, form, f"preview{name}"),
        )
    ]


def _page(renderer: Renderer, bare: BareTypst, papers: Papers, rounds: int, form: Form, name: str) -> Stage:
    stage = Stage(name, "Renderer.page in the warm child", "typst.Compiler in this process, warm")
    for _ in range(rounds + 1):
        request = dataclasses.replace(next(papers).original, form=form)
        prepared = bare.prepare(request)
        with stage.ours.measured():
            ours = renderer.page(request)
        with stage.floor.measured():
            floor = bare.pdf(*prepared)
        same(ours, floor, "the pages")
    stage.counts["bytes"] = len(ours)
    return stage.set_first_apart()


def _preview(renderer: Renderer, bare: BareTypst, papers: Papers, rounds: int, form: Form, name: str) -> Stage:
    """Between visits the child is replaced: the preview is the first page of a child that stands ready."""
    ppi = PREVIEW_PPI[form]
    stage = Stage(name, f"Renderer.preview ({ppi} ppi), the child's first page", "typst.Compiler, warm")
    for _ in range(rounds + 1):
        request = dataclasses.replace(next(papers).preview, form=form)
        prepared = bare.prepare(request)
        renderer.forget()
        renderer.warm()
        with stage.ours.measured():
            (ours,) = renderer.preview(request, ppi)
        with stage.floor.measured():
            floor = bare.png(*prepared, ppi=ppi)
        same(ours, floor, "the previews")
    stage.counts["bytes"] = len(ours)
    return stage.set_first_apart()
