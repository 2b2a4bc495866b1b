"""The bench end to end: tiny, but every row is measured on real stores and real files."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from chaos.bench import command, context, peers, run, words
from chaos.bench.context import TINY, Options
from chaos.bench.host import Host
from chaos.bench.peers import JsonFiles, Lmdb, Pickle, Raw, Sqlite
from chaos.bench.race import Contestant, run_race
from chaos.bench.rows_async import _snapshot_row
from chaos.bench.run import Row
from chaos.bench.table import BenchRow
from prometheus_persist.cli.app import app
from prometheus_persist.errors import BadConfig, StoreFailed

ROWS = [
    "save",
    "commit",
    "mirror",
    "ack",
    "load",
    "stolen",
    "aged_agents",
    "aged_ledger",
    "grouped",
    "threads",
    "restart",
    "help",
    "restore_ledger",
    "first_recover",
    "collector",
    "restore_agents",
    "far",
    "settle",
    "snapshot",
    "host_trade",
    "host_first",
    "host_look",
    "host_restore",
    "host_memory",
    "host_crowd",
    "host_crowd_look",
]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "QUICK", TINY)


def test_a_tiny_run_measures_every_row_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Each row has lines with samples, or says why not; no bar is needed to be met."""
    told: list[str] = []
    found = run.run_bench(Options(tmp_path, 0.02, TINY, tell=told.append))
    assert [row.row_id for row in found.rows] == ROWS
    assert {row.row_id: row.why_not for row in found.rows if row.why_not} == {}
    assert told == [row.name for row in run.ROWS]
    assert {"p10", "p50", "p90", "longest", "first_third", "last_third"} == set(
        found.noise["sync_us"]
    )
    for row in found.rows:
        assert row.lines, row.row_id
        for line in row.lines:
            assert line.times or line.value is not None or line.why_not, line
            assert line.name in words.LINES, line.name
        assert all(check.name in words.CHECKS for check in row.checks)
        assert row.row_id in words.ROWS
    assert list(tmp_path.iterdir()) == []


def test_a_row_that_fails_says_why_and_the_others_go_on(tmp_path: Path) -> None:
    """The reason is what it raised."""

    def play(row: Row, _: Options) -> list[BenchRow]:
        if row.name == "restart":
            raise StoreFailed("the disk is full")
        return [BenchRow("ack")]

    rows = [row for row in run.ROWS if row.name in ("restart", "snapshot")]
    first, second = run._rows(Options(tmp_path, 1.0), rows, play)
    assert "the disk is full" in first.why_not
    assert (second.row_id, second.why_not) == ("ack", "")


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("extra", "code"), [((), 0), (("--check",), 1)])
def test_a_missed_bar_is_reported_and_fails_only_under_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: tuple[str, ...], code: int
) -> None:
    """Stdout is one JSON document; the page is written where it was asked for."""
    from chaos.bench.table import RequiredBar

    missed = BenchRow("save", checks=[RequiredBar("to_raw", 9.0, "<=", 1.25, "x")])
    monkeypatch.setattr(run, "ROWS", run.ROWS[:1])
    monkeypatch.setattr(run, "play_turns", lambda *_: [missed])
    page = tmp_path / "speed.html"
    said = CliRunner().invoke(
        app, ["bench", "--dir", str(tmp_path), "--json", "--html", str(page), *extra]
    )
    assert said.exit_code == code, said.output
    found = json.loads(said.stdout)
    assert found["missed"] is True
    assert found["rows"][0]["checks"][0]["met"] is False
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize(("lang", "word"), [("zh", "速度表"), ("en", "Speed table")])
def test_the_table_speaks_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lang: str, word: str
) -> None:
    """The same run, in the reader's words."""
    monkeypatch.setattr(run, "ROWS", ())
    said = CliRunner().invoke(app, ["bench", "--dir", str(tmp_path), "--lang", lang])
    assert (said.exit_code, word in said.stdout) == (0, True)


