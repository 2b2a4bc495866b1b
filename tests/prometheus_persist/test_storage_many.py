"""Readable files of very many agents: few syncs of directories, no more in memory than a batch."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from storekit import HookFs, StillClock, open_store

from chaos.faults.deaths import deaths, every, rehearsed
from prometheus_persist.journal.change import Change
from prometheus_persist.journal.projection import CHECKPOINT, unwrap
from prometheus_persist.recovery import restore
from prometheus_persist.state import Agent, PrivateLedger, Registry
from prometheus_persist.state.documents import PUBLIC_TRADES, document, private_trades
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.store import Store
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()
READABLE = "incremental/"


def founded(agents: int, trades: int) -> Change:
    """Agents with both ledgers' records, in one commit."""
    names = [f"A{number}" for number in range(agents)]
    registry = Registry(store_id="t3st")
    for name in names:
        registry = registry.assign(name)
    put = {"registry": document(registry)}
    for name in names:
        put[f"agents/{name}"] = document(Agent(agent_id=name))
        put[f"private_ledgers/{name}"] = document(PrivateLedger(agent_id=name))
    rows = [{"fill_id": str(n), "agent_id": names[n % agents]} for n in range(agents * trades)]
    add = {PUBLIC_TRADES: rows}
    for row in rows:
        add.setdefault(private_trades(row["agent_id"]), []).append(row)
    return Change("birth", put=put, add=add)


@pytest.mark.parametrize("agents", [3, 300])
def test_a_checkpoint_syncs_each_directory_once_however_many_agents(agents: int) -> None:
    """Once for its files, and the uppermost once more for the checkpoint file, which is last."""
    inner, synced, files = MemoryFs(), Counter[str](), Counter[str]()

    def note(op: str, path: str, data: bytes) -> None:
        synced[path] += op == "fsync_dir"
        files[op] += op in ("fsync", "rename")

    store = open_store(HookFs(inner, note), CLOCK)
    store.commit(founded(agents, 101))
    store.flush()
    synced.clear()
    files.clear()
    names = store.checkpoint()
    below = [f"{READABLE}{name}" for name in ("agents", "private_ledgers", "records")]
    assert {path: count for path, count in synced.items() if count} == {
        **dict.fromkeys(below, 1),
        "incremental": 2,
    }
    assert files["rename"] == len(names) + 1
    assert len(names) >= 3 * agents  # an agent, its ledger, a sealed chunk of its records
    assert restore(inner, clock=CLOCK).facts.damages == ()


def test_a_cut_in_a_checkpoint_of_many_agents_leaves_every_file_old_or_new() -> None:
    """Whatever thread synced which, and wherever the power went: whole files, and a whole state."""
    made = MemoryFs()
    store = open_store(made, CLOCK)
    store.commit(founded(12, 3))
    store.checkpoint()
    store.commit(Change("x", add={private_trades(f"A{n}"): [{"fill_id": "x"}] for n in range(12)}))
    digest = store.image.digest()

    def fresh() -> tuple[MemoryFs, Store]:
        disk = made.clone()
        return disk, open_store(disk, CLOCK)

    def life(fs: Fs, again: Store) -> None:
        again._fs = fs
        again.checkpoint()

    assert rehearsed(fresh, life) > 12 * 4
    for one in deaths(every(), fresh, life):
        left = one.disk.after_power_cut(random.Random(one.switch.at))
        assert restore(left, clock=CLOCK).image.digest() == digest
        for path, data in left.contents().items():
            name = path.removeprefix(READABLE)
            if path.startswith(READABLE) and path.endswith(".json") and name != CHECKPOINT:
                unwrap(name, data, path)
