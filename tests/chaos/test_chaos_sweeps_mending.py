"""A repair that is stopped, cut off or failed anywhere loses nothing and can be begun again."""

import pytest

import prometheus_persist.recovery.repair as repairing
from chaos.sweeps import repair_sweep
from chaos.sweeps.reference_workload import reference
from chaos.sweeps.repair_sweep import loss_case, sweep_repair, unread_case, whole_case
from chaos.verdict import Outcome

SEED = 1
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.mark.chaos
def test_sweep_repair_sampled():
    """S5 for every public operation of a repair, with and without a loss that was accepted."""
    tally = sweep_repair(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.counts["kills"] > 15
    assert tally.counts["kills within a write"] > 15
    assert tally.counts["power cuts"] > 60
    assert tally.counts["a typed error was raised"] > 30
    assert tally.counts["repaired and sound"] == tally.fired + 3


def test_the_cases_hurt_every_kind_of_file():
    whole = reference(SEED).files
    case = whole_case(SEED)
    hurt = {name for name in whole if case.files.get(name) != whole[name]}
    assert sum(name.startswith("incremental/journal/") for name in hurt) == 1
    assert sum(name.startswith("mirror/") for name in hurt) == 1
    assert sum(name.endswith(".json") for name in hurt) == 2
    assert sum(name.endswith(".zip") for name in hurt) == 1
    unread = unread_case(SEED)
    assert {name.rpartition("/")[0] for name in unread.unread} == {
        *("incremental", "snapshots", "mirror"),
    }
    assert unread.files == whole
    loss = loss_case(SEED)
    assert loss.seq < case.seq
    assert loss.digest != case.digest


@pytest.mark.parametrize("broken", ["set_aside", "fsync"])
def test_a_repair_that_keeps_nothing_is_caught(monkeypatch, broken):
    """Bytes that were not set aside, and a new file that was not synced."""
    if broken == "set_aside":
        monkeypatch.setattr(repairing, "set_aside", lambda *_, **__: None)
    else:
        monkeypatch.setattr(repair_sweep.SwitchedFs, "fsync_dir", lambda self, path: None)
    monkeypatch.setattr(repair_sweep, "CI_STRIDE", 11)
    tally = sweep_repair(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    if broken == "set_aside":
        assert tally.counts["a damaged file's bytes are gone"] > 5
