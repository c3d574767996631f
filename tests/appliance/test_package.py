"""The Debian packages, from their making to their removal, on Debians that have never seen them."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.appliance import roots
from tests.appliance.machine import CommandFailed, Machine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

Packages = dict[str, Path]
SHIPPED = "/usr/share/shubbak/kiosk.toml"
LOCAL = "/etc/shubbak/kiosk.toml"
SERVICES = [f"kiosk-{name}.service" for name in ("display", "screen", "session", "signer", "config")]
WITHOUT_A_SCREEN = {
    "/etc/systemd/system/kiosk-display.service.d/test.conf": (
        "[Service]\nEnvironment=WLR_BACKENDS=headless WLR_LIBINPUT_NO_DEVICES=1\n"
    )
}
# Everything on the machine but what apt and dpkg keep of their own work, and the users, which stay.
_ELSEWHERE = ("/proc", "/packages", "/tmp", "/var/cache", "/var/lib/dpkg", "/var/lib/apt", "/var/log")
_USERS = "^/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$"
LIST = f"find / -xdev \\( -path {' -o -path '.join(_ELSEWHERE)} \\) -prune -o -print | grep -vE '{_USERS}' | sort"

IMPORT_ALL = """
import importlib, pkgutil
for room in "config drivers kiosk printing registry signing".split():
    for found in pkgutil.walk_packages(importlib.import_module(room).__path__, room + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
print("all")
"""


def section(output: str, name: str) -> list[str]:
    """The lines between `== name` and the next such line."""
    return f"\n{output}".split(f"\n== {name}\n", 1)[1].split("== ", 1)[0].splitlines()


# --- made ----------------------------------------------------------------------------------------------


def test_the_same_commit_gives_the_same_bytes(packages: Packages, repository: Path, tmp_path: Path) -> None:
    made = []
    for name in ("one", "another place"):
        clone = tmp_path / name
        subprocess.run(["git", "clone", "-q", repository, clone], check=True)
        subprocess.run([clone / "debian/build.py"], check=True, capture_output=True)
        made.append({file.name: file.read_bytes() for file in (clone / "build").glob("*.deb")})
    assert sorted(made[0]) == sorted(file.name for file in packages.values())
    assert made[0] == made[1]


def test_no_path_of_the_builders_machine_is_in_them(packages: Packages, repository: Path, tmp_path: Path) -> None:
    for file in packages.values():
        tree = tmp_path / file.stem
        subprocess.run(["dpkg-deb", "-x", file, tree], check=True)
        found = subprocess.run(["grep", "-rlaF", str(repository), tree], capture_output=True, text=True, check=False)
        assert found.stdout == ""
        # What was compiled here; other wheels name the folders of those who made them.
        for library in tree.rglob("smartcard/**/*.so"):
            assert b"/tmp/" not in library.read_bytes()
            assert str(Path.home()).encode() not in library.read_bytes()


def test_the_kiosk_needs_nothing_of_the_simulators(packages: Packages) -> None:
    fields = ["Depends", "Recommends", "Suggests", "Pre-Depends"]
    said = subprocess.run(["dpkg-deb", "-f", packages["shubbak"], *fields], capture_output=True, text=True, check=True)
    for theirs in ("simulators", "vsmartcard", "cups-ipp-utils", "softhsm2", "poppler"):
        assert theirs not in said.stdout
    listed = subprocess.run(["dpkg-deb", "-c", packages["shubbak"]], capture_output=True, text=True, check=True).stdout
    for theirs in (
        "drivers/simulated",
        "kiosk/simulation/",
        "registry/reference",
        "signing/demo",
        "fastapi",
        "Crypto/",
    ):
        assert theirs not in listed


# --- installed -----------------------------------------------------------------------------------------


def test_a_bare_debian_gets_all_it_needs_from_apt(packages: Packages) -> None:
    said = roots.try_out(
        [roots.bare()],
        list(packages.values()),
        f"""
        apt-get update -qq
        apt-get install -qq -y --no-install-recommends /packages/{packages["shubbak"].name}
        echo "== version"; kiosk --version
        echo "== documents"; kiosk documents list --json
        echo "== installed"; dpkg-query -W -f '${{Package}} ${{db:Status-Status}}\\n'
        echo "== demo"; kiosk demo --headless 2>&1 || echo "status $?"
        echo "== missing"; find /opt/shubbak -name '*.so*' -exec ldd {{}} + | grep 'not found' || true
        echo "== screen"
        QT_QPA_PLATFORM=offscreen /opt/shubbak/bin/python3 -I -c \\
          'from kiosk.ui.app import prepare_application as p; print(p(["x"]).platformName())'
        echo "== imported"; /opt/shubbak/bin/python3 -I -c '{IMPORT_ALL}'
        echo "== bytecode"; find /opt/shubbak -newer /usr/bin/kiosk -name '*.pyc'
        echo "== end"
        """,
    )
    assert section(said, "version")[0].startswith("shubbak ")
    assert '"birth-extract"' in section(said, "documents")[0]
    installed = section(said, "installed")
    assert "shubbak installed" in installed
    for absent in ("shubbak-simulators", "vsmartcard-vpcd", "softhsm2", "cups-ipp-utils"):
        assert f"{absent} installed" not in installed
    assert section(said, "demo")[0].startswith("error E-KIOSK-PART-MISSING")
    assert section(said, "demo")[1:] == ["status 3"]
    assert section(said, "missing") == []
    assert section(said, "screen") == ["offscreen"]
    assert section(said, "imported") == ["all"]
    assert section(said, "bytecode") == []


def test_it_comes_goes_and_comes_again_where_nothing_is_booted(packages: Packages, ready: Path) -> None:
    file = f"/packages/{packages['shubbak'].name}"
    said = roots.try_out(
        [ready],
        list(packages.values()),
        f"""
        export DPKG_MAINTSCRIPT_PACKAGE=shubbak
        {LIST} >/tmp/before
        dpkg --install {file}
        dpkg --install {file}
        /var/lib/dpkg/info/shubbak.postinst configure 0.1.0
        /var/lib/dpkg/info/shubbak.postinst abort-upgrade 0.1.0
        echo "== users"; getent passwd kiosk-session kiosk-signer kiosk-screen kiosk-display kiosk-config
        echo "== masks"; readlink /etc/systemd/system/ctrl-alt-del.target /etc/systemd/system/getty@.service
        echo "== enabled"; systemctl is-enabled kiosk.target
        echo "== verify"; dpkg --verify shubbak; echo "== written"
        cmp {SHIPPED} {LOCAL}
        echo '# ours' >>{LOCAL}
        dpkg --install {file}
        echo "== kept"; tail -1 {LOCAL}; echo "== anew"
        rm -r /etc/shubbak
        dpkg --install {file}
        cmp {SHIPPED} {LOCAL}
        systemctl disable kiosk.target
        dpkg --install {file}
        echo "== disabled"; systemctl is-enabled kiosk.target || true; echo "== gone"
        dpkg --remove shubbak
        echo "== removed"; find /opt/shubbak /usr/bin/kiosk -maxdepth 0 || true
        find /etc/shubbak -type f -printf '%f\\n'; find /etc/systemd/system -lname /dev/null
        echo "== purged"
        dpkg --purge shubbak
        dpkg --purge shubbak
        {LIST} >/tmp/after
        echo "== left"; diff /tmp/before /tmp/after || true; echo "== again"
        dpkg --install {file}
        kiosk --version
        echo "== end"
        """,
    )
    users = section(said, "users")
    assert len(users) == len(SERVICES)
    assert all(user.endswith("/nologin") for user in users)
    assert section(said, "masks") == ["/dev/null", "/dev/null"]
    assert section(said, "enabled") == ["enabled"]
    assert section(said, "verify") == []
    assert section(said, "kept") == ["# ours"]
    assert section(said, "disabled") == ["disabled"]
    assert section(said, "removed") == ["kiosk.toml"]
    assert section(said, "left") == []


def test_the_simulators_keep_their_reader_out_of_the_systems_pcscd(packages: Packages, ready: Path) -> None:
    """Also where the reader was installed first, with its file in place."""
    both = " ".join(f"/packages/{packages[name].name}" for name in ("shubbak", "shubbak-simulators"))
    said = roots.try_out(
        [ready],
        list(packages.values()),
        f"""
        test -e /etc/reader.conf.d/vpcd
        dpkg --install {both}
        test ! -e /etc/reader.conf.d/vpcd
        dpkg --install {both}
        echo "== enabled"; systemctl is-enabled kiosk-townhall.service || true
        echo "== diverted"; dpkg-divert --list '*vpcd*'
        dpkg --purge shubbak-simulators
        test -e /etc/reader.conf.d/vpcd
        echo "== left"; dpkg-divert --list '*vpcd*'; find /opt/shubbak -path '*simulation*'
        echo "== end"
        """,
    )
    assert section(said, "enabled") == ["disabled"]
    assert section(said, "diverted")[0].endswith("by shubbak-simulators")
    assert section(said, "left") == []


# --- running -------------------------------------------------------------------------------------------


@pytest.fixture
def machine(packages: Packages, boot: Callable[..., Machine]) -> Iterator[Machine]:
    """A booted Debian, and the packages in /var/tmp, not installed."""
    yield boot(files=WITHOUT_A_SCREEN | {f"/var/tmp/{name}.deb": file for name, file in packages.items()})


def parts(machine: Machine) -> dict[str, str | None]:
    """Part → code of what is wrong with it, as the session tells; empty while it does not answer."""
    code = """import asyncio; from pathlib import Path; from kiosk.session.control import ControlClient
print(asyncio.run(ControlClient(Path("/run/kiosk/control/control.sock")).health()).model_dump_json())"""
    try:
        answer = machine.run("/opt/shubbak/bin/python3", "-I", "-c", code)
    except CommandFailed:
        return {}
    told: dict[str, str | None] = json.loads(answer)["parts"]
    return told


def pids(machine: Machine) -> list[int]:
    for service in SERVICES:
        machine.wait_active(service)
    return [machine.main_pid(service) for service in SERVICES]


def test_installed_it_runs_and_refuses_to_serve_until_it_is_set_up(machine: Machine) -> None:
    machine.run("dpkg", "--install", "/var/tmp/shubbak.deb")
    first = pids(machine)
    assert parts(machine)["session"] == "E-CONFIG-DEMO-IN-PRODUCTION"
    with pytest.raises(CommandFailed, match=r"kiosk\.toml:\d+: registry\.url: ") as told:
        machine.run("kiosk", "config", "validate", LOCAL)
    assert "signer.seal_host" in str(told.value)
    assert "shubbak-simulators" not in str(told.value)
    for command in (
        ["kiosk", "issue", "birth-extract", "--can", "123456"],
        ["kiosk", "card", "read", "--can", "123456"],
    ):
        with pytest.raises(CommandFailed, match="E-KIOSK-REFUSED-IN-PRODUCTION"):
            machine.run(*command)

    # An upgrade replaces every process; what the administrator wrote stays.
    edited = machine.read(LOCAL).replace("registry.example", "registry.interieur.dz")
    machine.run("sh", "-c", f"cat >{LOCAL}", stdin=edited)
    machine.run("dpkg", "--install", "/var/tmp/shubbak.deb")
    assert set(pids(machine)).isdisjoint(first)
    assert machine.read(LOCAL) == edited

    # With the simulators on it, it is no kiosk in service; and they do not take one over.
    machine.run("dpkg", "--install", "/var/tmp/shubbak-simulators.deb")
    with pytest.raises(CommandFailed, match="shubbak-simulators"):
        machine.run("kiosk", "config", "validate", LOCAL)
    with pytest.raises(CommandFailed):
        machine.run("systemctl", "start", "kiosk-townhall")
    assert "E-CONFIG-DEMO-IN-PRODUCTION" in machine.journal("kiosk-townhall.service")
    assert machine.read(LOCAL) == edited

    machine.run("dpkg", "--remove", "shubbak-simulators", "shubbak")
    for service in SERVICES:
        assert machine.state(service, "ActiveState") == "inactive"
    assert not machine.succeeds("pgrep", "-u", "kiosk-session,kiosk-signer,kiosk-screen,kiosk-display,kiosk-config")
    assert machine.read(LOCAL) == edited
    machine.run("dpkg", "--purge", "shubbak-simulators", "shubbak")
    assert not machine.succeeds("ls", "/etc/shubbak")
    assert not machine.succeeds("sh", "-c", "ls -d /var/lib/kiosk-* /opt/shubbak /run/kiosk")

    machine.run("dpkg", "--install", "/var/tmp/shubbak.deb")
    pids(machine)


def test_the_town_hall_comes_and_the_settings_of_before_come_back(machine: Machine) -> None:
    machine.run("dpkg", "--install", "/var/tmp/shubbak.deb", "/var/tmp/shubbak-simulators.deb")
    pids(machine)
    shipped = machine.read(LOCAL)
    machine.run("systemctl", "start", "kiosk-townhall")
    assert 'profile = "demo"' in machine.read(LOCAL)
    machine.wait(lambda: set(parts(machine).values()) == {None}, "the kiosk is not well", "kiosk-session.service")
    machine.run("dpkg", "--remove", "shubbak-simulators")
    assert machine.read(LOCAL) == shipped
    pids(machine)
    machine.wait(
        lambda: parts(machine).get("session") == "E-CONFIG-DEMO-IN-PRODUCTION",
        "the kiosk is still in its demonstration",
        "kiosk-session.service",
    )
