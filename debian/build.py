#!/usr/bin/python3 -I
"""Builds the Debian packages: `shubbak`, the kiosk, and `shubbak-simulators`, the virtual town hall.

    debian/build.py [FOLDER]        # build/ unless told; what is already made of the same locks is used again

The kiosk's whole Python closure lies in a virtual environment at /opt/shubbak on Debian's own interpreter, from
requirements-runtime.lock with every hash checked, less what it never loads (`parts.py`). The same commit gives the
same bytes: times are the last commit's, owners root, order sorted, bytecode compiled without its sources' times.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import parts

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYTHON = "/usr/bin/python3"
HOME = Path("opt/shubbak")
PACKAGES = HOME / "lib/python3.11/site-packages"
LOCKS = ("requirements-build.lock", "requirements-runtime.lock")
VERSION: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def run(*command: str | Path, environment: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Its standard output. A failed step ends the build with what the step said."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=environment, text=True, capture_output=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"error: {Path(str(command[0])).name} {command[1]} failed\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def say(words: str) -> None:
    print(f"==> {words}", flush=True)


def main() -> None:
    target = (Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build").absolute()
    work = target / "deb"
    work.mkdir(parents=True, exist_ok=True)
    lock = (work / "lock").open("w")  # two builds in one folder take turns
    fcntl.flock(lock, fcntl.LOCK_EX)
    epoch = run("git", "log", "-1", "--format=%ct").strip()
    reproducible = {**os.environ, "SOURCE_DATE_EPOCH": epoch, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    runtime = libraries(work, reproducible)
    stages = stage(work, runtime, reproducible)
    kiosk = stages["shubbak"] / PACKAGES
    needs = {
        "shubbak": parts.dependencies(kiosk),
        "shubbak-simulators": parts.dependencies(stages["shubbak-simulators"] / PACKAGES, kiosk),
    }
    for name, tree in stages.items():
        package = close(tree, name, needs[name], target, reproducible)
        say(f"{package.name}: {megabytes(package.stat().st_size)}, installed {megabytes(size(tree))}")


# --- the libraries -------------------------------------------------------------------------------------------


def libraries(work: Path, environment: dict[str, str]) -> Path:
    """What the locks pin, less what is never loaded, compiled; made once, and again when what it is made of changes."""
    made_of = b"".join(file.read_bytes() for file in [*(ROOT / lock for lock in LOCKS), HERE / "parts.py"])
    runtime = work / f"runtime-{hashlib.sha256(made_of + run(PYTHON, '-VV').encode()).hexdigest()[:16]}"
    if runtime.is_dir():
        return runtime
    for old in work.glob("runtime-*"):
        shutil.rmtree(old)
    say("Installing the pinned libraries (a minute or two; the next build finds them there)")
    builder = work / "builder"
    run(PYTHON, "-m", "venv", "--clear", builder)
    pip = [builder / "bin/python", "-m", "pip", "-q", "--disable-pip-version-check", "--no-input", "install"]
    run(*pip, "--require-hashes", "-r", ROOT / LOCKS[0])
    unfinished = work / "runtime.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    # swig, for pyscard, is the builder's; no debugging information, so that no path of this machine gets in.
    building = environment | {"PATH": f"{builder}/bin:{os.environ['PATH']}", "CFLAGS": "-g0 -O2"}
    options = ["--no-build-isolation", "--no-compile", "--ignore-installed", "--prefix", unfinished]
    run(*pip, *options, "--require-hashes", "-r", ROOT / LOCKS[1], environment=building)
    packages = unfinished / "lib/python3.11/site-packages"
    parts.trim(packages)
    compile_all(packages, environment)
    unfinished.rename(runtime)
    return runtime


# --- the trees -----------------------------------------------------------------------------------------------


def stage(work: Path, runtime: Path, environment: dict[str, str]) -> dict[str, Path]:
    """Each package's tree, as it will lie on the machine."""
    say("Laying out the packages")
    stages = {name: work / name for name in ("shubbak", "shubbak-simulators")}
    for tree in stages.values():
        shutil.rmtree(tree, ignore_errors=True)
        tree.mkdir(parents=True)
    kiosk, simulators = stages["shubbak"], stages["shubbak-simulators"]
    shutil.copytree(runtime / "lib/python3.11/site-packages", kiosk / PACKAGES, symlinks=True, copy_function=os.link)
    own_code(work, kiosk, environment)
    parts.separate(kiosk / PACKAGES, simulators / PACKAGES)
    interpreter(kiosk)
    machine(kiosk, "shubbak")
    machine(simulators, "shubbak-simulators")
    return stages


