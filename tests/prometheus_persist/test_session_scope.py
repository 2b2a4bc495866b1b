"""What a finding keeps shut, what an approval opens, and that a second look says so."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from pathlib import Path

import pytest
from reconcile_world import World
from sessionkit import ETH, NET, Venue, ledger_bytes, opened, trading
from storekit import BTC

from prometheus_persist.errors import BadValue, Frozen, PlanStale
from prometheus_persist.reconcile import reconcile
from prometheus_persist.reconcile.decision import Decision, decide
from prometheus_persist.reconcile.plan import Resolution
from prometheus_persist.reconcile.views import (
    POSITIONS,
    VenueFill,
    VenueLife,
    VenuePosition,
    VenueView,
)
from prometheus_persist.session import Session, Settings
from prometheus_persist.session import reconciling as module
from prometheus_persist.state import PositionKey, contracts
from prometheus_persist.state.money import ZERO

ETH_NET = PositionKey(ETH, "cross", "net")


class Hands(Venue):
    """Somebody trades by hand; ``uid`` and ``demo`` say whose account is shown."""

    uid, demo = "1001", False
    lived = False

    def hand(self, side: str, size: str) -> None:
        number = len(self.fills) + 1
        self.fills.append(
            VenueFill(
                BTC, str(number), f"{7000 + number}", "", "", side, "net", contracts(size),
                Decimal(100), ZERO, self.asked[-1].now_ms, str(number),
            )
        )  # fmt: skip
        self.net = self.net + contracts(size) if side == "buy" else self.net - contracts(size)

    def read_view(self, request: object) -> VenueView:
        view = super().read_view(request)  # type: ignore[arg-type]
        return dataclasses.replace(view, uid=self.uid, demo=self.demo, acct_lv="2")


def shared(root: Path, **settings: object) -> tuple[Session, Hands]:
    """A holds 3, B holds 2; then somebody sells 4 by hand, and nobody knows whose."""
    venue = Hands()
    session = trading(root, venue)
    session.close()
    session = opened(root, settings=Settings(index_lag_ms=0, **settings))  # type: ignore[arg-type]
    assert session.recover(venue).decision == "go"
    for name, size in (("A", "3"), ("B", "2")):
        with session.order_intent(name, BTC, "buy", contracts(size)) as intent:
            venue.execute(intent.intent)
            intent.ack({"id": venue.orders[intent.cl_ord_id].ord_id})
        session.settle(venue, intent.cl_ord_id)
    assert session.sync(venue).decision == "go"
    venue.hand("sell", "4")
    session.wait()
    return session, venue


def held(session: Session) -> dict[str, str]:
    found = {
        name: str(one.qty_contracts)
        for name, ledger in session.state.private_ledgers.items()
        for one in ledger.positions
    }
    nobodys = session.state.unattributed.positions
    return found | ({"-": str(nobodys[0].qty_contracts)} if nobodys else {})


def test_a_human_matter_keeps_its_instrument_shut_and_nothing_else(tmp_path: Path) -> None:
    session, venue = shared(tmp_path)
    facts = session.sync(venue)
    assert (facts.decision, facts.may_trade) == ("human", True)
    assert [(one.inst_id, one.waits_for) for one in facts.withheld] == [(BTC, "human")]
    assert not session.may_trade_on(BTC)
    assert session.may_trade_on(ETH)
    assert held(session) == {"A": "3", "B": "2"}
    with pytest.raises(Frozen, match="a human has to decide"):
        session.order_intent("A", BTC, "buy", contracts("1"))
    session.order_intent("A", BTC, "sell", contracts("1"), reduce_only=True).reject("not sent")
    session.order_intent("A", ETH, "buy", contracts("1")).reject("51008 no margin")
    session.close()


@pytest.mark.parametrize(
    ("stops", "case", "trades"),
    [
        ("instrument", "B", True),
        ("direction", "B", True),
        ("everything", "B", False),
        ("instrument", "D", True),
        ("direction", "D", False),
    ],
)
def test_a_setting_widens_and_narrows_what_waits(
    tmp_path: Path, stops: str, case: str, trades: bool
) -> None:
    session, venue = shared(tmp_path, human_stops=stops)
    if case == "D":
        venue.hand("sell", "3")
    before = ledger_bytes(tmp_path)
    facts = session.sync(venue)
    assert facts.plan is not None
    assert [one.case.value for one in facts.plan.findings] == [case]
    assert (facts.decision, session.may_trade_on(ETH)) == ("human", trades)
    assert not session.may_trade_on(BTC)
    assert ledger_bytes(tmp_path) == before
    session.close()


@pytest.mark.parametrize(
    ("choice", "after"),
    [
        ("", {"A": "3", "B": "2", "-": "-4"}),
        ("nobody", {"A": "3", "B": "2", "-": "-4"}),
        ("pro_rata", {"A": "0.6", "B": "0.4"}),
    ],
)
def test_an_approval_does_what_was_chosen_and_the_gate_follows(
    tmp_path: Path, choice: str, after: dict[str, str]
) -> None:
    session, venue = shared(tmp_path)
    facts = session.sync(venue)
    assert facts.plan is not None
    (one,) = [each for each in facts.plan.findings if each.resolution is Resolution.HUMAN]
    choices = {one.finding_id: choice} if choice else {}
    done = session.approve(venue, facts.plan.plan_hash, choices)
    assert done.left is not None
    assert not done.left.needs_human
    assert held(session) == after
    frozen = "-" in after
    assert done.decision == ("go_restricted" if frozen else "go")
    assert session.may_trade_on(BTC) is not frozen
    assert session.sync(venue).decision == done.decision
    session.close()


def test_what_is_not_offered_or_not_there_is_refused_by_name(tmp_path: Path) -> None:
    session, venue = shared(tmp_path)
    facts = session.sync(venue)
    assert facts.plan is not None
    (one,) = facts.plan.findings
    before = ledger_bytes(tmp_path)
    with pytest.raises(BadValue, match=r"no alternative 'agent:Z'; there are: .*pro_rata"):
        session.approve(venue, facts.plan.plan_hash, {one.finding_id: "agent:Z"})
    with pytest.raises(BadValue, match="no such finding"):
        session.approve(venue, facts.plan.plan_hash, {"B-0": "nobody"})
    with pytest.raises(PlanStale):
        session.approve(venue, "0" * 64)
    assert ledger_bytes(tmp_path) == before
    session.close()


def test_an_approval_that_changes_nothing_opens_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The corrections are lost on their way: the second look finds the same again."""
    session, venue = shared(tmp_path)
    facts = session.sync(venue)
    assert facts.plan is not None

    def nothing(books: object, plan: object, now_ms: int) -> object:
        empty = dataclasses.replace(plan, findings=(), money=None)  # type: ignore[type-var]
        return module_apply(books, empty, now_ms)  # type: ignore[arg-type]

    module_apply = module.apply_plan
    monkeypatch.setattr(module, "apply_plan", nothing)
    done = session.approve(venue, facts.plan.plan_hash)
    assert done.decision == "human"
    assert not session.may_trade_on(BTC)
    session.close()


