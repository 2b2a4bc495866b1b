"""One open order as a row of JSON, and as lines for people; from the books alone."""

from __future__ import annotations

from typing import Any

from prometheus_persist.cli.output import Output
from prometheus_persist.report.values import ago, when
from prometheus_persist.state import NO_CONTRACTS, OrderIntent, PositionKey, SystemState
from prometheus_persist.state.intents import TERMINAL


def is_open(one: OrderIntent) -> bool:
    """Whether it has not ended."""
    return one.outcome not in TERMINAL


def order_row(state: SystemState, one: OrderIntent, now_ms: int) -> dict[str, Any]:
    """Everything the books know of it; ``alone``: a stop whose agent has nothing that it closes."""
    return {
        **one.model_dump(mode="json"),
        "age_ms": max(now_ms - one.created_ms, 0),
        "alone": _is_alone(state, one),
    }


def _is_alone(state: SystemState, one: OrderIntent) -> bool:
    closes = one.reduce_only or (one.pos_side, one.side) in (("long", "sell"), ("short", "buy"))
    if one.kind != "algo" or not closes or one.outcome != "ACCEPTED" or one.parent in state.intents:
        return False
    key = PositionKey(one.inst_id, one.mgn_mode, one.pos_side)
    ledger = state.private_ledgers.get(one.agent_id)
    positions = [] if ledger is None else ledger.positions
    held = sum((p.qty_contracts for p in positions if p.key == key), NO_CONTRACTS)
    against = 1 if one.pos_side != "net" or one.side == "sell" else -1
    return held.sign != against


def order_lines(row: dict[str, Any], output: Output) -> list[str]:
    """Its line, and beneath it what else is known."""
    say = output.say
    line = say(
        "cli.orders.line",
        order=row["cl_ord_id"],
        outcome=say(f"outcome.{row['outcome']}"),
        age=ago(row["age_ms"], say),
        agent=row["agent_id"],
        inst_id=row["inst_id"],
        side=row["side"],
        contracts=row["qty_contracts"],
        kind=say(f"cli.orders.kind.{row['kind']}"),
    )
    known = [
        say(f"cli.orders.{name}", id=row[field])
        for name, field in (("ord_id", "ord_id"), ("child", "child_ord_id"), ("parent", "parent"))
        if row[field]
    ]
    if str(row["booked_contracts"]) not in ("0", ""):
        known.append(say("cli.orders.booked", n=row["booked_contracts"]))
    if row["valid_until_ms"]:
        known.append(say("cli.orders.valid", time=when(row["valid_until_ms"])))
    if row["reason"]:
        known.append(row["reason"])
    lines = [f"  {line}", *([f"      {say('report.comma').join(known)}"] if known else [])]
    return [*lines, *([f"      {say('cli.orders.alone')}"] if row["alone"] else [])]
