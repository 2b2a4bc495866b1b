"""Cases E, H, I, L and M, and forced executions of shared positions; each with its near miss.

The rows are held to the same invariants as those of ``test_reconcile_cases``.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from reconcile_acts import OPEN5, A, H, O, Row, dead, hold, steps, trade, unbooked
from reconcile_world import BTC, World, replaced

from prometheus_persist.reconcile import reconcile
from prometheus_persist.reconcile.match.split import money_shares, shares
from prometheus_persist.reconcile.plan import BookFill, BookOrphan, FreezeInstrument, SetQuantity
from prometheus_persist.state import PositionKey, contracts

LIQUIDATED = {"category": "full_liquidation"}
ADL = {"category": "adl"}
NET = PositionKey(BTC, "cross", "net")


def positions(**held: str) -> Callable[[World, Any], bool]:
    return lambda world, plan: all(
        world.position(name) == Decimal(quantity) for name, quantity in held.items()
    )


def in_base(factor: str) -> Callable[[World], None]:
    """Both ledgers of A count what the exchange calls contracts in another unit."""

    def run(world: World) -> None:
        for book in ("private", "public"):
            ledger = getattr(
                world.state, {"private": "private_ledgers", "public": "public_accounts"}[book]
            )["A"]
            wrong = [
                each.model_copy(
                    update={"qty_contracts": contracts(each.qty_contracts.value * Decimal(factor))}
                )
                for each in ledger.positions
            ]
            world.edit("A", book, positions=wrong)

    return run


def other_margin(quantity: int) -> Callable[[World], None]:
    def run(world: World) -> None:
        held = world.held.pop(NET)
        moved = held[0].model_copy(
            update={"mgn_mode": "isolated", "qty_contracts": contracts(quantity)}
        )
        world.held[moved.key] = [moved]

    return run


def sent_again(**order: Any) -> Callable[[World], None]:
    """A's last order stands at the exchange a second time, under the same clOrdId."""

    def run(world: World) -> None:
        world.trade(None, "buy", 2, booked=False)
        name = next(reversed(world.owners))
        world.orders[-1] = replaced(world.orders[-1], cl_ord_id=name, **order)  # type: ignore[arg-type]
        world.fills[-1] = replaced(world.fills[-1], cl_ord_id=name)  # type: ignore[arg-type]

    return run


def rests_again(world: World) -> None:
    world.rest(None, "buy", 2, cl_ord_id=next(reversed(world.owners)))


def in_part(state: str) -> Callable[[World], None]:
    """An order of five of which two were executed, and not booked."""

    def run(world: World) -> None:
        world.trade("A", "buy", 2, booked=False, intent="ACCEPTED")
        world.orders[-1] = replaced(  # type: ignore[assignment]
            world.orders[-1],
            state=state,
            qty_contracts=contracts(5),  # type: ignore[arg-type]
        )
        name = world.orders[-1].cl_ord_id
        world.state.intents[name] = world.state.intents[name].model_copy(
            update={"qty_contracts": contracts(5)}
        )

    return run


def in_lots(lot: str) -> Callable[[World], None]:
    def run(world: World) -> None:
        world.instruments[BTC] = replaced(world.instruments[BTC], lot_sz=Decimal(lot))  # type: ignore[arg-type,assignment]

    return run


