"""Twenty-four threads at one store, with every way to save, while syncs fail and signals strike.

Whatever happens, and wherever the power goes then: what was acknowledged is there, and nobody
hangs. Each blow alone, at a sample of the places (with ``CROWD_FULL`` set, at all that a life has);
then both in one life, and a life after the other on one disk.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ClassVar

import pytest
from storekit import HookFs, StillClock, open_store

from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.store import Store
from prometheus_persist.storage.tickets import Ticket
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()
THREADS = 24  # this one among them: signals are handled here
SAVES = 12
HANG_S = 120.0
SYNC_S = 0.001  # at once, one thread would have saved everything before another one ran
FULL = "CROWD_FULL" in os.environ
# Each thread's saves come one after the other: so many syncs, and thrice as many operations, there
# are at least, however well the threads share them.
FAILING_SYNCS = range(1, SAVES) if FULL else (1, 2, 5, 11)
INTERRUPTED_OPERATIONS = range(1, 3 * SAVES) if FULL else (2, 9, 20, 31)
STRUCK_LIVES = 3  # in which a sync failed and a signal came through; of so many at most:
LIVES_MAX = 30
SEEDS = range(10 if FULL else 2)


class Struck(Exception):
    """What a signal's handler raises."""


class Promised:
    """A change that is made by whoever writes next."""

    def __init__(self, ticket: Ticket, change: Change) -> None:
        self.ticket, self.change = ticket, change

    def made(self, _before: object) -> Change:
        return self.change

    def learn(self, _held: object) -> None:
        """Nobody has to."""


class Crowd:
    """So many threads that save; ``acknowledged`` holds what any of them was told is durable."""

    latest: ClassVar[Crowd | None] = None

    def __init__(self, store: Store, name: str) -> None:
        Crowd.latest = self
        self.store, self.name = store, name
        self.acknowledged: set[str] = set()
        self.struck = 0
        self.saving = False  # this thread, which signals come to
        self.line = threading.Barrier(THREADS)

    def run(self) -> list[threading.Thread]:
        """All of them to their end; those that hang."""
        threads = [
            threading.Thread(target=self.life, args=(number,), daemon=True)
            for number in range(1, THREADS)
        ]
        for thread in threads:
            thread.start()
        with contextlib.suppress(Struck):  # on the way out of a save that failed
            self.life(0)
        for thread in threads:
            thread.join(HANG_S)
        return [thread for thread in threads if thread.is_alive()]

    def life(self, number: int) -> None:
        self.line.wait(HANG_S)
        for turn in range(SAVES):
            name = f"agents/{self.name}-{number}-{turn}"
            how = (self.commits, self.submits, self.flushes, self.promises)[(number + turn) % 4]
            try:
                if number == 0:
                    self.saving = True
                how(Change("note", {name: {"agent_id": name, "n": turn}}))
                if number == 0:
                    self.saving = False
                self.acknowledged.add(name)
            except Struck:
                self.struck += 1
            except StoreFailed:
                if number == 0:
                    self.saving = False
                return

    def commits(self, change: Change) -> None:
        self.store.commit(change)

    def submits(self, change: Change) -> None:
        self.store.submit(change).wait()

    def flushes(self, change: Change) -> None:
        self.store.enqueue(change)
        self.store.flush()

    def promises(self, change: Change) -> None:
        taken = Promised(self.store.promise(), change)
        self.store.later(taken)
        self.store.write_soon()
        taken.ticket.wait()


def play(
    before: Callable[[str, str], None], inner: MemoryFs | None = None, name: str = ""
) -> tuple[Crowd, list[threading.Thread], MemoryFs]:
    """A crowd on a disk in memory; ``before`` sees each operation first."""
    inner, begun = inner or MemoryFs(), threading.Event()

    def seen(operation: str, path: str, data: object) -> None:
        if begun.is_set():
            if operation == "fsync":
                time.sleep(SYNC_S)
            before(operation, path)

    store = open_store(HookFs(inner, seen), CLOCK, options=StoreOptions(mirror="behind"))
    crowd = Crowd(store, name)
    begun.set()
    hanging = crowd.run()
    begun.clear()
    return crowd, hanging, inner


