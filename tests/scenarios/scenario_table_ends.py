"""Rows about contracts that end, are settled, or change their size."""

from __future__ import annotations

from scenario_rows import (
    ASK,
    AUTO,
    DAY_MS,
    ETH,
    FILL,
    FUT,
    HUMAN,
    INCOMPLETE,
    NET,
    NOBODYS,
    RESTRICTED,
    SETTLE,
    SOL,
    UNKNOWN,
    Row,
    Way,
    do,
)

CLOSED, B_CLOSED = ("B", AUTO, "A", FILL), ("B", AUTO, "B", FILL)
SETTLED = ("F", AUTO, "A", SETTLE)
LONG_3 = (do.trade("A", "long", 3),)
SHARED = (*LONG_3, do.trade("B", "long", 2))
OPPOSED = (*LONG_3, do.trade("B", "short", 2))
FUT_3 = (do.trade("A", "long", 3, inst=FUT),)
FUT_SHARED = (*FUT_3, do.trade("B", "long", 2, inst=FUT))
FUT_OPPOSED = (*FUT_3, do.trade("B", "short", 2, inst=FUT))
FUT_STOP = do.stop("A", "close_long", 3, 40_000, inst=FUT)
GONE = do.deliver(px=51_000)
LATER = do.advance(10 * DAY_MS)
TRADE = (do.trade("A", "long", 1),)

DELIVERED = (
    Row(
        "a delivery of a sole holder",
        "B",
        whole=True,
        before=(*FUT_3, do.trade("B", "long", 1)),
        away=(GONE,),
        plan=(CLOSED,),
        holds={"B": "long 1"},
        after=(do.trade("B", "close_long", 1), *TRADE),
    ),
    Row(
        "a delivery of a shared position",
        "B",
        before=FUT_SHARED,
        away=(GONE,),
        plan=(CLOSED, B_CLOSED),
        holds={},
        after=TRADE,
    ),
    Row(
        "a delivery of holders against each other",
        "B",
        before=FUT_OPPOSED,
        away=(GONE,),
        plan=(CLOSED, B_CLOSED),
        holds={},
        after=TRADE,
    ),
    Row(
        "a delivery ten days ago",
        "B",
        before=FUT_SHARED,
        away=(GONE, LATER),
        plan=(CLOSED, B_CLOSED),
        holds={},
        after=TRADE,
    ),
    Row(
        "a delivery beside a stop",
        "B",
        before=(*FUT_3, FUT_STOP),
        away=(GONE,),
        plan=(CLOSED, SETTLED),
        holds={},
        after=TRADE,
    ),
    Row(
        "a delivery beside a stop ten days ago",
        "B",
        before=(*FUT_SHARED, FUT_STOP),
        away=(GONE, LATER),
        plan=(CLOSED, B_CLOSED, SETTLED),
        holds={},
    ),
    Row(
        "a delivery of what nobody and somebody hold",
        "B",
        before=(*FUT_3, do.hand("long", 2, inst=FUT), do.sync(RESTRICTED)),
        away=(GONE,),
        plan=(CLOSED, ("B", AUTO, None, "BookOrphan")),
        decision=RESTRICTED,
        holds={},
    ),
    Row(
        "a hand before a delivery",
        "B",
        before=FUT_3,
        away=(do.hand("close_long", 1, inst=FUT), GONE),
        plan=(CLOSED, CLOSED),
        holds={},
    ),
    Row(
        "an addition before a delivery that was not booked",
        "B",
        before=(*FUT_3, do.sent("A", "long", 1, inst=FUT)),
        away=(GONE,),
        plan=(CLOSED, ("A", AUTO, "A", FILL), SETTLED),
        holds={},
    ),
    Row(
        "a delivery while a human is asked about another contract",
        "B",
        before=(*FUT_3, *SHARED),
        away=(GONE, do.hand("close_long", 5)),
        plan=(CLOSED, ("B", HUMAN, None, FILL)),
        decision=ASK,
        offers={
            "net": ("close_all proven, agent:A assumed, agent:B assumed",),
            "hedge": ("close_all proven",),
        },
        meanwhile=(do.trade("A", "long", 2, inst=ETH),),
        ways=(Way(holds={"A": "long 2 ETH"}),),
    ),
    Row(
        "an order on a contract that was delivered",
        "F",
        before=(do.sent("A", "long", 3, px=40_000, inst=FUT),),
        away=(GONE,),
        plan=(SETTLED,),
        after=TRADE,
    ),
    Row(
        "an order on a contract that was delivered ten days ago",
        "F",
        before=(do.sent("A", "long", 3, px=40_000, inst=FUT),),
        away=(GONE, LATER),
        plan=(SETTLED,),
        after=TRADE,
    ),
    Row(
        "an intent on a contract that was delivered",
        "F",
        before=(do.unsent("A", "long", 3, inst=FUT),),
        away=(GONE,),
        plan=(SETTLED,),
        after=(do.misnamed("A", FUT, "lists no"), *TRADE),
    ),
)

