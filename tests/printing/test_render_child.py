"""The render child under templates that are wrong or hostile, and after it was killed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import printing.render as render
from printing.documents import PageRequest
from printing.errors import DeadlinePassed, FontMissing, PageError, RenderChildLost, TemplateFaulty
from printing.render import Renderer

Make = Callable[..., PageRequest]
Folder = Callable[[dict[str, str]], Path]

TITLED = '#set document(title: "x")\n'
PAGE = "#let page-data = json(bytes(sys.inputs.page))\n"
ENDLESS = "#for a in range(9999) { for b in range(9999) { for c in range(9999) { } } }"


def render_children() -> set[int]:
    """Process ids of this process's render children."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[1] if words else ""
        except OSError:
            continue
        if parent == str(os.getpid()) and any(word.endswith(b"render_child.py") for word in words):
            found.add(int(entry.name))
    return found


def test_an_endless_template_is_killed_and_the_next_page_still_comes(catalogue_folder: Folder, original: Make) -> None:
    before = render_children()
    with Renderer(catalogue_folder({"endless": ENDLESS}), deadline=3.0) as renderer:
        renderer.warm()
        (first,) = render_children() - before
        with pytest.raises(DeadlinePassed):
            renderer.page(original(type="endless"))
        assert not Path(f"/proc/{first}").exists()
        assert renderer.page(original()).startswith(b"%PDF-1.7")
        with pytest.raises(DeadlinePassed):
            renderer.preview(original(type="endless"), ppi=100)
        assert renderer.page(original()).startswith(b"%PDF-1.7")
    assert render_children() == before


@pytest.mark.parametrize(
    "source",
    [
        '#import "@preview/cetz:0.3.0": canvas',
        '#import "@local/shubbak:0.1.0": *',
        '#read("/etc/passwd")',
        '#read("../../../../../../etc/passwd")',
        '#read("/birth-extract/labels.toml")',
        '#image("/proc/self/environ")',
        '#import "/endless/endless.typ": *',
        "#let x = (",
        "#let f(x) = f(x + 1)\n#f(0)",
        "= A page without a document title",
    ],
)
def test_packages_foreign_files_and_broken_templates_are_refused(
    catalogue_folder: Folder, original: Make, source: str
) -> None:
    with Renderer(catalogue_folder({"faulty": source}), deadline=30.0) as renderer:
        with pytest.raises(TemplateFaulty):
            renderer.page(original(type="faulty"))
        assert renderer.page(original()).startswith(b"%PDF-1.7")


def test_what_a_document_may_read_is_what_its_hash_covers(catalogue_folder: Folder, original: Make) -> None:
    source = '#set text(font: "Noto Serif")\n#toml("own.toml").x #toml("/shared/common.toml").fr.page'
    folder = catalogue_folder({"own": TITLED + source})
    (folder / "own" / "own.toml").write_text('x = "own"')
    with Renderer(folder, deadline=30.0) as renderer:
        page = renderer.page(original(type="own"))
        (folder / "own" / "own.typ").write_text("#panic()")
        (folder / "shared" / "common.toml").write_text("")
        assert renderer.page(original(type="own")) == page


@pytest.mark.parametrize(
    "fault",
    [
        "#panic(page-data.act.subject.nin)",
        "#assert(false, message: page-data.act.subject.name.latin.surname)",
        "#page-data.at(page-data.act.subject.nin)",
        "#int(page-data.act.subject.name.latin.surname)",
        "#read(page-data.act.subject.nin)",
        "#eval(page-data.act.subject.nin + page-data.act.subject.name.latin.given)",
    ],
)
def test_a_fault_never_repeats_register_data(catalogue_folder: Folder, original: Make, fault: str) -> None:
    folder = catalogue_folder({"faulty": PAGE + fault})
    with Renderer(folder, deadline=30.0) as renderer, pytest.raises(TemplateFaulty) as refused:
        renderer.page(original(type="faulty"))
    said = str(refused.value)
    assert said.startswith("faulty.typ:2:")
    assert not any(secret in said for secret in ("119860417160100042", "MANSOURI", "Fatima"))


def test_a_font_that_the_template_names_but_nobody_installed(catalogue_folder: Folder, original: Make) -> None:
    source = TITLED + '#set text(font: ("Noto Serif", "Wingdings"))\nx'
    with Renderer(catalogue_folder({"odd": source}), deadline=30.0) as renderer, pytest.raises(FontMissing):
        renderer.page(original(type="odd"))


def test_fonts_that_are_not_installed_show_at_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(render, "FONT_FOLDERS", (tmp_path,))
    with pytest.raises(FontMissing):
        Renderer(None, deadline=30.0)


