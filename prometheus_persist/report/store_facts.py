"""What a store holds, as somebody looks at it in passing: money, agents, positions, freezes.

Made of documents as they lie, in one pass and without models: ten thousand agents cost some tens of
milliseconds. Equity is the capital in the private ledgers of the living plus their unrealised PnL,
as it was last saved; where any of it cannot be read as an amount, it is not known. Few agents and
positions are named, and how many there are is said: ``NAMED_MAX`` of each, those that hold
positions first, then by what they are worth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from prometheus_persist.report.facts import FrozenFacts
from prometheus_persist.state.exact_json import JsonObject
from prometheus_persist.state.models import DEAD
from prometheus_persist.state.money import ZERO, add, plain

NAMED_MAX = 10
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
    agents = list(_agents(documents))
    alive = [one for one in agents if one.state != DEAD]
    cash, supervisor = documents.get("account_cash", {}), documents.get("supervisor", {})
    baseline_ms = _number(cash.get("baseline_ms"))
    held = _held(documents)
    unrealised = [
        amount_of(documents.get(f"private_ledgers/{one.agent_id}", {}).get("unrealized_pnl", "0"))
        for one in alive
    ]
    return StoreFacts(
        equity=_sum([*(amount_of(one.capital) for one in alive), *unrealised]),
        unrealised=_sum(unrealised),
        pnl=_sum(amount_of(one.pnl) for one in agents),
        settled=_text(amount_of(cash.get("settled"))) if baseline_ms else "",
        settled_ms=max(_number(cash.get("bills_ms")), baseline_ms),
        alive=len(alive),
        dead=len(agents) - len(alive),
        heroes=len(_list(documents.get("valhalla", {}).get("heroes"))),
        named=tuple(sorted(agents, key=_rank)[:NAMED_MAX]),
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


def _agents(documents: Documents) -> Iterable[AgentInStore]:
    for key, document in documents.items():
        family, slash, name = key.partition("/")
        if not slash or family != "agents":
            continue
        ledger = documents.get(f"private_ledgers/{name}")
        capital = document.get("current_capital") if ledger is None else ledger.get("capital")
        yield AgentInStore(
            name,
            str(document.get("state", "")),
            _text(amount_of(capital)),
            _text(amount_of(document.get("total_pnl"))),
            len(positions_of(ledger)),
        )


def _rank(one: AgentInStore) -> tuple[bool, bool, Decimal, str]:
    capital = amount_of(one.capital)
    return one.state == DEAD, not one.positions, -abs(capital or ZERO), one.agent_id


def _held(documents: Documents) -> tuple[HeldInStore, ...]:
    found: dict[str, list[Decimal]] = {}
    for key, document in documents.items():
        if key == "unattributed" or key.startswith("private_ledgers/"):
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


def _sum(amounts: Iterable[Decimal | None]) -> str:
    total = ZERO
    for amount in amounts:
        if amount is None:
            return "?"
        total = add(total, amount)
    return plain(total)


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
