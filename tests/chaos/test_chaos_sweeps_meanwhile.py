"""Something else happens in the middle of a call; mistakes that only then show are planted."""

import threading
from pathlib import Path

import pytest

from chaos.faults import between
from chaos.faults.between import ActingFs, Between, Other
from chaos.saboteurs.planted import SWEPT, planted
from chaos.sweeps import meanwhile_sweep
from chaos.sweeps.meanwhile_deeds import DEEDS, KINDS, SCENES
from chaos.sweeps.meanwhile_sweep import TRACED, MeanwhileRun, play
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome
from prometheus_persist.session import Session
from prometheus_persist.testing.memory_fs import MemoryFs

SCENE = {scene.name: scene for scene in SCENES}
DEED = {deed.name: deed for deed in DEEDS}


@pytest.mark.chaos
@pytest.mark.timeout(200)
def test_sweep_meanwhile(chaos_seed):
    """Every deed in every call that it fits, at points of every kind, sampled."""
    tally = meanwhile_sweep.sweep_meanwhile(chaos_seed, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.fired == tally.counts["as it should be"] == meanwhile_sweep.CI_RUNS
    assert {f"during {scene.name}" for scene in SCENES} <= set(tally.counts)
    assert {f"{deed.name}, at {kind}" for deed in DEEDS for kind in deed.kinds} <= set(tally.counts)


def near(mistake, grounds):
    """What the points that a mistake is near to come to, one after the other."""
    counts = play(Tally("", 1, full=False), grounds, MeanwhileRun(SCENE[mistake.scene]))
    for kind, at, what in counts.log:
        if mistake.near in what:
            tally = Tally("meanwhile", 1, full=False)
            play(tally, grounds, MeanwhileRun(SCENE[mistake.scene], DEED[mistake.deed], kind, at))
            assert tally.fired
            yield from tally.problems


@pytest.mark.chaos
@pytest.mark.timeout(100)
@pytest.mark.parametrize("name", SWEPT)
def test_a_mistake_that_shows_in_the_middle_is_seen(name):
    """Two threads at once, or another process: each of these passes every test with only one."""
    mistake = SWEPT[name]
    with yard() as grounds, planted(mistake):
        assert any(each.startswith(f"{mistake.seen_as}: ") for each in near(mistake, grounds))


@pytest.mark.timeout(30)
def test_a_deadlock_is_a_finding_and_no_hang(monkeypatch):
    """The caller waits for ever for what the other holds: told within the time that is given."""
    monkeypatch.setattr(between, "LONG_S", 0.3)
    never = threading.Event()
    monkeypatch.setattr(Session, "checkpoint", lambda self: never.wait())
    tally = Tally("meanwhile", 1, full=False)
    with yard() as grounds:
        play(tally, grounds, MeanwhileRun(SCENE["save"], DEED["checkpoint"], "operation", 1))
    never.set()
    assert tally.problems == [
        "deadlock: save, checkpoint at operation 1 (write incremental/journal/"
        "e00000002_s00000000000005.wal): the other does not come to an end"
    ]


def test_points_are_those_of_the_watched_thread_and_numbered_by_kind():
    struck, numbers = [], Between("done", 2, lambda: struck.append(list(numbers.log)))
    disk = ActingFs(MemoryFs(), numbers)
    disk.make_dir("before")
    with numbers.watched():
        disk.make_dir("a")
        stranger = Other(lambda: disk.make_dir("b"), "stranger")
        stranger.start()
        assert stranger.ended()
        assert disk.list_dir(".") == ["a", "b", "before"]
    assert numbers.struck == "list_dir ."
    assert struck == [numbers.log]
    assert [(kind, at) for kind, at, _ in numbers.log] == [
        ("operation", 1), ("done", 1), ("operation", 2), ("done", 2),
    ]  # fmt: skip
    assert numbers.counts["every operation"] == 4


def test_who_waits_is_let_wait_and_who_works_is_let_finish():
    """The caller goes on when the other is held up, and not before it is done otherwise."""
    lock, done = threading.Lock(), []

    def waits():
        with lock:
            done.append("waited")

    with lock:
        held = Other(waits, "held")
        held.start()
        held.stand_still()
        assert done == []
    assert held.ended()
    busy = Other(lambda: done.append(sum(range(3_000_000))), "busy")
    busy.start()
    busy.stand_still()
    assert done == ["waited", sum(range(3_000_000))]


def test_every_kind_of_point_comes():
    counts = Tally("", 1, full=False)
    with yard() as grounds:
        found = {
            kind
            for scene in ("save", "settle")
            for kind in play(counts, grounds, MeanwhileRun(SCENE[scene])).counts
        }
    assert set(KINDS) <= set(found)
    assert counts.problems == []


def test_what_is_struck_between_its_lines_is_there():
    """A file that moved would be passed over without a word."""
    assert {Path(name).parent.name for name in TRACED} == {
        "saving",
        "session",
        "storage",
        "reconcile",
    }
    assert all(Path(name).is_file() for name in TRACED)
