"""Every case of the reconciler, and beside each the near miss that must not be corrected.

A row says what happens, and which findings (case, resolution, agent) have to come of it. Beyond its
own row, every scenario is held to the invariants: the plan is the same for shuffled and repeated
rows (P5), applying it leaves nothing to find (P1) and every key conserved (P3), and the books that
went in are untouched (P4). ``stuck`` marks plans that no correction can bring to an end.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from reconcile_acts import (
    BY_HAND,
    CLOSE5,
    OPEN5,
    A,
    H,
    O,
    Row,
    U,
    algo_child_by_id,
    algo_child_by_list,
    by_stop,
    dead,
    edit,
    emptied,
    foreign_form,
    hold,
    moved,
    no_instrument,
    no_ledgers,
    other_leg,
    resting_child,
    reversed_position,
    steps,
    trade,
    unbooked,
    wrong_mode,
    zombie,
)
from reconcile_host_books import HOST_BOOKS
from reconcile_open_intents import OPEN_INTENTS
from reconcile_world import BTC, CAPITAL, ETH, START_MS

from prometheus_persist.reconcile import Item, Verdict

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
    *OPEN_INTENTS,
    # N, a host's own books
    *HOST_BOOKS,
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
