"""The reference page of all settings, generated from the schema."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from config.schema import Settings

_HEAD = """# Configuration

One TOML file; every key, its unit, default and range. An unknown key is refused with its file and line.
This page is generated: `kiosk config docs`.
"""


def markdown() -> str:
    """The whole page as Markdown."""
    parts = [_HEAD, *_table("", Settings)]
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            parts += [
                f"\n## [{name}]\n\n{(field.annotation.__doc__ or '').strip()}\n".replace("\n\n\n", "\n"),
                *_table(name, field.annotation),
            ]
    return "\n".join(parts).rstrip() + "\n"


def _table(section: str, model: type[BaseModel]) -> Iterator[str]:
    rows = [
        f"| `{name}` | {field.description} | {_default(field)} | {_range(field)} |"
        for name, field in model.model_fields.items()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
    ]
    if rows:
        yield "| key | what it is | default | range |\n|---|---|---|---|\n" + "\n".join(rows)


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "none: must be given"
    value = field.default
    shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"`{shown}`" if shown and value is not None else "empty"


def _range(field: FieldInfo) -> str:
    extra: Any = field.json_schema_extra
    unit = f" {extra['unit']}" if isinstance(extra, dict) and "unit" in extra else ""
    bounds = {k: getattr(m, k) for m in field.metadata for k in ("ge", "le") if getattr(m, k, None) is not None}
    choices = [c for c in get_args(field.annotation) if isinstance(c, str)]
    if choices:
        return " or ".join(f"`{c}`" for c in choices)
    if "ge" in bounds and "le" in bounds:
        return f"{bounds['ge']} to {bounds['le']}{unit}"
    return unit.strip()
