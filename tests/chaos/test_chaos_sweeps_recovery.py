"""A recovery killed at every step, and every fault of the exchange while it lasts."""

import pytest

from chaos.faults.wire import WireSwitch
from chaos.saboteurs import CAUGHT_BY_SWEEP, RECONCILERS
from chaos.saboteurs.reconcilers import sabotaged
from chaos.sweeps import exchange_fault_sweep, recovery_sweep
from chaos.sweeps.catalogue import SWEEPS
from chaos.sweeps.outage_fixture import booked_twice, differences, timeless
from chaos.verdict import Outcome

SEED = 1
SEEN_AS = {
    "failed-read-is-flat": "other books",
    "booked-again": "booked twice",
    "owner-by-size": "another owner",
}
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_a_recovery_killed_at_every_step_brings_the_same_books(chaos_seed):
    tally = recovery_sweep.sweep_recovery(chaos_seed, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.counts["the same books"] == tally.fired > 50
    assert tally.counts["processes killed"] == recovery_sweep.CI_CHILDREN
    for what in ("before an operation", "within a write", "before a request", "after an answer"):
        assert tally.counts[f"kills {what}"] > 3, what
    assert sum(count for what, count in tally.counts.items() if what.startswith("again, ")) > 8


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_a_fault_of_the_exchange_ends_in_the_same_books_or_in_none(chaos_seed):
    tally = exchange_fault_sweep.sweep_venue_faults(chaos_seed, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.counts["cases"] == exchange_fault_sweep.CI_CASES == tally.counts["the same books"]
    assert tally.counts["seen through"] > 10
    assert tally.counts["stopped: incomplete"] > 5
    assert {f"fired: {rule}" for rule in exchange_fault_sweep.RULES} <= set(tally.counts)


def test_every_wrong_reconciler_has_its_sweep():
    assert set(CAUGHT_BY_SWEEP) == set(SEEN_AS) == set(RECONCILERS)
    assert set(CAUGHT_BY_SWEEP.values()) <= set(SWEEPS)


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("saboteur", RECONCILERS)
def test_the_named_sweep_catches_a_wrong_reconciler(saboteur, monkeypatch):
    monkeypatch.setattr(recovery_sweep, "CI_STRIDE", 61)
    monkeypatch.setattr(recovery_sweep, "CI_CHILDREN", 1)
    unread = [
        exchange_fault_sweep.FaultCase(
            "error_before, okx", exchange_fault_sweep.POSITIONS, "for good"
        ),
        exchange_fault_sweep.FaultCase("delay", exchange_fault_sweep.POSITIONS, "once"),
    ]
    monkeypatch.setattr(exchange_fault_sweep, "sampled", lambda _every, _seed: unread)
    with sabotaged(saboteur):
        tally = SWEEPS[CAUGHT_BY_SWEEP[saboteur]](SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert any(problem.startswith(SEEN_AS[saboteur]) for problem in tally.problems), tally.problems
    honest = SWEEPS[CAUGHT_BY_SWEEP[saboteur]](SEED, full=False)
    assert honest.problems == []


def test_a_rule_that_strikes_nothing_is_told(monkeypatch):
    """Fourteen calls of one endpoint are never made."""
    never = [exchange_fault_sweep.FaultCase("refuse", "account/balance", "once", 14)]
    monkeypatch.setattr(exchange_fault_sweep, "sampled", lambda _every, _seed: never)
    tally = exchange_fault_sweep.sweep_venue_faults(SEED, full=False)
    assert tally.problems == ["struck nothing: refuse at account/balance, call 14, once"]
    assert tally.outcome is Outcome.FAILED


@pytest.mark.parametrize("moment", ["before", "after"])
def test_the_wire_dies_at_its_request_and_counts_the_others(moment):
    class Client:
        asked = ()

        def fetch(self, url, method="GET", headers=None, body=None):
            self.asked += (url,)
            if "bad" in url:
                raise ValueError("refused")
            return url

    died = []
    wire = WireSwitch(2, moment, die=died.append)
    client = wire.onto(Client())
    assert client.fetch("http://x/api/v5/a/b") == "http://x/api/v5/a/b"
    with pytest.raises(ValueError, match="refused"):
        client.fetch("http://x/api/v5/bad?q=1", "POST")
    client.fetch("http://x/api/v5/c")
    assert died == [f"{moment} request 2 (bad)"]
    assert wire.log == ["GET a/b", "POST bad", "GET c"]


def test_books_are_compared_by_what_they_say_and_not_by_when():
    def books(px="1", ts=5, seen=7, rows=("a", "b")):
        return {
            "documents": {"agents/x": {"px": px, "updated_ms": ts}, "watermark": {"n": seen}},
            "streams": {"public_trades": [{"fill_id": row, "ts_ms": ts} for row in rows]},
        }

    same = timeless(books(ts=9, seen=8, rows=("b", "a")))
    assert differences(same, timeless(books())) == []
    assert differences(timeless(books(px="2")), timeless(books())) == [
        "/documents/agents/x/px: 2 is not 1"
    ]
    assert booked_twice(books(rows=("a", "a"))) == ["public_trades: a"]
    assert booked_twice(books()) == []
