"""`kiosk card read`: one card, read and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    from datetime import date

    from config.schema import Settings
    from drivers.smartcard import Can, CardData, FileId, IdCard, Mrz
    from drivers.smartcard.genuine import Reason, TrustStore
    from drivers.smartcard.profile import Profile

DEADLINE_S = 5.0


def read(
    can: Annotated[str, typer.Option(help="the six digits on the card; - asks for them")] = "",
    mrz: Annotated[str, typer.Option(help="the zone's lines, or DOCNO|YYMMDD|YYMMDD; - asks for it")] = "",
    reader: Annotated[str, typer.Option(help="PC/SC reader to use; else the one with a card")] = "",
    profile: Annotated[str, typer.Option(help="the kind of card; else by the state that its zone names")] = "",
    trust: Annotated[Path | None, typer.Option(help="folder of country signing certificates")] = None,
    config: Annotated[Path | None, typer.Option(help="the configuration file; else the kiosk's own")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Reads a card and verifies it; ends with 1 and the code of what is wrong when it is not genuine.

    Without country signing certificates nothing is refused for want of them.

    Example: kiosk card read --can 123456 --trust trust --json
    """
    import json

    from drivers.smartcard.errors import UnknownIssuer
    from kiosk.errors import WrongUsage
    from kiosk.production import refuse_secret_arguments

    settings = _settings(config)
    if bool(can) == bool(mrz):
        raise WrongUsage("give --can or --mrz")
    if settings is not None:
        refuse_secret_arguments(settings, can, mrz)
    believed = _trust(trust, settings)
    reading = _Reading(_password(can, mrz), believed, profile)
    report = _report(reading, reader, settings)
    typer.echo(json.dumps(report, ensure_ascii=False) if as_json else _in_words(report))
    for reason in reading.reasons:
        if reason.error is not UnknownIssuer or believed.certificates:
            raise reason.error(reason.words)


def _settings(file: Path | None) -> Settings | None:
    from config import load

    if file is None and not CONFIGURATION.is_file():
        return None
    return load(file or CONFIGURATION).settings


def _password(can: str, mrz: str) -> Can | Mrz:
    from drivers.smartcard import Can, Mrz

    return Can(_given(can, "CAN")) if can else Mrz.parse(_given(mrz, "MRZ"))


def _given(value: str, name: str) -> str:
    """The value itself, or for `-` what is typed (unseen) or piped in."""
    if value != "-":
        return value
    import getpass
    import sys

    return getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()


def _trust(folder: Path | None, settings: Settings | None) -> TrustStore:
    """Of the folder named, or of the settings; nobody is believed when neither says."""
    from drivers.smartcard.genuine import TrustStore

    if folder is not None:
        return TrustStore.load(folder)
    return TrustStore.load(settings.card.csca) if settings is not None else TrustStore()


def _report(reading: _Reading, reader: str, settings: Settings | None) -> dict[str, Any]:
    """The JSON object of CLI.md, of the card in the reader."""
    import os

    from drivers.smartcard import IdCard, connect

    name, deadline = reader, DEADLINE_S
    accept = IdCard.BOTH
    if settings is not None:
        name, deadline = reader or settings.reader.name, settings.card.apdu_deadline
        accept = IdCard.BOTH if settings.card.allow_bac else IdCard.PACE_ONLY
        if settings.reader.pcscd_socket is not None:
            os.environ["PCSCLITE_CSOCK_NAME"] = str(settings.reader.pcscd_socket)
    channel = connect(name or None, deadline=deadline)
    card = IdCard(channel, accept=accept)
    try:
        report = reading.of(card)
    finally:
        card.close()
    counts = {"apdu_count": channel.apdu_count, "bytes": channel.byte_count}
    return {"reader": channel.reader, **report, **counts}


