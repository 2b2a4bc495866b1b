"""R1: every agent's private ledger against the public one, item by item.

1. Compared: position size, direction, entry price and holding time (since when it is open) per key,
   and capital. Exactly; both ledgers move by the same arithmetic.
2. The higher ``version`` is the newer one and the other is rebuilt from it. A missing ledger is
   older than any. Clocks decide nothing.
3. Equal versions with different content is a conflict that nothing here can settle. What a human is
   offered is the ledger that the agent's own capital agrees with; the private one where it tells
   nothing.
4. The capital that an agent's own document says is a copy. Where both ledgers agree and it says
   something else, it follows them.
5. An agent is whoever has an agent document or a ledger; the dead ones included. Virtual positions
   are not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.reconcile.plan import Item
from prometheus_persist.state import (
    Agent,
    Position,
    PositionKey,
    PrivateLedger,
    PublicAccount,
    SystemState,
)

Shape = tuple[int, object, Decimal | None, int | None]
ABSENT: Shape = (0, None, None, None)
_POSITION_ITEMS = (Item.DIRECTION, Item.SIZE, Item.ENTRY_PX, Item.HOLDING_TIME)


@dataclass(frozen=True, slots=True)
class LedgerPair:
    """One agent's two ledgers and what differs. ``newer`` is ``private``, ``public``, or "" where
    neither is (they agree, or they conflict); ``source`` then is the one to be offered. ``strays``
    is what the agent's own document says of its capital, where the ledgers agree on another one."""

    agent_id: str
    known: bool
    private: PrivateLedger | None
    public: PublicAccount | None
    newer: str
    source: str
    differing: frozenset[Item]
    strays: Decimal | None = None

    @property
    def positions(self) -> list[Position]:
        """What the agent holds by the newer ledger, else by the one to be offered."""
        source = self.public if self.source == "public" else self.private
        return list(source.positions) if source is not None else []

    @property
    def conflict(self) -> bool:
        """Whether nothing here can tell which of the two is right."""
        return not self.known or (not self.newer and bool(self.differing)) or self.absent

    @property
    def absent(self) -> bool:
        """Whether the agent has no ledger at all."""
        return self.private is None and self.public is None

    @property
    def versions(self) -> tuple[str, str]:
        """Both versions as text, "-" for a ledger that is not there."""
        private = "-" if self.private is None else str(self.private.version)
        public = "-" if self.public is None else str(self.public.version)
        return private, public


def compare_ledgers(state: SystemState) -> tuple[LedgerPair, ...]:
    """Every agent's pair, in the order of agent ids."""
    names = state.agents.keys() | state.private_ledgers.keys() | state.public_accounts.keys()
    return tuple(_pair(state, name) for name in sorted(names))


def _pair(state: SystemState, agent_id: str) -> LedgerPair:
    private = state.private_ledgers.get(agent_id)
    public = state.public_accounts.get(agent_id)
    mine = -1 if private is None else private.version
    theirs = -1 if public is None else public.version
    newer = "" if mine == theirs else "private" if mine > theirs else "public"
    agent = state.agents.get(agent_id)
    differing = _differing(private, public)
    strays = None
    if agent is not None and private is not None and not newer and not differing:
        strays = agent.current_capital if agent.current_capital != private.capital else None
    return LedgerPair(
        agent_id=agent_id,
        known=agent is not None,
        private=private,
        public=public,
        newer=newer,
        source=newer or _offered(agent, private, public),
        differing=differing,
        strays=strays,
    )


def _offered(
    agent: Agent | None, private: PrivateLedger | None, public: PublicAccount | None
) -> str:
    if agent is None or private is None or public is None or private.capital == public.capital:
        return "private"
    return "public" if agent.current_capital == public.capital else "private"


def _differing(private: PrivateLedger | None, public: PublicAccount | None) -> frozenset[Item]:
    mine = _shapes(private)
    theirs = _shapes(public)
    found = {
        item
        for key in mine.keys() | theirs.keys()
        for item, ours, other in zip(
            _POSITION_ITEMS, mine.get(key, ABSENT), theirs.get(key, ABSENT), strict=True
        )
        if ours != other
    }
    if (None if private is None else private.capital) != (
        None if public is None else public.capital
    ):
        found.add(Item.CAPITAL)
    return frozenset(found)


def _shapes(ledger: PrivateLedger | PublicAccount | None) -> dict[PositionKey, Shape]:
    positions = [] if ledger is None else ledger.positions
    return {
        position.key: (
            position.qty_contracts.sign,
            abs(position.qty_contracts),
            position.entry_px,
            position.opened_ms,
        )
        for position in positions
        if position.qty_contracts
    }
