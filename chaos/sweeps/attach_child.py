"""A process with an attached host, which says each hook: what the sweep ``attach`` SIGKILLs.

``python -m chaos.sweeps.attach_child STORE MORE`` attaches, takes so many steps more with a save
behind each, and ends. A line at a time it says::

    here STEP DIGEST          attached; what the host is now
    begun STEP                a step was taken, its save begins
    done STEP                 it is saved
    end STEP DIGEST UNSAVED   the last one; how many objects a look at everything finds unsaved
    raised WHAT               an exception
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Final

from chaos.sweeps.attach_fixture import saves, seen
from chaos.workload.attached_host import MODULES, Client, founded
from prometheus_persist import Settings, attach

SETTINGS: Final = Settings(save_every_cycles=1, snapshot_every_s=2)
"""A snapshot now and then, so that some of them are struck as well."""


def live(store: Path, more: int, to: int, *, die_at: int = 0, sparing: bool = False) -> None:
    """Say it to this descriptor; ``die_at`` this step, behind its save, by its own SIGKILL;
    ``sparing``: with a save at each cycle only."""
    try:
        _live(store, more, to, die_at, sparing)
    except Exception as problem:  # noqa: BLE001 it is what is judged
        _say(to, "raised", f"{type(problem).__name__}: {problem}".replace("\n", " ")[:400])


def _live(store: Path, more: int, to: int, die_at: int, sparing: bool) -> None:
    floor = founded()
    p = attach(floor, store, MODULES, bound=[Client], settings=SETTINGS)
    _say(to, "here", floor.steps, seen(floor))
    last = floor.steps + more
    while floor.steps < last:
        what, agent_id = floor.step()
        _say(to, "begun", floor.steps)
        if what == "cycle" or not sparing:
            saves(p, what, agent_id)
        _say(to, "done", floor.steps)
        if floor.steps == die_at:
            os.kill(os.getpid(), signal.SIGKILL)
    unsaved = len(p.check()) - len(p.late)  # what was late is saved since
    p.close()
    _say(to, "end", floor.steps, seen(floor), unsaved)


def _say(to: int, *words: object) -> None:
    os.write(to, (" ".join(map(str, words)) + "\n").encode())


if __name__ == "__main__":
    live(Path(sys.argv[1]), int(sys.argv[2]), sys.stdout.fileno())
