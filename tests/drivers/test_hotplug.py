"""Devices on a USB port without hardware (umockdev), and a netlink queue that overflows for real."""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import hotplug
from drivers.hotplug import Device, DeviceArrived, DeviceBlocked, DeviceLeft, DeviceWatch, WatchBack, WatchLost

HERE = Path(__file__).parent
KERNEL = Path("/sys/class/tty/tty0/uevent")
"""What is written here the kernel tells everybody as news of that terminal; it changes nothing."""
READER = {"event": "DeviceArrived", "kind": "reader", "id": "04e6:5116:A1"}


def _environment(repository: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(repository)}


class Port:
    """The USB port in a process of its own, and what the watch there says."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdin and process.stdout
        self._in = process.stdin
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        self._out = process.stdout
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def _listen(self) -> None:
        for line in self._out:
            self._said.put(json.loads(line))

    def close(self) -> None:
        """The process has ended."""
        self._listening.join()
        self._out.close()
        with contextlib.suppress(BrokenPipeError):
            self._in.close()

    def do(self, what: str, port: str, **more: Any) -> None:
        self._in.write(json.dumps({"do": what, "port": port, **more}) + "\n")
        self._in.flush()

    def begin(self) -> None:
        """Nothing is plugged in when the watch begins."""
        self._in.write("\n")
        self._in.flush()

    def says(self) -> dict[str, Any]:
        return self._said.get(timeout=20)

    def arrives(self, kind: str) -> dict[str, Any]:
        """The arrival of a device of that kind. Where this machine is slow, a device is seen before its interfaces:
        it is told as `other`, and again as what it is."""
        while (event := self.says())["kind"] != kind:
            assert event["kind"] == "other"
        return event

    def end(self) -> list[dict[str, Any]]:
        """Stop the watch; what it had said until then, and the number of threads left."""
        self._in.close()
        rest = [self.says()]
        while "threads" not in rest[-1]:
            rest.append(self.says())
        return rest


@contextmanager
def a_port(repository: Path) -> Iterator[Port]:
    assert shutil.which("umockdev-wrapper"), "these tests need umockdev: apt-get install umockdev"
    with tempfile.TemporaryDirectory(prefix="usb-") as folder:
        process = subprocess.Popen(
            ["umockdev-wrapper", sys.executable, str(HERE / "usb_testbed.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(repository) | {"TMPDIR": folder},
        )
        port = Port(process)
        try:
            yield port
        finally:
            process.kill()
            process.wait()
            port.close()


@pytest.fixture
def port(repository: Path) -> Iterator[Port]:
    with a_port(repository) as port:
        yield port


@pytest.mark.parametrize(
    ("classes", "udev", "kind"),
    [
        (["0b"], "", "reader"),
        (["07"], "", "printer"),
        (["07", "07", "ff"], "", "printer"),
        ([], ":070104:070102:", "printer"),
        (["08"], ":080650:", "storage"),
        (["08", "07"], "", "printer"),
        (["03", "0b"], "", "reader"),
        (["03"], ":030101:", "input"),
        (["030101", "080650"], "", "storage"),
        (["020201", "0a0000"], "", "serial"),
        (["020600", "0a0000"], "", "other"),
        (["ff0000"], ":ff0000:", "other"),
        ([], "", "other"),
    ],
)
def test_what_comes_and_goes_is_told_by_its_interfaces(port: Port, classes: list[str], udev: str, kind: str) -> None:
    port.begin()
    port.do("plug", "1-1", classes=classes, udev=udev, serial="A1")
    assert port.arrives(kind) == {"event": "DeviceArrived", "kind": kind, "id": "04e6:5116:A1"}
    port.do("unplug", "1-1")
    assert port.says() == {"event": "DeviceLeft", "kind": kind, "id": "04e6:5116:A1"}
    assert port.end() == [{"threads": 1}]


def test_an_adapter_is_a_serial_line_once_its_driver_made_it_one(port: Port) -> None:
    port.begin()
    port.do("plug", "1-1", classes=["ff0000"], vendor="0403", serial="A50285BI")
    assert port.says() == {"event": "DeviceArrived", "kind": "other", "id": "0403:5116:A50285BI"}
    port.do("adapt", "1-1")
    assert port.says() == {"event": "DeviceLeft", "kind": "other", "id": "0403:5116:A50285BI"}
    assert port.says() == {"event": "DeviceArrived", "kind": "serial", "id": "0403:5116:A50285BI"}
    port.do("unplug", "1-1")
    assert port.says() == {"event": "DeviceLeft", "kind": "serial", "id": "0403:5116:A50285BI"}


def test_what_is_there_already_is_told_first(port: Port) -> None:
    port.do("plug", "1-1", classes=["0b"], serial="A1")
    assert port.says() == READER


def test_a_device_that_moved_to_another_port_is_the_same(port: Port) -> None:
    port.do("plug", "1-1", classes=["0b"], serial="A1")
    assert port.says() == READER
    port.do("move", "1-1", to="1-2", classes=["0b"], serial="A1")
    port.do("plug", "1-3", classes=["07"], vendor="03f0")
    assert port.arrives("printer") == {"event": "DeviceArrived", "kind": "printer", "id": "03f0:5116@1-3"}


def test_two_devices_with_one_serial_number_are_two(port: Port) -> None:
    port.begin()
    port.do("plug", "1-1", classes=["0b"], serial="000000")
    assert port.arrives("reader")["id"] == "04e6:5116:000000"
    port.do("plug", "1-2", classes=["0b"], serial="000000")
    assert port.arrives("reader")["id"] == "04e6:5116:000000#2"
    port.do("unplug", "1-1")
    assert port.says() == {"event": "DeviceLeft", "kind": "reader", "id": "04e6:5116:000000#2"}


def test_a_serial_number_is_somebody_elses_text(port: Port) -> None:
    port.begin()
    port.do("plug", "1-1", classes=["08"], serial='é";\t../' + "x" * 500)
    assert port.says()["id"] == "04e6:5116:.." + "x" * 62


def test_a_device_that_is_not_authorised_is_told_apart(port: Port) -> None:
    port.begin()
    port.do("plug", "1-1", classes=[], udev=":080650:", serial="S", authorized="0")
    assert port.says() == {"event": "DeviceBlocked", "kind": "storage", "id": "04e6:5116:S"}
    port.do("authorize", "1-1", classes=["08"])
    assert port.says() == {"event": "DeviceArrived", "kind": "storage", "id": "04e6:5116:S"}
    port.do("block", "1-1")
    assert port.says() == {"event": "DeviceBlocked", "kind": "storage", "id": "04e6:5116:S"}
    port.do("unplug", "1-1")
    assert port.says() == {"event": "DeviceLeft", "kind": "storage", "id": "04e6:5116:S"}


def test_a_loose_plug_ends_in_the_right_state_with_few_events(port: Port) -> None:
    port.begin()
    port.do("storm", "1-1", times=50, classes=["0b"], serial="A1")
    port.do("plug", "1-1", classes=["0b"], serial="A1")
    port.do("plug", "1-2", classes=["08"], serial="last")
    said = [port.says()]
    while said[-1]["id"] != "04e6:5116:last":
        said.append(port.says())
    reader = [word for word in said if word["kind"] == "reader"]
    assert reader[-1] == READER
    assert len(reader) < 25, "of a hundred comings and goings"


def test_a_queue_that_overflows_costs_no_event(repository: Path) -> None:
    namespace = "--net" if os.geteuid() == 0 else "-Urn"
    done = subprocess.run(
        ["unshare", namespace, sys.executable, str(HERE / "netlink_storm.py")],
        capture_output=True,
        text=True,
        env=_environment(repository),
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["lost"] > 1000
    a, b = ("reader", "04e6:5116:A"), ("printer", "04e6:5116:B")
    assert said["events"] == [repr(e) for e in (DeviceArrived(*a), DeviceLeft(*a), DeviceArrived(*b), DeviceLeft(*b))]  # type: ignore[arg-type]
    assert said["more"] == 0


@pytest.mark.skipif(not os.access(KERNEL, os.W_OK), reason="only root may ask the kernel for an event")
def test_the_kernels_own_events_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without udevd: the kernel says that something happened (sysfs: …/uevent), and a storm of it costs no event."""
    monkeypatch.setattr(hotplug, "_UDEVD", Path("/nonexistent"))
    monkeypatch.setattr(hotplug, "_LOOK_MS", 10**8)  # nothing else makes it look
    present, heard = [Device("a", "reader")], queue.Queue[hotplug.WatchEvent]()
    watch = DeviceWatch(heard.put, devices=lambda: list(present), buffer=4096)
    watch.start()
    try:
        assert heard.get(timeout=20) == DeviceArrived("reader", "a")
        for times, now in ((1, "b"), (5000, "c")):
            before, present[:] = present[0], [Device(now, "printer")]
            for _ in range(times):
                KERNEL.write_text("change")
            assert heard.get(timeout=20) == DeviceLeft(before.kind, before.id)
            assert heard.get(timeout=20) == DeviceArrived("printer", now)
        assert heard.empty()
    finally:
        watch.stop()


