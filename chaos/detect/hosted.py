"""Kinds of discrepancy in a host's own books: one thing goes wrong, and what is due of it.

A deed is given a life (``host_life.py``) whose books all agree, does one thing wrong, and says what
is due: ``cause`` of the one finding and whom it names, what becomes of it (AUTO through a door,
HUMAN, UNKNOWN), and which items of the host may not be a match, by ledger, agent, key and item.
``mend`` puts it right by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from chaos.detect.host_life import LEDGERS, HostLife, OwnPosition, Where
from chaos.detect.world import LOTS, Place
from fakeokx.engine.instruments import INSTRUMENTS

BY_DOOR = ("open", "close", "undo")
SIZED = ("size", "direction", "entry_px", "holding_time")
Item = tuple[str, Where, str]


@dataclass(frozen=True, slots=True)
class HostWound:
    """See the module. ``items`` are exactly those that are no match; ``shuts``: the instrument."""

    cause: str
    resolution: str
    agent: str
    place: Place
    items: frozenset[Item]
    mend: Callable[[], None] = lambda: None
    shuts: bool = True
    doors: int = 0


@dataclass(frozen=True, slots=True)
class HostDeed:
    """``doors`` are those that the host gives."""

    strike: Callable[[HostLife], HostWound]
    doors: tuple[str, ...] = BY_DOOR
    hedged: bool | None = None


def _fresh(life: HostLife) -> tuple[str, Place]:
    """An agent, and a key that nobody holds and it trades from now on; the books have agreed."""
    rng = life.world.rng
    agent = rng.choice(life.world.agents)
    for _ in range(200):
        place = life.place()
        if not any(life.held(name, place) for name in life.world.agents):
            return agent, place
    raise AssertionError("no key is free")


def _holding(life: HostLife) -> tuple[str, Place, Decimal]:
    """An agent that holds a key, and all books have agreed on it."""
    agent, place = _fresh(life)
    lots = Decimal(LOTS[place[0]]) * life.world.rng.randint(2, 300)
    way = life.world.rng.choice((1, -1)) if place[2] == "net" else 1
    life.trade(agent, place, lots * way)
    life.recover()
    life.world.drift()
    return agent, place, lots * way


def _since(life: HostLife, agent: str, place: Place, way: int) -> None:
    """Other executions there since then, each of another size: of no two sets the same sum."""
    for power in life.world.rng.sample((4, 8, 16), life.world.rng.randint(0, 2)):
        life.trade(agent, place, Decimal(LOTS[place[0]]) * power * way)
        life.world.drift()


def _all(
    agent: str, place: Place, items: tuple[str, ...], ledgers: tuple[str, ...] = LEDGERS
) -> frozenset[Item]:
    return frozenset((name, (agent, *place), item) for name in ledgers for item in items)


def _off(held: Decimal, due: Decimal) -> tuple[str, ...]:
    """The items of a position of another size; its side agrees where both have the same sign."""
    alike = (held > 0) == (due > 0) and (held < 0) == (due < 0)
    return ("size", "entry_px", "holding_time") if alike else SIZED


def lacks(life: HostLife) -> HostWound:
    """The host was not told of one execution."""
    agent, place, held = _holding(life)
    way = 1 if held > 0 else -1
    _since(life, agent, place, way)
    rows = life.trade(agent, place, Decimal(LOTS[place[0]]) * 2 * way, times=0)
    if life.world.rng.random() < 0.5:
        _since(life, agent, place, way)
    auto = bool(life.doors)

    def mend() -> None:
        for name in LEDGERS:
            life.heard(name, agent, place, rows)

    return HostWound(
        "cause.host_lacks", "AUTO" if auto else "HUMAN", agent, place,
        _all(agent, place, ("size", "entry_px", "holding_time")), mend, not auto, len(rows) * auto,
    )  # fmt: skip


def twice(life: HostLife) -> HostWound:
    """The host booked one execution a second time."""
    agent, place, held = _holding(life)
    way = 1 if held > 0 else -1
    _since(life, agent, place, way)
    rows = life.trade(agent, place, Decimal(LOTS[place[0]]) * 2 * way, times=2)
    auto = "undo" in life.doors

    def mend() -> None:
        for name in LEDGERS:
            for row in rows:
                signed = Decimal(row["fillSz"]) * way
                life.bot.undo(name, (agent, *place), signed, Decimal(row["fillPx"]))

    return HostWound(
        "cause.host_twice", "AUTO" if auto else "HUMAN", agent, place,
        _all(agent, place, ("size", "entry_px", "holding_time")), mend, not auto, len(rows) * auto,
    )  # fmt: skip


def one_ledger(life: HostLife) -> HostWound:
    """The host was interrupted between its two ledgers."""
    agent, place, held = _holding(life)
    way = 1 if held > 0 else -1
    rows = life.trade(agent, place, Decimal(LOTS[place[0]]) * 2 * way, times=0)
    late = life.world.rng.choice(LEDGERS)
    for name in LEDGERS:
        if name != late:
            life.heard(name, agent, place, rows)
    return HostWound(
        "cause.host_lacks", "HUMAN", agent, place,
        _all(agent, place, ("size", "entry_px", "holding_time"), (late,)),
        lambda: life.heard(late, agent, place, rows),
    )  # fmt: skip


def door_fails(life: HostLife) -> HostWound:
    """It lacks one, and its door does not book it."""
    agent, place, held = _holding(life)
    way = 1 if held > 0 else -1
    rows = life.trade(agent, place, Decimal(LOTS[place[0]]) * 2 * way, times=0)
    life.bot.careless = life.world.rng.choice(("door raises", "door does nothing"))

    def mend() -> None:
        for name in LEDGERS:
            life.heard(name, agent, place, rows)

    return HostWound(
        "cause.host_door_failed", "HUMAN", agent, place,
        _all(agent, place, ("size", "entry_px", "holding_time")), mend, doors=1,
    )  # fmt: skip


def _edited(
    life: HostLife, change: Callable[[OwnPosition, Place], None], items: tuple[str, ...], cause: str
) -> HostWound:
    """Something of one position is changed in one ledger or in both."""
    agent, place, _ = _holding(life)
    ledgers = life.world.rng.choice((LEDGERS, LEDGERS[:1], LEDGERS[1:]))
    where = (agent, *place)
    before = {}
    for name in ledgers:
        one = life.bot.ledger(name)[where]
        before[name] = (one.size, one.px, one.since)
    for name in ledgers:
        change(life.bot.ledger(name)[where], place)

    def mend() -> None:
        for name in ledgers:
            life.bot.ledger(name)[where] = OwnPosition(*before[name])

    return HostWound(cause, "HUMAN", agent, place, _all(agent, place, items, ledgers), mend)


def size(life: HostLife) -> HostWound:
    """Another size, which no execution explains."""
    factor = life.world.rng.choice((2, 100, 3))

    def change(one: OwnPosition, _place: Place) -> None:
        one.size = format(Decimal(one.size) * factor, "f")

    return _edited(life, change, ("size", "entry_px", "holding_time"), "cause.host_unexplained")


def side(life: HostLife) -> HostWound:
    """The other side."""

    def change(one: OwnPosition, _place: Place) -> None:
        one.size = format(-Decimal(one.size), "f")

    return _edited(life, change, SIZED, "cause.host_unexplained")


def px(life: HostLife) -> HostWound:
    """Another entry price, by two ticks or more."""
    ticks, way = life.world.rng.choice((2, 3, 1000)), life.world.rng.choice((1, -1))

    def change(one: OwnPosition, place: Place) -> None:
        one.px += float(INSTRUMENTS[place[0]].tick_sz * ticks * way)

    return _edited(life, change, ("entry_px",), "cause.host_item")


def since(life: HostLife) -> HostWound:
    """Another time: a minute and more, or another zone's."""
    off = life.world.rng.choice((timedelta(seconds=63), timedelta(hours=8), timedelta(days=3)))

    def change(one: OwnPosition, _place: Place) -> None:
        one.since -= off

    return _edited(life, change, ("holding_time",), "cause.host_item")


