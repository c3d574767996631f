"""A profile's TOML, read strictly: what is not known here is an error that names its key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from drivers.smartcard.profile import (
    FIELDS,
    STANDARD,
    Dg11Table,
    Encoding,
    PersonalNumber,
    PinRule,
    Profile,
    ProfileInvalid,
    Quirks,
    Source,
    load,
)

MAX_PROFILE = 16_384
"""Bytes of a profile's file."""
_LONGEST_LIST = 16
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_AID = "(?:[0-9A-F]{2}){5,16}"
_TAG = "(?:[0-9A-F]{2}){1,2}"
_PATTERN = r"(?:\[[0-9A-Z-]{1,20}\]\{[0-9]{1,2}(?:,[0-9]{1,2})?\}){1,8}"


class _Table:
    """One table of the file; each key is taken out of it once, and none may be left."""

    def __init__(self, where: str, values: Mapping[str, Any]) -> None:
        self._where = where
        self._values = dict(values)

    def wrong(self, key: str, why: str) -> ProfileInvalid:
        return ProfileInvalid(f"{self._where}: {key} {why}")

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, form: str) -> str:
        value = self._values.pop(key, None)
        if not isinstance(value, str) or not re.fullmatch(form, value):
            raise self.wrong(key, "is missing or has another form")
        return value

    def number(self, key: str, least: int, most: int) -> int:
        value = self._values.pop(key, None)
        if type(value) is not int or not least <= value <= most:
            raise self.wrong(key, f"is no whole number from {least} to {most}")
        return value

    def truth(self, key: str) -> bool:
        value = self._values.pop(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false")
        return value

    def texts(self, key: str, form: str) -> tuple[str, ...]:
        values = self._values.pop(key, None)
        if (
            not isinstance(values, list)
            or not 1 <= len(values) <= _LONGEST_LIST
            or len(set(map(str, values))) < len(values)
        ):
            raise self.wrong(key, "is no list without repetitions")
        if not all(isinstance(value, str) and re.fullmatch(form, value) for value in values):
            raise self.wrong(key, "holds something of another form")
        return tuple(values)

    def table(self, key: str) -> _Table:
        value = self._values.pop(key, None)
        if not isinstance(value, dict):
            raise self.wrong(key, "is no table")
        return _Table(f"{self._where}: {key}", value)

    def keys_among(self, known: frozenset[str]) -> tuple[str, ...]:
        return tuple(key for key in self._values if key in known)

    def finish(self) -> None:
        if self._values:
            raise self.wrong(next(iter(self._values))[:40], "is not known")


def parse(name: str, content: bytes) -> Profile:
    """From the bytes of a TOML file. Raises ProfileInvalid, which names the key, for anything not known here."""
    if not _NAME.fullmatch(name):
        raise ProfileInvalid("a profile's name has small letters, digits and hyphens")
    if len(content) > MAX_PROFILE:
        raise ProfileInvalid(f"profile {name}: longer than {MAX_PROFILE} bytes")
    try:
        table = _Table(f"profile {name}", tomllib.loads(content.decode()))
    except (ValueError, RecursionError) as error:
        raise ProfileInvalid(f"profile {name}: not TOML") from error
    profile = _profile(name, table)
    table.finish()
    return profile


def _profile(name: str, table: _Table) -> Profile:
    if table.has("country") != table.has("issuing_state"):
        raise table.wrong("country", "and issuing_state go together")
    own_table = table.has("dg11") or name == STANDARD
    return Profile(
        name=name,
        country=table.text("country", "[A-Z]{2}") if table.has("country") else None,
        issuing_state=table.text("issuing_state", "[A-Z]{1,3}") if table.has("issuing_state") else None,
        aid=bytes.fromhex(table.text("aid", _AID)),
        encodings=_encodings(table),
        quirks=_quirks(table.table("quirks")) if table.has("quirks") else Quirks(),
        dg11=_dg11(table.table("dg11")) if own_table else load(STANDARD).dg11,
        personal_number=_personal_number(table.table("personal_number"))
        if table.has("personal_number")
        else PersonalNumber(),
        pin=_pin(table.table("pin")) if table.has("pin") else None,
    )


def _encodings(table: _Table) -> tuple[Encoding, ...]:
    encodings = table.texts("encodings", "utf-8|iso8859-6|iso8859-1")
    if "utf-8" in encodings[1:]:
        raise table.wrong("encodings", "has UTF-8 after one that takes any bytes")
    known: dict[str, Encoding] = {"utf-8": "utf-8", "iso8859-6": "iso8859-6", "iso8859-1": "iso8859-1"}
    return tuple(known[encoding] for encoding in encodings)


def _quirks(table: _Table) -> Quirks:
    quirks = Quirks(
        bac_number="nine" if _choice(table, "bac_number", "whole", "nine") else "whole",
        one_bac_try=table.truth("one_bac_try"),
        bare_select_ok=table.truth("bare_select_ok"),
        select_master="3F00" if _choice(table, "select_master", "none", "3F00") else "none",
        first_read="header" if _choice(table, "first_read", "block", "header") else "block",
    )
    table.finish()
    return quirks


def _choice(table: _Table, key: str, standard: str, other: str) -> bool:
    """Whether the key says the other."""
    return table.has(key) and table.text(key, f"{standard}|{other}") == other


def _dg11(table: _Table) -> Dg11Table:
    together = _choice(table, "scripts", "apart", "together")
    standard_tags = table.texts("standard_tags", _TAG) if table.has("standard_tags") else ()
    fields = table.table("fields")
    tags = {field: fields.text(field, _TAG) for field in fields.keys_among(FIELDS)}
    fields.finish()
    table.finish()
    if len(set(tags.values())) != len(tags):
        raise table.wrong("fields", "gives one tag two meanings")
    return Dg11Table(
        fields=MappingProxyType({int(tag, 16): field for field, tag in tags.items()}),
        scripts="together" if together else "apart",
        standard_tags=frozenset(int(tag, 16) for tag in standard_tags),
    )


def _personal_number(table: _Table) -> PersonalNumber:
    written = table.text("pattern", _PATTERN)
    sources: dict[str, Source] = {"DG11": "DG11", "zone": "zone"}
    number = PersonalNumber(
        pattern=_compiled(table, written),
        sources=tuple(sources[source] for source in table.texts("sources", "DG11|zone")),
        strict=table.truth("strict"),
    )
    table.finish()
    return number


def _compiled(table: _Table, written: str) -> re.Pattern[str]:
    try:
        return re.compile(written)
    except re.error as error:
        raise table.wrong("pattern", "is no pattern") from error


def _pin(table: _Table) -> PinRule:
    rule = PinRule(
        kind="pace" if _choice(table, "kind", "verify", "pace") else "verify",
        reference=table.number("reference", 0, 0xFF),
        application=bytes.fromhex(table.text("application", _AID)) if table.has("application") else None,
        min_digits=table.number("min_digits", 4, 16),
        max_digits=table.number("max_digits", 4, 16),
    )
    table.finish()
    if rule.min_digits > rule.max_digits:
        raise table.wrong("min_digits", "is more than max_digits")
    return rule
