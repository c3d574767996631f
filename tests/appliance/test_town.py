"""The installed kiosk in the virtual town hall: a whole visit at its screen, and visits that end by force."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.simulated.issuer import CardIssuer
from kiosk.simulation import personas
from kiosk.simulation.citizen_script import Script, citizen_script
from kiosk.simulation.townhall import PEOPLE
from tests.appliance import roots
from tests.appliance.machine import CommandFailed, Machine
from tests.appliance.test_boot import WITHOUT_GRAPHICS_CARD

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

PYTHON = ("/opt/shubbak/bin/python3", "-I")
HALL = "/var/lib/kiosk-townhall"
CITIZEN = "/run/kiosk-citizen"
ASK_HEALTH = """
import socket
with socket.socket(socket.AF_UNIX) as s:
    s.connect("/run/kiosk/control/control.sock")
    s.sendall(b'{"op": "health"}\\n')
    print(s.makefile().readline())
"""


@pytest.fixture(scope="module")
def town(packages: dict[str, Path], ready: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The kiosk with its simulators, its town hall standing and every part of it well."""
    layers = [roots.installed(ready, list(packages.values())), ready]
    files = {
        "/etc/systemd/system/kiosk-display.service.d/test.conf": WITHOUT_GRAPHICS_CARD,
        "/etc/systemd/system/kiosk.target.d/town.conf": "[Unit]\nWants=kiosk-townhall.service\n",
    }
    with Machine(layers, tmp_path_factory.mktemp("town"), files) as machine:
        machine.wait_active("kiosk-townhall.service", deadline=180)
        # Somebody who has gone is noticed soon, and the screens are as wide as the headless display.
        machine.run("sed", "-i", "s/^.session.$/&\\nidle = 15\\nidle_warning = 20/", "/etc/shubbak/kiosk.toml")
        machine.run("sh", "-c", "printf '\\n[screen]\\nwidth = 720\\nheight = 1280\\n' >>/etc/shubbak/kiosk.toml")
        machine.run("systemctl", "restart", "kiosk.target")
        yield machine


@pytest.fixture(scope="module")
def amina(tmp_path_factory: pytest.TempPathFactory) -> personas.Card:
    """What is printed on her card and what she knows: the same in every town hall of this seed."""
    folder = tmp_path_factory.mktemp("cards")
    return personas.issue(CardIssuer.load_or_create(folder / "csca"), folder / "cards", PEOPLE, 1, "pace")["amina"]


def well(machine: Machine) -> bool:
    """Whether the session says so of every part, and serves nobody."""
    try:
        said = json.loads(machine.run(*PYTHON, "-c", ASK_HEALTH))
    except CommandFailed:
        return False
    return bool(said["between_visits"]) and not any(said["parts"].values())


@dataclass
class Visit:
    """A citizen at the kiosk's own screen: the real screens on the real display, touched as a finger would.

    She stands in place of kiosk-screen.service, as its user, with its rights; her card is put in and taken out from
    outside. `screens` are those she has seen.
    """

    machine: Machine
    screens: list[str] = field(default_factory=list)

    def begin(self, script: Script) -> None:
        machine = self.machine
        machine.run("systemctl", "stop", "kiosk-screen.service")
        machine.run("rm", "-rf", CITIZEN)
        machine.run("sh", "-c", "umask 022; cat >/run/citizen.json", stdin=json.dumps(script))
        environment = machine.state("kiosk-screen.service", "Environment").split()
        machine.run(
            *("systemd-run", "--quiet", "--unit=kiosk-citizen", "--remain-after-exit"),
            *("-p", "User=kiosk-screen", "-p", "PrivateNetwork=yes", "-p", "UMask=0022"),
            *("-p", "RuntimeDirectory=kiosk-citizen", "-p", "RuntimeDirectoryPreserve=yes"),
            *(f"--setenv={setting}" for setting in environment),
            *(*PYTHON, "-m", "kiosk.simulation.citizen", "--script", "/run/citizen.json", "--screens", CITIZEN),
            *("--socket", "/run/kiosk/screen/session.sock", "--width", "720", "--height", "1280", "--deadline", "300"),
        )

    def reach(self, screen: str, *, deadline: float = 120) -> None:
        """Until she is at this screen for the first time, with a card in the reader from its screen on."""

        def arrived() -> bool:
            state = self.machine.state("kiosk-citizen.service", "SubState")
            pictures = self.machine.run("ls", CITIZEN).split()
            before, self.screens = self.screens, [name.split("-", 1)[1].removesuffix(".png") for name in pictures]
            new = self.screens[len(before) :]
            if "card" in new:
                self.machine.run("kiosk", "townhall", "do", "insert")
            if "take-card" in new:
                self.machine.run("kiosk", "townhall", "do", "remove")
            assert state == "running" or screen in self.screens, self.machine.journal("kiosk-citizen")[-4000:]
            return screen in self.screens

        self.machine.wait(arrived, f"she does not come to {screen}", "kiosk-citizen", deadline=deadline)

    def end(self) -> None:
        """She goes, and the kiosk's own screen is shown again."""
        self.machine.run("sh", "-c", "systemctl stop kiosk-citizen; systemctl reset-failed kiosk-citizen || true")
        self.machine.run("kiosk", "townhall", "do", "remove")
        self.machine.run("systemctl", "start", "kiosk-screen.service")


