"""One row by the code of this tree and, where asked for, of another one: in turns, round by round.

Each tree plays in a process of its own, which makes its stores once and then plays rounds when it
is told to: this tree, the other one, the other one, this tree, and so on. While one plays the other
stands still. What else the machine does falls on both, and shows in how far rounds are apart.

The other tree gives the library alone: its ``prometheus_persist`` beside this tree's ``chaos`` and
``fakeokx``, so that the same measure is put to both. What the older library lacks (a module, a
call) ends its process with a reason, which is that row's answer for it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from chaos.bench.children import TIMEOUT_S
from chaos.bench.context import ROOT, Options
from chaos.bench.table import BenchRow, RequiredBar, TableLine, beside, merged, timed_line
from prometheus_persist.errors import BadConfig, StoreFailed

Measure = Callable[[Options], Iterator[list[BenchRow]]]
_CHILD = "import sys\nfrom chaos.bench.playing import play\nplay(*sys.argv[1:])"


def overlay(folder: Path, against: Path) -> Path:
    """A place to import from: the other tree's library, and this tree's bench. Raises BadConfig."""
    library = against.resolve() / "prometheus_persist"
    if not library.is_dir():
        raise BadConfig(
            f"--against {against}: no prometheus_persist there; give a checked out tree"
        )
    place = folder / "overlay"
    place.mkdir()
    (place / "prometheus_persist").symlink_to(library)
    for name in ("chaos", "fakeokx"):
        (place / name).symlink_to(ROOT / name)
    return place


class Player:
    """The process of one tree. ``imports`` is where its packages are, ``options.home`` the tree."""

    def __init__(self, name: str, options: Options, imports: Path) -> None:
        paths = [str(imports), *filter(None, [os.environ.get("PYTHONPATH")])]
        scale = json.dumps(dataclasses.asdict(options.scale))
        words = [name, str(options.folder), str(options.seconds), scale, str(options.home)]
        self._process = subprocess.Popen(  # noqa: S603 our own interpreter and our own code
            [sys.executable, "-P", "-c", _CHILD, *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,  # Ctrl+C is for this process, which ends it
        )
        self._said: list[str] = []
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._said = [*self._said[-20:], line.strip()]

    def round(self) -> list[BenchRow]:
        """The rows of one round; raises StoreFailed with the child's last words."""
        process, timer = self._process, threading.Timer(TIMEOUT_S, self.end)
        assert process.stdin is not None
        assert process.stdout is not None
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write("round\n")
                process.stdin.flush()
            answer = process.stdout.readline()
        finally:
            timer.cancel()
        if not answer:
            process.wait()
            self._listener.join()
            last = [line for line in self._said if line] or [f"exit code {process.returncode}"]
            raise StoreFailed(last[-1])
        return [row_of(found) for found in json.loads(answer)]

    def leave(self) -> None:
        """No round any more: it clears away, and ends."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(60)
        self.end()

    def end(self) -> None:
        """End it and what it started, now."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def play_turns(
    name: str,
    rounds: int,
    mine: Options,
    other: Options | None,
    imports: Path,
    quiet: Callable[[], None],
) -> list[BenchRow]:
    """The rows of this tree, those of the other one (imported from ``imports``) beside them.

    ``quiet`` is called before each round, while nobody plays. Raises StoreFailed where this tree
    fails.
    """
    players = [Player(name, mine, ROOT)]
    taken: list[list[list[BenchRow]]] = [[]]
    why = ""
    try:
        if other is not None:
            players.append(Player(name, other, imports))
            taken.append([])
        for number in range(rounds):
            for turn in range(len(players)):
                who = (turn + number) % 2 if len(players) > 1 else 0
                if who and why:
                    continue
                quiet()
                try:
                    taken[who].append(players[who].round())
                except StoreFailed as problem:
                    if not who:
                        raise
                    why = problem.detail
        for player in players:
            player.leave()
    finally:
        for player in players:
            player.end()
    now = [merged(each) for each in _by_row(taken[0])]
    if other is None:
        return now
    then = {} if why else {row.row_id: row for row in map(merged, _by_row(taken[1]))}
    lacks = BenchRow("", why_not=f"failed:{why}")
    return [beside(row, then.get(row.row_id, dataclasses.replace(lacks, row_id=row.row_id)))
            for row in now]  # fmt: skip


def _by_row(rounds: list[list[BenchRow]]) -> list[list[BenchRow]]:
    """The rounds of each row; some are played in the first round alone."""
    found: dict[str, list[BenchRow]] = {}
    for rows in rounds:
        for row in rows:
            found.setdefault(row.row_id, []).append(row)
    return list(found.values())


def wire_of(row: BenchRow) -> dict[str, Any]:
    """A row of one round with its samples."""
    found = dataclasses.asdict(dataclasses.replace(row, lines=()))
    lines = [[one.name, list(one.samples), one.value, one.unit, one.why_not] for one in row.lines]
    return {**found, "lines": lines}


def row_of(wire: Mapping[str, Any]) -> BenchRow:
    """The row that ``wire_of`` wrote."""
    lines = [
        timed_line(name, samples) if samples else TableLine(name, None, value, unit, why_not=why)
        for name, samples, value, unit, why in wire["lines"]
    ]
    checks = [RequiredBar(**{**check, "rounds": ()}) for check in wire["checks"]]
    return BenchRow(**{**wire, "lines": lines, "checks": checks})