ROWS = (
    # forced executions of what several hold
    Row(
        "liquidated in part, pro rata in whole lots",
        steps(
            in_lots("1"), OPEN5, trade("B", "buy", 2), trade("C", "buy", 3),
            unbooked(None, "sell", 4, category="partial_liquidation"),
        ),
        (("B", A, "A"), ("B", A, "C")),
        agents="A B C",
        check=positions(A="2", B="2", C="2"),  # 2 + 0 + 1, and the lowest id takes the one left
    ),
    Row(
        "liquidated in part, smaller lots",
        steps(
            OPEN5, trade("B", "buy", 2), unbooked(None, "sell", 1, category="partial_liquidation")
        ),
        (("B", A, "A"), ("B", A, "B")),
        check=positions(A="4.28", B="1.72"),
    ),
    Row(
        "deleveraged, shared short",
        steps(trade("A", "sell", 4), trade("B", "sell", 4), unbooked(None, "buy", 2, **ADL)),
        (("B", A, "A"), ("B", A, "B")),
        check=positions(A="-3", B="-3"),
    ),
    Row(
        "who stands on the other side bears nothing",
        steps(
            OPEN5, trade("B", "buy", 5), trade("C", "sell", 2),
            unbooked(None, "sell", 8, **LIQUIDATED),
        ),
        (("B", A, "A"), ("B", A, "B")),
        agents="A B C",
        check=positions(A="1", B="1", C="-2"),
    ),
    Row(
        "nobody bears its part, too",
        steps(OPEN5, trade(None, "buy", 5), unbooked(None, "sell", 10, **LIQUIDATED)),
        (("B", A, "A"), ("B", A, None)),
        check=positions(A="0"),
    ),
    Row(
        "liquidated in long and short mode",
        steps(
            trade("A", "buy", 5), trade("B", "buy", 3), trade("C", "sell", 2),
            unbooked(None, "sell", 8, pos_side="long", **LIQUIDATED),
        ),
        (("B", A, "A"), ("B", A, "B")),
        agents="A B C",
        hedged=True,
    ),
    Row(
        "bought more by one of them before it was liquidated",
        steps(
            OPEN5, trade("B", "buy", 1), unbooked("B", "buy", 4),
            unbooked(None, "sell", 10, **LIQUIDATED),
        ),
        (("A", A, "B"), ("B", A, "A"), ("B", A, "B")),
        check=positions(A="0", B="0"),
    ),
    Row(
        "near: closed by hand, shared",
        steps(OPEN5, trade("B", "buy", 5), unbooked(None, "sell", 10)),
        (("B", H, None),),
    ),
    Row(
        "near: liquidated more than the books hold",
        steps(
            OPEN5, trade("B", "buy", 2), lambda w: w.shift(3),
            unbooked(None, "sell", 10, **LIQUIDATED),
        ),
        (("B", H, None), ("B", H, None)),
    ),
    Row(
        "near: liquidated, and the exchange shows something else",
        steps(
            OPEN5, trade("B", "buy", 5), unbooked(None, "sell", 4, **LIQUIDATED),
            lambda w: w.shift(1),
        ),
        (("B", H, None), ("A", H, None)),
    ),
    # E, units
    Row(
        "E base currency in the books",
        steps(OPEN5, in_base("0.01")),
        (("E", H, None),),
        check=positions(A="5"),
    ),
    Row(
        "E a hundredfold in the books",
        steps(OPEN5, in_base("100")),
        (("E", H, None),),
        check=positions(A="5"),
    ),
    Row(
        "near E: another factor",
        steps(OPEN5, in_base("0.1")),
        (("A", H, None),),
    ),
    Row(
        "near E: the factor, and executions explain it",
        steps(trade("A", "buy", 1), unbooked("A", "buy", 99)),
        (("A", A, "A"),),
        check=positions(A="100"),
    ),
    Row(
        "E somebody's part is nobody's: by hand",
        steps(OPEN5, trade(None, "buy", 5), lambda w: w.shift(990)),
        (("E", H, None),),
        stuck=True,
    ),
    # I, one clOrdId on several orders
    Row(
        "I executed twice",
        steps(OPEN5, sent_again()),
        (("I", H, None), ("I", O, "A")),
        check=positions(A="5"),
    ),
    Row(
        "I the second one rests",
        steps(OPEN5, rests_again),
        (("G", O, None), ("I", O, "A")),
    ),
    Row(
        "I the second one was canceled without a fill",
        steps(OPEN5, rests_again, lambda w: _end(w, "canceled")),
        (("I", O, "A"),),
    ),
    Row(
        "near I: two orders, two ids",
        steps(OPEN5, unbooked("A", "buy", 2)),
        (("A", A, "A"),),
    ),
    Row(
        "near I: a stranger's id twice",
        steps(
            OPEN5, lambda w: w.rest(None, "buy", 2, cl_ord_id="theirs"),
            lambda w: w.rest(None, "buy", 2, cl_ord_id="theirs"),
        ),
    ),
    # L, margin mode
    Row("L the margin mode changed", steps(OPEN5, other_margin(5)), (("L", H, None),), stuck=True),
    Row(
        "near L: closed in one mode, opened in the other, with executions",
        steps(OPEN5, unbooked("A", "sell", 5), unbooked("A", "buy", 5, mgn="isolated")),
        (("A", A, "A"), ("B", A, "A")),
    ),
    Row(
        "near L: other contracts in the other mode",
        steps(OPEN5, other_margin(4)),
        (("A", H, None), ("B", H, None)),
    ),
    # M, executed in part
    Row(
        "M the rest still waits",
        in_part("partially_filled"),
        (("M", A, "A"),),
        check=lambda w, p: w.position("A") == 2 and len(w.state.intents) == 1,
    ),
    Row(
        "M the rest was canceled",
        in_part("canceled"),
        (("M", A, "A"), ("F", A, "A")),
        check=lambda w, p: w.position("A") == 2 and not w.state.intents,
    ),
    Row(
        "near M: executed whole",
        steps(unbooked("A", "buy", 5, intent="ACCEPTED")),
        (("A", A, "A"), ("F", A, "A")),
    ),
)  # fmt: skip


