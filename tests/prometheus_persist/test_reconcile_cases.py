"""Every case of the reconciler, and beside each the near miss that must not be corrected.

A row says what happens, and which findings (case, resolution, agent) have to come of it. Beyond its
own row, every scenario is held to the invariants: the plan is the same for shuffled and repeated
rows (P5), applying it leaves nothing to find (P1) and every key conserved (P3), and the books that
went in are untouched (P4). ``stuck`` marks plans that no correction can bring to an end.
"""

from __future__ import annotations

import copy
import os
import random
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from reconcile_world import BTC, CAPITAL, ETH, START_MS, World, replaced

from prometheus_persist.reconcile import (
    Finding,
    Item,
    Plan,
    Resolution,
    Verdict,
    plan_to_json,
    reconcile,
)
from prometheus_persist.reconcile.views import SOURCES
from prometheus_persist.report.sections.findings import finding_words
from prometheus_persist.report.values import speaker
from prometheus_persist.state import PositionKey, contracts
from prometheus_persist.state.exact_json import dumps

NET = PositionKey(BTC, "cross", "net")
A, O, H, U = "AUTO", "ORPHAN", "HUMAN", "UNKNOWN"  # noqa: E741


@dataclass(frozen=True)
class Row:
    name: str
    happen: Callable[[World], object]
    findings: tuple[tuple[str, str, str | None], ...] = ()
    agents: str = "A B"
    hedged: bool = False
    stuck: bool = False
    check: Callable[[World, Plan], bool] = lambda world, plan: True


def steps(*acts: Callable[[World], object]) -> Callable[[World], object]:
    def run(world: World) -> None:
        for act in acts:
            act(world)

    return run


def trade(*args: object, **kw: object) -> Callable[[World], object]:
    return lambda world: world.trade(*args, **kw)  # type: ignore[arg-type]


def unbooked(*args: object, **kw: object) -> Callable[[World], object]:
    return trade(*args, booked=False, **kw)


def answered(
    owner: str, outcome: str, found: bool | None, **kw: object
) -> Callable[[World], object]:
    def run(world: World) -> None:
        ours = ("created_ms", "kind", "ord_id")
        name = world.intent(owner, "buy", 2, outcome, **{k: kw[k] for k in ours if k in kw})
        world.answer(name, found, **{k: kw[k] for k in kw if k not in ours})

    return run


def sent(
    owner: str, outcome: str, state: str, filled: str, **kw: object
) -> Callable[[World], object]:
    """An unbooked fill of a still open intent, and what the exchange says of the order."""

    def run(world: World) -> None:
        execution = world.trade(owner, "buy", 2, booked=False, intent=outcome, **kw)  # type: ignore[arg-type]
        world.answer(
            execution.cl_ord_id, True, state=state, ord_id=execution.ord_id,
            filled_contracts=execution.qty_contracts if filled == "all" else None,
        )  # fmt: skip

    return run


def reversed_position(world: World) -> None:
    world.trade("A", "buy", 5)
    world.shift(-9)


def other_leg(world: World) -> None:
    world.trade("A", "buy", 5, pos_side="long")
    world.held.clear()
    world.shift(5, pos_side="short")


def edit(agent: str, book: str, **fields: object) -> Callable[[World], object]:
    return lambda world: world.edit(agent, book, **fields)


def moved(world: World, field: str, value: object) -> None:
    ledger = world.state.public_accounts["A"]
    changed = ledger.positions[0].model_copy(update={field: value})
    world.edit("A", "public", positions=[changed])


def emptied(world: World) -> None:
    """OKX changes the mode of an account that holds nothing."""
    for key in world.held:
        world.held[key] = []


def wrong_mode(world: World) -> None:
    world.trade("A", "buy", 5)
    world.hedged = True


def zombie(world: World) -> None:
    name = world.intent("A", "buy", 2, "PENDING")
    intent = world.state.intents.pop(name)
    world.ended[name] = intent.model_copy(update={"outcome": "REJECTED"})
    world.rest(None, "buy", 2, cl_ord_id=name)


def dead(world: World) -> None:
    world.state.agents["A"] = world.state.agents["A"].model_copy(update={"state": "DEAD"})


def no_ledgers(world: World) -> None:
    del world.state.private_ledgers["A"], world.state.public_accounts["A"]


