"""What a check comes to, and the report they make together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, computed_field

from kiosk.catalogue.codes import entry

Status = Literal["ok", "degraded", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of one part. `detail` is one line for the technician and names no person and no card.

    A part that is degraded serves and will not for long; one that is skipped was not looked at, and `detail`
    says why.
    """

    status: Status
    detail: str
    code: str | None = None


def ok(detail: str) -> Finding:
    return Finding("ok", detail)


def degraded(code: str, detail: str) -> Finding:
    return Finding("degraded", detail, code)


def failed(code: str, detail: str) -> Finding:
    return Finding("failed", detail, code)


def skipped(detail: str) -> Finding:
    return Finding("skipped", detail)


class Check(BaseModel):
    """One part of the kiosk and how it is. `code` and `remedy` (the error catalogue's) are None where all is well."""

    model_config = ConfigDict(frozen=True)

    name: str
    status: Status
    code: str | None = None
    detail: str
    remedy: str | None = None

    @classmethod
    def of(cls, name: str, found: Finding) -> Check:
        remedy = entry(found.code).remedy if found.code else None
        return cls(name=name, status=found.status, code=found.code, detail=found.detail, remedy=remedy)


class Report(BaseModel):
    """All checks, in the table's order."""

    checks: list[Check]

    @computed_field  # type: ignore[prop-decorator]
    @property
    def ready(self) -> bool:
        """Whether citizens can be served: no check failed."""
        return not any(check.status == "failed" for check in self.checks)
