"""Safe: where new entries may pass, the books are what the exchange holds.

Asked of an open session whenever it has decided something. For every contract on which new entries
may pass:

- R1: both ledgers of every agent hold the same contracts;
- R2: under every key the owners and nobody add up to what the exchange holds.

What differs elsewhere is no harm: there nothing but what reduces may leave. What the account holds
of products that the books do not keep may be traded in no case. The exchange's own positions are
looked at, not what the library read of them.
"""

from __future__ import annotations

from decimal import Decimal

from chaos.detect.world import TRADED, World
from prometheus_persist.session import Session
from prometheus_persist.state import SystemState

Key = tuple[str, str, str]
FOREIGN = ("BTC-USD-SWAP", "BTC-USDC-SWAP", "BTC-USD-301227", "BTC-USDT", "BTC-USD-301227-60000-C")


def wrongly_open(session: Session, world: World) -> list[str]:
    """What is wrong where new entries may pass; empty where nothing is."""
    passing = [name for name in TRADED if session.may_trade_on(name)]
    strange = [name for name in FOREIGN if session.may_trade_on(name)]
    found = [
        f"{name}: new entries pass on a product that the books do not keep" for name in strange
    ]
    shown, booked = held_at_exchange(world), held_in_books(session.state)
    for key in sorted(shown.keys() | booked.keys()):
        here, there = booked.get(key, Decimal(0)), shown.get(key, Decimal(0))
        if key[0] in passing and here != there:
            found.append(f"{' '.join(key)}: open with {here} in the books, {there} at the exchange")
    for name, key in ledgers_differing(session.state):
        if key[0] in passing:
            found.append(f"{' '.join(key)}: open while the two ledgers of {name} differ")
    return found


def held_at_exchange(world: World) -> dict[Key, Decimal]:
    """Contracts by key, of the account in use; without a sign under long and short."""
    account = world.venue.venue.account(world.venue.account)
    return {
        (key.inst_id, key.mgn_mode, key.pos_side): (
            one.qty_contracts if key.pos_side == "net" else abs(one.qty_contracts)
        )
        for key, one in account.open_positions.items()
    }


def held_in_books(state: SystemState) -> dict[Key, Decimal]:
    """Σ agents and nobody by key, by the private ledgers."""
    found: dict[Key, Decimal] = {}
    rows = [row for ledger in state.private_ledgers.values() for row in ledger.positions]
    for row in (*rows, *state.unattributed.positions):
        key = (row.inst_id, row.mgn_mode, row.pos_side)
        found[key] = found.get(key, Decimal(0)) + row.qty_contracts.value
    return found


def ledgers_differing(state: SystemState) -> list[tuple[str, Key]]:
    """Agents and keys under which the two ledgers do not hold the same."""
    found = []
    for name in sorted(state.private_ledgers.keys() | state.public_accounts.keys()):
        books = (state.private_ledgers.get(name), state.public_accounts.get(name))
        private, public = (
            {row.key: row.qty_contracts.value for row in book.positions} if book else {}
            for book in books
        )
        found += [
            (name, (key.inst_id, key.mgn_mode, key.pos_side))
            for key in sorted(private.keys() | public.keys())
            if private.get(key) != public.get(key)
        ]
    return found
