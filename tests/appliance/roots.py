"""Debian roots to install into and to boot, each layer made once and kept under the user's cache.

    bare      debootstrap's minimal Debian with systemd, udev and D-Bus
    ready     the same, with all that our packages depend on
    installed what installing packages of ours adds to `ready`: a layer to lay over it

`$XDG_CACHE_HOME/shubbak/appliance` (else ~/.cache/…) takes about 2 GB. A layer is made anew when what it was made
from changes; deleting the folder is always safe. The mirror and the proxies are those of this machine's apt.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

SUITE = "bookworm"
_BASE = ("systemd", "systemd-sysv", "dbus", "udev", "ca-certificates")
# What the tests themselves use inside: a camera, a look at the network, signals by name.
_TOOLS = ("grim", "iproute2", "procps")
_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost\n"  # as Debian's installer writes it; debootstrap does not
_CERTIFICATES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/usr/local/share/ca-certificates"))

_KEPT = 2  # older layers of a kind, beside the newest: another run may stand on one

# Our own /run, so that nspawn does not meet the machine's systemd; mounts that end with the process.
ENCLOSED = ("unshare", "--mount", "--propagation", "private", "sh", "-ec")
_RUN = "mount -t tmpfs tmpfs /run; mkdir /run/systemd"
_NSPAWN = "systemd-nspawn --quiet --register=no --keep-unit"


def missing() -> str | None:
    """Why no root can be made or booted here; None when it can."""
    if os.geteuid() != 0:
        return "only root can make and boot a Debian root"
    absent = [tool for tool in ("debootstrap", "systemd-nspawn", "unshare", "dpkg-deb") if not shutil.which(tool)]
    if absent:
        return f"not installed: {', '.join(absent)} (system-packages.txt)"
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        return "this machine lets nobody mount: a container without the right to (CAP_SYS_ADMIN)"
    return None


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "shubbak/appliance"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def bare() -> Path:
    return _made("bare", [SUITE, *_BASE, _HOSTS, _mirror()], _bootstrap)


def ready(dependencies: list[str]) -> Path:
    """`dependencies` are the Depends fields of our packages; those of them that are ours are left out."""
    wanted = {re.split(r"[ (|]", entry.strip())[0] for field in dependencies for entry in field.split(",")}
    names = sorted(name for name in wanted | set(_TOOLS) if not name.startswith("shubbak"))

    def make(root: Path) -> None:
        subprocess.run(["cp", "-a", f"{bare()}/.", root], check=True)
        inside(root, "apt-get", "update", "-qq")
        inside(root, "apt-get", "install", "-qq", "-y", "--no-install-recommends", *names)

    return _made("ready", [str(bare()), *names], make)


def installed(below: Path, packages: list[Path]) -> Path:
    """The layer that installing these .deb files leaves over `below`."""
    marks = [hashlib.sha256(package.read_bytes()).hexdigest() for package in packages]

    def make(layer: Path) -> None:
        layer.chmod(0o755)
        over = layer.with_name(layer.name + ".over")
        over.mkdir(exist_ok=True)
        files = " ".join(f"/packages/{package.name}" for package in packages)
        folder = packages[0].parent
        script = f"""{_RUN}
        mount -t tmpfs -o mode=0755 tmpfs "$1"; mkdir "$1/upper" "$1/work" "$1/root"
        mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
        {_NSPAWN} --pipe -D "$1/root" --bind-ro="$3:/packages" dpkg --install {files}
        cp -a "$1/upper/." "$4"
        """
        _run([*ENCLOSED, script, "install", over, below, folder, layer])
        over.rmdir()

    return _made("installed-" + "-".join(p.name.split("_")[0] for p in packages), [str(below), *marks], make)


def try_out(layers: list[Path], packages: list[Path], script: str) -> str:
    """Run a shell script in a root laid over these layers, not booted, with this machine's network; its output.

    The .deb files lie in /packages. What it changes is gone afterwards. AssertionError when a step of it fails.
    """
    lower = ":".join(map(str, layers))
    with _turn("archives"), tempfile.TemporaryDirectory(prefix="shubbak-root-") as place:
        enclosed = f"""{_RUN}
        mount -t tmpfs -o mode=0755 tmpfs "$1"; mkdir "$1/upper" "$1/work" "$1/root"
        mount -t overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" overlay "$1/root"
        exec {_NSPAWN} --pipe -D "$1/root" --bind-ro="$3:/packages" --bind="$4:/var/cache/apt/archives" \
          {" ".join(_network())} sh -exc "$5"
        """
        words = [place, lower, packages[0].parent, _archives(), script]
        return _run([*ENCLOSED, enclosed, "try", *words])


def inside(root: Path, *command: str) -> str:
    """Run a command in a root that is not booted, with this machine's network; its output."""
    script = f"""{_RUN}; root=$1 archives=$2; shift 2
    exec {_NSPAWN} --pipe -D "$root" --bind="$archives:/var/cache/apt/archives" {" ".join(_network())} "$@"
    """
    with _turn("archives"):
        return _run([*ENCLOSED, script, "inside", root, _archives(), *command])


def _network() -> list[str]:
    proxies = [f"--setenv={name}" for name in os.environ if name.lower().endswith("_proxy")]
    return ["--resolv-conf=copy-host", "--setenv=DEBIAN_FRONTEND=noninteractive", *proxies]


def _archives() -> Path:
    """Where apt keeps what it downloaded, for the next root."""
    archives = cache() / "archives"
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    return archives


def _bootstrap(root: Path) -> None:
    include = ",".join(_BASE)
    _run(["debootstrap", "--variant=minbase", f"--include={include}", SUITE, root, _mirror()])
    acquire = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=True).stdout
    (root / "etc/apt/apt.conf.d/90host").write_text(acquire + 'Binary::apt-get::APT::Keep-Downloaded-Packages "1";\n')
    (root / "etc/machine-id").write_text("")
    (root / "etc/hosts").write_text(_HOSTS)
    for source in _CERTIFICATES:
        goal = root / source.relative_to("/")
        if source.is_dir():
            shutil.copytree(source, goal, dirs_exist_ok=True)
        elif source.is_file():
            shutil.copy(source, goal)


def _mirror() -> str:
    """Where this machine's apt gets the suite from, else where everybody can."""
    options = ["--format", "$(SITE) $(RELEASE) $(COMPONENT)", "Created-By: Packages"]
    said = subprocess.run(["apt-get", "indextargets", *options], capture_output=True, text=True, check=False).stdout
    targets = [line.split() for line in said.splitlines()]
    sites = [target[0] for target in targets if target[1:] == [SUITE, "main"]]
    return sites[0] if sites else "http://deb.debian.org/debian"


def _made(kind: str, of: list[str], make: Callable[[Path], None]) -> Path:
    """The layer `kind` made of these, made now if need be. Old ones are taken away."""
    mark = hashlib.sha256("\n".join(of).encode()).hexdigest()[:16]
    done = cache() / f"{kind}-{mark}"
    with _turn(kind):
        if not done.is_dir():
            layers = sorted(cache().glob(f"{kind}-????????????????"), key=lambda layer: layer.stat().st_mtime)
            for old in layers[:-_KEPT]:
                shutil.rmtree(old)
            unfinished = cache() / f"{kind}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(done)
    return done


@contextlib.contextmanager
def _turn(kind: str) -> Iterator[None]:
    """One process at a time: another checkout's tests may be at it."""
    with (cache() / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(command: list[str | Path]) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command[0]} failed\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout
