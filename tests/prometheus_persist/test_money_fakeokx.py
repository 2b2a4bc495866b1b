"""R4 end to end: a real session, an exchange in a process of its own, unmodified ccxt between.

Two agents share positions; the system is away while the exchange charges funding, liquidates and
takes a deposit. What the agents and the account's own entry gained is what the account gained, by
the exchange's own truth, to the cent.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from chaos.workload.clients import client_of, near
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.reconcile.plan import BookCash, Case, Plan, Resolution
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, contracts
from prometheus_persist.state.money import add, sub

fakeokx = pytest.importorskip("fakeokx")

BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
EIGHT_HOURS_MS = 8 * 3_600_000
CENT = Decimal("0.01")
START = 10_000


class Desk:
    """A trading system of two agents, and its exchange."""

    def __init__(self, root: Path, venue: Any) -> None:
        self.root = root
        self.venue = venue
        self.client = near(client_of(venue.url, sandbox=False))
        self.reader = OkxReader(self.client)
        self.own = Decimal(0)
        self.session = self.open()

    def open(self) -> Session:
        return Session.open(self.root, settings=Settings(mirror="off", background=False))

    def restart(self) -> Plan:
        """As after a crash: nothing is saved on the way out; recovered on the way in."""
        self.session.close(save=False)
        self.session = self.open()
        return self.recover()

    def recover(self) -> Plan:
        facts = self.session.recover(self.reader)
        assert facts.decision in ("go", "go_restricted"), (facts.venue_problem, facts.plan)
        assert facts.plan is not None
        for step in facts.plan.corrections:
            if isinstance(step, BookCash) and not step.agent_id:
                self.own += step.amount
        return facts.plan

    def trade(
        self, agent: str, inst: str, side: Any, qty: str, *, seen: bool = True, **how: Any
    ) -> None:
        with self.session.order_intent(agent, inst, side, contracts(qty), **how) as intent:
            row = {"instId": inst, "side": side, "ordType": "market", "sz": qty}
            sent = {k: str(v).lower() if v is True else v for k, v in intent.params.items()}
            answer = self.client.privatePostTradeOrder({**row, **sent})
            intent.ack(answer["data"][0])
        if seen:
            done = self.session.settle(self.reader, intent.cl_ord_id)
            assert done.outcome == "FILLED"

    def settled(self) -> Decimal:
        """Equity without unrealised PnL, by the exchange's own record."""
        (row,) = [r for r in self.venue.truth()["balance"]["details"] if r["ccy"] == "USDT"]
        return Decimal(row["eq"]) - Decimal(row["upl"])

    def gained(self, agent: str) -> Decimal:
        ledger = self.session.state.private_ledgers[agent]
        assert ledger.capital == self.session.state.public_accounts[agent].capital
        return sub(ledger.capital, START)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    venue = fakeokx.launch()
    try:
        made = Desk(tmp_path, venue)
        try:
            yield made
        finally:
            made.session.close(save=False)
    finally:
        venue.stop()


def kinds(plan: Plan) -> list[str]:
    return sorted(one.what.removeprefix("what.") for one in plan.findings if one.case is Case.K)


def explained(plan: Plan) -> None:
    assert plan.money is not None
    assert plan.money.residual is not None, plan.money
    assert abs(plan.money.residual) < CENT
    assert plan.money.verdict == "MATCH"


