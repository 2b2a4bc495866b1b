"""Nothing goes around the seam; whatever does is seen."""

import shutil

import pytest

from chaos.sweeps import strace_sweep
from chaos.sweeps.strace_child import FORGOTTEN, PLANTS
from chaos.sweeps.strace_sweep import compare, marks, sweep_strace, why_not
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome

SEED = 1
WHY_NOT = why_not()
traced = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "strace is there")


@traced
def test_sweep_strace():
    """Every file operation of two lives went through the seam, but for the lock."""
    tally = sweep_strace(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems
    assert tally.fired > 200
    assert tally.counts["operations announced by the seam"] > 200


@traced
@pytest.mark.parametrize("plant", PLANTS)
def test_a_bypass_is_seen(plant):
    tally = sweep_strace(SEED, full=False, plant=plant)
    assert tally.outcome is Outcome.FAILED
    assert any(problem.startswith("around the seam") for problem in tally.problems)


@traced
@pytest.mark.parametrize("mistake", FORGOTTEN)
def test_a_sync_that_is_left_out_is_seen(mistake):
    """Each of them, and nothing else of it: what goes through the seam is as it was."""
    tally = sweep_strace(SEED, full=False, plant=mistake)
    kind = {
        "late cut": "cut and not synced",
        "folders": "made in a directory that is not synced",
        "parents": "made in a directory that is not synced",
        "moved": "moved in a directory that is not synced",
    }[mistake]
    assert tally.outcome is Outcome.FAILED
    assert tally.counts[kind] == len([each for each in tally.problems if each.startswith(kind)]) > 0


def test_what_is_cut_or_made_has_to_be_synced_after_it():
    """In the order of all threads, and a sync before it is none."""
    parts = [
        "3.0 fsync(4</w/a>) = 0\n5.0 fsync(5</w/d>) = 0\n7.5 fsync(6</w>) = 0",
        "2.0 ftruncate(4</w/a>, 0) = 0\n4.0 ftruncate(4</w/b>, 0) = 0\n"
        '6.0 mkdirat(5</w/d>, "e", 0700) = 0\n7.0 mkdir("/w/f", 0700) = 0\n'
        '8.0 openat(AT_FDCWD</>, "/w/c", O_WRONLY|O_CREAT|O_TRUNC, 0600) = 9</w/c>\n'
        '9.0 unlink("/w/c") = 0\n9.1 rename("/w/d/x", "/w/f/x") = 0',
    ]
    assert strace_sweep.unsettled(strace_sweep.in_order(parts), "/w") == [
        ("cut and not synced", "b"),
        ("made in a directory that is not synced", "d"),
        ("moved in a directory that is not synced", "f"),
    ]


def test_a_trace_is_read_by_path():
    trace = "\n".join(
        [
            'openat(AT_FDCWD</w>, "/w/s/a", O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0644) = 3</w/s/a>',
            'write(3</w/s/a>, ""..., 10) = 10',
            "fdatasync(3</w/s/a>) = 0",
            'rename("/w/s/a.tmp", "/w/s/a") = 0',
            'renameat(5</w/s>, "d/b.tmp", 5</w/s>, "d/b") = 0',
            'unlinkat(5</w/s>, "d/c", 0) = 0',
            'openat(5</w/s>, "d/e", O_RDONLY|O_CLOEXEC) = 3</w/s/d/e>',
            'openat(5</w/s>, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC) = 3</w/s>',
            "fsync(3</w/s>) = 0",
            'openat(AT_FDCWD</w>, "/w/s", O_RDONLY|O_DIRECTORY|O_CLOEXEC) = 3</w/s>',
            'openat(AT_FDCWD</w>, "/w/s/none", O_RDONLY) = -1 ENOENT (No such file)',
            'openat(AT_FDCWD</w>, "/w/s/store.lock", O_RDWR|O_CREAT, 0644) = 4</w/s/store.lock>',
            'openat(AT_FDCWD</w>, "/w/other", O_RDONLY) = 4</w/other>',
            'mkdir("/w/s", 0777) = 0',
        ]
    )
    assert list(marks(trace, "/w/s")) == [
        ("open for writing", "a"),
        ("write", "a"),
        ("sync", "a"),
        ("rename", "a"),
        ("rename", "d/b"),
        ("remove", "d/c"),
        ("open for reading", "d/e"),
        ("open directory", "."),
        ("sync", "."),
    ]


def test_a_blind_trace_proves_nothing():
    tally = Tally("strace", SEED, full=False)
    compare(tally, strace_sweep.Counter(), ["create a", "write a", "fsync a"])
    assert tally.outcome is Outcome.FAILED
    assert tally.counts["announced and not traced"] == 2


def test_without_strace_it_is_skipped_and_counted(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    tally = sweep_strace(SEED, full=False)
    assert (tally.skipped, tally.counts["skipped"]) == ("there is no strace", 1)
    assert tally.outcome is Outcome.VOID
