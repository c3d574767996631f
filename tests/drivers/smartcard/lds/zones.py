"""Zones as an issuer prints them, of every size; written from ICAO 9303-3 to -6, apart from the reader's code."""

from __future__ import annotations

from dataclasses import dataclass

WIDTHS = {"TD1": 30, "TD2": 36, "TD3": 44}
VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}


def digit(*parts: str) -> str:
    """9303-3 §4.9."""
    weights = (7, 3, 1)
    return str(sum(weights[at % 3] * VALUES[character] for at, character in enumerate("".join(parts))) % 10)


@dataclass(frozen=True)
class Printed:
    """What a zone says; `lines(size)` prints it."""

    number: str = "AB1234567"
    birth: str = "860314"
    expiry: str = "320501"
    sex: str = "F"
    state: str = "DZA"
    names: str = "BENALI<<AMINA"
    optional: str = ""
    second_optional: str = ""
    citizen: str = "DZA"
    slip: str = ""
    """The field whose own check digit is one too much, with a composite digit that is right all the same."""

    def lines(self, size: str) -> list[str]:
        optional_width = {"TD1": 15, "TD2": 7, "TD3": 14}[size]
        number, check, optional = self.number[:9], self._digit("number", self.number), self.optional
        if len(self.number) > 9:
            optional = self.number[9:] + check + "<" + optional
            check = "<"
        number, optional = number.ljust(9, "<"), optional.ljust(optional_width, "<")
        state, citizen = self.state.ljust(3, "<"), self.citizen.ljust(3, "<")
        assert len(optional) == optional_width, "too much for the zone"
        birth, expiry = (
            self.birth + self._digit("birth", self.birth),
            self.expiry + self._digit("expiry", self.expiry),
        )
        if size == "TD1":
            upper, second = number + check + optional, self.second_optional.ljust(11, "<")
            composite = digit(upper, birth, expiry, second)
            return [
                "ID" + state + upper,
                birth + self.sex + expiry + citizen + second + composite,
                self.names.ljust(30, "<"),
            ]
        if size == "TD3":
            optional += self._digit("optional", optional)
        composite = digit(number, check, birth, expiry, optional)
        width = WIDTHS[size]
        return [
            ({"TD2": "ID", "TD3": "P<"}[size] + state + self.names).ljust(width, "<"),
            number + check + citizen + birth + self.sex + expiry + optional + composite,
        ]

    def _digit(self, field: str, text: str) -> str:
        return str((int(digit(text)) + (field == self.slip)) % 10)

    def text(self, size: str) -> str:
        return "".join(self.lines(size))
