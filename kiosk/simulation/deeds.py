"""What can be done in the virtual town hall: by citizens, by technicians, and by misfortune.

    deeds(hall)["paper_out"]()

The names are those of the dock's buttons, of `kiosk townhall do NAME` and of `kiosk.simulation.standing --do NAME`.
"""

from __future__ import annotations

from collections.abc import Callable

from kiosk.simulation.townhall import TownHall

Deeds = dict[str, Callable[[], object]]
PERSONA = "amina"
CARD_DELAY_MS = 40
"""What a chip over the air takes for a command: so slow that a citizen sees what is being done."""


def deeds(hall: TownHall) -> Deeds:
    """All but those with processes of the kiosk, which are only there where the hall runs them (`killings`)."""
    return {
        "insert": lambda: hall.insert(PERSONA, delay_ms=CARD_DELAY_MS),
        "remove": hall.remove,
        "reader_down": hall.hand.reader_down,
        "reader_up": hall.hand.reader_up,
        "registry_down": lambda: hall.registry.fault("down"),
        "registry_up": lambda: hall.registry.fault("up"),
        **(_laser(hall) if "laser" in hall.printers else {}),
        **(_thermal(hall) if "thermal" in hall.printers else {}),
    }


def _laser(hall: TownHall) -> Deeds:
    hand = hall.printer.control
    return {
        "paper_out": hand.paper_out,
        "paper_in": hand.paper_in,
        "cover_open": lambda: hand.cover(open=True),
        "cover_closed": lambda: hand.cover(open=False),
        "jam": hand.jam,
        "old_report": lambda: hand.reports("media-jam", "media-empty"),
        "printer_gone": hand.gone,
        "printer_back": hand.back,
    }


def _thermal(hall: TownHall) -> Deeds:
    hand = hall.thermal.control
    return {
        "ticket_paper_out": hand.paper_out,
        "ticket_paper_in": hand.paper_in,
        "ticket_cover_open": lambda: hand.cover(open=True),
        "ticket_cover_closed": lambda: hand.cover(open=False),
        "ticket_cutter_stuck": lambda: hand.cutter(stuck=True),
        "ticket_cutter_free": lambda: hand.cutter(stuck=False),
        "ticket_printer_gone": hand.gone,
        "ticket_printer_back": hand.back,
    }


def killings(hall: TownHall) -> Deeds:
    """`kill -9`. Whoever started the processes starts them again (`TownHall.revive`); pcscd comes back by itself."""

    def kill(part: str) -> Callable[[], object]:
        return lambda: hall.child(part).kill()

    parts = {f"{part}_killed": kill(part) for part in ("screen", "session", "signer")}
    return {**parts, "pcscd_killed": hall.hand.kill_pcscd}
