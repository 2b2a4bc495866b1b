"""Rows about what cannot be read, what is read twice, and how long ago it was."""

from __future__ import annotations

from typing import Any

from scenario_rows import (
    ASK,
    AUTO,
    BTC,
    DAY_MS,
    ETH,
    FILL,
    INCOMPLETE,
    NET,
    RESTRICTED,
    SETTLE,
    UNKNOWN,
    Row,
    Way,
    do,
)

SETTLED = ("F", AUTO, "A", SETTLE)
BOOKED = ("A", AUTO, "A", FILL)
CLOSED = ("B", AUTO, "A", FILL)
LONG_3 = (do.trade("A", "long", 3),)
HELD_3 = {"A": "long 3"}
SEVEN = "A B C D E F G"
POSITIONS, FILLS = "account/positions", "trade/fills"


def always(action: str, path: str, **more: Any) -> dict[str, Any]:
    return {"action": action, "path": path, "times": 0, **more}


UNREAD = (
    Row(
        "positions that fail",
        "B",
        near=True,
        before=LONG_3,
        away=(do.faults(always("error_before", POSITIONS)),),
        decision=INCOMPLETE,
    ),
    Row(
        "positions that come empty",
        "B",
        near=True,
        before=LONG_3,
        away=(do.faults(always("empty", POSITIONS)),),
        plan=(("B", UNKNOWN, None, ""),),
        decision=INCOMPLETE,
        offers=("close_all proven",),
        shut=BTC,
        after=(do.faults(), do.quiet(), do.trade("A", "close_long", 3)),
    ),
    Row(
        "positions cut short",
        "B",
        near=True,
        before=(*LONG_3, do.trade("B", "long", 4, inst=ETH)),
        away=(do.faults(always("truncate", POSITIONS, keep=0)),),
        plan=(("B", UNKNOWN, None, ""),) * 2,
        decision=INCOMPLETE,
        offers=("close_all proven", "close_all proven"),
        shut=f"{BTC} {ETH}",
        after=(do.faults(), do.quiet()),
    ),
    Row(
        "positions from before the last executions",
        "B",
        near=True,
        modes=(NET,),
        before=(*LONG_3,),
        away=(
            do.advance(60_000),
            do.faults({"action": "stale_positions", "times": 0}),
            do.hand("close_long", 1),
        ),
        decision=INCOMPLETE,
        plan=(("A", UNKNOWN, None, ""),),
        shut=BTC,
        after=(do.faults(), do.sync("go", CLOSED), do.trade("A", "close_long", 2)),
    ),
    Row(
        "positions cut in the middle of a byte",
        "B",
        near=True,
        before=LONG_3,
        away=(do.faults(always("cut_body", POSITIONS)),),
        decision=INCOMPLETE,
    ),
    Row(
        "executions that fail",
        "A",
        near=True,
        before=(do.sent("A", "long", 3),),
        away=(do.faults(always("error_before", FILLS)),),
        decision=INCOMPLETE,
    ),
    Row(
        "executions that come empty",
        "A",
        near=True,
        before=(do.sent("A", "long", 3),),
        away=(do.faults(always("empty", FILLS)),),
        plan=(("A", UNKNOWN, None, ""), ("F", UNKNOWN, "A", ""), ("K", UNKNOWN, "", "")),
        decision=INCOMPLETE,
        shut=BTC,
        offers=("nobody open",),
    ),
    Row(
        "an index that lags behind",
        "A",
        near=True,
        before=(do.sent("A", "long", 3),),
        away=(do.faults(always("late_index", FILLS, ms=600_000)),),
        plan=(("A", UNKNOWN, None, ""), ("F", UNKNOWN, "A", ""), ("K", UNKNOWN, "", "")),
        decision=INCOMPLETE,
        shut=BTC,
        offers=("nobody open",),
        after=(do.faults(), do.sync("go", BOOKED, SETTLED)),
    ),
    Row(
        "orders that fail",
        "A",
        near=True,
        before=(do.sent("A", "long", 3),),
        away=(do.faults(always("error_before", "trade/orders-history")),),
        decision=INCOMPLETE,
    ),
    Row(
        "open orders that fail",
        "G",
        near=True,
        before=(do.sent("A", "long", 3, px=40_000),),
        edits=(do.forget_intent("A"),),
        away=(do.faults(always("error_before", "trade/orders-pending")),),
        decision=INCOMPLETE,
    ),
    Row(
        "stops that fail",
        "G",
        near=True,
        before=(*LONG_3, do.stop("A", "close_long", 3, 40_000)),
        edits=(do.forget_intent("A"),),
        away=(do.faults(always("error_before", "trade/orders-algo-pending")),),
        decision=INCOMPLETE,
    ),
    Row(
        "a question about an order that fails",
        "F",
        near=True,
        before=(do.unsent("A", "long", 3),),
        away=(do.faults(always("error_before", "trade/order")),),
        plan=(("F", UNKNOWN, "A", ""),),
        decision=RESTRICTED,
        stays=True,
        after=(do.faults(), do.sync("go", SETTLED)),
    ),
    Row(
        "a mode that cannot be read",
        "L",
        near=True,
        before=LONG_3,
        away=(do.faults(always("error_before", "account/config")),),
        decision=INCOMPLETE,
    ),
    Row(
        "an exchange in maintenance",
        "B",
        near=True,
        before=LONG_3,
        away=(do.faults({"action": "maintenance"}),),
        decision=INCOMPLETE,
    ),
    Row(
        "an older ledger and positions that fail",
        "C",
        near=True,
        before=(do.keep("public_accounts", "A"), *LONG_3),
        edits=(do.restore("public_accounts", "A"),),
        away=(do.faults(always("error_before", POSITIONS)),),
        plan=(("C", UNKNOWN, "A", ""),),
        decision=INCOMPLETE,
    ),
)

