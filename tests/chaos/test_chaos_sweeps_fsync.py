"""Every sync fails once and loses what it was to write: nothing acknowledged is lost by it."""

import pytest

from chaos.faults.switch import SwitchedFs
from chaos.sweeps import fsync
from chaos.sweeps.fsync import STRUCK, sweep_fsync
from chaos.verdict import Outcome
from prometheus_persist.session import opening
from prometheus_persist.storage import retention, segments, store

SEED = 1
LOST = ("acknowledged and lost", "refused", "mixed")  # after a power cut, not the call
FILES, FOLDERS = fsync.CI_STRIDES
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.mark.chaos
def test_sweep_fsync_sampled():
    """S7: what is built on after a failed sync outlives the power cut."""
    tally = sweep_fsync(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    assert tally.counts["restored exactly"] == tally.counts["power cuts"] > 300
    assert tally.counts["reopened and sound"] == tally.counts["power cuts"]
    assert tally.counts["failed syncs: fsync"] > 20
    assert tally.counts["failed syncs: fsync_dir"] > 15
    assert tally.counts["failed syncs in the life after it"] > 20
    assert min(tally.counts[f"then {course}"] for course in fsync.COURSES) > 10


def heal_does_not_rewrite(monkeypatch):
    """What is read is believed to be on the disk; it is synced, and no more."""
    real = segments.heal
    monkeypatch.setattr(
        opening, "heal", lambda fs, due, *, proven: real(fs, due, proven=proven or True)
    )


def directories_are_only_synced(monkeypatch):
    """What an earlier sync of a directory has lost is not written by the next one."""
    for module in (store, retention):
        monkeypatch.setattr(module, "renew_dir", lambda fs, path: fs.fsync_dir(path))


def a_directory_that_fails_is_no_matter(monkeypatch):
    real = SwitchedFs.fsync_dir

    def quiet(self, path):
        try:
            real(self, path)
        except OSError:
            return

    monkeypatch.setattr(SwitchedFs, "fsync_dir", quiet)


@pytest.mark.parametrize(
    ("mistake", "syncs", "lived", "points"),
    [
        (heal_does_not_rewrite, FILES, STRUCK[4], [("went on", n) for n in range(8, 16)]),
        (directories_are_only_synced, FOLDERS, STRUCK[3], [("killed", n) for n in (1, 2, 3)]),
        (a_directory_that_fails_is_no_matter, FOLDERS, STRUCK[4], [("went on", n) for n in (3, 4)]),
    ],
)
def test_a_mistake_after_a_failed_sync_is_caught(monkeypatch, mistake, syncs, lived, points):
    """Each of them loses what was acknowledged; without it the same strikes lose nothing."""
    monkeypatch.setattr(fsync, "STRUCK", (lived,))
    monkeypatch.setattr(fsync, "CI_STRIDES", {syncs: 1})
    monkeypatch.setattr(fsync, "_points", lambda *_: points)
    honest = sweep_fsync(SEED, full=False)
    assert (honest.outcome, honest.fired >= len(points)) == (Outcome.PASSED, True)
    mistake(monkeypatch)
    tally = sweep_fsync(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert sum(tally.counts[what] for what in LOST), tally.problems[:5]