def test_a_correction_that_does_not_correct_keeps_its_instrument_shut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = Hands()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("3")) as intent:
        venue.execute(intent.intent)
    empty = module.apply_plan

    def nothing(books: object, plan: object, now_ms: int) -> object:
        kept = dataclasses.replace(plan, findings=(), money=None)  # type: ignore[type-var]
        return empty(books, kept, now_ms)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "apply_plan", nothing)
    facts = session.sync(venue)
    assert facts.decision == "incomplete"
    assert not session.may_trade_on(BTC)
    assert session.may_trade_on(ETH)
    session.close()


@pytest.mark.parametrize("change", ["uid", "demo"])
def test_another_account_is_judged_by_nobody_until_somebody_means_it(
    tmp_path: Path, change: str
) -> None:
    session, venue = shared(tmp_path)
    session.approve(venue, session.sync(venue).plan.plan_hash)  # type: ignore[union-attr]
    mine = venue.uid
    venue.uid, venue.demo = ("1002", False) if change == "uid" else (mine, True)
    before = ledger_bytes(tmp_path)
    facts = session.sync(venue)
    assert facts.plan is not None
    assert [one.what for one in facts.plan.findings] == ["what.other_account"]
    assert (facts.decision, facts.may_trade, session.may_trade) == ("human", False, False)
    done = session.approve(venue, facts.plan.plan_hash)
    assert (done.decision, session.may_trade) == ("human", False)
    assert ledger_bytes(tmp_path) == before
    assert session.recover(venue, adopt_account="4711").decision == "human"
    assert ledger_bytes(tmp_path) == before
    if change == "uid":
        adopted = session.recover(venue, adopt_account="1002")
        assert adopted.plan is not None
        assert "what.other_account" not in [one.what for one in adopted.plan.findings]
        identity = session.state.account_cash.identity
        assert identity is not None
        assert identity.uid == "1002"
        assert session.sync(venue).decision == adopted.decision
    session.close()


def test_an_empty_list_of_positions_closes_nothing_and_shuts_one_instrument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = Hands()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("3")) as intent:
        venue.execute(intent.intent)
    assert session.sync(venue).decision == "go"
    net, venue.net = venue.net, contracts("0")
    facts = session.sync(venue)
    assert facts.decision == "incomplete"
    assert [(one.inst_id, one.waits_for) for one in facts.withheld] == [(BTC, "exchange")]
    assert held(session) == {"A": "3"}
    assert session.may_trade_on(ETH)
    venue.net = net
    assert session.sync(venue).decision == "go"
    assert session.may_trade_on(BTC)
    venue.deaf = (POSITIONS,)
    assert session.sync(venue).decision == "incomplete"
    assert not session.may_trade, "a list that was not read shuts everything"
    session.close()


