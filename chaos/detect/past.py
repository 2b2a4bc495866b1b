"""Pasts that do not fit: older copies of the directory, other accounts, wrong clocks, late orders.

And what the exchange shows wrongly for once, and other stores beside this one.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chaos.detect.stage import OWNER, SIZE, Course, late, sole, someone, unseen, wound
from chaos.detect.world import CAPITAL, Place, World
from chaos.workload.in_process import DEMO, OTHER, Bend, Row
from fakeokx.engine.commands import Deposit, OpenAccount
from fakeokx.wire.auth import ApiKey
from prometheus_persist.state import Registry

EPOCH_LATER = 7
HOUR_MS = 3_600_000


def _resting_px(world: World, place: Place, side: str) -> Decimal:
    far = Decimal("0.8") if side == "buy" else Decimal("1.2")
    return world.on_tick(place[0], world.px[place[0]] * far)


def _later(world: World, name: str, place: Place, way: int, *, rests: bool) -> str:
    """An order of the life that the copy lacks; its clOrdId."""
    cl_ord_id = world.name(name, EPOCH_LATER)
    if rests:
        side = {"long": "buy", "short": "sell"}.get(place[2], "buy" if way > 0 else "sell")
        px = _resting_px(world, place, side)
        world.open(name, place, way=way, px=px, cl_ord_id=cl_ord_id, outcome="", booked=False)
    else:
        world.open(name, place, way=way, cl_ord_id=cl_ord_id, outcome="", booked=False)
    return cl_ord_id


def _older(world: World, executed: bool, rests: bool) -> Course:
    name, place = sole(world)
    way = 1 if world.net(place) > 0 else -1
    yield
    ids = [_later(world, name, place, way, rests=False)] if executed else []
    ids += [_later(world, name, place, way, rests=True)] if rests else []
    late(world)
    items = ((name, SIZE),) if executed else ()
    return wound("I", name, *ids, items=items)


def older_executed(world: World) -> Course:
    """An older copy of the directory: executed orders are missing in it."""
    return _older(world, executed=True, rests=False)


def older_resting(world: World) -> Course:
    """Resting orders are missing in it."""
    return _older(world, executed=False, rests=True)


def older_both(world: World) -> Course:
    """Both are."""
    return _older(world, executed=True, rests=True)


def older_whole(world: World) -> Course:
    """The directory of a while ago, with everything that was booked since missing in it."""
    name, place = sole(world)
    kept = world.kept()
    yield
    way = 1 if world.net(place) > 0 else -1
    try:
        world.open(name, place, way=way, cl_ord_id=world.name(name, EPOCH_LATER))
        world.close(name, place, cl_ord_id=world.name(name, EPOCH_LATER))
    finally:
        world.put_back(kept)
    late(world)
    return wound("I", name)


def _other(world: World, key: ApiKey, *, demo: bool) -> Course:
    """The keys are those of another account, with as much money."""
    sole(world)
    yield
    mode = "long_short_mode" if world.hedged else "net_mode"
    world.venue.do(OpenAccount(account=key.account, pos_mode=mode))
    world.venue.do(Deposit(ccy="USDT", amt=format(CAPITAL * 100, "f"), account=key.account))
    world.venue.use(key, demo=demo)
    late(world)
    return wound("L", world.venue.uid, stops=True)


def other_account(world: World) -> Course:
    """Another account of real trading."""
    return _other(world, OTHER, demo=False)


def other_environment(world: World) -> Course:
    """The books are of real trading, the keys of demo trading."""
    return _other(world, DEMO, demo=True)


def clock_at_sending(world: World) -> Course:
    """The clock was wrong when an order left of which nobody knows the end."""
    name, place = sole(world)
    way = 1 if world.net(place) > 0 else -1
    yield
    world.clock.offset_ms = world.rng.choice((-1, 1)) * world.rng.randint(1, 30) * HOUR_MS
    world.open(name, place, way=way, booked=False, outcome=unseen(world))
    world.clock.offset_ms = 0
    late(world)
    return wound("A", place, items=((name, SIZE),))


def clock_at_restart(world: World) -> Course:
    """The clock is wrong when the system comes back."""
    name, place = sole(world)
    way = 1 if world.net(place) > 0 else -1
    yield
    world.open(name, place, way=way, booked=False, outcome=unseen(world))
    late(world)
    world.clock.offset_ms = world.rng.choice((-1, 1)) * world.rng.randint(1, 30) * HOUR_MS
    return wound("A", place, items=((name, SIZE),))


def _settled_absent(world: World, *, rests: bool) -> Course:
    name, place = sole(world)
    way = 1 if world.net(place) > 0 else -1
    side = {"long": "buy", "short": "sell"}.get(place[2], "buy" if way > 0 else "sell")
    cl_ord_id, sz = world.name(name), world.size(place[0])
    more: dict[str, Any] = {"reason": "never arrived"}
    yield
    world.intend(name, place, side, sz, "REJECTED", cl_ord_id, **more)
    px = _resting_px(world, place, side) if rests else None
    world.trade(name, place, side, sz, px=px, cl_ord_id=cl_ord_id, outcome="", booked=False)
    late(world)
    return wound("A F", cl_ord_id, items=() if rests else ((name, SIZE),))


def absent_rests(world: World) -> Course:
    """An order that was settled as never arrived shows up, resting."""
    return _settled_absent(world, rests=True)


def absent_executed(world: World) -> Course:
    """The same, executed."""
    return _settled_absent(world, rests=False)


def _believed_later(world: World, change: Bend) -> None:
    """The list of positions shows this for a while, and then what there is."""
    until_ms = world.venue.now_ms() + world.rng.randint(5_000, 50_000)

    def bent(row: Row) -> Row | None:
        return change(row) if world.venue.now_ms() < until_ms else row

    world.venue.bend("account/positions", bent)


def positions_empty(world: World) -> Course:
    """The exchange's list of positions is empty for a while, and nothing says why."""
    name, place = sole(world)
    yield
    late(world)
    _believed_later(world, lambda _: None)
    return wound("B", place, items=((name, SIZE),), stops=True, passes=True)


