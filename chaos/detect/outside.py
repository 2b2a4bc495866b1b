"""What the exchange or somebody's hand did while nobody looked, with its rows or without.

Where rows are lost, money is that nobody can account for: that keeps everything shut.
"""

from __future__ import annotations

from decimal import Decimal

from chaos.detect.stage import DIRECTION, OWNER, SIZE, Course, late, lose, shared, sole, wound
from chaos.detect.world import LOTS, Place, World
from fakeokx.engine.commands import (
    Adl,
    AlgoRef,
    CancelAlgos,
    CancelOrders,
    Liquidate,
    OrderRef,
    SetPositionMode,
)


def _exit(world: World, leg: str) -> Course:
    name, place = sole(world)
    held, px = world.held(name, place), world.px[place[0]]
    is_long = place[2] == "long" or (place[2] == "net" and held > 0)
    far = Decimal("0.97") if is_long == (leg == "sl") else Decimal("1.03")
    world.protect(name, place, px * far, leg)
    yield
    world.venue.advance(world.rng.randint(100, 60_000))
    world.move(place[0], px * (far - 1) * Decimal("1.5") + px)
    late(world)
    return wound("B", place, items=((name, SIZE),))


def stop_fired(world: World) -> Course:
    """Stop fired."""
    return _exit(world, "sl")


def take_profit_fired(world: World) -> Course:
    """Take-profit fired."""
    return _exit(world, "tp")


def _force(world: World, place: Place, how: str) -> None:
    named = {"inst_id": place[0], "mgn_mode": place[1]}
    named |= {} if place[2] == "net" else {"pos_side": place[2]}
    if how == "liquidation":
        world.venue.do(Liquidate(**named))
    else:
        lots = int(abs(world.net(place)) / Decimal(LOTS[place[0]]))
        sz = Decimal(LOTS[place[0]]) * world.rng.randint(1, lots)
        world.venue.do(Adl(**named, sz=format(sz, "f")))
    late(world)


def liquidation_sole(world: World) -> Course:
    """Liquidation, one holder."""
    name, place = sole(world)
    yield
    _force(world, place, "liquidation")
    return wound("B", place, items=((name, SIZE),))


def adl_sole(world: World) -> Course:
    """ADL, one holder."""
    name, place = sole(world)
    yield
    _force(world, place, "adl")
    return wound("B", place, items=((name, SIZE),))


def liquidation_shared(world: World) -> Course:
    """Liquidation, shared."""
    names, place, _ = shared(world)
    yield
    _force(world, place, "liquidation")
    return wound("B", place, items=tuple((name, SIZE) for name in names))


def adl_shared(world: World) -> Course:
    """ADL, shared."""
    names, place, _ = shared(world)
    yield
    _force(world, place, "adl")
    return wound("B", place, items=tuple((name, SIZE) for name in sorted(names)[:1]))


def manual_open(world: World) -> Course:
    """Opened by hand."""
    place = world.free()
    yield
    world.open(None, place, booked=False)
    late(world)
    return wound("J", place)


def manual_add(world: World) -> Course:
    """Added to by hand."""
    _, place = sole(world)
    way = 1 if world.net(place) > 0 else -1
    yield
    world.open(None, place, way=way, booked=False)
    late(world)
    return wound("J", place)


def manual_close_sole(world: World) -> Course:
    """Closed by hand, one holder."""
    name, place = sole(world)
    yield
    world.close(None, place, booked=False)
    late(world)
    return wound("B", place, items=((name, SIZE),))


def manual_close_shared(world: World) -> Course:
    """Closed by hand, shared."""
    names, place, _ = shared(world)
    yield
    world.close(None, place, booked=False)
    late(world)
    return wound("B", place, items=tuple((name, SIZE) for name in names))


def manual_flip(world: World) -> Course:
    """Turned over by hand."""
    name, place = sole(world)
    held = world.held(name, place)
    yield
    sz = abs(held) + world.size(place[0])
    world.trade(None, place, "sell" if held > 0 else "buy", sz, booked=False)
    late(world)
    return wound("D", place, items=((name, DIRECTION),))


def manual_flip_hedged(world: World) -> Course:
    """Long closed and short opened by hand, or the reverse."""
    name, place = sole(world)
    other = (place[0], place[1], "short" if place[2] == "long" else "long")
    held = world.held(name, place)
    yield
    world.close(None, place, held, booked=False)
    world.open(None, other, held, booked=False)
    late(world)
    return wound("B D", place, items=((name, SIZE),))


def moved_without_trace(world: World) -> Course:
    """The position is another one, and no list of the exchange says why."""
    name, place = sole(world)
    yield
    if world.rng.random() < 0.5:
        ord_id = world.close(None, place, booked=False)
    else:
        way = 1 if world.net(place) > 0 else -1
        ord_id = world.open(None, place, way=way, booked=False)
    lose(world, ord_id)
    late(world)
    return wound("A B E", place, items=((name, SIZE),), stops=True)


def appeared_without_trace(world: World) -> Course:
    """Position without origin."""
    place = world.free()
    yield
    lose(world, world.open(None, place, booked=False))
    late(world)
    return wound("A", place, stops=True)


def vanished(world: World) -> Course:
    """A position is gone, and neither lists nor lives nor bills say why: no list is believed."""
    name, place = sole(world)
    yield
    lose(world, world.close(None, place, abs(world.held(name, place)), booked=False))
    world.venue.bend(
        "account/positions-history", lambda row: None if row["instId"] == place[0] else row
    )
    late(world)
    return wound("B", place, items=((name, SIZE),), stops=True)


def mgn_mode_changed(world: World) -> Course:
    """Margin mode changed."""
    name, place = sole(world, mgn_mode="cross")
    held = world.held(name, place)
    yield
    lose(world, world.close(None, place, abs(held), booked=False))
    isolated = (place[0], "isolated", place[2])
    way = 1 if held > 0 else -1
    lose(world, world.open(None, isolated, abs(held), way=way, booked=False))
    late(world)
    return wound("L", place, place[0], items=((name, SIZE),), stops=True)


def pos_mode_changed(world: World) -> Course:
    """Everything was closed and the account set to the other mode; the lists do not tell."""
    name, place = sole(world)
    yield
    for order in list(world.venue.venue.main.open_orders.values()):
        ref = OrderRef(inst_id=order.inst_id, ord_id=str(order.ord_id))
        world.venue.do(CancelOrders(orders=(ref,)))
    for algo in list(world.venue.venue.main.open_algos.values()):
        gone = AlgoRef(inst_id=algo.inst_id, algo_id=str(algo.algo_id))
        world.venue.do(CancelAlgos(algos=(gone,)))
    for key in list(world.venue.venue.main.open_positions):
        held = (key.inst_id, key.mgn_mode, key.pos_side)
        lose(world, world.close(None, held, abs(world.net(held)), booked=False))
    mode = "net_mode" if world.hedged else "long_short_mode"
    world.venue.do(SetPositionMode(pos_mode=mode))
    late(world)
    return wound("L", place, items=((name, SIZE), (name, DIRECTION), (name, OWNER)), stops=True)
