"""Rows about what a question to a human keeps shut, and what goes on beside it."""

from __future__ import annotations

from scenario_rows import (
    ALL,
    ASK,
    AUTO,
    BTC,
    ETH,
    FILL,
    HEDGE,
    HUMAN,
    NET,
    NOBODYS,
    ORPHAN,
    RESTRICTED,
    SETTLE,
    WRITE,
    Row,
    Way,
    do,
)

BOOKED, SETTLED = ("A", AUTO, "A", FILL), ("F", AUTO, "A", SETTLE)
SHARED = (do.trade("A", "long", 3), do.trade("B", "long", 2))
BOTH_HELD = {"A": "long 3", "B": "long 2"}
CLOSED_BY_HAND = (do.hand("close_long", 5),)
TURNED = (do.hand("short", 8),)
BY_HAND, FLIP = ("B", HUMAN, None, FILL), ("D", HUMAN, None, f"{FILL}+{NOBODYS}")
SHARES = {
    NET: ("close_all proven, agent:A assumed, agent:B assumed",),
    HEDGE: ("close_all proven",),
}
FLIPS = ("close_all proven, nobody open, agent:A assumed, agent:B assumed",)
ELSEWHERE = (do.trade("A", "long", 1, inst=ETH), do.trade("B", "short", 2, inst=ETH))
THERE = {"A": "long 1 ETH", "B": "short 2 ETH"}
BOOKS = ("private", "public")


def instrument(stops: str) -> dict[str, str]:
    """What waits while a human is asked, as the host has chosen."""
    return {"human_stops": stops}


