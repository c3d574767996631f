"""What systemd, udev and the kernel make of `systemd/`, on a root folder of their own: nothing is installed here."""

import grp
import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

UNITS = Path("usr/lib/systemd/system")
SERVICES = ("display", "screen", "session", "signer", "config")
PROGRAMS = ("usr/bin/cage", "usr/bin/kiosk", "usr/bin/sh", "usr/sbin/pcscd", "opt/shubbak/bin/python3")
ALL = ("kiosk.target", *(f"kiosk-{name}.service" for name in SERVICES), "pcscd.service", "pcscd.socket")


def run(*command: object, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(c) for c in command], text=True, capture_output=True, check=False, **more)  # type: ignore[call-overload]


@pytest.fixture
def machine(tmp_path: Path, repository: Path) -> Path:
    """A root with Debian's units, ours over them, and something to execute where they name it."""
    shutil.copytree(Path("/") / UNITS, tmp_path / UNITS, symlinks=True)
    for name in ("lib", "bin", "sbin"):
        (tmp_path / name).symlink_to(f"usr/{name}")
    for program in PROGRAMS:
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text("#!\n")
        (tmp_path / program).chmod(0o755)
    for unit in [*repository.glob("systemd/*.service"), *repository.glob("systemd/*.target")]:
        shutil.copy(unit, tmp_path / UNITS)
    for folder in repository.glob("systemd/pcscd.*.d"):
        shutil.copytree(folder, tmp_path / UNITS / folder.name)
    return tmp_path


def verify(machine: Path) -> str:
    """What systemd has to say against the units; it ends with 0 even where it ignores a line."""
    done = run("systemd-analyze", "verify", "--man=no", f"--root={machine}", *ALL)
    return done.stderr + done.stdout + ("" if done.returncode == 0 else f"status {done.returncode}")


def test_systemd_has_nothing_to_say_against_any_unit(machine: Path) -> None:
    assert verify(machine) == ""


@pytest.mark.parametrize(
    ("unit", "line", "worse"),
    [
        ("kiosk-config.service", "NoNewPrivileges=yes", "NoNewPriviledges=yes"),
        ("kiosk-screen.service", "/usr/bin/kiosk screen", "/usr/bin/kioks screen"),
        ("kiosk-signer.service", "TasksMax=64", "TasksMax=64 or so"),
        ("pcscd.socket.d/shubbak.conf", "SocketMode=0660", "SocketMode=rw-rw----"),
    ],
)
def test_a_slip_in_a_unit_is_noticed(machine: Path, unit: str, line: str, worse: str) -> None:
    file = machine / UNITS / unit
    text = file.read_text()
    assert line in text
    file.write_text(text.replace(line, worse))
    assert unit.partition("/")[0].removesuffix(".d") in verify(machine)


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_exposed_to_2_of_10_at_most(tmp_path: Path, repository: Path, name: str) -> None:
    unit = repository / "systemd" / f"kiosk-{name}.service"
    assert _exposure_fits(unit)
    weakened = tmp_path / unit.name
    text = unit.read_text()
    assert "SystemCallFilter=@system-service" in text
    weakened.write_text(re.sub(r"^SystemCallFilter=.*$|^CapabilityBoundingSet=$", "", text, flags=re.MULTILINE))
    assert not _exposure_fits(weakened)


def _exposure_fits(unit: Path) -> bool:
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit)
    assert "Overall exposure level" in done.stdout, done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_comes_back_soon_and_for_ever_and_leaves_no_core(repository: Path, name: str) -> None:
    text = (repository / "systemd" / f"kiosk-{name}.service").read_text()
    lines = text.splitlines()
    assert {"StartLimitIntervalSec=0", "Restart=always", "LimitCORE=0", "MemorySwapMax=0"} <= set(lines)
    delay = re.search(r"^RestartSec=(\d+)(ms|s)$", text, re.MULTILINE)
    assert delay and int(delay[1]) * (1 if delay[2] == "ms" else 1000) <= 1000
    assert f"User=kiosk-{name}" in lines
    if "WatchdogSec=" in text:
        assert "WatchdogSignal=SIGKILL" in lines  # a stopped process would not even die of SIGABRT


