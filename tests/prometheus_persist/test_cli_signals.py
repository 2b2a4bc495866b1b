"""Ctrl+C and SIGTERM at random moments: one line, 130 or 143, and all that was acknowledged."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import signalkit

import fakeokx
from prometheus_persist.clock import SystemClock
from prometheus_persist.recovery import verify
from prometheus_persist.session import Session
from prometheus_persist.state import Agent
from prometheus_persist.storage.fs import LocalFs

KEYS = {
    "OKX_API_KEY": fakeokx.DEFAULT_KEY,
    "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
    "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
}
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
TIMES = 20
STORE = ("--dir", "{STORE}")
COMMANDS: dict[str, tuple[str, ...]] = {
    "status": ("status", *STORE),
    "verify": ("verify", *STORE),
    "save": ("save", *STORE),
    "restore": ("restore", *STORE),
    "restore --into": ("restore", *STORE, "--into", "{WORK}/into"),
    "snapshots": ("snapshots", *STORE),
    "tail": ("tail", *STORE),
    "repair": ("repair", *STORE),
    "freeze": ("freeze", "BTC-USDT-SWAP", "--reason", "why", *STORE),
    "unfreeze": ("unfreeze", "ETH-USDT-SWAP", "--reason", "why", *STORE),
    "adopt": ("adopt", "BTC-USDT-SWAP=LiveAgent_00", *STORE, "--exchange", "VENUE"),
    "orders": ("orders", *STORE),
    "orders give-up": ("orders", "give-up", "C1", "--reason", "why", *STORE),
    "orders settle": ("orders", "settle", *STORE, "--exchange", "SILENT"),
    "orders cancel": (
        "orders", "cancel", "--inst", "I", "--ord-id", "1", *STORE, "--exchange", "SILENT",
    ),
    "reconcile": ("reconcile", "--yes", *STORE, "--exchange", "VENUE"),
    "reconcile --plan": ("reconcile", "--plan", "{WORK}/p", *STORE, "--exchange", "VENUE"),
    "reconcile silent": ("reconcile", "--yes", *STORE, "--exchange", "SILENT"),
    "reconcile --sandbox": ("reconcile", "--sandbox", "--exchange", "VENUE"),
    "bench": ("bench", "--seconds", "0.01", "--dir", "{WORK}"),
}  # fmt: skip
ENDLESS = {
    "tail": 0.6, "orders settle": 0.6, "orders cancel": 0.6, "reconcile silent": 0.6, "bench": 3.0,
}  # fmt: skip
"""What does not end by itself soon, and within how many seconds it is stopped."""
ENDS_S_MAX = 10.0
TIDIES_S_MAX = 60.0  # at the pace of the client's own throttle


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("signals") / "store"
    session = Session.open(root)
    for number in range(3):
        session.add_agent(Agent(agent_id=f"LiveAgent_0{number}", current_capital=Decimal(1000)))
    session.freeze("ETH-USDT-SWAP", "test")
    session.checkpoint()
    session.snapshot()
    for cycle in range(1, 30):
        session.state.supervisor.system_cycle_count = cycle
        session.save("test")
    session.close()
    return root


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """An exchange that answers, and one that takes a connection and says nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(512)
        with fakeokx.launch(tmp_path_factory.mktemp("venue")) as venue:
            yield {"SILENT": f"http://127.0.0.1:{silent.getsockname()[1]}", "VENUE": venue.url}


def stopped(
    words: tuple[str, ...], *, store: Path | str, seed: int, times: int, sig: int, **env: str
) -> list[dict[str, Any]]:
    """What a program left, each time it was stopped."""
    program, function = env.pop("program", "prometheus_persist.cli"), env.pop("function", "main")
    command = [sys.executable, signalkit.__file__, str(seed), str(times), str(int(sig))]
    command += [program, function, str(store), *words]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, **KEYS, "PERSIST_LANG": "en", "NO_COLOR": "1", **env},
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def judged(found: list[dict[str, Any]], sig: int, word: str, *words: str) -> int:
    """Each ended by itself, or as it was told to, in a line with a word; how often the latter."""
    own, wanted = found[0]["code"], (word, *words)
    count = 0
    for one in found:
        shown = f"{one['number']} after {one['took']:.3f} s\n{one['out']}\n{one['err']}"
        assert "Traceback" not in one["out"] + one["err"], shown
        assert "Exception" not in one["err"], shown
        assert not one["left"], f"left behind: {one['left']}\n{shown}"
        if one["code"] == CODES[signal.Signals(sig)]:
            lines = [line for line in one["err"].splitlines() if any(w in line for w in wanted)]
            assert len(lines) == 1, shown
            assert one["err"].splitlines()[-1] == lines[0], shown
            limit_s = TIDIES_S_MAX if "taking back" in lines[0] else ENDS_S_MAX
            assert one["ending"] < limit_s, shown
            count += 1
        else:
            assert one["code"] == own, f"{one['code']}, not {own}: {shown}"
    return count


