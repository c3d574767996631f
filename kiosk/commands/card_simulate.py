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
    profile: Annotated[str, typer.Option(help="kind of card; a wrong one lists them all")] = "icao",
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port of a virtual reader that runs already")] = PORT,
    fault: Annotated[str | None, typer.Option(help="what is wrong with it; a wrong one lists them all")] = None,
    delay_ms: Annotated[int, typer.Option(min=0, max=60_000, help="time the card takes for each answer")] = 0,
    access: Annotated[str, typer.Option(help="how an icao card's chip opens: pace or bac")] = "pace",
    folder: Annotated[Path, typer.Option(help="where issuer, cards and sockets are kept")] = Path("var/card"),
    hand: Annotated[Path | None, typer.Option(help="hand.sock of a virtual reader of ours that runs already")] = None,
) -> None:
    """Puts a simulated card into a virtual reader until interrupted, and prints what is printed on it.

    Uses the reader behind --hand, or the one that listens on --port, or else starts one of its own and prints
    the variable by which programs find it. What these cards are believed by is left in FOLDER/trust: two countries'
    certificates and revocation lists.

    Example: kiosk card simulate --persona amina
    Example: kiosk card simulate --profile cam --fault yes-card
    """
    import asyncio

    from drivers.simulated.card import Fault
    from kiosk.errors import WrongUsage

    _refuse_production()
    if access not in ("pace", "bac") or (access == "bac" and profile not in ("icao", "bac")):
        raise WrongUsage("cards of profile icao are opened by pace or bac, others as their profile says")
    Fault.named(fault)
    card = _issued(folder, persona, "bac" if access == "bac" else profile)
    typer.echo(f"PERSONA {persona}")
    asyncio.run(_hold(card, folder, port=port, hand=hand, fault=fault, delay_ms=delay_ms))


def _refuse_production() -> None:
    from config import load
    from kiosk.errors import RefusedInProduction

    if CONFIGURATION.is_file() and load(CONFIGURATION).settings.profile == "production":
        raise RefusedInProduction("a kiosk in service has no simulated cards")


def _issued(folder: Path, persona: str, profile: str) -> Card:
    from drivers.simulated.issuer import CardDesign, CardIssuer
    from kiosk.errors import WrongUsage
    from kiosk.simulation import personas

    design = CardDesign.named(profile)
    issuer = CardIssuer.load_or_create(folder / "issuer")
    for name, content in issuer.trust().items():
        file = folder / "trust" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    cards = personas.issue(issuer, folder / "cards", _PEOPLE, 1, "pace", design)
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
