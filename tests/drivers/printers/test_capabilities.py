"""What a printer can do for us, from what real ones tell."""

from __future__ import annotations

import struct
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.printers.capabilities import Capabilities, a4_is_loaded, capabilities, intake, is_a4, template
from drivers.printers.errors import PrinterUnfit
from drivers.printers.ipp import PRINTER, Group
from drivers.printers.port import Intake


def printer(**told: tuple[Any, ...]) -> Group:
    return Group(PRINTER, MappingProxyType({name.replace("_", "-"): values for name, values in told.items()}))


def dpi(across: int, along: int | None = None, unit: int = 3) -> bytes:
    return struct.pack(">iib", across, across if along is None else along, unit)


def able(**told: tuple[Any, ...]) -> Capabilities:
    return capabilities(printer(**told))


def raster(*resolutions: bytes, pixels: tuple[str, ...] = ("black_1", "sgray_8")) -> dict[str, tuple[Any, ...]]:
    return {
        "document_format_supported": ("image/urf", "image/pwg-raster"),
        "pwg_raster_document_resolution_supported": resolutions,
        "pwg_raster_document_type_supported": pixels,
    }


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, Intake("application/pdf")),
        ({"document_format_supported": ("Application/PDF", "image/pwg-raster")}, Intake("application/pdf")),
        (raster(dpi(300), dpi(600)), Intake("image/pwg-raster", dpi=300, pixels="sgray_8")),
        (raster(dpi(300), dpi(600), pixels=("black_1",)), Intake("image/pwg-raster", dpi=600, pixels="black_1")),
        (raster(dpi(203), dpi(150)), Intake("image/pwg-raster", dpi=203)),
        (raster(dpi(600), dpi(1200)), Intake("image/pwg-raster", dpi=600)),
        (raster(dpi(600, 300), dpi(118, unit=4), dpi(360)), Intake("image/pwg-raster", dpi=360)),
    ],
)
def test_what_a_document_is_sent_as(told: dict[str, tuple[Any, ...]], expected: Intake) -> None:
    assert intake(able(**told)) == expected


@pytest.mark.parametrize(
    "told",
    [
        {"document_format_supported": ("image/urf", "image/jpeg")},
        raster(dpi(300), pixels=("srgb_8",)),
        raster(dpi(0), b"short", dpi(90_000)),
    ],
)
def test_a_printer_that_takes_nothing_of_ours(told: dict[str, tuple[Any, ...]]) -> None:
    with pytest.raises(PrinterUnfit):
        intake(able(**told))


def test_the_jobs_attributes() -> None:
    a4 = {"copies": 1, "media": "iso_a4_210x297mm"}
    assert template(able(), "") == a4
    assert template(able(sides_supported=("two-sided-long-edge", "one-sided")), "") == a4 | {"sides": "one-sided"}
    assert template(able(print_scaling_supported=("auto", "none")), "") == a4 | {"print-scaling": "none"}
    assert template(able(media_source_supported=("main", "tray-2")), "tray-2") == {
        "copies": 1,
        "media-col": {"media-size": {"x-dimension": 21000, "y-dimension": 29700}, "media-source": "tray-2"},
    }
    with pytest.raises(PrinterUnfit, match=r"no tray tray-9, only main, tray-2$"):
        template(able(media_source_supported=("main", "tray-2")), "tray-9")
    with pytest.raises(PrinterUnfit):
        template(able(media_supported=("na_letter_8.5x11in", "iso_a5_148x210mm")), "")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("iso_a4_210x297mm", True),
        ("ISO_A4_210x297mm", True),
        ("iso_a4_210x297mm.Borderless", True),
        ("custom_paper_210x297mm", True),
        ("iso-a4-white", True),
        ("a4", True),
        ("iso_a4-extra_235.5x322.3mm", False),
        ("iso_a4-tab_225x297mm", False),
        ("na_letter_8.5x11in", False),
        ("iso_a5_148x210mm", False),
        ("tray-1", None),
        ("stationery", None),
        ("", None),
    ],
)
def test_names_of_a4(name: str, expected: bool | None) -> None:
    assert is_a4(name) is expected


def media(source: str, x: int = 21000, y: int = 29700) -> MappingProxyType[str, tuple[Any, ...]]:
    size = MappingProxyType({"x-dimension": (x,), "y-dimension": (y,)})
    return MappingProxyType({"media-size": (size,), "media-source": (source,)})


@pytest.mark.parametrize(
    ("told", "tray", "expected"),
    [
        ({}, "", None),
        ({"media_ready": (None,)}, "", None),
        ({"media_ready": ("na_letter_8.5x11in", "iso_a4_210x297mm")}, "", True),
        ({"media_ready": ("na_letter_8.5x11in", "iso_a5_148x210mm")}, "", False),
        ({"media_ready": ("na_letter_8.5x11in", "main")}, "", None),
        ({"media_ready": ("iso_a4_210x297mm",)}, "tray-2", None),
        ({"media_col_ready": (media("tray-1"), media("tray-2", 21590, 27940))}, "tray-1", True),
        ({"media_col_ready": (media("tray-1"), media("tray-2", 21590, 27940))}, "tray-2", False),
        ({"media_col_ready": (media("tray-1"), MappingProxyType({"media-source": ("tray-2",)}))}, "tray-2", None),
    ],
)
def test_whether_a4_is_loaded(told: dict[str, tuple[Any, ...]], tray: str, expected: bool | None) -> None:
    assert a4_is_loaded(printer(**told), tray) is expected


_VALUES = st.recursive(
    st.none() | st.integers() | st.booleans() | st.text(max_size=20) | st.binary(max_size=12),
    lambda inner: st.dictionaries(
        st.sampled_from(["media-size", "media-source", "x-dimension", "y-dimension"]),
        st.lists(inner, max_size=2).map(tuple),
    ),
    max_leaves=8,
)
_NAMES = [
    "document_format_supported", "pwg_raster_document_resolution_supported", "pwg_raster_document_type_supported",
    "media_supported", "media_source_supported", "sides_supported", "print_scaling_supported",
    "media_ready", "media_col_ready",
]  # fmt: skip


@settings(max_examples=50)
@given(
    st.dictionaries(st.sampled_from(_NAMES), st.lists(_VALUES, max_size=3).map(tuple)), st.sampled_from(["", "main"])
)
def test_whatever_a_printer_tells_is_taken_or_unfit(told: dict[str, tuple[Any, ...]], tray: str) -> None:
    group = printer(**told)
    a4_is_loaded(group, tray)
    try:
        assert intake(capabilities(group)).media_type in ("application/pdf", "image/pwg-raster")
        assert template(capabilities(group), tray)["copies"] == 1
    except PrinterUnfit as error:
        assert len(str(error)) < 300 and str(error).isprintable()