HIDDEN = do.faults(
    *(
        always("empty", path)
        for path in (
            "trade/fills",
            "trade/fills-history",
            "account/bills",
            "account/positions-history",
        )
    )
)
A_HUMAN_KNOWS = (
    Row(
        "a position gone without a trace that a human knows of",
        "B",
        before=LONG_3,
        away=(do.hand("close_long", 3), HIDDEN),
        plan=(("B", UNKNOWN, None, ""),),
        decision=INCOMPLETE,
        shut=BTC,
        offers=("close_all proven",),
        ways=(Way({"B": "close_all"}, holds={}, then=ASK),),
        after=(
            do.faults(),
            do.sync("go", ("A", AUTO, None, "AdoptDifference"), CLOSED),
            do.holds(),
            do.quiet(),
        ),
    ),
    Row(
        "a shared position gone without a trace that a human knows of",
        "B",
        before=(*LONG_3, do.trade("B", "long", 2)),
        away=(do.hand("close_long", 5), HIDDEN),
        plan=(("B", UNKNOWN, None, ""),),
        decision=INCOMPLETE,
        shut=BTC,
        offers={
            "net": ("close_all proven, agent:A assumed, agent:B assumed",),
            "hedge": ("close_all proven",),
        },
        ways=(Way({"B": "close_all"}, holds={}, then=ASK),),
        after=(do.faults(), do.approve(), do.holds(), do.quiet()),
    ),
    Row(
        "a part of a position gone without a trace that a human knows of",
        "B",
        modes=(NET,),
        before=(*LONG_3, do.trade("B", "long", 2)),
        away=(do.hand("close_long", 1), HIDDEN),
        plan=(("B", UNKNOWN, None, ""),),
        decision=INCOMPLETE,
        shut=BTC,
        offers=("nobody open, pro_rata declared, agent:A assumed, agent:B assumed",),
        ways=(
            Way({"B": "agent:A"}, holds={"A": "long 2", "B": "long 2"}, then=ASK),
            Way({"B": "pro_rata"}, holds={"A": "long 2.4", "B": "long 1.6"}, then=ASK),
            Way({"B": "nobody"}, holds={"A": "long 3", "B": "long 2", "": "short 1"}, then=ASK),
        ),
    ),
    Row(
        "a booked position longer ago than the exchange keeps",
        "F",
        before=LONG_3,
        away=(do.advance(100 * DAY_MS),),
        plan=(("F", UNKNOWN, None, ""),),
        decision=INCOMPLETE,
        offers=("accept assumed",),
        ways=(Way({"F": "accept"}, holds=HELD_3, then=ASK),),
    ),
)

