"""One scripted session, and what every client must see of it: exactly what the venue knows.

A ``Trader`` is a client behind a handful of verbs; its answers are the rows as they came over
the wire. ``play`` trades through all of them and moves the market through the control API;
``agree`` then reads everything back through the client and compares it with the truth, field
by field, text by text: no digit may differ.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, Protocol

from fakeokx import Control

BTC = "BTC-USDT-SWAP"
PAGE = 5
Row = dict[str, Any]


class Trader(Protocol):
    """A client. Everything is about BTC-USDT-SWAP in cross margin."""

    async def contract_sizes(self) -> dict[str, str]: ...
    async def set_leverage(self, lever: int) -> None: ...
    async def place(self, side: str, sz: str, px: str | None, name: str) -> str: ...
    async def amend(self, ord_id: str, side: str, sz: str, px: str) -> None: ...
    async def cancel(self, ord_id: str) -> None: ...
    async def stop(self, side: str, sz: str, trigger_px: str) -> str: ...
    async def trigger(self, side: str, sz: str, trigger_px: str) -> str: ...
    async def cancel_algo(self, algo_id: str) -> None: ...
    async def close(self) -> None: ...
    async def order(self, ord_id: str) -> Row: ...
    async def positions(self) -> list[Row]: ...
    async def balance(self) -> Row: ...
    async def orders_page(self, state: str, after: str) -> list[Row]: ...
    async def fills_page(self, after: str) -> list[Row]: ...
    async def bills_page(self, after: str) -> list[Row]: ...
    async def funding(self) -> list[Row]: ...
    async def positions_history(self) -> list[Row]: ...


async def play(trader: Trader, control: Control) -> None:
    """Markets, leverage, open, partial fill, amend, cancel, stop, trigger, funding, close."""
    control.price(BTC, "50000")
    assert (await trader.contract_sizes())[BTC] == "0.01"
    await trader.set_leverage(7)
    opened = await trader.place("buy", "3", None, "open1")
    assert (await trader.order(opened))["state"] == "filled"

    resting = await trader.place("buy", "2", "49000.1", "rest1")
    control.partial(BTC, "0.37")
    control.price(BTC, "49000")
    assert (await trader.order(resting))["state"] == "partially_filled"
    control.price(BTC, "49777.7")
    await trader.amend(resting, "buy", "1.5", "48500.3")
    assert [(await trader.order(resting))[name] for name in ("sz", "px")] == ["1.5", "48500.3"]
    await trader.cancel(resting)
    assert (await trader.order(resting))["state"] == "canceled"

    untouched = await trader.place("sell", "1", "60000", "rest2")
    await trader.cancel(untouched)

    stop = await trader.stop("sell", "1.11", "48000.5")
    dropped = await trader.stop("sell", "1", "40000")
    await trader.cancel_algo(dropped)
    control.price(BTC, "47999.9")
    trigger = await trader.trigger("buy", "0.29", "51000.7")
    control.price(BTC, "51000.8")
    truth = control.truth()
    states = {row["algoId"]: row["state"] for row in truth["algos"]}
    assert [states[each] for each in (stop, dropped, trigger)] == [
        "effective",
        "canceled",
        "effective",
    ]
    await agree(trader, control)
    await fund(control, "0.0001337")
    for number in range(2 * PAGE + 1):
        await trader.place("buy" if number % 3 else "sell", "0.01", None, f"many{number}")
    await agree(trader, control)
    await trader.close()
    assert control.truth()["positions"] == []
    await agree(trader, control)


async def fund(control: Control, rate: str) -> None:
    """Settle a funding at that rate, and see that it was charged."""
    before = len(_funding(control.truth()["bills"]))
    control.fund(BTC, rate)
    assert len(_funding(control.truth()["bills"])) == before + 1


def truth_of(control: Control) -> dict[str, Any]:
    """What the venue knows, without the word that only the control API adds to a fill."""
    truth = control.truth()
    for row in truth["fills"]:
        row.pop("mgnMode")
    return truth


async def agree(trader: Trader, control: Control) -> None:
    """Everything that the client can read is what the venue knows."""
    truth = truth_of(control)
    for row in truth["orders"]:
        same(await trader.order(row["ordId"]), row)
    lists = (
        (_done(truth["orders"], "filled"), lambda after: trader.orders_page("filled", after)),
        (_done(truth["orders"], "canceled"), lambda after: trader.orders_page("canceled", after)),
    )
    for known, page in lists:
        same(await walk(page, "ordId"), known[::-1])
    same(await walk(trader.fills_page, "billId"), truth["fills"][::-1])
    same(await walk(trader.bills_page, "billId"), truth["bills"][::-1])
    same(await trader.funding(), _funding(truth["bills"])[::-1])
    same(await trader.positions(), truth["positions"])
    same(await trader.balance(), truth["balance"])
    history = await trader.positions_history()
    realized = sum((Decimal(row["realizedPnl"]) for row in history), Decimal(0))
    held = {row["posId"] for row in truth["positions"]}
    if not held:
        changes = sum((Decimal(row["balChg"]) for row in truth["bills"]), Decimal(0))
        assert realized == changes, "the lives of all positions earned what the account did"


async def walk(page: Callable[[str], Awaitable[list[Row]]], cursor: str) -> list[Row]:
    """All pages, newest first, by the id of the last row of each; stops at a short one."""
    found: list[Row] = []
    while True:
        rows = await page(found[-1][cursor] if found else "")
        assert len(rows) <= PAGE
        found += rows
        if len(rows) < PAGE:
            return found


def same(seen: Any, known: Any) -> None:
    """Equal as JSON; says which field differs where that can be said."""
    if isinstance(seen, dict) and isinstance(known, dict):
        different = {
            name: (seen.get(name), known.get(name))
            for name in {*seen, *known}
            if seen.get(name) != known.get(name)
        }
        assert not different, different
        return
    assert isinstance(seen, list)
    assert len(seen) == len(known), (len(seen), len(known))
    for one, other in zip(seen, known, strict=True):
        same(one, other)


def _done(orders: list[Row], state: str) -> list[Row]:
    return [row for row in orders if row["state"] == state]


def _funding(bills: list[Row]) -> list[Row]:
    return [row for row in bills if row["type"] == "8"]
