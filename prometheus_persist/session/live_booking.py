"""What our own orders did, asked by clOrdId, on the running system.

1. An order is asked for, and what it did is booked by ``live_steps``: one commit for the agent,
   both ledgers and the intent. An answer that is not whole changes nothing.
2. "No such order", from who reads the books' own account, ends an order only if it could not be on
   its way any more when it was asked for, and the exchange would still know it: the rule of every
   recovery (``findings.intents.never_arrived``).
3. An order that is only meant to reduce and executed more than its agent holds closed somebody
   else's contracts: nothing of it is booked here, and a reconciliation is due.
4. What was heard of (``inbox.py``) is worked off once each, when the gate is open. What could not
   be looked into stays due.

Raises VenueError where the exchange does not answer at all.
"""

from __future__ import annotations

import contextlib

from prometheus_persist.errors import BadValue, VenueError
from prometheus_persist.exchange.reader import ExchangeReader
from prometheus_persist.reconcile.apply import apply_corrections
from prometheus_persist.reconcile.live import closes_others, live_steps
from prometheus_persist.saving import Trigger
from prometheus_persist.saving.gate import UNANSWERED
from prometheus_persist.session.context import SessionContext
from prometheus_persist.session.dirty import keys_of
from prometheus_persist.session.inbox import NOT
from prometheus_persist.state import NO_CONTRACTS, Contracts, OrderIntent, PositionKey
from prometheus_persist.state.registry import SYSTEM_OWNER


def settle_one(
    context: SessionContext, reader: ExchangeReader, cl_ord_id: str
) -> tuple[OrderIntent, bool]:
    """The intent as it then stands, and whether the answer was whole; BadValue if not open."""
    intent = context.state.intents.get(cl_ord_id)
    if intent is None:
        raise BadValue(f"no open order {cl_ord_id}")
    arrived = cl_ord_id not in context.waits_ms()
    seen = reader.read_order(intent, context.clock.now_ms())
    arrived = arrived and seen.lookup.found is False and context.knows(reader)
    with context.gate.turn:
        now = context.state.intents.get(cl_ord_id)
        if now is not None and seen.complete:
            books = context.booked()
            steps = live_steps(
                books.booked_fills,
                now,
                seen.lookup,
                seen.fills,
                seen.instrument,
                arrived_by_now=arrived,
            )
            if closes_others(now, _held(context, now), steps):
                context.hearing.stranger()
            elif steps:
                keys = (*_owners_keys(now.agent_id), f"intents/{cl_ord_id}", "watermark")
                context.commit_of(
                    lambda: apply_corrections(books, steps, context.clock.now_ms()),
                    Trigger.TRADE,
                    keys,
                )
        still = context.state.intents.get(cl_ord_id) or context.ended(cl_ord_id)
        assert still is not None, "an order is open, or has ended"
        return still, seen.complete


def _held(context: SessionContext, intent: OrderIntent) -> Contracts:
    """What the order's agent holds of its position."""
    if intent.agent_id == SYSTEM_OWNER:
        positions = context.state.unattributed.positions
    else:
        ledger = context.state.private_ledgers.get(intent.agent_id)
        positions = [] if ledger is None else ledger.positions
    key = PositionKey(intent.inst_id, intent.mgn_mode, intent.pos_side)
    return sum((one.qty_contracts for one in positions if one.key == key), NO_CONTRACTS)


def settle_unknown(context: SessionContext, reader: ExchangeReader) -> tuple[OrderIntent, ...]:
    """Ask for every order without an answer; each as it then stands."""
    names = [
        n for n, intent in sorted(context.state.intents.items()) if intent.outcome in UNANSWERED
    ]
    found = []
    for name in names:
        if name in context.state.intents:
            found.append(settle_one(context, reader, name)[0])
    return tuple(found)


def given_up(context: SessionContext, cl_ord_id: str, reason: str) -> OrderIntent:
    """An order that a human's word has ended; durable, and in the audit."""
    ended = context.gate.give_up(cl_ord_id, reason)
    context.audit([f"order {cl_ord_id} given up: {reason}"])
    return ended


def worked_off(context: SessionContext, reader: ExchangeReader, *, unknown: bool = False) -> None:
    """The same where the exchange may be silent: what was not looked into stays due.

    ``unknown``: first ask for every order without an answer; a reconciliation says what stays open.
    """
    if unknown:
        with contextlib.suppress(VenueError):
            settle_unknown(context, reader)
    with contextlib.suppress(VenueError):
        work_off(context, reader)


def work_off(context: SessionContext, reader: ExchangeReader) -> tuple[OrderIntent, ...]:
    """Settle every order that was heard of, once; nothing while the gate is shut."""
    if not context.gate.is_open:
        return ()
    heard = context.hearing.heard()
    everything = sorted(context.state.intents) if heard.everything != NOT else []
    found, left = [], []
    for name in dict.fromkeys((*heard.names, *everything)):
        whole = True
        if name in context.state.intents:
            intent, whole = settle_one(context, reader, name)
            found.append(intent)
        elif context.ended(name) is None:
            context.hearing.stranger()  # nobody's order: a reconciliation finds out whose
        left += [] if whole else [name]
        if whole:
            context.hearing.looked_into(heard, name)
    if not left:
        context.hearing.looked_into_all(heard)
    return tuple(found)


def _owners_keys(owner: str) -> tuple[str, ...]:
    return ("unattributed",) if owner == SYSTEM_OWNER else keys_of(owner)