@contextmanager
def signals_at_a_save() -> Iterator[None]:
    """A signal raises where this thread saves, and nowhere else."""

    def raised(*_: object) -> None:
        if Crowd.latest is not None and Crowd.latest.saving:
            Crowd.latest.saving = False
            raise Struck

    before = signal.signal(signal.SIGUSR1, raised)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def lost(acknowledged: set[str], inner: MemoryFs, seed: int) -> set[str]:
    """What was acknowledged and is not there: as it is, and wherever the power was cut."""
    cuts = [inner.clone(), inner.after_power_cut(), inner.after_power_cut(random.Random(seed))]
    there = [set(restore(each, clock=CLOCK).documents) for each in cuts]
    return acknowledged - set.intersection(*there)


@pytest.mark.parametrize("nth", FAILING_SYNCS)
def test_a_crowd_whose_sync_fails_loses_nothing_acknowledged_and_nobody_hangs(nth: int) -> None:
    syncs = itertools.count(1)

    def fail(operation: str, path: str) -> None:
        if operation == "fsync" and path.startswith("incremental") and next(syncs) == nth:
            time.sleep(0.05)  # whoever is told too soon has gone on by then
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    crowd, hanging, inner = play(fail)
    assert hanging == []
    assert lost(crowd.acknowledged, inner, nth) == set()
    assert next(syncs) > nth, "it struck nothing"
    assert len(crowd.acknowledged) < THREADS * SAVES, "nothing failed"
    with pytest.raises(StoreFailed):
        crowd.store.commit(Change("note", {}))


@pytest.mark.parametrize("nth", INTERRUPTED_OPERATIONS)
def test_a_crowd_struck_by_signals_loses_nothing_acknowledged_and_nobody_hangs(nth: int) -> None:
    """A signal at an operation of the disk, whichever thread does it; its handler raises here."""
    operations, sent = itertools.count(1), []

    def strike(operation: str, path: str) -> None:
        if next(operations) % nth == 0 and len(sent) < 3:
            sent.append(path)
            os.kill(os.getpid(), signal.SIGUSR1)

    with signals_at_a_save():
        crowd, hanging, inner = play(strike)
    assert hanging == []
    assert sent
    assert lost(crowd.acknowledged, inner, nth) == set()


class Blows:
    """What strikes one life: the nth sync fails; before it, signals at the operations of others."""

    def __init__(self, chance: random.Random) -> None:
        self._due = chance.randint(2, SAVES - 1)
        self._every = chance.randint(2, 5)
        self._syncs, self._operations = itertools.count(1), itertools.count(1)
        self.failed = False

    def __call__(self, operation: str, path: str) -> None:
        of_others = threading.current_thread() is not threading.main_thread()
        if of_others and next(self._operations) % self._every == 0:
            os.kill(os.getpid(), signal.SIGUSR1)
        if (
            operation == "fsync"
            and path.startswith("incremental")
            and next(self._syncs) == self._due
        ):
            time.sleep(0.05)  # whoever is told too soon has gone on by then
            self.failed = True
            raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("seed", SEEDS)
def test_lives_in_which_a_sync_fails_and_signals_strike_lose_nothing_and_nobody_hangs(
    seed: int,
) -> None:
    """Each opens what the one before left, the power cut in between or not; the last one saves."""
    chance, inner, acknowledged, struck = random.Random(seed), MemoryFs(), set[str](), 0
    for life in range(LIVES_MAX):
        blows = Blows(chance)
        with signals_at_a_save():
            crowd, hanging, _ = play(blows, inner, str(life))
        assert hanging == []
        with contextlib.suppress(StoreFailed):
            crowd.store.close()
        acknowledged |= crowd.acknowledged
        assert lost(acknowledged, inner, seed) == set()
        inner = inner.after_power_cut(chance) if chance.random() < 0.5 else inner
        struck += blows.failed and crowd.struck > 0
        if struck == STRUCK_LIVES:
            break
    assert struck == STRUCK_LIVES
    assert acknowledged
    store = open_store(inner, CLOCK)
    assert acknowledged <= set(store.image.documents)
    store.commit(Change("note", {"agents/last": {"agent_id": "last"}}))
    store.close()
    assert lost({*acknowledged, "agents/last"}, inner, seed) == set()


def test_a_crowd_that_nothing_strikes_saves_everything() -> None:
    crowd, hanging, inner = play(lambda operation, path: None)
    assert hanging == []
    assert len(crowd.acknowledged) == THREADS * SAVES
    assert lost(crowd.acknowledged, inner, 0) == set()
    crowd.store.close()
