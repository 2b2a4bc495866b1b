"""Which words a finding gets where its kind alone does not say it; facts beside the plan."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from reconcile_world import BTC, World

from prometheus_persist.reconcile import SourceStatus, reconcile
from prometheus_persist.reconcile.facts import MoneyRow, SourceFacts, money_rows, source_facts
from prometheus_persist.report.sections.findings import finding_words
from prometheus_persist.report.values import speaker
from prometheus_persist.state import FreezeEntry, FreezeState, Unattributed
from prometheus_persist.state.system_facts import FrozenFacts, StandingFacts, system_facts


def stopped(world: World, quantity: int, px: int = 90) -> None:
    world.trade("A", "sell", quantity, px=px, by="algo", booked=False)


def whole(world: World) -> None:
    world.trade("A", "buy", 5)
    stopped(world, 5)


def one_part_of_two(world: World) -> None:
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 4)
    stopped(world, 5)


def half(world: World) -> None:
    world.trade("A", "buy", 5)
    stopped(world, 2)


def never_seen(world: World) -> None:
    world.trade("A", "buy", 5, booked=False)
    stopped(world, 5)


def with_a_gain(world: World) -> None:
    world.trade("A", "buy", 5)
    stopped(world, 5, px=110)


def by_its_own_order(world: World) -> None:
    world.trade("A", "buy", 5)
    world.trade("A", "sell", 5, booked=False)


def older(book: str) -> Callable[[World], None]:
    def run(world: World) -> None:
        world.trade("A", "buy", 5)
        world.edit("A", book, version=0)

    return run


@pytest.mark.parametrize(
    ("happen", "what", "cause", "remedy"),
    [
        (whole, "OKX holds none (BTC-USDT-SWAP cross net, books 5", "closed by its stop",
         "closed in the books, PnL=-$0.50 (closed outside the system, fee=-$0.05)"),
        (one_part_of_two, "closed whole at OKX (BTC-USDT-SWAP cross net, books 5, the account in "
         "all 4", "closed by its stop", "(closed outside the system"),
        (half, "2 contracts of BTC-USDT-SWAP cross net were closed at OKX", "closed by its stop",
         "book the close of 2 contracts, 3 are left, PnL=-$0.20"),
        (never_seen, "the books have neither", "closed by its stop", "closed in the books"),
        (with_a_gain, "OKX holds none", "closed by its stop or take-profit", "PnL=+$0.50"),
        (by_its_own_order, "OKX holds none", "an order of this system", "PnL=$0 (fee=-$0.05)"),
        (older("public"), "differ in version (private version 1, public version 0)",
         "the public ledger is the older one", "the private ledger wins"),
        (older("private"), "differ in version", "the private ledger is the older one",
         "the public ledger wins"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)  # fmt: skip
def test_a_finding_says_what_was_the_case(
    happen: Callable[[World], None], what: str, cause: str, remedy: str
) -> None:
    world = World("A", "B")
    happen(world)
    plan = reconcile(world.books(), world.view())
    one = next(one for one in plan.findings if one.case.value in "BC")
    said = finding_words(one, plan, speaker("en"))
    assert what in said[0]
    assert cause in said[1]
    assert remedy in said[2]
    assert (" or take-profit" in said[1]) == (happen is with_a_gain)
    assert ("OKX holds none" in said[0]) == (happen in (whole, with_a_gain, by_its_own_order))


def test_an_exchange_that_was_not_read_holds_no_none() -> None:
    """Even if a finding were there: "OKX holds none" needs a key that was read as flat."""
    world = World("A")
    whole(world)
    plan = reconcile(world.books(), world.view())
    one = next(one for one in plan.findings if one.case.value == "B")
    world.fail("positions")
    unread = reconcile(world.books(), world.view())
    assert "OKX holds none" not in finding_words(one, unread, speaker("en"))[0]


def test_what_nobody_alive_manages_and_what_is_frozen_is_counted_from_the_state() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5, px="100.5")
    world.trade("B", "buy", 2)
    world.trade(None, "sell", 3, px=101)
    agent = world.state.agents["A"]
    world.state.agents["A"] = agent.model_copy(update={"state": "DEAD"})
    world.state.freeze = FreezeState(
        everything=FreezeEntry(reason="by hand", since_ms=5),
        instruments={BTC: FreezeEntry(reason="orphan", since_ms=7, finding_id="J-1")},
    )
    found = system_facts(world.state, 0)
    held = world.state.private_ledgers["A"].positions[0]
    nobodys = world.state.unattributed.positions[0]
    key = "BTC-USDT-SWAP cross net"
    assert found.standing == (
        StandingFacts("A", key, "5", "100.5", held.opened_ms),
        StandingFacts("", key, "-3", "101", nobodys.opened_ms),
    )
    assert found.frozen == (
        FrozenFacts("", "by hand", 5, ""),
        FrozenFacts(BTC, "orphan", 7, "J-1"),
    )
    world.state.unattributed = Unattributed()
    world.state.agents["A"] = agent
    assert system_facts(world.state, 0).standing == ()


def test_money_is_added_up_by_owner_exactly_and_the_account_comes_last() -> None:
    rows = money_rows(
        {
            "": {"transfer": Decimal("100")},
            "B": {"pnl": Decimal("-1.10"), "fee": Decimal("-0.0000000001")},
            "A": {"pnl": Decimal("0.1"), "funding": Decimal("0.2")},
        }
    )
    assert rows == (
        MoneyRow("A", {"funding": "0.2", "pnl": "0.1"}, "0.3"),
        MoneyRow("B", {"fee": "-0.0000000001", "pnl": "-1.1"}, "-1.1000000001"),
        MoneyRow("", {"transfer": "100"}, "100"),
    )


def test_sources_are_told_as_they_were_read() -> None:
    status = SourceStatus("fills", False, 9, 3, 1, 2, "capped")
    assert source_facts({"fills": status}) == (SourceFacts("fills", False, 9, 3, 1, 2, "capped"),)


def test_a_trigger_order_that_opened_a_position_closed_nothing() -> None:
    world = World("A")
    world.trade("A", "buy", 5, by="algo", booked=False)
    plan = reconcile(world.books(), world.view())
    (one,) = (one for one in plan.findings if one.case.value == "A")
    what, _, remedy = finding_words(one, plan, speaker("en"))
    assert "buy 5 contracts" in what
    assert "book the fill into both ledgers" in remedy
    assert [one.case.value for one in plan.findings if one.case.value == "B"] == []
