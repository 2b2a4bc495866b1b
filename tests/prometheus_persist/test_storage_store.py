"""The store: durable before it returns, honest when the disk is not, whole after any failure."""

from __future__ import annotations

import errno
import random
import threading
from typing import Any

import pytest
from storekit import (
    AGENTS,
    CHANGING,
    START_MS,
    HookFs,
    StillClock,
    digest,
    founding,
    note,
    open_store,
    trade,
)

from chaos.faults.deaths import deaths, every
from prometheus_persist.errors import StoreFailed
from prometheus_persist.journal.archive import unpack
from prometheus_persist.journal.change import Change
from prometheus_persist.journal.projection import unwrap
from prometheus_persist.recovery import restore
from prometheus_persist.state import state_from
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.store import Store, append_log
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()


class Watch:
    """An observer that writes into the same list as the hooked disk."""

    def __init__(self, seen: list[tuple[str, str]]) -> None:
        self.seen = seen

    def begin(self, seq: int, change: dict[str, Any]) -> None:
        self.seen.append(("begin", str(seq)))

    def durable(self, seq: int, elapsed_s: float) -> None:
        self.seen.append(("durable", str(seq)))


def test_store_syncs_before_it_says_durable() -> None:
    """S1: begin, both copies written, the journal synced, and only then durable and the return."""
    seen: list[tuple[str, str]] = []
    fs = HookFs(MemoryFs(), lambda op, path, data: seen.append((op, path.partition("/")[0])))
    store = open_store(fs, CLOCK, Watch(seen))
    seen.clear()
    seq = store.commit(note(1))
    assert seen == [
        ("begin", str(seq)),
        ("write", "incremental"),
        ("write", "mirror"),
        ("fsync", "incremental"),
        ("durable", str(seq)),
    ]


def test_store_acknowledged_commits_survive_any_power_cut() -> None:
    """S1, S2: cut the power before any operation, keeping only what was synced or any legal part
    more: the state is one the store really had, and none that was acknowledged is lost."""
    for one in deaths(
        every(reads=True), lambda: (MemoryFs(), ([], [])), lambda fs, t: play(fs, *t)
    ):
        at, (acks, history) = one.switch.at, one.seen
        for seed in (None, at, -at):
            left = one.disk.after_power_cut(None if seed is None else random.Random(seed))
            found = restore(left, clock=CLOCK)
            legal = [d for seq, d in history if seq >= (acks[-1] if acks else 0)]
            assert found.image.digest() in legal, (at, seed)
            assert found.seq >= (acks[-1] if acks else 0), (at, seed)
            open_store(left, CLOCK).commit(note(77))
            assert restore(left, clock=CLOCK).documents["agents/2"]["n"] == 77
    assert at > 60


def play(fs: Any, acks: list[int], history: list[tuple[int, str]]) -> None:
    """Open, commit, checkpoint, snapshot, commit, close; tells of every state and every ack."""
    store = None
    history.append((0, restore(MemoryFs(), clock=CLOCK).image.digest()))

    class Ahead:
        def begin(self, seq: int, change: dict[str, Any]) -> None:
            ghost = restore(MemoryFs(), clock=CLOCK).image
            if store is not None:
                ghost.documents, ghost.streams = dict(store.image.documents), {}
            ghost.documents.update(change.get("put", {}))
            history.append((seq, ghost.digest()))

        def durable(self, seq: int, elapsed_s: float) -> None:
            acks.append(seq)

    store = open_store(fs, CLOCK, Ahead())
    acks.append(store.tip.seq)
    history.append((store.tip.seq, store.image.digest()))
    for number in range(3):
        store.commit(note(number))
    store.checkpoint()
    store.snapshot(3)
    store.commit(note(3))
    store.close()


def test_store_directories_are_durable_before_the_first_commit() -> None:
    """S1: what holds the journal is itself entered durably, so a power cut cannot take it away."""
    inner = MemoryFs()
    store = open_store(inner, CLOCK)
    store.commit(note(1))
    assert digest(inner.after_power_cut()) == store.image.digest()


