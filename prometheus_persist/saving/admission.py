"""What may pass the gate: what is frozen, what is withheld, what only reduces.

- A freeze stands in the store until a human lifts it: everything, or new entries on an instrument.
- What a reconciliation withholds (``Admission``) stands until the next one: new entries on an
  instrument, on all of them (key ``""``), or of an agent.
- An order reduces that can only make the account's position smaller, or under posSide net its own
  agent's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_persist.commands import ASK_EXCHANGE, command, of_store
from prometheus_persist.errors import Frozen
from prometheus_persist.state import (
    NO_CONTRACTS,
    FreezeState,
    OrderIntent,
    PositionKey,
    SystemState,
)

LIFTED = "a reconciliation that finds no such reason any more lifts this"


@dataclass(frozen=True, slots=True)
class Admission:
    """What a reconciliation lets pass: all but new entries on ``withheld`` and of ``agents``.

    ``withheld`` is by instId, ``""`` for every instrument, ``agents`` by agent id; each says why.
    ``contracts`` has every contract that the exchange lists, and why it cannot be traded, ``""``
    where it can; where it is empty that is not known, and nothing is refused for it. ``offset_ms``:
    the exchange's clock less ours; None leaves it as it is.
    """

    withheld: Mapping[str, str] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    contracts: Mapping[str, str] = field(default_factory=dict)
    offset_ms: int | None = None

    def withholds(self, inst_id: str, agent_id: str | None = None) -> str:
        """Why a new entry waits; empty when it does not."""
        reasons = (
            ("every instrument", self.withheld.get("")),
            (inst_id, self.withheld.get(inst_id)),
            (f"agent {agent_id}", None if agent_id is None else self.agents.get(agent_id)),
        )
        for what, why in reasons:
            if why is not None:
                return f"{what} is withheld from new entries: {why}; {LIFTED}"
        return ""

    def refuse(
        self, shut: str, freeze: FreezeState, options: str, order: OrderIntent, *, reduces: bool
    ) -> None:
        """Raise Frozen where the order may not leave: ``shut`` says why the gate is, if it is.

        Its ``command``, and the note under its traceback, name the command that helps, about the
        store and the account that ``options`` name.
        """
        helps: tuple[str, ...] = ("reconcile",)
        why = shut
        if not why and (why := refusal(freeze, order.inst_id, reduces=reduces)):
            what = order.inst_id if freeze.everything is None else "--all"
            helps = ("unfreeze", what, "--reason", "…")
        if not why and not reduces:
            why = self.withholds(order.inst_id, order.agent_id)
        if why:
            said = f"order of {order.agent_id} on {order.inst_id} refused: {why}"
            raise helped(Frozen(said), helps, options)


FREELY = Admission()


def helped(error: Frozen, helps: tuple[str, ...], options: str) -> Frozen:
    """The refusal with the command that helps, also under its traceback."""
    error.command, error.options = helps, options
    note = command(helps, options if helps[0] in ASK_EXCHANGE else of_store(options))
    error.add_note(f"next: {note}")
    return error


def refusal(freeze: FreezeState, inst_id: str, *, reduces: bool) -> str:
    """Why an order may not leave; empty when it may."""
    if freeze.everything is not None:
        return f"everything is frozen: {freeze.everything.reason}"
    entry = freeze.instruments.get(inst_id)
    if entry is not None and not reduces:
        return f"{inst_id} is frozen for new entries: {entry.reason}"
    return ""


def reduces_only(side: str, pos_side: str, *, reduce_only: bool) -> bool:
    """Whether an order can only make a position smaller."""
    return reduce_only or (pos_side, side) in (("long", "sell"), ("short", "buy"))


def own_reduces(state: SystemState, order: OrderIntent) -> bool:
    """Whether an order under posSide net is covered by its agent's own position of the other side.

    Orders of the agent that are open on that side have their part of it already. A reduce-only stop
    has not: whatever closes the position first leaves nothing for it.
    """
    ledger = state.private_ledgers.get(order.agent_id)
    if ledger is None or order.pos_side != "net":
        return False
    key = PositionKey(order.inst_id, order.mgn_mode, order.pos_side)
    held = sum((each.qty_contracts for each in ledger.positions if each.key == key), NO_CONTRACTS)
    if held.sign != (1 if order.side == "sell" else -1):
        return False
    due = order.qty_contracts
    for other in state.intents.values():
        same = (other.agent_id, other.inst_id, other.mgn_mode, other.pos_side, other.side) == (
            order.agent_id,
            *key,
            order.side,
        )
        stop = other.kind == "algo" and other.reduce_only
        if same and not stop and other.cl_ord_id != order.cl_ord_id:
            due += other.qty_contracts - other.booked_contracts
    return not due > abs(held)