@pytest.mark.parametrize("command", COMMANDS)
def test_twenty_ctrl_c_at_random_moments(command: str, store: Path, places: dict[str, str]) -> None:
    """One line and 130, or the command had ended; the store has all that was acknowledged."""
    words = tuple(places.get(word, word) for word in COMMANDS[command])
    env = {"SIGNALKIT_IMPORTS": "prometheus_persist.cli.app,ccxt"}
    if command in ENDLESS:
        least = str(ENDLESS[command])
        env |= {"SIGNALKIT_ENDLESS_S": least, "SIGNALKIT_LEAST_S": least}
    needs_store = "{STORE}" in words
    home, sig = store if needs_store else "", signal.SIGINT
    found = stopped(words, store=home, seed=1, times=TIMES, sig=sig, **env)
    count = judged(found, sig, "stopped by Ctrl+C", "asked to stop: taking back")
    assert count >= TIMES // 4, [(one["code"], one["took"]) for one in found]
    for one in found:
        if needs_store:
            kept(Path(one["work"]) / "store")
        shutil.rmtree(one["work"])


def kept(root: Path) -> None:
    """Everything that was acknowledged before is there, and nothing is lost."""
    seen = verify(LocalFs(root), clock=SystemClock())
    documents = seen.restored.documents
    assert not seen.facts.losses, seen.facts.damages
    assert documents["supervisor"]["system_cycle_count"] == 29
    assert sum(key.startswith("agents/") for key in documents) == 3


@pytest.mark.parametrize("sig", CODES)
@pytest.mark.parametrize("words", [("tail", *STORE, "--json"), ("save", *STORE, "--json")])
def test_stdout_is_json_also_where_a_signal_ends_it(
    sig: int, words: tuple[str, ...], store: Path
) -> None:
    """Commits as lines, a result as one document, an end as another."""
    env = {"SIGNALKIT_IMPORTS": "prometheus_persist.cli.app"}
    if words[0] == "tail":
        env |= {"SIGNALKIT_ENDLESS_S": "0.4", "SIGNALKIT_LEAST_S": "0.4"}
    found = stopped(words, store=store, seed=2, times=8, sig=sig, **env)
    judged(found, sig, "stopped by")
    for one in found:
        for text in one["out"].splitlines() if words[0] == "tail" else [one["out"]]:
            told = json.loads(text)
            assert told.get("exit_code", one["code"]) == one["code"]
        shutil.rmtree(one["work"])


@pytest.mark.parametrize("sig", CODES)
def test_a_signal_while_the_program_is_being_imported(sig: int, store: Path) -> None:
    """From the moment on at which it catches them: a process from the start, nothing imported."""
    rng = random.Random(3)
    command = [sys.executable, "-m", "prometheus_persist.cli", "tail", "--dir", str(store)]
    for _ in range(6):
        child = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PERSIST_LANG": "zh"},
            start_new_session=True,
        )
        while not signalkit.caught(child.pid):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.5))
        os.killpg(child.pid, sig)
        _, said = child.communicate(timeout=20)
        word = "Ctrl+C" if sig == signal.SIGINT else "SIGTERM"
        assert (child.returncode, said.count("\n"), word in said) == (CODES[sig], 1, True), said
        assert "停止" in said


CHAOS: dict[str, tuple[str, ...]] = {
    "list": ("list",),
    "run": ("run", "sigkill-mid-save", "--quick", "--out", "{WORK}/run"),
    "sweep": ("sweep", "files"),
    "sweep bits": ("sweep", "bits"),
    "detect": ("detect", "stop-fired", "--instances", "40", "--jobs", "2"),
    "outage": ("outage", "--quick"),
}


@pytest.mark.parametrize("command", CHAOS)
def test_the_harness_ends_in_one_line_and_leaves_no_process(command: str) -> None:
    """Its own lines of progress apart; its children end with it."""
    env = {
        "SIGNALKIT_IMPORTS": "chaos.cli.app",
        "SIGNALKIT_ENDLESS_S": "1.2",
        "SIGNALKIT_LEAST_S": "1.2",
        "program": "chaos.cli",
        "function": "console",
    }
    found = stopped(CHAOS[command], store="", seed=4, times=8, sig=signal.SIGINT, **env)
    count = judged(found, signal.SIGINT, "stopped by Ctrl+C")
    assert count > 2 or command == "list"
    for one in found:
        assert of(one["work"]) == []
        shutil.rmtree(one["work"], ignore_errors=True)


def of(place: str) -> list[str]:
    """The processes that were started for this place, and live."""
    found = []
    for one in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if one.name.isdigit() and place.encode() in (one / "cmdline").read_bytes():
                found.append((one / "cmdline").read_text().replace("\0", " "))
    return found


@pytest.mark.parametrize("sig", CODES)
def test_the_demo_ends_in_one_line_and_leaves_no_process(sig: int) -> None:
    """In the middle of the story: the exchange and the trader end with it."""
    env = {
        "SIGNALKIT_IMPORTS": "chaos.demo.story,chaos.demo.running",
        "SIGNALKIT_ENDLESS_S": "3",
        "SIGNALKIT_LEAST_S": "3",
        "program": "chaos.demo.__main__",
        "function": "console",
    }
    found = stopped(("--dir", "{WORK}/demo", "--json"), store="", seed=5, times=6, sig=sig, **env)
    assert judged(found, sig, "stopped by") > 2
    for one in found:
        assert json.loads(one["out"])["exit_code"] == one["code"]
        assert of(one["work"]) == []
        shutil.rmtree(one["work"])
