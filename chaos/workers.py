"""Processes that play parts of one run, and end with the one that started them.

- They are forked off, so that a mistake that is planted here is in them as well.
- Ctrl+C is left to the parent, which ends them; a signal is held back while they are started, so
  that none is started and not known.
- What they bring is waited for in short looks (``in_order``): the kernel may give a signal to
  another thread, and the main one, which alone handles it, would wait for the next result.
- However the parent ends (killed, a second Ctrl+C, a crash), a worker sees it within ``LOOKS_S``
  and ends at once, whatever it is doing: waiting for a lock of a worker that is gone, or computing.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.pool import Pool
from typing import Final, TypeVar

from prometheus_persist.cli.ending import uninterrupted

LOOKS_S: Final = 0.2
ENDS_S: Final = 3.0
ORPHANED: Final = 1
Work = TypeVar("Work")
Result = TypeVar("Result")


@contextlib.contextmanager
def workers(jobs: int) -> Iterator[Pool]:
    """So many processes; gone when the block is left."""
    pool = None
    try:
        with uninterrupted():
            pool = multiprocessing.get_context("fork").Pool(jobs, end_with, (os.getpid(),))
        yield pool
    finally:
        if pool is not None:
            _end(pool)


def _end(pool: Pool) -> None:
    """No worker lives behind this. A pool waits without end for the rest of a result whose worker
    it has just stopped, so it is waited for a while only; its threads end with the process."""
    ending = threading.Thread(target=pool.terminate, name="pool-end", daemon=True)
    ending.start()
    ending.join(ENDS_S)
    if ending.is_alive():
        for worker in multiprocessing.active_children():
            worker.kill()
    else:
        pool.join()


def in_order(pool: Pool, part: Callable[[Work], Result], work: Iterable[Work]) -> Iterator[Result]:
    """What ``part`` makes of each, in order."""
    results = pool.imap(part, work)
    while True:
        try:
            yield results.next(LOOKS_S)
        except multiprocessing.TimeoutError:
            continue
        except StopIteration:
            return


def end_with(parent: int) -> None:
    """Let this process end once the process ``parent``, which forked it off, is gone.

    The thread takes no signal: one that the kernel gave to it would not wake the main thread, which
    alone handles signals, from what it waits for.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        threading.Thread(target=_look, args=(parent,), name="orphan", daemon=True).start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _look(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKS_S)
    os._exit(ORPHANED)
