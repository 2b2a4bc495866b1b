"""``fakeokx`` and its ctl end on Ctrl+C and SIGTERM in one line; every answer is in the ledger."""

from __future__ import annotations

import json
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from signalkit import CODES, TIMES, Kit, caught, judged, removed

import fakeokx

WORDS = {signal.SIGINT: "stopped by Ctrl+C", signal.SIGTERM: "stopped by SIGTERM"}
PROGRAM = {"program": "fakeokx.cli", "function": "main"}


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    imports = ("fakeokx.cli.app", "fakeokx.process.serve", "fakeokx.process.runner")
    with Kit(tmp_path_factory.mktemp("forks"), *imports) as running:
        yield running


def last(url: str) -> float:
    query = f"{url}/api/v5/market/ticker?instId=BTC-USDT-SWAP"
    with urllib.request.urlopen(query) as answer:
        return float(json.load(answer)["data"][0]["last"])


@pytest.mark.parametrize("sig", CODES)
def test_serve_from_its_first_import_on(sig: signal.Signals, tmp_path: Path) -> None:
    """A process from the start, nothing imported."""
    rng = random.Random(int(sig))
    command = [sys.executable, "-m", "fakeokx.cli", "serve", "--json", "--dir", str(tmp_path)]
    for _ in range(5):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not caught(child.pid):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 1.2))
        child.send_signal(sig)
        out, err = child.communicate(timeout=20)
        assert child.returncode == CODES[sig], err
        said(out, err, sig)


@pytest.mark.parametrize("sig", CODES)
def test_serve_ends_at_twenty_random_moments(sig: signal.Signals, kit: Kit) -> None:
    """Many of them before its ready line, many behind it."""
    words = ("serve", "--json", "--dir", "{WORK}/venue")
    found = kit.stopped(*words, **PROGRAM, seed=int(sig), sig=sig, endless_s=0.6, wide=4)
    assert judged(found, sig, WORDS[sig]) == TIMES + 1
    for one in found:
        said(one["out"], one["err"], sig)
    removed(found)


def said(out: str, err: str, sig: signal.Signals) -> None:
    """A document, the line of being ready if it was, and the line of the end."""
    told = json.loads(out)
    assert "url" in told or told["exit_code"] == CODES[sig]
    assert "Traceback" not in err
    assert len(err.splitlines()) == 1 + ("url" in told)
    assert WORDS[sig] in err.splitlines()[-1]


def test_what_was_answered_before_the_signal_is_there_after_it(kit: Kit, tmp_path: Path) -> None:
    """Twenty times: a price is set, Ctrl+C, and the next life has it."""
    lives: list[float] = []

    def live(line: str) -> None:
        control = fakeokx.Control(json.loads(line)["url"])
        if lives:
            assert last(control.url) == lives[-1]
        lives.append(50_001 + len(lives))
        control.price("BTC-USDT-SWAP", str(lives[-1]))

    words = ("serve", "--json", "--dir", str(tmp_path / "venue"))
    found = kit.stopped(*words, **PROGRAM, says=live, endless_s=0.001)
    assert judged(found, signal.SIGINT, WORDS[signal.SIGINT]) == TIMES + 1 == len(lives)
    removed(found)


@pytest.mark.parametrize("sig", CODES)
def test_ctl_ends_while_it_waits_for_an_exchange_that_says_nothing(
    sig: signal.Signals, kit: Kit
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        words = ("ctl", "--url", url, "price", "BTC-USDT-SWAP", "51000")
        found = kit.stopped(*words, **PROGRAM, seed=int(sig), sig=sig, endless_s=0.4, wide=4)
    assert judged(found, sig, WORDS[sig]) == TIMES + 1
    assert {(one["out"], one["err"].count("\n")) for one in found} == {("", 1)}
    removed(found)


@pytest.mark.parametrize("words", [("coverage",), ("coverage", "--json"), ("ctl", "--help")])
def test_what_ends_by_itself_ends_at_twenty_random_moments(
    words: tuple[str, ...], kit: Kit
) -> None:
    found = kit.stopped(*words, **PROGRAM)
    assert judged(found, signal.SIGINT, WORDS[signal.SIGINT]) >= TIMES // 4
    if "--json" in words:
        assert all(json.loads(one["out"]) for one in found)
    removed(found)


FIRST_MOMENT = """
import os, signal, sys
catch = signal.signal

def caught(number, handler):
    catch(number, handler)
    if number == signal.SIGTERM:
        os.kill(os.getpid(), int(sys.argv.pop()))

signal.signal = caught
from fakeokx.cli import main
main()
"""


@pytest.mark.parametrize("sig", CODES)
def test_a_signal_in_the_moment_that_it_is_caught(sig: signal.Signals) -> None:
    command = [sys.executable, "-c", FIRST_MOMENT, "coverage", str(int(sig))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (CODES[sig], "", 1), done


BROUGHT_ABOUT = """
import os, signal, sys, fakeokx.process.coverage as module

def broken(*_, **__):
    try:
        os.kill(os.getpid(), {sig})
        signal.pause()
    except BaseException as problem:
        raise RuntimeError("as importing does in Python 3.11") from problem

module.everything = broken
from fakeokx.cli import main
main()
"""


@pytest.mark.parametrize("sig", CODES)
def test_an_error_that_a_signal_brought_about_is_no_error(sig: signal.Signals) -> None:
    code = BROUGHT_ABOUT.format(sig=int(sig))
    command = [sys.executable, "-c", code, "coverage", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (CODES[sig], CODES[sig])
    assert done.stderr.count("\n") == 1, done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("serve", "--json", "--balance", "much"),
        ("serve", "--json", "--no-such-option"),
        ("serve", "--json", "--host", "203.0.113.1"),
        ("coverage", "--json", "more"),
    ],
)
def test_wrong_usage_is_a_document_where_json_was_asked_for(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fakeokx.cli", *words], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert json.loads(done.stdout)["exit_code"] == 2
    assert done.stderr
