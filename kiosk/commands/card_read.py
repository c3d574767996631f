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
    from datetime import datetime

    from config.schema import Settings
    from drivers.smartcard import Can, CardData, CscaStore, FileId, IdCard, Mrz

DEADLINE_S = 5.0


def read(
    can: Annotated[str, typer.Option(help="the six digits on the card; - asks for them")] = "",
    mrz: Annotated[str, typer.Option(help="the zone's three lines, or DOCNO|YYMMDD|YYMMDD; - asks for it")] = "",
    reader: Annotated[str, typer.Option(help="PC/SC reader to use; else the first one with a card")] = "",
    trust: Annotated[Path | None, typer.Option(help="folder of country signing certificates")] = None,
    config: Annotated[Path | None, typer.Option(help="the configuration file; else the kiosk's own")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object on standard output")] = False,
) -> None:
    """Reads a card and verifies it; ends with 1 when an authentication failed.

    Example: kiosk card read --can 123456 --trust trust --json
    """
    import json

    from kiosk.errors import WrongUsage
    from kiosk.production import refuse_secret_arguments

    settings = _settings(config)
    if bool(can) == bool(mrz):
        raise WrongUsage("give --can or --mrz")
    if settings is not None:
        refuse_secret_arguments(settings, can, mrz)
    report = _report(_password(can, mrz), reader, _trust(trust, settings), settings)
    typer.echo(json.dumps(report, ensure_ascii=False) if as_json else _in_words(report))
    if "failed" in (report["passive_authentication"], report["active_authentication"]):
        raise typer.Exit(1)


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


def _trust(folder: Path | None, settings: Settings | None) -> CscaStore:
    """Of the folder named, or of the settings; nothing is believed when neither says."""
    from drivers.smartcard import CscaStore

    if folder is not None:
        return CscaStore.load(folder / "csca" if (folder / "csca").is_dir() else folder)
    return CscaStore.load(settings.card.csca) if settings is not None else CscaStore(())


def _report(password: Can | Mrz, reader: str, trust: CscaStore, settings: Settings | None) -> dict[str, Any]:
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
        report = _read(card, password, trust)
    finally:
        card.close()
    counts = {"apdu_count": channel.apdu_count, "bytes": channel.byte_count}
    return {"reader": channel.reader, **report, **counts}


def _read(card: IdCard, password: Can | Mrz, trust: CscaStore) -> dict[str, Any]:
    import datetime as dt
    import secrets
    from time import perf_counter

    from drivers.smartcard import FileId, card_data, signed_data_groups

    marks = [perf_counter()]
    access = card.open(password)
    marks.append(perf_counter())
    sod = card.read(FileId.SOD)
    with _progress() as advance:
        files = {file: card.read(file, advance(file)) for file in signed_data_groups(sod)}
    nonce = secrets.token_bytes(8)
    signature = card.active_authentication(nonce) if FileId.DG15 in files else None
    marks.append(perf_counter())
    now = dt.datetime.now(dt.UTC)
    passive = _passive(card, sod, files, trust, now)
    active = _active(files, nonce, signature)
    data = card_data(files, now.date())
    marks.append(perf_counter())
    pace = {"mapping": access.mapping, "cipher": access.cipher, "curve": access.curve}
    return {
        "access": access.kind,
        "pace": pace if access.kind == "PACE" else None,
        **_person(data),
        "passive_authentication": passive,
        "chip_authentication": "not_supported",
        "active_authentication": active,
        "data_groups": {file.name: len(content) for file, content in files.items()},
        "timings_ms": _timings(marks),
    }


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


def _passive(card: IdCard, sod: bytes, files: dict[FileId, bytes], trust: CscaStore, now: datetime) -> str:
    from drivers.smartcard import FileId, passive_authentication

    result = passive_authentication(sod, files, trust, now)
    if result.reason is not None:
        typer.echo(f"passive authentication: {result.reason}", err=True)
    if result.result == "passed" and FileId.DG14 in files:
        card.confirm_access(files[FileId.DG14])
    return result.result


def _active(files: dict[FileId, bytes], nonce: bytes, signature: bytes | None) -> str:
    from drivers.smartcard import ActiveAuthenticationUnsupported, FileId, verify_active_authentication

    if signature is None:
        return "not_supported"
    if FileId.DG14 not in files:
        typer.echo("active authentication: without DG14 the algorithm is not known", err=True)
        return "not_supported"
    try:
        genuine = verify_active_authentication(files[FileId.DG14], files[FileId.DG15], nonce, signature)
    except ActiveAuthenticationUnsupported as reason:
        typer.echo(f"active authentication: {reason}", err=True)
        return "not_supported"
    return "passed" if genuine else "failed"


def _person(data: CardData) -> dict[str, Any]:
    return {
        "document_number": data.document_number,
        "personal_number": data.personal_number,
        "date_of_birth": data.date_of_birth.isoformat() if data.date_of_birth else None,
        "date_of_expiry": data.date_of_expiry.isoformat(),
        "sex": data.sex,
        "issuing_state": data.issuing_state,
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
    return "\n".join(lines)
