"""Rows about orders nobody knows, ids, foreign writers and the account's modes: G, I, J, L."""

from __future__ import annotations

from scenario_rows import (
    ADOPT,
    ALL,
    ASK,
    AUTO,
    ETH,
    FILL,
    FREEZE,
    FRESH,
    HEDGE,
    HUMAN,
    NET,
    NOBODYS,
    NOTE,
    ORPHAN,
    RESTRICTED,
    SETTLE,
    WRITE,
    Row,
    Way,
    do,
)

LOST = "RaiseEpoch+TakeBack"
ALONE = ("G", AUTO, "A", NOTE)
CHANGED = ("L", AUTO, None, "NoteFinding")
BOTH = ("private", "public")
SETTLED = ("F", AUTO, "A", SETTLE)
CLOSED = ("B", AUTO, "A", FILL)
LONG_3 = (do.trade("A", "long", 3),)
HELD_3 = {"A": "long 3"}
REBUILT = ("C", AUTO, "A", "RebuildLedger")
OFFERED = ("C", HUMAN, "A", "RebuildLedger")
NOBODYS_ROW = ("J", ORPHAN, None, NOBODYS)


RESTING = (
    Row(
        "an order whose intent is gone",
        "I",
        before=(do.sent("A", "long", 3, px=40_000),),
        edits=(do.forget_intent("A"),),
        plan=(("I", AUTO, None, LOST),),
        after=(do.open("A"), do.cancel("A"), do.settle("A")),
    ),
    Row(
        "a stop whose intent is gone",
        "I",
        before=(*LONG_3, do.stop("A", "close_long", 3, 40_000)),
        edits=(do.forget_intent("A"),),
        plan=(("I", AUTO, None, LOST),),
        holds=HELD_3,
        after=(do.open("A"), do.trade("A", "close_long", 3), do.sync("go", ALONE)),
    ),
    Row(
        "a foreign order under an agent's tag",
        "G",
        away=(do.foreign("long", 1, px=40_000, tag_of="A"),),
        plan=(("G", ORPHAN, None, FREEZE),),
        decision=RESTRICTED,
    ),
    Row(
        "a foreign stop under an agent's tag",
        "G",
        before=LONG_3,
        away=(do.foreign_stop("close_long", 3, 40_000, tag_of="A"),),
        plan=(("G", ORPHAN, None, FREEZE),),
        decision=RESTRICTED,
        holds=HELD_3,
    ),
    Row(
        "a clOrdId as this store makes them",
        "I",
        away=(do.foreign("long", 1, px=40_000, tag_of="A", number=77),),
        plan=(("I", AUTO, None, LOST),),
    ),
    Row(
        "a foreign order that rests",
        "G",
        near=True,
        away=(do.foreign("long", 1, px=40_000, cl="somebody1", tag="other"),),
    ),
    Row(
        "an agent's own order that rests",
        "G",
        near=True,
        before=(do.sent("A", "long", 3, px=40_000),),
    ),
    Row(
        "an order canceled whose intent is gone",
        "I",
        before=(do.sent("A", "long", 3, px=40_000), do.cancel("A")),
        edits=(do.forget_intent("A"),),
        plan=(("I", AUTO, None, LOST),),
    ),
    Row(
        "an order a human has seen",
        "G",
        near=True,
        before=(do.sync(),),
        edits=(do.foreign("long", 1, px=40_000, tag_of="A"), do.sync(RESTRICTED), do.unfreeze()),
    ),
)

IDS = (
    Row(
        "a clOrdId used again and executed",
        "I",
        before=LONG_3,
        away=(do.foreign("long", 1, like="A"),),
        plan=(("I", ORPHAN, "A", FREEZE), ("I", HUMAN, None, NOBODYS)),
        decision=ASK,
        ways=(
            Way(holds={"A": "long 3", "": "long 1"}, then=RESTRICTED),
            Way({"I": "agent:A"}, holds={"A": "long 4"}, then=RESTRICTED),
        ),
        offers=("nobody open, agent:A assumed",),
    ),
    Row(
        "a clOrdId used again by an order that rests",
        "I",
        before=LONG_3,
        away=(do.foreign("long", 1, like="A", px=40_000),),
        plan=(("I", ORPHAN, "A", FREEZE), ("G", ORPHAN, None, FREEZE)),
        decision=RESTRICTED,
        holds=HELD_3,
    ),
    Row(
        "two orders and two ids",
        "I",
        near=True,
        before=(do.unread("A", "long", 1), do.unread("A", "long", 2)),
        plan=(("A", AUTO, "A", FILL), ("A", AUTO, "A", FILL), SETTLED, SETTLED),
        holds=HELD_3,
    ),
    Row(
        "somebody else's id used twice",
        "I",
        near=True,
        away=(do.foreign("long", 1, cl="twice"), do.foreign("long", 1, cl="twice")),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
        holds={"": "long 2"},
    ),
    Row(
        "one order executed in parts",
        "I",
        near=True,
        before=(do.partial(1), do.sent("A", "long", 3)),
        away=(do.price(50_001),),
        plan=(("A", AUTO, "A", FILL), SETTLED),
        holds=HELD_3,
    ),
)

