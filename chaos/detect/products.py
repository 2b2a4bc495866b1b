"""Contracts that end, are settled or change their size; products that the books do not keep."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial

from chaos.detect.stage import SIZE, Course, late, shared, sole, two, wound
from chaos.detect.world import FUTURE, World
from fakeokx.engine.commands import Deliver, Rescale, Settle

ONLY_FUTURE = (FUTURE,)


def _deliver(world: World) -> None:
    world.venue.advance(world.rng.randint(1_000, 600_000))
    move = Decimal(world.rng.randint(950, 1050)) / 1000
    px = world.on_tick(FUTURE, world.px[FUTURE] * move)
    world.venue.do(Deliver(inst_id=FUTURE, px=format(px, "f")))
    late(world)


def delivered_sole(world: World) -> Course:
    """A future is delivered that one agent holds; the exchange lists it no more."""
    name, place = sole(world, inst_ids=ONLY_FUTURE)
    yield
    _deliver(world)
    return wound("B", place, items=((name, SIZE),))


def delivered_shared(world: World) -> Course:
    """The same of several holders."""
    names, place, _ = shared(world, inst_ids=ONLY_FUTURE)
    yield
    _deliver(world)
    return wound("B", place, items=tuple((name, SIZE) for name in names))


def delivered_opposed(world: World) -> Course:
    """The same of agents that stand against each other, under net."""
    one, other = two(world)
    place = world.free(inst_ids=ONLY_FUTURE)
    sz = world.size(FUTURE) + world.size(FUTURE)
    world.trade(one, place, "buy", sz)
    world.trade(other, place, "sell", world.lots(FUTURE, sz / 3))
    yield
    _deliver(world)
    return wound("B", place, items=((one, SIZE), (other, SIZE)))


def settled(world: World) -> Course:
    """The daily settlement of a future: its average price moves, and money is paid."""
    shared(world, inst_ids=ONLY_FUTURE)
    yield
    for _ in range(world.rng.randint(1, 3)):
        world.venue.advance(world.rng.randint(1_000, 600_000))
        move = Decimal(world.rng.randint(960, 1040)) / 1000
        px = world.on_tick(FUTURE, world.px[FUTURE] * move)
        world.venue.do(Settle(inst_id=FUTURE, px=format(px, "f")))
    late(world)
    return wound("K", harmless=True)


def rescaled(world: World, *, history: bool, many: bool, stop: bool = False) -> Course:
    """The contract is another size: positions and resting orders are counted in new contracts."""
    if many:
        names, place, _ = shared(world)
    else:
        name, place = sole(world)
        names = [name]
    if stop:
        is_long = place[2] == "long" or (place[2] == "net" and world.net(place) > 0)
        px = world.px[place[0]] * Decimal("0.9" if is_long else "1.1")
        world.protect(names[0], place, px)
    yield
    factor = Decimal(world.rng.choice(("10", "100", "0.1")))
    last = max((int(row["billId"]) for row in world.venue.fills()), default=0)
    word = "true" if history else "false"
    world.venue.do(Rescale(inst_id=place[0], factor=format(factor, "f"), history=word))
    if not history:
        world.rescaled.append((place[0], last, factor))
    late(world)
    items = tuple((name, SIZE) for name in names)
    return wound("E", place, place[0], items=items, proven=True)


def rescaled_all(world: World) -> Course:
    """The history is told in new contracts, too."""
    return rescaled(world, history=True, many=False)


def rescaled_now(world: World) -> Course:
    """The history is told in the contracts of then."""
    return rescaled(world, history=False, many=False)


def rescaled_shared(world: World) -> Course:
    """Several holders."""
    return rescaled(world, history=world.rng.random() < 0.5, many=True)


def rescaled_stop(world: World) -> Course:
    """A stop waits."""
    return rescaled(world, history=world.rng.random() < 0.5, many=True, stop=True)


def foreign(kind: str, inst_id: str, world: World) -> Course:
    """Somebody uses the account for a product that is not ours; "": nothing of it is held."""
    sole(world)
    yield
    world.venue.foreign(kind)
    late(world)
    return wound("J", inst_id) if inst_id else wound("K", harmless=True)


def copied(world: World) -> Course:
    """A copy trader's orders on a contract of ours that no agent holds."""
    place = world.free(inst_ids=("DOGE-USDT-SWAP",), mgn_mode="cross")
    yield
    world.venue.foreign("copy_trading")
    late(world)
    return wound("J", place[0], (*place[:2], "long" if world.hedged else "net"))


FOREIGN: tuple[tuple[str, str, str, Callable[[World], Course]], ...] = tuple(
    (name, zh, en, partial(foreign, kind, inst_id))
    for name, zh, en, kind, inst_id in (
        ("option", "期权持仓", "an option", "option", "BTC-USD-301227-60000-C"),
        ("margin", "杠杆持仓（同名两行）", "margin, two rows", "margin_cross", "BTC-USDT"),
        ("margin-isolated", "逐仓杠杆", "isolated margin", "margin_isolated", "ETH-USDT"),
        ("margin-life", "已平杠杆（数值为空）", "a margin life, empty", "margin_life", ""),
        ("inverse", "币本位永续", "an inverse swap", "inverse", "BTC-USD-SWAP"),
        ("usdc", "USDC 永续", "a USDC swap", "usdc", "BTC-USDC-SWAP"),
        ("coin-future", "币本位交割", "a coin future", "coin_future", "BTC-USD-301227"),
        ("delisted", "已下架合约的成交", "a delisted contract", "delisted", ""),
    )
)
