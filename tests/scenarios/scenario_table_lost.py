"""Rows about documents that are lost, and about what then cannot have happened."""

from __future__ import annotations

from scenario_rows import (
    ADOPT,
    ALL,
    ASK,
    AUTO,
    ETH,
    FILL,
    HEDGE,
    HUMAN,
    NET,
    NOBODYS,
    RESTRICTED,
    SETTLE,
    WRITE,
    Row,
    Way,
    do,
)

BOOKS = ("private", "public")
LONG_3 = (do.trade("A", "long", 3),)
SHARED = (*LONG_3, do.trade("B", "long", 2))
OPPOSED = (*LONG_3, do.trade("B", "short", 2))
HELD_3 = {"A": "long 3"}
SETTLED = ("F", AUTO, "A", SETTLE)
MISSING = ("C", HUMAN, "A", "RestoreAgent")
RESTORE = "restore assumed, restore_dead assumed"
LEDGERS = "private_ledger assumed, public_ledger assumed"
EMPTIED = tuple(do.edit("A", book, newer=1, positions=[]) for book in BOOKS)
WITHOUT_A = (
    do.drop("private_ledgers", "A"),
    do.drop("public_accounts", "A"),
    do.drop("agents", "A"),
)

LOST = (
    Row(
        "an execution of an agent that no book has any more",
        "A",
        before=(do.trade("B", "long", 2), do.sent("A", "long", 3)),
        edits=WITHOUT_A,
        plan=(("A", HUMAN, "A", NOBODYS), SETTLED),
        decision=ASK,
        offers=("nobody open, agent:B assumed",),
        ways=(
            Way(holds={"B": "long 2", "": "long 3"}, then=RESTRICTED),
            Way({"A": "agent:B"}, holds={"B": "long 5"}),
        ),
    ),
    Row(
        "a position of an agent that no book has any more",
        "A",
        before=SHARED,
        edits=WITHOUT_A,
        plan=(("A", HUMAN, None, ADOPT),),
        decision=ASK,
        offers=("nobody open, agent:B assumed",),
        ways=(
            Way(holds={"B": "long 2", "": "long 3"}, then=RESTRICTED),
            Way({"A": "agent:B"}, holds={"B": "long 5"}),
        ),
    ),
    Row(
        "an agent that no book has any more and that held nothing",
        "A",
        near=True,
        before=(do.trade("B", "long", 2),),
        edits=WITHOUT_A,
        holds={"B": "long 2"},
    ),
    Row(
        "a dead agent whose document is lost",
        "C",
        before=LONG_3,
        edits=(do.dies("A"), do.drop("agents", "A")),
        plan=(MISSING,),
        decision=ASK,
        offers=(RESTORE,),
        meanwhile=(do.trade("B", "long", 1, inst=ETH),),
        ways=(
            Way(
                {"C": "restore_dead"},
                holds={**HELD_3, "B": "long 1 ETH"},
                then=RESTRICTED,
                after=(do.trade("A", "close_long", 3),),
            ),
            Way(holds={**HELD_3, "B": "long 1 ETH"}, after=(do.trade("A", "long", 1),)),
        ),
    ),
    Row(
        "two ledgers of one version that differ and hold nothing",
        "C",
        edits=(do.edit("A", "public", capital="99000"),),
        plan=(("C", HUMAN, "A", "RebuildLedger"),),
        decision=ASK,
        shut="A",
        offers=(LEDGERS,),
        meanwhile=(do.barred("A", "long", 1, inst=ETH), do.trade("B", "long", 1)),
        ways=(
            Way(holds={"B": "long 1"}, after=(do.trade("A", "long", 1),)),
            Way({"C": "public_ledger"}, holds={"B": "long 1"}),
        ),
    ),
    Row(
        "positions lost of an agent who stood against another",
        "D",
        modes=(NET,),
        before=OPPOSED,
        edits=EMPTIED,
        plan=(("D", HUMAN, None, WRITE),),
        decision=ASK,
        shut=ALL,
        offers=("as_booked proven, close_all proven, nobody open, agent:B assumed",),
        ways=(
            Way(holds={"A": "long 3", "B": "short 2"}),
            Way({"D": "close_all"}, holds={"": "long 1"}, then=RESTRICTED),
            Way({"D": "nobody"}, holds={"B": "short 2", "": "long 3"}, then=RESTRICTED),
            Way({"D": "agent:B"}, holds={"B": "long 1"}),
        ),
    ),
    Row(
        "positions lost of an agent beside another side",
        "A",
        modes=(HEDGE,),
        before=OPPOSED,
        edits=EMPTIED,
        plan=(("A", HUMAN, None, WRITE),),
        decision=ASK,
        offers=("as_booked proven, nobody open",),
        ways=(
            Way(holds={"A": "long 3", "B": "short 2"}),
            Way({"A": "nobody"}, holds={"B": "short 2", "": "long 3"}, then=RESTRICTED),
        ),
    ),
    Row(
        "positions lost and a close that was not booked",
        "B",
        modes=(HEDGE,),
        before=(*LONG_3, do.sent("A", "close_long", 2)),
        edits=EMPTIED,
        plan=(("B", HUMAN, None, f"{ADOPT}+SetAside"), SETTLED, ("K", HUMAN, "", "BookCash")),
        decision=ASK,
        offers=("nobody open", "account open"),
        ways=(Way(holds={"": "long 1"}, then=RESTRICTED, cash={"": "unexplained -0.5"}),),
    ),
    Row(
        "positions lost and a close that was not booked in net mode",
        "B",
        modes=(NET,),
        before=(*LONG_3, do.sent("A", "close_long", 2)),
        edits=EMPTIED,
        plan=(("B", HUMAN, None, NOBODYS), ("D", HUMAN, None, ADOPT), SETTLED),
        decision=ASK,
        shut=ALL,
        offers=("nobody open, agent:A assumed", "nobody open"),
        ways=(Way(holds={"": "long 1"}, then=RESTRICTED),),
    ),
    Row(
        "an entry price that no execution had",
        "K",
        before=LONG_3,
        edits=(do.move("A", *BOOKS, entry_px="50010"),),
        plan=(("K", HUMAN, "", "BookCash"),),
        decision=ASK,
        shut=ALL,
        offers=("account open",),
        ways=(Way(holds=HELD_3, cash={"": "unexplained 0.3"}),),
    ),
    Row(
        "a liquidation after a hand's part of a shared position",
        "B",
        modes=(NET,),
        before=(*SHARED, do.trade("A", "short", 1, inst=ETH)),
        away=(do.hand("close_long", 1), do.liquidate()),
        plan=(("B", HUMAN, None, FILL),),
        decision=ASK,
        offers=("close_all proven, agent:A assumed, agent:B assumed",),
        meanwhile=(do.trade("A", "close_short", 1, inst=ETH),),
        ways=(Way(holds={}),),
    ),
)

