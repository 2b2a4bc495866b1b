"""A time-out that a handler raises is an OSError, too: nobody takes it for the disk's."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from storekit import HookFs, StillClock, open_store

from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import restore
from prometheus_persist.recovery.repair import repair
from prometheus_persist.storage.fs import LocalFs
from prometheus_persist.storage.store import append_log
from prometheus_persist.testing.memory_fs import MemoryFs

CLOCK = StillClock()


def note(number: int) -> Change:
    return Change("note", put={"agents/0": {"n": number}})


def busy_store() -> MemoryFs:
    """With all that a store may have: snapshots, a base, readable files, two segments, a log."""
    inner = MemoryFs()
    for life in range(3):
        store = open_store(inner, CLOCK)
        for number in range(3):
            store.commit(note(10 * life + number))
        store.checkpoint()
        store.snapshot(1)
        store.commit(note(10 * life + 9))
        store.close()
    return inner


COURSES: dict[str, Callable[[Any], object]] = {
    "restore": lambda fs: restore(fs, clock=CLOCK),
    "restore, thorough": lambda fs: restore(fs, clock=CLOCK, thorough=True),
    "repair": lambda fs: repair(fs, CLOCK),
    "a life": lambda fs: _life(fs),
}


def _life(fs: Any) -> None:
    store = open_store(fs, CLOCK)
    store.commit(note(99))
    store.checkpoint()
    store.snapshot(1)
    append_log(fs, "recovery_log.txt", ["line"])
    store.close()


@pytest.mark.parametrize("course", COURSES)
def test_whatever_the_disk_is_asked_a_handlers_time_out_comes_up_as_it_is(course: str) -> None:
    """At every single operation: no damage, no other copy, no error of the disk is made of it."""
    contents, strikes = busy_store().contents(), 0
    for number in itertools.count():
        asked: list[str] = []

        def strike(
            operation: str, path: str, _: bytes, asked: Any = asked, at: int = number
        ) -> None:
            asked.append(f"{operation} {path}")
            if len(asked) == at + 1:
                raise TimeoutError("a handler's")

        try:
            COURSES[course](HookFs(MemoryFs.of(contents), strike))
        except TimeoutError:
            strikes += 1
            continue
        assert len(asked) <= number, f"swallowed: {asked[number]}"
        break
    assert strikes > 10


def test_a_time_out_within_the_sync_of_reserved_space_is_no_error_of_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = LocalFs(tmp_path).create("f")

    def alarmed(_: int) -> None:
        raise TimeoutError("a handler's")

    with monkeypatch.context() as interrupted:
        interrupted.setattr("os.fsync", alarmed)
        with pytest.raises(TimeoutError, match="a handler's"):
            handle.reserve(4096)
    handle.close()