def no_instrument(world: World) -> None:
    del world.instruments[BTC]


def algo_child_by_list(world: World) -> None:
    """The child's row does not name its parent; only the algo row's ordId does."""
    world.trade("A", "sell", 5, booked=False, by="algo", px=90)
    row = world.orders.pop()
    world.orders.append(replaced(row, algo_id="", algo_cl_ord_id=""))


def algo_child_by_id(world: World) -> None:
    """The child's row names its parent by algoId alone."""
    world.trade("A", "sell", 5, booked=False, by="algo", px=90)
    world.orders[-1] = replaced(world.orders[-1], algo_cl_ord_id="")
    world.algos[-1] = replaced(world.algos[-1], ord_id="")


def by_stop(world: World, plan: Plan) -> bool:
    return plan.findings[0].cause == "cause.stop" and world.position("A") == 0


def ended_meanwhile(world: World) -> None:
    """The answer to the question is older than the order's row."""
    name = world.rest("A", "buy", 2, intent="PENDING")
    world.answer(name, True, state="live", ord_id="7")
    world.orders[-1] = replaced(world.orders[-1], state="canceled")


def foreign_form(world: World) -> None:
    """An order under an id that was issued, though not in this store's form."""
    world.owners["legacy1"] = "A"
    world.rest(None, "buy", 2, cl_ord_id="legacy1")


def resting_child(world: World) -> None:
    """A triggered stop whose child still rests: no stray, its parent is ours."""
    world.trade("A", "buy", 5)
    name = world.intent("A", "sell", 5, "ACCEPTED", kind="algo")
    world.answer(name, True, state="live", ord_id="1")
    world.rest(None, "sell", 5, tag=world.state.registry.rows["A"].tag)
    world.orders[-1] = replaced(world.orders[-1], algo_id="x", algo_cl_ord_id=name)


def algo_intent(state: str) -> Callable[[World], object]:
    def run(world: World) -> None:
        execution = world.trade("A", "buy", 1, by="algo", intent="ACCEPTED", booked=True)
        world.algos[-1] = replaced(world.algos[-1], state=state)
        world.answer(execution.cl_ord_id, None, problem="not asked")

    return run


OPEN5, CLOSE5 = trade("A", "buy", 5), unbooked("A", "sell", 5, px=110)
BY_HAND = unbooked(None, "sell", 3)

