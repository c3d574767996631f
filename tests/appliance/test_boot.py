"""A Debian that has the package, booted: what stands, what comes back, what is seen, and what listens to nobody."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.appliance import roots
from tests.appliance.machine import Machine
from tests.appliance.picture import code_shown, is_the_picture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

UNITS = ("kiosk-display", "kiosk-screen", "kiosk-session", "kiosk-signer", "kiosk-config")
WITHOUT_GRAPHICS_CARD = "[Service]\nEnvironment=WLR_BACKENDS=headless WLR_LIBINPUT_NO_DEVICES=1 SHUBBAK_CAGE=-r\n"


@pytest.fixture(scope="module")
def kiosk(packages: dict[str, Path], ready: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the product's package alone, as it is after its installation but for two addresses."""
    layers = [roots.installed(ready, [packages["shubbak"]]), ready]
    settings = (layers[0] / "usr/share/shubbak/kiosk.toml").read_text()
    for example, own in (("verify.example", "verify.town.dz"), ("registry.example", "registry.town.dz")):
        settings = settings.replace(example, own)
    files = {
        "/etc/shubbak/kiosk.toml": settings + "\n[screen]\nwidth = 720\nheight = 1280\n",
        "/etc/systemd/system/kiosk-display.service.d/test.conf": WITHOUT_GRAPHICS_CARD,
        "/etc/reader.conf.d/vpcd": "",  # the simulators' dependencies brought it; a kiosk has no virtual reader
    }
    with Machine(layers, tmp_path_factory.mktemp("kiosk"), files) as machine:
        yield machine


@pytest.fixture
def machine(kiosk: Machine) -> Machine:
    """The machine, with every service of the kiosk up."""
    kiosk.run("systemctl", "start", *(f"{unit}.service" for unit in (*UNITS, "pcscd")))
    for unit in UNITS:
        kiosk.wait_active(f"{unit}.service")
    return kiosk


@pytest.fixture
def look(machine: Machine, tmp_path: Path) -> Callable[[], Image.Image]:
    def photo() -> Image.Image:
        with Image.open(machine.photo(tmp_path / "photo.png")) as taken:
            return taken.convert("RGB")

    return photo


def pid_of(machine: Machine, unit: str) -> int:
    pid = machine.main_pid(f"{unit}.service")
    assert pid > 1
    return pid


def back(machine: Machine, unit: str, before: int) -> bool:
    return machine.main_pid(f"{unit}.service") not in (0, before) and (
        machine.state(f"{unit}.service", "ActiveState") == "active"
    )


# --- what is seen -------------------------------------------------------------------------------------------------


def test_the_screen_stands_above_the_picture(machine: Machine, look: Callable[[], Image.Image]) -> None:
    machine.wait(lambda: not is_the_picture(look()), "the picture is in front of the screen")
    assert look().size == (720, 1280)


@pytest.fixture
def slowly(machine: Machine) -> Iterator[None]:
    """A screen that takes so long to come back that nobody can miss what is seen meanwhile."""
    slow = "/run/systemd/system/kiosk-screen.service.d/slow.conf"
    machine.run("sh", "-c", "mkdir -p ${1%/*}; echo '[Service]\nRestartSec=10' >$1", "slow", slow)
    machine.run("systemctl", "daemon-reload")
    yield
    machine.run("rm", slow)
    machine.run("systemctl", "daemon-reload")


@pytest.mark.usefixtures("slowly")
@pytest.mark.parametrize(("signal", "code"), [("KILL", "E-KIOSK-SCREEN-ENDED"), ("STOP", "E-KIOSK-SCREEN-HUNG")])
def test_a_screen_that_dies_or_hangs_uncovers_the_picture_and_covers_it_again(
    machine: Machine, look: Callable[[], Image.Image], signal: str, code: str
) -> None:
    machine.wait(lambda: not is_the_picture(look()), "the picture is in front of the screen")
    before = pid_of(machine, "kiosk-screen")
    machine.run("kill", f"-{signal}", str(before))
    seen: list[str] = []

    def uncovered() -> bool:
        photo = look()
        if is_the_picture(photo):
            seen.append(code_shown(photo))
        return code in seen

    machine.wait(uncovered, f"no picture that says {code}: {seen}", "kiosk-screen")
    machine.wait(lambda: back(machine, "kiosk-screen", before), "no new screen", "kiosk-screen")
    machine.wait(lambda: not is_the_picture(look()), "the new screen is not in front")


