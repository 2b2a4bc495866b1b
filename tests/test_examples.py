"""The page of examples runs as printed: each program of it against an exchange of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import fakeokx
import prometheus_persist
from chaos.workload.clients import host_client
from prometheus_persist import OkxReader, Session, contracts
from prometheus_persist.errors import BadValue

PAGE = Path(prometheus_persist.__path__[0]) / "docs/examples.md"
SAFE, EXISTING, STOPS, IN_CI = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S)
CLIENT = 'ccxt.okx({"apiKey": KEY, "secret": SECRET, "password": PASSPHRASE})'
BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"


@pytest.fixture
def venue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    with fakeokx.launch(tmp_path / "venue") as venue:
        yield venue


def run(program: str, venue: Any) -> None:
    """As printed, but for the account."""
    assert program.count(CLIENT) == 1
    exec(program.replace(CLIENT, "OKX"), {"OKX": host_client(venue.url)})


def held() -> dict[str, dict[str, object]]:
    with Session.open("persistence") as session:
        ledgers = session.state.private_ledgers
        return {
            name: {p.key.inst_id: p.qty_contracts for p in ledger.positions}
            for name, ledger in ledgers.items()
        }


def test_the_bot_made_safe_goes_on_where_it_was(venue: Any) -> None:
    run(SAFE, venue)
    assert held() == {"Trend": {BTC: contracts("0.1")}}
    run(SAFE, venue)
    assert held() == {"Trend": {}}
    orders = venue.truth()["orders"]
    assert len({row["clOrdId"] for row in orders}) == len(orders) == 6
    with Session.open("persistence") as session:
        assert session.state.supervisor.system_cycle_count == 6


def test_positions_that_exist_get_their_owners_once(venue: Any) -> None:
    by_hand = host_client(venue.url)
    by_hand.create_order("BTC/USDT:USDT", "market", "buy", 0.3, None, {"tdMode": "cross"})
    by_hand.create_order("ETH/USDT:USDT", "market", "sell", 0.5, None, {"tdMode": "isolated"})
    for _ in range(2):
        run(EXISTING, venue)
        assert held() == {"A": {BTC: contracts("0.3")}, "B": {ETH: contracts("-0.5")}}


def test_stops_that_fire_while_the_process_is_dead_are_their_agents(venue: Any) -> None:
    run(STOPS, venue)
    assert held() == {"A": {BTC: contracts("1")}, "B": {BTC: contracts("2")}}
    venue.price(BTC, "40500")  # the one by itself
    venue.price(BTC, "39500")  # and the one that came with an order
    assert not [row for row in venue.truth()["positions"] if row["pos"] != "0"]
    with Session.open("persistence") as session:
        report = session.recover(OkxReader(host_client(venue.url)))
        assert session.may_trade, report.text("en")
    assert held() == {"A": {}, "B": {}}


def test_the_test_of_a_bot_passes_and_fails_where_the_bot_is_wrong(tmp_path: Path) -> None:
    """In a project of somebody else; red where the order goes out twice."""
    wrong = IN_CI.replace('== ["1"]', '== ["2"]')
    assert wrong != IN_CI
    for name, text, code in (("test_mine.py", IN_CI, 0), ("test_wrong.py", wrong, 1)):
        (tmp_path / name).write_text(text, "utf-8")
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", name], cwd=tmp_path, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert ran.returncode == code, ran.stdout + ran.stderr


def test_an_owner_of_what_is_not_there_is_refused(venue: Any) -> None:
    """What the second example says after a typing error; nothing is given to anybody."""
    by_hand = host_client(venue.url)
    by_hand.create_order("BTC/USDT:USDT", "market", "buy", 0.3, None, {"tdMode": "cross"})
    with pytest.raises(BadValue, match=r"SOL-USDT-SWAP.*there are: BTC-USDT-SWAP"):
        run(EXISTING.replace("ETH-USDT-SWAP", "SOL-USDT-SWAP"), venue)
    assert held() == {"A": {}, "B": {}}
