"""Strangers in a store's directory: the sweep is green, and red for what is planted."""

from __future__ import annotations

import pytest

from chaos.saboteurs.planted import SHARED, planted
from chaos.sweeps import hostile
from chaos.sweeps.catalogue import SWEEPS
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.strangers import FOLDERS, KINDS, Stranger, strangers
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
PLANTED = {name: one for name, one in SHARED.items() if one.scene == "hostile"}


def test_sweep_hostile(chaos_seed):
    """A sample of every manner, each in a process with bounded memory and time."""
    tally = SWEEPS["hostile"](chaos_seed, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.fired == hostile.CI_STRANGERS + 1
    assert tally.counts["restored whole"] == tally.fired


def test_hostile_strangers_are_of_every_kind_in_every_place():
    """No kind and no folder is left out, and no stranger comes twice."""
    found = list(strangers(["snapshots/x.zip"]))
    assert len(set(found)) == len(found)
    assert {each.kind for each in found if each.manner == "beside"} == set(KINDS)
    assert {each.path for each in found if each.manner == "in place"} >= set(FOLDERS)
    assert len(found) > 250


@pytest.mark.parametrize("name", PLANTED)
def test_a_mistake_with_a_stranger_is_seen(name, monkeypatch):
    where, _, kind = PLANTED[name].near.partition(": ")
    manner, _, path = where.rpartition(" ")
    monkeypatch.setattr(hostile, "SECONDS_MAX", 20)
    stranger = Stranger(manner, path, kind)
    tally = Tally("hostile", 1, full=False)
    with yard() as grounds:
        pattern = grounds.plot()
        acked = hostile.found_store(pattern / "store")
        with planted(PLANTED[name]):
            hostile.met(tally, grounds, pattern, stranger, acked)
    seen = PLANTED[name].seen_as
    assert any(each.startswith(f"{seen}: ") for each in tally.problems), tally.problems[:5]
