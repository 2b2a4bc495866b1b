"""A call that is interrupted at any bytecode did nothing, finishes, or shuts the session."""

from __future__ import annotations

from itertools import takewhile

import pytest

from chaos.saboteurs.planted import planted
from chaos.saboteurs.struck import STRUCK
from chaos.sweeps import elsewhere
from chaos.sweeps.interrupt_calls import FINISHED, NOTHING, SHUT
from chaos.sweeps.interrupt_sweep import CALLS, points_of, strike, sweep_interrupt
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome
from prometheus_persist.storage import collecting

SEED = 1


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_sweep_interrupt():
    """S1, S2, S7 for every public call, at a sample of its bytecodes, and for real signals."""
    tally = sweep_interrupt(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    struck = {name.partition(": ")[0] for name in tally.counts}
    assert set(CALLS) <= struck
    assert {f"in all: {outcome}" for outcome in (NOTHING, FINISHED, SHUT)} <= set(tally.counts)
    for signal in ("SIGALRM", "SIGINT"):
        assert sum(n for name, n in tally.counts.items() if name.startswith(signal)) >= 120
    assert tally.counts["SIGALRM: a second one at once"] > 0


def near(call, part, grounds):
    """The points of a call in the functions whose name has this in it."""
    for _ in range(5):  # at times another thread writes what this one waits for
        found = [each for each in points_of(CALLS[call], grounds, SEED) if part in str(each)]
        if found:
            break
    assert found, f"{call} never comes to {part}"
    return found


@pytest.mark.chaos
@pytest.mark.timeout(100)
@pytest.mark.parametrize("name", STRUCK)
def test_a_mistake_that_only_an_interrupted_call_shows_is_seen(name, monkeypatch):
    """Each of these passes every test in which nobody presses Ctrl+C."""
    monkeypatch.setattr(elsewhere, "HANG_S", 3.0)
    mistake, tally = STRUCK[name], Tally("interrupt", SEED, full=False)
    with yard() as grounds, planted(mistake):
        points = near(mistake.scene, mistake.near, grounds)
        strike(tally, mistake.scene, grounds, takewhile(lambda _: not tally.problems, points))
    print(tally.to_json())
    assert any(each.startswith(f"{mistake.seen_as}: ") for each in tally.problems)


@pytest.mark.chaos
@pytest.mark.timeout(100)
@pytest.mark.parametrize("name", STRUCK)
def test_where_the_mistakes_would_show_there_is_none(name):
    """The very points at which they are seen, in the library as it is."""
    mistake, tally = STRUCK[name], Tally("interrupt", SEED, full=False)
    with yard() as grounds:
        strike(tally, mistake.scene, grounds, near(mistake.scene, mistake.near, grounds)[::5])
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]


@pytest.mark.chaos
@pytest.mark.timeout(100)
def test_the_collector_is_on_again_wherever_a_call_is_struck(monkeypatch):
    """It is held off while much is taken in, and a few records here are much."""
    monkeypatch.setattr(collecting, "MANY_OBJECTS", 1)
    tally = Tally("interrupt", SEED, full=False)
    with yard() as grounds:
        points = near("settle", "collecting.py", grounds) + near("settle", "contextlib.py", grounds)
        strike(tally, "settle", grounds, points)
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert any("meanwhile" in str(each) for each in points)
    assert tally.fired >= 50