@pytest.fixture
def visit(town: Machine) -> Iterator[Visit]:
    town.wait(lambda: well(town), "the kiosk is not well", "kiosk-session", deadline=120)
    visit = Visit(town)
    yield visit
    visit.end()


def script(card: personas.Card, *, until: str = "") -> Script:
    """What she does, without `do`: what hands do is done from outside. At `until` she does nothing any more."""
    whole = citizen_script(language="ar", can=card.can, pin=card.pin, document="birth-extract")
    return {name: [] if name in ("card", "take_card", until) else steps for name, steps in whole.items()}


def papers(machine: Machine) -> list[str]:
    return machine.run("sh", "-c", f"ls {HALL}/printer/paper").split()


def test_a_whole_visit_ends_with_paper(town: Machine, visit: Visit, amina: personas.Card, tmp_path: Path) -> None:
    before = papers(town)
    visit.begin(script(amina))
    visit.reach("choice")
    town.photo(tmp_path / "choice.png")
    visit.reach("goodbye")
    assert len(papers(town)) == len(before) + 1
    done = json.loads(town.run("kiosk", "ledger", "list", "--json"))["documents"]
    assert (done[-1]["outcome"], done[-1]["evidence"]) == ("printed", "ipp-completed")
    town.run("kiosk", "ledger", "verify")
    walked = (
        "attract language card opening can opening reading pin reading choice preparing preview take-card take-paper"
        " goodbye"
    )
    assert [screen for screen in visit.screens if screen != "printing"] == walked.split()


KEPT = (
    "/run /tmp /var/tmp /dev/shm /var/log /var/cache /var/lib/kiosk-session /var/lib/kiosk-signer /var/lib/kiosk-config"
)
NOT_THE_KIOSKS = ("kiosk-citizen", "kiosk-townhall")
"""What stands for a pocket and a hall: the citizen's pictures and the folder of the simulators."""


def traces(machine: Machine, canaries: list[str], places: str) -> str:
    """The files in which any of these words stands, and the lines of the journal."""
    left_out = [f"--exclude-dir={name}" for name in NOT_THE_KIOSKS]
    words = [word for canary in canaries for word in ("-e", canary)]
    search = f'grep --recursive --devices=skip --text --fixed-strings --files-with-matches "$@" {places} || true'
    files = machine.run("sh", "-c", search, "search", *left_out, *words)
    return files + "".join(line for line in machine.journal().splitlines() if any(c in line for c in canaries))


@pytest.mark.parametrize("part", ["session", "signer", "config", "display", "screen"])
def test_a_visit_that_a_killed_process_ends_leaves_nothing(
    town: Machine, visit: Visit, amina: personas.Card, part: str
) -> None:
    canaries = [amina.nin, amina.document_number, "Amina", "AMINA", "Benyoucef", "BENYOUCEF", "أمينة", "بن يوسف"]
    printed = papers(town)
    visit.begin(script(amina, until="preview"))
    visit.reach("preview")
    assert traces(town, canaries, KEPT) == ""
    assert traces(town, canaries, f"{HALL}/cards") != "", "the canaries are alive"
    unit = "kiosk-citizen" if part == "screen" else f"kiosk-{part}"
    before = town.main_pid(f"{unit}.service")
    assert before > 1
    town.run("kill", "-9", str(before))
    if part != "screen":
        town.wait(lambda: town.main_pid(f"{unit}.service") not in (0, before), f"{unit} does not come back", unit)
        town.wait_active(f"{unit}.service")
    visit.end()
    town.wait(lambda: well(town), "the kiosk is not well again", deadline=180)
    assert traces(town, canaries, KEPT) == ""
    assert papers(town) == printed
    town.run("kiosk", "ledger", "verify")


def test_after_all_that_a_visit_still_ends_with_paper(town: Machine, visit: Visit, amina: personas.Card) -> None:
    before = papers(town)
    visit.begin(script(amina))
    visit.reach("goodbye")
    assert len(papers(town)) == len(before) + 1
    town.run("kiosk", "ledger", "verify")


ASK_SIGNER = """
import asyncio, pathlib
from signing.client import SignerClient
print(asyncio.run(SignerClient(pathlib.Path("/run/kiosk/signer/signer.sock"), 10).status()).render_isolated)
"""


def test_pages_are_set_without_any_network(town: Machine) -> None:
    town.wait(lambda: well(town), "the kiosk is not well", "kiosk-session", deadline=120)
    assert town.run(*PYTHON, "-c", ASK_SIGNER) == "True\n"
    session = town.main_pid("kiosk-session.service")
    (child,) = town.run("pgrep", "--parent", str(session), "--full", "render_child").split()
    assert town.run("readlink", f"/proc/{child}/ns/net") != town.run("readlink", f"/proc/{session}/ns/net")
    assert [line.split(":")[0].strip() for line in town.read(f"/proc/{child}/net/dev").splitlines()[2:]] == ["lo"]


def test_nothing_listens_beyond_the_machine(town: Machine) -> None:
    listening = town.run("ss", "--no-header", "--tcp", "--udp", "--listening", "--numeric").splitlines()
    assert listening and all(line.split()[4].startswith(("127.", "[::1]:")) for line in listening), listening
