"""`kiosk card simulate`: a simulated card in a virtual reader, until interrupted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kiosk.commands.place import CONFIGURATION

if TYPE_CHECKING:
    import asyncio
    import socket

    from kiosk.simulation.personas import Card

PORT = 35963
_PEOPLE = 50  # the personas come first in every population and are the same in all


def simulate(
    persona: Annotated[str, typer.Option(help="whose card: amina or yacine")] = "amina",
    profile: Annotated[str, typer.Option(help="kind of card; this version makes icao")] = "icao",
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port of a virtual reader that runs already")] = PORT,
    fault: Annotated[
        str | None, typer.Option(help="slow, mute, pulled, garbled, wrong-mac, yes-card or altered-dg")
    ] = None,
    delay_ms: Annotated[int, typer.Option(min=0, max=60_000, help="time the card takes for each answer")] = 0,
    access: Annotated[str, typer.Option(help="how the chip opens: pace or bac")] = "pace",
    folder: Annotated[Path, typer.Option(help="where issuer, cards and sockets are kept")] = Path("var/card"),
    hand: Annotated[Path | None, typer.Option(help="hand.sock of a virtual reader of ours that runs already")] = None,
) -> None:
    """Puts a simulated card into a virtual reader until interrupted, and prints what is printed on it.

    Uses the reader behind --hand, or the one that listens on --port, or else starts one of its own and prints
    the variable by which programs find it. The country certificate is left in FOLDER/trust/csca.

    Example: kiosk card simulate --persona amina
    """
    import asyncio

    from drivers.simulated.card import Fault
    from kiosk.errors import WrongUsage

    _refuse_production()
    if profile != "icao" or access not in ("pace", "bac"):
        raise WrongUsage("this version makes cards of profile icao, opened by pace or bac")
    Fault.named(fault)
    card = _issued(folder, persona, access)
    typer.echo(f"PERSONA {persona}")
    asyncio.run(_hold(card, folder, port=port, hand=hand, fault=fault, delay_ms=delay_ms))


def _refuse_production() -> None:
    from config import load
    from kiosk.errors import RefusedInProduction

    if CONFIGURATION.is_file() and load(CONFIGURATION).settings.profile == "production":
        raise RefusedInProduction("a kiosk in service has no simulated cards")


def _issued(folder: Path, persona: str, access: str) -> Card:
    from drivers.simulated.issuer import CardIssuer
    from kiosk.errors import WrongUsage
    from kiosk.simulation import personas

    issuer = CardIssuer.load_or_create(folder / "issuer")
    trust = folder / "trust" / "csca"
    trust.mkdir(parents=True, exist_ok=True)
    (trust / "csca.der").write_bytes(issuer.csca_certificate)
    cards = personas.issue(issuer, folder / "cards", _PEOPLE, 1, access)
    if persona not in cards:
        raise WrongUsage(f"no such persona; there are {', '.join(sorted(cards))}")
    return cards[persona]


async def _hold(card: Card, folder: Path, *, port: int, hand: Path | None, fault: str | None, delay_ms: int) -> None:
    """Holds the card in one reader or another until SIGINT or SIGTERM."""
    import asyncio
    import signal

    from drivers.simulated import vpcd
    from drivers.simulated.hand import CardHand
    from drivers.simulated.reader import VirtualReader

    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    if hand is not None:
        holding = CardHand(hand)
        holding.insert(card.file, fault=fault, delay_ms=delay_ms)
        _show(card)
        await interrupted.wait()
        holding.remove()
        return
    try:
        end = await vpcd.connect(port)
    except OSError:
        with VirtualReader(folder / "reader") as reader:
            reader.hand().insert(card.file, fault=fault, delay_ms=delay_ms)
            _show(card)
            for name, value in reader.environment.items():
                typer.echo(f"export {name}={value}")
            await interrupted.wait()
    else:
        await _play(card, end, interrupted, fault=fault, delay_ms=delay_ms)


async def _play(
    card: Card, end: socket.socket, interrupted: asyncio.Event, *, fault: str | None, delay_ms: int
) -> None:
    """Plays the card itself in a reader that was there before us."""
    import asyncio

    from drivers.simulated import vpcd
    from drivers.simulated.card import CardImage, Fault, SimulatedCard
    from drivers.simulated.errors import HandUnreachable

    chip = SimulatedCard(CardImage.load(card.file), Fault.named(fault))
    playing = asyncio.create_task(vpcd.play(chip, end, delay=delay_ms / 1000 + chip.delay))
    _show(card)
    waiting = asyncio.create_task(interrupted.wait())
    await asyncio.wait({playing, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not (interrupted.is_set() or chip.gone):
        raise HandUnreachable("the virtual reader took its card and went away")
    await waiting
    playing.cancel()


def _show(card: Card) -> None:
    """What the card has printed on it, and the PIN that its holder knows; nothing of it is a real person's."""
    from drivers.simulated.card import CardImage

    typer.echo(f"CAN {card.can}")
    typer.echo(f"MRZ {''.join(CardImage.load(card.file).mrz)}")
    typer.echo(f"PIN {card.pin}")
