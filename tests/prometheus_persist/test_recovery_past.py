"""Reading a real store's kept past: whole, beside its writer, damaged; nothing is written."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.recovery.past import kept_past
from prometheus_persist.session import Session
from prometheus_persist.session.settings_sources import visited
from prometheus_persist.state import Agent

NAMES = ("LiveAgent_01", "LiveAgent_02")


def live(root: Path, rounds: int, *, kill: bool = False) -> Decimal:
    """One life: capitals move; killed, or closed. What all are worth at its end."""
    session = Session.open(root)
    if session.fresh:
        session.add_agents(Agent(agent_id=name, current_capital=Decimal(1000)) for name in NAMES)
    for number in range(rounds):
        name = NAMES[number % 2]
        book = session.state.private_ledgers[name]
        book.capital += Decimal("1.25")
        session.state.agents[name].current_capital = book.capital
        session.on_trade(name)
        if number == rounds // 2:
            session.snapshot()
    worth = sum(book.capital for book in session.state.private_ledgers.values())
    if not kill:
        session.state.supervisor.system_cycle_count += 1
    session.close(save=not kill)
    return Decimal(worth)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    live(root, 6, kill=True)
    live(root, 6)
    live(root, 4)
    return root


def contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def explore(root: Path, out: Path, *more: str) -> tuple[int, dict[str, object]]:
    words = ["explore", str(root), "--out", str(out), "--json", *more]
    done = CliRunner().invoke(app, words)
    return done.exit_code, json.loads(done.stdout)


def test_every_commit_of_every_life_is_there_and_no_byte_is_written(store: Path) -> None:
    before = contents(store)
    facts = kept_past(visited(store))
    assert contents(store) == before
    assert (facts.first_seq, facts.problems, facts.unshown) == (1, (), ())
    numbers = [one.seq for one in facts.commits]
    assert facts.commits_ever == len(numbers) >= 6 + 6 + 4
    kinds = [one.kind for one in facts.marks]
    assert kinds == ["opened", "ended", "opened", "closed", "opened", "closed"]
    assert len(facts.down) == 2
    end = Session.open(store)
    worth = sum(book.capital for book in end.state.private_ledgers.values())
    end.close(save=False)
    assert facts.total[-1][1] == worth
    assert [one.agent_id for one in facts.agents] == list(NAMES)


def test_the_page_is_written_for_its_owner_alone_in_both_languages(
    store: Path, tmp_path: Path
) -> None:
    for lang, title in (("en", "<h1>History</h1>"), ("zh", "<h1>历史浏览</h1>")):
        out = tmp_path / f"{lang}.html"
        code, told = explore(store, out, "--lang", lang)
        assert (code, told["unshown"], told["problems"]) == (0, [], [])
        assert title in out.read_text("utf-8")
        assert out.stat().st_mode & 0o077 == 0


def test_a_store_in_use_is_explored_beside_its_writer(store: Path, tmp_path: Path) -> None:
    session = Session.open(store)
    session.freeze("BTC-USDT-SWAP", "by hand")
    code, told = explore(store, tmp_path / "p.html")
    assert (code, told["last"]) == (0, session.seq)
    session.freeze("ETH-USDT-SWAP", "by hand")
    session.close()


def test_what_is_lost_in_both_copies_is_named_and_the_rest_is_shown(
    store: Path, tmp_path: Path
) -> None:
    whole = kept_past(visited(store))
    segments = sorted((store / "incremental/journal").glob("*.wal"))
    for copy in ("incremental/journal", "mirror"):
        path = store / copy / segments[0].name
        data = bytearray(path.read_bytes())
        data[len(data) // 6] ^= 1
        path.write_bytes(bytes(data))
    facts = kept_past(visited(store))
    (gap,) = facts.unshown
    assert 1 < gap.first <= gap.last < whole.last_seq
    shown = {one.seq for one in facts.commits}
    lost = {one.seq for one in whole.commits} - shown
    assert lost <= set(range(gap.first, gap.last + 1))
    assert facts.total[-1] == whole.total[-1]
    code, told = explore(store, tmp_path / "p.html", "--lang", "en")
    assert (code, told["unshown"]) == (4, [[gap.first, gap.last]])
    assert f"commits {gap.first}–{gap.last}" in (tmp_path / "p.html").read_text("utf-8")


def test_a_tail_that_is_gone_is_named(store: Path, tmp_path: Path) -> None:
    for snapshot in (store / "snapshots").iterdir():
        snapshot.unlink()
    newest = sorted((store / "incremental/journal").glob("*.wal"))[-1].name
    for copy in ("incremental/journal", "mirror"):
        path = store / copy / newest
        data = bytearray(path.read_bytes())
        data[600] ^= 1
        path.write_bytes(bytes(data))
    code, told = explore(store, tmp_path / "p.html", "--lang", "en")
    assert code == 4
    assert told["problems"]
    assert "cannot be shown" in (tmp_path / "p.html").read_text("utf-8")


def test_one_damaged_copy_hides_nothing(store: Path, tmp_path: Path) -> None:
    whole = kept_past(visited(store))
    for path in (store / "mirror").glob("*.wal"):
        path.write_bytes(b"x" * 5000)
    assert kept_past(visited(store)).commits == whole.commits


def test_no_store_is_exit_2_and_writes_no_page(tmp_path: Path) -> None:
    code, _ = explore(tmp_path / "none", tmp_path / "p.html")
    assert code == 2
    assert not (tmp_path / "p.html").exists()
