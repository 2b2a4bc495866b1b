"""Stops that did something else than close their owner's position at once.

A stop follows its child: it may rest, be executed in part, be canceled, or become smaller with the
position. A stop that closes a fraction of the account's position, or more than its owner still
holds, closes other agents' contracts. Stops that come with an order stand after it, in the size of
what that order executed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chaos.detect.stage import SIZE, Course, late, shared, sole, two, unseen, wound
from chaos.detect.world import LOTS, Place, World
from fakeokx.engine.commands import CancelOrders, OrderRef, SetPartial

TRIGGER, GAP, NEAR = Decimal("0.03"), Decimal("0.06"), Decimal("0.01")


def _is_long(world: World, name: str, place: Place) -> bool:
    return place[2] == "long" or (place[2] == "net" and world.held(name, place) > 0)


def _away(world: World, name: str, place: Place, share: Decimal) -> Decimal:
    """A price so far against the holder."""
    sign = -1 if _is_long(world, name, place) else 1
    return world.px[place[0]] * (1 + sign * share)


def _child(world: World, algo_id: str) -> str:
    """The ordId of what a stop became."""
    rows = [row for row in world.venue.orders() if row["algoId"] == algo_id]
    return str(rows[-1]["ordId"]) if rows else ""


def _resting(world: World) -> tuple[str, Place, str, str]:
    """A stop-limit of an agent, whose price was jumped over: its child rests."""
    name, place = sole(world)
    limit = _away(world, name, place, TRIGGER - NEAR)
    px = _away(world, name, place, TRIGGER)
    algo_id = world.protect(name, place, px, ord_px=limit)
    cl_ord_id = next(one.cl_ord_id for one in world.state.intents.values() if one.ord_id == algo_id)
    return name, place, algo_id, cl_ord_id


def _fire(world: World, name: str, place: Place) -> None:
    world.venue.advance(world.rng.randint(100, 60_000))
    world.move(place[0], _away(world, name, place, GAP))


def limit_rests(world: World) -> Course:
    """A stop-limit fired, and its child rests."""
    name, place, _, cl_ord_id = _resting(world)
    yield
    _fire(world, name, place)
    late(world)
    return wound("F", cl_ord_id)


def limit_partly(world: World) -> Course:
    """The child was executed in part, and rests."""
    name, place, _, cl_ord_id = _resting(world)
    yield
    px = _away(world, name, place, TRIGGER - NEAR)
    held = abs(world.held(name, place))
    _fire(world, name, place)
    if held > Decimal(LOTS[place[0]]):
        part = world.lots(place[0], held / 2)
        world.venue.do(SetPartial(inst_id=place[0], sz=format(part, "f")))
    world.move(place[0], px)
    late(world)
    return wound("B F M", place, cl_ord_id, items=((name, SIZE),))


def limit_canceled(world: World) -> Course:
    """The child rested, and was canceled by hand, after a part of it or none."""
    name, place, algo_id, cl_ord_id = _resting(world)
    yield
    _fire(world, name, place)
    child = _child(world, algo_id)
    world.venue.do(CancelOrders(orders=(OrderRef(inst_id=place[0], ord_id=child),)))
    late(world)
    return wound("F", cl_ord_id)


def limit_shrunk(world: World) -> Course:
    """The child rests, and the position that it reduces becomes smaller by hand: it does, too."""
    name, place, _, cl_ord_id = _resting(world)
    yield
    _fire(world, name, place)
    held = abs(world.held(name, place))
    part = world.lots(place[0], held / 3)
    if part < held:
        world.close(None, place, part, booked=False)
    else:
        world.close(None, place, held, booked=False)
    late(world)
    return wound("B F M", place, cl_ord_id, items=((name, SIZE),))


def close_fraction(world: World) -> Course:
    """A stop of one agent that closes the whole position of the account, others' contracts too."""
    names, place, _ = shared(world)
    px = _away(world, names[0], place, TRIGGER)
    algo_id = world.protect(names[0], place, px, whole=True)
    yield
    _fire(world, names[0], place)
    world.doubtful.add(_child(world, algo_id))
    late(world)
    return wound("B", place, items=tuple((name, SIZE) for name in names), flat=(place,))


