"""Same commands, same times: same truth, whatever the process and its string hashes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fakeokx_sessions import Session, snapshot

from fakeokx.engine.commands import Command, decode, encode
from fakeokx.engine.refusals import Reason
from fakeokx.engine.step import changed, step
from fakeokx.engine.venue import Venue

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import hashlib
from fakeokx_sessions import Session, snapshot

digest = hashlib.sha256()
kinds = set()

def seen(command, events):
    digest.update(repr((command, events)).encode())
    kinds.update(type(event).__name__ for event in events)

for seed in range(6):
    session = Session(seed)
    session.run(300, seen)
    digest.update(snapshot(session.venue).encode())
print(len(kinds), digest.hexdigest())
"""
EVENT_KINDS_MIN = 15  # so that a session that does nothing cannot pass


def digest(hash_seed: str) -> str:
    path = os.pathsep.join((str(ROOT), str(Path(__file__).parent)))
    env = {**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_truth_and_events_do_not_depend_on_process_or_hash_seed() -> None:
    said = {digest("1"), digest("2"), digest("12345")}
    assert len(said) == 1
    assert int(said.pop().split()[0]) >= EVENT_KINDS_MIN


@pytest.mark.parametrize("seed", range(100, 108))
def test_replaying_only_what_changed_the_venue_gives_the_same_venue(seed: int) -> None:
    """What a ledger keeps is enough: refused and idle commands use nothing up, not even an id."""
    session = Session(seed)
    kept: list[tuple[Command, int]] = []

    def seen(command: Any, events: tuple[Any, ...]) -> None:
        if not any(isinstance(event, Reason) for event in events) and changed(events):
            kept.append((command, session.now_ms))

    session.run(400, seen)
    venue = session.venue
    again = Venue(seed=venue.seed, first_cash_quote=venue.first_cash_quote)
    for command, now_ms in kept:
        step(again, decode(encode(command)), now_ms)
    assert snapshot(again) == snapshot(venue)
    assert len(kept) > 100


def test_a_refused_command_leaves_the_venue_as_it_was() -> None:
    session = Session(7)
    states = [snapshot(session.venue)]
    refused = 0

    def seen(_command: Any, events: tuple[Any, ...]) -> None:
        nonlocal refused
        now = snapshot(session.venue)
        if any(isinstance(event, Reason) for event in events) or not changed(events):
            assert now == states[-1]
            refused += 1
        states[:] = [now]

    session.run(250, seen)
    assert refused > 30
