"""``--keep-running``: the trader is this process, and everything else is built to outlive it.

    DIR/store       the trader's persistence
    DIR/venue       the exchange's own ledger
    DIR/venue.json  url and pid of the exchange, pid of the market

The exchange and the market are processes of their own; a ``kill -9`` of this one leaves them be,
and the same command finds them again: an exchange that still answers is used, one that is gone is
started anew on the same ledger and port. After Ctrl+C, and after a normal end, both are stopped.
A market whose exchange is gone ends by itself; one that nobody trades on any more ends after ten
minutes and takes the exchange along.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]

import fakeokx
from chaos.demo.words import say
from chaos.report.words import Lang
from chaos.scenarios.environment import environment
from chaos.workload.play import Life, live
from prometheus_persist.cli.ending import write_document
from prometheus_persist.errors import EXIT_HUMAN
from prometheus_persist.shown import tell

VENUE_FILE = "venue.json"
PAUSE_S = 1.0
SYNC_EVERY_CYCLES = 20
GONE_S_MAX = 5.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """The processes around the trader. ``found``: the exchange is new, found, or revived."""

    url: str
    venue_pid: int
    market_pid: int
    found: str

    def stop(self) -> None:
        """End both, and wait until they are gone."""
        _end(self.market_pid, "chaos.market")
        _end(self.venue_pid, "fakeokx")


def keep_running(directory: Path, seed: int, lang: Lang, *, as_json: bool) -> int:
    """Trade until a signal comes; returns the exit code."""
    out = sys.stderr if as_json else sys.stdout
    directory.mkdir(parents=True, exist_ok=True)
    world = _world(directory, seed)
    tell(say(f"keep.{world.found}", lang, pid=world.venue_pid), out)
    tell(say("keep.how", lang, pid=os.getpid()), out)
    life = Life(
        directory=directory / "store",
        url=world.url,
        seed=seed,
        cycles=0,
        lang=lang,
        pause_s=PAUSE_S,
        sync_every=SYNC_EVERY_CYCLES,
    )
    code = None
    try:
        code = live(life, _Progress(lang, out), out)
    finally:
        if code != EXIT_HUMAN:
            world.stop()
    if code == EXIT_HUMAN:
        tell(say("keep.human", lang, url=world.url, pid=world.venue_pid), out)
    else:
        tell(say("keep.saved", lang), out)
    if as_json:
        write_document({"exit_code": code, "store": str(life.directory)})
    return code


class _Progress:
    """Tells cycles, refusals and silences as they happen, and lets everything else go by."""

    def __init__(self, lang: Lang, out: Any) -> None:
        self._lang = lang
        self._out = out

    def say(self, event: str, **fields: Any) -> None:
        """One event."""
        if event in ("cycle", "frozen", "unanswered"):
            tell(say(event, self._lang, **fields), self._out)


def _world(directory: Path, seed: int) -> DemoWorld:
    """Find or start the exchange, find or start the market, and write both down."""
    path = directory / VENUE_FILE
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    url, venue_pid, found = known.get("url", ""), known.get("venue_pid", 0), "found"
    if not (url and _is(venue_pid, "fakeokx") and _answers(url)):
        port = urlsplit(url).port or 0
        venue = fakeokx.launch(directory / "venue", port=port, seed=seed)
        url, venue_pid, found = venue.url, venue.pid, "revived" if known else "new"
    market_pid = known.get("market_pid", 0)
    if found != "found" or not _is(market_pid, "chaos.market"):
        _end(market_pid, "chaos.market")
        market_pid = _start_market(url, venue_pid, seed, directory / "market.log")
    words = {"url": url, "venue_pid": venue_pid, "market_pid": market_pid}
    path.write_text(json.dumps(words) + "\n", encoding="utf-8")
    return DemoWorld(url, venue_pid, market_pid, found)


def _start_market(url: str, venue_pid: int, seed: int, log: Path) -> int:
    command = [sys.executable, "-m", "chaos.market", "--url", url, "--seed", str(seed)]
    command += ["--venue-pid", str(venue_pid)]
    with log.open("ab") as out:
        return subprocess.Popen(  # noqa: S603 our own module, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=environment(),
            start_new_session=True,
        ).pid


def _answers(url: str) -> bool:
    try:
        return fakeokx.Control(url, timeout_s=2.0).health()
    except OSError:
        return False


def _is(pid: int, what: str) -> bool:
    """Whether that pid still is the process we started, and no stranger under its number."""
    try:
        return pid > 0 and any(what in word for word in psutil.Process(pid).cmdline())
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _end(pid: int, what: str) -> None:
    """SIGTERM, then SIGKILL, to the process that we know under that pid."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + GONE_S_MAX
        if _is(pid, what):
            os.kill(pid, number)
        while _is(pid, what) and time.monotonic() < deadline:
            _reap(pid)
            time.sleep(_POLL_S)


def _reap(pid: int) -> None:
    """Take the exit status of a child of ours; another process's child is not ours to reap."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return
