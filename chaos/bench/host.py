"""A trading system to measure: typed state, trades that are really booked, saves a host would make.

One trade is: an execution booked into agent, private ledger and public account, a step of its
order's intent, and the record for both books. ``trade`` does the booking; ``save`` makes it durable
along the path a host uses, from typed state to bytes on the disk. ``change_of`` gives the same
trade as a change that only has to be written, so that the cost of capturing it can be told apart.

This is the one module of the bench that reaches into a session: the saver takes records along with
the documents, which no public call of a session does outside a settlement, and captures them.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prometheus_persist.journal.change import Change
from prometheus_persist.journal.frame import COMMIT, Tip, encode
from prometheus_persist.saving import Trigger
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import (
    Agent,
    Execution,
    OrderIntent,
    PrivateLedger,
    PublicAccount,
    Registry,
    book_execution,
    contracts,
)
from prometheus_persist.state.documents import PUBLIC_TRADES, private_trades
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.models import Side
from prometheus_persist.state.registry import AgentIds
from prometheus_persist.storage.committer import MirrorSync
from prometheus_persist.storage.store import Store

if TYPE_CHECKING:  # older libraries have it elsewhere, and are measured, too
    from prometheus_persist.storage.tickets import Ticket

INSTRUMENT = "BTC-USDT-SWAP"
START_MS = 1_764_723_600_000
RECORDS_PER_COMMIT = 10_000
RECENT_MS = 1_000  # the newest records, of which there is one in a millisecond
GENES = 12
SYNC_MS = 10  # what a sync of the mirror is given, once it is due
TRAITS = 8
_ROUND: tuple[tuple[Side, str], ...] = (("sell", "2"), ("buy", "3"), ("sell", "2"), ("buy", "1"))


@dataclass(frozen=True, slots=True)
class HostTrade:
    """What one trade touched: the documents' keys and the records for the streams."""

    agent: str
    keys: tuple[str, ...]
    records: dict[str, list[JsonObject]]


class Host:
    """A session with agents in it, and trades for them."""

    def __init__(self, directory: Path, agents: int, mirror: MirrorSync = "behind") -> None:
        """Open a new store under ``directory`` and found ``agents`` agents in one commit."""
        self.session = Session.open(directory, settings=Settings(mirror=mirror))
        self.state = self.session.state
        self.names = tuple(f"LiveAgent{number:05d}" for number in range(agents))
        self._number = 0
        self._turns = dict.fromkeys(self.names, 0)
        self._next = itertools.cycle(self.names)
        self._found()

    @property
    def store(self) -> Store:
        """The session's store."""
        return self.session._store

    def _found(self) -> None:
        rows = {name: AgentIds(agent_id=name, tag=name, file_stem=name) for name in self.names}
        store_id = self.state.registry.store_id
        self.state.registry = Registry(store_id=store_id, rows=rows)
        for number, name in enumerate(self.names):
            money = Decimal(10_000) + number
            self.state.agents[name] = _agent(name, money)
            self.state.private_ledgers[name] = PrivateLedger(agent_id=name, capital=money)
            self.state.public_accounts[name] = PublicAccount(agent_id=name, capital=money)
        self.session.save(Trigger.BIRTH)

    def trade(self, agent: str = "") -> HostTrade:
        """Book one execution of this agent, or of whose turn it is; in memory only."""
        name = agent or next(self._next)
        self._turns[name] += 1
        self._number += 1
        number = self._number
        cl_ord_id = f"{name}bench"
        booked = book_execution(
            self.state.agents[name],
            self.state.private_ledgers[name],
            self.state.public_accounts[name],
            _execution(number, self._turns[name], cl_ord_id),
        )
        self.state.agents[name] = booked.agent
        self.state.private_ledgers[name] = booked.private
        self.state.public_accounts[name] = booked.account
        intent = self.state.intents.get(cl_ord_id) or _intent(name, cl_ord_id)
        self.state.intents[cl_ord_id] = intent.model_copy(
            update={"ord_id": f"o{number}", "booked_contracts": contracts(str(number % 7))}
        )
        return HostTrade(
            agent=name,
            keys=(
                f"agents/{name}",
                f"private_ledgers/{name}",
                f"public_accounts/{name}",
                f"intents/{cl_ord_id}",
            ),
            records={PUBLIC_TRADES: [booked.record], private_trades(name): [booked.record]},
        )

    def book(self) -> None:
        """Book one execution and forget what it touched: what precedes a peer's write."""
        self.trade()

    def save(self, trade: HostTrade) -> int:
        """Make a trade durable, from typed state to disk; returns the sequence."""
        saver = self.session._saver
        return saver.save(Trigger.TRADE, keys=trade.keys, records=trade.records)

    def save_soon(self, trade: HostTrade) -> Ticket | None:
        """Capture the same trade and leave the writing to others; returns its ticket."""
        saver = self.session._saver
        return saver.save_soon(Trigger.TRADE, keys=trade.keys, records=trade.records)

    def change_of(self, trade: HostTrade) -> Change:
        """The same trade, captured: ready for ``store.commit``."""
        saver = self.session._saver
        return saver._captured(self.state, Trigger.TRADE, trade.keys, trade.records)[0]

    def add_records(self, count: int) -> None:
        """Grow the public ledger by this many records, in bulk."""
        for start in range(0, count, RECORDS_PER_COMMIT):
            many = min(RECORDS_PER_COMMIT, count - start)
            rows = [record(start + number, self.names) for number in range(many)]
            self.store.commit(Change("bulk", add={PUBLIC_TRADES: rows}))

    def add_trades(self, count: int) -> None:
        """Grow the public ledger and the agents' private ones by this many trades, in bulk."""
        for start in range(0, count, RECORDS_PER_COMMIT):
            many = min(RECORDS_PER_COMMIT, count - start)
            rows = [record(start + number, self.names) for number in range(many)]
            added: dict[str, list[JsonObject]] = {PUBLIC_TRADES: rows}
            for row in rows:
                added.setdefault(private_trades(row["agent_id"]), []).append(row)
            self.store.commit(Change("bulk", add=added))

    def reconciled(self, records: int) -> None:
        """As a host is that has asked the exchange not long ago: all but the newest records are
        from before."""
        cash = self.state.account_cash
        reached = START_MS + records - RECENT_MS
        self.state.account_cash = cash.model_copy(update={"bills_ms": reached})
        self.session.save("bench")

    def settle(self) -> None:
        """Wait until what this store syncs later has been synced."""
        settings = self.session.settings
        if settings.mirror == "behind":
            time.sleep((settings.mirror_sync_ms + SYNC_MS) / 1000)

    def close(self) -> None:
        """Let go of the store."""
        self.session.close(save=False)


