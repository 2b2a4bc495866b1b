"""Restoring in processes of their own: what a restart costs, with nothing warm but the page cache.

Each child says when it was done on the system-wide monotonic clock, or how long its own part took,
in time that passed and in processor time of all its threads, in nanoseconds; its peak memory is its
own (VmHWM), never inherited from the process that started it. A recovery says the longest pass of
the collector in it, in 300 saves behind it, and of all there is then.
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

_CLOCKS = """
import sys, time
def now():
    return time.monotonic_ns(), time.process_time_ns()
def took(since):
    return tuple(one - other for one, other in zip(now(), since))
"""

RESTORE = (
    _CLOCKS
    + """
from prometheus_persist.session import Session
def peak():
    try:
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except OSError:
        return 0
before = peak()
since = now()
session = Session.open(sys.argv[1])
print(*took(since), peak() - before)
session.close(save=False)
"""
)

RECOVER = (
    _CLOCKS
    + """
import gc
from decimal import Decimal
from prometheus_persist.session import Session
begun, longest = [0], [0]
def watch(phase, info):
    if phase == "start":
        begun[0] = time.monotonic_ns()
    else:
        longest[0] = max(longest[0], time.monotonic_ns() - begun[0])
def most():
    found, longest[0] = longest[0], 0
    return found
gc.collect()
gc.callbacks.append(watch)
since = now()
session = Session.open(sys.argv[1])
session.recover(None)
opened, passes = took(since), [most()]
for number, name in enumerate(list(session.state.agents) * 30):
    agent = session.state.agents[name]
    money = agent.current_capital + Decimal(number + 1)
    session.state.agents[name] = agent.model_copy(update={"current_capital": money})
    session.on_trade(name)
passes.append(most())
gc.collect()
print(*opened, *passes, most())
session.close(save=False)
"""
)

SNAPSHOT = """
import sys
from prometheus_persist.session import Session
session = Session.open(sys.argv[1])
session.snapshot()
session.close(save=False)
print(0)
"""

SUM_UP = SNAPSHOT.replace("session.snapshot()", "session.recover(None)\nsession.snapshot()")

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

_SQLITE = """
import sqlite3
import orjson
since = now()
base = sqlite3.connect(sys.argv[1])
found = {}
for stream, record in base.execute("SELECT stream, record FROM records ORDER BY id"):
    found.setdefault(stream, []).append(orjson.loads(record))
print(*took(since), sum(map(len, found.values())))
"""
SQLITE = _CLOCKS + _SQLITE


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
