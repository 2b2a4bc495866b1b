"""I11: an exception at every bytecode of every public call, and real signals at random moments.

A handler of Ctrl+C, of an alarm, of anything raises in the middle of what the main thread does.
Here it is raised before a bytecode of the library, and of ``contextlib`` and ``threading`` where
it calls them: each bytecode that a call executes, once; where the store and the session are
changed, at its first three executions and at its last one. One strike a run; the session goes on to
the next run unless it was shut (``interrupt_calls.py``).

The second part is what really happens: processes of their own are sent SIGALRM by their timer and
SIGINT by their parent (``interrupt_child.py``), on files.

Without ``full``: every ``CI_STRIDE``-th bytecode, begun where the seed says, and few signals.
"""

from __future__ import annotations

import contextlib
import decimal
import gc
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final

import prometheus_persist
from chaos.chance import generator
from chaos.faults.bytecodes import at_each_bytecode
from chaos.sweeps import interrupt_calls
from chaos.sweeps.attach_calls import HOSTED_CALLS, HostedLife
from chaos.sweeps.elsewhere import Hung, watched
from chaos.sweeps.interrupt_calls import (
    OPENINGS,
    SHUT,
    InterruptedCall,
    InterruptedLife,
    answers,
    end,
    judge,
)
from chaos.sweeps.interrupt_child import MODES, signals
from chaos.sweeps.reference_workload import SECOND, Yard, disks_before, yard
from chaos.sweeps.tally import Tally
from chaos.workload.attached_host import own_randomness
from prometheus_persist.reconcile import books, decision
from prometheus_persist.testing import memory_fs
from prometheus_persist.testing.memory_fs import MemoryFs

CI_STRIDE = 601
CI_SIGNALS, FULL_SIGNALS = 120, 10_000  # of either kind
FIRST_EXECUTIONS = 3
SIGNALS = "signals"
CALLS: Final = {**interrupt_calls.CALLS, **HOSTED_CALLS}
PARTS = (*CALLS, SIGNALS)
_LIBRARY = str(Path(prometheus_persist.__file__).parent)
_CHANGES = (
    *(f"{_LIBRARY}/{name}/" for name in ("storage", "saving", "session", "graph")),
    books.__file__,
    decision.__file__,
)
_DISK = memory_fs.__file__  # a kernel is not interrupted
_BENEATH = frozenset({contextlib.__file__, threading.__file__})
Place = tuple[CodeType, int]


@dataclass(frozen=True, slots=True)
class Point:
    """Before the ``nth`` execution of a bytecode."""

    place: Place
    nth: int

    def __str__(self) -> str:
        code, offset = self.place
        file = Path(code.co_filename).name
        return f"{file}:{code.co_qualname}+{offset}, execution {self.nth}"


def sweep_interrupt(seed: int, *, full: bool, only: Collection[str] = ()) -> Tally:
    """Every call, every point; then the signals. ``only`` these of ``PARTS``."""
    tally = Tally("interrupt", seed, full)
    stride = 1 if full else CI_STRIDE
    chosen = only or PARTS
    with yard() as grounds, own_randomness(), collected_apart():
        for name, call in CALLS.items():
            if name not in chosen:
                continue
            points = list(points_of(call, grounds, seed))
            first = generator(seed, "interrupt", name).randrange(min(stride, len(points)))
            strike(tally, name, grounds, points[first::stride])
            grounds.clear()
    for mode in MODES if SIGNALS in chosen else ():
        tally.merge(signals(mode, seed, FULL_SIGNALS if full else CI_SIGNALS))
    if not full:
        tally.notes.append(f"sampled: every {stride}th bytecode, {CI_SIGNALS} signals of each kind")
    return tally


def strike(
    tally: Tally, name: str, grounds: Yard, points: Iterable[Point], *, runs_a_life: int = 10
) -> None:
    """One call, at each of these points."""
    life, runs, known = None, 0, set[str]()
    for number, point in enumerate(points):
        if life is None:
            life, runs = _life(CALLS[name], grounds, tally.seed), 0
        kind = (KeyboardInterrupt, TimeoutError)[number % 2]
        where = f"{name}, {kind.__name__} before {point}"
        runs += 1
        if _run(tally, life, name, point, kind, where) and runs < runs_a_life:
            continue
        end(life, tally, grounds, where, known)
        life = None
    if life is not None:
        end(life, tally, grounds, name, known)


