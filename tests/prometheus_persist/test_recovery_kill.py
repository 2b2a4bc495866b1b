"""S1, S2, S5: the process is killed before every single operation on the disk, for real.

A child is forked, lives through a whole story (open, ten commits, checkpoint, snapshot, close) and
kills itself with SIGKILL before its n-th operation, for every n. What it had been acknowledged, it
has told through a pipe before. The parent then restores. Each with and without reserved space.
"""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from storekit import (
    NEVER_MS,
    StillClock,
    founding,
    open_store,
    trade,
)

from chaos.faults import DiskFault, FaultyFs
from chaos.faults.deaths import deaths, every, forked
from prometheus_persist.journal.projection import unwrap
from prometheus_persist.recovery import Restored, restore
from prometheus_persist.state import state_from
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import Fs, LocalFs
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()
RESERVES = (0, 4096)  # so few bytes that a segment reserves more than once
Tell = Callable[[int], None]
PAIRS = 900


def story(fs: Fs, options: StoreOptions, tell: Tell, digests: dict[int, str] | None = None) -> None:
    """The same life every time it is lived from the start."""

    class Watch:
        def begin(self, seq: int, change: Any) -> None:
            pass

        def durable(self, seq: int, elapsed_s: float) -> None:
            tell(seq)
            if digests is not None:
                digests[seq] = store.image.digest()

    store = open_store(fs, CLOCK, Watch(), options=options)
    if digests is not None:
        digests[store.tip.seq] = store.image.digest()
    store.commit(founding())
    state = state_from(store.image.documents)
    for number in range(9):
        store.commit(trade(state, number))
        if number == 4:
            store.checkpoint()
            store.snapshot(2)
    store.checkpoint()
    store.snapshot(2)
    store.close()


def still(reserve: int) -> StoreOptions:
    """Nothing is written because time has passed: whoever counts operations counts the same."""
    return StoreOptions(reserve_bytes=reserve, mirror_sync_ms=NEVER_MS)


@cache
def told(reserve: int) -> dict[int, str]:
    """The digest at every sequence of the story."""
    digests: dict[int, str] = {0: restore(MemoryFs(), clock=CLOCK).image.digest()}
    story(MemoryFs(), still(reserve), lambda seq: None, digests)
    return digests


def deadly(fs: Fs, at: int) -> FaultyFs:
    """SIGKILL to oneself before the ``at``-th operation that changes anything."""
    return FaultyFs(fs, DiskFault("kill", at_op=at))


def in_child(work: Callable[[Tell], None]) -> tuple[int, list[int]]:
    """How the child ended (0, or the signal), and the acknowledgements it told of."""
    ours, theirs = os.pipe()
    ended = forked(lambda: work(lambda seq: os.write(theirs, f"{seq}\n".encode()) and None))
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        acks = [int(line) for line in pipe.read().split()]
    assert ended <= 0, "the child failed by itself"
    return -ended, acks


@pytest.fixture
def fast_dir() -> Iterator[Path]:
    """A directory in memory where there is one: SIGKILL leaves the same there as on a disk."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as name:
        yield Path(name)


def assert_survived(fs: Fs, acked: int, openings: int = 1) -> Restored:
    """The state is one the story had; nothing acknowledged is lost; at most one commit is ahead."""
    digests = told(0)
    found = restore(fs, clock=CLOCK)
    assert acked <= found.seq <= acked + 1 + openings  # openings are frames, and no commits
    legal = {digests[acked], digests.get(acked + 1), digests.get(acked + 2) if not acked else None}
    assert found.image.digest() in legal
    assert {damage.outcome for damage in found.facts.damages} <= {"ignored", "repaired"}
    return found


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("reserve", RESERVES)
def test_kill_before_every_operation(fast_dir: Path, reserve: int) -> None:
    """Killed before any operation, then restored, then killed again while reopening, then opened:
    nothing acknowledged is lost, no state is a mixture, no readable file is half a file."""
    kills, timed = 0, StoreOptions(reserve_bytes=reserve)
    for at in range(1, 400):
        root = fast_dir / str(at)
        root.mkdir()
        fs = LocalFs(root)
        ended, acks = in_child(lambda tell, at=at, fs=fs: story(deadly(fs, at), timed, tell))
        acked = max(acks, default=0)
        before = assert_survived(fs, acked)
        for path in root.rglob("*.json"):
            unwrap(str(path.relative_to(root / "incremental")), path.read_bytes(), str(path))
        second, _ = in_child(lambda tell, at=at, fs=fs: go_on(deadly(fs, 1 + at % 31), timed, tell))
        assert second in (0, signal.SIGKILL)
        after = restore(fs, clock=CLOCK)
        assert after.image.digest() == before.image.digest()
        assert after.seq >= before.seq
        open_store(fs, CLOCK).commit(founding())
        assert restore(fs, clock=CLOCK).documents["supervisor"] is not None
        if not ended:
            assert max(acks) == max(told(reserve))
            break
        assert ended == signal.SIGKILL
        kills += 1
    else:
        pytest.fail("the story has more operations than were tried")
    assert kills > 100


def go_on(fs: Fs, options: StoreOptions, tell: Tell) -> None:
    store = open_store(fs, CLOCK, options=options)
    store.checkpoint()
    store.snapshot(2)
    store.close()


@pytest.mark.parametrize("reserve", RESERVES)
def test_kill_every_operation_of_every_reopening(reserve: int) -> None:
    """Two crashes in a row, in memory: an operation of the story, then one of the reopening."""
    options, pairs = still(reserve), 0
    firsts = deaths(
        every(stride=4, reads=True),
        lambda: (MemoryFs(), [0]),
        lambda fs, acks: story(fs, options, acks.append),
    )
    for first in firsts:
        left, acked = first.disk.contents(), first.seen[-1]
        seconds = deaths(
            every(start=1 + first.switch.at // 4 % 7, stride=7, reads=True),
            lambda left=left: (MemoryFs.of(left), None),
            lambda fs, _: go_on(fs, options, lambda seq: None),
        )
        for second in seconds:
            assert_survived(second.disk, acked, openings=2)
            pairs += 1
    assert pairs > PAIRS