READ_OTHERWISE = (
    Row(
        "every row comes twice",
        "A",
        before=(do.sent("A", "long", 3), do.sent("B", "long", 1)),
        away=(do.faults({"action": "duplicate", "times": 0}),),
        plan=(BOOKED, ("A", AUTO, "B", FILL), SETTLED, ("F", AUTO, "B", SETTLE)),
        holds={"A": "long 3", "B": "long 1"},
    ),
    Row(
        "rows in another order",
        "A",
        before=(do.sent("A", "long", 3), do.sent("A", "close_long", 1), do.sent("B", "long", 1)),
        away=(do.faults({"action": "reorder", "times": 0, "seed": 7}),),
        plan=(BOOKED, CLOSED, ("A", AUTO, "B", FILL), SETTLED, SETTLED, ("F", AUTO, "B", SETTLE)),
        holds={"A": "long 2", "B": "long 1"},
    ),
    Row(
        "an answer now and then",
        "A",
        before=(do.sent("A", "long", 3),),
        away=(
            do.faults({"action": "error_before", "method": "GET", "probability": 0.05, "seed": 3}),
        ),
        plan=(BOOKED, SETTLED),
        holds=HELD_3,
    ),
)

OFFSETTING = (
    Row(
        "seven agents that offset each other and all is booked",
        "B",
        near=True,
        agents=SEVEN,
        before=(
            do.trade("A", "long", 4), do.trade("B", "short", 1), do.trade("C", "long", 2),
            do.trade("D", "short", 3), do.trade("E", "long", 1), do.trade("F", "short", 2),
            do.trade("G", "short", 1),
        ),
        holds={"A": "long 4", "B": "short 1", "C": "long 2", "D": "short 3", "E": "long 1",
               "F": "short 2", "G": "short 1"},
        after=(do.trade("D", "close_short", 3, reduce=False),),
    ),
    Row(
        "seven agents that offset each other and nothing is booked",
        "A",
        agents=SEVEN,
        before=(
            do.sent("A", "long", 4), do.sent("B", "short", 1), do.sent("C", "long", 2),
            do.sent("D", "short", 3), do.sent("E", "long", 1), do.sent("F", "short", 2),
            do.sent("G", "short", 1),
        ),
        plan=tuple(("A", AUTO, name, FILL) for name in "ABCDEFG")
        + tuple(("F", AUTO, name, SETTLE) for name in "ABCDEFG"),
        holds={"A": "long 4", "B": "short 1", "C": "long 2", "D": "short 3", "E": "long 1",
               "F": "short 2", "G": "short 1"},
    ),
)  # fmt: skip

LONG_AGO = (
    Row(
        "an execution four days ago",
        "A",
        before=(do.sent("A", "long", 3),),
        away=(do.advance(4 * DAY_MS),),
        plan=(BOOKED, SETTLED),
        holds=HELD_3,
    ),
    Row(
        "a close ten days ago",
        "B",
        before=(*LONG_3, do.sent("A", "close_long", 3)),
        away=(do.advance(10 * DAY_MS),),
        plan=(CLOSED, SETTLED),
    ),
    Row(
        "a hand ten days ago",
        "B",
        before=LONG_3,
        away=(do.hand("close_long", 2), do.advance(10 * DAY_MS)),
        plan=(CLOSED,),
        holds={"A": "long 1"},
    ),
    Row(
        "longer ago than the exchange keeps",
        "A",
        near=True,
        before=(do.sent("A", "long", 3),),
        away=(do.advance(100 * DAY_MS),),
        decision=INCOMPLETE,
        plan=(("F", UNKNOWN, None, ""),),
        offers=("accept assumed",),
    ),
)

ROWS = (*UNREAD, *A_HUMAN_KNOWS, *OFFSETTING, *READ_OTHERWISE, *LONG_AGO)
