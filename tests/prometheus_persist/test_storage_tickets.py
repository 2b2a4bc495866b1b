"""Threads that wait for their frames: few syncs for many of them, nobody forgotten."""

from __future__ import annotations

import errno
import itertools
import random
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType

import pytest
from storekit import HookFs, StillClock, open_store

from prometheus_persist.errors import PersistError, StoreFailed
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore
from prometheus_persist.storage import tickets
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.interrupts import Bell, Turn, edge
from prometheus_persist.storage.store import Store
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()
THREADS = 24
LONG_S = 60.0
Way = Callable[[Store, Change], int]


def commit(store: Store, change: Change) -> int:
    return store.commit(change)


def await_ticket(store: Store, change: Change) -> int:
    return store.submit(change).wait()


def flush(store: Store, change: Change) -> int:
    ticket = store.submit(change)
    store.flush()
    return ticket.durable()


def leave_to_the_writer(store: Store, change: Change) -> int:
    ticket = store.submit(change)
    store.write_soon()
    return store.wait(ticket)


WAYS: tuple[Way, ...] = (commit, await_ticket, flush, leave_to_the_writer)


class Crowd:
    """Threads that save by all ways, again and again; what was acknowledged to each."""

    def __init__(self, store: Store, rounds: int) -> None:
        self.acked = dict.fromkeys(range(THREADS), 0)
        self.odd: list[BaseException] = []
        self._store, self._rounds = store, rounds
        self.threads = [
            threading.Thread(target=self.save, args=(number,), daemon=True)
            for number in range(THREADS)
        ]

    def save(self, number: int) -> None:
        ways = itertools.cycle(WAYS[number % 4 :] + WAYS[: number % 4])
        for count, way in zip(range(1, self._rounds + 1), ways, strict=False):
            change = Change("n", put={f"agents/{number}": {"agent_id": str(number), "n": count}})
            try:
                way(self._store, change)
            except StoreFailed:
                return
            except BaseException as problem:  # noqa: BLE001 nothing else may come
                self.odd.append(problem)
                return
            self.acked[number] = count

    def run(self) -> None:
        for thread in self.threads:
            thread.start()
        self.end()

    def end(self) -> None:
        until = time.monotonic() + LONG_S
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))
        assert [thread for thread in self.threads if thread.is_alive()] == []
        assert self.odd == []

    def is_on(self, disk: MemoryFs) -> None:
        """All that was acknowledged is there after a power cut."""
        found = restore(disk.after_power_cut(), clock=CLOCK).documents
        for number, count in self.acked.items():
            held = found.get(f"agents/{number}", {"n": 0})["n"]
            assert isinstance(held, int)
            assert held >= count, f"{number}: {held} of {count}"


@pytest.mark.timeout(100)
def test_nobody_is_forgotten_and_few_syncs_do_for_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """By wake-ups alone: no sleeper looks by himself."""
    monkeypatch.setattr(tickets, "ASK_AGAIN_S", 1000.0)
    disk, syncs = MemoryFs(), [0]

    def slow(operation: str, path: str, _data: bytes) -> None:
        if operation == "fsync" and "journal" in path:
            syncs[0] += 1
            time.sleep(0.003)

    store = open_store(HookFs(disk, slow), CLOCK, options=StoreOptions(mirror="behind"))
    syncs[0] = 0
    crowd = Crowd(store, 20)
    crowd.run()
    assert set(crowd.acked.values()) == {20}
    assert syncs[0] * 6 <= 20 * THREADS, f"{20 * THREADS / syncs[0]:.1f} frames a sync"
    crowd.is_on(disk)
    store.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("holder", ["a commit", "a flush", "the writer", "a look at the fence"])