def points_of(call: InterruptedCall, grounds: Yard, seed: int) -> Iterator[Point]:
    """In the order in which each bytecode is first executed."""
    life = _life(call, grounds, seed)
    call.before(life)
    executed: Counter[Place] = Counter()

    def note(frame: FrameType) -> None:
        executed[frame.f_code, frame.f_lasti] += 1

    at_each_bytecode(lambda: call.act(life), note, _strikes)
    life.session.close(save=False)
    for place, count in executed.items():
        first = FIRST_EXECUTIONS if place[0].co_filename.startswith(_CHANGES) else 1
        for nth in sorted({*range(1, min(count, first) + 1), count if first > 1 else 1}):
            yield Point(place, nth)


@contextlib.contextmanager
def collected_apart() -> Iterator[None]:
    """A full pass of the collector, one for each opening that is struck, is of what came since."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _life(call: InterruptedCall, grounds: Yard, seed: int) -> InterruptedLife:
    disk = MemoryFs.of(disks_before(seed)[SECOND])
    return (
        HostedLife(disk, grounds)
        if call.hosted
        else InterruptedLife(disk, grounds, detect=call.detect)
    )


def _run(
    tally: Tally,
    life: InterruptedLife,
    name: str,
    point: Point,
    kind: type[BaseException],
    where: str,
) -> bool:
    """One strike; whether the session may go on to the next."""
    CALLS[name].before(life)
    decimals = decimal.getcontext().copy()
    begun, left = len(life.ears.begun), point.nth
    struck = False

    act, code = CALLS[name].act, point.place[0]

    def within(frame: FrameType) -> bool:
        return frame.f_code is code and _strikes(frame)

    def raise_there(frame: FrameType) -> None:
        nonlocal left, struck
        if frame.f_lasti == point.place[1]:
            left -= 1
            if not left:
                struck = True
                raise kind("struck")

    with watched():
        problem = _raised(lambda: at_each_bytecode(lambda: act(life), raise_there, within))
    if isinstance(problem, Hung):
        tally.wrong("hangs", f"{where}: {problem}")
        return False
    if name in OPENINGS:
        gc.collect()  # of a session that nobody got, nothing is left
    if _shape(decimals) != _shape(decimal.getcontext()):
        decimal.setcontext(decimals)
        tally.wrong("another decimal context", where)
    if not gc.isenabled():
        gc.enable()
        tally.wrong("the collector is off", where)
    found = judge(life, name, begun, returned=problem is None)
    if not struck:
        tally.counts["not executed this time"] += 1
    else:
        tally.struck(f"{name}: {found.outcome}")
        tally.counts[f"in all: {found.outcome}"] += 1
        tally.counts["in all: the call returned all the same"] += problem is None
    if problem is not None and not answers(problem, kind):
        tally.wrong("another exception", f"{where}: {problem!r}")
    for what, detail in found.wrong:
        tally.wrong(what, f"{where}, {found.outcome}: {detail}")
    opened_again = name in OPENINGS and problem is not None  # by judge, and it is the life's own
    return (found.goes_on or opened_again) and found.outcome != SHUT and not found.wrong


def _shape(context: decimal.Context) -> tuple[int, str, dict[Any, bool]]:
    """What a host's own arithmetic comes to in it."""
    return context.prec, context.rounding, dict(context.traps)


def _raised(call: Callable[[], object]) -> BaseException | None:
    try:
        call()
    except BaseException as problem:  # noqa: BLE001 it is what is judged
        problem.__traceback__ = None  # it would keep what the call had in hand
        return problem
    return None


def _strikes(frame: FrameType | None) -> bool:
    """The library's own steps, and those that it takes in ``_BENEATH``."""
    while frame is not None and frame.f_code.co_filename in _BENEATH:
        frame = frame.f_back
    file = "" if frame is None else frame.f_code.co_filename
    return file.startswith(_LIBRARY) and file != _DISK