def test_positions_of_two_instruments_are_applied_one_by_one(tmp_path: Path) -> None:
    """B's order on ETH is proven and booked, while BTC waits for a human."""
    session, venue = shared(tmp_path)
    with session.order_intent("B", ETH, "buy", contracts("1")) as intent:
        venue.execute(intent.intent)
    last = venue.fills[-1]
    venue.fills[-1] = dataclasses.replace(last, inst_id=ETH)
    name = intent.cl_ord_id
    venue.orders[name] = dataclasses.replace(venue.orders[name], inst_id=ETH)
    venue.net = venue.net - contracts("1")
    plain = venue.read_view

    def with_eth(request: object) -> VenueView:
        view = plain(request)
        row = VenuePosition(ETH_NET, contracts("1"), Decimal(100), last.ts_ms + 9)
        return dataclasses.replace(view, positions=(*view.positions, row))

    venue.read_view = with_eth  # type: ignore[method-assign]
    facts = session.sync(venue)
    assert facts.decision == "human"
    assert facts.applied_ids
    assert not any(one.finding_id in facts.applied_ids for one in facts.left.findings)  # type: ignore[union-attr]
    positions = session.state.private_ledgers["B"].positions
    assert {one.key: str(one.qty_contracts) for one in positions} == {ETH_NET: "1", NET: "2"}
    assert session.state.watermark.fills_ms < last.ts_ms, "the watermark waits with BTC's fill"
    done = session.approve(venue, facts.left.plan_hash)  # type: ignore[union-attr]
    assert done.decision == "go_restricted"
    session.close()


def test_a_life_of_the_position_makes_it_a_humans_matter(tmp_path: Path) -> None:
    venue = Hands()
    session = trading(tmp_path, venue)
    with session.order_intent("A", BTC, "buy", contracts("3")) as intent:
        venue.execute(intent.intent)
    assert session.sync(venue).decision == "go"
    venue.net = contracts("0")
    plain = venue.read_view
    closed = venue.asked[-1].now_ms + 5_000

    def with_life(request: object) -> VenueView:
        view = plain(request)
        sizes = (contracts("3"), ZERO, ZERO)
        life = VenueLife(NET, "7", "2", "long", *sizes, closed - 9_000, closed)
        return dataclasses.replace(view, lives=(life,))

    venue.read_view = with_life  # type: ignore[method-assign]
    facts = session.sync(venue)
    assert facts.decision == "human"
    done = session.approve(venue, facts.plan.plan_hash)  # type: ignore[union-attr]
    assert (done.decision, held(session)) == ("go", {})
    session.close()


@pytest.mark.parametrize(("filled", "shut"), [(False, [BTC]), (True, [BTC, ETH])])
def test_an_orders_end_that_waits_with_its_agent_shuts_no_other_instrument(
    filled: bool, shut: list[str]
) -> None:
    """A's ledgers differ on one contract, and of its order on another the end is known. What was
    executed there and waits to be booked keeps that one shut, too; an order that never arrived
    moves nothing."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    position = world.state.public_accounts["A"].positions[0]
    other = position.model_copy(update={"qty_contracts": contracts("4")})
    world.edit("A", "public", positions=[other], version=1)
    world.edit("A", "private", version=1)
    if filled:
        world.trade("A", "buy", 2, inst=ETH, booked=False)
    else:
        name = world.intent("A", "buy", 2, "UNKNOWN", inst_id=ETH)
        world.answer(name, False)
    decision = decide(reconcile(world.books(), world.view()), Settings().human_stops)
    assert (decision.word, decision.is_open) == ("human", True)
    assert sorted({one.inst_id for one in decision.withheld if one.inst_id}) == shut


@pytest.mark.parametrize("chosen", ["nobody", "pro_rata", "agent:A", "agent:B"])
def test_a_choice_waits_where_what_is_proven_of_its_position_waits(chosen: str) -> None:
    """A hand closed more than anybody held alone, behind an execution of A at another price; the
    fate of another order of A cannot be told yet. Booked without that execution the close would
    come to another PnL, or close what is not open. Once the order is given up both are booked."""
    world = World("A", "B")
    world.trade("A", "buy", 1)
    world.trade("B", "buy", 2)
    world.trade("A", "buy", 3, px=120, booked=False)
    world.trade(None, "sell", 4, px=130, booked=False)
    name = world.intent("A", "buy", 1, "ACCEPTED")
    world.answer(name, False)

    def approved() -> Decision:
        seen = reconcile(world.books(), world.view())
        (asked,) = (one for one in seen.findings if one.alternatives)
        plan = reconcile(world.books(), world.view(), {asked.finding_id: chosen})
        return decide(plan, Settings().human_stops, approved=seen)

    waits = approved()
    assert waits.apply is not None
    assert (waits.apply.corrections, [one.inst_id for one in waits.withheld]) == ((), [BTC])
    del world.state.intents[name], world.lookups[name]
    done = approved().apply
    assert done is not None
    booked = [one.execution.fill_id for one in done.corrections if hasattr(one, "execution")]
    assert (booked[0], len(booked) > 1) == (f"{BTC}:3", True)
