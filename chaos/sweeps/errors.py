"""Every operation of every public call fails once, and from then on always, with every error.

The operations, reads included, of three lives and of a bare restore and verify are numbered. For
every N, operation N raises EIO, ENOSPC, EROFS, EACCES, EMFILE or EINTR, once or sticky; or, where
it is a write, puts down a part and raises (a short write). Asked is

- what the call raises is typed (``PersistError``), or it raises nothing and has done its work;
- a call that raised has acknowledged nothing: after the fault is lifted a restore gives the last
  acknowledged state or the one commit begun, and nothing else;
- the same session then saves what it holds, or refuses as shut; either way the promise stands;
- the store opens again, is sound, and no temporary file and no handle is left;
- a restore or verify whose reads fail gives the exact state or a typed error, never a fresh start
  and never less.

Without ``full``: every operation with one error, drawn by the seed.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chaos.chance import generator
from chaos.faults.switch import FaultSwitch, SwitchedFs
from chaos.sweeps.judge_restore import NOW_MS, judge_disk, reopened
from chaos.sweeps.reference_workload import (
    LIVES,
    AckLog,
    Yard,
    digest_of,
    disks_before,
    ears_for,
    live,
    reference,
    yard,
)
from chaos.sweeps.tally import Tally
from chaos.workload.clocks import WoundClock
from prometheus_persist.errors import PersistError
from prometheus_persist.recovery import Restored, restore, verify
from prometheus_persist.session import Session
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

CODES = ("EIO", "ENOSPC", "EROFS", "EACCES", "EMFILE", "EINTR")
SHORT = "short write"


@dataclass(frozen=True, slots=True)
class Failure:
    """One error: which, and for how long."""

    code: str
    sticky: bool

    def switch(self, at: int) -> FaultSwitch:
        """The switch that brings it about."""
        if self.code == SHORT:
            return FaultSwitch("short", at=at, reads=True, sticky=self.sticky)
        code = getattr(errno, self.code)
        return FaultSwitch("errno", at=at, reads=True, code=code, sticky=self.sticky)

    def __str__(self) -> str:
        return f"{self.code}{', sticky' if self.sticky else ''}"


FAILURES = tuple(Failure(code, sticky) for code in (*CODES, SHORT) for sticky in (False, True))


def sweep_errors(seed: int, *, full: bool) -> Tally:
    """Every failure of every operation."""
    tally = Tally("errors", seed, full)
    with yard() as grounds:
        for name in LIVES:
            _lives(tally, name, grounds, full=full)
    _reads(tally, "restore", _restored, full=full)
    _reads(tally, "verify", _verified, full=full)
    if not full:
        tally.notes.append(f"sampled: every operation, one of {len(FAILURES)} errors each")
    return tally


def _lives(tally: Tally, name: str, grounds: Yard, *, full: bool) -> None:
    left = disks_before(tally.seed)[name]
    counting = FaultSwitch(reads=True)
    _life(MemoryFs.of(left), counting, tally, grounds, name)
    for number, failure in _points(tally.seed, name, counting.count, full=full):
        disk = MemoryFs.of(left)
        switch = failure.switch(number)
        where = f"{name}, operation {number}, {failure}"
        ears, problem = _life(disk, switch, tally, grounds, name)
        if not switch.fired:
            tally.counts["beyond the last write"] += 1
            continue
        where += f" ({switch.struck}), {ears.doing}"
        tally.struck(f"errors, {failure}")
        tally.counts[f"errors during {ears.doing}"] += 1
        if problem is None:
            tally.counts["the call did its work in spite of it"] += 1
        elif isinstance(problem, PersistError):
            tally.counts["a typed error was raised"] += 1
        else:
            tally.wrong("untyped error", f"{where}: {problem!r}")
        if disk.handles_open:
            tally.wrong("handle left open", f"{where}: {disk.handles_open}")
        if judge_disk(tally, disk, ears, where):
            reopened(tally, MemoryFs.of(disk.contents()), grounds, where)
        if number % 50 == 0:
            grounds.clear()


def _life(
    disk: MemoryFs, switch: FaultSwitch, tally: Tally, grounds: Yard, name: str
) -> tuple[AckLog, BaseException | None]:
    """Live until the error, then save once more; what was heard, and what was raised."""
    ears = ears_for(disk)

    def once_more(session: Session) -> None:
        """The disk is well again: the same session saves, or says that it is shut."""
        switch.lift()
        try:
            ears.ack(session.save("once more"))
            tally.counts["afterwards the same session saved"] += 1
        except PersistError:
            tally.counts["afterwards the same session was shut"] += 1

    fs = SwitchedFs(disk, switch)
    try:
        live(grounds.plot(), fs, ears, tally.seed, life=name, afterwards=once_more)
    except Exception as problem:  # noqa: BLE001 whatever it is, it is what is judged
        return ears, problem
    finally:
        switch.lift()
    return ears, None


def _points(seed: int, name: str, count: int, *, full: bool) -> Iterator[tuple[int, Failure]]:
    """Every operation with every failure; or a sample."""
    for number in range(1, count + 1):
        rng = generator(seed, name, number)
        if full:
            yield from ((number, failure) for failure in FAILURES)
        else:
            yield number, rng.choice(FAILURES)


def _restored(fs: Fs) -> Restored:
    return restore(fs, clock=WoundClock(NOW_MS))


def _verified(fs: Fs) -> Restored:
    return verify(fs, clock=WoundClock(NOW_MS)).restored


def _reads(tally: Tally, what: str, call: Callable[[Fs], Restored], *, full: bool) -> None:
    """Fail every read of a bare restore or verify."""
    whole = reference(tally.seed)
    counting = FaultSwitch(reads=True)
    call(SwitchedFs(MemoryFs.of(whole.files), counting))
    for number, failure in _points(tally.seed, what, counting.count, full=full):
        if failure.code == SHORT:
            continue
        switch = failure.switch(number)
        where = f"{what}, read {number}, {failure}"
        tally.counts[f"errors during {what}"] += 1
        try:
            found = call(SwitchedFs(MemoryFs.of(whole.files), switch))
        except PersistError:
            tally.counts["a typed error was raised"] += 1
        except OSError as problem:
            tally.wrong("untyped error", f"{where} ({switch.struck}): {problem!r}")
        else:
            if digest_of(found) != whole.digest or found.facts.fresh:
                tally.wrong("wrong", f"{where} ({switch.struck})")
            else:
                tally.counts["exact in spite of it"] += 1
        tally.struck(f"errors, {failure}", bool(switch.fired))
