"""The first start with positions that exist already: given to named owners, in both ledgers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

import fakeokx
from chaos.workload.clients import host_client
from prometheus_persist import Agent, OkxReader, Session
from prometheus_persist.cli.app import app
from prometheus_persist.errors import BadValue
from prometheus_persist.recovery import restore
from prometheus_persist.report.steps import next_steps
from prometheus_persist.session import Settings
from prometheus_persist.state import PositionKey, contracts
from prometheus_persist.storage.fs import LocalFs

BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
AT_ONCE = Settings(in_flight_ms=0, index_lag_ms=0)
KEYS = {
    "OKX_API_KEY": fakeokx.DEFAULT_KEY,
    "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
    "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
}


@pytest.fixture
def okx(tmp_path: Path) -> Iterator[Any]:
    """An account that was traded by hand for a while: a long of BTC, a short of ETH."""
    with fakeokx.launch(tmp_path / "venue") as venue:
        client = host_client(venue.url)
        client.create_order("BTC/USDT:USDT", "market", "buy", 0.3, None, {"tdMode": "cross"})
        client.create_order("BTC/USDT:USDT", "market", "buy", 0.07, None, {"tdMode": "cross"})
        client.create_order("ETH/USDT:USDT", "market", "sell", 0.5, None, {"tdMode": "isolated"})
        client.place = venue.url
        yield client


@pytest.fixture
def session(tmp_path: Path, okx: Any) -> Iterator[Session]:
    session = Session.open(tmp_path / "store", settings=AT_ONCE)
    session.add_agents(Agent(agent_id=name, current_capital="1000") for name in ("A", "B"))
    yield session
    session.close(save=False)


def held(session: Session, name: str) -> dict[str, str]:
    books = (session.state.private_ledgers[name], session.state.public_accounts[name])
    private, public = ({str(p.key): p for p in book.positions} for book in books)
    assert private == public
    return {key: str(position.qty_contracts) for key, position in private.items()}


def test_given_positions_are_in_both_ledgers_with_their_evidence(
    session: Session, okx: Any, tmp_path: Path
) -> None:
    """Exact contracts and entry price, whole or in parts; the row that proves it in every record
    and in the audit; then all three books agree, and after a restart they still do."""
    reader = OkxReader(okx)
    assert session.recover(reader).withheld
    rows = {row["info"]["instId"]: row["info"] for row in okx.fetch_positions()}
    owners = {BTC: {"A": "0.3", "B": Decimal("0.07")}, "ETH-USDT-SWAP isolated net": "B"}
    session.adopt(okx.fetch_positions(), owners)
    assert held(session, "A") == {f"{BTC} cross net": "0.3"}
    assert held(session, "B") == {f"{BTC} cross net": "0.07", f"{ETH} isolated net": "-0.5"}
    (position,) = session.state.private_ledgers["A"].positions
    assert (position.entry_px, position.opened_ms) == (
        Decimal(rows[BTC]["avgPx"]),
        int(rows[BTC]["cTime"]),
    )
    facts = session.recover(reader)
    assert (facts.decision, facts.withheld, session.may_trade_on(BTC)) == ("go", (), True)
    assert session.state.agents["A"].current_capital == 1000
    session.save("done")
    found = restore(LocalFs(tmp_path / "store"))
    for stream in ("public_trades", "private_trades/A"):
        record = next(one for one in found.streams[stream] if one["agent_id"] == "A")
        shown = (record["pos_id"], record["shown_px"], record["shown_contracts"])
        assert shown == (rows[BTC]["posId"], rows[BTC]["avgPx"], rows[BTC]["pos"])
    log = (tmp_path / "store" / "recovery_log.txt").read_text()
    assert f"adopted {BTC} cross net for A: now 0.3 contracts" in log
    assert f"posId {rows[BTC]['posId']}" in log
    session.close()
    with Session.open(tmp_path / "store", settings=AT_ONCE) as again:
        assert again.recover(reader).decision == "go"


WRONG: dict[str, tuple[Any, str]] = {
    "nobody": ({}, r"no owner is named; there are: BTC-USDT-SWAP cross net: 0\.37 contracts; ETH"),
    "not there": ({"SOL-USDT-SWAP": "A"}, "no one position is called SOL-USDT-SWAP; there are"),
    "ccxt's form": ({"BTC/USDT:USDT": "A"}, "no one position is called BTC/USDT:USDT"),
    "a stranger": ({BTC: "Z"}, r"no agent is called 'Z'; add_agent it first \(there: A, B\)"),
    "too much": ({BTC: {"A": "0.3", "B": "0.3"}}, r"parts add up to 0\.6 contracts, and 0\.37 are"),
    "too little": ({BTC: {"A": "0.3"}}, r"parts add up to 0\.3 contracts"),
    "nothing": ({BTC: {"A": "0.37", "B": "0"}}, "B cannot be given 0 contracts"),
    "no number": ({BTC: {"A": "much"}}, "not a decimal number"),
    "twice": ({BTC: "A", f"{BTC} cross net": "B"}, "has two owners named"),
    "one of two wrong": ({BTC: "A", ETH: "Z"}, "no agent is called 'Z'"),
}


@pytest.mark.parametrize("what", WRONG)
def test_nothing_is_guessed_and_nothing_written_by_halves(
    what: str, session: Session, okx: Any
) -> None:
    """Whatever does not name one living owner for exactly what there is, is refused with why."""
    owners, told = WRONG[what]
    before = (session.seq, session.digest())
    with pytest.raises(BadValue, match=told):
        session.adopt(okx.fetch_positions(), owners)
    assert (session.seq, session.digest()) == before


def test_given_once_and_only_what_is_nobodys_yet(session: Session, okx: Any) -> None:
    """A second time there is nothing left to give; what stood as nobody's is taken from there; an
    order that may be part of it is settled first; rows are OKX's, exact."""
    reader = OkxReader(okx)
    session.adopt(okx.fetch_positions(), {BTC: "A", ETH: "B"})
    with pytest.raises(BadValue, match=r"agents hold all of its 0\.37 contracts already"):
        session.adopt(okx.fetch_positions(), {BTC: "B"})
    assert session.recover(reader).decision == "go"
    okx.create_order("BTC/USDT:USDT", "market", "buy", 0.1, None, {"tdMode": "cross"})
    assert session.sync(reader).frozen_instruments == (BTC,)
    assert [str(one.qty_contracts) for one in session.state.unattributed.positions] == ["0.1"]
    session.adopt(okx.fetch_positions(), {BTC: "B"})
    assert session.state.unattributed.positions == []
    assert held(session, "B")[f"{BTC} cross net"] == "0.1"
    session.unfreeze(BTC, "it is B's")
    assert session.sync(reader).decision == "go"
    order = session.order_intent("A", ETH, "sell", contracts("1"), mgn_mode="isolated")
    with pytest.raises(BadValue, match=f"order {order.cl_ord_id} is open") as caught:
        session.adopt(okx.fetch_positions(), {ETH: "A"})
    assert caught.value.command == ("orders",)  # what shows it, and settles it
    for row in (
        5,
        {"symbol": "BTC/USDT:USDT"},
        {"instId": BTC},
        {"instId": "X", "instType": "OPTION"},
    ):
        with pytest.raises(BadValue):
            session.adopt([row], {BTC: "A"})


