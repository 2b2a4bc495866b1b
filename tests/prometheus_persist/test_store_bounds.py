"""S10: what a restore reads and holds grows with the live data, and not with how long it has run.

Counted through the ``Fs`` seam, in bytes and files, and in traced memory: no clock is looked at.
And what is hostile costs no memory before it is refused.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from storekit import START_MS, HookFs, StillClock, open_store
from test_journal_archive import HOSTILE as HOSTILE_ARCHIVES
from test_state_exactjson import HOSTILE as HOSTILE_TEXTS

from prometheus_persist.errors import StoreDamaged
from prometheus_persist.journal.archive import unpack
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore
from prometheus_persist.state.exact_json import loads
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.testing.memory_fs import MemoryFs

HOSTILE_BYTES_MAX = 64 * 1024 * 1024
BETWEEN_SNAPSHOTS = 40
RESERVE = 4096
LIVE, LONG = 60, 8


@dataclass(frozen=True)
class Cost:
    """What one restore took."""

    bytes_read: int
    files_read: int
    frames: int
    held_bytes: int
    on_disk_bytes: int


@cache
def lived(agents: int, commits: int, history_hours: float) -> dict[str, bytes]:
    """A store of so many agents after so many commits, each of which changes one of them."""
    fs, clock = MemoryFs(), StillClock(START_MS, step_ms=1000)
    options = StoreOptions(mirror="ack", segment_bytes_max=20_000, reserve_bytes=RESERVE)
    store = open_store(fs, clock, options=options)
    names = [f"agents/{number}" for number in range(agents)]
    store.commit(Change("all", put={name: {"n": 0, "x": "x" * 400} for name in names}))
    for number in range(commits):
        name = names[number % agents]
        store.commit(Change("one", put={name: {"n": number, "x": "x" * 400}}))
        if number % BETWEEN_SNAPSHOTS == BETWEEN_SNAPSHOTS - 1:
            store.snapshot(2, history_hours=history_hours)
    for number in range(BETWEEN_SNAPSHOTS // 2):
        store.commit(Change("tail", put={names[0]: {"n": -number, "x": ""}}))
    store.checkpoint()
    return fs.contents()


def cost(agents: int, commits: int, history_hours: float = 24.0) -> Cost:
    files = lived(agents, commits, history_hours)
    read: list[int] = []

    def count(op: str, path: str, data: bytes) -> None:
        if op == "read":
            read.append(len(files[path]))

    fs = HookFs(MemoryFs.of(files), count)
    gc.collect()
    tracemalloc.start()
    try:
        found = restore(fs, clock=StillClock(START_MS))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(found.documents) == agents
    size = sum(len(data) for data in files.values())
    return Cost(sum(read), len(read), found.facts.frames_replayed, peak, size)


@pytest.mark.parametrize("history_hours", [0.0, 24.0])
def test_bounds_a_restore_does_not_grow_with_uptime(history_hours: float) -> None:
    """Eight times the commits, the same live data: as many bytes, files, frames and as much memory,
    also where all of the past is kept and the directory has grown with it."""
    young = cost(LIVE, 5 * BETWEEN_SNAPSHOTS, history_hours)
    old = cost(LIVE, LONG * 5 * BETWEEN_SNAPSHOTS, history_hours)
    if history_hours:
        assert old.on_disk_bytes > 4 * young.on_disk_bytes
    else:
        assert old.on_disk_bytes < 1.5 * young.on_disk_bytes
    assert old.frames <= BETWEEN_SNAPSHOTS
    assert old.files_read <= young.files_read + 2
    slack = 2 * (20_000 + 2 * RESERVE)  # one segment more or less, in two copies
    assert old.bytes_read <= 1.1 * young.bytes_read + slack
    assert old.held_bytes <= 1.2 * young.held_bytes + slack


def test_bounds_a_restore_grows_no_faster_than_the_live_data() -> None:
    """Eight times the agents: at most eight times the bytes and the memory, and a little."""
    small = cost(LIVE, 5 * BETWEEN_SNAPSHOTS)
    large = cost(LONG * LIVE, 5 * BETWEEN_SNAPSHOTS)
    assert large.bytes_read <= 1.2 * LONG * small.bytes_read
    assert large.held_bytes <= 1.2 * LONG * small.held_bytes
    assert large.held_bytes > 2 * small.held_bytes, "nothing was measured"


def peak_of(act: Callable[[], Any]) -> int:
    gc.collect()
    tracemalloc.start()
    try:
        with pytest.raises(StoreDamaged):
            act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_bounds_what_is_hostile_costs_little_memory() -> None:
    """Each archive and each text that is refused is refused below 64 MB, its own bytes included."""
    for name, make in HOSTILE_ARCHIVES.items():
        data = make()
        peak = len(data) + peak_of(lambda data=data: unpack(data, "snap.zip"))
        assert peak < HOSTILE_BYTES_MAX, name
    for name, (text, _) in HOSTILE_TEXTS.items():
        peak = len(text) + peak_of(lambda text=text: loads(text, "f.json"))
        assert peak < HOSTILE_BYTES_MAX, name