def test_every_cent_of_a_day_is_somebodys(desk: Desk) -> None:
    venue, before = desk.venue, desk.settled()
    for name in ("A", "B"):
        desk.session.add_agent(Agent(agent_id=name, current_capital=START))
    first = desk.recover()
    assert first.money is not None
    assert first.money.first
    row = {"instId": ETH, "lever": "20", "mgnMode": "isolated"}
    desk.client.privatePostAccountSetLeverage(row)

    # A shared net position, bought and sold at different prices; a shared isolated one.
    desk.trade("A", BTC, "buy", "5")
    venue.price(BTC, "50500")
    desk.trade("B", BTC, "sell", "2")
    desk.trade("A", ETH, "buy", "3", mgn_mode="isolated")
    desk.trade("B", ETH, "buy", "1", mgn_mode="isolated")
    plan = desk.restart()
    assert plan.clean
    explained(plan)
    assert plan.money is not None
    assert plan.money.basis == Decimal(2) * Decimal("0.01") * 500

    # The system is away.
    venue.set_funding_rate(BTC, "0.0003")
    venue.advance(EIGHT_HOURS_MS)
    desk.trade("A", BTC, "buy", "1", seen=False)  # answered, its fill never seen
    venue.fund(BTC, "-0.0001")
    venue.deposit("USDT", "321.09")
    venue.price(ETH, "2800")  # the isolated position is gone
    plan = desk.restart()
    explained(plan)
    assert kinds(plan) == ["funding", "penalty", "transfer"]
    assert all(one.resolution is Resolution.AUTO for one in plan.findings)
    assert desk.own == Decimal("321.09")
    assert desk.recover().clean

    # Everybody goes home: nothing is held, so nothing but what was booked can explain the account.
    venue.price(BTC, "49000.1")
    desk.trade("A", BTC, "sell", "6")
    desk.trade("B", BTC, "buy", "2")
    plan = desk.restart()
    assert plan.clean
    explained(plan)
    assert plan.money is not None
    assert plan.money.basis == 0
    assert not [row for row in venue.truth()["positions"] if Decimal(row["pos"] or "0")]
    total = add(desk.gained("A"), desk.gained("B"), desk.own)
    assert abs(sub(total, desk.settled() - before)) < CENT

    # And each by itself, from what the exchange charged.
    bills = venue.truth()["bills"]
    paid = [Decimal(row["pnl"]) for row in bills if row["type"] == "8"]
    first_paid, second_paid = paid
    funding_a = first_paid * 5 / 3 + second_paid * 6 / 4
    funding_b = first_paid * -2 / 3 + second_paid * -2 / 4
    liquidated = [row for row in bills if row["type"] == "5"]
    fills = {(row["instId"], row["tradeId"]): row for row in venue.truth()["fills"]}
    gone = [fills[row["instId"], row["tradeId"]] for row in liquidated]
    penalty = sum(
        Decimal(row["pnl"]) - Decimal("0.1") * Decimal(row["sz"]) * (Decimal(fill["fillPx"]) - 3000)
        for row, fill in zip(liquidated, gone, strict=True)
    )
    assert penalty < 0
    own_fees = {
        name: sum(
            Decimal(row["fee"]) for row in fills.values()
            if row["tag"] == desk.session.state.registry.rows[name].tag
        )
        for name in "AB"
    }  # fmt: skip
    forced = sum(
        Decimal("0.1") * Decimal(fill["fillSz"]) * (Decimal(fill["fillPx"]) - 3000)
        + Decimal(fill["fee"])
        for fill in gone
    )
    entry_a = (Decimal(5) * 50_000 + Decimal(50_500)) / 6
    trades_a = Decimal("0.06") * (Decimal("49000.1") - entry_a)
    trades_b = Decimal("0.02") * (50_500 - Decimal("49000.1"))
    share_a = (forced + penalty) * 3 / 4
    share_b = (forced + penalty) / 4
    assert abs(desk.gained("A") - (trades_a + own_fees["A"] + funding_a + share_a)) < CENT
    assert abs(desk.gained("B") - (trades_b + own_fees["B"] + funding_b + share_b)) < CENT


def test_a_bill_that_nothing_explains_needs_a_human_once(desk: Desk) -> None:
    """The exchange's records and the books part by 5: told, approved, and never told again."""
    desk.session.add_agent(Agent(agent_id="A", current_capital=START))
    desk.recover()
    desk.trade("A", BTC, "buy", "1")
    cash = desk.session.state.account_cash
    desk.session.state.account_cash = cash.model_copy(update={"reserve": cash.reserve - 5})
    facts = desk.session.recover(desk.reader)
    assert facts.decision == "human"
    assert facts.plan is not None
    assert kinds(facts.plan) == ["money_unexplained"]
    done = desk.session.approve(desk.reader, facts.plan.plan_hash)
    assert done.decision == "go"
    plan = desk.recover()
    assert plan.clean
    explained(plan)
