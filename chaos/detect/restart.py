"""The world's books in a store, and a process that starts on them: a real session.

The store lies on a disk in memory; only its lock is a file. What ``Restart`` opens is what a
trader opens after a crash: it locks, restores, takes over as a new epoch, and its gate is shut
until it has recovered. ``files`` are the store's bytes, and several processes may start on copies
of them, one after the other: the exchange is only read by a recovery.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from chaos.detect.world import SETTINGS, World
from prometheus_persist.exchange import OkxReader
from prometheus_persist.reconcile.apply import Applied
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.saving import Trigger
from prometheus_persist.session import Session
from prometheus_persist.storage.fs import Fs
from prometheus_persist.testing.memory_fs import MemoryFs

Files = Mapping[str, bytes]


def stored(world: World, directory: Path | None = None) -> Files:
    """A store with the world's books in it; its files where it is made in memory."""
    disk = MemoryFs() if directory is None else None
    with _opened(world, disk, directory) as session:
        told = Applied(world.state, world.streams)
        session._context.commit_of(lambda: told, Trigger.RECONCILE)
    return {} if disk is None else disk.contents()


@contextlib.contextmanager
def _opened(world: World, disk: Fs | None, directory: Path | None = None) -> Iterator[Session]:
    """A session that lets go in the end, without a last save."""
    place = directory or Path(tempfile.mkdtemp(prefix="chaos-detect-", dir=fast()))
    session = Session.open(place, fs=disk, clock=world.clock, settings=SETTINGS)
    try:
        yield session
    finally:
        session.close(save=False)
        if directory is None:
            shutil.rmtree(place, ignore_errors=True)


def fast() -> str | None:
    """Where a directory is made that only a lock lies in."""
    fast = Path("/dev/shm")  # noqa: S108 only a lock lies there, in a directory of its own
    return str(fast) if fast.is_dir() else None


class Restart:
    """A process that has just started, and what it was told last."""

    def __init__(
        self,
        world: World,
        session: Session,
        disk: MemoryFs | None,
        reader: OkxReader | None = None,
    ) -> None:
        self.world, self.session, self._disk = world, session, disk
        self.reader = reader or world.reader()
        self.facts: RecoveryFacts | None = None

    @property
    def files(self) -> Files:
        """What is durable."""
        return {} if self._disk is None else self._disk.contents()

    def recover(self, adopt_account: str = "") -> RecoveryFacts:
        """What a start does before it trades."""
        self.facts = self.session.recover(self.reader, adopt_account=adopt_account)
        return self.facts

    def approve(self, plan_hash: str, choices: Mapping[str, str] | None = None) -> RecoveryFacts:
        """A human's word for a plan."""
        self.facts = self.session.approve(self.reader, plan_hash, choices)
        return self.facts


@contextlib.contextmanager
def restarted(world: World, files: Files) -> Iterator[Restart]:
    """A process on a copy of these files, for as long as the block lasts."""
    disk = MemoryFs.of(files)
    with _opened(world, disk) as session:
        yield Restart(world, session, disk)
