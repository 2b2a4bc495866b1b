"""The pytest plugin: options, marker, the table at the end, and a good neighbour where unused."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from chaos.scenarios.environment import environment

PLUGIN = "prometheus_persist.pytest_plugin"
SUITE = """
import json, pytest
from chaos.record import RUNNER, Voice

@pytest.mark.chaos
@pytest.mark.parametrize("n", [1])
def test_plays(n, pytestconfig, chaos_seed, chaos_run, monkeypatch):
    import chaos.runner
    def day(directory, record, seed, effort, saboteur):
        voice = Voice(record, by=RUNNER, run=0)
        for seq, age in enumerate(("fresh", "aged")):
            voice.say("stretch", age=age)
            voice.say("begin", seq=seq, digest="d")
            voice.say("durable", seq=seq)
        voice.say("lived", died=-9, cycles=288)
        for how in ("seq", "time"):
            voice.say("moment", how=how, asked=1, due=[1, "d"], restored=[1, "d"], problem="")
        voice.say("looked_back")
    monkeypatch.setattr(chaos.runner, "_day", day)
    assert chaos_seed == 42
    assert chaos_run("any-moment").outcome.value == "passed"
"""
NEIGHBOUR = """
import chaos

def test_of_its_own():
    assert chaos.OURS == "theirs"
"""
WANTS = """
def test_wants_the_harness(chaos_run):
    pass
"""
ALONE_AND_XDIST = pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["alone", "xdist"])


def pytest_in(place, *options):
    """A pytest of its own there, with a directory for temporary files that nobody else uses."""
    (place / "tmp").mkdir()
    return subprocess.run(
        [sys.executable, "-m", "pytest", *_plugin(), "-p", "no:randomly", *options],
        env={**environment(), "LC_ALL": "C", "TMPDIR": str(place / "tmp")},
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )


@ALONE_AND_XDIST
@pytest.mark.parametrize("kept", [True, False], ids=["named", "own"])
def test_a_session_ends_in_the_table(tmp_path, more, kept):
    (tmp_path / "test_it.py").write_text(SUITE)
    report = ["--chaos-report", str(tmp_path / "out")] if kept else []
    done = pytest_in(tmp_path, "--chaos-seed", "42", "-m", "chaos", *report, *more, "test_it.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "chaos seed: 42" in done.stdout
    assert "The five criteria" in done.stdout
    (row,) = [line for line in done.stdout.splitlines() if "2/2 moments exact, over 24 h" in line]
    assert [cell.strip() for cell in row.strip("│┃ ").split("│")][-2:] == ["2", "met"]
    (out,) = [tmp_path / "out"] if kept else (tmp_path / "tmp").glob("prometheus-chaos-*")
    assert str(out) in done.stdout
    assert "what was judged is met; not judged: 1, 2, 3" in done.stdout
    assert out.stat().st_mode & 0o077 == 0 or kept
    assert (out / "verdict.json").exists()
    assert (out / "any-moment" / "record.ndjson").exists()


@ALONE_AND_XDIST
def test_it_loads_where_a_project_has_a_package_of_that_name_and_is_not_seen(tmp_path, more):
    """Nothing in the header, no line at the end, no directory left behind."""
    (tmp_path / "chaos").mkdir()
    (tmp_path / "chaos" / "__init__.py").write_text("OURS = 'theirs'\n")
    (tmp_path / "test_it.py").write_text(NEIGHBOUR)
    done = pytest_in(tmp_path, *more, "test_it.py")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.replace("prometheus-persist-", "")  # pytest's own list of what is installed
    assert "seed" not in said
    assert "five criteria" not in said
    left = [path.name for path in (tmp_path / "tmp").iterdir()]
    assert [name for name in left if not name.startswith("pytest-of-")] == []


def test_where_the_harness_is_hidden_its_fixture_says_by_what(tmp_path):
    (tmp_path / "chaos").mkdir()
    (tmp_path / "chaos" / "__init__.py").write_text("")
    (tmp_path / "test_it.py").write_text(WANTS)
    done = pytest_in(tmp_path, "test_it.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{tmp_path / 'chaos'}" in done.stdout
    assert "hides" in done.stdout
    assert "Traceback" not in done.stdout


def test_it_imports_nothing_before_it_is_used():
    """Not the harness, not the exchange, nothing of the library but its names."""
    plugins = {each.value for each in entry_points(group="pytest11")} & {
        "fakeokx.pytest_plugin",
        PLUGIN,
    }
    code = f"import pytest, sys; had = set(sys.modules); import {', '.join(plugins | {PLUGIN})}\n"
    code += "print(*sorted(set(sys.modules) - had))"
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    loaded = [
        name for name in said.stdout.split() if name.startswith(("chaos", "fakeokx.", "prom"))
    ]
    allowed = {"prometheus_persist", "prometheus_persist.lazy", PLUGIN, "fakeokx.pytest_plugin"}
    assert set(loaded) <= allowed
    assert len(said.stdout.split()) < 20, said.stdout


def test_no_entry_point_is_of_a_module_that_others_may_have():
    """``chaos`` is a name that projects give to packages of their own."""
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text("utf-8")
    (section,) = [part for part in text.split("\n\n") if "entry-points.pytest11" in part]
    assert f'prometheus_persist = "{PLUGIN}"' in section
    assert '"chaos' not in section


def _plugin():
    """``-p`` where the distribution is not installed and its entry point does not load it."""
    names = {entry.value for entry in entry_points(group="pytest11")}
    return [] if PLUGIN in names else ["-p", PLUGIN]


def test_a_scenario_that_is_not_there_is_named_with_the_one_meant(chaos_run):
    with pytest.raises(LookupError, match=r"no scenario 'any-momen'; did you mean 'any-moment'\?"):
        chaos_run("any-momen")
    with pytest.raises(LookupError, match=r"no scenario 'zzz'; there are: .*any-moment"):
        chaos_run("zzz")
