"""Evidence that comes late, and piece by piece: one execution of our own is hidden for a while.

What shows of it meanwhile is its order, its bill, its position: all of them, or one alone, and the
two others as they were before. It happened just now, 61 seconds or an hour ago (``AGES_MS``).
``Wound.show`` ends it: from then on everything is told.

An order that is hidden rests, unexecuted, as it did before; a position has its earlier size. The
balance is always of now.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from chaos.detect.stage import SIZE, Course, Wound, sole, someone, unseen, wound
from chaos.detect.world import LOTS, Place, World
from chaos.workload.in_process import Row
from fakeokx.engine.commands import CancelOrders, OrderRef, SetPartial

AGES_MS = (0, 61_000, 3_600_000)
LONG_MS = 2 * 3_600_000
FILLS = ("trade/fills", "trade/fills-history")
BILLS = ("account/bills", "account/bills-archive")
ORDERS = (
    "trade/order",
    "trade/orders-pending",
    "trade/orders-history",
    "trade/orders-history-archive",
)


class Veil:
    """Hides rows of the exchange's lists until it is lifted."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._is_up = True

    def lift(self) -> None:
        """Everything is told."""
        self._is_up = False

    def fill(self, trade_id: str) -> None:
        """This execution is in no list."""
        self._bend(FILLS, lambda row: None if row["tradeId"] == trade_id else row)

    def bill(self, trade_id: str) -> None:
        """Nor is its bill."""
        self._bend(BILLS, lambda row: None if row.get("tradeId") == trade_id else row)

    def order(self, ord_id: str) -> None:
        """The order rests, and nothing of it was executed."""
        untouched = {"state": "live", "accFillSz": "0", "fillSz": "0", "avgPx": "", "fillPx": ""}
        self._bend(ORDERS, lambda row: row | untouched if row["ordId"] == ord_id else row)

    def position(self, place: Place, held: Decimal) -> None:
        """The position has this size."""

        def of_before(row: Row) -> Row:
            size = held if place[2] == "net" else abs(held)
            key = (row["instId"], row["mgnMode"], row["posSide"])
            return row | {"pos": format(size, "f")} if key == place else row

        self._bend(("account/positions",), of_before)

    def _bend(self, paths: tuple[str, ...], change: Callable[[Row], Row | None]) -> None:
        for path in paths:
            self._world.venue.bend(path, lambda row: change(row) if self._is_up else row)


def _executed(world: World, ord_id: str) -> list[Row]:
    return [row for row in world.venue.fills() if row["ordId"] == ord_id]


def _aged(world: World) -> None:
    world.venue.advance(world.rng.choice(AGES_MS))


def _wound(place: Place, name: str, veil: Veil, **more: Any) -> Wound:
    items = ((name, SIZE),)
    return wound("A B F K M", place, place[0], items=items, show=veil.lift, **more)


def _one_fill(world: World, *, order: bool = True, bill: bool = True, at: bool = True) -> Course:
    """An order that adds, executed at once; what is False shows as before."""
    name, place = sole(world)
    held, way = world.net(place), 1 if world.net(place) > 0 else -1
    way = {"long": 1, "short": -1}.get(place[2], way)
    yield
    outcome = unseen(world) if order else "ACCEPTED"
    ord_id = world.open(name, place, way=way, booked=False, outcome=outcome)
    veil = Veil(world)
    for row in _executed(world, ord_id):
        veil.fill(row["tradeId"])
        if not bill:
            veil.bill(row["tradeId"])
    if not order:
        veil.order(ord_id)
    if not at:
        veil.position(place, held)
    _aged(world)
    return _wound(place, name, veil, asks=at and not (order or bill))


def fill(world: World) -> Course:
    """Its order, its bill and its position show."""
    return _one_fill(world)


def fill_order(world: World) -> Course:
    """Its order alone shows."""
    return _one_fill(world, bill=False, at=False)


def fill_bill(world: World) -> Course:
    """Its bill alone shows."""
    return _one_fill(world, order=False, at=False)


def fill_position(world: World) -> Course:
    """Its position alone shows."""
    return _one_fill(world, order=False, bill=False)


def close(world: World) -> Course:
    """An own order has closed a position; its execution is hidden, all else shows."""
    name, place = sole(world)
    yield
    ord_id = world.close(name, place, abs(world.net(place)), booked=False, outcome=unseen(world))
    veil = Veil(world)
    for row in _executed(world, ord_id):
        veil.fill(row["tradeId"])
    _aged(world)
    return _wound(place, name, veil)


def _in_part(world: World, place: Place, name: str, *, outcome: str) -> str:
    """An order at the market's price of which a part was executed, and the rest rests."""
    lot = Decimal(LOTS[place[0]])
    part = lot * world.rng.randint(1, 20)
    way = {"long": 1, "short": -1}.get(place[2], 1 if world.net(place) > 0 else -1)
    world.venue.do(SetPartial(inst_id=place[0], sz=format(part, "f")))
    sz = part + lot * world.rng.randint(1, 20)
    px = world.px[place[0]]
    return world.open(name, place, sz, way, booked=False, outcome=outcome, px=px)


def part_canceled(world: World) -> Course:
    """An order canceled after a part of it was executed; everything shows."""
    name, place = sole(world)
    yield
    ord_id = _in_part(world, place, name, outcome=unseen(world))
    world.venue.do(CancelOrders(orders=(OrderRef(inst_id=place[0], ord_id=ord_id),)))
    _aged(world)
    return wound("A M", place, items=((name, SIZE),), proven=True)


def part_canceled_late(world: World) -> Course:
    """The same, and the execution is hidden for a while; now and then its order alone shows."""
    name, place = sole(world)
    held, alone = world.net(place), world.rng.random() < 0.5
    yield
    ord_id = _in_part(world, place, name, outcome=unseen(world))
    world.venue.do(CancelOrders(orders=(OrderRef(inst_id=place[0], ord_id=ord_id),)))
    veil = Veil(world)
    for row in _executed(world, ord_id):
        veil.fill(row["tradeId"])
        if alone:
            veil.bill(row["tradeId"])
    if alone:
        veil.position(place, held)
    _aged(world)
    return _wound(place, name, veil)


def second_part(world: World) -> Course:
    """Of an order executed in two parts the second is hidden, or the first."""
    name, place = sole(world)
    yield
    ord_id = _in_part(world, place, name, outcome=unseen(world))
    world.venue.advance(1_000)
    world.move(place[0], world.px[place[0]])
    fills = _executed(world, ord_id)
    veil = Veil(world)
    veil.fill(world.rng.choice(fills)["tradeId"])
    _aged(world)
    return _wound(place, name, veil)


def older(world: World) -> Course:
    """It is older than all that was booked since: the watermark has passed it."""
    name, place = sole(world)
    way = {"long": 1, "short": -1}.get(place[2], 1 if world.net(place) > 0 else -1)
    yield
    ord_id = world.open(name, place, way=way, booked=False, outcome=unseen(world))
    veil = Veil(world)
    for row in _executed(world, ord_id):
        veil.fill(row["tradeId"])
    world.venue.advance(world.rng.choice((1_000, LONG_MS)))
    elsewhere = world.free(mgn_mode="cross")
    world.open(someone(world), elsewhere)
    _aged(world)
    return _wound(place, name, veil)
