"""An attached host SIGKILLed for good: real processes on files, the last part of ``attach``.

The host saves at every hook, in the middle of a cycle too (``attach_child``). It is killed

- at each of its first ``HOOKS`` hooks, behind the save;
- ``MOMENTS`` times at a random moment: as it is attached, in a save or behind one; each third of
  these lives comes back and is killed at a random moment once more.

Whoever comes back is a new process, each ``INTERPRETERS``-th an interpreter of its own (with its
own order of hashes) that saves at every hook again, the others at every cycle. It finds the host
exactly as it was at the last save that was over, or at the one that had begun, and ``CYCLES``
cycles later the host is what a host is that nobody ever saved or killed: in types, bits, order and
sharing and in the random numbers to come. Nothing raises, and nothing is unsaved.

Without ``full`` every ``CI_HOOKS``-th hook and ``CI_MOMENTS`` moments. The moments are chosen by
the seed; where in a save they strike is the machine's doing, and counted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from statistics import median
from typing import IO, Final

from chaos.chance import generator
from chaos.sweeps.attach_child import live
from chaos.sweeps.attach_fixture import course_at
from chaos.sweeps.reference_workload import Yard
from chaos.sweeps.tally import Tally
from chaos.workers import end_with

HOOKS, MOMENTS, CYCLES = 40, 500, 50
CI_HOOKS, CI_MOMENTS = 19, 4
STEPS_A_CYCLE = 5
MORE: Final = CYCLES * STEPS_A_CYCLE
KILLED: Final = 2 * HOOKS  # the last step at which one is killed
INTERPRETERS = 8
REACH = 3  # a moment is less than three saves behind the beginning of one
SECONDS_MAX = 120.0
EXACT: Final = "SIGKILLed hosts back exactly, and the same after 50 cycles"


class KilledLife:
    """One process: its number, and what it has said so far."""

    def __init__(self, pid: int, lines: IO[str]) -> None:
        self.pid, self._lines = pid, lines
        self.here: tuple[int, str] | None = None
        self.begun = self.done = -1
        self.end: list[str] = []
        self.raised = ""

    def next(self) -> bool:
        """Hear one line more; False behind the last."""
        word, _, rest = self._lines.readline().rstrip("\n").partition(" ")
        if word == "here":
            step, told = rest.split()
            self.here = int(step), told
            self.begun = self.done = int(step)
        elif word in ("begun", "done"):
            setattr(self, word, int(rest))
        elif word == "end":
            self.end = rest.split()
        elif word == "raised":
            self.raised = rest
        return bool(word)

    def to_the_end(self) -> None:
        """Hear all that it says."""
        while self.next():
            pass


def kill(tally: Tally, grounds: Yard, *, full: bool) -> None:
    """Every hook, then the moments."""
    chance = generator(tally.seed, "attach", "SIGKILL")
    paces = _paces(grounds)
    for number, hook in enumerate(range(1, HOOKS + 1, 1 if full else CI_HOOKS)):
        _killed(tally, grounds.plot(), number, f"SIGKILL at hook {hook}", hook=hook)
        grounds.clear()
    for number in range(MOMENTS if full else CI_MOMENTS):
        where = f"SIGKILL at moment {number}"
        _killed(tally, grounds.plot(), number, where, chance=chance, paces=paces)
        grounds.clear()


@cache
def _course() -> dict[int, str]:
    return course_at([*range(KILLED + 1), *range(MORE, KILLED + MORE + 1)])


def _paces(grounds: Yard) -> tuple[float, float]:
    """How long it takes until a host is attached, and to save at a hook, in seconds."""
    store, began = grounds.plot(), time.monotonic()
    with _forked(lambda to: live(store, HOOKS, to)) as heard:
        while heard.here is None and heard.next():
            pass
        at = time.monotonic()
        attached, saves = at - began, [0.0]
        while heard.next():
            before, at = at, time.monotonic()
            if heard.done == heard.begun:
                saves.append(at - before)
    return attached, median(saves)


def _killed(
    tally: Tally,
    store: Path,
    number: int,
    where: str,
    *,
    hook: int = 0,
    chance: Random | None = None,
    paces: tuple[float, float] = (0, 0),
) -> None:
    """One host, killed, and perhaps again, and what becomes of it."""
    legal = {0}
    for _ in range(1 if chance is None or chance.random() < 2 / 3 else 2):
        with _forked(lambda to: live(store, HOOKS, to, die_at=hook)) as heard:
            if chance is not None:
                _strike(heard, chance, paces)
            heard.to_the_end()
        tally.struck(f"SIGKILLs {_place(heard, hook)}")
        if not _as_it_was(tally, heard, legal, where):
            return
        legal = {heard.begun, heard.done} if heard.here else legal
    own = number % INTERPRETERS == 0
    with _interpreter(store) if own else _forked(lambda to: live(store, MORE, to)) as heard:
        heard.to_the_end()
    if not _as_it_was(tally, heard, legal, where):
        return
    if not heard.end or heard.here is None:
        tally.wrong("it did not come to its end", where)
    elif heard.end[1] != _course()[heard.here[0] + MORE]:
        tally.wrong("another future", where)
    elif heard.end[2] != "0":
        tally.wrong("something was not saved", f"{where}: {heard.end[2]} objects")
    else:
        tally.counts[EXACT] += 1
        tally.counts["of these, in an interpreter of its own"] += own


def _strike(heard: KilledLife, chance: Random, paces: tuple[float, float]) -> None:
    """Kill it somewhere in, or soon after, a step's save, or as it is attached."""
    wanted = chance.randrange(HOOKS)
    first = -1
    while wanted and (first < 0 or heard.begun < first + wanted) and heard.next():
        first = heard.here[0] if heard.here else -1
    time.sleep(chance.random() * REACH * paces[wanted > 0])
    os.kill(heard.pid, signal.SIGKILL)


