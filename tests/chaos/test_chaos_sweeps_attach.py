"""An attached host, struck while it saves: the sweep is green, and red for what is planted."""

from __future__ import annotations

import pytest

from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import planted
from chaos.sweeps import attach_sweep
from chaos.verdict import Outcome
from chaos.workload.attached_host import SENTINEL

SEED = 1
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture(autouse=True)
def lived_anew():
    """What the library as it is leaves is no fixture for a broken one."""
    attach_sweep._lives.cache_clear()
    yield
    attach_sweep._lives.cache_clear()


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(attach_sweep, "CI_STRIDES", {"die": 67, "tear": 997})


@pytest.mark.timeout(300)
def test_sweep_attach():
    """Exact (S8) under kills, power cuts and second kills, sampled; the future too (I10)."""
    tally = attach_sweep.sweep_attach(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.counts["restored exactly"] == tally.fired
    assert tally.counts["hosts restored exactly, and going on the same"] > 100
    assert {"kills", "kills within a write", "cuts: worst", "kills as the host is restored"} <= set(
        tally.counts
    )
    during = {what.partition("kills, during ")[2] for what in tally.counts}
    assert {"attach", "trade", "cycle", "death", "decided", "snapshot", "close"} <= during


@pytest.mark.parametrize("name", HOSTED)
def test_a_mistake_in_keeping_a_host_is_seen(name, few, monkeypatch):
    if name == "live-class-missed":  # only between two looks at everything
        monkeypatch.setitem(attach_sweep.CI_STRIDES, "die", 23)
    with planted(HOSTED[name]):
        tally = attach_sweep.sweep_attach(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert HOSTED[name].seen_as in tally.counts, tally.problems[:3]


def test_a_secret_in_a_file_is_seen(few, monkeypatch):
    """The host's own key, S11."""
    monkeypatch.setattr(attach_sweep, "SENTINEL", "名")
    assert SENTINEL != "名"
    tally = attach_sweep.sweep_attach(SEED, full=False)
    assert "a secret is in a file" in tally.counts