def position_missing(world: World) -> Course:
    """One position is missing in it."""
    name, place = sole(world)
    yield
    late(world)
    _believed_later(world, lambda row: None if row["instId"] == place[0] else row)
    return wound("B", place, items=((name, SIZE),), passes=True)


def position_shrunk(world: World) -> Course:
    """One position is smaller in it."""
    name, place = sole(world)
    world.open(name, place, way=1 if world.net(place) > 0 else -1)
    yield
    less = format(world.lots(place[0], abs(world.net(place)) / 2), "f")

    def smaller(row: Row) -> Row | None:
        sign = "-" if row["pos"].startswith("-") else ""
        return {**row, "pos": f"{sign}{less}"} if row["instId"] == place[0] else row

    late(world)
    _believed_later(world, smaller)
    return wound("B", place, items=((name, SIZE),), passes=True)


def two_stores(world: World) -> Course:
    """Another store trades on the account, with agents of the same names."""
    name, place = someone(world), world.free()
    other = Registry(store_id="e1e1").assign(*world.agents)
    yield
    cl_ord_id = other.cl_ord_id(name, 1, world.rng.randrange(10**6))
    world.open(None, place, booked=False, cl_ord_id=cl_ord_id, tag=other.rows[name].tag)
    late(world)
    return wound("J", place)


def two_stores_tag(world: World) -> Course:
    """The same with this store's own tag: an id that it never issued is not its own."""
    name, place = someone(world), world.free()
    other = Registry(store_id="e1e1").assign(*world.agents)
    yield
    cl_ord_id = other.cl_ord_id(name, 1, world.rng.randrange(10**6))
    tag = world.state.registry.rows[name].tag
    world.open(None, place, booked=False, cl_ord_id=cl_ord_id, tag=tag)
    late(world)
    return wound("J", place)


def look_up_fails(world: World) -> Course:
    """The exchange has no answer to the question for one order of ours, and only for that."""
    name, place = someone(world), world.place()
    sz, side = world.size(place[0]), world.rng.choice(("buy", "sell"))
    yield
    cl_ord_id = world.name(name)
    world.intend(name, place, side, sz, world.rng.choice(("PENDING", "UNKNOWN")), cl_ord_id)
    world.venue.fail(cl_ord_id)
    late(world)
    return wound("F", cl_ord_id, items=((name, OWNER),))
