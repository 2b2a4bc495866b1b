"""Rows about clocks that are wrong, indexes that lag, orders that expire or arrive late, and orders
that cannot be looked up.
"""

from __future__ import annotations

from typing import Any

from scenario_rows import (
    ASK,
    AUTO,
    BTC,
    COLD,
    ETH,
    FILL,
    HUMAN,
    INCOMPLETE,
    RESTRICTED,
    SETTLE,
    TAKE,
    UNKNOWN,
    WARM,
    Row,
    Way,
    do,
)

BOOKED, SETTLED = ("A", AUTO, "A", FILL), ("F", AUTO, "A", SETTLE)
BACK, WAITS = ("F", AUTO, "A", TAKE), ("F", UNKNOWN, "A", "")
ALONE = ("G", AUTO, "A", "NoteFinding")
LONG_3, HELD_3 = (do.trade("A", "long", 3),), {"A": "long 3"}
SLOW = {"in_flight_ms": 3_000, "index_lag_ms": 30_000}
SECOND_MS, AFTER_ALL_MS, LAG_MS = 1_000, 40_000, 25_000
OTHERS = (do.trade("B", "long", 1), do.trade("B", "close_long", 1, reduce=False))
FILLS = ("trade/fills", "trade/fills-history")
INDEXES = ("trade/order", "trade/orders-pending", "trade/orders-history", "trade/fills")


def lagging(*paths: str) -> Any:
    """Every answer, or those of these questions, as it was ``LAG_MS`` ago."""
    rule = {"action": "index_lag", "ms": LAG_MS, "method": "GET", "times": 0}
    return do.faults(*({**rule, "path": path} for path in paths) if paths else (rule,))


CLOCKS = (
    Row(
        "an order sent by a clock a day ahead",
        "F",
        starts=(COLD,),
        settings=SLOW,
        before=(do.clock(26), do.unread("A", "long", 3)),
        away=(do.clock(0),),
        plan=(BOOKED, SETTLED),
        holds=HELD_3,
    ),
    Row(
        "an order sent by a clock a day behind",
        "F",
        starts=(COLD,),
        settings=SLOW,
        before=(do.clock(-26), do.unread("A", "long", 3)),
        away=(do.clock(0),),
        plan=(BOOKED, SETTLED),
        holds=HELD_3,
    ),
    Row(
        "a clock an hour behind at the start",
        "F",
        starts=(COLD,),
        settings=SLOW,
        before=(do.unread("A", "long", 3),),
        away=(do.clock(-1),),
        plan=(BOOKED, SETTLED),
        holds=HELD_3,
        after=(do.trade("A", "close_long", 3), do.trade("B", "long", 1)),
    ),
    Row(
        "a clock five hours ahead at the start",
        "F",
        starts=(COLD,),
        settings=SLOW,
        before=(do.unread("A", "long", 3, px=40_000),),
        away=(do.clock(5),),
        plan=(SETTLED,),
        after=(do.open("A"), do.trade("B", "long", 1)),
    ),
    Row(
        "a clock put right while the process lives",
        "F",
        starts=(WARM,),
        settings=SLOW,
        before=(do.clock(26), do.unread("A", "long", 3), do.clock(0)),
        plan=(BOOKED, SETTLED),
        holds=HELD_3,
    ),
    Row(
        "an order of a clock a day ahead that never left",
        "F",
        starts=(COLD,),
        settings=SLOW,
        stays=True,
        before=(do.clock(26), do.unsent("A", "long", 3)),
        away=(do.clock(0),),
        plan=(WAITS,),
        decision=RESTRICTED,
        after=(*OTHERS, do.advance(AFTER_ALL_MS), do.sync("human"), do.approve()),
    ),
    Row(
        "books kept by a clock an hour behind",
        "A",
        near=True,
        settings=SLOW,
        before=(do.clock(-1), *LONG_3, do.sync(), do.trade("A", "close_long", 1)),
        holds={"A": "long 2"},
    ),
)