def test_store_is_shut_after_close() -> None:
    """A closed store refuses by name; closing twice is fine."""
    inner = MemoryFs()
    store = open_store(inner, CLOCK)
    store.commit(note(1))
    store.close()
    store.close()
    before = inner.contents()
    for call in (lambda: store.commit(note(2)), store.checkpoint, lambda: store.snapshot(3)):
        with pytest.raises(StoreFailed, match="closed"):
            call()
    assert inner.contents() == before


def test_store_what_a_commit_may_hold_fits_every_file() -> None:
    """The deepest document that is committed also fits the snapshot and the readable files."""
    inner = MemoryFs()
    store = open_store(inner, CLOCK)
    store.commit(founding())
    nested: Any = "x"
    for _ in range(77):
        nested = [nested]
    store.commit(Change("deep", put={f"agents/{AGENTS[0]}": {"agent_id": "A", "deep": nested}}))
    store.checkpoint()
    store.snapshot(1)
    assert digest(inner) == store.image.digest()
    assert restore(inner, clock=CLOCK).facts.damages == ()


def test_store_snapshots_are_bounded_and_sort_by_age() -> None:
    """At most as many as are kept, the newest ones, even where the clock stands still or goes back;
    names sort by age, and what is no snapshot is left alone."""
    inner, clock = MemoryFs(), StillClock()
    store = open_store(inner, clock)
    stranger = "snapshots/snapshot_99999999_999999.zip"
    inner.create(stranger)
    taken = []
    for number, move in enumerate((0, 0, 3_600_000, -7_200_000, -1, 10_000_000, 0)):
        clock.ms += move
        store.commit(note(number))
        taken.append(store.snapshot(3))
        names = [f"snapshots/{name}" for name in inner.list_dir("snapshots")]
        assert [name for name in names if name != stranger] == sorted(taken)[-3:] == taken[-3:]
    seqs = [unpack(inner.read(path), path)[1].seq for path in taken[-3:]]
    assert seqs == sorted(seqs)
    assert taken[0] == "snapshots/snapshot_20251203_010000.zip"


def test_store_segments_roll_over() -> None:
    """A full segment is followed by the next in the same epoch; nothing is lost between them."""
    inner = MemoryFs()
    store = open_store(inner, CLOCK, options=StoreOptions(segment_bytes_max=600, mirror="ack"))
    for number in range(20):
        store.commit(note(number))
    names = inner.list_dir("incremental/journal")
    assert len(names) > 3
    assert names == inner.list_dir("mirror") == sorted(names)
    assert digest(inner) == store.image.digest()
    assert restore(inner, clock=CLOCK).facts.damages == ()


def test_store_checkpoint_writes_what_changed_only() -> None:
    """After one trade: that agent's files, the public ledger and the checkpoint; then none."""
    inner, seen = MemoryFs(), []
    fs = HookFs(inner, lambda op, path, data: seen.append(path) if op == "rename" else None)
    store = open_store(fs, CLOCK)
    store.commit(founding())
    assert len(store.checkpoint()) == 9
    state = state_from(store.image.documents)
    store.commit(trade(state, 2))
    seen.clear()
    due = [
        "agents/LiveAgent_01_state.json",
        "private_ledgers/LiveAgent_01.json",
        "public_ledger.json",
    ]
    assert store.checkpoint() == due
    assert seen == [
        f"incremental/{n}" for n in ("public_ledger.json", *due[:2], "checkpoint_latest.json")
    ]
    assert store.checkpoint() == []
    store.close()
    again = open_store(fs, CLOCK)
    assert again.checkpoint() == []
    head, _ = unwrap(
        "checkpoint_latest.json", inner.read("incremental/checkpoint_latest.json"), "f"
    )
    assert len(head["files"]) == 9