ROWS = (
    # nothing to find
    Row("an empty world", lambda w: None),
    Row("everything booked", steps(OPEN5, trade("B", "sell", 2))),
    Row(
        "agents offset each other and the exchange shows no row",
        steps(OPEN5, trade("B", "sell", 5)),
    ),
    Row("an orphan booked before", steps(OPEN5, trade(None, "buy", 2))),
    Row("an accepted order rests", lambda w: w.rest("A", "buy", 1)),
    Row("a stranger's order rests", lambda w: w.rest(None, "buy", 1)),
    Row("H a dead agent still holds", steps(OPEN5, dead), (("H", O, "A"),)),
    Row("near H: dead, and flat", steps(OPEN5, trade("A", "sell", 5), dead)),
    Row(
        "near H: its own order is still open",
        steps(OPEN5, lambda w: w.rest("A", "sell", 5), dead),
    ),
    Row("both margin modes at once", steps(OPEN5, trade("A", "sell", 2, mgn="isolated"))),
    Row(
        "long and short held at once",
        steps(trade("A", "buy", 5), trade("B", "sell", 3)),
        hedged=True,
    ),
    Row(
        "fills from before the store",
        unbooked(None, "buy", 1, at_ms=START_MS - 5),
        (("A", H, None),),
    ),
    # A, executions of ours that were not recorded
    Row(
        "A by clOrdId",
        unbooked("A", "buy", 5),
        (("A", A, "A"),),
        check=lambda w, p: w.position("A") == 5,
    ),
    Row("A by tag alone", unbooked("A", "buy", 5, by="tag"), (("A", A, "A"),)),
    Row("A adds to what is held", steps(OPEN5, unbooked("A", "buy", 1)), (("A", A, "A"),)),
    Row(
        "A two orders of two agents",
        steps(unbooked("A", "buy", 5), unbooked("B", "buy", 2)),
        (("A", A, "A"), ("A", A, "B")),
    ),
    Row(
        "A of a dead agent",
        steps(dead, unbooked("A", "buy", 5)),
        (("A", A, "A"), ("H", O, "A")),
    ),
    Row(
        "A without an order row, one position fits",
        steps(OPEN5, unbooked("A", "buy", 1, order_row=False)),
        (("A", A, "A"),),
    ),
    Row(
        "A without an order row, by tag, two positions fit: not judged",
        steps(
            OPEN5,
            trade("A", "buy", 1, mgn="isolated"),
            unbooked("A", "buy", 1, by="tag", order_row=False),
        ),
        (("A", U, None),),
    ),
    Row(
        "A for an unknown contract: not judged",
        steps(unbooked("A", "buy", 5), no_instrument),
        (("A", U, None),),
    ),
    Row(
        "one fill not judged leaves its instrument alone, not another",
        steps(
            OPEN5,
            trade("A", "buy", 1, mgn="isolated"),
            unbooked("A", "buy", 1),
            unbooked("A", "buy", 1, by="tag", order_row=False),
            unbooked("B", "buy", 4, inst=ETH),
        ),
        (("A", U, None), ("A", A, "B")),
    ),
    Row(
        "A of an agent whose ledgers are gone",
        steps(unbooked("A", "buy", 5), no_ledgers),
        (("A", H, "A"), ("C", H, "A")),
        stuck=True,
    ),
    Row(
        "A flips its owner by its own order",
        steps(OPEN5, unbooked("A", "sell", 8)),
        (("B", A, "A"),),
        check=lambda w, p: w.position("A") == -3,
    ),
    # B, closed outside
    Row(
        "B by an order of its own",
        steps(OPEN5, CLOSE5),
        (("B", A, "A"),),
        check=lambda w, p: w.capital("A") == CAPITAL - Decimal("0.10") + Decimal("0.5"),
    ),
    Row(
        "B by a stop's child",
        steps(OPEN5, unbooked("A", "sell", 5, px=90, by="algo")),
        (("B", A, "A"),),
        check=lambda w, p: (
            p.findings[0].cause == "cause.stop" and p.findings[0].params["pnl"] == "-0.5"
        ),
    ),
    Row(
        "B by a child that only the algo row names",
        steps(OPEN5, algo_child_by_list),
        (("B", A, "A"),),
        check=by_stop,
    ),
    Row(
        "B by a child that names its parent by algoId alone",
        steps(OPEN5, algo_child_by_id),
        (("B", A, "A"),),
        check=by_stop,
    ),
    Row(
        "B by hand, one owner",
        steps(OPEN5, BY_HAND),
        (("B", A, "A"),),
        check=lambda w, p: w.position("A") == 2,
    ),
    Row("B by hand, all of it", steps(OPEN5, unbooked(None, "sell", 5)), (("B", A, "A"),)),
    Row(
        "B by hand, other agents hold other keys",
        steps(OPEN5, trade("B", "buy", 5, inst=ETH), BY_HAND),
        (("B", A, "A"),),
    ),
    Row(
        "B by liquidation",
        steps(OPEN5, unbooked(None, "sell", 5, category="full_liquidation")),
        (("B", A, "A"),),
        check=lambda w, p: p.findings[0].cause == "cause.liquidation",
    ),
    Row(
        "B by ADL",
        steps(OPEN5, unbooked(None, "sell", 2, category="adl")),
        (("B", A, "A"),),
        check=lambda w, p: p.findings[0].cause == "cause.adl",
    ),
    Row(
        "B by ADL without an order row",
        steps(OPEN5, unbooked(None, "sell", 2, category="adl", order_row=False, sub_type="127")),
        (("B", A, "A"),),
        check=lambda w, p: p.findings[0].cause == "cause.adl",
    ),
    Row("B of a short", steps(trade("A", "sell", 5), unbooked(None, "buy", 5)), (("B", A, "A"),)),
    Row(
        "B by hand, long and short mode",
        steps(OPEN5, unbooked(None, "sell", 3, pos_side="long")),
        (("B", A, "A"),),
        hedged=True,
    ),
    Row("near B: two owners", steps(OPEN5, trade("B", "buy", 5), BY_HAND), (("B", H, None),)),
    Row(
        "B two owners, liquidated",
        steps(OPEN5, trade("B", "buy", 5), unbooked(None, "sell", 10, category="full_liquidation")),
        (("B", A, "A"), ("B", A, "B")),
        check=lambda w, p: w.position("A") == w.position("B") == 0,
    ),
    Row(
        "near B: an orphan lies on the same key",
        steps(OPEN5, trade(None, "buy", 2), BY_HAND),
        (("B", H, None),),
    ),
    Row(
        "near B: two offsetting owners",
        steps(OPEN5, trade("B", "sell", 2), BY_HAND),
        (("B", H, None),),
    ),
    Row(
        "near B: the position is younger than the fill",
        steps(unbooked(None, "sell", 3, at_ms=START_MS + 1), OPEN5),
        (("B", H, None),),
    ),
    Row(
        "near B: the exchange does not show the result",
        steps(OPEN5, BY_HAND, lambda w: w.shift(1)),
        (("B", H, None), ("A", H, None)),
    ),
    Row(
        "near B: nothing explains it",
        steps(OPEN5, lambda w: w.shift(-2)),
        (("B", H, None),),
    ),
    Row(
        "near B: shared, long and short mode",
        steps(OPEN5, trade("B", "buy", 5), unbooked(None, "sell", 3, pos_side="long")),
        (("B", H, None),),
        hedged=True,
        stuck=True,
    ),
    Row(
        "near B: an agent closes another's long",
        steps(OPEN5, unbooked("B", "sell", 3, pos_side="long")),
        (("B", H, None),),
        hedged=True,
    ),
    Row(
        "near A: nothing explains it",
        steps(OPEN5, lambda w: w.shift(2)),
        (("A", H, None),),
    ),
    # C, public and private
    Row(
        "C private newer",
        steps(OPEN5, edit("A", "public", version=0, positions=[], capital=CAPITAL)),
        (("C", A, "A"),),
    ),
    Row(
        "C public newer",
        steps(OPEN5, edit("A", "private", version=0, positions=[], capital=CAPITAL)),
        (("C", A, "A"),),
        check=lambda w, p: w.position("A") == 5,
    ),
    Row(
        "C one ledger missing",
        steps(OPEN5, lambda w: w.state.public_accounts.pop("A")),
        (("C", A, "A"),),
    ),
    Row(
        "C and an unbooked fill together",
        steps(OPEN5, edit("A", "public", version=0, positions=[], capital=CAPITAL), CLOSE5),
        (("B", A, "A"), ("C", A, "A")),
    ),
    Row(
        "C the agent's own document says another capital than both its ledgers",
        steps(OPEN5, lambda w: w.strays("A", Decimal(7))),
        (("C", A, "A"),),
        check=lambda w, p: (
            w.state.agents["A"].current_capital == w.state.private_ledgers["A"].capital != 7
            and {i.item for i in p.items if i.verdict is not Verdict.MATCH} == {Item.CAPITAL}
        ),
    ),
    Row(
        "near C: what books an execution writes the capital of all three",
        steps(lambda w: w.strays("A", CAPITAL), unbooked("A", "buy", 5)),
        (("A", A, "A"),),
    ),
    Row(
        "near C: equal versions, other capital",
        edit("A", "public", capital=Decimal(1)),
        (("C", H, "A"),),
    ),
    Row(
        "near C: equal versions, other entry price",
        steps(OPEN5, lambda w: moved(w, "entry_px", Decimal("99.9"))),
        (("C", H, "A"),),
    ),
    Row(
        "near C: equal versions, other holding time",
        steps(OPEN5, lambda w: moved(w, "opened_ms", START_MS)),
        (("C", H, "A"),),
    ),
    Row(
        "near C: a later clock decides nothing",
        steps(OPEN5, edit("A", "public", capital=Decimal(1), updated_ms=START_MS * 2)),
        (("C", H, "A"),),
    ),
    Row("C both ledgers missing", no_ledgers, (("C", H, "A"),), stuck=True),
    Row(
        "C the agent itself missing",
        lambda w: w.state.agents.pop("A"),
        (("C", H, "A"),),
        stuck=True,
    ),
    # D, the direction
    Row(
        "D by hand",
        steps(OPEN5, unbooked(None, "sell", 8)),
        (("D", H, None),),
        check=lambda w, p: (
            (w.position("A"), w.state.unattributed.positions[0].qty_contracts.value) == (0, -3)
        ),
    ),
    Row(
        "D nobody's position, turned over by hand",
        steps(trade(None, "buy", 2), unbooked(None, "sell", 5)),
        (("D", H, None),),
    ),
    Row("D without evidence", reversed_position, (("D", H, None),)),
    Row("D the other leg", other_leg, (("D", H, None), ("D", H, None)), hedged=True, stuck=True),
    # F, open intents
    Row(
        "F never arrived",
        answered("A", "PENDING", False),
        (("F", A, "A"),),
        check=lambda w, p: not w.state.intents,
    ),
    Row("F unknown, never arrived", answered("A", "UNKNOWN", False), (("F", A, "A"),)),
    Row(
        "F filled",
        sent("A", "UNKNOWN", "filled", "all"),
        (("A", A, "A"), ("F", A, "A")),
        check=lambda w, p: w.position("A") == 2 and not w.state.intents,
    ),
    Row(
        "F accepted and filled meanwhile",
        sent("A", "ACCEPTED", "filled", "all"),
        (("A", A, "A"), ("F", A, "A")),
    ),
    Row(
        "F partly filled and canceled",
        sent("A", "PENDING", "canceled", "all"),
        (("A", A, "A"), ("F", A, "A")),
    ),
    Row(
        "F found resting",
        lambda w: w.rest("A", "buy", 1, intent="PENDING"),
        (("F", A, "A"),),
        check=lambda w, p: next(iter(w.state.intents.values())).outcome == "ACCEPTED",
    ),
    Row(
        "F canceled unfilled",
        answered("A", "ACCEPTED", True, state="canceled", ord_id="7"),
        (("F", A, "A"),),
    ),
    Row(
        "F ended since the question was answered",
        ended_meanwhile,
        (("F", A, "A"),),
        check=lambda w, p: not w.state.intents,
    ),
    Row("F algo triggered", algo_intent("effective"), (("F", A, "A"),)),
    Row("F algo canceled", algo_intent("canceled"), (("F", A, "A"),)),
    Row("F algo lives: nothing", algo_intent("live")),
    Row(
        "near F: not answered",
        answered("A", "PENDING", None, problem="timed out"),
        (("F", U, "A"),),
    ),
    Row("near F: not asked", lambda w: w.intent("A", "buy", 1, "PENDING"), (("F", U, "A"),)),
    Row(
        "near F: accepted, then unknown to the exchange",
        answered("A", "ACCEPTED", False),
        (("F", U, "A"),),
    ),
    Row(
        "near F: no such order, yet it has a fill",
        steps(
            unbooked("A", "buy", 2, intent="PENDING", order_row=False),
            unbooked("A", "buy", 1),
            lambda w: w.answer(next(iter(w.state.intents)), False),
        ),
        (("A", A, "A"), ("A", A, "A"), ("F", U, "A")),
    ),
    Row(
        "near F: filled, but the fills are behind",
        answered("A", "PENDING", True, state="filled", ord_id="7"),
        (("F", U, "A"),),
    ),
    Row(
        "near A: only the answer about the order tells of what is not shown yet",
        steps(
            unbooked("A", "buy", 2, intent="ACCEPTED"),
            lambda w: w.answer(
                next(iter(w.state.intents)),
                True,
                state="filled",
                ord_id=w.fills[-1].ord_id,
                filled_contracts=contracts(2),
            ),
            lambda w: w.hidden.add(w.fills[-1].ord_id),
        ),
        (("A", U, None), ("F", U, "A")),
    ),
    Row(
        "near F: a state nobody knows",
        answered("A", "PENDING", True, state="melted", ord_id="7"),
        (("F", U, "A"),),
    ),
    Row(
        "near F: too old for proof",
        answered("A", "PENDING", None, problem="older", forgotten=True),
        (("F", H, "A"),),
    ),
    # G, resting orders that no book knows
    Row(
        "G by tag",
        lambda w: w.rest("A", "buy", 1, intent="none", cl_ord_id=""),
        (("G", O, None),),
    ),
    Row(
        "near G: the tag of an agent of another store, under that store's clOrdId",
        lambda w: w.rest("A", "buy", 1, intent="none", cl_ord_id="As0ix000010000001"),
    ),
    Row(
        "I an order of ours that this copy of the store never issued",
        lambda w: w.rest(None, "buy", 1, cl_ord_id=w.state.registry.cl_ord_id("A", 9, 9)),
        (("I", A, None),),
        check=lambda w, p: (
            next(iter(w.state.intents.values())).outcome == "ACCEPTED"
            and w.state.registry.epoch_ahead >= 10
        ),
    ),
    Row("G under an id that was issued", foreign_form, (("G", O, None),)),
    Row("near G: the child of a stop of ours", resting_child),
    Row(
        "F settled as never arrived, and it rests",
        zombie,
        (("F", A, "A"),),
        check=lambda w, p: next(iter(w.state.intents.values())).outcome == "ACCEPTED",
    ),
    Row(
        "near G: a clOrdId that only looks similar",
        lambda w: w.rest(None, "buy", 1, cl_ord_id="As0ix000000000000"),
    ),
    Row(
        "G and J on one instrument",
        steps(
            lambda w: w.rest("A", "buy", 1, intent="none", cl_ord_id=""), unbooked(None, "buy", 1)
        ),
        (("G", O, None), ("J", O, None)),
    ),
    # J, nobody's
    Row(
        "J from flat",
        unbooked(None, "buy", 3),
        (("J", O, None),),
        check=lambda w, p: BTC in w.state.freeze.instruments,
    ),
    Row(
        "J adds to an agent's direction",
        steps(OPEN5, unbooked(None, "buy", 3)),
        (("J", O, None),),
        check=lambda w, p: w.position("A") == 5,
    ),
    Row(
        "J while agents offset each other",
        steps(OPEN5, trade("B", "sell", 5), unbooked(None, "sell", 1)),
        (("J", O, None),),
    ),
    Row(
        "J opens and closes again",
        steps(unbooked(None, "buy", 3), unbooked(None, "sell", 3)),
        (("J", O, None),),
    ),
    Row(
        "J closes an old orphan",
        steps(trade(None, "buy", 3), unbooked(None, "sell", 3)),
        (("J", O, None),),
    ),
    Row(
        "J through a foreign tag",
        lambda w: w.trade(None, "buy", 3, booked=False),
        (("J", O, None),),
    ),
    # L, position mode
    Row(
        "L the account's mode changed",
        steps(wrong_mode, emptied),
        (("L", H, None),),
        check=lambda w, p: w.position("A") == 0,
    ),
    Row(
        "near L: positions of the mode that the account is not in",
        wrong_mode,
        (("A", U, None),),
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_case(row: Row) -> None:
    hold(row)


def hold(row: Row) -> None:
    """Run a row and hold it to its findings and to the invariants."""
    world = World(*row.agents.split(), hedged=row.hedged)
    row.happen(world)
    books, view = world.books(), world.view()
    untouched = copy.deepcopy(books)

    plan = reconcile(books, view)

    found = sorted((f.case.value, f.resolution.value, f.agent_id or "") for f in plan.findings)
    assert found == sorted((case, how, agent or "") for case, how, agent in row.findings)
    assert plan.needs_human == any(how == H for _, how, _ in row.findings)
    assert plan.incomplete == any(how == U for _, how, _ in row.findings)
    assert {(one.agent_id, one.item) for one in plan.items} == {
        (agent, item)
        for agent in {*world.state.agents, *world.state.private_ledgers}
        for item in Item
    }
    _same_for_any_order_of_rows(books, view, plan)
    assert books == untouched
    for lang in ("zh", "en"):
        said = "\n".join(line for one in plan.findings for line in told(one, plan, lang))
        assert "{" not in said
    world.adopt(plan)
    assert row.check(world, plan)
    again = reconcile(world.books(), world.view())
    if not row.stuck and not plan.incomplete:
        assert again.clean, again.findings
        assert all(balance.after == balance.venue for balance in again.balances)


def told(one: Finding, plan: Plan, lang: str) -> tuple[str, str, str]:
    return finding_words(one, plan, speaker(lang))


def test_the_plan_is_the_same_in_every_process() -> None:
    """String hashes differ per process; nothing in a plan may follow them."""
    script = (
        "from test_reconcile_cases import ROWS, World\n"
        "from prometheus_persist.reconcile import reconcile\n"
        "for row in ROWS:\n"
        "    world = World(*row.agents.split(), hedged=row.hedged)\n"
        "    row.happen(world)\n"
        "    print(reconcile(world.books(), world.view()).plan_hash)\n"
    )
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parents[1])])
    hashes = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1
    assert hashes.pop().count("\n") == len(ROWS)