SOL_3 = do.trade("A", "long", 3, inst=SOL)
DELISTED = (
    Row(
        "a swap that was delisted",
        "B",
        before=(SOL_3, do.trade("B", "long", 2, inst=SOL)),
        away=(do.deliver(SOL),),
        plan=(CLOSED, B_CLOSED),
        holds={},
        after=(do.misnamed("A", SOL, "lists no"), *TRADE),
    ),
    Row(
        "a swap of holders against each other that was delisted ten days ago",
        "B",
        before=(SOL_3, do.trade("B", "short", 2, inst=SOL)),
        away=(do.deliver(SOL), LATER),
        plan=(CLOSED, B_CLOSED),
        holds={},
    ),
    Row(
        "a swap that was delisted beside a stop and an order",
        "B",
        before=(
            SOL_3,
            do.stop("A", "close_long", 3, 1, inst=SOL),
            do.sent("B", "long", 1, inst=SOL, px=2),
        ),
        away=(do.deliver(SOL),),
        plan=(CLOSED, SETTLED, ("F", AUTO, "B", SETTLE)),
        holds={},
        after=(do.open(),),
    ),
    Row(
        "a delivered contract of which nothing was ever booked",
        "B",
        before=(do.sent("A", "long", 3, inst=FUT),),
        away=(GONE,),
        plan=(("A", UNKNOWN, None, ""), ("F", UNKNOWN, "A", "")),
        decision=INCOMPLETE,
        shut=FUT,
        offers=("as_shown assumed",),
        meanwhile=TRADE,
        after=(do.approve(A="as_shown"), do.quiet(), do.holds(A="long 1"), do.open()),
    ),
)

DAILY = (
    Row(
        "a daily settlement",
        "K",
        near=True,
        whole=True,
        before=FUT_3,
        away=(do.price(51_000, FUT), do.settle_day(51_000)),
        holds={"A": "long 3 FUT"},
        after=(do.trade("A", "close_long", 3, inst=FUT),),
    ),
    Row(
        "a daily settlement of a shared position",
        "K",
        near=True,
        before=FUT_SHARED,
        away=(do.settle_day(51_000),),
        holds={"A": "long 3 FUT", "B": "long 2 FUT"},
        after=(do.trade("B", "close_long", 2, inst=FUT),),
    ),
    Row(
        "a daily settlement of holders against each other",
        "K",
        near=True,
        before=FUT_OPPOSED,
        away=(do.settle_day(49_000),),
        holds={"A": "long 3 FUT", "B": "short 2 FUT"},
    ),
    Row(
        "three days of settlement, and a close that was not booked",
        "B",
        before=(
            *FUT_3,
            do.settle_day(51_000),
            do.quiet(),
            do.settle_day(50_500),
            do.quiet(),
            do.sent("A", "close_long", 1, inst=FUT),
        ),
        away=(do.settle_day(49_900),),
        plan=(CLOSED, SETTLED),
        holds={"A": "long 2 FUT"},
    ),
    Row(
        "a settlement, and then a delivery",
        "B",
        before=(*FUT_SHARED, do.settle_day(51_000), do.quiet()),
        away=(GONE,),
        plan=(CLOSED, B_CLOSED),
        holds={},
    ),
)


def rescaled(
    name: str,
    before: tuple[object, ...],
    holds: dict[str, str],
    *,
    factor: object = 10,
    history: bool = True,
    close: tuple[object, ...] = (),
    **more: object,
) -> Row:
    """One contract becomes ``factor`` of them: everything is counted in the new ones."""
    return Row(
        name,
        "E",
        before=before,
        away=(do.rescale(factor, history=history),),
        plan=(("E", HUMAN, None, "Rescale"),),
        decision=ASK,
        offers=("rescale proven",),
        meanwhile=(do.trade("B", "long", 1, inst=ETH), do.trade("B", "close_long", 1, inst=ETH)),
        ways=(Way(holds=holds, after=close, **more),),
    )


