"""What every section of the settings is made of: a closed, immutable model whose fields describe themselves."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


def setting(default: Any = ..., *, unit: str | None = None, about: str, machine: bool = False, **limits: Any) -> Any:
    """A field with a description, a unit for the reference page, and its limits (ge, le, …).

    `machine` marks what belongs to this machine alone (its name, keys, sockets, screen): only the local file
    may give it, and a signed release that does is refused.
    """
    extra: dict[str, Any] = {"unit": unit} if unit else {}
    return Field(default, description=about, json_schema_extra=extra | {"machine": machine}, **limits)


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
