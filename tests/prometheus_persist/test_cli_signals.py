"""Ctrl+C and SIGTERM at random moments: one line, 130 or 143, and all that was acknowledged."""

from __future__ import annotations

import json
import os
import random
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
from signalkit import CODES, TIMES, Kit, caught, judged, removed

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
STORE = ("--dir", "{STORE}")
COMMANDS: dict[str, tuple[str, ...]] = {
    "status": ("status", *STORE),
    "status --watch": ("status", "--watch", *STORE),
    "verify": ("verify", *STORE),
    "save": ("save", *STORE),
    "restore": ("restore", *STORE),
    "restore --into": ("restore", *STORE, "--into", "{WORK}/into"),
    "snapshots": ("snapshots", *STORE),
    "explore": ("explore", *STORE, "--out", "{WORK}/page.html"),
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
    "tail": 0.6, "status --watch": 0.6,
    "orders settle": 0.6, "orders cancel": 0.6, "reconcile silent": 0.6, "bench": 3.0,
}  # fmt: skip
"""What does not end by itself soon, and within how many seconds it is stopped."""
WIDE = 4
"""How many of these are under way at a time: they wait, or measure."""
ACCOUNTS = ("a", "b", "c", "d")
"""What trades does so for accounts that do not meet, as many at a time."""


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
            for name in ACCOUNTS:
                venue.open_account(name)
                venue.deposit("USDT", "1000000", account=name)
                venue.add_key(name, "s", "p", account=name)
            yield {"SILENT": f"http://127.0.0.1:{silent.getsockname()[1]}", "VENUE": venue.url}


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    place = tmp_path_factory.mktemp("forks")
    with Kit(place, "prometheus_persist.cli.app", "ccxt", **KEYS) as running:
        yield running


@pytest.mark.parametrize("command", COMMANDS)
def test_twenty_ctrl_c_at_random_moments(
    command: str, store: Path, places: dict[str, str], kit: Kit
) -> None:
    """One line and 130, or the command had ended; the store has all that was acknowledged."""
    words = tuple(places.get(word, word) for word in COMMANDS[command])
    how: dict[str, Any] = {"store": str(store)} if "{STORE}" in words else {}
    if command in ENDLESS:
        how |= {"endless_s": ENDLESS[command], "wide": WIDE}
    if command == "reconcile --sandbox":
        how["envs"] = [dict(zip(KEYS, (name, "s", "p"), strict=True)) for name in ACCOUNTS]
    found = kit.stopped(*words, **how)
    count = judged(found, signal.SIGINT, "stopped by Ctrl+C", "asked to stop: taking back")
    assert count >= TIMES // 4, [(one["code"], one["took"]) for one in found]
    if "{STORE}" in words:
        for one in found:
            kept(Path(one["work"]) / "store")
    removed(found)


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
    sig: int, words: tuple[str, ...], store: Path, kit: Kit
) -> None:
    """Commits as lines, a result as one document, an end as another."""
    how = {"endless_s": 0.4, "wide": WIDE} if words[0] == "tail" else {}
    found = kit.stopped(*words, store=str(store), seed=2, times=8, sig=sig, **how)
    judged(found, sig, "stopped by")
    for one in found:
        for text in one["out"].splitlines() if words[0] == "tail" else [one["out"]]:
            told = json.loads(text)
            assert told.get("exit_code", one["code"]) == one["code"]
    removed(found)


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
        while not caught(child.pid):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.5))
        os.killpg(child.pid, sig)
        _, said = child.communicate(timeout=20)
        word = "Ctrl+C" if sig == signal.SIGINT else "SIGTERM"
        assert (child.returncode, said.count("\n"), word in said) == (CODES[sig], 1, True), said
        assert "停止" in said


FIRST_MOMENT = """
import os, signal, sys
catch = signal.signal

def caught(number, handler):
    catch(number, handler)
    if number == signal.SIGTERM:
        os.kill(os.getpid(), int(sys.argv.pop()))

signal.signal = caught
from {program} import {function}
{function}()
"""


@pytest.mark.parametrize("sig", CODES)
@pytest.mark.parametrize(
    ("program", "function"), [("prometheus_persist.cli", "main"), ("chaos.cli", "console")]
)
def test_a_signal_in_the_moment_that_it_is_caught(program: str, function: str, sig: int) -> None:
    code = FIRST_MOMENT.format(program=program, function=function)
    command = [sys.executable, "-c", code, "--help", str(int(sig))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (CODES[sig], "", 1), done


BROUGHT_ABOUT = """
import os, signal, sys, {module} as module

def broken(*_, **__):
    try:
        os.kill(os.getpid(), {sig})
        signal.pause()
    except BaseException as problem:
        raise RuntimeError("as importing does in Python 3.11") from problem

module.{name} = broken
from {program} import {function}
{function}()
"""


@pytest.mark.parametrize("sig", CODES)
@pytest.mark.parametrize(
    ("program", "function", "module", "name", "words"),
    [
        ("prometheus_persist.cli", "main", "prometheus_persist.cli.glance", "summary", "status"),
        ("chaos.cli", "console", "chaos.cli.playing", "do_list", "list"),
    ],
)
def test_an_error_that_a_signal_brought_about_is_no_error(
    sig: int, program: str, function: str, module: str, name: str, words: str, store: Path
) -> None:
    code = BROUGHT_ABOUT.format(
        sig=int(sig), program=program, function=function, module=module, name=name
    )
    place = ("--dir", str(store)) if words == "status" else ()
    command = [sys.executable, "-c", code, words, *place, "--json", "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (CODES[sig], CODES[sig])
    assert done.stderr.count("\n") == 1, done.stderr
