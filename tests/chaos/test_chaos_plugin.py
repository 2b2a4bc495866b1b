"""The pytest plugin: options, marker, and the table at the end, with and without xdist."""

import subprocess
import sys

import pytest

from chaos.scenarios.environment import environment

SUITE = """
import json, pytest
from chaos.record import RUNNER, Voice

@pytest.mark.chaos
@pytest.mark.parametrize("n", [1])
def test_plays(n, pytestconfig, chaos_seed, chaos_run, monkeypatch):
    import chaos.runner
    def day(directory, record, seed, effort):
        voice = Voice(record, by=RUNNER, run=0)
        voice.say("lived", died=-9, cycles=1)
        for how in ("seq", "time"):
            voice.say("moment", how=how, asked=1, due=[1, "d"], restored=[1, "d"], problem="")
    monkeypatch.setattr(chaos.runner, "_day", day)
    assert chaos_seed == 42
    assert chaos_run("any-moment").outcome.value == "passed"
"""


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["alone", "xdist"])
def test_a_session_ends_in_the_table(tmp_path, more):
    (tmp_path / "test_it.py").write_text(SUITE)
    options = ["--chaos-seed", "42", "--chaos-report", str(tmp_path / "out"), "-m", "chaos"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *_plugin(), "-q", *options, *more, str(tmp_path)],
        env={**environment(), "LC_ALL": "C"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The five criteria" in done.stdout
    (row,) = [line for line in done.stdout.splitlines() if "2/2 moments exact" in line]
    assert [cell.strip() for cell in row.strip("│┃ ").split("│")][-2:] == ["2", "met"]
    assert (tmp_path / "out" / "verdict.json").exists()
    assert (tmp_path / "out" / "any-moment" / "record.ndjson").exists()


def _plugin():
    """``-p`` where the distribution is not installed and its entry point does not load it."""
    from importlib.metadata import entry_points

    names = {entry.value for entry in entry_points(group="pytest11")}
    return [] if "chaos.pytest_plugin" in names else ["-p", "chaos.pytest_plugin"]
