"""The administrators' commands, as they are typed: statuses, messages, passphrases."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from kiosk.cli import main

ADMINISTRATORS = ("amina", "karim", "salima")
CLOSED = "\n".join(["[hours]", *(f'{day}day = ""' for day in "mon tues wednes thurs fri satur sun".split())])
KIOSK = [sys.executable, "-m", "kiosk"]


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


class Desk:
    """An administrators' desk: a working folder, and each one's passphrase in a guarded file."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.folder = place / "fleet"
        self.public = place / "public"
        for name in ADMINISTRATORS:
            self.secret(name, f"the word of {name}")

    def secret(self, name: str, words: str, mode: int = 0o600) -> Path:
        file = self.place / f"{name}.pass"
        file.write_text(words + "\n")
        file.chmod(mode)
        return file

    def fleet(self, command: str, *words: str | Path, stdin: str = "") -> Done:
        """The command within this process, ended as the shell would see it."""
        said, warned, status = io.StringIO(), io.StringIO(), 0
        argv, stdin_before = sys.argv, sys.stdin
        sys.argv = ["kiosk", "fleet", command, str(self.folder), *map(str, words)]
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()))
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(warned):
                main()
        except SystemExit as end:
            status = int(end.code or 0)
        finally:
            sys.argv, sys.stdin = argv, stdin_before
        return Done(status, said.getvalue(), warned.getvalue())

    def init(self) -> Done:
        named = [word for name in ADMINISTRATORS for word in ("--administrator", name)]
        files = [word for name in ADMINISTRATORS for word in ("--passphrase-file", self.place / f"{name}.pass")]
        return self.fleet("init", *named, *files)

    def sign(self, name: str) -> Done:
        return self.fleet("sign", "--administrator", name, "--passphrase-file", self.place / f"{name}.pass")

    def publish(self) -> Done:
        return self.fleet("publish", "--to", self.public)

    def edit(self, toml: str) -> None:
        (self.folder / "release" / "kiosk.toml").write_text(toml)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    assert made.init().returncode == 0
    return made


def refused(done: Done, status: int, code: str) -> None:
    assert done.returncode == status, done.stderr
    assert f"error {code}: " in done.stderr and done.stderr.count("\n") == 1
    assert "the word of" not in done.stderr + done.stdout


def test_from_keys_to_a_published_release(desk: Desk) -> None:
    desk.edit('[hours]\nfriday = ""\n')
    assert desk.fleet("validate").stdout == f"{desk.folder}: good\n"
    assert desk.fleet("diff").stdout == 'hours.friday: "00:00-24:00" becomes ""\n'
    first = desk.sign("amina")
    assert first.returncode == 0 and "signed by amina (1 of 2)" in first.stderr
    assert first.stdout == 'hours.friday: "00:00-24:00" becomes ""\n'  # what is signed is said
    assert "2 of 2" in desk.sign("karim").stderr
    published = desk.publish()
    assert published.returncode == 0 and "release 1 is in" in published.stderr
    assert (desk.public / "metadata" / "timestamp.json").is_file()
    again = desk.fleet("diff")
    assert (again.stdout, again.stderr) == ("", "nothing changes\n")
    assert "believe it until" in desk.fleet("refresh", "--to", desk.public).stderr


def test_status(desk: Desk) -> None:
    def status() -> dict[str, object]:
        done = desk.fleet("status", "--json")
        assert done.returncode == 0 and done.stderr == ""
        return dict(json.loads(done.stdout))

    people = {"administrators": list(ADMINISTRATORS), "threshold": 2}
    assert status() == people | {"published": None, "next": None}
    desk.sign("salima")
    assert status() == people | {"published": None, "next": {"release": 1, "signed_by": ["salima"]}}
    assert "signed by salima (1 of 2)" in desk.fleet("status").stdout
    desk.sign("karim")
    desk.publish()
    assert status() == people | {"published": 1, "next": None}