def _end(world: World, state: str) -> None:
    world.orders[-1] = replaced(world.orders[-1], state=state)  # type: ignore[arg-type,assignment]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_case(row: Row) -> None:
    hold(row)


def test_the_parts_of_a_forced_execution_are_booked_together_or_not_at_all() -> None:
    """One execution, two parts, one fill id: fee and contracts add up, and it is booked once."""
    world = World("A", "B")
    for name in ("A", "B"):
        world.trade(name, "buy", 5)
    forced = world.trade(None, "sell", 9, booked=False, **LIQUIDATED)  # type: ignore[arg-type]
    plan = reconcile(world.books(), world.view())
    pieces = [step for step in plan.corrections if isinstance(step, BookFill)]
    assert [(step.agent_id, step.part) for step in pieces] == [("A", "1/2"), ("B", "2/2")]
    assert sum(step.execution.qty_contracts.value for step in pieces) == 9
    assert sum(step.execution.fee for step in pieces) == forced.fee
    records = world.adopt(plan)
    assert [row["fill_id"] for row in records["public_trades"]] == [forced.fill_id] * 2
    assert reconcile(world.books(), world.view()).clean


def test_what_a_human_lifted_with_a_reason_is_not_raised_again() -> None:
    """The same dead agent, the same contracts: told once. Other contracts are another finding."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    dead(world)
    plan = reconcile(world.books(), world.view())
    (freeze,) = (step for step in plan.corrections if isinstance(step, FreezeInstrument))
    world.adopt(plan)
    world.state.freeze = world.state.freeze.model_copy(
        update={"instruments": {}, "lifted": {freeze.finding_id: "closing it tomorrow"}}
    )
    assert reconcile(world.books(), world.view()).clean
    world.trade("A", "sell", 1)
    (again,) = reconcile(world.books(), world.view()).findings
    assert again.case.value == "H"
    assert again.finding_id != freeze.finding_id


def test_units_are_put_right_only_where_they_come_out_exactly() -> None:
    """Two owners: both figures are scaled; what cannot be divided exactly is left to a human."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("B", "buy", 2)
    for name in ("A", "B"):
        for book in ("private", "public"):
            ledger = world.state.private_ledgers[name]
            wrong = [
                each.model_copy(
                    update={"qty_contracts": contracts(each.qty_contracts.value * Decimal("0.01"))}
                )
                for each in ledger.positions
            ]
            if book == "private":
                kept = wrong
            world.edit(name, book, positions=kept)
    plan = reconcile(world.books(), world.view())
    steps_ = [step for step in plan.corrections if isinstance(step, SetQuantity)]
    assert [(step.agent_id, str(step.qty_contracts)) for step in steps_] == [("A", "5"), ("B", "2")]
    world.adopt(plan)
    assert reconcile(world.books(), world.view()).clean


def test_a_fill_of_the_system_itself_is_nobodys_and_freezes_nothing() -> None:
    world = World("A")
    world.trade(None, "buy", 5)
    world.state.registry = world.state.registry.assign("UNATTRIBUTED")
    world.trade("UNATTRIBUTED", "sell", 5, booked=False)
    plan = reconcile(world.books(), world.view())
    assert [type(step) for step in plan.corrections] == [BookOrphan]
    assert not plan.needs_human
    world.adopt(plan)
    assert world.state.unattributed.positions == []
    assert world.state.freeze.instruments == {}
    assert reconcile(world.books(), world.view()).clean


def test_shares_add_up_and_nobody_bears_more_than_it_holds() -> None:
    held = {"B": contracts(1), "A": contracts(1), "": contracts(1)}
    assert [str(part) for part in shares(contracts(2), held, Decimal(1))] == ["1", "1", "0"]
    assert [str(part) for part in shares(contracts("0.5"), held, Decimal("0.1"))] == [
        "0.3", "0.1", "0.1",
    ]  # fmt: skip
    assert [str(part) for part in shares(contracts(3), held, Decimal(1))] == ["1", "1", "1"]