def _moved(
    life: HostLife, agent: str, whose: str, place: Place, under: Place, cause: str
) -> HostWound:
    where, there = (agent, *place), (whose, *under)
    for name in LEDGERS:
        ledger = life.bot.ledger(name)
        ledger[there] = ledger.pop(where)

    def mend() -> None:
        for name in LEDGERS:
            ledger = life.bot.ledger(name)
            ledger[where] = ledger.pop(there)

    items = _all(agent, place, SIZED) | _all(whose, under, SIZED)
    return HostWound(cause, "HUMAN", agent, place, items, mend)


def owner(life: HostLife) -> HostWound:
    """What is one agent's stands under another."""
    agent, place, _ = _holding(life)
    whose = life.world.rng.choice([name for name in life.world.agents if name != agent])
    return _moved(life, agent, whose, place, place, "cause.host_owner")


def mode(life: HostLife) -> HostWound:
    """It stands under the other margin mode."""
    for _ in range(200):
        agent, place, _held = _holding(life)
        under = (place[0], "isolated" if place[1] == "cross" else "cross", place[2])
        if not life.held(agent, under):
            return _moved(life, agent, agent, place, under, "cause.host_key")
    raise AssertionError("no key is free")


def unreadable(life: HostLife) -> HostWound:
    """A view raises; nothing is known of that ledger, and nothing else follows."""
    agent, place, _ = _holding(life)
    life.bot.unreadable = name = life.world.rng.choice(LEDGERS)
    items = frozenset(
        (name, (who, *one.key), item)
        for who, ledger in life.p.session.state.private_ledgers.items()
        for one in ledger.positions
        for item in SIZED
    )

    def mend() -> None:
        life.bot.unreadable = ""

    return HostWound("cause.host_view", "UNKNOWN", agent, place, items, mend, shuts=False)
