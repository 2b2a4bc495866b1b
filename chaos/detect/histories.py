"""Random histories: agents that trade, and several things gone wrong at once.

A history is a world in either position mode in which agents and strangers trade, and then one to
``KINDS_MAX`` kinds of discrepancy of the detection's own (``kinds.py``) have their stages set one
after the other and strike in random order, while nobody looks. A kind that cannot strike in what
the others have made of the exchange is left out; what it has done by then stays.

The same seed and number give the same history, and ``kinds`` another one with just these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from chaos.chance import generator
from chaos.detect.kinds import COMBINED
from chaos.detect.stage import Course, Kind, Wound
from chaos.detect.trial import struck
from chaos.detect.world import World
from fakeokx.engine.refusals import Refusal
from prometheus_persist.errors import PersistError

KINDS_MAX = 4
ORDERS_MAX = 12
CANNOT = (Refusal, AssertionError, LookupError, ValueError, RuntimeError, StopIteration)
BEFORE_MS = 12 * 3_600_000
"""How long a history may last; it ends in less."""


@dataclass(slots=True)
class RandomHistory:
    """A world after everything; the kinds that were drawn, in order, and what struck."""

    world: World
    drawn: tuple[str, ...]
    struck: list[tuple[Kind, Wound]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    half_done: bool = False

    @property
    def passes(self) -> bool:
        """Whether the exchange shows something wrong for a while."""
        return any(wound.passes for _, wound in self.struck)


def history(
    seed: int,
    number: int,
    kinds: Sequence[Kind] | None = None,
    *,
    pool: Sequence[Kind] = COMBINED,
    until_ms: int = 0,
) -> RandomHistory:
    """One history; it ends at ``until_ms`` where that is given."""
    rng = generator("history", seed, number)
    hedged = rng.random() < 0.4
    draw = generator("history's kinds", seed, number)
    drawn = list(kinds) if kinds else draw.sample(pool, draw.randint(1, min(KINDS_MAX, len(pool))))
    drawn = [one for one in drawn if one.hedged in (None, hedged)] or drawn[:1]
    hedged = next((one.hedged for one in drawn if one.hedged is not None), hedged)
    first_ms = until_ms - BEFORE_MS if until_ms else 0
    made = RandomHistory(
        World(rng, hedged=hedged, first_ms=first_ms), tuple(one.name for one in drawn)
    )
    made.world.honest(rng.randint(2, ORDERS_MAX))
    _seen_once(made.world)
    ready = [(kind, course) for kind in drawn if (course := _staged(made, kind)) is not None]
    _seen_once(made.world)
    rng.shuffle(ready)
    for kind, course in ready:
        try:
            made.struck.append((kind, struck(course)))
        except CANNOT:
            made.left_out.append(kind.name)
            made.half_done = True
    if until_ms:
        made.world.venue.advance(max(until_ms - made.world.venue.now_ms(), 0))
    return made


def _staged(made: RandomHistory, kind: Kind) -> Course | None:
    course = kind.course(made.world)
    try:
        next(course)
    except CANNOT:
        made.left_out.append(kind.name)
        return None
    return course


def _seen_once(world: World) -> None:
    """The system reconciles, as every system does: whose account it is is known from then on."""
    plan = world.read().plan
    if plan is not None:
        try:
            world.apply(plan)
        except PersistError:
            return