def test_money_is_shared_exactly_and_with_its_sign() -> None:
    weights = [Decimal(5), Decimal(-3), Decimal(1)]
    parts = money_shares(Decimal("-1"), weights)
    assert sum(parts) == Decimal(-1)
    assert parts[0] < 0 < parts[1]
    assert money_shares(Decimal("0.000000000001"), [Decimal(1), Decimal(1)]) == [
        Decimal("0.000000000001"),
        Decimal(0),
    ]


def test_cross_closed_after_isolated_last_moved_is_no_stale_reading() -> None:
    world = World("A")
    world.trade("A", "buy", 5, mgn="isolated")
    world.trade("A", "buy", 5)
    world.now_ms += 60_000
    world.trade("A", "sell", 5)
    assert reconcile(world.books(), world.view()).clean


@pytest.mark.parametrize(("behind_ms", "stale"), [(2_001, True), (2_000, False)])
def test_positions_older_than_their_executions_are_stale(behind_ms: int, stale: bool) -> None:
    """They are UNKNOWN, nothing is corrected; what another clock may explain is not stale."""
    world = World("A")
    world.trade("A", "buy", 5)
    world.trade("A", "buy", 1, booked=False)
    held = world.held[NET]
    view = world.view()
    old = replaced(view.positions[0], updated_ms=held[0].updated_ms - behind_ms)  # type: ignore[arg-type]
    plan = reconcile(world.books(), replaced(view, positions=(old,)))
    assert plan.incomplete is stale
    assert bool(plan.corrections) is not stale
    if stale:
        assert [one.params["why"] for one in plan.findings] == ["why.positions_stale"]
        assert plan.source_problems == ()


@pytest.mark.parametrize(
    ("fill", "order"),
    [
        # which of the rows carries which id; one is enough
        ({"cl_ord_id": "", "tag": ""}, {"tag": ""}),
        ({"tag": ""}, {"cl_ord_id": "", "tag": ""}),
        ({"cl_ord_id": "", "tag": ""}, {"cl_ord_id": ""}),
        ({"cl_ord_id": ""}, {"cl_ord_id": "", "tag": ""}),
    ],
)
def test_any_exact_id_on_either_row_names_the_owner(
    fill: dict[str, str], order: dict[str, str]
) -> None:
    """clOrdId or tag, on the fill or on its order: each alone is proof."""
    world = World("A", "B")
    world.trade("A", "buy", 5, booked=False)
    world.fills[-1] = replaced(world.fills[-1], **fill)  # type: ignore[arg-type,assignment]
    world.orders[-1] = replaced(world.orders[-1], **order)  # type: ignore[arg-type,assignment]
    (one,) = reconcile(world.books(), world.view()).findings
    assert (one.agent_id, one.what) == ("A", "what.fill_unrecorded")


@pytest.mark.parametrize("row", ["order", "algo", "both"])
def test_a_stops_child_is_its_parents_by_either_row(row: str) -> None:
    """The order names the algoClOrdId, or only the algo row does by the ordId it became."""
    world = World("A", "B")
    world.trade("A", "buy", 5)
    world.trade("A", "sell", 5, booked=False, by="algo", px=90)
    if row == "order":
        world.algos.clear()
    if row == "algo":
        bare = replaced(world.orders[-1], algo_id="", algo_cl_ord_id="")  # type: ignore[arg-type]
        world.orders[-1] = bare  # type: ignore[assignment]
    (one,) = reconcile(world.books(), world.view()).findings
    assert (one.agent_id, one.case.value, one.cause) == ("A", "B", "cause.stop")
    (step,) = one.corrections
    assert isinstance(step, BookFill)
    assert step.execution.category == "stop"
    assert step.execution.cl_ord_id in world.owners


def test_without_any_id_it_is_nobodys() -> None:
    """Near miss of all of these: another's tag in another case, a clOrdId that was never issued."""
    for fields in ({"tag": "a"}, {"cl_ord_id": "As0id0000199999999"}, {"tag": "A "}):
        world = World("A", "B")
        world.trade(None, "buy", 5, booked=False)
        world.fills[-1] = replaced(world.fills[-1], **fields)  # type: ignore[arg-type,assignment]
        (one,) = reconcile(world.books(), world.view()).findings
        assert (one.agent_id, one.case.value) == (None, "J")
