"""How a kind is told, and the stages on which they are set.

A kind is a generator over one world. Up to its ``yield`` it sets the stage: things happen, and the
books are told. After it, exactly one thing goes wrong, and what it returns says who is concerned.

``Wound.cases`` are the cases under which the reconciler may file it. ``items`` are those that may
not be called a MATCH afterwards, as (agent, item). ``named`` are words of which one of the findings
has to carry one: an agent, a key as text, an instrument or a clOrdId. What is not the instrument of
one of them, nor held by one of these agents, has to go on trading, unless the wound ``stops`` all.

``harmless``: nothing is wrong, nothing has to be found and nothing may wait. ``proven``: the first
alternative has to lead to the oracle's books. ``passes``: it is seen for a while only, and whoever
took it for true would be wrong. ``flat``: it has to leave no agent anything there. ``show``: what
proves it is hidden until this is called: the start is incomplete and nothing moves, then, and not
before, the books are the oracle's; ``asks``: nothing says yet that more is to come, so somebody may
be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.detect.world import Place, World

if TYPE_CHECKING:
    from chaos.detect.hosted import HostDeed

SIZE, DIRECTION, OWNER = "size", "direction", "owner"


@dataclass(frozen=True, slots=True)
class Wound:
    """What was done, see the module."""

    cases: frozenset[str]
    named: frozenset[str]
    places: frozenset[str]
    items: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    stops: bool = False
    harmless: bool = False
    proven: bool = False
    passes: bool = False
    flat: tuple[Place, ...] = ()
    show: Callable[[], None] | None = None
    asks: bool = False


Course = Generator[None, None, Wound]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``hedged`` None: in either position mode. ``deed``: in a host's own books, and then
    there is no course."""

    name: str
    zh: str
    en: str
    course: Callable[[World], Course]
    hedged: bool | None = None
    deed: HostDeed | None = None


def wound(
    cases: str, *named: object, items: tuple[tuple[str, str], ...] = (), **more: Any
) -> Wound:
    """``named`` may be texts and places; case D stops all of it."""
    words = {" ".join(each) if isinstance(each, tuple) else str(each) for each in named}
    more = {"stops": "D" in cases.split()} | more
    places = {each[0] if isinstance(each, tuple) else str(each) for each in named}
    return Wound(
        frozenset(cases.split()), frozenset(words), frozenset(places), frozenset(items), **more
    )


def someone(world: World) -> str:
    """Some agent."""
    return world.rng.choice(world.agents)


def two(world: World) -> tuple[str, str]:
    """Two of them."""
    one, other = world.rng.sample(world.agents, 2)
    return one, other


def sole(world: World, **how: Any) -> tuple[str, Place]:
    """An agent that alone holds a key."""
    place, name = world.free(**how), someone(world)
    world.open(name, place)
    world.drift()
    return name, place


def shared(world: World, **how: Any) -> tuple[list[str], Place, int]:
    """Several agents that hold a key the same way."""
    place, way = world.free(**how), world.rng.choice((1, -1))
    names = world.rng.sample(world.agents, world.rng.randint(2, min(4, len(world.agents))))
    for name in names:
        world.open(name, place, way=way)
        world.drift()
    return names, place, way


def late(world: World) -> None:
    """The time that a system is down."""
    world.venue.advance(world.rng.randint(5_000, 3_000_000))


def unseen(world: World) -> str:
    """What the books may know of an order whose fills they have not seen."""
    return world.rng.choice(("PENDING", "UNKNOWN", "ACCEPTED"))


def lose(world: World, ord_id: str) -> None:
    """The exchange does not show this order any more; what it did can be proven by nobody."""
    world.venue.hide(ord_id)
    world.doubtful.add(ord_id)


def no_course(_world: World) -> Course:
    """The course of no kind."""
    yield
    return wound("")