def _place(heard: KilledLife, hook: int) -> str:
    if hook:
        return "at a hook"
    if heard.here is None:
        return "as it is attached"
    return "in a save" if heard.begun > heard.done else "behind a save"


def _as_it_was(tally: Tally, heard: KilledLife, legal: set[int], where: str) -> bool:
    """Whether it raised nothing, and found the host as it was."""
    if heard.raised:
        tally.wrong("raised", f"{where}: {heard.raised}")
    elif heard.here is not None and heard.here[0] not in legal:
        tally.wrong("another moment", f"{where}: step {heard.here[0]}, not of {sorted(legal)}")
    elif heard.here is not None and heard.here[1] != _course()[heard.here[0]]:
        tally.wrong("another host", f"{where}: step {heard.here[0]}")
    else:
        return True
    return False


@contextlib.contextmanager
def _forked(life: Callable[[int], None]) -> Iterator[KilledLife]:
    """A process forked off, so that a mistake that is planted here is in it as well."""
    reading, writing = os.pipe()
    sweeper = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            end_with(sweeper)
            life(writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as lines, _watched(pid):
        try:
            yield KilledLife(pid, lines)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


@contextlib.contextmanager
def _interpreter(store: Path) -> Iterator[KilledLife]:
    asked = [sys.executable, "-m", "chaos.sweeps.attach_child", str(store), str(MORE)]
    child = subprocess.Popen(asked, stdout=subprocess.PIPE, text=True)  # noqa: S603 our own module
    assert child.stdout is not None
    with child, _watched(child.pid):
        try:
            yield KilledLife(child.pid, child.stdout)
        finally:
            child.kill()


@contextlib.contextmanager
def _watched(pid: int) -> Iterator[None]:
    """One that hangs is killed, and then did not come to its end."""
    watchdog = threading.Timer(SECONDS_MAX, os.kill, (pid, signal.SIGKILL))
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