def record(number: int, names: Sequence[str]) -> JsonObject:
    """A ledger record like the ones trades leave."""
    name = names[number % len(names)]
    return {
        "agent_id": name,
        "fill_id": f"{INSTRUMENT}:{number}",
        "inst_id": INSTRUMENT,
        "mgn_mode": "cross",
        "pos_side": "net",
        "side": "buy" if number % 2 else "sell",
        "qty_contracts": str(1 + number % 4),
        "px": f"{90_000 + number % 1000}.1",
        "fee": "-0.05",
        "pnl": f"{number % 100 - 50}.25",
        "ord_id": f"o{number}",
        "cl_ord_id": f"{name}bench",
        "ts_ms": START_MS + number,
        "category": "normal",
        "source": "live",
        "version": number,
    }


def payloads(host: Host, count: int) -> Iterator[bytes]:
    """The bytes of ``count`` trades as the journal frames them, for peers to write."""
    tip = Tip()
    for _ in range(count):
        change = host.change_of(host.trade())
        host.store.commit(change)
        data, tip = encode(COMMIT, tip, 1, START_MS, change.to_bytes())
        yield data


def _agent(name: str, money: Decimal) -> Agent:
    gene: dict[str, Any] = {f"gene_{number}": number / GENES for number in range(GENES)}
    traits: dict[str, Any] = {f"trait_{number}": number / TRAITS for number in range(TRAITS)}
    return Agent(
        agent_id=name,
        gene=gene,
        personality=traits,
        current_capital=money,
        initial_capital=money,
        medals=["first_profit"],
    )


def _execution(number: int, turn: int, cl_ord_id: str) -> Execution:
    """Buys 3, sells 2, buys 1, sells 2, and so on: opened, reduced, increased, closed."""
    side, quantity = _ROUND[turn % 4]
    return Execution(
        inst_id=INSTRUMENT,
        mgn_mode="cross",
        pos_side="net",
        side=side,
        qty_contracts=contracts(quantity),
        px=Decimal(90_000 + number % 100) + Decimal("0.1"),
        fee=Decimal("-0.05"),
        trade_id=str(number),
        ord_id=f"o{number}",
        cl_ord_id=cl_ord_id,
        ts_ms=START_MS + number,
        ct_val=Decimal("0.01"),
        ct_mult=Decimal(1),
    )


def _intent(name: str, cl_ord_id: str) -> OrderIntent:
    return OrderIntent(
        cl_ord_id=cl_ord_id,
        agent_id=name,
        inst_id=INSTRUMENT,
        mgn_mode="cross",
        pos_side="net",
        side="buy",
        qty_contracts=contracts("10"),
        tag=name,
        epoch=1,
        created_ms=START_MS,
        outcome="ACCEPTED",
    )