def test_the_display_never_lets_a_keyboard_switch_consoles(repository: Path) -> None:
    text = (repository / "systemd/kiosk-display.service").read_text().replace("\\\n", "")
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    (given,) = re.findall(r"^Environment=SHUBBAK_CAGE=(.*)$", text, re.MULTILINE)
    assert "-s" not in f"{command} {given}".split(" -- ")[0].split()


# --- users and folders ----------------------------------------------------------------------------------------


@pytest.fixture
def populated(tmp_path: Path, repository: Path) -> Path:
    """A root with our users, made by systemd-sysusers."""
    (tmp_path / "etc").mkdir()
    done = run("systemd-sysusers", f"--root={tmp_path}", repository / "systemd/sysusers.d/shubbak.conf")
    assert (done.returncode, done.stderr.count("rror")) == (0, 0), done.stderr
    return tmp_path


def test_each_process_has_a_user_of_its_own_that_cannot_log_in(populated: Path) -> None:
    users = [line.split(":") for line in (populated / "etc/passwd").read_text().splitlines()]
    assert {u[0] for u in users} == {f"kiosk-{name}" for name in SERVICES}
    assert len({u[2] for u in users}) == len(users) and "0" not in {u[2] for u in users}
    assert {u[6] for u in users} == {"/usr/sbin/nologin"}
    assert all(line.split(":")[1].startswith("!") for line in (populated / "etc/shadow").read_text().splitlines())
    groups = {line.split(":")[0]: line.split(":")[3] for line in (populated / "etc/group").read_text().splitlines()}
    assert groups["kiosk-control"] == "kiosk-config"
    assert all(not members for name, members in groups.items() if name != "kiosk-control")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_each_folder_of_sockets_opens_to_one_group(populated: Path, repository: Path) -> None:
    done = run("systemd-tmpfiles", "--create", f"--root={populated}", repository / "systemd/tmpfiles.d/shubbak.conf")
    assert (done.returncode, done.stderr) == (0, "")
    names = {"0": "root"}
    for file in ("passwd", "group"):
        for line in (populated / "etc" / file).read_text().splitlines():
            names[file + line.split(":")[2]] = line.split(":")[0]
    found = {}
    assert stat.S_IMODE((populated / "run/kiosk/usb").stat().st_mode) == 0o755
    for folder in sorted(set((populated / "run/kiosk").iterdir()) - {populated / "run/kiosk/usb"}):
        status = folder.stat()
        assert stat.S_IMODE(status.st_mode) == 0o2750
        found[folder.name] = (names[f"passwd{status.st_uid}"], names[f"group{status.st_gid}"])
    assert found == {
        "display": ("kiosk-display", "kiosk-screen"),
        "screen": ("kiosk-session", "kiosk-screen"),
        "control": ("kiosk-session", "kiosk-control"),
        "signer": ("kiosk-signer", "kiosk-session"),
        "reason": ("kiosk-screen", "kiosk-display"),
    }


# --- the kernel -----------------------------------------------------------------------------------------------


def test_the_keyboard_reaches_nothing_of_the_kernel_and_no_memory_reaches_a_disk(repository: Path) -> None:
    wanted = {}
    for line in (repository / "systemd/sysctl.d/90-shubbak.conf").read_text().splitlines():
        if line and not line.startswith("#"):
            key, sign, value = line.partition(" = ")
            assert sign and re.fullmatch(r"-?[a-z_]+(\.[a-z_]+)+", key)
            wanted[key] = value
    assert wanted["kernel.sysrq"] == "0" and wanted["fs.suid_dumpable"] == "0"
    assert wanted["kernel.core_pattern"].startswith("|")


def test_usblp_is_kept_away_from_printers(repository: Path) -> None:
    lines = (repository / "systemd/modprobe.d/shubbak.conf").read_text().splitlines()
    assert {"blacklist usblp", "install usblp /bin/false"} <= set(lines)


# --- USB ------------------------------------------------------------------------------------------------------

READER, STICK, HUB, PRINTER = "0b0000", "080650", "090000", "070104"
TICKETS, OWN_CLASS = "070102", "ff0000"
_A_GROUP = "lp"
"""One that this machine has, in place of kiosk-session."""


