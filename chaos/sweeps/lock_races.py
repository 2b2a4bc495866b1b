"""Real processes race for one store, again and again: who opens, who takes over, who writes.

``RACERS`` processes are forked off once. In every race each has a part: the holder opens first and
saves on; the others open, or take over, all at the same moment. Whoever is in saves a little, waits
until all have tried, and saves once more. What each was told is reported, and the disk is judged
when all have let go.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from random import Random
from typing import Final, Literal

from chaos.workers import end_with
from prometheus_persist.errors import PersistError, StoreFailed
from prometheus_persist.session import Session, Settings

Part = Literal["holds", "opens", "takes over", "opens and closes"]
PARTS: Final[tuple[Part, ...]] = ("opens", "takes over", "takes over", "opens and closes")
RACERS = 3
SAVES = 3
LATE_S_MAX = 0.003
SECONDS_MAX = 60
SETTINGS: Final = Settings(background=False)


@dataclass(frozen=True, slots=True)
class RaceTold:
    """What one racer was told: ``acked`` is its last count that is durable, ``last`` whether it
    could still write when all were in."""

    part: Part
    epoch: int = 0
    acked: int = 0
    last: bool = False
    refused: str = ""


@contextlib.contextmanager
def racers() -> Iterator[list[Connection]]:
    """The processes, each at the other end of a pipe: a store and a part in, what it was told out.

    Forked off, so that a mistake that is planted here is in them as well.
    """
    forking = multiprocessing.get_context("fork")
    gate, pipes, processes = forking.Barrier(RACERS), [], []
    for number in range(RACERS):
        ours, theirs = forking.Pipe()
        process = forking.Process(
            target=_race, args=(os.getpid(), number, theirs, gate), daemon=True
        )
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield pipes
    finally:
        for pipe in pipes:
            pipe.close()
        for process in processes:
            process.join(1)
            process.kill()


def race(pipes: list[Connection], store: Path, chance: Random) -> list[RaceTold]:
    """One race; raises TimeoutError where a racer does not come to an end."""
    for number, pipe in enumerate(pipes):
        part: Part = "holds" if number == 0 and chance.random() < 0.5 else chance.choice(PARTS)
        pipe.send((str(store), part, chance.random() * LATE_S_MAX))
    found = []
    for pipe in pipes:
        if not pipe.poll(SECONDS_MAX):
            raise TimeoutError("a racer hangs")
        found.append(pipe.recv())
    return found


def agent_of(number: int) -> str:
    """Whose trades this racer counts."""
    return f"R{number}"


def _race(parent: int, number: int, pipe: Connection, gate: Barrier) -> None:
    end_with(parent)
    with contextlib.suppress(EOFError, OSError):
        while True:
            store, part, late_s = pipe.recv()
            pipe.send(_run(number, Path(store), part, late_s, gate))


def _run(number: int, store: Path, part: Part, late_s: float, gate: Barrier) -> RaceTold:
    session, acked, refused, last = None, 0, "", False
    if part == "holds":
        session = Session.open(store, settings=SETTINGS)
    gate.wait()
    time.sleep(late_s)
    try:
        if session is None:
            session = Session.open(store, settings=SETTINGS, take_over=part == "takes over")
        for _ in range(SAVES):
            acked = _count(session, number)
    except PersistError as problem:
        refused = f"{type(problem).__name__}: {problem}"
    if session is not None and part == "opens and closes":
        with contextlib.suppress(StoreFailed):
            session.close(save=False)
    gate.wait()
    if session is not None:
        with contextlib.suppress(PersistError):
            acked, last = _count(session, number), True
    gate.wait()
    epoch = session.epoch if session is not None else 0
    if session is not None:
        with contextlib.suppress(PersistError):
            session.close(save=False)
    return RaceTold(part, epoch, acked, last, refused)


def _count(session: Session, number: int) -> int:
    """One more trade of this racer's agent, durable; how many there are."""
    agent = session.state.agents[agent_of(number)]
    agent.trade_count += 1
    session.save("race")
    return agent.trade_count
