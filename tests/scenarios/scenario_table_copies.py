"""Rows about directories that are put back from an older copy or live twice, about two stores in
one account, and about accounts that are not the one the books were kept for.
"""

from __future__ import annotations

from scenario_rows import (
    ALL,
    ASK,
    AUTO,
    COLD,
    DAY_MS,
    ETH,
    FILL,
    HUMAN,
    NOBODYS,
    ORPHAN,
    RESTRICTED,
    SETTLE,
    Row,
    Way,
    do,
)

BOOKED, CLOSED = ("A", AUTO, "A", FILL), ("B", AUTO, "A", FILL)
LOST = ("I", AUTO, None, "RaiseEpoch+TakeBack")
LEFT_BEHIND = ("I", AUTO, None, "NoteFinding+RaiseEpoch")
SETTLED = ("F", AUTO, "A", SETTLE)
NOBODYS_ROW = ("J", ORPHAN, None, NOBODYS)
LONG_1, LONG_3 = (do.trade("A", "long", 1),), (do.trade("A", "long", 3),)
COPIED = (*LONG_1, do.copy())
BACK = do.put_back()
AGAIN = (do.trade("A", "long", 4), do.trade("B", "short", 1), do.trade("A", "close_long", 2,
         reduce=False))  # fmt: skip


def copied(
    name: str,
    before: tuple[object, ...],
    plan: tuple[object, ...],
    holds: dict[str, str],
    *away: object,
    after: tuple[object, ...] = AGAIN,
    near: bool = False,
    decision: str = "go",
) -> Row:
    """The directory is copied, life goes on, and the copy comes back."""
    return Row(
        name,
        "I",
        starts=(COLD,),
        before=(*COPIED, *before),
        away=(BACK, *away),
        plan=plan,
        holds=holds,
        after=after,
        near=near,
        decision=decision,
    )


OLDER = (
    copied("an older copy that lacks an entry", LONG_1, (LOST, BOOKED), {"A": "long 2"}),
    copied(
        "an older copy that lacks the trades of two agents",
        (do.trade("A", "long", 2), do.trade("B", "short", 1, inst=ETH)),
        (LOST, BOOKED, ("A", AUTO, "B", FILL)),
        {"A": "long 3", "B": "short 1 ETH"},
    ),
    copied(
        "an older copy that lacks a close",
        (do.trade("A", "close_long", 1),),
        (LOST, CLOSED),
        {},
    ),
    copied(
        "an older copy that lacks an order that rests",
        (do.sent("A", "long", 2, px=40_000),),
        (LOST,),
        {"A": "long 1"},
        after=(do.open("A"), do.price(39_900), do.sync("go", BOOKED, SETTLED), *AGAIN),
    ),
    copied(
        "an older copy that lacks an order never answered",
        (do.unread("A", "long", 2),),
        (LOST, BOOKED),
        {"A": "long 3"},
    ),
    copied(
        "an older copy that lacks a stop",
        (do.stop("A", "close_long", 1, 48_000),),
        (LOST,),
        {"A": "long 1"},
        after=(do.open("A"), do.price(47_900), do.sync("go", CLOSED, SETTLED), *AGAIN),
    ),
    copied(
        "an older copy that lacks a stop that fired",
        (do.stop("A", "close_long", 1, 48_000), do.price(47_900)),
        (LOST, CLOSED),
        {},
    ),
    copied(
        "an older copy that lacks an order with a stop attached",
        (do.trade("A", "long", 2, sl=45_000),),
        (LOST, BOOKED),
        {"A": "long 3"},
        after=(do.open_stops(1), do.price(44_900), do.sync("go", CLOSED, SETTLED)),
    ),
    copied(
        "an older copy that lacks a funding",
        (do.trade("A", "long", 2), do.fund("0.0001"), do.sync()),
        (LOST, BOOKED, ("K", AUTO, None, "BookCash")),
        {"A": "long 3"},
    ),
    copied(
        "an older copy that lacks a whole life",
        (do.restart("go"), do.trade("A", "long", 2)),
        (LOST, BOOKED),
        {"A": "long 3"},
    ),
    copied(
        "an older copy ten days later",
        (do.trade("A", "long", 2),),
        (LOST, BOOKED),
        {"A": "long 3"},
        do.advance(10 * DAY_MS),
    ),
    copied(
        "an older copy that lacks an agent",
        (do.born("C"), do.trade("C", "long", 2)),
        (NOBODYS_ROW, LEFT_BEHIND),
        {"A": "long 1", "": "long 2"},
        decision=RESTRICTED,
        after=(do.barred("B", "long", 1), do.unfreeze(), *AGAIN),
    ),
    copied(
        "a copy put back a second time",
        (
            do.trade("A", "long", 2),
            do.die(),
            BACK,
            do.come_back(),
            do.sync("go", LOST, BOOKED),
            do.trade("A", "long", 3),
        ),
        (LOST, BOOKED, BOOKED),
        {"A": "long 6"},
    ),
    copied("a copy that lacks nothing", (), (), {"A": "long 1"}, near=True),
    copied(
        "a copy that lacks what never executed and is forgotten",
        (do.sent("A", "long", 2, px=40_000), do.cancel("A"), do.settle("A")),
        (),
        {"A": "long 1"},
        do.advance(DAY_MS),
        near=True,
    ),
)

