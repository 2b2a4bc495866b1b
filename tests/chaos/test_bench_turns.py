"""Two trees in turns: each by its own library, round by round, and what an older one lacks."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from chaos.bench import run, turns
from chaos.bench.context import ROOT, TINY, Options
from chaos.bench.table import BenchRow, RequiredBar, timed_line
from chaos.bench.turns import Player, overlay, play_turns, row_of, wire_of
from prometheus_persist.errors import BadConfig, StoreFailed

THREADS = tuple(row for row in run.ROWS if row.name in ("threads", "help"))


def a_tree(folder: Path, words: str = "") -> Path:
    """A library that is nothing but errors."""
    library = folder / "tree" / "prometheus_persist"
    library.mkdir(parents=True)
    (library / "__init__.py").write_text("")
    (library / "errors.py").write_text(f"{words}\nclass PersistError(Exception): pass\n")
    return folder / "tree"


def test_both_trees_are_measured_and_the_bar_on_before_comes_of_the_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other tree is this one again: every line stands beside itself."""
    monkeypatch.setattr(run, "ROWS", THREADS)
    found = run.run_bench(Options(tmp_path, 0.02, TINY), ROOT)
    threads, helps = found.rows
    assert [check.name for check in threads.checks] == ["frames_a_sync", "one_thread_before"]
    for row in (threads, helps):
        assert row.before is not None
        assert row.before.why_not == row.why_not == ""
        assert all(row.over_before(line) for line in row.lines)
        assert all(len(line.rounds) == TINY.rounds for line in row.lines)
    assert threads.to_json()["before"]["lines"][0]["name"] == "frames"
    assert "over_before" in threads.to_json()["lines"][0]
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_an_older_library_cannot_play_says_so_and_nothing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This tree's figures are there; the other one's have a reason."""
    monkeypatch.setattr(run, "ROWS", THREADS[:1])
    tree = a_tree(tmp_path)
    (row,) = run.run_bench(Options(tmp_path, 0.02, TINY), tree).rows
    assert row.why_not == ""
    assert all(line.rounds for line in row.lines)
    assert row.before is not None
    assert "ImportError" in row.before.why_not
    assert "one_thread_before" not in [check.name for check in row.checks]


def test_what_is_no_tree_is_refused(tmp_path: Path) -> None:
    """Before anything is measured; and nothing is left."""
    with pytest.raises(BadConfig, match="--against"):
        run.run_bench(Options(tmp_path, 0.02, TINY), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_other_library_is_measured_by_this_bench(tmp_path: Path) -> None:
    """The same measure for both, whatever the other tree's own bench does."""
    tree = a_tree(tmp_path)
    place = overlay(tmp_path, tree)
    assert (place / "prometheus_persist").resolve() == tree / "prometheus_persist"
    assert [(place / name).resolve() for name in ("chaos", "fakeokx")] == [
        ROOT / "chaos",
        ROOT / "fakeokx",
    ]


class Pretended:
    """A player that says only who plays."""

    order: ClassVar[list[str]] = []
    fails = ""

    def __init__(self, _name: str, options: Options, _imports: Path) -> None:
        self.who = options.folder.name

    def round(self) -> list[BenchRow]:
        self.order.append(self.who)
        if self.who == self.fails:
            raise StoreFailed("it is not there")
        number = 1 + len(self.order)
        check = RequiredBar("to_raw", number, "<=", 100, "x")
        return [BenchRow("save", lines=[timed_line("sqlite", [number])], checks=[check])]

    def leave(self) -> None:
        self.order.append("left")

    def end(self) -> None:
        pass


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    monkeypatch.setattr(turns, "Player", Pretended)
    Pretended.order, Pretended.fails = [], ""
    yield Pretended.order
    Pretended.fails = ""


def two(folder: Path) -> tuple[Options, Options]:
    options = Options(folder, 1.0, TINY)
    return options, dataclasses.replace(options, folder=folder.parent)


def test_the_trees_take_turns_and_nobody_always_begins(
    tmp_path: Path, pretended: list[str]
) -> None:
    """A, B, B, A: what drifts falls on both; and a probe before each."""
    mine, other = two(tmp_path)
    probes: list[int] = []
    a, b = mine.folder.name, other.folder.name
    (row,) = play_turns("save", 3, mine, other, tmp_path, lambda: probes.append(len(pretended)))
    assert pretended == [a, b, b, a, a, b, "left", "left"]
    assert probes == [0, 1, 2, 3, 4, 5]
    assert (row.checks[0].rounds, row.checks[0].value) == ((2.0, 5.0, 6.0), 5.0)
    assert row.before is not None
    assert row.before.checks[0].rounds == (3.0, 4.0, 7.0)


def test_a_tree_that_fails_is_asked_no_more(tmp_path: Path, pretended: list[str]) -> None:
    """The other one says why; this one's failure is the row's."""
    mine, other = two(tmp_path)
    Pretended.fails = other.folder.name
    (row,) = play_turns("save", 3, mine, other, tmp_path, lambda: None)
    assert pretended.count(other.folder.name) == 1
    assert row.before is not None
    assert row.before.why_not == "failed:it is not there"
    assert len(row.checks[0].rounds) == 3
    Pretended.fails = mine.folder.name
    with pytest.raises(StoreFailed, match="not there"):
        play_turns("save", 3, mine, other, tmp_path, lambda: None)


def test_a_row_comes_over_the_pipe_as_it_was() -> None:
    """With its samples; what is made of rounds is not sent."""
    row = BenchRow(
        "save", {"ms": "1"}, [timed_line("sqlite", [3, 1, 2])],
        [RequiredBar("to_raw", 2.0, "<=", 3.0, "x", worst=True)], ["gc:1:2"], "", "sqlite",
        {"sqlite": 1.03},
    )  # fmt: skip
    back = row_of(wire_of(row))
    assert dataclasses.asdict(back)["lines"] == dataclasses.asdict(row)["lines"]
    assert (back.checks, back.no_slower, back.base) == (row.checks, row.no_slower, "sqlite")


def test_a_player_that_is_left_alone_ends_and_clears_away(tmp_path: Path) -> None:
    """Nobody tells it to play any more: it closes its stores."""
    player = Player("threads", Options(tmp_path, 0.02, TINY), ROOT)
    assert player.round()[0].row_id == "threads"
    process: Any = player._process
    player.leave()
    assert process.returncode == 0


def test_a_player_that_is_ended_is_gone_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, in the middle of a round."""
    sleeps = "import time; time.sleep(600)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {sleeps!r}])"
    monkeypatch.setattr(turns, "_CHILD", code)
    player = Player("restart", Options(tmp_path, 0.02, TINY), ROOT)
    process: Any = player._process
    assert _waited(lambda: len(_in_group(process.pid)) > 1)
    player.end()
    assert process.returncode == -9
    assert _waited(lambda: not _in_group(process.pid))


def _waited(reached: Callable[[], bool]) -> bool:
    until = time.monotonic() + 60
    while not reached() and time.monotonic() < until:
        time.sleep(0.001)
    return reached()


def _in_group(group: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(place.name))
    return [pid for pid in found if pid != os.getpid()]


def test_an_older_library_that_attaches_no_host_can_be_measured() -> None:
    """What the bench imports before its first row is there in the oldest tree that it is shown."""
    code = (
        "import sys; sys.modules['prometheus_persist.session.attaching'] = None; "
        "import chaos.bench.playing"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
