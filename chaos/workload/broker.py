"""How a decision becomes an order: durable intent, unmodified ccxt, durable answer, booked fills.

- An exception that says "refused" ends the intent as rejected; any other leaves it unknown and is
  passed on, because an unanswered order may be alive.
- A stop is a ``conditional`` algo order, reduce-only, placed through ``create_order`` with
  ``stopLossPrice``; its clOrdId is known to the exchange as algoClOrdId.
- An exchange that does not answer is asked again in the next cycle; nothing is assumed meanwhile.
- A frozen gate is an answer, not an accident: the agent waits.

``ccxt`` is imported by this process only, when a broker is made.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Literal, Protocol, cast

from chaos.instruments import CONTRACTS
from chaos.workload.narrator import Narrator
from chaos.workload.strategy import closing_side
from prometheus_persist.errors import Frozen, VenueError
from prometheus_persist.exchange.reader import ExchangeReader
from prometheus_persist.session import Session
from prometheus_persist.state import Contracts, OrderIntent, Position
from prometheus_persist.state.models import Side


class Broker(Protocol):
    """What the trading system asks of whoever carries out its orders."""

    @property
    def reader(self) -> ExchangeReader:
        """How to ask the exchange."""
        ...

    def market(self, agent_id: str, inst_id: str, side: str, sz: Decimal, reduce: bool) -> bool:
        """Send a market order and book it; whether anything was executed."""
        ...

    def protect(self, agent_id: str, position: Position, trigger_px: Decimal) -> None:
        """Place a stop."""
        ...

    def unprotect(self, stop: OrderIntent) -> None:
        """Take a stop away; it may have fired meanwhile."""
        ...

    def watch(self) -> list[str]:
        """Settle the stops that have ended by themselves; the agents concerned."""
        ...


class CcxtBroker:
    """Orders through a ccxt client to an exchange."""

    def __init__(
        self,
        session: Session,
        client: Any,
        reader: ExchangeReader,
        narrator: Narrator,
        on_answer: Callable[[int], None] = lambda _: None,
    ) -> None:
        import ccxt

        self.reader = reader
        self._session = session
        self._client = client
        self._narrator = narrator
        self._on_answer = on_answer
        self._answered = 0
        self._refused: type[Exception] = ccxt.ExchangeError
        self._unanswered: type[Exception] = ccxt.NetworkError

    def market(self, agent_id: str, inst_id: str, side: str, sz: Decimal, reduce: bool) -> bool:
        """Send, acknowledge, settle."""
        cl_ord_id = self._send(agent_id, inst_id, side, sz, reduce_only=reduce)
        if cl_ord_id is None:
            return False
        intent = self._settle(cl_ord_id)
        return bool(intent.booked_contracts)

    def protect(self, agent_id: str, position: Position, trigger_px: Decimal) -> None:
        """A reduce-only conditional order for the whole position."""
        self._send(
            agent_id,
            position.inst_id,
            closing_side(position),
            abs(position.qty_contracts).value,
            reduce_only=True,
            trigger_px=trigger_px,
        )

    def unprotect(self, stop: OrderIntent) -> None:
        """Cancel, then ask what became of it."""
        try:
            self._client.private_post_trade_cancel_algos(
                [{"instId": stop.inst_id, "algoClOrdId": stop.cl_ord_id}]
            )
        except (self._refused, self._unanswered) as problem:
            self._narrator.say("too_late", cl_ord_id=stop.cl_ord_id, problem=str(problem))
        self._settle(stop.cl_ord_id)

    def watch(self) -> list[str]:
        """Settle stops that no longer wait, and orders whose end we have not seen."""
        ours = list(self._session.state.intents.values())
        if not ours:
            return []
        try:
            answer = self._client.private_get_trade_orders_algo_pending({"ordType": "conditional"})
        except self._unanswered as problem:
            self._narrator.say("unanswered", what="algo orders", problem=str(problem))
            return []
        waiting = {row["algoClOrdId"] for row in answer["data"]}
        open_ = [
            intent
            for intent in ours
            if intent.cl_ord_id not in waiting or intent.outcome != "ACCEPTED"
        ]
        ended = [self._settle(intent.cl_ord_id) for intent in open_]
        return [intent.agent_id for intent in ended if intent.booked_contracts]

    def _send(
        self,
        agent_id: str,
        inst_id: str,
        side: str,
        sz: Decimal,
        *,
        reduce_only: bool,
        trigger_px: Decimal | None = None,
    ) -> str | None:
        """The clOrdId of an order that was accepted; None where it was not, or nobody knows."""
        kind: Literal["order", "algo"] = "order" if trigger_px is None else "algo"
        began = time.monotonic()
        try:
            with self._session.order_intent(
                agent_id,
                inst_id,
                cast("Side", side),
                Contracts(sz),
                ord_type="market" if trigger_px is None else "conditional",
                kind=kind,
                trigger_px=trigger_px,
                reduce_only=reduce_only,
            ) as intent:
                took_s = time.monotonic() - began
                words = {"cl_ord_id": intent.cl_ord_id, "agent_id": agent_id, "kind": kind}
                self._narrator.say(
                    "order",
                    phase="sending",
                    took_s=took_s,
                    inst_id=inst_id,
                    side=side,
                    reduce_only=reduce_only,
                    **words,
                )
                try:
                    answer = self._create(inst_id, side, sz, intent.params, trigger_px)
                except self._refused as refusal:
                    self._narrator.say("order", phase="refused", why=str(refusal), **words)
                    intent.reject(str(refusal))
                    return None
                self._answer(words, answer["id"])
                intent.ack(answer)
        except self._unanswered as problem:
            self._narrator.say("unanswered", what=inst_id, problem=str(problem))
            return None
        except Frozen as shut:
            self._narrator.say("frozen", agent_id=agent_id, inst_id=inst_id, why=shut.detail)
            return None
        return intent.cl_ord_id

    def _create(
        self,
        inst_id: str,
        side: str,
        sz: Decimal,
        params: Mapping[str, Any],
        trigger_px: Decimal | None,
    ) -> Any:
        extra: dict[str, Any] = {} if trigger_px is None else {"stopLossPrice": float(trigger_px)}
        symbol = CONTRACTS[inst_id].symbol
        return self._client.create_order(
            symbol, "market", side, float(sz), None, {**params, **extra}
        )

    def _answer(self, words: Mapping[str, Any], ord_id: str) -> None:
        """The exchange has the order: say so, and let a waiting fault stand ready."""
        self._narrator.say("order", phase="answered", ord_id=ord_id, **words)
        self._answered += 1
        self._on_answer(self._answered)

    def _settle(self, cl_ord_id: str) -> OrderIntent:
        began, before = time.monotonic(), self._session.seq
        try:
            intent = self._session.settle(self.reader, cl_ord_id)
        except VenueError as problem:
            self._narrator.say("unanswered", what=cl_ord_id, problem=problem.detail)
            return self._session.state.intents[cl_ord_id]
        if self._session.seq > before:  # else nothing was proven, and nothing saved
            self._narrator.held(
                self._session.seq,
                self._session.state,
                time.monotonic() - began,
                "settle",
                intent.agent_id,
                cl_ord_id,
            )
        return intent
