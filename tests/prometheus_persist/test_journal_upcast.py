"""Every store that was ever written is read by every later version; a newer one is refused."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path

import pytest
from storekit import StillClock, founding, open_store, trade

from prometheus_persist.errors import StoreDamaged, StoreNewer
from prometheus_persist.journal import archive, upcast
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import Tip
from prometheus_persist.recovery import restore, verify
from prometheus_persist.state import state_from
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.storage import committer
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.testing.memory_fs import MemoryFs

GOLDEN = Path(__file__).parent.parent / "golden"
CLOCK = StillClock()
NEXT = upcast.SCHEMA + 1


@pytest.mark.parametrize("told", sorted(GOLDEN.glob("format_*.json")), ids=lambda path: path.stem)
def test_upcast_golden_stores_are_restored_to_the_digest_of_their_time(told: Path) -> None:
    """Each commit of each golden store, by its number, and nothing of it is damaged."""
    due = json.loads(told.read_text("utf-8"))
    fs = LocalFs(told.with_suffix(""))
    found = verify(fs, clock=CLOCK)
    assert (found.sound, found.facts.seq) == (True, due["seq"])
    state_from(found.restored.documents)
    assert len(due["digests"]) >= 6
    if due["schema"] == upcast.SCHEMA:
        for seq, digest in due["digests"].items():
            assert restore(fs, seq=int(seq), clock=CLOCK).image.digest() == digest


def test_upcast_there_is_a_golden_store_of_every_schema() -> None:
    """Whoever raises the schema adds its store and the step that leads to it."""
    made = {json.loads(path.read_text("utf-8"))["schema"] for path in GOLDEN.glob("format_*.json")}
    assert made == set(range(1, upcast.SCHEMA + 1))
    assert upcast.UPCASTERS.keys() == set(range(1, upcast.SCHEMA))


def test_upcast_the_script_makes_the_same_state_again(tmp_path: Path) -> None:
    """The golden store of the present schema is what the committed script writes."""
    sys.path.insert(0, str(GOLDEN))
    try:
        import make_golden
    finally:
        sys.path.remove(str(GOLDEN))
    due = json.loads((GOLDEN / f"format_{upcast.SCHEMA}.json").read_text("utf-8"))
    assert make_golden.make(tmp_path / "again") == due


def step(name: str, item: JsonObject) -> JsonObject:
    if name == "supervisor" and "system_cycle_count" in item:
        return {**item, "system_cycle_count": item["system_cycle_count"] + 100}
    return {**item, "qty": "7"} if name == "public_trades" else item


@pytest.fixture
def next_schema(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A library one schema ahead."""
    for module in (upcast, archive):
        monkeypatch.setattr(module, "SCHEMA", NEXT)
    monkeypatch.setattr(upcast, "UPCASTERS", {**upcast.UPCASTERS, NEXT - 1: step})
    return monkeypatch


def old_store(*, snapshot: bool) -> MemoryFs:
    fs = MemoryFs()
    store = open_store(fs, CLOCK)
    store.commit(founding())
    store.commit(trade(state_from(store.image.documents), 1))
    if snapshot:
        store.snapshot(3)
    store.commit(Change("c", put={"supervisor": {"system_cycle_count": 4}}))
    store.commit(Change("c", set={"supervisor": {"system_cycle_count": 5}}))
    store.close()
    return fs


@pytest.mark.parametrize("snapshot", [False, True])
def test_upcast_an_older_store_comes_back_in_the_present_schema(
    snapshot: bool, request: pytest.FixtureRequest
) -> None:
    """From frames and from snapshots, each document and record once; what the new version writes
    behind it is not taken through the step again."""
    fs = old_store(snapshot=snapshot)
    before = fs.contents()
    request.getfixturevalue("next_schema")
    for _ in range(2):
        found = restore(fs, clock=CLOCK)
        assert found.documents["supervisor"]["system_cycle_count"] == 105
        assert [record["qty"] for record in found.streams["public_trades"]] == ["7"]
        assert fs.contents() == before
    store = open_store(fs, CLOCK)
    store.commit(Change("c", put={"supervisor": {"system_cycle_count": 6}}))
    assert restore(fs, clock=CLOCK).documents["supervisor"]["system_cycle_count"] == 6
    store.snapshot(3)
    assert restore(fs, clock=CLOCK).image.digest() == store.image.digest()
    store.close()
    found = restore(fs, seq=5, clock=CLOCK)
    assert found.documents["supervisor"]["system_cycle_count"] == 105


@pytest.mark.parametrize("snapshot", [False, True])
def test_upcast_a_newer_store_is_refused_by_name(
    snapshot: bool, next_schema: pytest.MonkeyPatch
) -> None:
    """Not damage, not a fresh start, nothing written: upgrade."""
    fs = old_store(snapshot=snapshot)
    before = fs.contents()
    next_schema.undo()
    with pytest.raises(
        StoreNewer, match=f"schema {NEXT}, this version reads up to {NEXT - 1}"
    ) as caught:
        restore(fs, clock=CLOCK)
    assert caught.value.next_step == "next.store_newer"
    assert fs.contents() == before


@pytest.mark.parametrize("schema", [0, -1, True, "1", None, 1.0])
def test_upcast_a_schema_that_is_no_version_is_damage(schema: object) -> None:
    """Only a whole number from 1 on is one; without any, it is the first."""
    with pytest.raises(StoreDamaged, match="not a version"):
        upcast.schema_in({"schema": schema}, "here")
    assert upcast.schema_in({}, "here") == 1


def test_upcast_every_writer_names_its_schema() -> None:
    """In the first frame of every segment, and in every snapshot."""
    assert upcast.schema_of(upcast.opening("x.wal"), "x.wal") == upcast.SCHEMA
    assert committer.opening is upcast.opening
    with zipfile.ZipFile(io.BytesIO(archive.pack(Image(), Tip()))) as packed:
        assert json.loads(packed.read("manifest.json"))["schema"] == upcast.SCHEMA
