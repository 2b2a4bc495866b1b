"""What is wrong in the books themselves, with nothing at the exchange to explain it."""

from __future__ import annotations

from decimal import Decimal

from chaos.detect.stage import DIRECTION, OWNER, SIZE, Course, late, shared, sole, wound
from chaos.detect.world import Place, World
from chaos.instruments import CONTRACTS, INST_IDS
from prometheus_persist.state import PositionKey, contracts
from prometheus_persist.state.models import DEAD


def _behind(world: World, book: str) -> Course:
    name, place = sole(world)
    old = getattr(world.state, book)[name]
    if world.rng.random() < 0.5:
        world.close(name, place)
    else:
        world.open(name, place, way=1 if world.net(place) > 0 else -1)
    yield
    getattr(world.state, book)[name] = old
    late(world)
    return wound("C", name, items=((name, SIZE),))


def private_behind(world: World) -> Course:
    """Private ledger behind."""
    return _behind(world, "private_ledgers")


def public_behind(world: World) -> Course:
    """Public ledger behind."""
    return _behind(world, "public_accounts")


def conflict(world: World) -> Course:
    """Ledgers conflict, equal version."""
    name, place = sole(world)
    book = world.rng.choice(("private_ledgers", "public_accounts"))
    yield
    rows = getattr(world.state, book)[name].positions
    more = contracts(world.held(name, place) * 2)
    world.edit(
        book,
        name,
        positions=[
            row.model_copy(update={"qty_contracts": more})
            if row.key == PositionKey(*place)
            else row
            for row in rows
        ],
    )
    late(world)
    return wound("C", name, items=((name, SIZE),))


def size_edited(world: World) -> Course:
    """Size edited in both ledgers."""
    name, place = sole(world)
    held = world.held(name, place)
    yield
    more = world.size(place[0]) * (1 if held > 0 else -1)
    _requantify(world, name, place, held + more)
    late(world)
    return wound("A B E", place, items=((name, SIZE),), proven=True)


def removed(world: World) -> Course:
    """A position is gone from both ledgers."""
    names, place, _ = shared(world)
    yield
    world.edit_both(names[0], lambda _: None, place)
    late(world)
    return wound("A D", place)


def direction_edited(world: World) -> Course:
    """Direction edited in both."""
    name, place = sole(world)
    yield
    if world.hedged:
        other = "short" if place[2] == "long" else "long"
        world.edit_both(name, lambda row: row.model_copy(update={"pos_side": other}), place)
    else:
        _requantify(world, name, place, -world.held(name, place))
    late(world)
    return wound("D", place, items=((name, DIRECTION),))


def units_multiplied(world: World) -> Course:
    """Unit mismatch, × ctVal."""
    return _units(world, through=False)


def units_divided(world: World) -> Course:
    """Unit mismatch, ÷ ctVal."""
    return _units(world, through=True)


def _units(world: World, *, through: bool) -> Course:
    odd = tuple(each for each in INST_IDS if CONTRACTS[each].ct_val != 1)
    name, place = sole(world, inst_ids=odd)
    held, ct_val = world.held(name, place), CONTRACTS[place[0]].ct_val
    yield
    _requantify(world, name, place, held / ct_val if through else held * ct_val)
    late(world)
    return wound("E", place, items=((name, SIZE),))


def units_shared(world: World) -> Course:
    """One of several owners of a key counts in base currency."""
    odd = tuple(each for each in INST_IDS if CONTRACTS[each].ct_val != 1)
    name, place = sole(world, inst_ids=odd)
    other = next(each for each in world.agents if each != name)
    held = world.held(name, place)
    world.open(other, place, way=1 if held > 0 else -1)
    yield
    _requantify(world, name, place, held * CONTRACTS[place[0]].ct_val)
    late(world)
    return wound("A B E", place, items=((name, SIZE),))


def _requantify(world: World, name: str, place: Place, quantity: Decimal) -> None:
    new = contracts(quantity)
    world.edit_both(name, lambda row: row.model_copy(update={"qty_contracts": new}), place)


def owner_swapped(world: World) -> Course:
    """Both ledgers moved a position to another agent: all sums are right."""
    name, place = sole(world)
    other = next(each for each in world.agents if each != name)
    yield
    row = next(
        each
        for each in world.state.private_ledgers[name].positions
        if each.key == PositionKey(*place)
    )
    world.edit_both(name, lambda _: None, place)
    for book in ("private_ledgers", "public_accounts"):
        rows = [*getattr(world.state, book)[other].positions, row]
        world.edit(book, other, positions=sorted(rows, key=lambda each: each.key))
    late(world)
    return wound("C", name, other, items=((name, OWNER), (other, OWNER)))


def agent_lost(world: World) -> Course:
    """The document of an agent that holds something is gone."""
    name, _ = sole(world)
    yield
    del world.state.agents[name]
    late(world)
    return wound("C", name, items=((name, OWNER),))


def holder_dead(world: World) -> Course:
    """Holder is dead."""
    name, place = sole(world)
    yield
    dead = {"state": DEAD, "death_reason": "detect"}
    world.state.agents[name] = world.state.agents[name].model_copy(update=dead)
    late(world)
    return wound("H", name, place, items=((name, OWNER),))


def ledger_lost(world: World) -> Course:
    """One of the two ledgers of an agent that holds something is gone."""
    name, _ = sole(world)
    yield
    del getattr(world.state, world.rng.choice(("private_ledgers", "public_accounts")))[name]
    late(world)
    return wound("C", name, items=((name, SIZE),))


def written_shared(world: World) -> Course:
    """Both ledgers of one of several holders were written: what was booked is still there."""
    names, place, _ = shared(world)
    name = world.rng.choice(names)
    yield
    held = world.held(name, place)
    _requantify(world, name, place, held + world.size(place[0]) * (1 if held > 0 else -1))
    late(world)
    return wound("A B E", place, items=((name, SIZE),), proven=True)


def capital_edited(world: World) -> Course:
    """The agent's own document says another capital than both its ledgers."""
    name, _ = sole(world)
    yield
    agent = world.state.agents[name]
    world.state.agents[name] = agent.model_copy(
        update={"current_capital": agent.current_capital + world.rng.choice((-1, 1))}
    )
    late(world)
    return wound("C", name, items=((name, "capital"),))
