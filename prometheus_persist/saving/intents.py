"""Order intents and the one gate through which every order leaves.

    with gate.order_intent(agent_id, inst_id, "buy", contracts("1")) as intent:
        intent.ack(okx.create_order(..., params=intent.params))

Rules
- Before the block runs, the intent is durable; after ``ack`` or ``reject`` its outcome is. A crash
  in between leaves it PENDING, which means the same as UNKNOWN: it may have left.
- The block ends without ``ack`` or ``reject``, by an exception or not: UNKNOWN, durable, and an
  exception goes on. A timeout is never read as a refusal.
- The books' word stands: what a settlement or reconciliation found out about an order while its
  block was running is never written over, and an order they saw end is not opened again.
- The gate is shut until a recovery has opened it, and refuses with ``Frozen``: everything while
  everything is frozen, new entries on a frozen instrument. Orders that only reduce may pass an
  instrument's freeze.
- clOrdId and tag are the registry's; the clOrdId carries the writer's epoch and is never re-used.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Self

from pydantic import ValidationError

from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue, Frozen, IllegalTransition
from prometheus_persist.saving.saver import Saver
from prometheus_persist.state import Contracts, FreezeState, OrderIntent, next_outcome
from prometheus_persist.state.documents import INTENT_LOG, document
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.models import MgnMode, Outcome, PosSide, Side
from prometheus_persist.state.money import exact


def refusal(freeze: FreezeState, inst_id: str, *, reduces: bool) -> str:
    """Why an order may not leave; empty when it may."""
    if freeze.everything is not None:
        return f"everything is frozen: {freeze.everything.reason}"
    entry = freeze.instruments.get(inst_id)
    if entry is not None and not reduces:
        return f"{inst_id} is frozen for new entries: {entry.reason}"
    return ""


class IntentGate:
    """Issues intents; shut until ``open``."""

    def __init__(self, saver: Saver, clock: Clock) -> None:
        self._saver = saver
        self._clock = clock
        self._number = 0
        self._shut = "the books have not been reconciled since the start"

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
        state = self._saver.state
        closes = (pos_side, side) in (("long", "sell"), ("short", "buy"))
        why = self._shut or refusal(state.freeze, inst_id, reduces=reduce_only or closes)
        if why:
            raise Frozen(f"order of {agent_id} on {inst_id} refused: {why}")
        epoch = self._saver.store.epoch
        cl_ord_id = state.registry.cl_ord_id(agent_id, epoch, self._number + 1)
        self._number += 1
        try:
            intent = OrderIntent(
                cl_ord_id=cl_ord_id,
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
                tag=state.registry.rows[agent_id].tag,
                epoch=epoch,
                created_ms=self._clock.now_ms(),
            )
        except ValidationError as problem:
            raise BadValue(f"order of {agent_id}: {problem.errors()[0]['msg']}") from None
        state.intents[cl_ord_id] = intent
        try:
            self._saver.save("intent", keys=(f"intents/{cl_ord_id}",))
        except BaseException:
            del state.intents[cl_ord_id]  # what was not saved may not leave
            raise
        return IntentHandle(self._saver, intent)


class IntentHandle:
    """One order on its way."""

    def __init__(self, saver: Saver, intent: OrderIntent) -> None:
        self._saver = saver
        self.intent = intent

    @property
    def cl_ord_id(self) -> str:
        """Its clOrdId (an algo order's algoClOrdId)."""
        return self.intent.cl_ord_id

    @property
    def params(self) -> dict[str, Any]:
        """What ccxt's ``create_order`` takes as ``params``: ids, tag, margin mode, flags."""
        intent = self.intent
        found: dict[str, Any] = {
            "clOrdId": intent.cl_ord_id,
            "tag": intent.tag,
            "tdMode": intent.mgn_mode,
        }
        if intent.kind == "algo":
            found["algoClOrdId"] = intent.cl_ord_id
        if intent.pos_side != "net":
            found["posSide"] = intent.pos_side
        if intent.reduce_only:
            found["reduceOnly"] = True
        return found

    def ack(self, answer: Mapping[str, Any]) -> None:
        """The exchange answered with an id: ccxt's order, or OKX's row. Durable on return."""
        ord_id = str(answer.get("id") or answer.get("ordId") or answer.get("algoId") or "")
        if not ord_id:
            raise BadValue("an acknowledgement without an order id acknowledges nothing")
        self._settle("ACCEPTED", ord_id=ord_id)

    def reject(self, reason: str) -> None:
        """The exchange refused it, in so many words. Durable on return."""
        self._settle("REJECTED", reason=reason)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now = self._saver.state.intents.get(self.cl_ord_id)
        if now is not None and now.outcome == "PENDING":
            self._settle("UNKNOWN", reason=f"no answer seen: {problem!r}" if problem else "no ack")

    def _settle(self, outcome: Outcome, *, ord_id: str = "", reason: str = "") -> None:
        open_intents = self._saver.state.intents
        now = open_intents.get(self.cl_ord_id)
        if now is None:
            _refuse_contradiction(self.intent, outcome)
            return
        moved = now.model_copy(
            update={
                "outcome": next_outcome(now.outcome, outcome),
                "ord_id": ord_id or now.ord_id,
                "reason": reason.encode("utf-8", "backslashreplace").decode("utf-8")[:500],
            }
        )
        records = {}
        if moved.outcome in TERMINAL:
            del open_intents[self.cl_ord_id]
            records = {INTENT_LOG: [document(moved)]}
        else:
            open_intents[self.cl_ord_id] = moved
        try:
            self._saver.save("outcome", keys=(f"intents/{self.cl_ord_id}",), records=records)
        except BaseException:
            open_intents[self.cl_ord_id] = now
            raise
        self.intent = moved


def _refuse_contradiction(last_known: OrderIntent, outcome: Outcome) -> None:
    """The order has ended: an acknowledgement is late news, anything else needs the table's leave.

    Raises IllegalTransition.
    """
    if last_known.outcome in TERMINAL or outcome != "ACCEPTED":
        raise IllegalTransition(f"order {last_known.cl_ord_id} has ended; it is not {outcome} now")
