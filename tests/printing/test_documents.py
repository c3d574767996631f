"""The catalogue: what it describes, what its hash covers, and what it refuses to read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from printing.documents import DocumentCatalogue
from printing.errors import CatalogueFaulty, RequestUnfit, UnknownDocument

Folder = Callable[[dict[str, str]], Path]


def test_the_birth_extract_ships_in_both_languages_and_claims_nothing() -> None:
    document = DocumentCatalogue().type("birth-extract")
    assert document.languages == ("ar", "fr")
    assert document.title("fr") == "Extrait d’acte de naissance n°\u00a012"
    assert document.title("ar") == "مستخرج من عقد الميلاد رقم 12"
    assert document.standing == "unofficial-model"
    assert document.templates == {"a4": "birth-extract.typ", "ticket": "birth-extract-ticket.typ"}


def test_a_document_may_be_given_on_one_kind_of_paper_only(catalogue_folder: Folder) -> None:
    folder = catalogue_folder({"another": "= x"})
    another = DocumentCatalogue(folder).type("another")
    assert another.template("a4") == "another.typ"
    with pytest.raises(RequestUnfit):
        another.template("ticket")


def test_the_hash_covers_every_file_in_order_of_path() -> None:
    catalogue = DocumentCatalogue()
    files = catalogue.files("birth-extract")
    assert list(files) == sorted(files)
    assert {"shared/page.typ", "birth-extract/document.toml", "birth-extract/labels.toml"} <= set(files)
    stream = b"".join(name.encode() + b"\0%d\0" % len(data) + data for name, data in files.items())
    assert catalogue.template_sha256("birth-extract") == hashlib.sha256(stream).hexdigest()


@pytest.mark.parametrize(
    "file",
    [
        "shared/common.toml",
        "shared/ticket.typ",
        "birth-extract/birth-extract.typ",
        "birth-extract/birth-extract-ticket.typ",
        "birth-extract/document.toml",
    ],
)
def test_any_changed_byte_changes_the_hash(catalogue_folder: Folder, file: str) -> None:
    folder = catalogue_folder({})
    before = DocumentCatalogue(folder).template_sha256("birth-extract")
    assert before == DocumentCatalogue().template_sha256("birth-extract")
    (folder / file).write_bytes((folder / file).read_bytes() + b"\n")
    assert DocumentCatalogue(folder).template_sha256("birth-extract") != before


def test_another_document_does_not_touch_the_hash(catalogue_folder: Folder) -> None:
    with_more = DocumentCatalogue(catalogue_folder({"another": "= x"}))
    assert with_more.template_sha256("birth-extract") == DocumentCatalogue().template_sha256("birth-extract")
    assert [document.type for document in with_more.types()] == ["another", "birth-extract"]


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(UnknownDocument):
        DocumentCatalogue().type("death-extract")


def test_a_folder_without_templates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueFaulty):
        DocumentCatalogue(tmp_path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type = "birth-extract"', 'type = "other"'),
        ('act = "birth"', 'act = "birth"\nsurprise = 1'),
        ('a4 = "birth-extract.typ"', 'a4 = "../shared/page.typ"'),
        ('a4 = "birth-extract.typ"', 'a4 = "missing.typ"'),
        ('ticket = "birth-extract-ticket.typ"', 'ticket = "missing.typ"'),
        ('ticket = "birth', 'roll = "birth'),
        ('templates = { a4 = "birth-extract.typ", ticket = "birth-extract-ticket.typ" }', "templates = {}"),
        ('languages = ["ar", "fr"]', "languages = []"),
        ('country = "dz"', "country ="),
    ],
)
def test_a_faulty_description_is_refused(catalogue_folder: Folder, old: str, new: str) -> None:
    folder = catalogue_folder({})
    description = folder / "birth-extract" / "document.toml"
    text = description.read_text("utf-8")
    assert old in text
    description.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(CatalogueFaulty, match=r"document\.toml"):
        DocumentCatalogue(folder)


def test_a_link_is_refused_for_it_leads_out_of_what_is_hashed(catalogue_folder: Folder, tmp_path: Path) -> None:
    folder = catalogue_folder({})
    (tmp_path / "elsewhere.typ").write_text("= x")
    (folder / "shared" / "linked.typ").symlink_to(tmp_path / "elsewhere.typ")
    with pytest.raises(CatalogueFaulty):
        DocumentCatalogue(folder)


def test_a_file_too_large_is_refused(catalogue_folder: Folder) -> None:
    folder = catalogue_folder({})
    (folder / "shared" / "large.json").write_bytes(b" " * (256 * 1024 + 1))
    with pytest.raises(CatalogueFaulty):
        DocumentCatalogue(folder)
