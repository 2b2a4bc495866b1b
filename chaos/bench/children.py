"""Restoring in processes of their own: what a restart costs, with nothing warm but the page cache.

Each child says when it was done on the system-wide monotonic clock, or how long its own part took;
its peak memory is its own (VmHWM), never inherited from the process that started it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import prometheus_persist
from prometheus_persist.errors import StoreFailed

TIMEOUT_S = 1800

RESTART = """
import sys
from prometheus_persist.session import Session
session = Session.open(sys.argv[1])
import time
print(time.monotonic_ns(), len(session.state.agents))
session.close(save=False)
"""

NOTHING = """
import time
print(time.monotonic_ns())
"""

RESTORE = """
import sys, time
from prometheus_persist.session import Session
def peak():
    try:
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except OSError:
        return 0
before = peak()
started = time.monotonic_ns()
session = Session.open(sys.argv[1])
print(time.monotonic_ns() - started, peak() - before)
session.close(save=False)
"""

RECOVER = """
import sys, time
from prometheus_persist.session import Session
started = time.monotonic_ns()
session = Session.open(sys.argv[1])
session.recover(None)
print(time.monotonic_ns() - started)
session.close(save=False)
"""

SUM_UP = """
import sys
from prometheus_persist.session import Session
session = Session.open(sys.argv[1])
session.recover(None)
session.snapshot()
session.close(save=False)
print(0)
"""

MEMORY = """
import gc, sys, tracemalloc
from prometheus_persist.session import Session
tracemalloc.start()
session = Session.open(sys.argv[1])
peak = tracemalloc.get_traced_memory()[1]
gc.collect()
print(tracemalloc.get_traced_memory()[0], peak)
session.close(save=False)
"""

SQLITE = """
import sqlite3, sys, time
import orjson
started = time.monotonic_ns()
base = sqlite3.connect(sys.argv[1])
found = {}
for stream, record in base.execute("SELECT stream, record FROM records ORDER BY id"):
    found.setdefault(stream, []).append(orjson.loads(record))
print(time.monotonic_ns() - started, sum(map(len, found.values())))
"""


def run_child(code: str, target: Path, *words: str, tree: Path | None = None) -> list[int]:
    """The numbers that a child prints, given a place and words; raises StoreFailed with its last
    words where it fails. ``tree``: another version of the library and the harness, checked out."""
    home = tree.resolve() if tree else Path(prometheus_persist.__file__).parent.parent
    paths = [str(home), *filter(None, [os.environ.get("PYTHONPATH")])]
    said = subprocess.run(  # noqa: S603 our own interpreter and our own code
        [sys.executable, "-P", "-c", code, str(target), *words],  # not from where we stand
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if said.returncode:
        last = said.stderr.strip().splitlines() or [f"exit code {said.returncode}"]
        raise StoreFailed(f"a child process failed: {last[-1]}")
    return [int(word) for word in said.stdout.split()]


def from_start(code: str, target: Path) -> int:
    """Nanoseconds from before the process exists to its report."""
    started = time.monotonic_ns()
    return run_child(code, target)[0] - started