STOPS = (
    Row(
        "a question that stops its instrument",
        "B",
        settings=instrument("instrument"),
        before=SHARED,
        away=CLOSED_BY_HAND,
        plan=(BY_HAND,),
        decision=ASK,
        offers=SHARES,
        meanwhile=(do.barred("A", "long", 1, reduce=False), *ELSEWHERE),
        ways=(Way(holds=THERE),),
    ),
    Row(
        "a question that stops everything because the host says so",
        "B",
        settings=instrument("everything"),
        before=SHARED,
        away=CLOSED_BY_HAND,
        plan=(BY_HAND,),
        decision=ASK,
        offers=SHARES,
        shut=ALL,
        meanwhile=(do.barred("A", "long", 1, inst=ETH),),
        ways=(Way(holds={}),),
    ),
    Row(
        "a flip that stops everything",
        "D",
        modes=(NET,),
        before=SHARED,
        away=TURNED,
        plan=(FLIP,),
        decision=ASK,
        offers=FLIPS,
        shut=ALL,
        meanwhile=(do.barred("A", "long", 1, inst=ETH),),
        ways=(Way(holds={"": "short 3"}, then=RESTRICTED),),
    ),
    Row(
        "a flip that stops its instrument because the host says so",
        "D",
        modes=(NET,),
        settings=instrument("instrument"),
        before=SHARED,
        away=TURNED,
        plan=(FLIP,),
        decision=ASK,
        offers=FLIPS,
        meanwhile=ELSEWHERE,
        ways=(Way(holds={**THERE, "": "short 3"}, then=RESTRICTED),),
    ),
    Row(
        "a question on one contract and an entry on another that was not booked",
        "B",
        before=(*SHARED, do.sent("A", "long", 4, inst=ETH)),
        away=CLOSED_BY_HAND,
        plan=(BY_HAND, BOOKED, SETTLED),
        decision=ASK,
        offers=SHARES,
        holds={"A": "long 3, long 4 ETH", "B": "long 2"},
        meanwhile=(do.trade("A", "close_long", 4, inst=ETH),),
        ways=(Way(holds={}),),
    ),
    Row(
        "a question on one contract and somebody's trade on another",
        "B",
        before=SHARED,
        away=(*CLOSED_BY_HAND, do.hand("short", 2, inst=ETH)),
        plan=(BY_HAND, ("J", ORPHAN, None, NOBODYS)),
        decision=ASK,
        offers=SHARES,
        holds={**BOTH_HELD, "": "short 2 ETH"},
        ways=(Way(holds={"": "short 2 ETH"}, then=RESTRICTED),),
    ),
    Row(
        "two questions on two contracts",
        "B",
        before=(*SHARED, *ELSEWHERE[:1], do.trade("B", "long", 2, inst=ETH)),
        away=(*CLOSED_BY_HAND, do.hand("close_long", 3, inst=ETH)),
        plan=(BY_HAND, BY_HAND),
        decision=ASK,
        offers={mode: each * 2 for mode, each in SHARES.items()},
        shut=f"{BTC} {ETH}",
        ways=(Way(holds={}),),
    ),
    Row(
        "orders that reduce while a human is asked",
        "A",
        before=SHARED,
        edits=tuple(do.edit("A", book, newer=1, scale="0.5") for book in BOOKS),
        plan=(("A", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("as_booked proven, nobody open, agent:B assumed",),
        meanwhile=(
            do.barred("B", "long", 1),
            do.trade("B", "close_long", 2),
            do.trade("A", "close_long", 1),
            *ELSEWHERE,
        ),
        ways=(Way(holds={"A": "long 2, long 1 ETH", "B": "short 2 ETH"}),),
    ),
)

WRITTEN = (
    Row(
        "ledgers written in both books",
        "B",
        modes=(NET,),
        before=SHARED,
        edits=tuple(do.edit("A", book, newer=1, scale="2") for book in BOOKS),
        plan=(("B", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("as_booked proven, nobody open, pro_rata declared, agent:B assumed",),
        ways=(
            Way(holds=BOTH_HELD, after=(do.trade("A", "close_long", 3),)),
            Way(
                {"B": "nobody"},
                holds={"A": "long 6", "B": "long 2", "": "short 3"},
                then=RESTRICTED,
            ),
            Way({"B": "pro_rata"}, holds={"A": "long 3.75", "B": "long 1.25"}),
            Way({"B": "agent:B"}, holds={"A": "long 6", "B": "short 1"}),
        ),
    ),
    Row(
        "ledgers written in both books under one side",
        "B",
        modes=(HEDGE,),
        before=SHARED,
        edits=tuple(do.edit("A", book, newer=1, scale="2") for book in BOOKS),
        plan=(("B", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("as_booked proven, pro_rata declared",),
        ways=(
            Way(holds=BOTH_HELD),
            Way({"B": "pro_rata"}, holds={"A": "long 3.75", "B": "long 1.25"}),
        ),
    ),
    Row(
        "positions of two agents exchanged in both books",
        "C",
        before=SHARED,
        edits=(do.swap("A", "B"),),
        plan=(("C", HUMAN, "A", WRITE), ("C", HUMAN, "B", WRITE)),
        decision=ASK,
        offers=("as_booked proven, as_written assumed",) * 2,
        meanwhile=(
            *ELSEWHERE,
            do.trade("A", "close_long", 1, inst=ETH, reduce=False),
            do.trade("B", "close_short", 2, inst=ETH, reduce=False),
        ),
        ways=(
            Way(holds=BOTH_HELD, after=(do.trade("A", "close_long", 3),)),
            Way({"C": "as_written"}, holds={"A": "long 2", "B": "long 3"}),
        ),
    ),
    Row(
        "all positions kept as isolated that are cross",
        "L",
        before=SHARED,
        edits=tuple(do.move(name, *BOOKS, mgn_mode="isolated") for name in "AB"),
        plan=(("L", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("moved proven",),
        ways=(Way(holds=BOTH_HELD, after=(do.trade("B", "close_long", 2),)),),
    ),
    Row(
        "positions lost beside an exchange that shows a part of them",
        "A",
        before=SHARED,
        edits=tuple(do.edit("A", book, newer=1, positions=[]) for book in BOOKS),
        plan=(("A", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("as_booked proven, nobody open, agent:B assumed",),
        ways=(
            Way(holds=BOTH_HELD),
            Way({"A": "agent:B"}, holds={"B": "long 5"}),
            Way({"A": "nobody"}, holds={"B": "long 2", "": "long 3"}, then=RESTRICTED),
        ),
    ),
)

ROWS = (*STOPS, *WRITTEN)