def test_store_an_opening_clears_what_a_killed_writer_left() -> None:
    """Temporary files of a writer that was killed do not pile up, and are never read."""
    inner = MemoryFs()
    store = open_store(inner, CLOCK)
    store.commit(founding())
    store.checkpoint()
    store.snapshot(3)
    litter = [f"{path}.tmp" for path in inner.contents()]
    for path in litter:
        inner.create(path).write(b"half a")
    kept = digest(inner)
    assert not restore(inner, clock=CLOCK).facts.damages
    open_store(inner, CLOCK)
    assert not [path for path in inner.contents() if path.endswith(".tmp")]
    assert digest(inner) == kept


def test_store_one_seam_for_everything(tmp_path: Any) -> None:
    """Every file that appears was announced through the seam: nothing goes around it."""
    touched: set[str] = set()

    def see(op: str, path: str, data: bytes) -> None:
        if op in CHANGING:
            touched.add(path)

    store = open_store(HookFs(LocalFs(tmp_path), see), CLOCK)
    store.commit(founding())
    store.checkpoint()
    store.snapshot(2)
    store.close()
    append_log(HookFs(LocalFs(tmp_path), see), "recovery_log.txt", ["x"])
    there = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()}
    assert there
    assert there <= touched


def test_store_log_lines_cannot_be_forged() -> None:
    """A line break of any kind inside a line is escaped, odd text is kept, errors are typed."""
    inner = MemoryFs()
    inner.create("log")
    append_log(inner, "log", ["one\nforged", "two\u2028\x85\rforged", "甲 \ud800"])
    text = inner.read("log").decode()
    assert len(text.splitlines()) == 3
    assert "甲" in text
    assert inner.after_power_cut().read("log").decode() == text

    def fail(op: str, path: str, data: bytes) -> None:
        raise OSError(errno.EIO, "no")

    with pytest.raises(StoreFailed):
        append_log(HookFs(inner, fail), "log", ["x"])


def test_store_is_thread_safe() -> None:
    """Commits from several threads are one chain, each of them whole."""
    inner = MemoryFs()
    store = open_store(inner, CLOCK)

    def work(name: int) -> None:
        for number in range(25):
            store.commit(Change("t", add={f"s{name}": [{"n": number}]}))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = restore(inner, clock=CLOCK)
    assert found.image.digest() == store.image.digest()
    assert {len(rows) for rows in found.streams.values()} == {25}


def test_store_wall_times_order_nothing() -> None:
    """A clock that runs backwards between commits and openings changes no order."""
    inner, clock = MemoryFs(), StillClock(START_MS)
    for number in range(4):
        clock.ms -= 3_600_000
        store: Store = open_store(inner, clock)
        store.commit(Change("n", put={"agents/0": {"n": number}}))
        store.snapshot(2)
        store.close()
    assert restore(inner, clock=clock).documents["agents/0"]["n"] == 3


@pytest.mark.parametrize("doing", ["checkpoint", "snapshot"])
def test_who_was_taken_over_from_puts_no_readable_file_and_no_snapshot_in_place(doing):
    """Stopped between writing and renaming: what the successor has written stays as it is."""
    taken_over = []

    def stopped(operation, path, data):
        if operation == "write" and path.endswith(".tmp"):
            taken_over.append(path)

    def fence():
        if taken_over:
            raise StoreFailed("this writer is fenced off")

    inner = MemoryFs()
    found = restore(inner, clock=CLOCK)
    args = (found.image, found.tip, found.next_epoch, CLOCK, None, {}, None, fence)
    store = Store(HookFs(inner, stopped), *args)
    store.commit(Change("note", {"agents/A": {"agent_id": "A"}}))
    before = set(inner.contents())
    with pytest.raises(StoreFailed, match="fenced off"):
        store.checkpoint() if doing == "checkpoint" else store.snapshot(3)
    assert taken_over
    assert set(inner.contents()) == before
    assert all(path.endswith(".e00000001.tmp") for path in taken_over)
