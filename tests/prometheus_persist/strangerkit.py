"""A store that is written and left, and what may lie in its directory and is no file."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from storekit import StillClock, crash, open_store

from prometheus_persist.journal.change import Change
from prometheus_persist.state import Agent, Supervisor
from prometheus_persist.state.documents import document
from prometheus_persist.storage.fs import LocalFs


def commit(fs: LocalFs, numbers: range) -> tuple[int, str]:
    """Open, commit, and stop as after a crash; the last sequence and the state's digest."""
    store = open_store(fs, StillClock())
    for number in numbers:
        name = f"A{number % 3}"
        agent = Agent(agent_id=name, trade_count=number)
        store.commit(Change("n", put={f"agents/{name}": document(agent)}))
    crash(store)
    return store.tip.seq, store.image.digest()


def snapshot(fs: LocalFs) -> None:
    store = open_store(fs, StillClock())
    store.snapshot(3)
    store.commit(Change("n", put={"supervisor": document(Supervisor())}))
    crash(store)


Make = Callable[[Path], object]


def plug(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


IRREGULAR: dict[str, Make] = {
    "a FIFO": os.mkfifo,
    "a socket": plug,
    "a directory": Path.mkdir,
    "a link": lambda path: path.symlink_to(path.parent / "target"),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to nothing": lambda path: path.symlink_to(path.parent / "none"),
}