def test_the_picture_outlives_screen_and_session(machine: Machine, look: Callable[[], Image.Image]) -> None:
    machine.run("systemctl", "stop", "kiosk-screen", "kiosk-session", "kiosk-signer", "kiosk-config")
    machine.wait(lambda: is_the_picture(look()), "no picture")
    machine.wait(lambda: code_shown(look()) == "E-KIOSK-SCREEN-STOPPED", "the picture does not say why")
    assert machine.state("kiosk-display.service", "ActiveState") == "active"


def test_a_display_that_dies_comes_back_with_the_screen_above(
    machine: Machine, look: Callable[[], Image.Image]
) -> None:
    display, screen = pid_of(machine, "kiosk-display"), pid_of(machine, "kiosk-screen")
    machine.run("kill", "-9", str(display))
    machine.wait(lambda: back(machine, "kiosk-display", display), "no new display", "kiosk-display")
    machine.wait(lambda: back(machine, "kiosk-screen", screen), "no new screen", "kiosk-screen")
    machine.wait(lambda: not is_the_picture(look()), "the new screen is not in front")


# --- what stands ---------------------------------------------------------------------------------------------------


def test_systemd_has_nothing_to_say_against_the_units_as_they_lie_there(machine: Machine) -> None:
    others = ("pcscd.service", "pcscd.socket", "ipp-usb.service", "seatd.service")
    units = [
        f"/lib/systemd/system/{name}" for name in (*(f"{unit}.service" for unit in UNITS), "kiosk.target", *others)
    ]
    ours = ("kiosk", "shubbak")
    said = machine.run("sh", "-c", f"systemd-analyze verify --man=no {' '.join(units)} 2>&1").splitlines()
    assert not [line for line in said if any(word in line for word in ours)]
    for unit in others:
        drop_ins = machine.state(unit, "DropInPaths").split()
        assert unit == "seatd.service" or any(path.endswith("shubbak.conf") for path in drop_ins), unit


# --- what comes back ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unit", [*UNITS, "pcscd"])
def test_whatever_is_killed_is_soon_back(machine: Machine, unit: str) -> None:
    for _ in range(7):  # systemd's own limit is five within ten seconds
        before = pid_of(machine, unit)
        machine.run("kill", "-9", str(before))
        machine.wait(lambda: back(machine, unit, before), f"{unit} does not come back", unit, deadline=30)  # noqa: B023


# --- what is shut ---------------------------------------------------------------------------------------------------


def test_nothing_listens_beyond_the_machine(machine: Machine) -> None:
    listening = machine.run("ss", "--no-header", "--tcp", "--udp", "--listening", "--numeric").splitlines()
    local = [line.split()[4].rsplit(":", 1)[0] for line in listening]
    assert all(address in ("127.0.0.1", "[::1]") or address.startswith("127.") for address in local), listening


def test_nobody_of_ours_logs_in_and_no_console_waits(machine: Machine) -> None:
    for unit in UNITS:
        assert machine.run("getent", "passwd", unit).strip().endswith(":/usr/sbin/nologin")
        assert machine.run("passwd", "--status", unit).split()[1] == "L"
    for unit in ("ctrl-alt-del.target", "getty@tty1.service", "getty@tty2.service", "autovt@tty3.service"):
        assert machine.state(unit, "LoadState") == "masked", unit
    assert "agetty" not in machine.run("ps", "-eo", "comm")
    assert machine.run("busctl", "get-property", *_LOGIND, "NAutoVTs") == "u 0\n"


_LOGIND = ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager")


@pytest.mark.parametrize("unit", UNITS)
def test_each_process_is_its_own_user_without_rights(machine: Machine, unit: str) -> None:
    status = machine.read(f"/proc/{pid_of(machine, unit)}/status")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert machine.run("id", "-u", unit).strip() == facts["Uid"].split()[0] != "0"
    assert int(facts["CapEff"], 16) == int(facts["CapBnd"], 16) == 0
    assert facts["NoNewPrivs"].strip() == "1" and facts["Seccomp"].strip() == "2"


def test_screen_and_signer_have_no_network(machine: Machine) -> None:
    for unit in ("kiosk-screen", "kiosk-signer"):
        devices = machine.read(f"/proc/{pid_of(machine, unit)}/net/dev").splitlines()[2:]
        assert [line.split(":")[0].strip() for line in devices] == ["lo"]
        assert machine.run("readlink", f"/proc/{pid_of(machine, unit)}/ns/net") != machine.run(
            "readlink", "/proc/1/ns/net"
        )
