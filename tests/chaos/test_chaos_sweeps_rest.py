"""Every bit and every file of a store at rest: exact and named, or no information was there."""

import json

import pytest

from chaos.cli import main
from chaos.sweeps import bits, files
from chaos.sweeps.catalogue import SWEEPS
from chaos.sweeps.damaged_store import look, meaning, silent_by_rule
from chaos.sweeps.reference_workload import reference
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome
from prometheus_persist.recovery import ladder
from prometheus_persist.recovery.facts import Damage

SEED = 1
EXACT = ("exact and named", "exact, unnamed")
BOTH = ("refused and named", "lost, and named", "exact", "gone, as a clean-up leaves it")


def assert_all_exact(tally):
    """S4 for all that struck."""
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    judged = sum(count for what, count in tally.counts.items() if what.startswith(EXACT))
    judged += sum(tally.counts[f"both copies: {what}"] for what in BOTH)
    assert judged == tally.fired
    print(tally.to_json())


def test_the_reference_is_small_and_has_everything():
    whole = reference(SEED)
    assert 20_000 < whole.size_bytes < 300_000
    assert sum(name.endswith(".wal") for name in whole.files) == 4
    assert sum(name.endswith(".zip") for name in whole.files) == 1
    assert sum(name.endswith(".json") for name in whole.files) >= 8
    assert len(whole.earlier) >= 5


@pytest.mark.chaos
def test_sweep_bits_sampled():
    """S3, S4: a flipped bit is repaired and named, or was in a place that means nothing."""
    tally = bits.sweep_bits(SEED, full=False)
    assert tally.fired > 500
    assert_all_exact(tally)


@pytest.mark.chaos
def test_sweep_files_sampled():
    """S4: any one file lost, cut, zeroed, swapped or old: the state is exact."""
    tally = files.sweep_files(SEED, full=False)
    kinds = ("deleted", "truncated", "zeroed", "zeroed in part", "swapped", "older version")
    assert min(tally.counts[kind] for kind in kinds) >= 5
    assert_all_exact(tally)
    assert min(tally.counts[f"both copies: {what}"] for what in BOTH[:2]) >= 5
    harmed = ("deleted", "truncated", "zeroed", "zeroed in part", "older version")
    assert min(tally.counts[f"both copies: {kind}"] for kind in harmed) >= 2


@pytest.mark.parametrize("sweep", ["bits", "files"])
def test_a_sweep_goes_red_when_checksums_are_believed(monkeypatch, sweep):
    """A reader that names nothing is caught, and so is one that restores less."""
    monkeypatch.setattr(ladder, "journal_damages", lambda *_, **__: [])
    monkeypatch.setattr(bits, "CI_STRIDE", 5003)
    tally = SWEEPS[sweep](SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert tally.counts["silent"] > 10


@pytest.mark.parametrize("sweep", ["bits", "files"])
def test_a_sweep_goes_red_when_moments_that_are_there_are_called_lost(monkeypatch, sweep):
    """What verify says of the past is looked at, though the state of now is exact."""
    said = [Damage("incremental/journal", None, "commit 2 is missing", "lost")]
    monkeypatch.setattr(ladder, "gaps", lambda *_: said)
    monkeypatch.setattr(bits, "CI_STRIDE", 5003)
    tally = SWEEPS[sweep](SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert tally.counts["moments called lost"] > 10


def test_the_files_sweep_goes_red_when_lost_moments_are_not_told(monkeypatch):
    """Harm to both copies of an older segment leaves the state of now, and takes the past."""
    monkeypatch.setattr(ladder, "gaps", lambda *_: [])
    tally = files.sweep_files(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert tally.counts["silent"] > 3


def test_the_files_sweep_goes_red_when_a_shorter_state_is_taken_for_all(monkeypatch):
    """A ladder that does not ask what proves that there was more."""
    monkeypatch.setattr(ladder, "_refuse_gap", lambda *_: None)
    tally = files.sweep_files(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert tally.counts["silent"] > 3


def test_damage_to_both_copies_is_no_exact_restore():
    """The classifier tells a shorter past from an exact one."""
    whole, tally = reference(SEED), Tally("x", SEED, full=False)
    segment = max(name for name in whole.files if name.startswith("mirror/"))
    both = (segment, segment.replace("mirror/", "incremental/journal/"))
    gone = {name: data for name, data in whole.files.items() if name not in both}
    assert look(tally, whole, both, "deleted", gone) in ("refused", "wrong")
    assert tally.outcome is Outcome.FAILED


def test_what_means_the_same():
    assert meaning("a.json", b'{"a": 1e1}') == meaning("a.json", b'{ "a":1E1}')
    assert meaning("a.json", b'{"a": 1}') != meaning("a.json", b'{"a": 2}')
    assert silent_by_rule("x.wal", "bit 1", b"ab", b"aa") == ""
    assert silent_by_rule("recovery_log.txt", "bit 1", b"ab", b"aa")
    assert silent_by_rule("incremental/agents/a.json", "deleted", b"{}", None) == ""


def test_nothing_struck_is_void_and_not_green():
    tally = Tally("x", SEED, full=False)
    assert tally.outcome is Outcome.VOID
    tally.struck("flips")
    assert tally.outcome is Outcome.PASSED


def test_the_command_prints_counts_and_leaves_with_a_code(capsys, monkeypatch):
    assert main(["sweep", "files", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert told["outcome"] == "passed"
    assert told["fired"] == sum(
        told["counts"][kind]
        for kind in told["counts"]
        if kind.removeprefix("both copies: ")
        in ("deleted", "truncated", "zeroed", "zeroed in part", "swapped", "older version")
    )
    monkeypatch.setitem(SWEEPS, "files", lambda seed, full: Tally("files", seed, full))
    assert main(["sweep", "files", "--lang", "en"]) == 3
    assert "no fault struck" in capsys.readouterr().out
    broken = Tally("files", 1, full=False)
    broken.struck("x")
    broken.wrong("wrong", "because")
    monkeypatch.setitem(SWEEPS, "files", lambda seed, full: broken)
    assert main(["sweep", "files", "--lang", "zh"]) == 1
    assert "because" in capsys.readouterr().out
    monkeypatch.setitem(SWEEPS, "files", lambda seed, full: Tally("f", 1, full, skipped="no tool"))
    assert main(["sweep", "files"]) == 5
