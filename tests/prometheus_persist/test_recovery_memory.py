"""What reading a store takes in memory: what is alive at its end, and little more on the way."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from storekit import StillClock, founding, open_store

from prometheus_persist.clock import SystemClock
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore, summary, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.recovery.verifying import stored_images
from prometheus_persist.state.documents import PUBLIC_TRADES
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import LocalFs

ROWS, PER_COMMIT, SEGMENT_BYTES = 16_000, 100, 256 * 1024
TIMES_MAX = 1.5


def row(number: int) -> dict[str, Any]:
    return {f"field_{name}": f"value {number * 7919 % 10_007} of {name}" for name in range(16)}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same rows three times: with no snapshot, with one at the end, and with three."""
    found = {}
    for kind, at in (("journal", ()), ("one", (ROWS,)), ("three", (ROWS - 1000, ROWS - 500, ROWS))):
        root = found[kind] = tmp_path_factory.mktemp(kind)
        options = StoreOptions(segment_bytes_max=SEGMENT_BYTES, reserve_bytes=0)
        store = open_store(LocalFs(root), SystemClock(), options=options)
        store.commit(founding())
        for start in range(0, ROWS, PER_COMMIT):
            rows = [row(number) for number in range(start, start + PER_COMMIT)]
            store.commit(Change("x", add={PUBLIC_TRADES: rows}))
            if start + PER_COMMIT in at:
                store.snapshot(9)
        store.checkpoint()
        store.close()
    return found


def peak(act: Callable[[], Any]) -> tuple[int, Any]:
    gc.collect()
    tracemalloc.start()
    try:
        found = act()
        return tracemalloc.get_traced_memory()[1], found
    finally:
        tracemalloc.stop()


COMMANDS: dict[str, Callable[[LocalFs], Any]] = {
    "restore": restore,
    "verify": verify,
    "repair": lambda fs: repair(fs, SystemClock(), dry_run=True),
    "snapshots": stored_images,
    "status": summary,
}


@pytest.fixture(scope="module")
def live(stores: dict[str, Path]) -> int:
    """The text of everything that is there, in bytes."""
    image = restore(LocalFs(stores["one"])).image
    return sum(len(block.text) for block in image.streams[PUBLIC_TRADES].blocks())


@pytest.mark.parametrize("kind", ["journal", "one", "three"])
@pytest.mark.parametrize("command", COMMANDS)
def test_reading_a_store_takes_little_more_than_what_it_holds(
    monkeypatch: pytest.MonkeyPatch, stores: dict[str, Path], live: int, command: str, kind: str
) -> None:
    """Neither the journal nor a second base is there as well, however many there are."""
    monkeypatch.setattr("prometheus_persist.journal.archive.AHEAD_BYTES", 64 * 1024)
    monkeypatch.setattr("prometheus_persist.storage.segments.KEPT_BYTES_MAX", 0)
    COMMANDS[command](LocalFs(stores[kind]))  # what is made once
    taken, _ = peak(lambda: COMMANDS[command](LocalFs(stores[kind])))
    whole = command in ("restore", "verify", "repair") or kind == "journal"
    limit = TIMES_MAX if whole and command != "snapshots" else 0.5
    assert taken < limit * live, f"{taken / live:.2f} times what is alive"


def test_what_is_read_again_is_checked_again(tmp_path: Path) -> None:
    """A journal that changes between the two looks is named, and nothing of it is taken in."""
    from prometheus_persist.errors import StoreDamaged
    from prometheus_persist.storage.segments import read_segments

    root = LocalFs(tmp_path)
    store = open_store(root, StillClock())
    store.commit(founding())
    store.close()
    (path,) = (tmp_path / "incremental/journal").iterdir()
    segments = read_segments(root)
    frame = segments.frames[1]
    assert frame.payload.startswith(b'{"why":"birth"')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prometheus_persist.storage.segments.KEPT_BYTES_MAX", -1)
        segments = read_segments(root)
        again = segments.frames[1]
        read_segments(root)
        data = bytearray(path.read_bytes())
        data[again.offset + 90] ^= 1
        path.write_bytes(data)
        again.source("mirror/" + path.name)  # the other copy takes the place of the kept one
        with pytest.raises(StoreDamaged, match="changed while it was read"):
            _ = again.payload