def test_who_gives_the_files_back_wakes_one_and_a_frame_all_who_wait_for_it(
    holder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three threads wait for one frame that comes while the files are in use."""
    monkeypatch.setattr(tickets, "ASK_AGAIN_S", 1000.0)
    inside, go_on, disk = threading.Event(), threading.Event(), MemoryFs()

    def hold(operation: str = "fsync", _path: str = "", _data: bytes = b"") -> None:
        if operation == "fsync" and armed[0]:
            armed[0] = False
            inside.set()
            assert go_on.wait(LONG_S)

    armed = [False]
    store = open_store(HookFs(disk, hold), CLOCK, options=StoreOptions(mirror="off"))
    first = Change("n", put={"agents/a": {"agent_id": "a"}})
    holds: dict[str, Callable[[], object]] = {
        "a commit": lambda: store.commit(first),
        "a flush": lambda: (store.enqueue(first), store.flush()),
        "the writer": lambda: store.submit(first),
        "a look at the fence": store._committer.refuse_fenced,
    }
    if holder == "a look at the fence":
        monkeypatch.setattr(store._committer, "_fence", hold)
    armed[0] = True
    waiting = [threading.Thread(target=holds[holder], daemon=True)]
    waiting[0].start()
    assert inside.wait(LONG_S)
    ticket = store.enqueue(Change("n", put={"agents/b": {"agent_id": "b"}}))
    for _ in range(3):
        waiting.append(threading.Thread(target=store.wait, args=(ticket,), daemon=True))
        waiting[-1].start()
    while ticket.bell is None:
        time.sleep(0.001)
    time.sleep(0.02)
    go_on.set()
    for thread in waiting:
        thread.join(10.0)
    assert [thread for thread in waiting if thread.is_alive()] == []
    assert "agents/b" in restore(disk.after_power_cut(), clock=CLOCK).documents


@pytest.mark.timeout(100)
@pytest.mark.parametrize("fails_at", [1, 3, 10])
def test_a_sync_that_fails_under_a_crowd_is_told_to_all_who_wait(fails_at: int) -> None:
    disk, syncs = MemoryFs(), itertools.count(-2)

    def failing(operation: str, path: str, _data: bytes) -> None:
        if operation == "fsync" and "journal" in path:
            time.sleep(0.002)
            if next(syncs) == fails_at:
                disk.lose(path)
                raise OSError(errno.EIO, "the disk is ill", path)

    store = open_store(HookFs(disk, failing), CLOCK, options=StoreOptions(mirror="off"))
    crowd = Crowd(store, 400)
    crowd.run()
    assert max(crowd.acked.values()) < 400
    crowd.is_on(disk)


class _Struck(Exception):
    """By a signal's handler."""


class _Caller:
    """The main thread's way in: left by an exception, it holds no lock (``interrupts.edge``)."""

    def __init__(self, store: Store) -> None:
        self.store, self.latches = store, store.latches

    @edge
    def save(self, change: Change) -> int:
        """One durable commit."""
        return self.store.whole(self.store.commit, change)


@pytest.mark.timeout(200)
def test_a_thread_that_is_called_away_leaves_nobody_asleep() -> None:
    """Signals strike the main thread while it saves among the others."""

    def strike(_number: int, _frame: FrameType | None) -> None:
        raise _Struck

    before, struck = signal.signal(signal.SIGALRM, strike), 0
    try:
        for seed in range(40):
            rng, disk = random.Random(seed), MemoryFs()
            slow = HookFs(disk, lambda op, _p, _d: time.sleep(0.001) if op == "fsync" else None)
            store = open_store(slow, CLOCK, options=StoreOptions(mirror="off"))
            crowd, caller = Crowd(store, 6), _Caller(store)
            for thread in crowd.threads:
                thread.start()
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0005, 0.02))
                for count in range(1000):
                    content = {"agent_id": "main", "n": count}
                    caller.save(Change("n", put={"agents/main": content}))
            except (_Struck, PersistError):
                struck += 1
            crowd.end()
            crowd.is_on(disk)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert struck == 40


@pytest.mark.timeout(60)
def test_who_is_called_away_hands_on_what_he_was_woken_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The files are given back, one is woken for it, and a handler raises before he takes them."""
    monkeypatch.setattr(tickets, "ASK_AGAIN_S", 1000.0)
    asleep_now = threading.Semaphore(0)

    class Heard(Bell):
        """Says that its thread is about to sleep."""

        def wait(self, timeout_s: float | None = None) -> bool:
            asleep_now.release()
            return super().wait(timeout_s)

    class CallsAway(Heard):
        def wait(self, timeout_s: float | None = None) -> bool:
            super().wait(timeout_s)
            raise _Struck

    bells = iter([CallsAway(), Heard()])
    monkeypatch.setattr(tickets, "Bell", lambda: next(bells))
    asleep = tickets.Asleep()
    files = Turn(asleep.hand_over)
    first, second = (tickets.Ticket(number, 0, lambda _: None) for number in (1, 2))

    def called_away() -> None:
        with pytest.raises(_Struck):
            asleep.wait(first, files, lambda: None)

    def write() -> None:
        second.done = True

    threads = [
        threading.Thread(target=called_away, daemon=True),
        threading.Thread(target=asleep.wait, args=(second, files, write), daemon=True),
    ]
    with files:
        for thread in threads:
            thread.start()
            assert asleep_now.acquire(timeout=LONG_S)
    for thread in threads:
        thread.join(10.0)
    assert second.done, "nobody was woken for the files"


def a_crowd(of: int) -> tickets.Asleep:
    """So many wait asleep, and one of them is about to write."""
    asleep = tickets.Asleep()
    asleep._tickets = {number: tickets.Ticket(number, 0, lambda _: None) for number in range(of)}
    asleep.count()
    asleep._tickets.clear()
    return asleep


def test_whoever_writes_lets_most_of_a_crowd_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "GATHER_S", 60.0)
    slept = itertools.count(1)
    come = 0

    def sleep(_seconds: float) -> None:
        nonlocal come
        come = next(slept)

    monkeypatch.setattr(time, "sleep", sleep)
    a_crowd(64).gather(lambda: come)
    assert come == 48


@pytest.mark.parametrize("many", [2, 8, 64])
def test_a_crowd_that_does_not_come_is_waited_for_as_long_as_its_frames_take(
    monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Among few, who saves now and then does not wait for those who do something else."""
    now_s = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    a_crowd(many).gather(lambda: 0)
    assert now_s == pytest.approx(many * tickets.GATHER_S, abs=tickets.LOOK_S)


def test_one_thread_waits_for_nobody_and_a_crowd_that_went_home_is_forgotten() -> None:
    def sleeps(asleep: tickets.Asleep) -> bool:
        since_s = time.monotonic()
        asleep.gather(lambda: 1)  # the frame of who is about to write
        return time.monotonic() - since_s >= tickets.GATHER_S

    assert not sleeps(a_crowd(0))
    assert not sleeps(a_crowd(1))
    asleep = a_crowd(64)
    assert sleeps(asleep)
    for _ in range(30):
        asleep.count()
    assert not sleeps(asleep)
