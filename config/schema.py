"""Every setting of a kiosk: its type, unit, default, range and what it means.

`Settings` is the one list; the loader (`config.load`) refuses any key that is not here, and
`docs/configuration.md` is generated from it. Paths are relative to the configuration file's folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, StringConstraints, field_validator, model_validator

from config import hours as opening
from config.holder import Holder
from config.printers import Laser, Outage, Paper, Printing, Thermal
from config.scanner import Scanner
from config.section import Section, Slug, setting

__all__ = [
    "Card",
    "Documents",
    "Fleet",
    "Hours",
    "Kiosk",
    "Laser",
    "Outage",
    "Paper",
    "Printing",
    "Reader",
    "Registry",
    "Scanner",
    "Screen",
    "Section",
    "Session",
    "Settings",
    "Signer",
    "Staff",
    "Thermal",
    "Town",
    "keys",
]

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
_SPAN = r"([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
DayHours = Annotated[str, StringConstraints(strip_whitespace=True, pattern=rf"^({_SPAN}(, ?{_SPAN}){{0,3}})?$")]


class Town(Section):
    """The town hall the kiosk stands in; printed on every page."""

    commune_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,5}$")] = setting(
        "1601", about="the commune's code in the national register"
    )
    commune_ar: ShortText = setting("الجزائر الوسطى", about="the commune's name in Arabic")
    commune_fr: ShortText = setting("Alger-Centre", about="the commune's name in French")
    wilaya_ar: ShortText = setting("الجزائر", about="the wilaya's name in Arabic")
    wilaya_fr: ShortText = setting("Alger", about="the wilaya's name in French")


class Kiosk(Section):
    id: Slug = setting("demo-1", machine=True, about="this kiosk's name at the registry; grants are made out to it")
    state: Path = setting(
        Path("state"), machine=True, about="folder of the ledger and other state that must outlive a restart"
    )
    free: int = setting(
        100, unit="MB", ge=1, le=100000, about="least room on the disk of `state`; with less nothing is issued"
    )


class Hours(Section):
    """When the kiosk serves: spans of the day as `08:00-12:00, 13:00-16:30`; empty is closed all day."""

    time_zone: ShortText = setting("Africa/Algiers", about="the time zone of these hours (IANA name)")
    monday: DayHours = setting("00:00-24:00", about="Monday")
    tuesday: DayHours = setting("00:00-24:00", about="Tuesday")
    wednesday: DayHours = setting("00:00-24:00", about="Wednesday")
    thursday: DayHours = setting("00:00-24:00", about="Thursday")
    friday: DayHours = setting("00:00-24:00", about="Friday")
    saturday: DayHours = setting("00:00-24:00", about="Saturday")
    sunday: DayHours = setting("00:00-24:00", about="Sunday")

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        opening.zone(name)
        return name

    @field_validator("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    @classmethod
    def _runs_forwards(cls, day: str) -> str:
        opening.spans(day)
        return day


class Reader(Section):
    name: str = setting("", max_length=120, about="PC/SC reader to use; empty takes the first one with a card")
    pcscd_socket: Path | None = setting(None, machine=True, about="socket of pcscd, where it is not Debian's own")


class Card(Section):
    csca: Path = setting(
        Path("trust/csca"),
        about="folder of the country signing certificates, master lists and revocation lists believed",
    )
    profiles: tuple[Slug, ...] = setting(
        ("dz-cnibe",), min_length=1, max_length=16, about="kinds of card served; `icao` serves any country believed"
    )
    weak_signatures: Literal["refused", "accepted"] = setting(
        "refused", about="whether signatures with SHA-1, as on cards of before 2011, are believed"
    )
    revocation: Literal["if_known", "required"] = setting(
        "if_known", about="whether a card counts whose signer no revocation list of today speaks of"
    )
    allow_bac: bool = setting(True, about="whether a card that advertises no PACE may be opened by BAC")
    apdu_deadline: float = setting(5.0, unit="s", ge=0.5, le=30, about="longest wait for one answer of the card")


class Registry(Section):
    url: Annotated[str, StringConstraints(pattern=r"^https://[^\s#?]+$", max_length=200)] = setting(
        "https://localhost:8443", about="address of the registry"
    )
    ca: Path = setting(Path("trust/registry-tls-ca.pem"), about="authority of the registry's TLS certificate")
    signers: Path = setting(Path("trust/registry-signers.json"), about="public keys (JWK set) of acts and grants")
    device_certificate: Path = setting(Path("device/device.pem"), machine=True, about="this kiosk's client certificate")
    device_key: Path = setting(
        Path("device/device.key"), machine=True, about="this kiosk's private key (PEM, mode 0600)"
    )
    deadline: float = setting(8.0, unit="s", ge=1, le=60, about="longest wait for one answer of the registry")


class Signer(Section):
    socket: Path = setting(Path("run/signer.sock"), machine=True, about="the signer's Unix socket")
    allowed_user: str = setting(
        "", machine=True, max_length=32, about="user (name or number) that may ask; empty: the signer's own"
    )
    module: Path = setting(Path("/usr/lib/softhsm/libsofthsm2.so"), machine=True, about="PKCS#11 module of the token")
    softhsm_conf: Path | None = setting(
        None, machine=True, about="SoftHSM's configuration file; a software token, demo only"
    )
    token: ShortText = setting("commune", about="label of the token")
    key: ShortText = setting("sign-ec", about="label of the signing key in the token")
    pin_file: Path = setting(
        Path("secrets/token.pin"), machine=True, about="file that holds the token's PIN (mode 0600)"
    )
    certificate: Path = setting(Path("trust/signer.pem"), about="the signing certificate and its chain (PEM)")
    state: Path = setting(Path("signer"), machine=True, about="folder of the signer's hash chain")
    seal_host: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{3,80}$")] = setting(
        "verify.shubbak.example", about="host in the seal's address; the page there checks a seal without a server"
    )


class Documents(Section):
    templates: Path | None = setting(None, about="folder of document templates; empty means those that ship")
    render_deadline: float = setting(10.0, unit="s", ge=1, le=60, about="longest time to set a page")


class Session(Section):
    socket: Path = setting(Path("run/session.sock"), machine=True, about="the Unix socket the screen connects to")
    control: Path = setting(
        Path("run/control.sock"), machine=True, about="the Unix socket on which the session tells its health"
    )
    idle: float = setting(60.0, unit="s", ge=15, le=600, about="time without a touch before the citizen is asked")
    idle_warning: float = setting(20.0, unit="s", ge=20, le=120, about="how long that question stands")
    take_card: float = setting(45.0, unit="s", ge=10, le=300, about="how long the kiosk waits for a forgotten card")
    languages: tuple[Literal["ar", "fr"], ...] = setting(("ar", "fr"), min_length=1, about="languages, in order")


class Screen(Section):
    width: int = setting(1080, machine=True, unit="px", ge=480, le=4320, about="width of the screen")
    height: int = setting(1920, machine=True, unit="px", ge=480, le=7680, about="height of the screen")
    millimetres: float = setting(
        344.0, machine=True, unit="mm", ge=100, le=2000, about="the screen's width: text is sized by it"
    )


class Staff(Section):
    pin_file: Path = setting(
        Path("secrets/staff.pin"), machine=True, about="file that holds the technicians' PIN, hashed (mode 0600)"
    )


class Fleet(Section):
    """Where signed configuration comes from, and how a new one proves itself."""

    folder: Path = setting(
        Path("fleet"), machine=True, about="folder of the releases and what is known of their source"
    )
    root: Path = setting(
        Path("trust/fleet-root.json"), machine=True, about="the administrators' root (TUF) this kiosk was given"
    )
    mirror: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s#?]+)?$", max_length=200)] = setting(
        "", machine=True, about="address of the published files; empty: none is asked"
    )
    usb: Path | None = setting(
        None, machine=True, about="folder under which USB sticks are mounted; a stick's `shubbak` folder is a mirror"
    )
    poll: float = setting(300.0, machine=True, unit="s", ge=1, le=86400, about="time between two looks at the mirror")
    probation: float = setting(
        60.0, machine=True, unit="s", ge=1, le=3600, about="how long a new configuration must stay healthy to be kept"
    )


class Settings(Section):
    """A whole configuration. `profile = "production"` refuses whatever only a demonstration may have."""

    profile: Literal["demo", "production"] = setting(
        machine=True, about="what this kiosk is: a demonstration, or in service"
    )
    kiosk: Kiosk = Kiosk()
    town: Town = Town()
    hours: Hours = Hours()
    reader: Reader = Reader()
    card: Card = Card()
    scanner: Scanner = Scanner()
    holder: Holder = Holder()
    registry: Registry = Registry()
    signer: Signer = Signer()
    documents: Documents = Documents()
    laser: Laser = Laser()
    thermal: Thermal = Thermal()
    printing: Printing = Printing()
    paper: Paper = Paper()
    outage: Outage = Outage()
    session: Session = Session()
    screen: Screen = Screen()
    staff: Staff = Staff()
    fleet: Fleet = Fleet()

    @model_validator(mode="after")
    def _has_a_printer(self) -> Self:
        addresses = {"laser": self.laser.uri, "thermal": self.thermal.address}
        if not any(addresses[name] for name in self.printing.order):
            raise ValueError("no printer: neither laser.uri nor thermal.address gives one that printing.order names")
        return self


def keys(section: type[BaseModel] = Settings, prefix: str = "") -> Iterator[str]:
    """Every setting's dotted name, as `registry.deadline`."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from keys(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name