class _Reading:
    """One card, read whole and judged; `profile` empty is that of the state which the card names."""

    def __init__(self, password: Can | Mrz, trust: TrustStore, profile: str) -> None:
        self._password = password
        self._trust = trust
        self._profile = profile
        self.reasons: tuple[Reason, ...] = ()

    def of(self, card: IdCard) -> dict[str, Any]:
        import datetime as dt
        import secrets
        from time import perf_counter

        from drivers.smartcard import FileId, card_data
        from drivers.smartcard.examination import PICTURES, TEXT, examine
        from drivers.smartcard.genuine import judge

        marks = [perf_counter()]
        access = card.open(self._password)
        marks.append(perf_counter())
        wanted, nonce = (*TEXT, *PICTURES, FileId.COM), secrets.token_bytes(8)
        with _progress() as advance:
            evidence = examine(card, wanted, nonce, opened_with=self._password, progress=advance)
        marks.append(perf_counter())
        now = dt.datetime.now(dt.UTC)
        profile = self._kind(evidence.files[FileId.DG1], now.date())
        verdict = judge(evidence, self._trust, profile, now)
        data = card_data(evidence.files, now.date(), profile)
        marks.append(perf_counter())
        self.reasons = verdict.reasons
        pace = {"mapping": access.mapping, "cipher": access.cipher, "curve": access.curve}
        return {
            "access": access.kind,
            "pace": pace if access.kind == "PACE" else None,
            "profile": profile.name,
            **_person(data),
            "passive_authentication": verdict.passive,
            "chip_authentication": verdict.chip,
            "active_authentication": verdict.active,
            "reasons": [{"code": reason.code, "words": reason.words} for reason in verdict.reasons],
            "notes": list(verdict.notes),
            "data_groups": {f.name: len(content) for f, content in evidence.files.items() if f.data_group},
            "timings_ms": _timings(marks),
        }

    def _kind(self, dg1: bytes, today: date) -> Profile:
        from drivers.smartcard import parse_dg1, profile

        if self._profile:
            return profile.load(self._profile)
        return profile.for_zone(parse_dg1(dg1, today).issuing_state, profile.names()) or profile.load(profile.STANDARD)


@contextmanager
def _progress() -> Iterator[Callable[[FileId], Callable[[int, int], None] | None]]:
    """A bar for each file on a terminal's standard error; nothing when it is piped."""
    import sys

    if not sys.stderr.isatty():
        yield lambda file: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bars:

        def advance(file: FileId) -> Callable[[int, int], None]:
            bar = bars.add_task(file.name)
            return lambda done, total: bars.update(bar, completed=done, total=total)

        yield advance


def _person(data: CardData) -> dict[str, Any]:
    return {
        "document_number": data.document_number,
        "personal_number": data.personal_number,
        "date_of_birth": data.date_of_birth.isoformat() if data.date_of_birth else None,
        "date_of_expiry": data.date_of_expiry.isoformat(),
        "sex": data.sex,
        "issuing_state": data.issuing_state,
        "nationality": data.nationality,
        "names": {
            "latin": {"surname": data.latin.surname, "given": data.latin.given},
            "arabic": {"surname": data.arabic.surname, "given": data.arabic.given} if data.arabic else None,
        },
    }


def _timings(marks: list[float]) -> dict[str, float]:
    access, read, verify = (round((after - before) * 1000, 1) for before, after in pairwise(marks))
    return {"access": access, "read": read, "verify": verify, "total": round((marks[-1] - marks[0]) * 1000, 1)}


def _in_words(report: dict[str, Any]) -> str:
    names = [f"{n['surname']}, {n['given']}" for n in report["names"].values() if n]
    lines = [
        f"reader           {report['reader']}",
        f"opened by        {report['access']}",
        f"document number  {report['document_number']} ({report['issuing_state']})",
        f"personal number  {report['personal_number'] or '-'}",
        f"names            {' / '.join(names)}",
        f"born             {report['date_of_birth'] or 'day not known'}, {report['sex']}",
        f"expires          {report['date_of_expiry']}",
        f"files            {', '.join(f'{name} {size}' for name, size in report['data_groups'].items())}",
    ]
    kinds = ("passive", "chip", "active")
    lines += [f"{kind + ' auth.':<16} {report[f'{kind}_authentication'].replace('_', ' ')}" for kind in kinds]
    lines += [f"note             {note}" for note in report["notes"]]
    return "\n".join(lines)
