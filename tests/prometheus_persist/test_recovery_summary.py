"""``status`` says what a restore would say, and does not read what it does not show."""

from __future__ import annotations

import hashlib
import io
import json
import random
import zipfile
from typing import Any

import pytest
from storekit import StillClock, founding, open_store, trade

from prometheus_persist.errors import PersistError
from prometheus_persist.journal import archive, records
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore, summary, verify
from prometheus_persist.state import state_from
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.state.exact_json import dumps
from prometheus_persist.state.store_facts import store_facts
from prometheus_persist.storage.fs import Fs
from prometheus_persist.storage.layout import COPIES, SNAPSHOTS
from prometheus_persist.testing.memory_fs import MemoryFs


def lived(seed: int, steps: int = 14) -> MemoryFs:
    """A store that somebody lived in: trades, freezes, snapshots, checkpoints, openings."""
    rng, fs, clock = random.Random(seed), MemoryFs(), StillClock(step_ms=7)
    store = open_store(fs, clock)
    store.commit(founding())
    state = state_from(store.image.documents)
    for number in range(steps):
        match rng.choice(["trade", "trade", "more", "freeze", "snapshot", "checkpoint", "open"]):
            case "trade":
                store.commit(trade(state, number))
            case "more":
                store.commit(Change("x", add={"orphan_fills": [{"n": number}] * 3}))
            case "freeze":
                held = {f"I-{number}": {"reason": "x"}} if rng.random() < 0.7 else {}
                freeze = {"instruments": held, "everything": rng.random() < 0.3}
                intent = {"n": number}
                store.commit(Change("x", put={"freeze": freeze, f"intents/c{number}": intent}))
            case "snapshot":
                store.snapshot(2)
            case "checkpoint":
                store.checkpoint()
            case "open":
                store.close()
                store = open_store(fs, clock)
    store.close()
    return fs


def told(fs: Fs) -> Any:
    """What ``summary`` says, or what it raises."""
    try:
        found = summary(fs, clock=StillClock())
    except PersistError as problem:
        return type(problem), str(problem)
    facts = found.facts
    return (
        (facts.seq, facts.epoch, facts.last_save_ms, facts.fresh),
        (found.held.cycles, found.held.agents, found.records, found.held.open_intents),
        (found.frozen, found.everything, found.snapshots),
        found.held,
    )


def due(fs: Fs) -> Any:
    """The same, by a full restore."""
    try:
        found = restore(fs, clock=StillClock())
    except PersistError as problem:
        return type(problem), str(problem)
    facts, documents = found.facts, found.documents
    freeze = documents.get("freeze", {})
    return (
        (facts.seq, facts.epoch, facts.last_save_ms, facts.fresh),
        (
            documents.get("supervisor", {}).get("system_cycle_count", 0),
            len([key for key in documents if key.startswith("agents/")]),
            len(list(found.streams.get(PUBLIC_TRADES, []))),
            len([key for key in documents if key.startswith("intents/")]),
        ),
        (
            tuple(sorted(freeze.get("instruments", {}))),
            bool(freeze.get("everything")),
            tuple(fs.list_dir(SNAPSHOTS)),
        ),
        store_facts(documents),
    )


@pytest.mark.parametrize("seed", range(12))
def test_summary_says_what_a_restore_says(seed: int) -> None:
    """After every life, and with any one file deleted, emptied, cut or of another's bytes; a
    snapshot's records apart, which are not read: there a restore takes an older base."""
    fs, rng = lived(seed), random.Random(seed)
    assert told(fs) == due(fs)
    contents = fs.contents()
    for path in contents:
        other = rng.choice(list(contents))
        data = contents[path]
        for changed in (None, b"", data[: len(data) // 2], contents[other]):
            harmed = {**contents, path: changed}
            harmed_fs = MemoryFs.of({name: d for name, d in harmed.items() if d is not None})
            assert told(harmed_fs) == due(harmed_fs), path


def test_summary_of_nothing_is_a_fresh_start() -> None:
    """As in a restore."""
    assert told(MemoryFs.of({})) == due(MemoryFs.of({}))
    assert summary(MemoryFs.of({})).facts.fresh


def store_with_a_snapshot() -> MemoryFs:
    fs, clock = MemoryFs(), StillClock(step_ms=7)
    store = open_store(fs, clock)
    store.commit(founding())
    state = state_from(store.image.documents)
    for number in range(5):
        store.commit(trade(state, number))
    store.checkpoint()
    store.snapshot(3)
    store.commit(trade(state, 5))
    store.close()
    return fs


def test_summary_decodes_no_record_of_a_snapshot_and_reads_no_agents_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it costs does not depend on how many trades there ever were."""
    fs = store_with_a_snapshot()
    want, read = due(fs), []
    for name in ("blocks", "held_blocks"):
        monkeypatch.setattr(archive, name, lambda *_: pytest.fail("records were read"))
    monkeypatch.setattr(records, "block_of", lambda *_: pytest.fail("records were made"))
    inner = fs.read

    def watched(path: str) -> bytes:
        read.append(path)
        return inner(path)

    monkeypatch.setattr(fs, "read", watched)
    assert told(fs) == want
    folders = {path.rpartition("/")[0] for path in read}
    assert folders == {"incremental", SNAPSHOTS, *COPIES}


def rewritten(data: bytes, change: Any) -> bytes:
    """The archive with another manifest, sealed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "manifest.json":
                manifest = json.loads(content)
                del manifest["sha256"]
                change(manifest)
                manifest["sha256"] = hashlib.sha256(dumps(manifest)).hexdigest()
                content = dumps(manifest)
            new.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("said", [None, {}, {"public_trades": "5"}, {"public_trades": True}])
def test_summary_counts_where_a_snapshot_does_not_say(said: Any) -> None:
    """One of an older version: everything is read, and the count is right."""
    fs = store_with_a_snapshot()
    contents = fs.contents()
    (path,) = [name for name in contents if name.startswith(SNAPSHOTS)]

    def change(manifest: Any) -> None:
        del manifest["records"]
        if said is not None:
            manifest["records"] = said

    changed = MemoryFs.of({**contents, path: rewritten(contents[path], change)})
    assert told(changed)[1][2] == 6
    assert told(changed) == due(changed)


def test_a_snapshot_that_counts_its_records_wrong_is_damaged() -> None:
    """``verify`` names it; a restore takes what is right."""
    fs = store_with_a_snapshot()
    contents = fs.contents()
    (path,) = [name for name in contents if name.startswith(SNAPSHOTS)]
    wrong = rewritten(contents[path], lambda m: m["records"].update(public_trades=6))
    changed = MemoryFs.of({**contents, path: wrong})
    found = verify(changed, clock=StillClock())
    assert [(each.file, each.problem) for each in found.facts.damages] == [
        (path, "holds not as many records as its manifest says")
    ]
    assert len(found.restored.streams[PUBLIC_TRADES]) == 6