def _same_for_any_order_of_rows(books: object, view: object, plan: Plan) -> None:
    rng = random.Random(7)
    for _ in range(3):
        fields = {}
        for name in ("positions", "fills", "orders", "algo_orders", "lookups"):
            rows = [*getattr(view, name), *getattr(view, name)]
            rng.shuffle(rows)
            fields[name] = tuple(rows)
        other = reconcile(books, replaced(view, read_ms=1, **fields))  # type: ignore[arg-type]
        assert other.plan_hash == plan.plan_hash
        left, right = plan_to_json(other), plan_to_json(plan)
        assert dumps(left | {"read_ms": 0}) == dumps(right | {"read_ms": 0})


MONEY = ("balance", "bills", "positions_history")
CORE = tuple(name for name in SOURCES if name not in (*MONEY, "intent_lookups"))


@pytest.mark.parametrize("source", CORE)
def test_nothing_is_corrected_or_called_flat_from_a_view_that_is_not_whole(source: str) -> None:
    """Without any of them: no correction, no pass, no new watermark."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("A", "sell", 5, booked=False)
    world.trade(None, "buy", 1, booked=False)
    world.intent("B", "buy", 1, "PENDING")
    world.edit("B", "public", version=9)
    world.fail(source)
    plan = reconcile(world.books(), world.view())
    assert plan.corrections == ()
    assert plan.incomplete
    assert not plan.clean
    assert plan.source_problems == (f"{source}: timed out",)
    assert plan.fills_seen_ms == world.state.watermark.fills_ms
    for one in plan.items:
        if one.item in (Item.SIZE, Item.DIRECTION, Item.OWNER):
            assert one.verdict is Verdict.UNKNOWN
    assert all(balance.venue is None for balance in plan.balances)


@pytest.mark.parametrize("source", ["balance", "intent_lookups"])
def test_a_lesser_source_that_fails_leaves_the_plan_incomplete(source: str) -> None:
    world = World("A")
    world.trade("A", "buy", 5)
    world.fail(source)
    assert reconcile(world.books(), world.view()).incomplete


def test_a_source_that_was_never_read_is_not_complete() -> None:
    world = World("A")
    view = world.view()
    sources = {name: status for name, status in view.sources.items() if name != "fills"}
    plan = reconcile(world.books(), replaced(view, sources=sources))  # type: ignore[arg-type]
    assert plan.source_problems == ("fills: not read",)
    assert plan.incomplete


def test_two_different_fills_under_one_id_make_the_source_doubtful() -> None:
    world = World("A")
    world.trade("A", "buy", 5, booked=False)
    twin = replaced(world.fills[0], px=Decimal(1))  # type: ignore[arg-type]
    world.fills.append(twin)  # type: ignore[arg-type]
    plan = reconcile(world.books(), world.view())
    assert plan.incomplete
    assert plan.corrections == ()


def test_the_hash_covers_what_is_done_and_not_when_it_was_read() -> None:
    world = World("A")
    world.trade("A", "buy", 5, booked=False)
    plan = reconcile(world.books(), world.view())
    later = reconcile(world.books(), replaced(world.view(), read_ms=9))  # type: ignore[arg-type]
    world.trade("A", "buy", 1, booked=False)
    other = reconcile(world.books(), world.view())
    assert plan.plan_hash == later.plan_hash != other.plan_hash


def test_the_watermark_passes_only_fills_that_are_booked() -> None:
    world = World("A", "B", hedged=True)
    world.trade("A", "buy", 5)
    world.trade("B", "sell", 2, pos_side="long", booked=False)
    assert reconcile(world.books(), world.view()).fills_seen_ms == 0


def test_a_human_finding_keeps_its_suggestion_beside_what_is_certain() -> None:
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 5)
    world.trade(None, "sell", 3, booked=False)
    world.trade("A", "buy", 1, inst=ETH, booked=False)
    plan = reconcile(world.books(), world.view())
    shared = next(f for f in plan.findings if f.resolution is Resolution.HUMAN)
    assert [type(step).__name__ for step in shared.corrections] == [
        "BookOrphan",
        "FreezeInstrument",
    ]
    world.adopt(plan)
    assert world.position("A") == world.position("B") == 5
    assert world.state.unattributed.positions[0].qty_contracts.value == -3
