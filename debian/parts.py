"""What of the libraries the kiosk loads, which package each part goes to, and where files lie on the machine.

Qt is kept by name and by need: the modules and plugins named here, and the shared libraries that these ask for
(`readelf -d`). A library that is neither ours nor in `SYSTEM_LIBRARIES` ends the build: its Debian package must
be among the dependencies.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_QT = "PySide6/"
KIOSK_QT = (
    *(f"{_QT}{name}.abi3.so" for name in ("QtCore", "QtGui", "QtNetwork", "QtOpenGL", "QtQml", "QtQuick")),
    *(f"{_QT}{name}" for name in ("__init__.py", "_config.py", "_git_pyside_version.py", "support")),
    *(f"{_QT}Qt/plugins/platforms/libq{name}.so" for name in ("wayland", "offscreen")),
    f"{_QT}Qt/plugins/wayland-shell-integration/libxdg-shell.so",
    *(f"{_QT}Qt/plugins/imageformats/libq{name}.so" for name in ("svg", "jpeg")),
    *(f"{_QT}Qt/qml/QtQml/{name}" for name in ("libqmlplugin.so", "qmldir", "Models", "WorkerScript")),
    *(f"{_QT}Qt/qml/QtQuick/{name}" for name in ("libqtquick2plugin.so", "qmldir", "Window")),
)
# The dock of the virtual town hall, the hands of its citizen, and a window on X11.
SIMULATORS_QT = (
    *(f"{_QT}{name}.abi3.so" for name in ("QtWidgets", "QtTest")),
    f"{_QT}Qt/plugins/platforms/libqxcb.so",
    f"{_QT}Qt/plugins/xcbglintegrations",
)
# With the web server and the cryptography that only the simulators use: no web server lies on a kiosk.
SIMULATORS = (
    *("drivers/simulated", "kiosk/simulation", "registry/reference", "signing/demo.py"),
    *("fastapi", "starlette", "uvicorn", "Crypto"),
    *("fastapi-*.dist-info", "starlette-*.dist-info", "uvicorn-*.dist-info", "pycryptodome-*.dist-info"),
)
# For compilers, type checkers and installers, not for a machine that runs.
NEEDLESS = (
    *("**/*.pyi", "**/py.typed", "**/*.pyx", "**/*.pxd", "**/*.h", "**/*.c", "**/*.qmltypes"),
    *("*.dist-info/RECORD", "*.dist-info/INSTALLER", "*.dist-info/REQUESTED", "*.dist-info/direct_url.json"),
    *("*.dist-info/entry_points.txt", "*.dist-info/top_level.txt", "*.dist-info/WHEEL", "*.dist-info/sboms"),
    *("deepmerge/tests", "certifi/tests", "ecdsa/test_*.py", "**/.gitignore"),
    *("Crypto/SelfTest", "shiboken6/include", "shiboken6/lib"),
)

# soname: Debian package, which the package that asks for it, or one that it needs, depends on.
SYSTEM_LIBRARIES = {
    "ld-linux-x86-64.so.2": "libc6",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libbrotlicommon.so.1": "libbrotli1",
    "libbrotlidec.so.1": "libbrotli1",
    "libc.so.6": "libc6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libdl.so.2": "libc6",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libgcc_s.so.1": "libgcc-s1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libm.so.6": "libc6",
    "libpthread.so.0": "libc6",
    "libresolv.so.2": "libc6",
    "librt.so.1": "libc6",
    "libstdc++.so.6": "libstdc++6",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
}

# What lies on the machine besides: files and folders of the checkout → the folder they go into.
MACHINE = {
    "shubbak": {
        "systemd/*.service": "lib/systemd/system",
        "systemd/*.target": "lib/systemd/system",
        "systemd/*.service.d": "lib/systemd/system",
        "systemd/*.socket.d": "lib/systemd/system",
        "systemd/*.conf.d": "usr/lib/systemd",
        "systemd/*.conf": "usr/share/shubbak",
        "systemd/sysusers.d": "usr/lib",
        "systemd/tmpfiles.d": "usr/lib",
        "systemd/sysctl.d": "usr/lib",
        "systemd/modprobe.d": "lib",
        "systemd/modules-load.d": "usr/lib",
        "systemd/udev/*.rules": "lib/udev/rules.d",
        "debian/kiosk.toml": "usr/share/shubbak",
    },
    "shubbak-simulators": {"debian/simulators/*": "lib/systemd/system"},
}


def lighten(packages: Path) -> None:
    """Takes away what only compilers, type checkers and installers read."""
    for pattern in NEEDLESS:
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def trim(packages: Path) -> None:
    """Takes away what no machine loads, of Qt above all."""
    lighten(packages)
    kept = _closure(packages, KIOSK_QT + SIMULATORS_QT)
    for path in sorted(packages.joinpath("PySide6").rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept:
            path.unlink()


def separate(packages: Path, simulators: Path) -> None:
    """Moves the simulators' parts to their own tree."""
    theirs = [path for pattern in SIMULATORS for path in packages.glob(pattern)]
    theirs += sorted(_closure(packages, KIOSK_QT + SIMULATORS_QT) - _closure(packages, KIOSK_QT))
    for path in theirs:
        goal = simulators / path.relative_to(packages)
        goal.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, goal)
    for folder in sorted((p for p in packages.rglob("*") if p.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _closure(packages: Path, names: Iterable[str]) -> set[Path]:
    """The files named, those of the folders named, and the bundled libraries they need, and those need."""
    found: set[Path] = set()
    for name in names:
        path = packages / name
        if not path.exists():
            sys.exit(f"error: the libraries have no {name} any more")
        found |= {p for p in path.rglob("*") if p.is_file()} if path.is_dir() else {path}
    bundled = {
        p.name: p for folder in ("PySide6", "PySide6/Qt/lib", "shiboken6") for p in (packages / folder).glob("*.so*")
    }
    waiting = [p for p in found if ".so" in p.name]
    while waiting:
        for soname in needed(waiting.pop()):
            library = bundled.get(soname)
            if library is not None and library not in found:
                found.add(library)
                waiting.append(library)
    return found


def needed(library: Path) -> list[str]:
    """The sonames a shared library asks for."""
    said = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", said)


def dependencies(packages: Path, beside: Path | None = None) -> list[str]:
    """The Debian packages whose libraries this tree asks for, those of the tree `beside` it left out.

    Ends the build for a library of unknown origin.
    """
    libraries = _libraries(packages)
    ours = {p.name for p in libraries} | {p.name for p in (_libraries(beside) if beside else [])}
    asked = {soname: library for library in libraries for soname in needed(library) if soname not in ours}
    for soname in sorted(asked.keys() - SYSTEM_LIBRARIES.keys()):
        sys.exit(f"error: {asked[soname].relative_to(packages)} asks for {soname}: which Debian package has it?")
    return sorted({SYSTEM_LIBRARIES[soname] for soname in asked})


def _libraries(packages: Path) -> list[Path]:
    return [p for p in packages.rglob("*") if p.is_file() and re.search(r"\.so(\.[0-9a-z.]+)?$", p.name)]
