"""Every sync fails once and loses what it was to write: nothing acknowledged is lost by it."""

from pathlib import Path

import pytest

from chaos.faults import thin_disk
from chaos.faults.switch import SwitchedFs
from chaos.sweeps import fsync, thin_disk_trials
from chaos.sweeps.fsync import STRUCK, sweep_fsync
from chaos.sweeps.reference_workload import yard
from chaos.sweeps.tally import Tally
from chaos.sweeps.thin_disk_trials import DiskTrial, strike_thin
from chaos.verdict import Outcome
from prometheus_persist.session import opening
from prometheus_persist.storage import retention, segments, store

SEED = 1
LOST = ("acknowledged and lost", "refused", "mixed")  # after a power cut, not the call
FILES, FOLDERS = fsync.CI_STRIDES
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def real():
    """A real ext4, or none."""
    missing = thin_disk.why_not()
    if missing:
        pytest.skip(missing)


def tried(trials, monkeypatch, plant=""):
    """These trials alone."""
    monkeypatch.setattr(thin_disk_trials, "trials", lambda *_, **__: trials)
    tally = Tally("fsync", SEED, full=False)
    with yard() as grounds:
        strike_thin(tally, grounds, plant=plant)
    print(tally.to_json())
    return tally


@pytest.mark.chaos
def test_sweep_fsync_sampled_on_a_real_ext4(real, monkeypatch):
    """S7 on a device that has less room than it promised, in every mirror mode."""
    tally = tried(thin_disk_trials.trials(SEED, full=False), monkeypatch)
    assert tally.outcome is Outcome.PASSED, tally.problems
    assert tally.counts["restored exactly"] == tally.fired == len(thin_disk_trials.MIRRORS)


def test_on_a_real_ext4_a_heal_that_believes_what_it_reads_loses_what_was_acknowledged(
    real, monkeypatch
):
    tally = tried([DiskTrial("off", 0, 3, ("kill", "close"))], monkeypatch, plant="believe")
    assert (tally.fired, tally.outcome) == (1, Outcome.FAILED)
    assert sum(tally.counts[what] for what in LOST), tally.problems


def test_a_thin_disk_leaves_nothing_behind(real, tmp_path, monkeypatch):
    """Whatever happens within its block, and whoever still holds a file there."""
    monkeypatch.setattr(thin_disk.tempfile, "tempdir", str(tmp_path))

    def broken():
        with thin_disk.thin_disk() as disk:
            where = str(disk.mount)
            (line,) = [one for one in mounted() if where in one]
            held.append((disk.mount / "held").open("w"))
            raise ZeroDivisionError(line.split()[0])

    def mounted():
        return Path("/proc/mounts").read_text().splitlines()

    held = []
    with pytest.raises(ZeroDivisionError) as problem:
        broken()
    held.pop().close()
    assert not [line for line in mounted() if str(tmp_path) in line]
    assert not list(tmp_path.iterdir())
    device = Path(str(problem.value)).name
    assert not (Path("/sys/block") / device / "loop" / "backing_file").exists()


def test_without_root_or_loop_devices_the_real_part_is_a_counted_skip(monkeypatch):
    monkeypatch.setattr(thin_disk_trials, "why_not", lambda: "only root may mount")
    tally = tried([DiskTrial("off", 0, 3, ("kill", "close"))], monkeypatch)
    assert tally.counts == {"real ext4, skipped": 1}
    assert tally.notes == ["no real ext4: only root may mount"]


@pytest.mark.chaos
def test_sweep_fsync_sampled(monkeypatch):
    """S7: what is built on after a failed sync outlives the power cut."""
    monkeypatch.setattr(fsync, "strike_thin", lambda *_: None)  # has its own test
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
        opening, "heal", lambda fs, due, *, proven, **how: real(fs, due, proven=True, **how)
    )


def directories_are_only_synced(monkeypatch):
    """What an earlier sync of a directory has lost is not written by the next one."""
    for module in (store, retention):
        monkeypatch.setattr(
            module, "renew_dirs", lambda fs, *paths, **_: [*map(fs.fsync_dir, paths)]
        )


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
    monkeypatch.setattr(fsync, "strike_thin", lambda *_: None)
    monkeypatch.setattr(fsync, "CI_STRIDES", {syncs: 1})
    monkeypatch.setattr(fsync, "_points", lambda *_: points)
    honest = sweep_fsync(SEED, full=False)
    assert (honest.outcome, honest.fired >= len(points)) == (Outcome.PASSED, True)
    mistake(monkeypatch)
    tally = sweep_fsync(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert sum(tally.counts[what] for what in LOST), tally.problems[:5]
