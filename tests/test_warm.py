"""A program that is forked from a warm process is what it would be if it had been started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import warmkit
from warmkit import PROGRAMS, Warm

import fakeokx
from chaos.runner import play
from chaos.scenarios import online
from chaos.scenarios.table import BY_NAME
from chaos.verdict import Outcome
from fakeokx.process import runner

pytestmark = pytest.mark.skipif(not warmkit.CAN, reason="no pidfd or no /proc: all start as ever")

PROBE = """
import atexit, json, os, signal, sys, threading, time

def world():
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    before = os.umask(0)
    os.umask(before)
    return {
        "argv": sys.argv, "orig": sys.orig_argv[1:], "name": __name__, "path": sys.path,
        "env": dict(os.environ), "cwd": os.getcwd(), "umask": before,
        "fds": sorted(os.listdir("/proc/self/fd"), key=int)[:-1],
        "signals": [repr(signal.getsignal(each)) for each in sorted(signal.valid_signals())],
        "blocked": sorted(blocked), "leads": os.getsid(0) == os.getpid() == os.getpgrp(),
        "threads": threading.active_count(), "main": threading.current_thread().name,
        "stdin": sys.stdin.read(), "tty": [each.isatty() for each in (sys.stdout, sys.stderr)],
        "buffered": [each.line_buffering for each in (sys.stdout, sys.stderr)],
        "encoding": [sys.stdout.encoding, sys.stderr.errors, sys.getfilesystemencoding()],
        "main_is": sys.modules["__main__"].__file__, "flags": list(sys.flags),
    }

print(json.dumps(world()))
atexit.register(print, "at exit")
print("to stderr", file=sys.stderr)
how = sys.argv[1]
if how == "raises":
    raise ValueError("no")
if how == "waits":
    sys.stdout.flush()
    time.sleep(60)
if how == "thread":
    threading.Thread(target=lambda: (time.sleep(0.1), print("from a thread"))).start()
if how.isdigit():
    sys.exit(int(how))
if how == "says":
    sys.exit("said")
"""


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    (tmp_path / "warm_probe.py").write_text(PROBE)
    monkeypatch.setitem(PROGRAMS, "warm_probe", ("json", "threading"))
    monkeypatch.setattr(warmkit, "_FORKERS", {})
    env = {**os.environ, "PYTHONPATH": str(tmp_path), "PROBED": "yes"}
    return {"env": env, "cwd": tmp_path, "start_new_session": True}


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "warm_probe", *words]


def told(kind: Any, how: str, probe: dict[str, Any]) -> tuple[Any, str, str, int]:
    pipe = subprocess.PIPE
    with kind(command(how, "a b"), stdin=pipe, stdout=pipe, stderr=pipe, text=True, **probe) as one:
        assert kind is not Warm or one._line is not None
        out, err = one.communicate("words", timeout=60)
    first, *rest = out.splitlines()
    frames = [line for line in err.splitlines() if "runpy" not in line and "_serve" not in line]
    return json.loads(first), "\n".join(rest), frames[-1], one.returncode


@pytest.mark.parametrize("how", ["ends", "raises", "thread", "says", "0", "3"])
def test_a_warm_program_is_what_a_started_one_is(how: str, probe: dict[str, Any]) -> None:
    assert told(Warm, how, probe) == told(subprocess.Popen, how, probe)


def test_each_has_the_environment_and_the_directory_of_its_moment(probe: dict[str, Any]) -> None:
    told(Warm, "ends", probe)
    inner = probe["cwd"] / "inner"
    inner.mkdir()
    env = {name: value for name, value in probe["env"].items() if name != "PROBED"}
    world, *_ = told(Warm, "ends", {"env": {**env, "LATER": "yes"}, "cwd": inner})
    assert (world["env"], world["cwd"]) == ({**env, "LATER": "yes"}, str(inner))
    assert not world["leads"]


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_signals_end_it(sig: signal.Signals, probe: dict[str, Any]) -> None:
    pipe = subprocess.PIPE
    with Warm(command("waits"), stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, **probe) as one:
        assert one._line is not None
        assert one.stdout is not None
        assert one.stdout.readline().startswith(b"{")
        assert one.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            one.wait(0.05)
        one.send_signal(sig)
        assert one.wait(30) == -sig
        assert one.poll() == -sig
    assert not Path(f"/proc/{one.pid}").exists()


def test_where_python_would_be_another_it_is_started(probe: dict[str, Any]) -> None:
    told(Warm, "ends", probe)
    seeded = {**probe, "env": {**probe["env"], "PYTHONHASHSEED": "7"}}
    with Warm(
        command("ends"), stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, **seeded
    ) as one:
        assert one._line is None
    assert one.returncode == 0


def test_what_runs_to_its_end_is_warm_as_well(
    probe: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    done = warmkit._subprocess().run(command("3"), check=False, input=b"", **probe)
    assert done.returncode == 3
    assert list(warmkit._FORKERS) == ["warm_probe"]
    assert "at exit" in capfd.readouterr().out


def test_other_commands_are_started() -> None:
    with Warm([sys.executable, "-c", "raise SystemExit(5)"]) as one:
        assert one._line is None
    assert one.returncode == 5


def test_an_exchange_is_warm_where_tests_ask_for_one_and_nowhere_else(tmp_path: Path) -> None:
    assert runner.subprocess is online.subprocess is subprocess  # this file is one of COLD
    try:
        warmkit.warm(on=True)
        with fakeokx.launch(tmp_path) as running:
            assert running._process._line is not None
            running.price("BTC-USDT-SWAP", "51000")
            running.trade_by_hand("BTC-USDT-SWAP", "buy", "2")
            before = running.truth()["positions"]
            running.kill()
            assert not running.is_running
            running.restart()
            assert running.truth()["positions"] == before != []
    finally:
        warmkit.warm(on=False)
    with fakeokx.launch(tmp_path) as running:
        assert type(running._process) is subprocess.Popen


def test_what_is_imported_beforehand_is_what_the_program_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PYTHONVERBOSE", "1")
    assert play(BY_NAME["manual-trade-while-down"], tmp_path, 1).outcome is Outcome.PASSED
    (log,) = tmp_path.rglob(runner.LOG_NAME)
    said = {
        "fakeokx.cli": log.read_text(errors="replace"),
        "chaos.workload": next(tmp_path.rglob("child1.log")).read_text(errors="replace"),
        "chaos.workload.look": capfd.readouterr().err,
    }
    for program, names in PROGRAMS.items():
        assert [name for name in names if f"import '{name}'" not in said[program]] == [], program
