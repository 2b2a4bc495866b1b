"""One life killed at one operation after the other: pretended in this process, or as a process.

``deaths`` lives the same life on a fresh disk once for each switch. It ends behind the first switch
that struck nothing: that life came to its own end, and it is given as well. What is seen of a life
(acknowledgements, say) is made anew for each together with its disk, and given with it.

``forked`` runs a body in a child, which a ``FaultyFs`` may kill for good.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Generic, TypeVar

from chaos.faults.switch import Death, FaultSwitch, SwitchedFs
from prometheus_persist.errors import PersistError
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

FAILED = 70
"""The exit code of a child that raised."""
Seen = TypeVar("Seen")
Fresh = Callable[[], tuple[MemoryFs, Seen]]
Life = Callable[[Fs, Seen], object]


@dataclass(frozen=True, slots=True)
class Died(Generic[Seen]):
    """What one life left. ``switch.fired`` is 0 for one that nothing struck."""

    disk: MemoryFs
    switch: FaultSwitch
    seen: Seen


def every(*, start: int = 1, stride: int = 1, reads: bool = False) -> Iterator[FaultSwitch]:
    """Death before every ``stride``-th operation, without end."""
    return (FaultSwitch("die", at=number, reads=reads) for number in count(start, stride))


def deaths(
    switches: Iterable[FaultSwitch], fresh: Fresh[Seen], life: Life[Seen]
) -> Iterator[Died[Seen]]:
    """The life under each switch, up to the first that struck nothing."""
    for switch in switches:
        disk, seen = fresh()
        with dying(switch):
            life(SwitchedFs(disk, switch), seen)
        yield Died(disk, switch, seen)
        if not switch.fired:
            return


def rehearsed(fresh: Fresh[Seen], life: Life[Seen]) -> int:
    """How many operations change the disk in that life."""
    (whole,) = deaths([FaultSwitch()], fresh, life)
    return whole.switch.count


@contextlib.contextmanager
def dying(switch: FaultSwitch) -> Iterator[None]:
    """What unwinds out of a dead process says nothing: there is nobody left to hear it."""
    try:
        yield
    except (Death, SystemExit, PersistError):
        if not switch.dead:
            raise


def forked(body: Callable[[], object]) -> int:
    """Run ``body`` in a child that says nothing; its exit code, negative for a signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        code = FAILED
        try:
            with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stderr(nowhere):
                body()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