def device(vendor: str, product: str, interface: str) -> str:
    """A USB device for umockdev, with one interface of this class, subclass and protocol.

    An attribute begins with as many letters as it may be given: what is written does not shorten the file.
    """
    kind = interface[:2] if interface == HUB else "00"
    numbers = vendor[2:] + vendor[:2] + product[2:] + product[:2]
    whole = f"12010002{kind}000008{numbers}000101020301" + "09021900010100a032"
    whole += f"0904000001{interface}00" + "07058102400000"
    return "\n".join(
        (
            "P: /devices/pci0/usb1/1-1",
            "E: DEVTYPE=usb_device",
            "E: SUBSYSTEM=usb",
            "E: DEVNAME=bus/usb/001/002",
            "E: MAJOR=189",
            "E: MINOR=1",
            f"A: idVendor={vendor}\\n",
            f"A: idProduct={product}\\n",
            f"A: bDeviceClass={kind}\\n",
            "A: authorized=1\\n",
            "A: power/control=no\\n",
            f"H: descriptors={whole.upper()}",
            "\n",
        )
    )


def stick(name: str, bus: str, system: str) -> str:
    """A block device for umockdev, as udev's own rules have described it before ours."""
    facts = {"SUBSYSTEM": "block", "DEVTYPE": "disk", "DEVNAME": name, "ID_BUS": bus, "ID_FS_TYPE": system}
    return "\n".join((f"P: /devices/pci0/block/{name}", *(f"E: {k}={v}" for k, v in facts.items()), "", ""))


def udev(
    folder: Path, repository: Path, mock: str, allowed: str | None, *attributes: str, scanners: str | None = None
) -> tuple[str, list[str]]:
    """What udev says once it has followed our rule, and only ours, for a device; and the device's attributes."""
    rules = (repository / "systemd/udev/70-shubbak.rules").read_text()
    assert "/etc/shubbak/usb-allow" in rules
    own = folder / "rules.d"
    own.mkdir()
    rules = rules.replace("/etc/shubbak/usb-allow", str(folder / "allow")).replace("kiosk-session", _A_GROUP)
    rules = rules.replace("/etc/shubbak/scanners", str(folder / "scanners"))
    (own / "70-shubbak.rules").write_text(rules)
    (folder / "device").write_text(mock)
    if allowed is not None:
        (folder / "allow").write_text(allowed)
    if scanners is not None:
        (folder / "scanners").write_text(scanners)
    script = """
      mount --bind "$1" /usr/lib/udev/rules.d; mount -t tmpfs tmpfs /run; exec umockdev-run -d "$2" -- sh -ec '
        udevadm test --action=add "$2" >"$1" 2>&1
        cd "$2"; shift 2; for name; do cat $name; done' x "$3" "$4" $5
    """
    path = "/sys" + mock.splitlines()[0].removeprefix("P: ")
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-ec", script, "x"]
    done = run(*inside, own, folder / "device", folder / "log", path, " ".join(attributes))
    log = (folder / "log").read_text() if (folder / "log").exists() else ""
    assert done.returncode == 0, done.stderr + log
    assert "nvalid" not in log and "nknown key" not in log, log
    return log, done.stdout.split()


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose path has no space, which udev's rules could not name."""
    with tempfile.TemporaryDirectory(prefix="usb-") as folder:
        yield Path(folder)


@pytest.mark.parametrize(
    ("interface", "allowed", "authorized", "power"),
    [
        (STICK, None, "1", "no"),
        (STICK, "", "0", "no"),
        (STICK, "1a2b:3c4e\n1a2b:3c4\n", "0", "no"),
        (STICK, "ffff:0001\n1a2b:3c4d\n", "1", "no"),
        (READER, None, "1", "on"),
        (READER, "", "0", "on"),
        (PRINTER, "1a2b:3c4d", "1", "on"),
        (HUB, "", "1", "no"),
    ],
)
def test_usb_devices_are_let_in_by_list_once_there_is_one(
    short: Path, repository: Path, interface: str, allowed: str | None, authorized: str, power: str
) -> None:
    mock = device("1a2b", "3c4d", interface)
    assert udev(short, repository, mock, allowed, "authorized", "power/control")[1] == [authorized, power]