def test_memory_beyond_its_bound_ends_the_child_not_us(catalogue_folder: Folder, original: Make) -> None:
    huge = "#set page(width: 1e6pt, height: 1e6pt)\nx"
    with Renderer(catalogue_folder({"huge": huge}), deadline=60.0) as renderer:
        with pytest.raises(RenderChildLost):
            renderer.preview(original(type="huge"), ppi=400)
        assert renderer.page(original()).startswith(b"%PDF-1.7")


def test_more_pages_than_a_document_has(catalogue_folder: Folder, original: Make) -> None:
    many = TITLED + "#for _ in range(80) { pagebreak() }"
    with Renderer(catalogue_folder({"many": many}), deadline=60.0) as renderer:
        with pytest.raises(RenderChildLost):
            renderer.preview(original(type="many"), ppi=20)
        assert renderer.page(original()).startswith(b"%PDF-1.7")


def test_a_child_killed_from_outside_is_replaced(original: Make) -> None:
    before = render_children()
    with Renderer(None, deadline=30.0) as renderer:
        page = renderer.page(original())
        (child,) = render_children() - before
        os.kill(child, signal.SIGKILL)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert renderer.page(original()) == page
        (fresh,) = render_children() - before
        assert fresh != child


def test_forgetting_replaces_the_child(original: Make) -> None:
    before = render_children()
    with Renderer(None, deadline=30.0) as renderer:
        renderer.page(original())
        (child,) = render_children() - before
        renderer.forget()
        renderer.page(original())
        assert child not in render_children()


def test_the_child_has_no_network_no_environment_and_no_files_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHUBBAK_SECRET", "of the parent")
    before = render_children()
    with Renderer(None, deadline=30.0) as renderer:
        assert renderer.warm()
        (child,) = render_children() - before
        proc = Path(f"/proc/{child}")
        assert (proc / "ns" / "net").readlink() != Path("/proc/self/ns/net").readlink()
        interfaces = [line.split(":")[0].strip() for line in (proc / "net" / "dev").read_text().splitlines()[2:]]
        assert interfaces == ["lo"]
        assert len((proc / "net" / "route").read_text().splitlines()) <= 1
        assert b"SHUBBAK_SECRET" not in (proc / "environ").read_bytes()
        limits = (proc / "limits").read_text()
        assert "Max file size             0                    0" in limits
        assert f"Max address space         {1 << 30}" in limits
        assert "NoNewPrivs:\t1" in (proc / "status").read_text()


def test_the_child_ends_with_its_parent() -> None:
    """The parent dies without closing anything; the child's pipe tells it."""
    source = (
        "import os, sys\nfrom printing.render import Renderer\n"
        "r = Renderer(None, 30.0)\nr.warm()\n"
        "print(r._child.pid, flush=True)\nos.kill(os.getpid(), 9)\n"
    )
    import subprocess
    import sys

    parent = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=False)
    assert parent.returncode == -signal.SIGKILL
    child = int(parent.stdout)
    try:
        handle = os.pidfd_open(child)
    except ProcessLookupError:
        return
    import select

    assert select.select([handle], [], [], 30.0)[0]
    os.close(handle)


def test_threads_take_turns(original: Make) -> None:
    pages: dict[int, bytes] = {}
    with Renderer(None, deadline=60.0) as renderer:

        def work(number: int) -> None:
            pages[number] = renderer.page(original("ar" if number % 2 else "fr"))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [pages[number] for number in range(6)] == [
            renderer.page(original("fr")),
            renderer.page(original("ar")),
        ] * 3


@pytest.mark.parametrize(
    "script",
    [
        "pass",
        "import sys; sys.stdout.write('not a frame at all'); sys.stdout.flush(); sys.stdin.read()",
        "import os; os.write(1, b'\\xff\\xff\\xff\\xff'); os.read(0, 1)",
        "import os; os.write(1, b'\\0\\0\\0\\x02[]'); os.read(0, 1)",
        "import os; os.write(1, b'\\0\\0\\0\\x01x'); os.read(0, 1)",
    ],
)
def test_nonsense_from_a_child_is_a_code(monkeypatch: pytest.MonkeyPatch, original: Make, script: str) -> None:
    import sys

    monkeypatch.setattr(render, "_command", lambda: [sys.executable, "-I", "-c", script])
    with Renderer(None, deadline=30.0) as renderer, pytest.raises(RenderChildLost):
        renderer.page(original())


def test_every_failure_has_its_own_code() -> None:
    codes = [error.code for error in PageError.__subclasses__()]
    assert len(set(codes)) == len(codes) == 10
