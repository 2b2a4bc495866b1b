"""Other processes, children and copies: the sweeps are green, and red for what is planted."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from chaos.saboteurs.planted import SHARED, planted
from chaos.sweeps import copies_sweep, fork_sweep, lock_sweep
from chaos.sweeps.catalogue import SWEEPS
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(200)]


ALONE = """
import json, sys
from chaos.saboteurs.planted import SHARED, planted
from chaos.sweeps import fork_sweep
from chaos.sweeps.catalogue import run_sweep
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.tally import Tally
name, seed = sys.argv[1], int(sys.argv[2])
if name in SHARED:
    tally = Tally("fork", seed, full=False)
    with yard() as grounds, planted(SHARED[name]):
        fork_sweep.forked(tally, grounds, "idle", "save")
else:
    tally = run_sweep(name, seed, full=False)
print(json.dumps(tally.to_json()))
"""


def alone(name, seed):
    """What a sweep that forks comes to, in a process that has no threads of somebody else's."""
    command = [sys.executable, "-c", ALONE, name, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_sweep_lock(chaos_seed):
    """In the middle of an opening, in races of real processes, and where a take-over fails."""
    tally = alone("lock", chaos_seed)
    print(tally)
    assert tally["outcome"] == "passed", tally["problems"]
    counts = tally["counts"]
    assert counts["races"] == lock_sweep.CI_RACES
    assert sum(counts.get(f"in the middle: {each}", 0) for each in lock_sweep.MEETINGS) > 30
    assert counts["take-overs that failed"]
    assert counts["repairs that are taken over from"] > 10


def test_sweep_fork(chaos_seed):
    """Every deed of a child at every moment, and parents that are killed."""
    tally = alone("fork", chaos_seed)
    print(tally)
    assert tally["outcome"] == "passed", tally["problems"]
    counts = tally["counts"]
    deeds = sum(counts[f"deeds of a child, {moment}"] for moment in fork_sweep.MOMENTS)
    assert deeds == len(fork_sweep.DEEDS) * len(fork_sweep.MOMENTS)
    assert counts["parents killed while a child lives"] == len(fork_sweep.MOMENTS)


@pytest.mark.parametrize("name", [name for name, one in SHARED.items() if one.scene == "fork"])
def test_a_mistake_with_a_child_is_seen(name):
    tally, seen = alone(name, 1), SHARED[name].seen_as
    assert any(each.startswith(f"{seen}: ") for each in tally["problems"]), tally["problems"]


def test_sweep_copies(chaos_seed):
    """Copies in every way, sampled; what is no copy, and what is moved, whole."""
    tally = SWEEPS["copies"](chaos_seed, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    refused = sum(count for what, count in tally.counts.items() if what.startswith("copies: "))
    assert refused + tally.counts["copies that share a lock"] == copies_sweep.CI_COPIES
    assert all(tally.counts[f"moved: {deed}"] == 2 for deed in copies_sweep.DEEDS)
    assert tally.counts["damaged marks"] > 10


@pytest.mark.parametrize("name", [name for name, one in SHARED.items() if one.scene == "copies"])
def test_a_mistake_with_a_copy_is_seen(name):
    tally, seen = Tally("copies", 1, full=False), SHARED[name].seen_as
    with yard() as grounds, planted(SHARED[name]):
        copies_sweep.copied(tally, grounds, "cp -a", "freeze", living=False)
    assert any(each.startswith(f"{seen}: ") for each in tally.problems), tally.problems[:5]
    assert any("the original's mirror" in each for each in tally.problems)


def of_the_lock(name):
    """The part of the sweep that sees this mistake."""
    tally = Tally("lock", 1, full=True)
    with yard() as grounds, planted(SHARED[name]):
        stage = lock_sweep.LockStage(grounds)
        if name == "lock-by-name":
            meeting = lock_sweep.Meeting(held=False, first=False, second=True)
            lock_sweep.within(tally, stage, [meeting])
        elif name == "repairs-unfenced":
            lock_sweep.mending(tally, stage)
        else:
            lock_sweep.failing(tally, stage)
    return tally


@pytest.mark.parametrize("name", [name for name, one in SHARED.items() if one.scene == "lock"])
def test_a_mistake_with_the_lock_is_seen(name):
    tally = of_the_lock(name)
    seen = SHARED[name].seen_as
    assert any(each.startswith(f"{seen}: ") for each in tally.problems), tally.problems[:5]
