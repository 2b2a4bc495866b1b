"""``fakeokx`` and its ctl end on Ctrl+C and SIGTERM in one line; every answer is in the ledger."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import fakeokx

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
WORDS = {signal.SIGINT: "stopped by Ctrl+C", signal.SIGTERM: "stopped by SIGTERM"}


def started(*words: str) -> subprocess.Popen[str]:
    """The process, once it catches signals."""
    child = subprocess.Popen(
        [sys.executable, "-m", "fakeokx.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not _catches(child.pid):
        time.sleep(0.002)
    return child


def _catches(pid: int) -> bool:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("SigCgt:"):
            return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    return False


def last(url: str) -> float:
    query = f"{url}/api/v5/market/ticker?instId=BTC-USDT-SWAP"
    with urllib.request.urlopen(query) as answer:
        return float(json.load(answer)["data"][0]["last"])


def ended(child: subprocess.Popen[str], sig: signal.Signals) -> tuple[str, str]:
    """What it said, with its code and its line checked."""
    os.killpg(child.pid, sig)
    out, err = child.communicate(timeout=20)
    assert child.returncode == CODES[sig], (out, err)
    assert "Traceback" not in err
    lines = err.splitlines()
    assert [WORDS[sig] in line for line in lines].count(True) == 1
    assert WORDS[sig] in lines[-1]
    return out, err


@pytest.mark.parametrize("sig", CODES)
def test_serve_ends_at_random_moments(sig: signal.Signals, tmp_path: Path) -> None:
    """From its first import on, half of the times with a ready line."""
    rng = random.Random(int(sig))
    for number in range(10):
        child = started("serve", "--json", "--dir", str(tmp_path / str(number)))
        time.sleep(rng.uniform(0, 1.2))
        out, err = ended(child, sig)
        told = json.loads(out)
        assert "url" in told or told["exit_code"] == CODES[sig]
        assert len(err.splitlines()) == 1 + ("url" in told)


def test_what_was_answered_before_the_signal_is_there_after_it(tmp_path: Path) -> None:
    """Twenty times: a price is set, Ctrl+C, and the next life has it."""
    for number in range(20):
        child = started("serve", "--json", "--dir", str(tmp_path))
        assert child.stdout is not None
        control = fakeokx.Control(json.loads(child.stdout.readline())["url"])
        if number:
            assert last(control.url) == 50_000 + number
        control.price("BTC-USDT-SWAP", str(50_001 + number))
        ended(child, signal.SIGINT)


@pytest.mark.parametrize("sig", CODES)
def test_ctl_ends_while_it_waits_for_an_exchange_that_says_nothing(sig: signal.Signals) -> None:
    rng = random.Random(int(sig))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for _ in range(10):
            child = started("ctl", "--url", url, "price", "BTC-USDT-SWAP", "51000")
            time.sleep(rng.uniform(0, 0.6))
            out, err = ended(child, sig)
            assert (out, len(err.splitlines())) == ("", 1)


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
