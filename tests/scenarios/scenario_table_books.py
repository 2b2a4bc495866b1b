"""Rows about the books themselves: C, D, E, H."""

from __future__ import annotations

from scenario_rows import (
    ALL,
    ASK,
    AUTO,
    ETH,
    FILL,
    FREEZE,
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

BOTH = ("private", "public")
SETTLED = ("F", AUTO, "A", SETTLE)
CLOSED = ("B", AUTO, "A", FILL)
LONG_3 = (do.trade("A", "long", 3),)
HELD_3 = {"A": "long 3"}
REBUILT = ("C", AUTO, "A", "RebuildLedger")
OFFERED = ("C", HUMAN, "A", "RebuildLedger")
NOBODYS_ROW = ("J", ORPHAN, None, NOBODYS)


def torn(kind: str) -> tuple[object, ...]:
    """A trade of which one of the two ledgers knows nothing."""
    return (do.keep(kind, "A"), *LONG_3)


def back(kind: str) -> tuple[object, ...]:
    return (do.restore(kind, "A"),)


LEDGERS = (
    Row(
        "a public ledger without the last trade",
        "C",
        before=torn("public_accounts"),
        edits=back("public_accounts"),
        plan=(REBUILT,),
        holds=HELD_3,
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "a private ledger without the last trade",
        "C",
        before=torn("private_ledgers"),
        edits=back("private_ledgers"),
        plan=(REBUILT,),
        holds=HELD_3,
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "a private ledger gone",
        "C",
        before=LONG_3,
        edits=(do.drop("private_ledgers", "A"),),
        plan=(REBUILT,),
        holds=HELD_3,
    ),
    Row(
        "a public account gone",
        "C",
        before=LONG_3,
        edits=(do.drop("public_accounts", "A"),),
        plan=(REBUILT,),
        holds=HELD_3,
    ),
    Row(
        "an older ledger and a fill nobody booked",
        "C",
        before=(*torn("public_accounts"), do.sent("A", "close_long", 1)),
        edits=back("public_accounts"),
        plan=(REBUILT, CLOSED, SETTLED),
        holds={"A": "long 2"},
    ),
    Row(
        "the same version and other contents",
        "C",
        before=LONG_3,
        edits=(do.edit("A", "public", scale="2"),),
        plan=(OFFERED,),
        decision=ASK,
        ways=(Way(holds=HELD_3), Way({"C": "public_ledger"}, holds={"A": "long 6"}, then=ASK)),
        offers=("private_ledger assumed, public_ledger assumed",),
    ),
    Row(
        "the same version and another capital",
        "C",
        before=LONG_3,
        edits=(do.edit("A", "public", capital="99000"),),
        plan=(OFFERED,),
        decision=ASK,
        ways=(Way(holds=HELD_3), Way({"C": "public_ledger"}, holds=HELD_3)),
        offers=("private_ledger assumed, public_ledger assumed",),
    ),
    Row(
        "the same version and another entry price",
        "C",
        before=LONG_3,
        edits=(do.move("A", "public", entry_px="50001"),),
        plan=(OFFERED,),
        decision=ASK,
        ways=(Way(holds=HELD_3), Way({"C": "public_ledger"}, holds=HELD_3, then=ASK)),
        offers=("private_ledger assumed, public_ledger assumed",),
    ),
    Row(
        "an agent of whom only ledgers are left",
        "C",
        before=LONG_3,
        edits=(do.drop("agents", "A"),),
        plan=(("C", HUMAN, "A", "RestoreAgent"),),
        decision=ASK,
        offers=("restore assumed, restore_dead assumed",),
        ways=(
            Way(holds=HELD_3, after=(do.trade("A", "close_long", 3),)),
            Way(
                {"C": "restore_dead"},
                holds=HELD_3,
                then=RESTRICTED,
                after=(do.trade("A", "close_long", 3),),
            ),
        ),
    ),
    Row("two ledgers that agree", "C", near=True, before=LONG_3, holds=HELD_3),
    Row(
        "another time of the last change",
        "C",
        near=True,
        before=LONG_3,
        edits=(do.edit("A", "public", updated_ms=1),),
        holds=HELD_3,
    ),
    Row(
        "a position only imagined",
        "C",
        near=True,
        before=LONG_3,
        edits=(do.imagine("A"),),
        holds=HELD_3,
    ),
    Row(
        "one agent's books beside another's conflict",
        "C",
        near=True,
        before=(*LONG_3, do.trade("B", "long", 1)),
        edits=(do.edit("A", "private", scale="2", newer=-1),),
        plan=(REBUILT,),
        holds={"A": "long 3", "B": "long 1"},
    ),
)

DIRECTIONS = (
    Row(
        "both ledgers on the other side",
        "D",
        modes=(NET,),
        before=LONG_3,
        edits=(do.turn("A", *BOTH),),
        plan=(("D", HUMAN, None, WRITE),),
        decision=ASK,
        ways=(
            Way(holds=HELD_3, after=(do.trade("A", "close_long", 3),)),
            Way({"D": "close_all"}, holds={"": "long 3"}, then=RESTRICTED),
            Way(
                {"D": "nobody"},
                holds={"A": "short 3", "": "long 6"},
                then=RESTRICTED,
                after=(do.trade("A", "close_short", 3, reduce=False),),
            ),
        ),
        offers=("as_booked proven, close_all proven, nobody open",),
        shut=ALL,
    ),
    Row(
        "both ledgers on the other side",
        "D",
        modes=(HEDGE,),
        before=LONG_3,
        edits=(do.turn("A", *BOTH),),
        plan=(("D", HUMAN, None, WRITE), ("D", HUMAN, None, WRITE)),
        decision=ASK,
        offers=("as_booked proven, nobody open", "close_all proven"),
        shut=ALL,
        ways=(Way(holds=HELD_3), Way({"D": "nobody"}, holds={"": "long 3"}, then=RESTRICTED)),
    ),
    Row(
        "a hand that turns a position over",
        "D",
        modes=(NET,),
        before=LONG_3,
        away=(do.hand("short", 5),),
        plan=(("D", HUMAN, None, f"{FILL}+{NOBODYS}"),),
        decision=ASK,
        ways=(
            Way(holds={"": "short 2"}, then=RESTRICTED),
            Way({"D": "agent:A"}, holds={"A": "short 2"}, after=(do.trade("A", "close_short", 2),)),
        ),
        offers=("close_all proven, nobody open, agent:A assumed",),
        shut=ALL,
    ),
    Row(
        "a hand that turned a position over and its owner gets out",
        "D",
        modes=(NET,),
        before=LONG_3,
        away=(do.hand("short", 5),),
        plan=(("D", HUMAN, None, f"{FILL}+{NOBODYS}"),),
        decision=ASK,
        ways=(
            Way(
                {"D": "nobody"},
                holds={"A": "long 3", "": "short 5"},
                then=RESTRICTED,
                after=(do.trade("A", "close_long", 3, reduce=False),),
            ),
        ),
        offers=("close_all proven, nobody open, agent:A assumed",),
        shut=ALL,
    ),
    Row(
        "one ledger on the other side and the exchange with the older one",
        "D",
        modes=(NET,),
        before=LONG_3,
        edits=(do.turn("A", "private"), do.edit("A", "private", newer=1)),
        plan=(REBUILT, ("D", HUMAN, None, WRITE)),
        decision=ASK,
        offers=("as_booked proven, close_all proven, nobody open",),
        shut=ALL,
        ways=(Way(holds=HELD_3), Way({"D": "close_all"}, holds={"": "long 3"}, then=RESTRICTED)),
    ),
    Row(
        "an agent that turns over by itself",
        "D",
        near=True,
        modes=(NET,),
        before=(*LONG_3, do.sent("A", "short", 5)),
        plan=(CLOSED, SETTLED),
        holds={"A": "short 2"},
        after=(do.trade("A", "close_short", 2),),
    ),
    Row(
        "agents on both sides",
        "D",
        near=True,
        before=(*LONG_3, do.trade("B", "short", 5)),
        holds={"A": "long 3", "B": "short 5"},
    ),
    Row(
        "one agent on both sides",
        "D",
        near=True,
        modes=(HEDGE,),
        before=(*LONG_3, do.trade("A", "short", 2)),
        holds={"A": "long 3, short 2"},
    ),
    Row(
        "one ledger on the other side",
        "D",
        near=True,
        modes=(NET,),
        before=LONG_3,
        edits=(do.turn("A", "public"),),
        plan=(OFFERED,),
        decision=ASK,
        ways=(Way(holds=HELD_3), Way({"C": "public_ledger"}, holds={"A": "short 3"}, then=ASK)),
        offers=("private_ledger assumed, public_ledger assumed",),
    ),
)

UNITS = (
    Row(
        "books in base currency",
        "E",
        before=LONG_3,
        edits=tuple(do.edit("A", book, newer=1, scale="0.01") for book in BOTH),
        plan=(("E", HUMAN, None, "SetQuantity"),),
        decision=ASK,
        ways=(
            Way(holds=HELD_3, after=(do.trade("A", "close_long", 3),)),
            Way({"E": "as_booked"}, holds=HELD_3),
            Way({"E": "nobody"}, holds={"A": "long 0.03", "": "long 2.97"}, then=RESTRICTED),
        ),
        offers=("in_contracts proven, as_booked proven, nobody open",),
    ),
    Row(
        "books of two agents in base currency",
        "E",
        before=(*LONG_3, do.trade("B", "long", 2)),
        edits=tuple(do.edit(name, book, newer=1, scale="0.01") for name in "AB" for book in BOTH),
        plan=(("E", HUMAN, None, "SetQuantity"),),
        decision=ASK,
        ways=(
            Way(holds={"A": "long 3", "B": "long 2"}),
            Way({"E": "agent:B"}, holds={"A": "long 0.03", "B": "long 4.97"}),
        ),
        offers=(
            "in_contracts proven, as_booked proven, nobody open, agent:A assumed, agent:B assumed",
        ),
    ),
    Row(
        "books in parts of a contract",
        "E",
        before=(do.trade("A", "short", 3),),
        edits=tuple(do.edit("A", book, newer=1, scale="100") for book in BOTH),
        plan=(("E", HUMAN, None, "SetQuantity"),),
        decision=ASK,
        ways=(
            Way(holds={"A": "short 3"}),
            Way(
                {"E": "nobody"},
                holds={"A": "short 300", "": "long 297"},
                then=RESTRICTED,
                modes=(NET,),
            ),
        ),
        offers={
            NET: ("in_contracts proven, as_booked proven, nobody open",),
            HEDGE: ("in_contracts proven, as_booked proven",),
        },
    ),
    Row(
        "books in ether",
        "E",
        before=(do.trade("A", "long", 3, inst=ETH),),
        edits=tuple(do.edit("A", book, newer=1, scale="0.1") for book in BOTH),
        plan=(("E", HUMAN, None, "SetQuantity"),),
        decision=ASK,
        ways=(Way(holds={"A": "long 3 ETH"}),),
        offers=("in_contracts proven, as_booked proven, nobody open",),
        shut=ETH,
    ),
    Row(
        "a hundred times as much that executions explain",
        "E",
        near=True,
        before=(do.trade("A", "long", "0.05"), do.sent("A", "long", "4.95")),
        plan=(("A", AUTO, "A", FILL), SETTLED),
        holds={"A": "long 5"},
    ),
    Row(
        "a factor that is no contract's size",
        "E",
        near=True,
        before=LONG_3,
        edits=tuple(do.edit("A", book, newer=1, scale="0.02") for book in BOTH),
        plan=(("A", HUMAN, None, WRITE),),
        decision=ASK,
        ways=(
            Way(holds=HELD_3),
            Way({"A": "nobody"}, holds={"A": "long 0.06", "": "long 2.94"}, then=RESTRICTED),
        ),
        offers=("as_booked proven, nobody open",),
    ),
    Row(
        "one ledger alone in base currency",
        "E",
        near=True,
        before=LONG_3,
        edits=(do.edit("A", "public", scale="0.01"),),
        plan=(OFFERED,),
        decision=ASK,
        ways=(Way(holds=HELD_3), Way({"C": "public_ledger"}, holds={"A": "long 0.03"}, then=ASK)),
        offers=("private_ledger assumed, public_ledger assumed",),
    ),
)

DEAD = (
    Row(
        "a dead agent that holds",
        "H",
        before=LONG_3,
        edits=(do.dies("A"),),
        plan=(("H", ORPHAN, "A", FREEZE),),
        decision=RESTRICTED,
        holds=HELD_3,
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "a dead agent beside a living one",
        "H",
        before=(*LONG_3, do.trade("B", "short", 1)),
        edits=(do.dies("A"),),
        plan=(("H", ORPHAN, "A", FREEZE),),
        decision=RESTRICTED,
        holds={"A": "long 3", "B": "short 1"},
    ),
    Row(
        "a dead agent whose entry was not booked",
        "H",
        before=(do.sent("A", "short", 2),),
        edits=(do.dies("A"),),
        plan=(("A", AUTO, "A", FILL), SETTLED, ("H", ORPHAN, "A", FREEZE)),
        decision=RESTRICTED,
        holds={"A": "short 2"},
    ),
    Row("dead and flat", "H", near=True, edits=(do.dies("A"),)),
    Row(
        "dead and its own close waits",
        "H",
        near=True,
        before=(*LONG_3, do.sent("A", "close_long", 3, px=60_000)),
        edits=(do.dies("A"),),
        holds=HELD_3,
    ),
    Row(
        "dead and its own close was executed",
        "H",
        near=True,
        before=(*LONG_3, do.sent("A", "close_long", 3, px=50_500)),
        edits=(do.dies("A"),),
        away=(do.price(50_600),),
        plan=(CLOSED, SETTLED),
    ),
    Row(
        "another agent is dead",
        "H",
        near=True,
        before=LONG_3,
        edits=(do.dies("B"),),
        holds=HELD_3,
    ),
)

ROWS = (*LEDGERS, *DIRECTIONS, *UNITS, *DEAD)
