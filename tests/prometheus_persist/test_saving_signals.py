"""SIGINT and SIGTERM: noted, acted upon between two steps, left with 130 or 143."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prometheus_persist.recovery import restore
from prometheus_persist.saving import stop_on_signals
from prometheus_persist.storage.fs import LocalFs

LOOP = """
import sys, time
from prometheus_persist.saving import stop_on_signals
from prometheus_persist.session import Session
session = Session.open(sys.argv[1])
cycle = 0
with stop_on_signals() as stop:
    print("ready", flush=True)
    while not stop.requested:
        cycle += 1
        session.state.supervisor.system_cycle_count = cycle
        time.sleep(0.005)
    print(cycle, flush=True)
    session.close()
sys.exit(stop.exit_code)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_the_loop_with_everything_saved(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """The running step ends, the state is saved and closed, the exit code names the signal."""
    child = subprocess.Popen(
        [sys.executable, "-c", LOOP, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    child.send_signal(number)
    cycles = int(child.stdout.readline())
    assert child.wait(timeout=20) == code
    found = restore(LocalFs(tmp_path))
    assert found.documents["supervisor"]["system_cycle_count"] == cycles
    assert found.facts.damages == ()


def test_signals_are_only_noted_and_handlers_come_back() -> None:
    """Nothing is saved in a handler; a second signal is the system's; the old handlers return."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with stop_on_signals() as stop:
        assert not stop.requested
        os.kill(os.getpid(), signal.SIGTERM)
        assert (stop.requested, stop.exit_code) == (True, 143)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is not signal.SIG_DFL
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
