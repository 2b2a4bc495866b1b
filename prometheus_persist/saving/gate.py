"""The one gate through which every order leaves; there is no way round.

It asks when an intent is issued, and again when it is sent (``IntentHandle.params``):

1. Does this writer still own the store? Taken over, it issues and sends nothing (``StoreFailed``).
2. Is the agent registered, and alive unless the order only reduces (``BadValue``)? What nobody owns
   is closed under ``SYSTEM_OWNER``, which is no agent and only ever reduces.
3. Is the gate open, and nothing frozen that concerns the order (``Frozen``)? It is shut until a
   recovery has opened it. While everything is frozen nothing passes; on a frozen instrument only
   what reduces: the account's position (reduce-only, or a closing side in long and short mode), or
   under posSide net the agent's own one, as far as its open orders leave any of it. The account may
   stand on the other side, and its exchange then refuses reduce-only.

The clOrdId carries an epoch (``state.registry``) and is never re-used: once an order was answered,
or given up, it is not sent again (``IllegalTransition``). Its number begins in ``lane``, drawn anew
for each life: another life of a copy of this directory, with the same epoch, issues other ids.

Thread-safe: ``turn`` is held whenever intents change.
"""

from __future__ import annotations

import threading
from typing import Literal

from pydantic import ValidationError

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue, Frozen, IllegalTransition
from prometheus_persist.saving.intents import IntentHandle
from prometheus_persist.saving.saver import Saver
from prometheus_persist.state import (
    NO_CONTRACTS,
    Contracts,
    FreezeState,
    OrderIntent,
    PositionKey,
    SystemState,
)
from prometheus_persist.state.models import MgnMode, PosSide, Side
from prometheus_persist.state.money import exact
from prometheus_persist.state.registry import SYSTEM_OWNER

UNANSWERED = frozenset({"PENDING", "UNKNOWN"})
LANE = 36**3  # numbers in a lane: as many orders until the next one is entered
LANES = 36**4


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