SIZES = (
    rescaled(
        "a contract that became ten",
        LONG_3,
        {"A": "long 30"},
        close=(do.trade("A", "close_long", 30),),
    ),
    rescaled(
        "a contract that became ten and a past that did not",
        LONG_3,
        {"A": "long 30"},
        history=False,
        close=(do.trade("A", "close_long", 10),),
    ),
    rescaled("a shared contract that became ten", SHARED, {"A": "long 30", "B": "long 20"}),
    rescaled(
        "a contract that became ten, and holders against each other",
        OPPOSED,
        {"A": "long 30", "B": "short 20"},
        history=False,
    ),
    rescaled(
        "a hundred contracts that became one",
        (do.trade("A", "long", 300), do.trade("B", "long", 200)),
        {"A": "long 3", "B": "long 2"},
        factor="0.01",
    ),
    rescaled(
        "a contract that became ten beside a stop",
        (*LONG_3, do.stop("A", "close_long", 3, 40_000)),
        {"A": "long 30"},
        close=(do.open("A"), do.price(39_900), do.sync("go", CLOSED, SETTLED)),
    ),
    rescaled(
        "a contract that became ten beside an order that rests",
        (*LONG_3, do.sent("A", "long", 2, px=40_000)),
        {"A": "long 30"},
        close=(do.price(39_900), do.sync("go", ("A", AUTO, "A", FILL), SETTLED)),
    ),
    rescaled(
        "a contract that became ten, and a part that is nobody's",
        (*LONG_3, do.hand("long", 2), do.sync(RESTRICTED)),
        {"A": "long 30", "": "long 20"},
        then=RESTRICTED,
    ),
    Row(
        "a contract that became ten and an entry that was not booked",
        "E",
        before=(*LONG_3, do.sent("A", "long", 2)),
        away=(do.rescale(10),),
        plan=(("A", AUTO, "A", FILL), ("E", HUMAN, None, "Rescale"), SETTLED),
        decision=ASK,
        offers=("rescale proven",),
        ways=(Way(holds={"A": "long 50"}),),
    ),
    Row(
        "a contract that became ten after a hand closed all of it",
        "E",
        before=SHARED,
        away=(do.hand("close_long", 5), do.rescale(10)),
        plan=(("B", HUMAN, None, FILL), ("E", HUMAN, None, "Rescale")),
        decision=ASK,
        offers={
            "net": ("close_all proven, agent:A assumed, agent:B assumed", "rescale proven"),
            "hedge": ("close_all proven", "rescale proven"),
        },
        ways=(
            Way(holds={}),
            Way({"B": "agent:A"}, holds={"A": "short 20", "B": "long 20"}, modes=(NET,)),
        ),
    ),
    Row(
        "a contract that became ten before a hand closed a part of it",
        "E",
        modes=(NET,),
        before=SHARED,
        away=(do.rescale(10), do.hand("close_long", 20)),
        plan=(("B", HUMAN, None, NOBODYS), ("E", HUMAN, None, "Rescale")),
        decision=ASK,
        offers=(
            "nobody open, pro_rata declared, agent:A assumed, agent:B assumed",
            "rescale proven",
        ),
        ways=(
            Way(holds={"A": "long 30", "B": "long 20", "": "short 20"}, then=RESTRICTED),
            Way({"B": "pro_rata"}, holds={"A": "long 18", "B": "long 12"}),
            Way({"B": "agent:B"}, holds={"A": "long 30"}),
        ),
    ),
    Row(
        "another contract that became ten",
        "E",
        near=True,
        before=LONG_3,
        away=(do.rescale(10, ETH),),
        holds={"A": "long 3"},
        after=(do.trade("B", "long", 5, inst=ETH),),
    ),
    Row(
        "a contract that became ten when all was flat",
        "E",
        near=True,
        before=(*LONG_3, do.trade("A", "close_long", 3)),
        away=(do.rescale(10),),
        holds={},
        after=(do.trade("A", "long", 30),),
    ),
    Row(
        "offsetting holders of a delivered contract",
        "B",
        modes=(NET,),
        before=(*FUT_3, do.trade("B", "short", 3, inst=FUT)),
        away=(GONE,),
        plan=(("B", HUMAN, None, "SetQuantity"),),
        decision=ASK,
        shut=FUT,
        offers=("expired declared",),
        meanwhile=TRADE,
        ways=(Way(holds={"A": "long 1"}),),
    ),
)

ROWS = (*DELIVERED, *DELISTED, *DAILY, *SIZES)