def test_one_signature_is_not_published(desk: Desk) -> None:
    desk.sign("amina")
    refused(desk.publish(), 1, "E-CONFIG-THRESHOLD")
    assert not desk.public.exists()


def test_who_signs_twice_counts_once(desk: Desk) -> None:
    desk.sign("amina")
    refused(desk.sign("amina"), 1, "E-CONFIG-SIGNED-ALREADY")
    refused(desk.publish(), 1, "E-CONFIG-THRESHOLD")


def test_what_was_changed_after_a_signature_is_signed_anew(desk: Desk) -> None:
    desk.sign("amina")
    desk.edit('[hours]\nfriday = ""\n')
    second = desk.sign("karim")
    assert second.returncode == 0 and "those signatures are gone" in second.stderr and "(1 of 2)" in second.stderr
    refused(desk.publish(), 1, "E-CONFIG-THRESHOLD")


def test_a_wrong_passphrase_signs_nothing(desk: Desk) -> None:
    desk.secret("amina", "the word of karim")
    refused(desk.sign("amina"), 1, "E-CONFIG-KEY")
    assert json.loads(desk.fleet("status", "--json").stdout)["next"] is None


def test_a_stranger_signs_nothing(desk: Desk) -> None:
    desk.secret("mallory", "the word of mallory")
    refused(desk.sign("mallory"), 1, "E-CONFIG-KEY")


def test_a_passphrase_comes_by_standard_input(desk: Desk) -> None:
    named = ("--administrator", "karim", "--passphrase-file", "-")
    assert desk.fleet("sign", *named, stdin="the word of karim\nmore\n").returncode == 0


@pytest.mark.parametrize(
    ("words", "mode"), [("the word of amina", 0o640), ("", 0o600), ("two\nlines", 0o600), ("x" * 2000, 0o600)]
)
def test_a_passphrase_file_that_is_none(desk: Desk, words: str, mode: int) -> None:
    desk.secret("amina", words, mode)
    refused(desk.sign("amina"), 2, "E-FLEET-PASSPHRASE")


def test_without_a_terminal_and_a_file_there_is_no_passphrase(desk: Desk) -> None:
    refused(desk.fleet("sign", "--administrator", "amina"), 2, "E-FLEET-PASSPHRASE")
    refused(desk.fleet("sign", "--administrator", "amina", "--passphrase-file", "nowhere"), 2, "E-FLEET-PASSPHRASE")


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ("[hours]\nfriday = 3\n", "kiosk.toml:2: hours.friday: "),
        ('[hours]\nfryday = ""\n', "kiosk.toml:2: hours.fryday: unknown key"),
        ('[kiosk]\nid = "mine"\n', "kiosk.toml:2: kiosk.id: "),
        ('[card]\ncsca = "trust/none"\n', "kiosk.toml:2: card.csca: "),
        ('[card]\ncsca = "trust"\n', "E-FLEET-NO-CSCA: card.csca: "),
        (
            "\n".join(["[hours]", *(f'{day}day = ""' for day in "mon tues wednes thurs fri satur sun".split())]),
            "E-FLEET-",
        ),
    ],
    ids=["wrong kind", "unknown key", "the machine's own", "not there", "no certificate", "never open"],
)
def test_what_no_kiosk_could_take_is_neither_valid_nor_signed(desk: Desk, toml: str, said: str) -> None:
    desk.edit(toml)
    checked = desk.fleet("validate")
    assert (checked.returncode, checked.stdout) == (1, "") and said in checked.stderr
    signed = desk.sign("amina")
    assert signed.returncode == 1 and said in signed.stderr
    assert json.loads(desk.fleet("status", "--json").stdout)["next"] is None


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    empty = Desk(tmp_path)
    refused(empty.fleet("status"), 2, "E-CONFIG-WORKING-FOLDER")
    empty.folder.mkdir()
    (empty.folder / "mine").touch()
    refused(empty.init(), 2, "E-CONFIG-WORKING-FOLDER")


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    done = Desk(tmp_path).fleet("init", "--administrator", "amina", "--administrator", "amina")
    refused(done, 2, "E-KIOSK-USAGE")


