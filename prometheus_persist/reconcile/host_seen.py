"""A host's own books as plain values: what its views show, and what it is told to book.

A quantity is in contracts or coins, signed under posSide ``net``. Times are Unix ms, prices are
Decimal.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from prometheus_persist.state import NO_CONTRACTS, BaseQty, Contracts, Execution, PositionKey

UNDO: Final = "undo"
Place = tuple[str, PositionKey]
"""An agent and a key."""


@dataclass(frozen=True, slots=True)
class HostRow:
    """What one of a host's own ledgers (``private``, ``public``) holds for one agent.

    ``entry_px`` and ``opened_ms`` are None where it keeps none. ``doubtful``: ``opened_ms`` is a
    naive time that its zone has twice, or not at all.
    """

    ledger: str
    agent_id: str
    key: PositionKey
    quantity: Contracts | BaseQty
    entry_px: Decimal | None = None
    opened_ms: int | None = None
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class TellHost:
    """A correction: have the host book an execution itself, by a door that it gives (``open`` or
    ``close``), or take a second booking of it back (``undo``). Carried out by whoever has the
    host."""

    agent_id: str
    door: str
    execution: Execution

    @property
    def name(self) -> str:
        """What it is remembered by: nothing goes through a door twice."""
        return told_name(self.door, self.execution.fill_id)


def told_name(door: str, fill_id: str) -> str:
    """An execution that went through a door, as it is remembered."""
    return f"{UNDO}:{fill_id}" if door == UNDO else fill_id


@dataclass(frozen=True, slots=True)
class HostMark:
    """When a place of a host's ledger was last what the typed books had: at sequence ``seq``, our
    clock ``ms``, after so many records of ``public_trades``, ``held`` contracts.

    ``spent``: it proves nothing any more, since the place was seen with a number of its own (where
    ``seq`` is zero, it never agreed).
    """

    seq: int
    ms: int
    trades: int
    held: Contracts
    spent: bool = False


@dataclass(frozen=True, slots=True)
class LedgerMarks:
    """The marks of one ledger: everything agreed at ``seq``, and what is not in ``held`` was flat,
    but for the places of ``but``, which have an older mark or (None) none."""

    seq: int
    ms: int
    trades: int
    held: Mapping[Place, Contracts] = field(default_factory=dict)
    but: Mapping[Place, HostMark | None] = field(default_factory=dict)

    def of(self, place: Place) -> HostMark | None:
        """The mark of an agent and key."""
        if place in self.but:
            return self.but[place]
        return HostMark(self.seq, self.ms, self.trades, self.held.get(place, NO_CONTRACTS))


@dataclass(frozen=True, slots=True)
class HostBooks:
    """A host's own books, seen through its views at one moment; ``problems``: by ledger, why it was
    not.

    ``ledgers`` are those that have a view. ``recent`` are the newest executions that the typed
    books hold, oldest first: agent, execution, and its place in ``public_trades``; they are all
    from place ``reach`` on. ``doors`` are those that the host gives, ``told`` the names of what
    went through one already (``TellHost.name``), ``failed`` those after which the view did not show
    it, with a message id. ``marks`` say by ledger when it last agreed.
    """

    ledgers: tuple[str, ...]
    rows: tuple[HostRow, ...] = ()
    problems: Mapping[str, str] = field(default_factory=dict)
    recent: tuple[tuple[str, Execution, int], ...] = ()
    reach: int = 0
    doors: AbstractSet[str] = frozenset()
    told: AbstractSet[str] = frozenset()
    failed: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, LedgerMarks] = field(default_factory=dict)
