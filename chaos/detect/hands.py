"""Trades by hand on what several agents hold: everything closed, a part of it, turned over."""

from __future__ import annotations

from decimal import Decimal

from chaos.detect.stage import DIRECTION, SIZE, Course, late, shared, wound
from chaos.detect.world import LOTS, Place, World


def _sizes(names: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, SIZE) for name in names)


def close_all(world: World) -> Course:
    """Everything that several agents hold together is closed by hand, at once or in parts."""
    names, place, _ = shared(world)
    yield
    left = abs(world.net(place))
    part = Decimal(LOTS[place[0]]) * world.rng.randint(1, int(left / Decimal(LOTS[place[0]])))
    world.close(None, place, part, booked=False)
    if left > part:
        late(world)
        world.close(None, place, left - part, booked=False)
    late(world)
    return wound("B", place, items=_sizes(names), flat=(place,))


def close_part(world: World) -> Course:
    """A part of what several agents hold together is closed by hand."""
    names, place, _ = shared(world)
    yield
    lots = int(abs(world.net(place)) / Decimal(LOTS[place[0]]))
    world.close(None, place, Decimal(LOTS[place[0]]) * world.rng.randint(1, lots - 1), booked=False)
    late(world)
    return wound("B", place, items=_sizes(names))


def flip(world: World) -> Course:
    """More than what several agents hold together is traded against them, under net."""
    names, place, way = shared(world)
    yield
    sz = abs(world.net(place)) + world.size(place[0])
    world.trade(None, place, "sell" if way > 0 else "buy", sz, booked=False)
    late(world)
    items = tuple((name, DIRECTION) for name in names)
    return wound("D", place, items=items)


def flip_hedged(world: World) -> Course:
    """One side is closed by hand, and the other one opened."""
    names, place, _ = shared(world)
    other: Place = (place[0], place[1], "short" if place[2] == "long" else "long")
    yield
    held = world.net(place)
    world.close(None, place, held, booked=False)
    world.open(None, other, held, booked=False)
    late(world)
    return wound("B D", place, items=_sizes(names), flat=(place,))
