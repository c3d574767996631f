"""The settings of paper: the printers, which of them is used when, what they hold, and what remains without one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import StringConstraints, field_validator

from config.section import Section, Slug, setting


class Laser(Section):
    uri: Annotated[str, StringConstraints(pattern=r"^(ipps?://[^\s]+|usb:[\x21-\x7e]{1,60}|)$", max_length=200)] = (
        setting(
            "ipp://localhost:8631/ipp/print",
            about="address of the laser printer (IPP), or usb:SERIAL for one that ipp-usb serves; empty: there is none",
        )
    )
    certificate: Path | None = setting(
        None, machine=True, about="the printer's own TLS certificate (PEM); with it no other is believed"
    )
    tray: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{0,40}$")] = setting(
        "", about="tray to print from, as the printer names it (media-source); empty: the printer's choice"
    )
    deadline: float = setting(60.0, unit="s", ge=5, le=600, about="longest wait for a job before it is cancelled")
    request_deadline: float = setting(5.0, unit="s", ge=1, le=30, about="longest wait for one answer of the printer")


class Thermal(Section):
    """The ticket printer (ESC/POS, 80 mm paper)."""

    address: Annotated[
        str,
        StringConstraints(
            pattern=r"^(tcp://[A-Za-z0-9.-]+:[0-9]{1,5}|serial:/[^\s?]+(\?baud=[0-9]{3,7})?"
            r"|usb:[0-9a-f]{4}:[0-9a-f]{4}(:[\x21-\x7e]{1,60})?|)$",
            max_length=200,
        ),
    ] = setting(
        "", about="tcp://HOST:9100, serial:/dev/NAME?baud=N or usb:VENDOR:PRODUCT[:SERIAL]; empty: there is none"
    )
    model: Slug = setting("generic-80", about="the printer's model, by the name of its profile")
    deadline: float = setting(60.0, unit="s", ge=5, le=600, about="longest wait for a ticket before it is given up")
    request_deadline: float = setting(2.0, unit="s", ge=0.2, le=30, about="longest wait for one answer of the printer")


class Printing(Section):
    """Which printer a document comes from. One that is not there, or not ready, is passed over."""

    order: tuple[Literal["laser", "thermal"], ...] = setting(
        ("laser", "thermal"), min_length=1, about="printers, the preferred one first"
    )
    sheets_only: tuple[Slug, ...] = setting((), about="document types that are never given as a ticket")

    @field_validator("order")
    @classmethod
    def _names_each_once(cls, order: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(order)) < len(order):
            raise ValueError("a printer stands in the order twice")
        return order


class Paper(Section):
    """What the paper count reckons with."""

    tray: int = setting(250, unit="sheets", ge=1, le=5000, about="a full tray of the laser printer")
    roll: int = setting(80000, unit="mm", ge=1000, le=500000, about="a new roll of the ticket printer")
    low: int = setting(20, unit="documents", ge=0, le=1000, about="with paper for fewer, somebody should bring some")


Forms = tuple[Literal["a4", "ticket"], ...]


class Outage(Section):
    """Which services remain while a part is missing. Without reader, registry, signer or ledger none can."""

    laser: Forms = setting(("ticket",), about="what remains without the laser printer")
    thermal: Forms = setting(("a4",), about="what remains without the ticket printer")
    clock: Forms = setting((), about="what remains while this machine's clock is not believed")