BOTH_LEDGERS = (do.drop("private_ledgers", "A"), do.drop("public_accounts", "A"))
LEDGERS_LOST = (
    Row(
        "both ledgers of a sole holder lost",
        "C",
        before=LONG_3,
        edits=BOTH_LEDGERS,
        plan=(("A", HUMAN, None, WRITE), MISSING),
        decision=ASK,
        offers=("as_booked proven, nobody open", RESTORE),
        meanwhile=(do.trade("B", "long", 1, inst=ETH),),
        ways=(
            Way(holds={**HELD_3, "B": "long 1 ETH"}, after=(do.trade("A", "close_long", 3),)),
            Way({"A": "nobody"}, holds={"": "long 3", "B": "long 1 ETH"}, then=RESTRICTED),
            Way(
                {"C": "restore_dead"},
                holds={**HELD_3, "B": "long 1 ETH"},
                then=RESTRICTED,
                after=(do.trade("A", "close_long", 3),),
            ),
        ),
    ),
    Row(
        "both ledgers of one of two holders lost",
        "C",
        before=SHARED,
        edits=BOTH_LEDGERS,
        plan=(("A", HUMAN, None, WRITE), MISSING),
        decision=ASK,
        offers=("as_booked proven, nobody open, agent:B assumed", RESTORE),
        ways=(
            Way(holds={**HELD_3, "B": "long 2"}),
            Way({"A": "agent:B"}, holds={"B": "long 5"}),
        ),
    ),
)

ROWS = (*LOST, *LEDGERS_LOST)
