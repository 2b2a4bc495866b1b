"""``status`` as a page for people, and as what is looked at again and again."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.session import Session
from prometheus_persist.state import Agent, Position, PrivateLedger, contracts
from prometheus_persist.state.documents import to_documents
from prometheus_persist.state.store_facts import NAMED_MAX, store_facts

COMMAND = [sys.executable, "-m", "prometheus_persist.cli", "status"]


def position(inst_id: str, quantity: str, pos_side: str = "net") -> Position:
    return Position(
        inst_id=inst_id, mgn_mode="cross", pos_side=pos_side, qty_contracts=contracts(quantity),
        entry_px=Decimal(5), opened_ms=1, updated_ms=1,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    with Session.open(root) as session:
        session.add_agents(
            Agent(agent_id=f"LiveAgent_{n:02}", current_capital=Decimal(1000 + n), total_pnl=n)
            for n in range(1, 15)
        )
        state = session.state
        state.agents["LiveAgent_02"].state = "DEAD"
        for name, held in {"LiveAgent_03": "5", "LiveAgent_04": "-2"}.items():
            book = state.private_ledgers[name]
            state.private_ledgers[name] = book.model_copy(
                update={"positions": [position("BTC-USDT-SWAP", held)]}
            )
        state.private_ledgers["LiveAgent_03"].unrealized_pnl = Decimal("-7.25")
        state.supervisor.system_cycle_count = 156
        session.freeze("ETH-USDT-SWAP", "stopped by Wang")
    return root


def run(*words: object) -> str:
    done = CliRunner().invoke(app, [str(word) for word in ("status", *words)])
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "health|sound, as far|equity|14 (13 alive, 1 dead)|and|stopped by Wang|156"
               "|(of the living;|PnL of all|(the first 10 of 14)|owners|LiveAgent_03|cross net"),
        ("zh", "状况|所读部分完好|权益|14个（13存活，1死亡）|stopped by Wang|156"
               "|（存活者；|；全部累计盈亏|（前10个，共14个）|持有者|LiveAgent_03|cross net"),
    ],
)  # fmt: skip
def test_status_is_a_page_of_money_agents_positions_and_freezes(
    store: Path, lang: str, words: str
) -> None:
    told = run("--dir", store, "--lang", lang)
    assert [word for word in words.split("|") if word not in told and word != "and"] == []
    equity = sum(1000 + n for n in range(1, 15) if n != 2) - Decimal("7.25")
    assert f"${equity:,}" in told
    assert "ETH-USDT-SWAP" in told
    assert max(map(len, told.splitlines())) < 110


def test_status_as_json_has_the_exact_figures(store: Path) -> None:
    found = json.loads(run("--dir", store, "--json"))
    assert found["equity"] == "13095.75"
    assert (found["unrealised"], found["pnl"]) == ("-7.25", "105")
    assert (found["agents"], found["alive"], found["dead"]) == (14, 13, 1)
    assert found["first_positions"] == [
        {"key": "BTC-USDT-SWAP cross net", "contracts": "3", "owners": 2}
    ]
    names = [one["agent_id"] for one in found["first_agents"]]
    assert names[:3] == ["LiveAgent_04", "LiveAgent_03", "LiveAgent_14"]
    assert len(names) == NAMED_MAX


def test_a_short_counts_against_a_long_and_what_is_no_amount_makes_the_sum_unknown() -> None:
    book = PrivateLedger(agent_id="A", positions=[position("B", "4", "short")], capital=1)
    documents = {
        "agents/A": {"agent_id": "A", "state": "X", "total_pnl": "1"},
        "private_ledgers/A": book.model_dump(mode="json"),
    }
    assert store_facts(documents).held[0].contracts == "-4"
    assert store_facts(documents).equity == "1"
    documents["private_ledgers/A"]["capital"] = "much"
    assert store_facts(documents).equity == "?"
    assert store_facts({}).equity == "0"


def test_what_a_look_says_is_what_the_typed_state_says(store: Path) -> None:
    session = Session.open(store)
    held = store_facts(to_documents(session.state))
    session.close(save=False)
    alive = [agent for agent in session.state.agents.values() if agent.alive]
    books = [session.state.private_ledgers[agent.agent_id] for agent in alive]
    assert Decimal(held.equity) == sum(book.capital + book.unrealized_pnl for book in books)
    assert Decimal(held.pnl) == sum(agent.total_pnl for agent in session.state.agents.values())


def test_watching_without_a_terminal_says_it_again_only_when_something_was_saved(
    store: Path,
) -> None:
    """And Ctrl+C ends it in one line, with 130."""
    watching = subprocess.Popen(
        [*COMMAND, "--dir", store, "--watch", "--every", "0.1", "--json", "--lang", "en"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watching.stdout is not None
    first = json.loads(watching.stdout.readline())
    time.sleep(0.5)
    with Session.open(store) as session:
        session.freeze("SOL-USDT-SWAP", "watched")
    second = json.loads(watching.stdout.readline())
    watching.send_signal(signal.SIGINT)
    rest, problem = watching.communicate(timeout=30)
    assert first["frozen"] == ["ETH-USDT-SWAP"]
    assert second["sequence"] > first["sequence"]
    assert second["frozen"] == ["ETH-USDT-SWAP", "SOL-USDT-SWAP"]
    lines = [json.loads(line) for line in rest.splitlines()]
    assert [line["sequence"] for line in lines] == sorted({line["sequence"] for line in lines})
    assert (watching.returncode, problem.count("\n")) == (130, 1)


def test_watching_at_a_terminal_keeps_the_page_in_its_place(store: Path) -> None:
    ours, theirs = pty.openpty()
    watching = subprocess.Popen(
        [*COMMAND, "--dir", store, "--watch", "--every", "0.1", "--lang", "en"],
        stdout=theirs, stderr=subprocess.PIPE, env={**os.environ, "TERM": "xterm"},
    )  # fmt: skip
    os.close(theirs)
    told = b""
    while told.count(b"\x1b[2J") < 3:
        told += os.read(ours, 65536)
    watching.send_signal(signal.SIGINT)
    _, problem = watching.communicate(timeout=30)
    os.close(ours)
    assert told.count(b"equity") >= 2
    assert b"Ctrl+C ends it" in told
    assert (watching.returncode, problem.count(b"\n")) == (130, 1)


def test_a_store_that_goes_away_ends_the_watching(store: Path, tmp_path: Path) -> None:
    watching = subprocess.Popen(
        [*COMMAND, "--dir", store, "--watch", "--every", "0.1", "--lang", "en"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watching.stdout is not None
    assert watching.stdout.readline()
    store.rename(tmp_path / "elsewhere")
    _, problem = watching.communicate(timeout=30)
    assert watching.returncode == 2
    assert "no store" in problem
