"""What a store holds, as somebody looks at it in passing: money, agents, positions, freezes.

Made of documents as they lie, in one pass and without models: ten thousand agents cost some tens of
milliseconds. Equity is the capital in the private ledgers of the living plus their unrealised PnL,
as it was last saved; where any of it cannot be read as an amount, it is not known. Few agents and
positions are named, and how many there are is said: ``NAMED_MAX`` of each, those that hold
positions first, then by what they are worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from heapq import nsmallest
from typing import Any, NamedTuple

from prometheus_persist.errors import BadValue
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.money import ZERO, add, plain
from prometheus_persist.state.names import DEAD
from prometheus_persist.state.system_facts import FrozenFacts

NAMED_MAX = 10
AGENTS = "agents/"
Documents = Mapping[str, JsonObject]


@dataclass(frozen=True, slots=True)
class AgentInStore:
    """One agent, money as plain text, "?" for what cannot be read; ``positions`` that are open."""

    agent_id: str
    state: str
    capital: str
    pnl: str
    positions: int


@dataclass(frozen=True, slots=True)
class HeldInStore:
    """What is held under one key by all agents, in contracts, and by how many; nobody is one of
    them."""

    key: str
    contracts: str
    owners: int


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """The whole look. ``settled`` is the account's money at the last reconciliation, "" for none;
    ``named`` and ``held`` are the first of ``agents`` and of ``keys``."""

    equity: str
    unrealised: str
    pnl: str
    settled: str
    settled_ms: int
    alive: int
    dead: int
    heroes: int
    named: tuple[AgentInStore, ...]
    held: tuple[HeldInStore, ...]
    keys: int
    frozen: tuple[FrozenFacts, ...]
    open_intents: int
    cycles: int
    runtime_hours: float

    @property
    def agents(self) -> int:
        """All of them."""
        return self.alive + self.dead


def store_facts(documents: Documents) -> StoreFacts:
    """Look through the documents of an image."""
    found = [item for item in documents.items() if item[0].startswith(AGENTS)]
    seen = [_seen(key, document, documents) for key, document in found]
    alive = [one for one in seen if one.state != DEAD]
    cash, supervisor = documents.get("account_cash", {}), documents.get("supervisor", {})
    baseline_ms = _number(cash.get("baseline_ms"))
    held = _held(documents)
    capital, paper = [one.capital for one in alive], [one.unrealised for one in alive]
    return StoreFacts(
        equity=_sum([*capital, *paper]),
        unrealised=_sum(paper),
        pnl=_sum([one.pnl for one in seen]),
        settled=_text(amount_of(cash.get("settled"))) if baseline_ms else "",
        settled_ms=max(_number(cash.get("bills_ms")), baseline_ms),
        alive=len(alive),
        dead=len(seen) - len(alive),
        heroes=len(_list(documents.get("valhalla", {}).get("heroes"))),
        named=tuple(map(_told, nsmallest(NAMED_MAX, seen, key=_rank))),
        held=held[:NAMED_MAX],
        keys=len(held),
        frozen=_frozen(documents.get("freeze", {})),
        open_intents=sum(key.startswith("intents/") for key in documents),
        cycles=_number(supervisor.get("system_cycle_count")),
        runtime_hours=float(amount_of(supervisor.get("total_runtime_hours")) or 0),
    )


def positions_of(document: JsonObject | None) -> dict[str, Decimal]:
    """The open positions of a ledger, signed contracts by key: short is below zero."""
    found: dict[str, Decimal] = {}
    for one in map(_object, _list((document or {}).get("positions"))):
        contracts = amount_of(one.get("qty_contracts"))
        if contracts:
            key = f"{one.get('inst_id')} {one.get('mgn_mode')} {one.get('pos_side')}"
            found[key] = -contracts if one.get("pos_side") == "short" else contracts
    return found


class _Seen(NamedTuple):
    """One agent, looked at once."""

    agent_id: str
    state: str
    capital: Decimal | None
    pnl: Decimal | None
    unrealised: Decimal | None
    positions: int


def _seen(key: str, document: JsonObject, documents: Documents) -> _Seen:
    name = key[len(AGENTS) :]
    ledger = documents.get(f"private_ledgers/{name}")
    book = document if ledger is None else ledger
    return _Seen(
        name,
        str(document.get("state", "")),
        amount_of(book.get("current_capital" if ledger is None else "capital")),
        amount_of(document.get("total_pnl")),
        amount_of(book.get("unrealized_pnl", "0")),
        len(positions_of(ledger)) if book.get("positions") else 0,
    )


def _rank(one: _Seen) -> tuple[bool, bool, Decimal, str]:
    return (
        one.state == DEAD,
        not one.positions,
        (one.capital or ZERO).copy_abs().copy_negate(),
        one.agent_id,
    )


def _told(one: _Seen) -> AgentInStore:
    capital, pnl = _text(one.capital), _text(one.pnl)
    return AgentInStore(one.agent_id, one.state, capital, pnl, one.positions)


def _held(documents: Documents) -> tuple[HeldInStore, ...]:
    found: dict[str, list[Decimal]] = {}
    for key, document in documents.items():
        is_book = key == "unattributed" or key.startswith("private_ledgers/")
        if is_book and document.get("positions"):
            for position, contracts in positions_of(document).items():
                found.setdefault(position, []).append(contracts)
    return tuple(
        HeldInStore(key, plain(add(*held)), len(held)) for key, held in sorted(found.items())
    )


def _frozen(freeze: JsonObject) -> tuple[FrozenFacts, ...]:
    entries = [("", freeze["everything"])] if freeze.get("everything") else []
    entries += sorted(_object(freeze.get("instruments")).items())
    return tuple(
        FrozenFacts(
            inst_id,
            str(_object(entry).get("reason", "")),
            _number(_object(entry).get("since_ms")),
            str(_object(entry).get("finding_id", "")),
        )
        for inst_id, entry in entries
    )


def _sum(amounts: list[Decimal | None]) -> str:
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        return "?"
    try:
        return plain(add(ZERO, *known))
    except BadValue:  # amounts so far apart that no exact sum can be held
        return "?"


def _text(amount: Decimal | None) -> str:
    return "?" if amount is None else plain(amount)


def amount_of(value: object) -> Decimal | None:
    """A number or its text as an exact amount; None for what is none."""
    if not isinstance(value, (str, int, float)) or isinstance(value, bool):
        return None
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _object(value: Any) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
