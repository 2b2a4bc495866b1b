"""An hour of trading compressed: descriptors, memory, disk and restores stay within bounds."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from chaos.sweeps import soak
from chaos.sweeps.catalogue import SWEEPS, remarks, run_sweeps, samples_table, sweeps_table
from chaos.sweeps.soak import sweep_soak
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome
from prometheus_persist.session import Session

SEED = 1
NOTHING = {"seq": 0, "seconds": 0.0, "frames": 0, "items": 1}


@pytest.mark.chaos
def test_sweep_soak_shortened():
    tally = sweep_soak(SEED, full=False)
    out = io.StringIO()
    Console(file=out, width=160).print(samples_table(tally))
    print(out.getvalue())
    if tally.skipped:
        pytest.skip(tally.skipped)
    assert tally.outcome is Outcome.PASSED, tally.problems
    assert tally.fired == soak.CI_COMMITS
    assert len(tally.rows) == soak.CI_SAMPLES == tally.counts["restored exactly"]
    assert tally.rows[-1]["commits"] == soak.CI_COMMITS
    assert tally.rows[-1]["simulated s"] == pytest.approx(soak.CI_COMMITS / 50, abs=30)
    assert "descriptors" in out.getvalue()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")
def test_a_leaked_descriptor_and_a_leak_of_memory_are_caught(monkeypatch):
    """Three harms at once: a descriptor, a megabyte and a forgotten commit now and then."""
    leaks = []
    real = Session.checkpoint

    def leaky(self):
        leaks.append((open("/dev/null"), bytearray(b"x" * 40_000_000)))  # noqa: PTH123, SIM115
        return real(self)

    monkeypatch.setattr(Session, "checkpoint", leaky)
    monkeypatch.setattr(soak, "CI_COMMITS", 1_200)
    monkeypatch.setattr(soak, "CYCLE_EVERY", 200)
    monkeypatch.setattr(soak, "_restored_elsewhere", lambda *_: NOTHING)
    tally = sweep_soak(SEED, full=False)
    for file, _ in leaks:
        file.close()
    assert tally.outcome is Outcome.FAILED
    assert {"descriptors leaked", "memory grew", "another commit restored"} <= set(tally.counts)


def test_a_restore_that_slows_down_or_replays_it_all_is_caught():
    """Ten times as slow for as much, and a tail that no snapshot ever cuts."""
    row = {"descriptors": 9, "RSS MB": 45.0, "disk MB": 2.0, "items": 50}
    rows = [
        {**row, "commits": 10_000 * n, "replayed": replayed, "restore CPU ms": ms}
        for n, replayed, ms in ((1, 900, 100.0), (2, 900, 1_100.0), (3, 90_000, 5_000.0))
    ]
    for upto, caught in ((1, ""), (2, "restores slow down"), (3, "a long tail")):
        tally = Tally("soak", SEED, full=False, rows=rows[:upto])
        soak._judge(tally, 30_000)
        assert bool(tally.problems) == bool(caught)
        assert not caught or caught in tally.counts


def test_all_sweeps_are_run_and_told(monkeypatch):
    for name in list(SWEEPS):

        def fake(seed, *, full, name=name):
            tally = Tally(name, seed, full)
            tally.struck("x", 3)
            return tally

        monkeypatch.setitem(SWEEPS, name, fake)
    heard = []
    tallies = run_sweeps("all", 9, full=True, told=heard.append)
    names = [
        *("bits", "files", "kills", "power", "errors", "interrupt", "fsync", "repair", "strace"),
        *("soak", "recovery", "exchange", "meanwhile", "lock", "fork", "copies", "hostile"),
        "attach",
    ]
    assert [tally.name for tally in tallies] == [tally.name for tally in heard] == names
    out = io.StringIO()
    Console(file=out, width=120).print(sweeps_table(tallies, "zh"))
    assert all(f"{name} --full" in out.getvalue() for name in names)
    assert remarks(tallies[0]) == []
