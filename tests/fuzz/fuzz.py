"""Harnesses under the coverage-guided fuzzer, each from its kept corpus, for some seconds.

    python -m tests.fuzz.fuzz encodings --seconds 3 --found found [--only tlv-objects] [--keep]

The parsers of a group are loaded and instrumented once; each harness then runs in a fork of its own, for the fuzzer
never returns. Exit status 0: nothing was found. Otherwise the inputs lie in the folder `--found`, and what it
prints has the traces. `--keep` writes what reaches new code back into the corpus.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import atheris

from tests.fuzz.harness import GROUPS, Harness, harnesses

INSTRUMENTED = ("drivers.smartcard", "drivers.scanners", "drivers.simulated.card", "tests.fuzz.harnesses")
OF_THE_SIGNED = ("asn1crypto.core", "asn1crypto.parser", "asn1crypto.x509", "asn1crypto.cms", "asn1crypto.crl")
SLOWEST, MEMORY = 10, 1024
"""Seconds that one input may take, and megabytes: more is a finding."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("group", choices=[*GROUPS, "planted"])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--found", type=Path, required=True)
    parser.add_argument("--only")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    given.found.mkdir(parents=True, exist_ok=True)
    more = OF_THE_SIGNED if given.group == "signed" else ()
    with atheris.instrument_imports(include=[*INSTRUMENTED, *more]):
        known = harnesses(given.group)
    chosen = [one for name, one in known.items() if given.only in (None, name)]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as scratch:
        ends = [_forked(one, given, Path(scratch)) for one in chosen]
    return 0 if ends and not any(ends) else 1


def _forked(harness: Harness, given: argparse.Namespace, scratch: Path) -> int:
    """Runs one harness; gives 0 where it found nothing."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    grown = harness.corpus if given.keep else scratch / harness.name
    grown.mkdir(parents=True, exist_ok=True)
    options = {
        "max_total_time": int(given.seconds) + 10,  # should one input never come back to us
        "max_len": harness.longest,
        "timeout": SLOWEST,
        "rss_limit_mb": MEMORY,
        "artifact_prefix": f"{given.found}/{harness.name}-",
    }
    flags = [f"-{name}={value}" for name, value in options.items()]
    os.write(2, f"== {harness.name}\n".encode())
    kept = [str(harness.corpus)] if harness.corpus.is_dir() else []
    atheris.Setup([sys.argv[0], *flags, str(grown), *kept], _until(time.monotonic() + given.seconds, harness))
    atheris.Fuzz()
    os._exit(1)  # the fuzzer ends the process, or `_until` does


def _until(end: float, harness: Harness) -> Callable[[bytes], None]:
    """Runs the harness, and ends the process in good order when the time is over: the fuzzer counts whole seconds."""
    tried = count(1)

    def run(data: bytes) -> None:
        harness.run(data)
        number = next(tried)
        if time.monotonic() > end:
            os.write(2, f"== done: {harness.name}, {number} inputs\n".encode())
            os._exit(0)

    return run


if __name__ == "__main__":
    sys.exit(main())
