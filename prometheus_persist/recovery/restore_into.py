"""Putting a restored moment into a store of its own, leaving the old one untouched.

The new store is built beside its place, under ``<name>.partial``, and moved there when it is whole,
so that a crash leaves no half a store under the name that was asked for. It is made for its owner
alone, and marked until it is in its place: what a crash left is recognised and made anew; a
directory of that name with anything in it, or a link, that somebody else made is left alone. Raises
``BadConfig`` where something is there already.

Its commits bear the time of the one that was restored: that is when this state was last saved, and
when the outage began, whenever the copy was made.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadConfig
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import Tip
from prometheus_persist.recovery.ladder import Restored
from prometheus_persist.state import PrivateLedger, PublicAccount, state_from
from prometheus_persist.state.documents import document
from prometheus_persist.storage.fs import DIR_MODE, FILE_MODE, LocalFs, make_root
from prometheus_persist.storage.heard import heard
from prometheus_persist.storage.store import Store

RECORDS_PER_COMMIT = 10_000
MARK = "made_by_restore"
_WITH_AGENTS = ("registry", "valhalla", "freeze", "watermark")


@dataclass(frozen=True, slots=True)
class _Then:
    """A clock that shows one moment; everything else is the real one's."""

    clock: Clock
    ms: int

    def now_ms(self) -> int:
        """That moment."""
        return self.ms

    def monotonic_s(self) -> float:
        """The real clock's."""
        return self.clock.monotonic_s()

    def sleep(self, seconds: float) -> None:
        """The real clock's."""
        self.clock.sleep(seconds)


def write_into(restored: Restored, directory: Path, clock: Clock) -> int:
    """Make ``directory`` a store that holds this state; returns its newest sequence."""
    _refuse_taken(directory)
    with _building(directory) as partial:
        # The epoch goes on counting, so that no clOrdId of the old store is ever issued again.
        then = _Then(clock, restored.facts.last_save_ms)
        store = Store(heard(LocalFs(partial)), Image(), Tip(), restored.next_epoch, then)
        try:
            for change in _changes(restored):
                store.commit(change)
            store.checkpoint()
        finally:
            store.close()
        if directory.exists():
            directory.rmdir()
        partial.rename(directory)  # marked: killed before it, what is left is known as our own
        LocalFs(directory.parent).fsync_dir(".")
        (directory / MARK).unlink()
    return store.tip.seq


def _refuse_taken(directory: Path) -> None:
    """Raise BadConfig where no directory of that name can be put in place."""
    for folder in (directory, *directory.parents):
        if (folder.exists() and not folder.is_dir()) or directory.is_symlink():
            raise BadConfig(f"{folder} is a link, or no directory; name a new one")
    if directory.exists() and any(directory.iterdir()):
        raise BadConfig(f"{directory} is not empty; name a new directory")


@contextlib.contextmanager
def _building(directory: Path) -> Iterator[Path]:
    """An empty directory beside ``directory``, with our mark, which is locked for as long as it is
    built there; raises BadConfig for a stranger's, and where another restore is at it."""
    partial = directory.with_name(f"{directory.name}.partial")
    if partial.is_symlink() or not _is_ours(partial):
        raise BadConfig(
            f"{partial} is in the way, and was not made by a restore; move it elsewhere"
        )
    make_root(partial)
    mark = os.open(partial / MARK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    try:
        if not _locks(mark, partial / MARK):
            raise BadConfig(f"another restore is building {directory} at this moment; wait for it")
        with contextlib.suppress(OSError):  # a file system may know of no modes
            partial.chmod(DIR_MODE)
        for each in partial.iterdir():
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each)
            elif each.name != MARK:
                each.unlink()
        yield partial
    finally:
        os.close(mark)


def _locks(mark: int, path: Path) -> bool:
    """Whether the mark is ours now, and still the one that has the name."""
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(mark), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def _is_ours(partial: Path) -> bool:
    """Whether it is not there, empty, or marked."""
    if not partial.is_dir():
        return not partial.exists()
    return (partial / MARK).is_file() or not any(partial.iterdir())


def agents_only(restored: Restored) -> Restored:
    """The agents, the registry and Valhalla; every agent with empty books of its capital.

    Left out: records, positions, open intents, rankings. Kept: the freeze, and the watermark, so
    that what the exchange did before is not taken for new.
    """
    state = state_from(restored.documents)
    put = {
        key: item
        for key, item in restored.documents.items()
        if key in _WITH_AGENTS or key.startswith("agents/")
    }
    for name, agent in state.agents.items():
        money = {"agent_id": name, "capital": agent.current_capital}
        put[f"private_ledgers/{name}"] = document(PrivateLedger.model_validate(money))
        put[f"public_accounts/{name}"] = document(PublicAccount.model_validate(money))
    image = Image(put, {}, restored.image.seq, restored.image.time_ms)
    return replace(restored, image=image)


def _changes(restored: Restored) -> Iterator[Change]:
    why = f"copied from commit {restored.seq}"
    yield Change(why, put=restored.documents)
    for name in sorted(restored.streams):
        records = restored.streams[name]
        for start in range(0, len(records), RECORDS_PER_COMMIT):
            yield Change(why, add={name: records[start : start + RECORDS_PER_COMMIT]})