def own_code(work: Path, tree: Path, environment: dict[str, str]) -> None:
    """Our rooms and their data, from the files git knows, so that nothing that lies about gets in."""
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    for name in run("git", "ls-files", "-z").split("\0"):
        if name and not name.startswith(("tests/", "docs/", "debian/")) and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, source / name)
    pip = [work / "builder/bin/python", "-m", "pip", "-q", "--disable-pip-version-check", "--no-input", "install"]
    prefix = work / "own"
    shutil.rmtree(prefix, ignore_errors=True)
    options = ["--no-build-isolation", "--no-compile", "--no-deps", "--ignore-installed", "--prefix", prefix]
    run(*pip, *options, source, environment=environment)
    packages = prefix / "lib/python3.11/site-packages"
    parts.lighten(packages)
    compile_all(packages, environment)
    shutil.copytree(packages, tree / PACKAGES, dirs_exist_ok=True)


def interpreter(tree: Path) -> None:
    """A virtual environment without pip on Debian's interpreter, and the command."""
    version = run(PYTHON, "-c", "import platform; print(platform.python_version())").strip()
    text = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {version}\n"
    (tree / HOME / "pyvenv.cfg").write_text(text)
    (tree / HOME / "bin").mkdir()
    (tree / HOME / "bin/python3").symlink_to("/usr/bin/python3")
    command = tree / "usr/bin/kiosk"
    command.parent.mkdir(parents=True)
    shutil.copy(HERE / "kiosk", command)


def compile_all(packages: Path, environment: dict[str, str]) -> None:
    """Bytecode that is believed without a look at its source: nothing there changes but by dpkg."""
    run(
        *(PYTHON, "-I", "-m", "compileall", "-q", "-j", "0", "--invalidation-mode", "unchecked-hash"),
        *("-s", packages, "-p", Path("/") / PACKAGES, packages),
        environment=environment,
    )


def machine(tree: Path, package: str) -> None:
    """Units and their like, settings, licence."""
    for source, folder in parts.MACHINE[package].items():
        for file in sorted(ROOT.glob(source)):
            goal = tree / folder / file.name
            goal.parent.mkdir(parents=True, exist_ok=True)
            if file.is_dir():
                shutil.copytree(file, goal, dirs_exist_ok=True)
            else:
                shutil.copy(file, goal)
    papers = tree / "usr/share/doc" / package
    papers.mkdir(parents=True)
    for paper in (HERE / "copyright", ROOT / "LICENSE", ROOT / "NOTICE"):
        shutil.copy(paper, papers)
    (papers / "changelog.gz").write_bytes(gzip.compress((ROOT / "CHANGELOG.md").read_bytes(), mtime=0))


# --- the files -----------------------------------------------------------------------------------------------


def close(tree: Path, package: str, needs: list[str], target: Path, environment: dict[str, str]) -> Path:
    """The .deb of a tree, with its control files; `needs` are the Debian packages of the libraries it loads."""
    control = tree / "DEBIAN"
    control.mkdir()
    for script in ("preinst", "postinst", "prerm", "postrm"):
        if (source := HERE / f"{package}.{script}").is_file():
            shutil.copy(source, control / script)
            (control / script).chmod(0o755)
    text = (HERE / f"{package}.control").read_text()
    for mark, value in {"VERSION": VERSION, "SIZE": str(size(tree) // 1024), "LIBRARIES": ", ".join(needs)}.items():
        text = text.replace(f"@{mark}@", value)
    (control / "control").write_text(text)
    settle(tree, int(environment["SOURCE_DATE_EPOCH"]))
    (control / "md5sums").write_text(checksums(tree))
    settle(tree, int(environment["SOURCE_DATE_EPOCH"]))
    file = target / f"{package}_{VERSION}_amd64.deb"
    run("dpkg-deb", "--root-owner-group", "-Zzstd", "-z10", "--build", tree, file, environment=environment)
    return file


def settle(tree: Path, epoch: int) -> None:
    """Modes that do not depend on who builds, and the last commit's time on everything."""
    for path in [tree, *tree.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or is_program(path) else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def is_program(path: Path) -> bool:
    return path.parent.name in ("DEBIAN", "bin", "libexec") and path.name not in ("control", "md5sums", "conffiles")


def checksums(tree: Path) -> str:
    files = sorted(p for p in tree.rglob("*") if p.is_file() and not p.is_symlink() and p.parent.name != "DEBIAN")
    return "".join(
        f"{hashlib.md5(p.read_bytes(), usedforsecurity=False).hexdigest()}  {p.relative_to(tree)}\n" for p in files
    )


def size(tree: Path) -> int:
    return sum(p.lstat().st_size for p in tree.rglob("*") if not p.is_dir())


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


if __name__ == "__main__":
    main()