FOREIGN = (
    Row(
        "a hand that opens",
        "J",
        away=(do.hand("long", 2),),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
        holds={"": "long 2"},
    ),
    Row(
        "another program's order",
        "J",
        before=LONG_3,
        away=(do.foreign("long", 1, cl="somebody1", tag="other"),),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
        holds={"A": "long 3", "": "long 1"},
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "a hand in and out",
        "J",
        away=(do.hand("short", 2), do.hand("close_short", 2)),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
    ),
    Row(
        "a hand elsewhere",
        "J",
        before=LONG_3,
        away=(do.hand("short", 2, inst=ETH),),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
        holds={"A": "long 3", "": "short 2 ETH"},
        after=(do.trade("B", "long", 1),),
    ),
    Row(
        "a hand that closes what was nobody's",
        "J",
        before=(do.hand("long", 2), do.sync(RESTRICTED)),
        away=(do.hand("close_long", 2),),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
    ),
    Row(
        "a position from before there was a store",
        "J",
        starts=(FRESH,),
        earlier=(do.hand("long", 2), do.advance(120_000)),
        plan=(("A", HUMAN, None, ADOPT),),
        decision=ASK,
        ways=(Way(holds={"": "long 2"}, then=RESTRICTED),),
        offers=("nobody open",),
    ),
    Row(
        "in and out before there was a store",
        "J",
        near=True,
        starts=(FRESH,),
        earlier=(do.hand("long", 2), do.hand("close_long", 2)),
        after=(do.trade("A", "long", 1),),
    ),
    Row(
        "an order of nobody that carries an agent's tag",
        "J",
        away=(do.foreign("short", 2, cl="somebody1", tag_of="A"),),
        plan=(NOBODYS_ROW,),
        holds={"": "short 2"},
        decision=RESTRICTED,
    ),
    Row(
        "what was nobody's and stays",
        "J",
        near=True,
        before=(do.hand("long", 2), do.sync(RESTRICTED)),
        decision=RESTRICTED,
        holds={"": "long 2"},
    ),
)

FLAT_BUT_BOOKED = {
    "before": (
        *LONG_3,
        do.keep("private_ledgers", "A"),
        do.keep("public_accounts", "A"),
        do.keep("agents", "A"),
        do.trade("A", "close_long", 3),
    ),
    "edits": (
        do.restore("private_ledgers", "A"),
        do.restore("public_accounts", "A"),
        do.restore("agents", "A"),
    ),
}

ACCOUNT_MODES = (
    Row(
        "positions kept in net mode and an account that hedges",
        "L",
        modes=(NET,),
        **FLAT_BUT_BOOKED,
        away=(do.position_mode(HEDGE),),
        plan=(("L", HUMAN, None, WRITE), CHANGED),
        decision=ASK,
        offers=("mode_closed proven",),
        shut=ALL,
        ways=(Way(holds={}, after=(do.trade("A", "long", 1),)),),
    ),
    Row(
        "positions kept by side and an account in net mode",
        "L",
        modes=(HEDGE,),
        **FLAT_BUT_BOOKED,
        away=(do.position_mode(NET),),
        plan=(("L", HUMAN, None, WRITE), CHANGED),
        decision=ASK,
        offers=("mode_closed proven",),
        shut=ALL,
        ways=(Way(holds={}, after=(do.trade("A", "long", 1),)),),
    ),
    Row(
        "positions kept as isolated that are cross",
        "L",
        before=LONG_3,
        edits=(do.move("A", *BOTH, mgn_mode="isolated"),),
        plan=(("L", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("moved proven",),
        ways=(Way(holds=HELD_3, after=(do.trade("A", "close_long", 3),)),),
    ),
    Row(
        "positions kept as cross that are isolated",
        "L",
        before=(do.trade("A", "short", 2, mgn="isolated"),),
        edits=(do.move("A", *BOTH, mgn_mode="cross"),),
        plan=(("L", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("moved proven",),
        ways=(
            Way(
                holds={"A": "short 2 isolated"},
                after=(do.trade("A", "close_short", 2, mgn="isolated"),),
            ),
        ),
    ),
    Row(
        "both margin modes in use",
        "L",
        near=True,
        before=(*LONG_3, do.trade("B", "long", 2, mgn="isolated")),
        holds={"A": "long 3", "B": "long 2 isolated"},
    ),
    Row(
        "closed in one margin mode and opened in the other",
        "L",
        near=True,
        before=(*LONG_3, do.sent("A", "close_long", 3), do.sent("A", "long", 3, mgn="isolated")),
        plan=(CLOSED, ("A", AUTO, "A", FILL), SETTLED, SETTLED),
        holds={"A": "long 3 isolated"},
    ),
    Row(
        "the mode changed when all was flat",
        "L",
        near=True,
        modes=(NET,),
        before=(*LONG_3, do.trade("A", "close_long", 3)),
        away=(do.position_mode(HEDGE),),
        after=(do.trade("A", "long", 1),),
        plan=(CHANGED,),
    ),
    Row(
        "closed by hand before the mode changed",
        "L",
        near=True,
        modes=(NET,),
        before=LONG_3,
        away=(do.hand("close_long", 3), do.position_mode(HEDGE)),
        plan=(CLOSED, CHANGED),
    ),
)

ROWS = (*RESTING, *IDS, *FOREIGN, *ACCOUNT_MODES)