def closes_others(world: World) -> Course:
    """A stop for more than its owner still holds, who had closed a part and kept the stop."""
    names, place, _ = shared(world)
    name = names[0]
    px = _away(world, name, place, TRIGGER)
    algo_id = world.protect(name, place, px)
    held = abs(world.held(name, place))
    world.close(name, place, world.lots(place[0], held / 2))
    yield
    _fire(world, name, place)
    world.doubtful.add(_child(world, algo_id))
    late(world)
    return wound("B", place, items=tuple((each, SIZE) for each in names))


def alone(world: World) -> Course:
    """A stop rests whose position its owner has closed."""
    name, place = sole(world)
    world.protect(name, place, _away(world, name, place, TRIGGER))
    yield
    world.close(name, place, abs(world.held(name, place)), booked=False, outcome=unseen(world))
    late(world)
    return wound("G", place[0], name)


# Stops that come with an order -------------------------------------------------------------------


def _with_stop(world: World, name: str, place: Place, registered: bool, **how: Any) -> str:
    """An order that opens, with a stop attached; its attachAlgoClOrdId."""
    way = 1 if place[2] != "short" else -1
    sz = world.lots(place[0], world.size(place[0]) + Decimal(LOTS[place[0]]))
    side = "buy" if way > 0 else "sell"
    stop = world.name(name) if registered else f"sl{world.rng.randrange(10**9)}"
    parent = world.name(name)
    px = world.on_tick(place[0], world.px[place[0]] * (1 - way * TRIGGER))
    rows = ({"attachAlgoClOrdId": stop, "slTriggerPx": format(px, "f"), "slOrdPx": "-1"},)
    known: dict[str, Any] = {"booked": False, "outcome": unseen(world)} | how
    world.trade(name, place, side, sz, cl_ord_id=parent, attached=rows, **known)
    for algo in world.venue.venue.algos.values():
        if algo.algo_cl_ord_id == stop:
            world.sent[str(algo.algo_id)] = name
    if registered:
        world.intend(
            name, place, "sell" if way > 0 else "buy", sz, "PENDING", stop, kind="algo",
            ord_type="conditional", parent=parent, reduce_only=place[2] == "net", trigger_px=px,
        )  # fmt: skip
    return stop


def _lone(world: World) -> tuple[str, Place]:
    return two(world)[0], world.free()


def _waiting(world: World, registered: bool) -> Course:
    name, place = _lone(world)
    yield
    stop = _with_stop(world, name, place, registered)
    late(world)
    return wound("F", stop, items=((name, SIZE),))


def attached_waits(world: World) -> Course:
    """A stop that came with an order stands; the books know its id."""
    return _waiting(world, registered=True)


def attached_foreign(world: World) -> Course:
    """The same with an id that the strategy chose itself."""
    return _waiting(world, registered=False)


def _fired(world: World, registered: bool) -> Course:
    name, place = _lone(world)
    other = next(each for each in world.agents if each != name)
    way = 1 if place[2] != "short" else -1
    world.open(other, place, way=way)
    yield
    stop = _with_stop(world, name, place, registered)
    world.venue.advance(world.rng.randint(100, 60_000))
    world.move(place[0], world.px[place[0]] * (1 - way * GAP))
    late(world)
    return wound("A B F", place, stop)


def attached_fired(world: World) -> Course:
    """A stop that came with an order fired, beside another holder."""
    return _fired(world, registered=True)


def attached_foreign_fired(world: World) -> Course:
    """The same with an id that the strategy chose itself."""
    return _fired(world, registered=False)


def _survives(world: World, registered: bool) -> Course:
    name, place = _lone(world)
    yield
    lot = Decimal(LOTS[place[0]])
    world.venue.do(SetPartial(inst_id=place[0], sz=format(lot, "f")))
    stop = _with_stop(world, name, place, registered, px=world.px[place[0]], outcome="ACCEPTED")
    parent = world.venue.orders()[-1]["ordId"]
    world.venue.do(CancelOrders(orders=(OrderRef(inst_id=place[0], ord_id=parent),)))
    late(world)
    return wound("A F M", place, stop, name, items=((name, SIZE),))


def attached_survives(world: World) -> Course:
    """Its order was executed in part and canceled: the stop stands, in the size of the part."""
    return _survives(world, registered=True)


def attached_foreign_survives(world: World) -> Course:
    """The same with an id that the strategy chose itself."""
    return _survives(world, registered=False)