def test_a_stick_and_its_days(desk: Desk) -> None:
    stick = desk.place / "stick"
    refused(desk.fleet("bundle", "--to", stick), 1, "E-CONFIG-THRESHOLD")
    desk.sign("amina")
    desk.sign("karim")
    desk.publish()
    assert desk.fleet("bundle", "--to", stick, "--days", "14").returncode == 0
    assert (stick / "shubbak" / "metadata" / "timestamp.json").is_file()
    refused(desk.fleet("bundle", "--to", stick, "--days", "91"), 2, "E-KIOSK-USAGE")


def keys(desk: Desk, signers: list[str], *words: str, new: str | None = None) -> Done:
    """`kiosk fleet keys` with the passphrases of who signs and of who is added."""
    people = [*signers, *([new] if new else [])]
    files = [word for name in people for word in ("--passphrase-file", desk.place / f"{name}.pass")]
    named = [word for name in signers for word in ("--administrator", name)]
    return desk.fleet("keys", *named, *words, *(("--add", new) if new else ()), *files)


def test_a_key_is_replaced_by_the_others(desk: Desk) -> None:
    desk.secret("nadia", "the word of nadia")
    refused(keys(desk, ["karim"], "--remove", "amina", new="nadia"), 1, "E-CONFIG-THRESHOLD")
    done = keys(desk, ["karim", "salima"], "--remove", "amina", new="nadia")
    assert done.returncode == 0 and "root 2: karim, salima, nadia" in done.stderr
    refused(desk.sign("amina"), 1, "E-CONFIG-KEY")
    assert desk.sign("nadia").returncode == 0 and desk.sign("karim").returncode == 0
    assert desk.publish().returncode == 0 and (desk.public / "metadata" / "2.root.json").is_file()


def test_the_online_key_is_replaced_and_refreshes(desk: Desk) -> None:
    desk.sign("amina")
    desk.sign("karim")
    desk.publish()
    assert keys(desk, ["amina", "karim"], "--new-online").returncode == 0
    assert desk.fleet("refresh", "--to", desk.public).returncode == 0


def test_a_passphrase_is_missing_for_who_is_added(desk: Desk) -> None:
    done = desk.fleet("keys", "--administrator", "amina", "--add", "nadia", "--passphrase-file", "amina.pass")
    refused(done, 2, "E-FLEET-PASSPHRASE")


@pytest.fixture
def typed(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """A command at a terminal: answers each question, and gives the status and all that the terminal showed."""

    def run(answers: list[str], *words: str | Path) -> tuple[int, str]:
        child, terminal = pty.fork()
        if child == 0:
            os.execv(sys.executable, [*KIOSK, *map(str, words)])
        shown = ""
        while True:
            try:
                shown += os.read(terminal, 4096).decode()
            except OSError:  # the terminal is closed
                break
            if shown.endswith(": ") and answers:
                os.write(terminal, answers.pop(0).encode() + b"\n")
                shown += "\n"
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown

    return run


def test_at_a_terminal_a_new_passphrase_is_asked_twice_and_never_shown(
    typed: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    folder = tmp_path / "fleet"
    init = (
        "fleet",
        "init",
        folder,
        "--administrator",
        "amina",
        "--administrator",
        "karim",
        "--administrator",
        "salima",
    )
    status, shown = typed(["first words", "other words"], *init)
    assert status == 2 and "E-FLEET-PASSPHRASE" in shown and not folder.exists()
    status, shown = typed([f"word of {name}" for name in ADMINISTRATORS for _ in (1, 2)], *init)
    assert status == 0 and "word of" not in shown
    status, shown = typed(["word of karim"], "fleet", "sign", folder, "--administrator", "karim")
    assert status == 0 and "signed by karim" in shown and "word of" not in shown
