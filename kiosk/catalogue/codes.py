"""Error codes and their words: cause and remedy for the technician, a sentence for the citizen.

The words are data, one file a room in `errors/`. A test ties the files to the exceptions that the rooms
raise: no code without words, no words without a code. `docs/errors.md` is generated from here.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LANGUAGES = ("ar", "fr")
CODE = re.compile(r"E-[A-Z0-9]+(?:-[A-Z0-9]+)+")
UNKNOWN = "E-KIOSK-UNEXPECTED"


@dataclass(frozen=True, slots=True)
class Entry:
    """One code. `citizen` maps a language to the sentence shown on the trouble screen; `status` is the
    exit status of a command that ends in it: 1 the answer is no, 2 wrong use, 3 something is not there."""

    code: str
    area: str
    cause: str
    remedy: str
    citizen: dict[str, str]
    status: int


@cache
def entries() -> dict[str, Entry]:
    """Every code of every room, sorted."""
    found: dict[str, Entry] = {}
    for file in sorted((f for f in files(__package__).joinpath("errors").iterdir()), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, words in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in found:
                raise ValueError(f"{code} stands twice in the catalogue")
            found[code] = Entry(
                code,
                file.name.removesuffix(".toml"),
                words["cause"],
                words["remedy"],
                dict(words["citizen"]),
                words.get("status", 1),
            )
    return dict(sorted(found.items()))


def entry(code: str) -> Entry:
    """The words for a code; an unknown one is answered with those of E-KIOSK-UNEXPECTED."""
    return entries().get(code) or entries()[UNKNOWN]


def code_of(error: BaseException) -> str:
    """The code an exception carries, or E-KIOSK-UNEXPECTED for one of nobody's."""
    code = getattr(error, "code", None)
    return code if isinstance(code, str) and code in entries() else UNKNOWN


def markdown() -> str:
    """`docs/errors.md`."""
    lines = [
        "# Error codes",
        "",
        "Generated from the catalogue: `kiosk catalogue errors`. The citizen reads the sentence and the code;",
        "the technician finds cause and remedy here.",
    ]
    area = ""
    for item in sorted(entries().values(), key=lambda e: (e.area, e.code)):
        if item.area != area:
            area = item.area
            lines += ["", f"## {area.capitalize()}"]
        lines += ["", f"### {item.code}", "", f"- Cause: {item.cause}", f"- Remedy: {item.remedy}"]
        lines += [f"- Citizen ({language}): {item.citizen[language]}" for language in LANGUAGES]
    return "\n".join(lines) + "\n"
