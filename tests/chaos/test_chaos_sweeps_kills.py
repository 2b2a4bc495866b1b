"""Deaths and power cuts at every operation: nothing acknowledged is lost, nothing is mixed."""

import pytest

from chaos.faults.switch import Death, FaultSwitch, SwitchedFs, SwitchedHandle
from chaos.sweeps import kills, power
from chaos.sweeps.reference_workload import AckLog, live, yard
from chaos.verdict import Outcome
from prometheus_persist.testing import memory_fs
from prometheus_persist.testing.memory_fs import MemoryFs

SEED = 1
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


def test_two_lives_of_one_seed_leave_the_same_commits():
    heard = []
    for _ in range(2):
        ears = AckLog()
        with yard() as grounds:
            live(grounds.plot(), MemoryFs(), ears, SEED)
        assert ears.acked == ears.begun[-1][0]
        heard.append(ears.begun)
    assert heard[0] == heard[1]
    assert len(heard[0]) > 8


@pytest.mark.chaos
def test_sweep_kills():
    """S1, S2, S5 before every operation of three lives, and of their recoveries, sampled."""
    tally = kills.sweep_kills(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.counts["restored exactly"] == tally.counts["reopened and sound"] == tally.fired
    assert tally.counts["kills"] > 150
    assert tally.counts["kills within a write"] > 20
    assert tally.counts["kills during the recovery from a kill"] > 100
    assert tally.counts["kills, during snapshot with clean-up"] > 10
    during = {what.partition("during ")[2] for what in tally.counts if "during " in what}
    assert {"open", "add_agent", "trade", "save", "checkpoint", "snapshot", "close"} <= during


@pytest.mark.chaos
def test_sweep_power_sampled():
    """S1 after a power cut, in the worst case and in any other."""
    tally = power.sweep_power(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.counts["restored exactly"] == tally.fired > 200
    assert tally.counts["cuts: worst"] > 30
    assert tally.counts["cuts: torn"] > 10


def test_a_sync_that_does_nothing_is_caught(monkeypatch):
    monkeypatch.setattr(memory_fs._MemoryHandle, "fsync", lambda self: None)
    monkeypatch.setattr(power, "CI_STRIDE", 29)
    tally = power.sweep_power(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert "acknowledged and lost" in tally.counts


def test_a_directory_that_is_not_synced_is_caught(monkeypatch):
    monkeypatch.setattr(MemoryFs, "fsync_dir", lambda self, path: None)
    monkeypatch.setattr(power, "CI_STRIDE", 29)
    tally = power.sweep_power(SEED, full=False)
    assert tally.outcome is Outcome.FAILED


def test_writes_that_stay_in_the_process_are_caught(monkeypatch):
    """An acknowledgement before the journal has the bytes."""
    real = SwitchedHandle.write
    held = []

    def late(self, data):
        if self._path.endswith(".wal") and len(data) < 100_000:
            held.append(data)
            data = held.pop(0) if len(held) > 4 else b""
        real(self, data)

    monkeypatch.setattr(SwitchedHandle, "write", late)
    monkeypatch.setattr(kills, "CI_STRIDE", 5003)
    monkeypatch.setattr(kills, "CI_TEAR_STRIDE", 61)
    monkeypatch.setattr(kills, "LIVES", kills.LIVES[:1])
    kills.disks_before(SEED)
    tally = kills.sweep_kills(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert tally.counts["acknowledged and lost"] + tally.counts["refused"] > 10


@pytest.mark.parametrize("kind", ["die", "tear"])
def test_a_dead_process_touches_nothing(kind):
    disk, switch = MemoryFs(), FaultSwitch(kind, at=2)
    fs = SwitchedFs(disk, switch)
    handle = fs.create("f")
    with pytest.raises(Death):
        handle.write(b"0123456789")
    left = disk.contents()
    assert left == {"f": b"" if kind == "die" else b"01234"}
    for act in (
        lambda: handle.write(b"x"),
        handle.fsync,
        lambda: fs.create("g"),
        lambda: fs.unlink("f"),
        lambda: fs.read("f"),
        lambda: fs.list_dir("."),
    ):
        with pytest.raises(Death):
            act()
    assert disk.contents() == left
    assert (switch.fired, switch.struck) == (1, "write f")


def test_a_sticky_error_stays_until_it_is_lifted():
    disk, switch = MemoryFs(), FaultSwitch("errno", at=2, sticky=True)
    fs = SwitchedFs(disk, switch)
    fs.make_dir("a")
    for _ in range(3):
        with pytest.raises(OSError, match="injected"):
            fs.make_dir("b")
    switch.lift()
    fs.make_dir("b")
    assert switch.fired == 3
    assert disk.list_dir(".") == ["a", "b"]
