"""What ``persist_host.py`` says: a host's store, root, orders and hooks, by places.

Each function notes one thing down; ``said_by`` runs the file and gives what it said. Nothing of the
host is looked at here. Raises BadConfig for what makes no sense, before the host is started.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_persist.errors import BadConfig, PersistError
from prometheus_persist.session.host_views import Function, HostViews
from prometheus_persist.wrapping.places import MAIN, HostPlace, place_of

TRADE, DEATH, CYCLE = "trade", "death", "cycle"
EVENTS = (TRADE, DEATH, CYCLE)


@dataclass(frozen=True, slots=True)
class Whose:
    """In a call of ``place``, an agent: found at a path of its arguments, or always ``named``."""

    place: HostPlace
    agent: str
    named: str


@dataclass(frozen=True, slots=True)
class After:
    """What to save when a call of ``place`` has returned."""

    place: HostPlace
    event: str
    agent: str


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop of ``place`` passes whenever it calls ``at``; these of its variables are kept."""

    place: HostPlace
    at: HostPlace
    locals: tuple[str, ...]


@dataclass(slots=True)
class Declared:
    """Everything that was said."""

    directory: Path = Path("persistence")
    options: dict[str, Any] = field(default_factory=dict)
    views: HostViews = field(default_factory=HostViews)
    root: HostPlace | None = None
    whose: list[Whose] = field(default_factory=list)
    orders: list[HostPlace] = field(default_factory=list)
    after: list[After] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)

    def places(self) -> list[HostPlace]:
        """All of them."""
        found = [] if self.root is None else [self.root]
        found += [each.place for each in self.whose] + self.orders
        found += [each.place for each in self.after]
        return found + [place for each in self.loops for place in (each.place, each.at)]

    def modules(self) -> list[str]:
        """Whose classes are written where nothing else was said: those of the host's places."""
        sent = {each.module for each in self.orders}
        return sorted({place.module for place in self.places()} - sent | {MAIN})


_open: list[Declared] = []


def said_by(path: Path) -> Declared:
    """Run a file and give what it said; raises BadConfig."""
    if not path.is_file():
        raise BadConfig(f"there is no file {path}; prometheus-persist init writes one")
    _open.append(Declared())
    try:
        runpy.run_path(str(path))
        found = _open[-1]
    except PersistError:
        raise
    except Exception as problem:
        raise BadConfig(f"{path}: {type(problem).__name__}: {problem}") from problem
    finally:
        _open.pop()
    if found.root is None:
        raise BadConfig(f"{path} names no root: root('__main__:Bot.__init__')")
    return found


def store(directory: Path | str, **options: Any) -> None:
    """Where to save, and what else ``attach`` takes: exchange, modules, skip, rebind, settings …"""
    now = _now("store")
    now.directory, now.options = Path(directory), options


def root(place: str) -> None:
    """The object whose attributes are saved, with all below it: it is attached when its
    ``__init__`` has returned, or just before another method of it is called first."""
    now = _now("root")
    if now.root is not None:
        raise BadConfig(f"there is one root: {now.root.text}, or {place}")
    now.root = place_of(place)
    if not now.root.owner:
        raise BadConfig(f"root({place!r}): a root is an instance; name a method of its class")


def wrap(place: str, *, agent: str = "", named: str = "") -> None:
    """Orders sent while this runs are an agent's: ``agent`` is the parameter, or a path from one
    (``"self.name"``), that has its id; ``named`` is the id itself."""
    if bool(agent) == bool(named):
        raise BadConfig(f"wrap({place!r}): say whose orders, by agent= or by named=")
    _now("wrap").whose.append(Whose(place_of(place), agent, named))


def orders(place: str) -> None:
    """Where orders leave: a ``create_order`` of a ccxt client for OKX."""
    _now("orders").orders.append(place_of(place))


def after(place: str, event: str, *, agent: str = "") -> None:
    """Save when this has returned: ``trade`` (and ask what the agent's orders did), ``death`` or
    ``cycle``. ``agent`` as in ``wrap``; without it, whose orders are sent there."""
    if event not in EVENTS:
        raise BadConfig(f"after({place!r}, {event!r}): there are {', '.join(EVENTS)}")
    _now("after").after.append(After(place_of(place), event, agent))


def loop(place: str, *, at: str, locals: Iterable[str] = ()) -> None:  # noqa: A002 as Python has it
    """A function with the main loop, and what it calls once in each pass: a method of the same
    class, or a place. ``locals``: variables that are kept, the cycle's number first."""
    where, names = place_of(place), tuple(locals)
    if ":" not in at:
        at = f"{where.module}:{'.'.join((*where.names[:-1], at))}"
    _now("loop").loops.append(Loop(where, place_of(at), names))


def positions(ledger: str) -> Callable[[Function], Function]:
    """A view of the host's own positions: see ``HostViews.positions``."""
    return _now("positions").views.positions(ledger)


def trades(ledger: str) -> Callable[[Function], Function]:
    """A view of the host's own executions: see ``HostViews.trades``."""
    return _now("trades").views.trades(ledger)


def door(name: str) -> Callable[[Function], Function]:
    """How the host books an execution that it lacks: see ``HostViews.door``."""
    return _now("door").views.door(name)


def _now(what: str) -> Declared:
    if not _open:
        raise BadConfig(f"{what}() is said in a file that prometheus-persist wrap is given")
    return _open[-1]