def test_what_cannot_be_carried_out_is_refused(tmp_path: Path) -> None:
    """No time, too much of it, no directory: exit code 2."""
    for seconds in (0.0, -1.0, context.SECONDS_MAX * 2, float("nan")):
        with pytest.raises(BadConfig):
            Options(tmp_path, seconds)
    said = CliRunner().invoke(app, ["bench", "--dir", str(tmp_path / "nowhere")])
    assert said.exit_code == 2


def test_contestants_take_turns_and_the_first_block_is_not_counted() -> None:
    """Nobody always runs first; what is timed is what is counted, less the warm-up."""
    ran: list[str] = []

    def note(name: str) -> Contestant:
        return Contestant(name, lambda: None, lambda: ran.append(name))

    race = run_race([note("a"), note("b"), note("c")], 0.05)
    firsts = [name for before, name in zip(["", *ran], ran, strict=False) if before != name]
    assert firsts[:3] == ["a", "b", "c"]
    assert firsts[3:5] in (["b", "c"], ["c", "a"])  # b first; its block joins none before it
    assert all(race.samples[name] for name in "abc")
    assert sum(map(len, race.samples.values())) < len(ran)


def test_a_save_is_during_the_snapshot_when_they_overlap_at_all() -> None:
    """The wait is the longest of those, less the median of the others."""
    ms = 1_000_000
    saves = [(0, ms), (2 * ms, 3 * ms), (9 * ms, 15 * ms), (20 * ms, 21 * ms)]
    row = _snapshot_row({}, saves, [(10 * ms, 14 * ms)])
    assert [line.times.count for line in row.lines[:2] if line.times] == [1, 3]
    (check,) = row.checks
    assert (check.value, check.met) == (5.0, True)


def test_the_load_ends_with_whoever_made_it(tmp_path: Path) -> None:
    """Also where its maker was killed and could not end it."""
    code = (
        "import os, pathlib, signal, sys\n"
        "from chaos.bench import rows_saving\n"
        "with rows_saving.disk_load(pathlib.Path(sys.argv[1])) as process:\n"
        "    print(process, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "noise")], capture_output=True, check=False
    )
    assert said.returncode == -9, said.stderr
    pid = int(said.stdout)
    until = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_every_peer_leaves_its_bytes_on_the_disk(tmp_path: Path) -> None:
    """A peer that writes nothing would win every race."""
    host = Host(tmp_path / "host", 2)
    frames = [b"frame one", b"frame two"]
    made: list[peers.Peer] = [
        Raw(tmp_path, host, frames, given=True),
        Raw(tmp_path, host, frames, given=False),
        Sqlite(tmp_path, host, frames),
        JsonFiles(tmp_path, host),
        Pickle(tmp_path, host),
    ]
    if not peers.missing("lmdb"):
        made.append(Lmdb(tmp_path, host, frames))
    for peer in made:
        for _ in range(2):
            peer.prepare()
            peer.save()
        peer.close()
    host.close()
    assert (tmp_path / "raw_grown").read_bytes() == b"frame oneframe two"
    assert (tmp_path / "raw_given").read_bytes().startswith(b"frame oneframe two\0")
    assert b"frame two" in b"".join(path.read_bytes() for path in tmp_path.glob("peer.sqlite*"))
    assert len(list((tmp_path / "json_files").glob("*.json"))) == 8
    assert (tmp_path / "pickle" / "state.pickle").stat().st_size > 1000


def test_the_host_saves_what_it_says(tmp_path: Path) -> None:
    """A trade that was timed is there after a restart: agent, both ledgers, intent, records."""
    host = Host(tmp_path, 3)
    trade = host.trade(host.names[1])
    host.save(trade)
    host.add_records(5)
    ticket = host.save_soon(host.trade(host.names[2]))
    assert ticket is not None
    ticket.wait()
    digest = host.session.digest()
    host.close()
    from prometheus_persist.session import Session

    session = Session.open(tmp_path)
    try:
        assert session.digest() == digest
        assert session.state.agents[host.names[1]].trade_count == 1
        assert session.state.agents[host.names[2]].trade_count == 1
        assert len(session.state.intents) == 2
        assert len(session._store.image.streams["public_trades"]) == 7
    finally:
        session.close(save=False)
