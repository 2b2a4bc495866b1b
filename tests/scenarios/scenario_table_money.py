"""Rows about money: K. ``cash`` says what is booked to whom beside the executions."""

from __future__ import annotations

from scenario_rows import (
    ALL,
    ASK,
    AUTO,
    FILL,
    HEDGE,
    HUMAN,
    INCOMPLETE,
    NET,
    NOBODYS,
    RESTRICTED,
    SETTLE,
    Row,
    Way,
    do,
)

RATE = "0.0001"
LONG_3 = (do.trade("A", "long", 3),)
HELD_3 = {"A": "long 3"}
AGAINST = (*LONG_3, do.trade("B", "short", 2))
EVEN = (*LONG_3, do.trade("B", "short", 3))
CASH = ("K", AUTO, None, "BookCash")
OWN = ("K", AUTO, "", "BookCash")
PENALTY = ("K", AUTO, None, "BookCash")  # what the margin had left: 150 - 147 - the fee
BOOKED = (("A", AUTO, "A", FILL), ("F", AUTO, "A", SETTLE))

FOUND = (
    Row(
        "a funding that an owner paid",
        "K",
        before=LONG_3,
        away=(do.fund(RATE),),
        plan=(CASH,),
        holds=HELD_3,
        cash={"A": "funding -0.15"},
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "a funding that an owner received",
        "K",
        before=(do.trade("A", "short", 3),),
        away=(do.fund(RATE),),
        plan=(CASH,),
        holds={"A": "short 3"},
        cash={"A": "funding 0.15"},
    ),
    Row(
        "three fundings",
        "K",
        before=LONG_3,
        away=(do.fund(RATE), do.fund(RATE), do.fund("-0.0002")),
        plan=(CASH,),
        holds=HELD_3,
        cash={"A": "funding 0"},
    ),
    Row(
        "a funding of owners against each other",
        "K",
        modes=(NET,),
        before=AGAINST,
        away=(do.fund(RATE),),
        plan=(CASH,),
        holds={"A": "long 3", "B": "short 2"},
        cash={"A": "funding -0.15", "B": "funding 0.1"},
    ),
    Row(
        "a funding of owners against each other",
        "K",
        modes=(HEDGE,),
        before=AGAINST,
        away=(do.fund(RATE),),
        plan=(CASH, CASH),
        holds={"A": "long 3", "B": "short 2"},
        cash={"A": "funding -0.15", "B": "funding 0.1"},
    ),
    Row(
        "a funding of what was not booked yet",
        "K",
        before=(do.sent("A", "long", 3),),
        away=(do.fund(RATE),),
        plan=(*BOOKED, CASH),
        holds=HELD_3,
        cash={"A": "funding -0.15"},
    ),
    Row(
        "a funding before an addition",
        "K",
        before=LONG_3,
        away=(do.fund(RATE), do.foreign("long", 1, tag_of="A")),
        plan=(("A", AUTO, "A", FILL), CASH),
        holds={"A": "long 4"},
        cash={"A": "funding -0.15"},
    ),
    Row(
        "a funding of nobody's position",
        "K",
        before=(do.hand("long", 2), do.sync(RESTRICTED)),
        away=(do.fund(RATE),),
        plan=(CASH,),
        decision=RESTRICTED,
        holds={"": "long 2"},
        cash={"": "funding -0.1"},
    ),
    Row(
        "a liquidation and its penalty",
        "K",
        before=(do.trade("A", "long", 3, mgn="isolated"),),
        away=(do.price(45_100),),
        plan=(("B", AUTO, "A", FILL), PENALTY),
        cash={"A": "liquidation_penalty -2.3235"},
    ),
    Row(
        "a penalty that two owners share",
        "K",
        before=(
            do.trade("A", "long", 3, mgn="isolated"),
            do.trade("B", "long", 1, mgn="isolated"),
        ),
        away=(do.price(45_100),),
        plan=(("B", AUTO, "A", FILL), ("B", AUTO, "B", FILL), PENALTY),
        cash={"A": "liquidation_penalty -2.3235", "B": "liquidation_penalty -0.7745"},
    ),
    Row(
        "a deposit",
        "K",
        before=LONG_3,
        away=(do.deposit(500),),
        plan=(OWN,),
        holds=HELD_3,
        cash={"": "transfer 500"},
    ),
    Row(
        "a withdrawal",
        "K",
        before=LONG_3,
        away=(do.deposit("12.34", out=True),),
        plan=(OWN,),
        holds=HELD_3,
        cash={"": "transfer -12.34"},
    ),
    Row(
        "a deposit and a funding",
        "K",
        before=LONG_3,
        away=(do.deposit(500), do.fund(RATE)),
        plan=(OWN, CASH),
        holds=HELD_3,
        cash={"A": "funding -0.15", "": "transfer 500"},
    ),
)

MISSES = (
    Row(
        "a funding that is booked",
        "K",
        near=True,
        before=(*LONG_3, do.fund(RATE), do.sync()),
        holds=HELD_3,
        cash={"A": "funding -0.15"},
    ),
    Row("a funding of nothing", "K", near=True, away=(do.fund(RATE),)),
    Row(
        "money that only prices moved",
        "K",
        near=True,
        before=LONG_3,
        away=(do.price(51_000),),
        holds=HELD_3,
    ),
    Row(
        "a funding of owners who offset each other",
        "K",
        near=True,
        modes=(NET,),
        before=EVEN,
        away=(do.fund(RATE),),
        holds={"A": "long 3", "B": "short 3"},
    ),
    Row(
        "a funding whose sides cannot be told apart",
        "K",
        near=True,
        modes=(HEDGE,),
        before=EVEN,
        away=(do.fund(RATE),),
        plan=(OWN,),
        holds={"A": "long 3", "B": "short 3"},
        cash={"": "funding 0"},
    ),
    Row(
        "a funding of a disputed position",
        "K",
        near=True,
        modes=(NET,),
        before=(*LONG_3, do.trade("B", "long", 2)),
        away=(do.hand("close_long", 2), do.fund(RATE)),
        plan=(("B", HUMAN, None, NOBODYS), OWN),
        decision=ASK,
        ways=(
            Way(
                holds={"A": "long 3", "B": "long 2", "": "short 2"},
                then=RESTRICTED,
                cash={"": "funding -0.15"},
            ),
            Way({"B": "pro_rata"}, holds={"A": "long 1.8", "B": "long 1.2"}),
        ),
        offers=("nobody open, pro_rata declared, agent:A assumed, agent:B assumed",),
    ),
    Row(
        "bills that fail",
        "K",
        near=True,
        before=LONG_3,
        away=(
            do.fund(RATE),
            do.faults({"action": "error_before", "path": "account/bills", "times": 0}),
        ),
        decision=INCOMPLETE,
    ),
    Row(
        "bills that come empty",
        "K",
        near=True,
        before=LONG_3,
        away=(do.fund(RATE), do.faults({"action": "empty", "path": "account/bills", "times": 0})),
        plan=(("K", HUMAN, "", "BookCash"),),
        decision=ASK,
        offers=("account open",),
        shut=ALL,
        ways=(Way(holds=HELD_3, after=(do.faults(), do.sync("go", CASH, OWN))),),
    ),
    Row(
        "a balance that fails",
        "K",
        near=True,
        before=LONG_3,
        away=(do.faults({"action": "error_before", "path": "account/balance", "times": 0}),),
        decision=INCOMPLETE,
    ),
)

ROWS = (*FOUND[:1], *FOUND[1:], *MISSES)
