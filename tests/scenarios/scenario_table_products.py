"""Rows about products that the books do not keep: in sight, nobody's, frozen there, and nothing
else stops for them.
"""

from __future__ import annotations

from scenario_rows import (
    ASK,
    AUTO,
    ETH,
    FILL,
    FREEZE,
    FRESH,
    HUMAN,
    NOBODYS,
    ORPHAN,
    RESTRICTED,
    SETTLE,
    Row,
    Way,
    do,
)

LONG_3 = (do.trade("A", "long", 3),)
HELD_3 = {"A": "long 3"}
IN_SIGHT = ("J", ORPHAN, None, FREEZE)
COPIED = ("J", ORPHAN, None, NOBODYS)
MONEY = ("K", AUTO, "", "BookCash")
DOGE = {"A": "long 3", "": "long 1 DOGE-USDT-SWAP"}
KINDS = (
    "option",
    "margin_cross",
    "margin_isolated",
    "margin_life",
    "inverse",
    "usdc",
    "coin_future",
    "delisted",
    "copy_trading",
)
TRADES = (do.trade("B", "short", 1), do.trade("A", "close_long", 3, reduce=False))
ALL_OF_THEM = (*(IN_SIGHT,) * 6, COPIED, MONEY, MONEY)


def held(kind: str, *more: tuple[str, str, str | None, str]) -> Row:
    """An agent trades on beside one kind."""
    return Row(
        f"{kind.replace('_', ' ')} beside what is traded",
        "J",
        before=LONG_3,
        away=(do.product(kind),),
        plan=(IN_SIGHT, *more),
        decision=RESTRICTED,
        holds=HELD_3,
        after=TRADES,
    )


ROWS = (
    held("option"),
    held("margin_cross", MONEY),
    held("margin_isolated", MONEY),
    held("inverse"),
    held("usdc"),
    held("coin_future"),
    Row(
        "a margin position's past whose numbers are empty",
        "J",
        near=True,
        before=LONG_3,
        away=(do.product("margin_life"),),
        holds=HELD_3,
        after=TRADES,
    ),
    Row(
        "a contract of somebody's that was delisted",
        "J",
        near=True,
        before=LONG_3,
        away=(do.product("delisted"),),
        plan=(MONEY, MONEY),
        holds=HELD_3,
        after=TRADES,
    ),
    Row(
        "a copy trader's position",
        "J",
        before=LONG_3,
        away=(do.product("copy_trading"),),
        plan=(COPIED,),
        decision=RESTRICTED,
        holds=DOGE,
        after=(do.barred("B", "long", 1, inst="DOGE-USDT-SWAP"), *TRADES),
    ),
    Row(
        "every product at once",
        "J",
        whole=True,
        before=LONG_3,
        away=(do.product(*KINDS),),
        plan=ALL_OF_THEM,
        decision=RESTRICTED,
        holds=DOGE,
        after=TRADES,
    ),
    Row(
        "every product, and an entry that was not booked",
        "A",
        before=(do.sent("A", "long", 3),),
        away=(do.product(*KINDS),),
        plan=(("A", AUTO, "A", FILL), ("F", AUTO, "A", SETTLE), *ALL_OF_THEM),
        decision=RESTRICTED,
        holds=DOGE,
    ),
    Row(
        "every product, and a hand that closes all of a shared position",
        "B",
        before=(*LONG_3, do.trade("B", "long", 2)),
        away=(do.product(*KINDS), do.hand("close_long", 5)),
        plan=(("B", HUMAN, None, FILL), *ALL_OF_THEM),
        decision=ASK,
        offers={
            "net": ("close_all proven, agent:A assumed, agent:B assumed",),
            "hedge": ("close_all proven",),
        },
        meanwhile=(do.trade("A", "long", 2, inst=ETH),),
        ways=(Way(holds={"A": "long 2 ETH", "": "long 1 DOGE-USDT-SWAP"}, then=RESTRICTED),),
    ),
    Row(
        "products that are told already",
        "J",
        near=True,
        before=(*LONG_3, do.product(*KINDS), do.sync(RESTRICTED)),
        decision=RESTRICTED,
        holds=DOGE,
        after=TRADES,
    ),
    Row(
        "products a human has looked at",
        "J",
        near=True,
        before=(
            *LONG_3,
            do.product("option", "inverse"),
            do.sync(RESTRICTED),
            do.unfreeze("BTC-USD-301227-60000-C"),
            do.unfreeze("BTC-USD-SWAP"),
        ),
        holds=HELD_3,
        after=TRADES,
    ),
    Row(
        "products that are gone",
        "J",
        near=True,
        before=(*LONG_3, do.product("option", "inverse"), do.sync(RESTRICTED)),
        away=(do.products_gone(),),
        decision=RESTRICTED,
        holds=HELD_3,
    ),
    Row(
        "products from before there was a store",
        "J",
        starts=(FRESH,),
        earlier=(do.product(*KINDS), do.advance(120_000)),
        plan=(("A", HUMAN, None, "AdoptDifference+FreezeInstrument"), *(IN_SIGHT,) * 6),
        decision=ASK,
        shut="DOGE-USDT-SWAP",
        offers=("nobody open",),
        meanwhile=(do.trade("A", "long", 1),),
        ways=(Way(holds={"A": "long 1", "": "long 1 DOGE-USDT-SWAP"}, then=RESTRICTED),),
    ),
)