LAGS = (
    Row(
        "an order that may not be shown yet",
        "F",
        settings=SLOW,
        stays=True,
        before=(do.unsent("A", "long", 3),),
        plan=(WAITS,),
        decision=RESTRICTED,
        after=(*OTHERS, do.advance(AFTER_ALL_MS), do.sync("go", SETTLED)),
    ),
    Row(
        "an order that was not shown for long enough",
        "F",
        settings=SLOW,
        before=(do.unsent("A", "long", 3),),
        away=(do.advance(AFTER_ALL_MS),),
        plan=(SETTLED,),
        after=OTHERS,
    ),
    Row(
        "an execution that everything shows late",
        "F",
        settings=SLOW,
        stays=True,
        before=(do.advance(SECOND_MS), lagging(), do.unread("A", "long", 3)),
        plan=(WAITS,),
        decision=RESTRICTED,
        after=(
            do.advance(LAG_MS),
            do.sync("go", BOOKED, SETTLED),
            do.faults(),
            do.trade("A", "close_long", 3),
        ),
    ),
    Row(
        "an order that rests and everything shows late",
        "F",
        settings=SLOW,
        stays=True,
        before=(do.advance(SECOND_MS), lagging(), do.unread("A", "long", 3, px=40_000)),
        plan=(WAITS,),
        decision=RESTRICTED,
        after=(do.advance(LAG_MS), do.sync("go", SETTLED), do.open("A")),
    ),
    Row(
        "an execution that orders and fills show late",
        "F",
        settings=SLOW,
        before=(do.advance(SECOND_MS), lagging(*INDEXES), do.unread("A", "long", 3)),
        plan=(("A", UNKNOWN, None, ""), WAITS, ("K", UNKNOWN, "", "")),
        decision=INCOMPLETE,
        shut=BTC,
        offers=("nobody open",),
        meanwhile=(do.barred("B", "long", 1),),
        after=(do.advance(LAG_MS), do.faults(), do.sync("go", BOOKED, SETTLED)),
    ),
    Row(
        "an execution that everything but the fills shows",
        "A",
        settings=SLOW,
        before=(do.advance(SECOND_MS), lagging(*FILLS), do.unread("A", "long", 3)),
        plan=(("A", UNKNOWN, None, ""), WAITS, ("K", UNKNOWN, "", "")),
        decision=INCOMPLETE,
        shut=BTC,
        offers=("nobody open",),
        meanwhile=(do.settle("A"), do.barred("B", "long", 1)),
        after=(do.advance(LAG_MS), do.faults(), do.sync("go", BOOKED, SETTLED)),
    ),
    Row(
        "an order canceled after a part, whose execution is shown late",
        "M",
        settings=SLOW,
        before=(
            do.advance(SECOND_MS),
            lagging(*FILLS),
            do.partial(1),
            do.unread("A", "long", 3, px=50_000),
            do.cancel("A"),
        ),
        plan=(("A", UNKNOWN, None, ""), WAITS, ("K", UNKNOWN, "", "")),
        decision=INCOMPLETE,
        shut=BTC,
        offers=("nobody open",),
        after=(
            do.advance(LAG_MS),
            do.faults(),
            do.sync("go", ("M", AUTO, "A", FILL), SETTLED),
            do.holds(A="long 1"),
        ),
    ),
    Row(
        "an order canceled after a part of it",
        "M",
        before=(do.partial(1), do.sent("A", "long", 3, px=50_000), do.cancel("A")),
        plan=(("M", AUTO, "A", FILL), SETTLED),
        holds={"A": "long 1"},
        after=(do.trade("A", "close_long", 1),),
    ),
    Row(
        "an order that arrives after it was settled",
        "F",
        whole=True,
        before=(do.late("A", "long", 3, SECOND_MS), do.sync("go", SETTLED), do.arrives("A")),
        plan=(BOOKED, BACK),
        holds=HELD_3,
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "an order that arrives after it was settled and rests",
        "F",
        before=(
            do.late("A", "long", 3, SECOND_MS, px=40_000),
            do.sync("go", SETTLED),
            do.arrives("A"),
        ),
        plan=(BACK,),
        holds={},
        after=(do.open("A"), do.price(39_900), do.sync("go", BOOKED, SETTLED)),
    ),
    Row(
        "a stop that arrives after it was settled",
        "F",
        before=(
            *LONG_3,
            do.late("A", "close_long", 3, SECOND_MS, trigger_px=48_000),
            do.sync("go", SETTLED),
            do.arrives("A"),
        ),
        plan=(BACK,),
        holds=HELD_3,
        after=(do.open("A"), do.price(47_900), do.sync("go", ("B", AUTO, "A", FILL), SETTLED)),
    ),
    Row(
        "an order that arrives after it was settled and is canceled",
        "F",
        before=(
            do.late("A", "long", 3, SECOND_MS, px=40_000),
            do.sync("go", SETTLED),
            do.arrives("A"),
            do.cancel_child(),
        ),
        plan=(BACK,),
        holds={},
    ),
    Row(
        "an order that arrives beside another holder's trades",
        "F",
        before=(
            do.late("A", "long", 3, SECOND_MS),
            do.sync("go", SETTLED),
            do.trade("B", "short", 2),
            do.arrives("A"),
            do.trade("B", "short", 1),
        ),
        plan=(BOOKED, BACK),
        holds={"A": "long 3", "B": "short 3"},
    ),
)

