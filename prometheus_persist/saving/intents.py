"""Order intents: durable before they leave, their outcome durable after.

    with gate.order_intent(agent_id, inst_id, "buy", contracts("1")) as intent:
        intent.ack(okx.create_order(..., params=intent.params))

Rules
- Before the block runs, the intent is durable; after ``ack`` or ``reject`` its outcome is. A crash
  in between leaves it PENDING, which means the same as UNKNOWN: it may have left.
- The block ends without ``ack`` or ``reject``, by an exception or not: UNKNOWN, durable, and an
  exception goes on. A timeout is never read as a refusal, and neither is an answer that does not
  refuse (``answers.py``): 51016 says that the order is there already.
- The books' word stands: what a settlement or reconciliation found out about an order while its
  block was running is never written over, and an order they saw end is not opened again.
- An answer that names another order acknowledges nothing, and the intent stays as it is. Where
  ``params`` was never taken it says so: then an order left that bears no agent's mark.
- Stops that are attached (``attached.py``) are durable with their order, end with it where it is
  REJECTED, and are otherwise settled by what the exchange says of them.
- The gate (``gate.py``) is asked when an intent is issued and again when it is sent: ``params`` is
  the moment of sending. An intent that is refused then has not left, and ends as REJECTED.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from prometheus_persist.errors import BadValue, Frozen, IllegalTransition
from prometheus_persist.saving.answers import answers_another, refuses
from prometheus_persist.saving.outcomes import settle
from prometheus_persist.saving.saver import Saver
from prometheus_persist.state import OrderIntent
from prometheus_persist.state.intents import TERMINAL
from prometheus_persist.state.models import Outcome
from prometheus_persist.state.redacted import redacted
from prometheus_persist.storage.interrupts import edges


class Gate(Protocol):
    """What an order on its way asks of the gate that issued it (``gate.py``)."""

    turn: threading.RLock

    def admit(self, intent: OrderIntent) -> None:
        """Raises Frozen, BadValue, StoreFailed where it may not leave any more."""

    def take_in_hand(self, handle: IntentHandle) -> None:
        """Its block begins."""

    def let_go(self, cl_ord_id: str) -> None:
        """Its block has ended."""


@edges
class IntentHandle:
    """One order on its way, with the stops that are attached to it."""

    def __init__(
        self,
        gate: Gate,
        saver: Saver,
        intent: OrderIntent,
        attached: Sequence[Mapping[str, str]] = (),
    ) -> None:
        self.latches = saver.store.latches
        self._gate = gate
        self._saver = saver
        self._attached = attached
        self._handed_out = False
        self.intent = intent

    @property
    def cl_ord_id(self) -> str:
        """Its clOrdId (an algo order's algoClOrdId)."""
        return self.intent.cl_ord_id

    @property
    def attached(self) -> tuple[str, ...]:
        """The attachAlgoClOrdIds of its stops, in the order in which they were given."""
        return tuple(row["attachAlgoClOrdId"] for row in self._attached)

    @property
    def params(self) -> dict[str, Any]:
        """What ccxt's ``create_order`` takes as ``params``: ids, tag, margin mode, flags,
        attached stops, and as ``expTime`` until when it is valid (``exchange.expiring`` sends it).

        The moment of sending: the gate is asked again. Raises Frozen, BadValue, StoreFailed where
        the order may not leave any more (it has not, and is REJECTED), and IllegalTransition where
        it was answered or given up.
        """
        intent = self.intent
        with self._gate.turn:
            try:
                self._gate.admit(intent)
            except (Frozen, BadValue) as problem:
                if not self._handed_out:
                    self._settle("REJECTED", reason=f"not sent: {problem.detail}")
                raise
            self._handed_out = True
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
        if self._attached:
            found["attachAlgoOrds"] = [dict(row) for row in self._attached]
        if intent.valid_until_ms:
            found["expTime"] = str(intent.valid_until_ms)
        return found

    def ack(self, answer: Mapping[str, Any]) -> None:
        """The exchange answered with an id: ccxt's order, or OKX's row. Durable on return.

        Raises BadValue for what is no answer, has no order's id, or another order's clOrdId.
        """
        if not isinstance(answer, Mapping):
            raise BadValue(
                f"an acknowledgement is the exchange's answer (ccxt's order, or OKX's row), "
                f"not {answer!r}"
            )
        ord_id = str(answer.get("id") or answer.get("ordId") or answer.get("algoId") or "")
        another = answers_another(self.intent, answer)
        if another:
            raise BadValue(self._of_another(another, ord_id))
        if not ord_id:
            raise BadValue("an acknowledgement without an order id acknowledges nothing")
        self._settle("ACCEPTED", ord_id=ord_id)

    def _of_another(self, another: str, ord_id: str) -> str:
        said = f"the answer is that to order {another}, not to {self.cl_ord_id}"
        if self._handed_out:
            return said
        return (
            f"{said}: it was sent without intent.params, as order {ord_id or '?'} of no agent; "
            f"cancel it, or give its agent what it does (adopt)"
        )

    def reject(self, problem: str | BaseException) -> Outcome:
        """The exchange answered with an error. Durable on return; returns what that comes to.

        REJECTED where the answer refuses the order; UNKNOWN where it does not (``answers.py``).
        """
        outcome: Outcome = "REJECTED" if refuses(problem) else "UNKNOWN"
        self._settle(outcome, reason=redacted(str(problem)))
        return outcome

    def __enter__(self) -> Self:
        try:
            self._gate.take_in_hand(self)
            return self
        except BaseException:
            self._gate.let_go(self.cl_ord_id)
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            now = self._saver.state.intents.get(self.cl_ord_id)
            if now is not None and now.outcome == "PENDING":
                why = redacted(f"no answer seen: {problem!r}") if problem else "no ack"
                unsent = "" if self._handed_out else "; intent.params was never taken"
                self._settle("UNKNOWN", reason=f"{why}{unsent}")
        finally:
            self._gate.let_go(self.cl_ord_id)

    def _settle(self, outcome: Outcome, *, ord_id: str = "", reason: str = "") -> None:
        with self._gate.turn:
            now = self._saver.state.intents.get(self.cl_ord_id)
            if now is None:
                _refuse_contradiction(self.intent, outcome)
                return
            self.intent = settle(
                self._saver,
                now,
                outcome,
                ord_id=ord_id,
                reason=reason,
                with_attached=outcome == "REJECTED",
            )


def _refuse_contradiction(last_known: OrderIntent, outcome: Outcome) -> None:
    """The order has ended: an acknowledgement is late news, anything else needs the table's leave.

    Raises IllegalTransition.
    """
    if last_known.outcome in TERMINAL or outcome != "ACCEPTED":
        raise IllegalTransition(f"order {last_known.cl_ord_id} has ended; it is not {outcome} now")