TWICE = (
    Row(
        "a copy that trades beside the original",
        "I",
        before=COPIED,
        away=(do.in_copy("go", do.trade("A", "long", 2)),),
        plan=(LOST, BOOKED),
        holds={"A": "long 3"},
        after=(
            do.trade("A", "long", 1),
            do.in_copy("go", do.trade("B", "long", 1)),
            do.sync("go", LOST, ("A", AUTO, "B", FILL)),
            do.holds(A="long 4", B="long 1"),
        ),
    ),
    Row(
        "a state restored into a store of its own",
        "I",
        near=True,
        starts=(COLD,),
        before=(*LONG_1, do.sent("A", "long", 2, px=40_000)),
        away=(do.into(),),
        holds={"A": "long 1"},
        after=(do.open("A"), do.trade("A", "close_long", 1), *AGAIN),
    ),
    Row(
        "a state restored into a store of its own, and an entry that was not booked",
        "A",
        starts=(COLD,),
        before=(*LONG_1, do.unread("A", "long", 2)),
        away=(do.into(),),
        plan=(BOOKED, SETTLED),
        holds={"A": "long 3"},
        after=AGAIN,
    ),
    Row(
        "another store's trades with agents of the same names",
        "J",
        before=LONG_3,
        away=(
            do.second_store("A B", do.trade("A", "long", 2), do.sent("B", "long", 1, px=40_000)),
        ),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
        holds={"A": "long 3", "": "long 2"},
        after=(do.trade("A", "close_long", 3),),
    ),
    Row(
        "another store in and out on another contract",
        "J",
        before=LONG_3,
        away=(
            do.second_store(
                "A B",
                do.trade("A", "short", 1, inst=ETH),
                do.trade("A", "close_short", 1, inst=ETH),
            ),
        ),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
        holds={"A": "long 3"},
        after=(do.trade("B", "long", 1),),
    ),
    Row(
        "another store that closes its own beside this one's holders",
        "B",
        before=(
            *LONG_3,
            do.second_store("A B", do.trade("A", "long", 2)),
            do.sync(RESTRICTED),
            do.unfreeze(),
            do.trade("B", "long", 1),
        ),
        away=(do.second_store("A B", do.trade("A", "close_long", 2)),),
        plan=(("B", HUMAN, None, "BookOrphan"),),
        decision=ASK,
        ways=(
            Way(holds={"A": "long 3", "B": "long 1"}),
            Way({"B": "agent:A"}, holds={"A": "long 1", "B": "long 1", "": "long 2"}),
        ),
        offers={
            "net": ("nobody open, agent:A assumed, agent:B assumed",),
            "hedge": ("nobody open, agent:A assumed",),
        },
    ),
    Row(
        "an order that ccxt has named by itself",
        "J",
        before=LONG_3,
        away=(do.ccxt("long", 1),),
        plan=(NOBODYS_ROW,),
        decision=RESTRICTED,
        holds={"A": "long 3", "": "long 1"},
    ),
)


def elsewhere(
    name: str, before: tuple[object, ...], switch: object, after: tuple[object, ...]
) -> Row:
    """The key is another account's: nothing is judged, and everything waits."""
    return Row(
        name,
        "L",
        before=before,
        away=(switch,),
        plan=(("L", HUMAN, None, ""),),
        decision=ASK,
        shut=ALL,
        after=after,
    )


FLAT = (do.trade("A", "long", 1), do.trade("A", "close_long", 1), do.sync())
HOME = (do.own_account(), do.quiet(), do.trade("A", "long", 1))
ADOPTED = (do.adopt_account(), do.quiet())
ACCOUNTS = (
    elsewhere("the key of another account", FLAT, do.sub_account(), HOME),
    elsewhere(
        "the key of another account while a position is held",
        LONG_3,
        do.sub_account(),
        (do.own_account(), do.quiet(), do.trade("A", "close_long", 3)),
    ),
    elsewhere("the key of another account of equal balance", (), do.sub_account(), HOME),
    elsewhere("the key of another account that is meant", FLAT, do.sub_account(), ADOPTED),
    elsewhere("the key of demo trading", FLAT, do.demo_account(), HOME),
    elsewhere("the key of demo trading that is meant", FLAT, do.demo_account(), ADOPTED),
    Row(
        "the same account with another key",
        "L",
        near=True,
        before=LONG_3,
        away=(do.second_key(),),
        holds={"A": "long 3"},
        after=(do.trade("A", "close_long", 3),),
    ),
)

ROWS = (*OLDER, *TWICE, *ACCOUNTS)