ENDS = (
    Row(
        "an order whose end has not come",
        "F",
        settings=SLOW,
        stays=True,
        before=(do.late("A", "long", 3, SECOND_MS, valid_ms=5_000),),
        plan=(WAITS,),
        decision=RESTRICTED,
        after=(*OTHERS, do.arrives("A"), do.sync("go", BOOKED, SETTLED)),
    ),
    Row(
        "an order whose end has come and which may not be shown yet",
        "F",
        settings=SLOW,
        stays=True,
        before=(do.late("A", "long", 3, 10_000, valid_ms=5_000),),
        plan=(WAITS,),
        decision=RESTRICTED,
        after=(do.advance(26_000), do.sync("go", SETTLED)),
    ),
    Row(
        "an order whose end is proof",
        "F",
        settings=SLOW,
        before=(do.late("A", "long", 3, AFTER_ALL_MS, valid_ms=5_000),),
        plan=(SETTLED,),
        holds={},
    ),
    Row(
        "an order that comes after its end",
        "F",
        before=(do.late("A", "long", 3, 0, valid_ms=20), do.expired("A"), do.advance(SECOND_MS)),
        plan=(SETTLED,),
        holds={},
        after=(do.quiet(), *OTHERS),
    ),
    Row(
        "an order that came in time",
        "F",
        before=(do.unread("A", "long", 3, valid_ms=5_000),),
        plan=(BOOKED, SETTLED),
        holds=HELD_3,
    ),
    Row(
        "orders that all have an end",
        "F",
        near=True,
        settings={"order_valid_ms": 5_000},
        before=(*LONG_3, do.trade("A", "close_long", 1)),
        holds={"A": "long 2"},
    ),
)

LOOKUPS = (
    Row(
        "a question that fails for one order",
        "F",
        stays=True,
        before=(do.unsent("A", "long", 1, inst=ETH), do.unread("B", "long", 2)),
        away=(do.unanswered_for(ETH),),
        plan=(WAITS, ("A", AUTO, "B", FILL), ("F", AUTO, "B", SETTLE)),
        decision=RESTRICTED,
        holds={"B": "long 2"},
        after=(do.trade("B", "close_long", 2), do.faults(), do.sync("go", SETTLED)),
    ),
    Row(
        "a question that keeps failing and an order that is given up",
        "F",
        stays=True,
        before=(do.unsent("A", "long", 1, inst=ETH),),
        away=(do.unanswered_for(ETH),),
        plan=(WAITS,),
        decision=RESTRICTED,
        after=(do.give_up("A"), do.quiet(), *OTHERS),
    ),
    Row(
        "an order that was given up",
        "F",
        near=True,
        settings=SLOW,
        before=(do.unsent("A", "long", 3), do.give_up("A")),
        holds={},
        after=OTHERS,
    ),
    Row(
        "an order that was given up and executed",
        "F",
        settings=SLOW,
        before=(do.late("A", "long", 3, SECOND_MS), do.give_up("A"), do.arrives("A")),
        plan=(BOOKED, BACK),
        holds=HELD_3,
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "an order that was given up and rests",
        "F",
        settings=SLOW,
        before=(do.late("A", "long", 3, SECOND_MS, px=40_000), do.give_up("A"), do.arrives("A")),
        plan=(BACK,),
        holds={},
        after=(do.open("A"), do.cancel("A"), do.sync("go", SETTLED)),
    ),
    Row(
        "an order with a stop attached that was given up and executed",
        "F",
        settings=SLOW,
        before=(do.late("A", "long", 3, SECOND_MS, sl=48_000), do.give_up("A"), do.arrives("A")),
        plan=(BOOKED, BACK, BACK),
        holds=HELD_3,
        after=(
            do.open_stops(1),
            do.price(47_900),
            do.sync("go", ("B", AUTO, "A", FILL), SETTLED),
            do.holds(),
        ),
    ),
    Row(
        "an answer that is another order's",
        "F",
        before=(do.answers_another("A", "long", 2),),
        plan=(BOOKED, SETTLED),
        holds={"A": "long 2"},
    ),
    Row(
        "names that the exchange does not list",
        "F",
        near=True,
        before=(
            do.misnamed("A", "BTC/USDT:USDT", BTC),
            do.misnamed("A", "btc-usdt-swap", BTC),
            do.misnamed("A", "ETHUSDT", ETH),
            do.misnamed("A", "BTC-USD-SWAP", "lists no"),
        ),
        holds={},
        after=(do.open(), *OTHERS),
    ),
    Row(
        "a forgotten order beside a hand on a shared position",
        "F",
        before=(*LONG_3, do.trade("B", "long", 2), do.unsent("A", "long", 1, inst=ETH)),
        away=(do.hand("close_long", 5), do.advance(3 * 3_600_000)),
        plan=(("B", HUMAN, None, FILL), ("F", HUMAN, "A", SETTLE)),
        decision=ASK,
        offers={
            "net": ("canceled proven", "close_all proven, agent:A assumed, agent:B assumed"),
            "hedge": ("canceled proven", "close_all proven"),
        },
        ways=(Way(holds={}),),
    ),
)

ROWS = (*CLOCKS, *LAGS, *ENDS, *LOOKUPS)