OPTION = {"instId": "BTC-USD-301227-60000-C", "instType": "OPTION", "pos": "1", "avgPx": "0.01"}
UNREADABLE = {
    "instId": "SOL-USDT-SWAP",
    "mgnMode": "cross",
    "posSide": "net",
    "pos": "",
    "avgPx": "",
}


@pytest.mark.parametrize("row", [OPTION, UNREADABLE], ids=["of another product", "without numbers"])
def test_a_row_that_cannot_be_given_hinders_none_of_the_others(
    row: dict[str, str], session: Session, okx: Any
) -> None:
    """It is refused with its reason where it is named, alone or by its whole key; nowhere else."""
    rows = [row, *okx.fetch_positions()]
    for name in (row["instId"], f"{row['instId']} cross net"):
        with pytest.raises(BadValue, match=f"^({row['instId']}|position of {row['instId']}): "):
            session.adopt(rows, {name: "A", BTC: "A"})
    session.adopt(rows, {BTC: "A"})
    assert held(session, "A") == {f"{BTC} cross net": "0.37"}
    twin = {**okx.fetch_positions()[0]["info"], "instId": ETH, "mgnMode": "cross", "pos": "?"}
    with pytest.raises(
        BadValue, match=f"position of {ETH}: "
    ):  # two positions, one unreadable: which is meant?
        session.adopt([twin, *rows], {ETH: "B"})
    session.adopt([twin, *rows], {f"{ETH} isolated net": "B"})
    assert held(session, "B") == {f"{ETH} isolated net": "-0.5"}