def test_a_watch_that_cannot_go_on_says_so_once_and_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hotplug, "_RETRY_S", 0.01)
    device, heard, looks = Device("04e6:5116:A", "reader"), queue.Queue[hotplug.WatchEvent](), iter(range(10**6))

    def devices() -> list[Device]:
        if next(looks) < 5:
            raise OSError("sysfs is away")
        return [device]

    watch = DeviceWatch(heard.put, devices=devices)
    watch.start()
    try:
        assert heard.get(timeout=20) == WatchLost()
        assert heard.get(timeout=20) == WatchBack()
        assert heard.get(timeout=20) == DeviceArrived("reader", device.id)
    finally:
        watch.stop()
    assert "device-watch" not in [t.name for t in threading.enumerate()]


def test_a_listener_that_fails_does_not_blind_the_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, failures = queue.Queue[hotplug.WatchEvent](), queue.Queue[object]()
    monkeypatch.setattr(threading, "excepthook", failures.put)

    def listen(event: hotplug.WatchEvent) -> None:
        heard.put(event)
        raise ValueError("not my day")

    watch = DeviceWatch(listen, devices=lambda: [Device("a", "reader"), Device("b", "printer")])
    watch.start()
    try:
        assert [heard.get(timeout=20) for _ in "ab"] == [DeviceArrived("reader", "a"), DeviceArrived("printer", "b")]
        assert failures.get(timeout=20)
    finally:
        watch.stop()


def test_stopping_twice_or_before_the_start_is_nothing() -> None:
    watch = DeviceWatch(lambda event: None)
    watch.stop()
    watch.start()
    watch.stop()
    watch.stop()


device = st.builds(
    Device, id=st.sampled_from("abcd"), kind=st.sampled_from(["reader", "printer", "serial"]), blocked=st.booleans()
)
inventory = st.lists(device, unique_by=lambda d: d.id).map(lambda found: {d.id: d for d in found})


@given(inventory, inventory)
def test_whoever_keeps_the_events_knows_what_is_there(before: dict[str, Device], after: dict[str, Device]) -> None:
    kept = dict(before)
    for event in hotplug.changes(before, after):
        if isinstance(event, DeviceLeft):
            assert kept.pop(event.id).kind == event.kind
        else:
            kept[event.id] = Device(event.id, event.kind, isinstance(event, DeviceBlocked))
    assert kept == after
    assert not hotplug.changes(after, after)