class IntentGate:
    """Issues intents; shut until ``open``. ``lane``: 4 random digits of base 36 (BadValue)."""

    def __init__(self, saver: Saver, clock: Clock, lane: int = 0) -> None:
        if not 0 <= lane < LANES:
            raise BadValue(f"a lane is a number from 0 to below {LANES}, not {lane}")
        self.turn = threading.RLock()
        self._saver = saver
        self._clock = clock
        self._first = lane * LANE
        self._number = 0
        self._shut = "the books have not been reconciled since the start"
        self._in_hand: set[str] = set()  # whose block is running
        self._left_ms: dict[str, int] = {}  # when it was last known to be on its way

    def open(self) -> None:
        """Let orders pass."""
        self._shut = ""

    def shut(self, why: str) -> None:
        """Let none pass."""
        self._shut = why

    @property
    def is_open(self) -> bool:
        """Whether orders may pass at all."""
        return not self._shut

    @property
    def issued(self) -> int:
        """How many intents were issued so far: whoever compares two of these sees new ones."""
        return self._number

    def on_their_way(self, now_ms: int, in_flight_ms: int, lived_ms: int = 0) -> dict[str, int]:
        """The unanswered orders that may still arrive, and for how many milliseconds more.

        One whose block is running may arrive that long after its end. One of an earlier writer may
        have been sent for as long as that writer is known to have lived (``lived_ms``).
        """
        found = {}
        epoch = self._saver.store.epoch
        with self.turn:
            intents = self._saver.state.intents
            self._left_ms = {name: at for name, at in self._left_ms.items() if name in intents}
            for name, intent in intents.items():
                since_ms = self._left_ms.get(name, intent.created_ms)
                if intent.epoch != epoch:
                    since_ms = max(since_ms, lived_ms)
                in_hand = name in self._in_hand
                left_ms = in_flight_ms if in_hand else since_ms + in_flight_ms - now_ms
                if intent.outcome in UNANSWERED and left_ms > 0:
                    found[name] = min(left_ms, in_flight_ms)
        return found

    def order_intent(
        self,
        agent_id: str,
        inst_id: str,
        side: Side,
        quantity: Contracts,
        *,
        mgn_mode: MgnMode = "cross",
        pos_side: PosSide = "net",
        ord_type: str = "market",
        px: object = None,
        trigger_px: object = None,
        kind: Literal["order", "algo"] = "order",
        reduce_only: bool = False,
    ) -> IntentHandle:
        """A durable intent, ready to be sent; raises Frozen, BadValue, StoreFailed."""
        if not isinstance(quantity, Contracts) or quantity.sign <= 0:
            raise BadValue(f"an order needs a positive number of Contracts, not {quantity!r}")
        try:
            order = OrderIntent(
                cl_ord_id="",
                agent_id=agent_id,
                inst_id=inst_id,
                mgn_mode=mgn_mode,
                pos_side=pos_side,
                side=side,
                qty_contracts=quantity,
                kind=kind,
                ord_type=ord_type,
                px=None if px is None else exact(px),
                trigger_px=None if trigger_px is None else exact(trigger_px),
                reduce_only=reduce_only,
            )
        except ValidationError as problem:
            raise BadValue(f"order of {agent_id}: {problem.errors()[0]['msg']}") from None
        with self.turn:
            self._refuse(order)
            return IntentHandle(self, self._saver, self._issued(order))

    def admit(self, intent: OrderIntent) -> None:
        """Ask again, now that it is about to leave; raises what ``order_intent`` raises, and
        IllegalTransition for an order that was answered or given up."""
        with self.turn:
            self._saver.store.refuse_fenced()
            now = self._saver.state.intents.get(intent.cl_ord_id)
            if now is None or now.outcome != "PENDING":
                raise IllegalTransition(
                    f"order {intent.cl_ord_id} was answered or given up; a clOrdId is sent once, "
                    f"take a new intent"
                )
            self._refuse(intent)
            self._left_ms[intent.cl_ord_id] = self._clock.now_ms()

    def take_in_hand(self, cl_ord_id: str) -> None:
        """Its block begins."""
        with self.turn:
            self._in_hand.add(cl_ord_id)

    def let_go(self, cl_ord_id: str) -> None:
        """Its block has ended; from now on it can only be on its way."""
        with self.turn:
            self._in_hand.discard(cl_ord_id)
            intent = self._saver.state.intents.get(cl_ord_id)
            if intent is not None and intent.outcome in UNANSWERED:
                self._left_ms[cl_ord_id] = self._clock.now_ms()
            else:
                self._left_ms.pop(cl_ord_id, None)

    def _refuse(self, order: OrderIntent) -> None:
        state, agent_id, inst_id = self._saver.state, order.agent_id, order.inst_id
        reduces = reduces_only(
            order.side, order.pos_side, reduce_only=order.reduce_only
        ) or own_reduces(state, order)
        agent = state.agents.get(agent_id)
        system = agent_id == SYSTEM_OWNER
        if not system and (agent is None or agent_id not in state.registry.rows):
            raise BadValue(f"agent {agent_id!r} is not in the registry; add_agent it first")
        if not reduces and (agent is None or not agent.alive):
            who = "nobody's positions" if agent is None else f"agent {agent_id!r} is dead: its own"
            raise BadValue(f"{who} can only be reduced (reduce_only=True)")
        why = self._shut or refusal(state.freeze, inst_id, reduces=reduces)
        if why:
            raise Frozen(f"order of {agent_id} on {inst_id} refused: {why}")

    def _issued(self, order: OrderIntent) -> OrderIntent:
        """One more intent, durable; nothing stays of one that could not be saved."""
        state, epoch = self._saver.state, self._saver.store.epoch
        registry, agent_id = state.registry, order.agent_id
        if agent_id == SYSTEM_OWNER:
            state.registry = registry.assign(SYSTEM_OWNER)
        try:
            number = (self._first + self._number + 1) % (LANE * LANES)
            cl_ord_id = state.registry.cl_ord_id(agent_id, epoch, number)
            self._number += 1
            intent = order.model_copy(
                update={
                    "cl_ord_id": cl_ord_id,
                    "tag": state.registry.rows[agent_id].tag,
                    "epoch": epoch,
                    "created_ms": self._clock.now_ms(),
                }
            )
            state.intents[cl_ord_id] = intent
            try:
                keys = (f"intents/{cl_ord_id}",)
                new = () if state.registry is registry else ("registry",)
                self._saver.save("intent", keys=(*new, *keys))
            except BaseException:
                del state.intents[cl_ord_id]  # what was not saved may not leave
                raise
        except BaseException:
            state.registry = registry
            raise
        return intent
