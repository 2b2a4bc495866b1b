"""The demo tells the truth, leaves nothing running, and recovers its own process when killed."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest

from chaos.demo.story import fresh_place
from chaos.demo.words import WORDS
from chaos.scenarios.environment import environment

LEAVES_S_MAX = 40.0
DEMO = (sys.executable, "-u", "-m", "chaos.demo", "--lang", "en")


def test_an_earlier_demo_is_left_alone(tmp_path):
    assert fresh_place(tmp_path) == tmp_path
    (tmp_path / "store").mkdir()
    assert fresh_place(tmp_path) == tmp_path / "again-2"
    (tmp_path / "again-2").mkdir()
    assert fresh_place(tmp_path) == tmp_path / "again-3"


def test_a_place_that_cannot_be_made_is_a_usage_error_without_a_traceback():
    done = subprocess.run(
        [*DEMO, "--dir", "/proc/nowhere"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "cannot be made" in done.stderr
    assert "Traceback" not in done.stderr


def test_both_languages_fill_in_the_same_fields():
    for zh, en in WORDS.values():
        assert sorted({w.split("}")[0] for w in zh.split("{")[1:]}) == sorted(
            {w.split("}")[0] for w in en.split("{")[1:]}
        )


@pytest.mark.chaos
@pytest.mark.timeout(180)
def test_the_story_holds_and_says_so(tmp_path, chaos_seed):
    done = subprocess.run(
        [*DEMO, "--dir", str(tmp_path), "--seed", str(chaos_seed), "--json"],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout)["outcome"] == "passed"
    for claim in ("SIGKILL", "Crash recovery report", "finds nothing", "All of it holds"):
        assert claim in done.stderr
    assert _left_behind(tmp_path) == []


@pytest.mark.chaos
@pytest.mark.timeout(180)
def test_kept_running_it_is_killed_comes_back_and_leaves_on_ctrl_c(tmp_path, chaos_seed):
    try:
        first = _keep_running(tmp_path, chaos_seed)
        assert "cycle 2" in _until(first, "cycle 2")
        first.kill()
        assert first.wait() == -signal.SIGKILL
        assert _left_behind(tmp_path) != [], "the exchange outlives the trader"
        second = _keep_running(tmp_path, chaos_seed)
        said = _until(second, "cycle 4")
        assert "The exchange still runs" in said
        assert "Crash recovery report" in said
        second.send_signal(signal.SIGINT)
        assert second.wait(LEAVES_S_MAX) == 130
        assert _left_behind(tmp_path) == []
    finally:
        for pid in _left_behind(tmp_path):
            os.kill(pid, signal.SIGKILL)


def _keep_running(directory, seed):
    return subprocess.Popen(
        [*DEMO, "--dir", str(directory), "--seed", str(seed), "--keep-running"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _until(process, word):
    said = ""
    for line in process.stdout:
        said += line
        if word in line:
            return said
    return said


def _left_behind(directory):
    """Processes of ours that still live: those venue.json names, and those that work in there."""
    path = directory / "venue.json"
    known = json.loads(path.read_text()) if path.exists() else {}
    pids = {known.get("venue_pid", 0), known.get("market_pid", 0)}
    return [
        process.pid
        for process in psutil.process_iter(["pid", "cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and (process.pid in pids or any(str(directory) in w for w in process.info["cmdline"] or ()))
    ]
