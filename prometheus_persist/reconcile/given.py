"""Positions that exist already, given to the owners that a human names: into both their ledgers.

The exchange shows one row per (instId, mgnMode, posSide), and no owner. So a position is given to
somebody by name, whole or in exact parts, and what is not named stays as it is. What is named and
not there, twice over, or does not add up is refused, with what there is to name. ``owners`` is by
instId where it has one position, else by the whole key: ``BTC-USDT-SWAP cross net``.

- What agents hold already is theirs; what is given is the rest. What stood as nobody's is taken
  from there. Entry price and times are the exchange's; no money moves.
- A row that cannot be given (an option, margin, a number that is none) stays in sight and hinders
  none of the others. It is refused with its reason where it is named.
- An instrument with an order that may still change the position is refused: settle it first.
- It is recorded like a quantity that a human wrote (``written.py``), with the row that proves it:
  should executions turn up later, they take its place, and it is not in the books twice.

Raises ``BadValue`` for all of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.plan import AdoptDifference, SetQuantity
from prometheus_persist.reconcile.views import VenuePosition
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    Position,
    PositionKey,
    SystemState,
    contracts,
)
from prometheus_persist.state.exact_json import JsonObject, dumps
from prometheus_persist.state.money import exact, plain

Owners = Mapping[Any, str | Mapping[str, object]]
Step = SetQuantity | AdoptDifference
_PRODUCTS = ("SWAP", "FUTURES")
_DIGEST_CHARS = 12


def shown(row: object) -> VenuePosition:
    """A position as the exchange shows it: OKX's row, or ccxt's with that row in ``info``."""
    if isinstance(row, VenuePosition):
        return row
    raw = row.get("info", row) if isinstance(row, Mapping) else None
    if not isinstance(raw, Mapping) or not raw.get("instId"):
        raise BadValue(f"a position is a row of OKX's, or ccxt's with one in info, not {row!r:.80}")
    name, product = str(raw["instId"]), str(raw.get("instType", "SWAP"))
    if product not in _PRODUCTS:
        raise BadValue(f"{name}: these books keep no {product}; it stays in sight, and nobody's")
    try:
        key = PositionKey(name, str(raw["mgnMode"]), str(raw["posSide"]))
        return VenuePosition(
            key,
            contracts(_text(raw, "pos")),
            exact(_text(raw, "avgPx")),
            int(raw["uTime"]),
            str(raw.get("posId", "")),
            int(raw["cTime"]),
        )
    except KeyError as problem:
        raise BadValue(f"position of {name}: its {problem.args[0]} is missing") from None
    except (BadValue, ValueError, TypeError) as problem:
        raise BadValue(f"position of {name}: {problem}") from None


def _text(raw: Mapping[str, Any], name: str) -> str:
    if not isinstance(raw[name], str):
        raise BadValue(f"{name} is OKX's own text, not {raw[name]!r}")
    return str(raw[name])


def evidence(row: VenuePosition) -> JsonObject:
    """What a record of it says of the row that proves it."""
    return {
        "shown_contracts": str(row.qty_contracts.value),
        "shown_px": str(row.avg_px),
        "pos_id": row.pos_id,
        "opened_ms": row.opened_ms,
        "updated_ms": row.updated_ms,
    }


def given(
    state: SystemState, rows: Iterable[object], owners: Owners
) -> list[tuple[VenuePosition, str, list[Step]]]:
    """For each that is named its row, the id that its records go by, and what is written."""
    held, unfit = _seen(rows)
    asked = _asked(held, unfit, owners)
    return [_steps(state, held[key], asked[key]) for key in sorted(asked)]


def _seen(rows: Iterable[object]) -> tuple[dict[PositionKey, VenuePosition], dict[str, BadValue]]:
    """What can be given, by key; and why something else cannot, by instId."""
    held: dict[PositionKey, VenuePosition] = {}
    unfit: dict[str, BadValue] = {}
    for row in rows:
        try:
            position = shown(row)
        except BadValue as problem:
            raw = row.get("info", row) if isinstance(row, Mapping) else None
            if not isinstance(raw, Mapping) or not raw.get("instId"):
                raise  # no row of OKX's at all
            unfit[str(raw["instId"])] = problem
        else:
            if position.qty_contracts:
                held[position.key] = position
    return held, unfit


def _asked(
    held: Mapping[PositionKey, VenuePosition], unfit: Mapping[str, BadValue], owners: Owners
) -> dict[PositionKey, str | Mapping[str, object]]:
    by_name: dict[str, list[PositionKey]] = {}
    for key in held:
        by_name.setdefault(key.inst_id, []).append(key)
    names = {str(key): key for key in held}
    alone = (name for name, keys in by_name.items() if len(keys) == 1 and name not in unfit)
    names |= {name: by_name[name][0] for name in alone}
    there = "; ".join(f"{key}: {row.qty_contracts} contracts" for key, row in sorted(held.items()))
    found: dict[PositionKey, str | Mapping[str, object]] = {}
    for name, owner in owners.items():
        asked_for = " ".join(name) if isinstance(name, tuple) else str(name)
        if asked_for not in names:
            if asked_for.partition(" ")[0] in unfit:
                raise unfit[asked_for.partition(" ")[0]]
            raise BadValue(f"no one position is called {name!s}; there are: {there or 'none'}")
        key = names[asked_for]
        if key in found:
            raise BadValue(f"{key} has two owners named")
        found[key] = owner
    if not found:
        raise BadValue(f"no owner is named; there are: {there or 'none'}")
    return found


def _steps(
    state: SystemState, row: VenuePosition, owner: str | Mapping[str, object]
) -> tuple[VenuePosition, str, list[Step]]:
    key = row.key
    _refuse_open_orders(state, key)
    mine = {name: _held(book.positions, key) for name, book in state.private_ledgers.items()}
    rest = row.qty_contracts - sum(mine.values(), NO_CONTRACTS)
    if not rest:
        raise BadValue(f"{key}: agents hold all of its {row.qty_contracts} contracts already")
    parts = {owner: rest} if isinstance(owner, str) else _parts(owner)
    if sum(parts.values(), NO_CONTRACTS) != rest:
        raise BadValue(
            f"{key}: the parts add up to {sum(parts.values(), NO_CONTRACTS)} contracts, and "
            f"{rest} are nobody's yet"
        )
    told = {"key": str(key), **evidence(row), "parts": {n: str(q.value) for n, q in parts.items()}}
    ident = f"N-{hashlib.sha256(dumps(told)).hexdigest()[:_DIGEST_CHARS]}"
    steps: list[Step] = []
    nobodys = _held(state.unattributed.positions, key)
    if nobodys:
        steps.append(AdoptDifference(key, -nobodys, row.avg_px, row.opened_ms, ident))
    for name, part in sorted(parts.items()):
        _refuse_owner(state, key, name)
        after = mine.get(name, NO_CONTRACTS) + part
        if not part or (key.pos_side != "net" and after.sign < 0):
            raise BadValue(f"{key}: {name} cannot be given {part} contracts")
        steps.append(SetQuantity(name, key, after, row.avg_px, row.opened_ms, ident))
    return row, ident, steps


def _parts(owner: Mapping[str, object]) -> dict[str, Contracts]:
    return {
        name: part if isinstance(part, Contracts) else contracts(part)
        for name, part in owner.items()
    }


def _held(positions: Iterable[Position], key: PositionKey) -> Contracts:
    return sum((one.qty_contracts for one in positions if one.key == key), NO_CONTRACTS)


def _refuse_owner(state: SystemState, key: PositionKey, name: str) -> None:
    agent = state.agents.get(name)
    if agent is None or name not in state.registry.rows:
        known = ", ".join(sorted(state.agents)[:10]) or "none"
        raise BadValue(f"{key}: no agent is called {name!r}; add_agent it first (there: {known})")
    if not agent.alive:
        raise BadValue(f"{key}: agent {name!r} is dead, and can be given nothing")


def _refuse_open_orders(state: SystemState, key: PositionKey) -> None:
    for one in state.intents.values():
        moves = one.kind == "order" or one.outcome == "UNKNOWN"
        if one.inst_id == key.inst_id and moves:
            problem = BadValue(
                f"{key}: order {one.cl_ord_id} is open, and may be part of it; settle it first"
            )
            problem.command = ("orders",)
            raise problem


def said(row: VenuePosition, ident: str, steps: Iterable[Step]) -> list[str]:
    """What the audit is told."""
    shown_as = (
        f"posId {row.pos_id or '-'}, {row.qty_contracts} contracts at {plain(row.avg_px)}, "
        f"uTime {row.updated_ms}"
    )
    return [
        f"adopted {one.key} for {one.agent_id}: now {one.qty_contracts} contracts [{ident}: "
        f"{shown_as}]"
        for one in steps
        if isinstance(one, SetQuantity)
    ]
