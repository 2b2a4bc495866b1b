"""Real signals: the child of ``interrupt``, a process that is interrupted at random moments.

``python -m chaos.sweeps.interrupt_child MODE --seed N --signals N``

``alarm``: its own timer sends SIGALRM, set anew for each call, and now and then a second one at
once. ``int``: its parent sends SIGINT now and then. The handler raises where a call is running
(KeyboardInterrupt, TimeoutError or SystemExit), and does nothing else. Each call that was
interrupted is judged as the sweep does it (``interrupt_calls.py``), on files; what was found is
printed as one line of JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Final

from chaos import digest
from chaos.chance import generator
from chaos.sweeps.elsewhere import Hung, watched
from chaos.sweeps.interrupt_calls import (
    CALLS,
    SHUT,
    Detect,
    InterruptedLife,
    Step,
    answers,
    end,
    judge,
)
from chaos.sweeps.reference_workload import SECOND, Yard, disks_before, yard
from chaos.sweeps.tally import Tally
from chaos.workload import narrator
from prometheus_persist.storage.fs import LocalFs

MODES: Final = ("alarm", "int")
KINDS: Final = (KeyboardInterrupt, TimeoutError, SystemExit)
RUNS_A_LIFE = 40
EVERY_S = 0.002
AGAIN_S = 2e-5
TWICE, TWICE_WITHIN_S = 0.3, 4e-4  # who presses Ctrl+C presses it again
_EARS: Final = frozenset({narrator.__file__, digest.__file__})
LONG_S = 3600.0
LEFT_OPEN_MAX = 30  # what the system has opened has no owner yet where a handler raises behind it


def signals(mode: str, seed: int, count: int) -> Tally:
    """Run the child until ``count`` signals have struck."""
    tally = Tally("interrupt", seed, full=False)
    asked = [sys.executable, "-m", "chaos.sweeps.interrupt_child", mode]
    asked += ["--seed", str(seed), "--signals", str(count)]
    child = subprocess.Popen(  # noqa: S603 our own module
        asked,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,  # Ctrl+C is for this process, which ends it
    )
    assert child.stdout is not None
    child.stdout.readline()  # it is ready
    over = threading.Event()
    if mode == "int":
        threading.Thread(target=_send, args=(child, over), daemon=True).start()
    try:
        said, _ = child.communicate(timeout=LONG_S)
    finally:
        over.set()
        child.kill()
    try:
        found = json.loads(said.strip().rpartition("\n")[2])
    except ValueError:
        tally.wrong("a child broke down", f"{mode}: exit {child.returncode}: {said[-300:]}")
        return tally
    tally.counts, tally.fired = Counter(found["counts"]), found["fired"]
    tally.problems = found["problems"]
    return tally


def _send(child: subprocess.Popen[str], over: threading.Event) -> None:
    rng = random.Random(child.pid)  # noqa: S311 moments, no secrets
    while not over.wait(rng.uniform(0, 2 * EVERY_S)) and child.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGINT)


class Handler:
    """Of a signal: raises while a call is running, once, but not in who listens to it."""

    def __init__(self, seed: int) -> None:
        self.rng = generator(seed, "signals")
        self.armed = self.struck = False
        self.twice = 0
        self.within_s = 0.0  # its own timer is set to a moment within so many

    def during(self, act: Step, life: InterruptedLife) -> float:
        """Call it, armed; how many seconds it took. What is raised goes on."""
        self.struck = False
        began = time.monotonic()
        try:
            if self.within_s:
                signal.setitimer(signal.ITIMER_REAL, self.rng.uniform(1e-5, self.within_s))
            self.armed = True
            act(life)
        finally:
            self.armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
        return time.monotonic() - began

    def take(self, number: int, frame: FrameType | None) -> None:
        """Python's signal handler."""
        if not self.armed:
            return
        if _listens(frame):
            if number == signal.SIGALRM:
                signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
            return
        self.twice += self.struck
        again = number == signal.SIGALRM and not self.struck and self.rng.random() < TWICE
        self.armed, self.struck = again, True
        if again:
            signal.setitimer(signal.ITIMER_REAL, self.rng.uniform(AGAIN_S, TWICE_WITHIN_S))
        raise self.rng.choice(KINDS)("a signal")


