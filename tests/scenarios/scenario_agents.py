"""What agents do on the stage: a durable intent, an order through ccxt, its answer, its executions
booked; or only a part of that, where the process dies in between.
"""

from __future__ import annotations

import time
from typing import Any

import ccxt
import pytest
from scenario_rows import BTC, ETH, FUT, HEDGE, NET, SOL

from prometheus_persist.errors import BadValue, Frozen
from prometheus_persist.exchange import expiring
from prometheus_persist.saving.attached import Attached
from prometheus_persist.state import contracts

SYMBOLS = {
    BTC: "BTC/USDT:USDT",
    ETH: "ETH/USDT:USDT",
    SOL: "SOL/USDT:USDT",
    FUT: "BTC/USDT:USDT-301227",
}
LATE_S = 0.05
WORDS = {
    "long": ("buy", "long"),
    "close_long": ("sell", "long"),
    "short": ("sell", "short"),
    "close_short": ("buy", "short"),
}


class AgentActs:
    """Verbs of ``Stage``."""

    def do_trade(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        """An order, answered, executed and booked."""
        self.do_sent(agent, word, qty, **more)
        intent = self.session.settle(self.reader, self.last[agent])
        assert intent.outcome == "FILLED", intent

    def do_sent(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        """An order and its answer; what was executed of it is not booked."""
        with self._intent(agent, word, qty, **more) as intent:
            intent.ack(self._order(intent.intent, intent.params))

    def do_unanswered(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        """The order is executed, its answer is lost on the way."""
        self.do_faults({"action": "drop_answer", "method": "POST"})
        self._fails(agent, word, qty, **more)

    def do_lost(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        """The order is lost on the way, so no answer comes."""
        self.do_faults({"action": "refuse", "method": "POST"})
        self._fails(agent, word, qty, **more)

    def do_unsent(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        """The process dies between the durable intent and the order."""
        self._intent(agent, word, qty, **more)

    def do_unread(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        """The process dies between the order and its answer."""
        handle = self._intent(agent, word, qty, **more)
        self._order(handle.intent, handle.params)

    def do_refused(
        self: Any, agent: str, word: str, qty: object, code: str = "51008", **more: Any
    ) -> None:
        """The exchange answers the order with this code, and does not take it."""
        self.do_faults({"action": "reject", "code": code})
        with self._intent(agent, word, qty, **more) as intent:
            try:
                self._order(intent.intent, intent.params)
            except ccxt.ExchangeError as problem:
                intent.reject(str(problem))
            else:
                raise AssertionError("the order was not refused")
        self.do_faults()

    def do_late(self: Any, agent: str, word: str, qty: object, ms: int, **more: Any) -> None:
        """The order reaches the exchange that much later, after the store has asked for it, and
        its answer does not come back."""
        handle = self._intent(agent, word, qty, **more)
        self.kept["late", agent] = handle.intent, handle.params
        self.do_advance(ms)

    def do_arrives(self: Any, agent: str) -> None:
        """It reaches the exchange now."""
        self._order(*self.kept["late", agent])

    def do_expired(self: Any, agent: str) -> None:
        """It reaches the exchange now, which executes nothing of it any more."""
        time.sleep(LATE_S)
        with pytest.raises(ccxt.ExchangeError, match="50036"):
            self._order(*self.kept["late", agent])

    def do_answers_another(self: Any, agent: str, word: str, qty: object) -> None:
        """An answer with another order's clOrdId acknowledges nothing."""
        handle = self._intent(agent, word, qty)
        answer = self._order(handle.intent, handle.params)
        other = {**answer, "clOrdId": f"{handle.cl_ord_id}x", "clientOrderId": None, "info": {}}
        with pytest.raises(BadValue):
            handle.ack(other)
        assert self.session.state.intents[handle.cl_ord_id].outcome == "PENDING"

    def do_misnamed(self: Any, agent: str, said: str, meant: str) -> None:
        """The exchange lists no contract of this name: refused, with the one that was meant."""
        with pytest.raises(BadValue, match=meant):
            self._intent(agent, "long", 1, inst=said)

    def do_barred(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        """An order that may not leave."""
        with pytest.raises(Frozen):
            self._intent(agent, word, qty, **more)

    def do_settle(self: Any, agent: str) -> None:
        """What the agent's last order did is booked."""
        self.session.settle(self.reader, self.last[agent])

    def do_give_up(self: Any, agent: str) -> None:
        """A human ends the agent's last order without the exchange's word."""
        assert self.session.give_up(self.last[agent], "nobody knows").outcome == "CANCELED"

    def do_cancel(self: Any, agent: str, cl: str = "") -> None:
        """The agent's last order is canceled; the books are not told."""
        intent = self.session.state.intents[cl or self.last[agent]]
        named = {"instId": intent.inst_id, "clOrdId": intent.cl_ord_id}
        if intent.kind == "order":
            self.client.private_post_trade_cancel_order(named)
        else:
            named = {"instId": intent.inst_id, "algoClOrdId": intent.cl_ord_id}
            self.client.private_post_trade_cancel_algos([named])

    def do_cancel_child(self: Any, inst: str = BTC) -> None:
        """Whatever order waits on the instrument is canceled by hand."""
        rows = self.hand.private_get_trade_orders_pending({"instId": inst})["data"]
        for row in rows:
            named = {"instId": inst, "ordId": row["ordId"]}
            self.hand.private_post_trade_cancel_order(named)
        assert rows, "nothing waits"

    def do_cancel_all(self: Any) -> None:
        """Every order and stop of ours that waits is canceled, and its end is booked."""
        intents = self.session.state.intents
        for row in self.client.private_get_trade_orders_pending({})["data"]:
            if {row["clOrdId"], row["algoClOrdId"]} & intents.keys():
                named = {"instId": row["instId"], "ordId": row["ordId"]}
                self.client.private_post_trade_cancel_order(named)
        asked = {"ordType": "conditional,oco"}
        for row in self.client.private_get_trade_orders_algo_pending(asked)["data"]:
            if row["algoClOrdId"] in intents:
                named = {"instId": row["instId"], "algoId": row["algoId"]}
                self.client.private_post_trade_cancel_algos([named])
        for name in list(intents):
            if name in self.session.state.intents:
                self.session.settle(self.reader, name)

    def do_stop(
        self: Any, agent: str, word: str, qty: object, trigger_px: object, **more: Any
    ) -> None:
        """A resting stop, answered; ``stop_px`` is its child's price, ``whole`` closes whatever the
        account then holds."""
        self.do_sent(agent, word, qty, trigger_px=trigger_px, **more)

    def do_open(self: Any, *agents: str) -> None:
        """These agents' last orders are open in the books, and no others."""
        names = {self.last[name] for name in agents}
        waits = {name for names in self.stops.values() for name in names}
        assert self.session.state.intents.keys() - waits == names

    def do_open_stops(self: Any, count: int) -> None:
        """So many attached stops are open in the books."""
        known = {name for names in self.stops.values() for name in names}
        assert len(known & self.session.state.intents.keys()) == count

    def _fails(self: Any, agent: str, word: str, qty: object, **more: Any) -> None:
        try:
            self.do_sent(agent, word, qty, **more)
        except ccxt.NetworkError:
            self.do_faults()
            return
        raise AssertionError("the order was answered")

    def _intent(
        self: Any,
        agent: str,
        word: str,
        qty: object,
        *,
        inst: str = BTC,
        px: object = None,
        trigger_px: object = None,
        stop_px: object = None,
        mgn: str = "cross",
        reduce: bool = True,
        sl: object = None,
        tp: object = None,
        valid_ms: int | None = None,
        whole: bool = False,
    ) -> Any:
        """``reduce``: a close says reduce-only, which the account's net position may not allow.
        ``sl``, ``tp``: triggers of an attached stop."""
        side, pos_side = WORDS[word]
        kind = "order" if trigger_px is None else "algo"
        ord_type = "conditional" if kind == "algo" else "market" if px is None else "limit"
        attached = [Attached(sl_trigger_px=sl, tp_trigger_px=tp)] if sl or tp else []
        price = px if kind == "order" else stop_px
        handle = self.session.order_intent(
            agent,
            inst,
            side,
            contracts(str(qty)),
            mgn_mode=mgn,
            pos_side="net" if self.mode == NET else pos_side,
            ord_type=ord_type,
            px=None if price is None else str(price),
            trigger_px=None if trigger_px is None else str(trigger_px),
            kind=kind,
            reduce_only=reduce and word.startswith("close") and self.mode == NET,
            attached=attached,
            valid_ms=valid_ms,
        )
        names = {handle.cl_ord_id, *handle.attached}
        assert not names & self.ids, "a clOrdId is issued once"
        self.ids |= names
        self.last[agent] = handle.cl_ord_id
        if handle.attached:
            self.stops[agent] = handle.attached
        if whole:
            self.kept["whole", handle.cl_ord_id] = True
        return handle

    def _order(self: Any, intent: Any, params: dict[str, Any]) -> Any:
        if ("whole", intent.cl_ord_id) in self.kept:
            return self._whole(intent)
        extra: dict[str, Any] = {}
        if intent.trigger_px is not None:
            extra["stopLossPrice"] = float(intent.trigger_px)
            extra["slOrdPx"] = "-1" if intent.px is None else str(intent.px)
        sender = self.client
        if "expTime" in params:
            sender = self._expiring()
        return sender.create_order(
            SYMBOLS[intent.inst_id],
            "limit" if intent.px is not None else "market",
            intent.side,
            float(intent.qty_contracts.value),
            None if intent.px is None else float(intent.px),
            {**params, **extra},
        )

    def _whole(self: Any, intent: Any) -> Any:
        """OKX's own "entire position" stop: closeFraction, without a size."""
        row = {
            "instId": intent.inst_id,
            "tdMode": intent.mgn_mode,
            "side": intent.side,
            "ordType": "conditional",
            "algoClOrdId": intent.cl_ord_id,
            "tag": intent.tag,
            "slTriggerPx": str(intent.trigger_px),
            "slOrdPx": "-1",
            "closeFraction": "1",
            "posSide": intent.pos_side,
        }
        if self.mode == NET:
            row["reduceOnly"] = "true"
        return self.client.private_post_trade_order_algo(row)["data"][0]

    def _expiring(self: Any) -> Any:
        """The library's helper around a client of its own."""
        if ("client", "expiring") not in self.kept:
            twin = type(self.client)(
                {
                    "apiKey": self.client.apiKey,
                    "secret": self.client.secret,
                    "password": self.client.password,
                    "urls": self.client.urls,
                    "enableRateLimit": False,
                }
            )
            twin.set_markets(list(self.client.markets.values()), self.client.currencies)
            self.kept["client", "expiring"] = expiring(twin)
        return self.kept["client", "expiring"]

    def _pos_side(self: Any, word: str) -> str:
        return WORDS[word][1] if self.mode == HEDGE else "net"
