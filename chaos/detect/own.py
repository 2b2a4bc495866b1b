"""What the system did itself and did not write down."""

from __future__ import annotations

from decimal import Decimal

from chaos.detect.stage import OWNER, SIZE, Course, late, sole, someone, two, unseen, wound
from chaos.detect.world import LOTS, World
from chaos.instruments import CONTRACTS
from fakeokx.engine.commands import CancelOrders, OrderRef, SetPartial


def own_fill(world: World) -> Course:
    """Own fill not booked."""
    name, place = sole(world)
    way = 1 if world.net(place) > 0 else -1
    yield
    world.open(name, place, way=way, booked=False, outcome=unseen(world))
    late(world)
    return wound("A", place, items=((name, SIZE),))


def own_close(world: World) -> Course:
    """Own close not booked."""
    name, place = sole(world)
    yield
    world.close(name, place, booked=False, outcome=unseen(world))
    late(world)
    return wound("B", place, items=((name, SIZE),))


def own_flip(world: World) -> Course:
    """Own reversal not booked."""
    name, place = sole(world)
    held = world.held(name, place)
    yield
    side = "sell" if held > 0 else "buy"
    sz = abs(held) + world.size(place[0])
    world.trade(name, place, side, sz, booked=False, outcome=unseen(world))
    late(world)
    return wound("A B D", place, items=((name, SIZE),))


def own_partial(world: World) -> Course:
    """Partial fill not booked."""
    name, place = sole(world)
    way = 1 if world.net(place) > 0 else -1
    sz = Decimal(LOTS[place[0]]) * world.rng.randint(2, 50)
    yield
    part = Decimal(LOTS[place[0]]) * world.rng.randint(1, int(sz / Decimal(LOTS[place[0]])) - 1)
    world.venue.do(SetPartial(inst_id=place[0], sz=format(part, "f")))
    world.open(name, place, sz, way, booked=False, outcome=unseen(world), px=world.px[place[0]])
    late(world)
    return wound("M", place, items=((name, SIZE),))


def offsetting(world: World) -> Course:
    """Two agents trade against each other's side: the account's position does not move."""
    one, other = two(world)
    place = world.free()
    sz = world.size(place[0])
    yield
    world.trade(one, place, "buy", sz, booked=False, outcome=unseen(world))
    world.trade(other, place, "sell", sz, booked=False, outcome=unseen(world))
    late(world)
    return wound("A B", place, items=((one, SIZE), (other, SIZE)))


def intent_lost(world: World) -> Course:
    """An order of which nobody knows: never arrived, or arrived and was canceled unfilled."""
    name, place = someone(world), world.place()
    sz, side = world.size(place[0]), world.rng.choice(("buy", "sell"))
    yield
    cl_ord_id = world.name(name)
    outcome = world.rng.choice(("PENDING", "UNKNOWN"))
    if world.rng.random() < 0.5:
        world.intend(name, place, side, sz, outcome, cl_ord_id)
    else:
        side = {"long": "buy", "short": "sell"}.get(place[2], side)
        px = world.px[place[0]] * (Decimal("0.8") if side == "buy" else Decimal("1.2"))
        px = CONTRACTS[place[0]].on_tick(px)
        ord_id = world.trade(
            name, place, side, sz, px=px, booked=False, outcome=outcome, cl_ord_id=cl_ord_id
        )
        world.venue.do(CancelOrders(orders=(OrderRef(inst_id=place[0], ord_id=ord_id),)))
    late(world)
    return wound("F", cl_ord_id, items=((name, OWNER),))


def id_twice(world: World) -> Course:
    """A second order went out under the clOrdId of one that had ended."""
    name, place = someone(world), world.free()
    cl_ord_id = world.name(name)
    world.open(name, place, cl_ord_id=cl_ord_id, way=1)
    yield
    ord_id = world.open(name, place, cl_ord_id=cl_ord_id, way=1, booked=False, sent=False)
    world.doubtful.add(ord_id)
    late(world)
    return wound("I", cl_ord_id, place[0], items=((name, SIZE),))


def resting_unknown(world: World) -> Course:
    """An order of ours rests, and its intent is gone."""
    name, place = someone(world), world.free()
    yield
    px = CONTRACTS[place[0]].on_tick(world.px[place[0]] * Decimal("0.8"))
    side = "sell" if place[2] == "short" else "buy"
    px = px if side == "buy" else CONTRACTS[place[0]].on_tick(world.px[place[0]] * Decimal("1.2"))
    world.trade(name, place, side, world.size(place[0]), px=px, booked=False, outcome="")
    late(world)
    return wound("G I", place[0], name)