def test_what_agents_hold_already_is_not_asked_for_by_name(session: Session, okx: Any) -> None:
    """An agent holds all of it and nobody the opposite: no owner is missing, and ``adopt`` would
    refuse; the report does not print it."""
    session.adopt(okx.fetch_positions(), {BTC: "A"})
    key = PositionKey(BTC, "cross", "net")
    (held,) = session.state.private_ledgers["A"].positions
    nobodys = held.model_copy(update={"qty_contracts": -held.qty_contracts})
    session.state.unattributed.positions.append(nobodys)
    session.save("a test's")
    facts = session.recover(OkxReader(okx))
    assert facts.decision == "human"
    found = [one for one in facts.plan.findings if one.key == key]
    assert [(one.what, one.params["books"]) for one in found] == [("what.venue_more", "0")]
    adopts = [one.command for one in next_steps(facts) if one.text == "step.adopt"]
    assert all(f"{BTC} cross net" not in command for command in adopts)
    assert len(adopts) == 1, "the other position still has no owner"


def test_the_report_names_the_command_and_the_command_does_it(
    session: Session, okx: Any, tmp_path: Path
) -> None:
    """Not "human" in one word: the next step is the command, with what it is about; pasted with the
    names put in, it gives them, says so in both languages, and the next start is in order."""
    facts = session.recover(OkxReader(okx))
    (step,) = [one for one in next_steps(facts) if one.text == "step.adopt"]
    assert step.command in facts.text()
    assert step.command in facts.text("zh")
    assert step.command.startswith(
        f"prometheus-persist adopt '{BTC} cross net=AGENT' '{ETH} isolated net=AGENT'"
    )
    session.close()
    root = tmp_path / "store"

    def run(*words: str) -> Result:
        place = ("-d", str(root), "--exchange", okx.place, "--live")
        return CliRunner().invoke(app, ["adopt", *words, *place], env=KEYS)

    for words in (["BTC"], ["=A"], [f"{BTC}=A", f"{BTC}=B"], [f"{BTC}=0.1@A", f"{BTC}=0.27@A"]):
        assert run(*words).exit_code == 2
    assert run(f"{BTC}=Z").exit_code == 2
    done = run(f"{BTC}=0.3@A", f"{BTC}=0.07@B", f"{ETH} isolated net=B", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)["adopted"]
    assert [(one["agent_id"], one["inst_id"], one["qty_contracts"]) for one in told] == [
        ("A", BTC, "0.3"), ("B", BTC, "0.07"), ("B", ETH, "-0.5"),
    ]  # fmt: skip
    with Session.open(root, settings=AT_ONCE) as again:
        assert again.recover(OkxReader(okx)).decision == "go"
    assert run(f"{BTC}=A").exit_code == 2