@pytest.mark.parametrize(
    ("name", "bus", "system", "mounted"),
    [
        ("sda1", "usb", "vfat", True),
        ("sdb", "usb", "ext4", True),
        ("sda1", "ata", "ext4", False),
        ("sda1", "usb", "ntfs", False),
        ("nvme0n1", "usb", "vfat", False),
    ],
)
def test_a_stick_is_mounted_to_be_read_only(
    short: Path, repository: Path, name: str, bus: str, system: str, mounted: bool
) -> None:
    log, _ = udev(short, repository, stick(name, bus, system), None)
    orders = [line for line in log.splitlines() if line.startswith("run: ")]
    assert len(orders) == mounted
    for order in orders:
        (options,) = re.findall(r"--options=(\S+)", order)
        assert set(options.split(",")) == {"ro", "noexec", "nosuid", "nodev", "nosymfollow"}
        assert order.endswith(f" /dev/{name} /run/kiosk/usb/{name}'")


def serial_line(name: str) -> str:
    """A terminal for umockdev."""
    facts = {"SUBSYSTEM": "tty", "DEVNAME": name}
    return "\n".join((f"P: /devices/pci0/tty/{name}", *(f"E: {k}={v}" for k, v in facts.items()), "", ""))


@pytest.mark.parametrize(
    ("mock", "ours"),
    [
        (device("1a2b", "3c4d", TICKETS), True),
        (device("04b8", "0e28", OWN_CLASS), True),
        (device("0519", "0003", OWN_CLASS), True),
        (device("1a2b", "3c4d", OWN_CLASS), False),
        (device("1a2b", "3c4d", READER), False),
        (device("1a2b", "3c4d", STICK), False),
        (serial_line("ttyUSB0"), True),
        (serial_line("ttyACM1"), True),
        (serial_line("ttyS0"), True),
        (serial_line("tty1"), False),
    ],
)
def test_the_ticket_printers_device_is_the_sessions(short: Path, repository: Path, mock: str, ours: bool) -> None:
    log, _ = udev(short, repository, mock, None)
    given = re.findall(r"70-shubbak.rules:\d+ (GROUP|MODE) (\S+)", log)
    assert given == ([("GROUP", str(grp.getgrnam(_A_GROUP).gr_gid)), ("MODE", "0660")] if ours else [])


SCANNERS = ("input", "video4linux")


def scanner(subsystem: str, name: str, bus: str = "usb") -> str:
    """An input device or a camera for umockdev, as udev's own rules have described it before ours."""
    facts = {"SUBSYSTEM": subsystem, "DEVNAME": name, "ID_BUS": bus, "ID_VENDOR_ID": "0c2e", "ID_MODEL_ID": "0b61"}
    own = name.rpartition("/")[2]
    return "\n".join((f"P: /devices/pci0/{subsystem}/{own}", *(f"E: {k}={v}" for k, v in facts.items()), "", ""))


@pytest.mark.parametrize(
    ("mock", "listed", "ours"),
    [
        (scanner("input", "input/event7"), "ffff:0001\n0c2e:0b61\n", True),
        (scanner("video4linux", "video0"), "0c2e:0b61\n", True),
        (scanner("input", "input/event7"), "0c2e:0b62\n", False),
        (scanner("input", "input/event7"), None, False),
        (scanner("input", "input/event7", bus="bluetooth"), "0c2e:0b61\n", False),
        (scanner("input", "input/mouse0"), "0c2e:0b61\n", False),
    ],
)
def test_a_scanner_that_is_listed_is_the_sessions_and_types_nothing_on_the_screen(
    short: Path, repository: Path, mock: str, listed: str | None, ours: bool
) -> None:
    log, _ = udev(short, repository, mock, None, scanners=listed)
    given = re.findall(r"70-shubbak.rules:\d+ (GROUP|MODE) (\S+)", log)
    assert given == ([("GROUP", str(grp.getgrnam(_A_GROUP).gr_gid)), ("MODE", "0660")] if ours else [])
    assert ("LIBINPUT_IGNORE_DEVICE=1" in log) == ours


def test_the_session_may_use_no_device_but_a_ticket_printers_and_a_scanners(repository: Path) -> None:
    unit = (repository / "systemd/kiosk-session.service").read_text().splitlines()
    allowed = {line.removeprefix("DeviceAllow=") for line in unit if line.startswith("DeviceAllow=")}
    assert "DevicePolicy=closed" in unit
    assert allowed == {f"char-{driver} rw" for driver in ("usb_device", "ttyS", "ttyUSB", "ttyACM", *SCANNERS)}
    loaded = (repository / "systemd/modules-load.d/shubbak.conf").read_text().splitlines()
    assert {"usbserial", "cdc_acm", "videodev"} <= set(loaded), (
        "systemd knows only drivers that are there when the unit starts"
    )
