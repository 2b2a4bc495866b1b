"""Work that a second process does meanwhile: proving much takes one processor long, and most
machines have more.

A fork of this process does it from what this one has in memory, hands the result back through a
pipe and ends. It writes to no file, says nothing, and takes no part in any lock. It is an errand:
what comes of it is what this process would have come to, and where there is no result (no fork
here, other threads that a fork would not have, a process that was killed or failed in any way),
``None`` is, and whoever asked does the work.

Nobody waits for one in vain: leaving the block, by Ctrl+C as well, kills and reaps what still runs;
a fork whose parent was killed finds nobody at its pipe and ends. No signal is heard from before the
fork until the parent knows of it, and the fork ends by it: what a handler raises goes up one stack,
the parent's, and no clean-up of the host is done by two.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Errands:
    """What is done apart; a block."""

    def __init__(self, *, alone: bool | None = None) -> None:
        """``alone``: whether this process may be forked; None: where it has no other thread."""
        only = threading.active_count() == 1 if alone is None else alone
        self.can_be = only and hasattr(os, "fork")
        self.begun = False
        self._running: dict[int, int] = {}  # process and pipe

    def __enter__(self) -> Self:
        """Nothing is done yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is done any more."""
        for pid in list(self._running):
            self._end(pid)

    def begin(self, work: Callable[[], object]) -> Callable[[], Any]:
        """Have it done; what is returned waits for the result, which is JSON."""
        if not self.can_be:
            return lambda: None
        self.begun = True
        inside, outside = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if not pid:
                _done(work, inside, outside, before)
            self._running[pid] = inside
        except OSError:
            os.close(inside)
            return lambda: None
        finally:
            os.close(outside)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return lambda: self._result(pid)

    def _result(self, pid: int) -> Any:
        with open(self._running[pid], "rb", closefd=False) as pipe:
            told = pipe.read()
        ended = self._end(pid)
        return json.loads(told) if ended and told else None

    def _end(self, pid: int) -> bool:
        """It is gone; whether it had ended well by itself."""
        pipe = self._running[pid]
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 0 if _at_end(pipe) else signal.SIGKILL)
        code = -1
        with contextlib.suppress(ChildProcessError):  # the host reaps its children itself
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        del self._running[pid]
        os.close(pipe)
        return code == 0


def _at_end(pipe: int) -> bool:
    """Whether nobody can write to it any more."""
    os.set_blocking(pipe, False)
    try:
        return not os.read(pipe, 1)
    except BlockingIOError:
        return False


def _done(
    work: Callable[[], object], inside: int, outside: int, mask: Iterable[int | signal.Signals]
) -> None:
    """The life of a fork; ``mask``: the signals that its parent does not hear."""
    code = 1
    try:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(inside)
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 for its life
        for said in (1, 2):
            os.dup2(sys.stdout.fileno(), said)
        told = json.dumps(work()).encode()
        with open(outside, "wb") as pipe:
            pipe.write(told)
        code = 0
    finally:
        os._exit(code)