def _listens(frame: FrameType | None) -> bool:
    """Whether the sweep's own ears are at work, which are to hear right whatever happens."""
    while frame is not None:
        if frame.f_code.co_filename in _EARS:
            return True
        frame = frame.f_back
    return False


def interrupt_at_random(
    tally: Tally, mode: str, count: int, grounds: Yard, handler: Handler
) -> None:
    """Random calls until so many were struck."""
    names = list(CALLS)
    took_s = dict.fromkeys(names, 0.005)
    life, runs = None, 0
    while tally.fired < count:
        name = handler.rng.choice(names)
        call = CALLS[name]
        if life is None or life.settings.detect != call.detect:
            if life is not None:
                _over(life, tally, grounds, mode)
            life, runs = _life(tally.seed, grounds, call.detect), 0
        call.before(life)
        begun, runs = len(life.ears.begun), runs + 1
        handler.within_s = took_s[name] if mode == "alarm" else 0.0
        try:
            with watched():
                call_s = handler.during(call.act, life)
            returned = True
        except Hung as problem:
            tally.wrong("hangs", f"{_WORDS[mode]} during {name}: {problem}")
            life = None
            continue
        except BaseException as problem:
            # importlib takes a handler's TimeoutError, an OSError, for a file that is not there.
            if not answers(problem, *KINDS, *([ModuleNotFoundError] if handler.struck else [])):
                raise
            returned = False
        struck = handler.struck
        if not struck:
            took_s[name] = 0.9 * took_s[name] + 0.1 * call_s
        found = judge(life, name, begun, returned=returned)
        if struck:
            tally.struck(f"{_WORDS[mode]} during {name}: {found.outcome}")
            tally.counts[f"in all: {found.outcome}"] += 1
        for what, detail in found.wrong:
            tally.wrong(what, f"{_WORDS[mode]} during {name}, {found.outcome}: {detail}")
        over = not found.goes_on or found.outcome == SHUT or runs >= RUNS_A_LIFE
        if over or found.wrong:
            _over(life, tally, grounds, f"{_WORDS[mode]} during {name}")
            life = None


_NUMBERS: Final = {"alarm": signal.SIGALRM, "int": signal.SIGINT}
_WORDS: Final = {mode: number.name for mode, number in _NUMBERS.items()}


def _life(seed: int, grounds: Yard, detect: Detect) -> InterruptedLife:
    root = grounds.plot()
    for path, data in disks_before(seed)[SECOND].items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return InterruptedLife(LocalFs(root), grounds, detect=detect)


def _over(life: InterruptedLife, tally: Tally, grounds: Yard, where: str) -> None:
    end(life, tally, grounds, where, set())
    assert isinstance(life.disk, LocalFs)
    shutil.rmtree(life.disk.root)


def _open_ones() -> int:
    with contextlib.suppress(OSError):
        return len(list(Path("/dev/fd").iterdir()))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """One child."""
    parser = argparse.ArgumentParser(
        prog="python -m chaos.sweeps.interrupt_child", description=__doc__
    )
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--signals", type=int, default=100)
    args = parser.parse_args(argv)
    tally = Tally("interrupt", args.seed, full=False)
    handler = Handler(tally.seed)
    signal.signal(_NUMBERS[args.mode], handler.take)
    print("ready", flush=True)
    before = _open_ones()
    with yard() as grounds:
        interrupt_at_random(tally, args.mode, args.signals, grounds, handler)
    signal.signal(_NUMBERS[args.mode], signal.SIG_IGN)  # the interpreter ends without a handler
    gc.collect()
    left = _open_ones() - before
    if left > max(LEFT_OPEN_MAX, args.signals // 10):
        tally.wrong("descriptors left open", f"{left} behind {args.signals} signals")
    if handler.twice:
        tally.counts[f"{_WORDS[args.mode]}: a second one at once"] += handler.twice
    print(json.dumps({"counts": tally.counts, "fired": tally.fired, "problems": tally.problems}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
