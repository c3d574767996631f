"""Zones of nobody (ICAO 9303-5, -6, -4: the specimens of Utopia), and what finds them."""

from kiosk.scanners import find

TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
ALL = (TD1, TD2, TD3)
ANOTHER = ("I<UTOA000000000<<<<<<<<<<<<<<<", "9001011M3001019UTO<<<<<<<<<<<6", "SOMEBODY<<ELSE<<<<<<<<<<<<<<<<")

__all__ = ["ALL", "ANOTHER", "TD1", "TD2", "TD3", "find", "text"]


def text(lines: tuple[str, ...], end: str = "\n") -> str:
    return "".join(line + end for line in lines)
