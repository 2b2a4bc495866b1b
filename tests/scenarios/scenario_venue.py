"""What the exchange of the stage does while nobody listens, and what others do in the account."""

from __future__ import annotations

from typing import Any

from scenario_agents import WORDS
from scenario_rows import BTC, FUT, HEDGE, NET

MODES = {NET: "net_mode", HEDGE: "long_short_mode"}
WATCH = {"action": "delay", "method": "POST", "ms": 0, "times": 0}


class VenueActs:
    """Verbs of ``Stage``."""

    def do_price(self: Any, px: object, inst: str = BTC) -> None:
        self.venue.price(inst, str(px))

    def do_hand(
        self: Any,
        word: str,
        qty: object,
        *,
        inst: str = BTC,
        mgn: str = "cross",
        cl: str = "",
        tag: str = "",
    ) -> None:
        """Somebody trades in the account by hand."""
        side, pos_side = WORDS[word]
        named = None if self.mode == NET else pos_side
        self.venue.trade_by_hand(inst, side, str(qty), named, mgn, cl_ord_id=cl, tag=tag)

    def do_foreign(
        self: Any,
        word: str,
        qty: object,
        *,
        inst: str = BTC,
        px: object = None,
        cl: str = "",
        tag: str = "",
        like: str = "",
        tag_of: str = "",
        number: int = 0,
        reduce: bool = False,
        sl: object = None,
        sl_id: str = "",
    ) -> None:
        """Another program with the account's key: ``like`` re-uses the clOrdId of an agent's last
        order, ``tag_of`` its tag, ``number`` makes an id as this store does. ``sl``: with a stop
        attached, under ``sl_id``."""
        side, pos_side = WORDS[word]
        ids = self.session.state.registry
        row: dict[str, Any] = {
            "instId": inst,
            "tdMode": "cross",
            "side": side,
            "ordType": "market" if px is None else "limit",
            "sz": str(qty),
            "clOrdId": self.last[like] if like else cl,
            "tag": ids.rows[tag_of].tag if tag_of else tag,
            "reduceOnly": "true" if reduce and self.mode == NET else "",
        }
        if number:
            row["clOrdId"] = ids.cl_ord_id(tag_of, 1, number)
        if px is not None:
            row["px"] = str(px)
        if self.mode == HEDGE:
            row["posSide"] = pos_side
        if sl is not None:
            leg = {"slTriggerPx": str(sl), "slOrdPx": "-1", "attachAlgoClOrdId": sl_id}
            row["attachAlgoOrds"] = [{k: v for k, v in leg.items() if v}]
        answer = self.hand.private_post_trade_order({k: v for k, v in row.items() if v})
        assert answer["code"] == "0", answer

    def do_ccxt(self: Any, word: str, qty: object) -> None:
        """Another program sends an order through ccxt, which names it by itself."""
        side, pos_side = WORDS[word]
        params = {"tdMode": "cross"} | ({"posSide": pos_side} if self.mode == HEDGE else {})
        self.hand.create_order("BTC/USDT:USDT", "market", side, float(str(qty)), None, params)

    def do_foreign_stop(
        self: Any, word: str, qty: object, px: object, *, tag_of: str = "", cl: str = ""
    ) -> None:
        """Another program's resting stop."""
        side, pos_side = WORDS[word]
        row = {
            "instId": BTC,
            "tdMode": "cross",
            "side": side,
            "ordType": "conditional",
            "sz": str(qty),
            "slTriggerPx": str(px),
            "slOrdPx": "-1",
            "posSide": "net" if self.mode == NET else pos_side,
        }
        if tag_of:
            row["tag"] = self.session.state.registry.rows[tag_of].tag
        if cl:
            row["algoClOrdId"] = cl
        self.hand.private_post_trade_order_algo(row)

    def do_attached(self: Any, agent: str, word: str, qty: object, sl: object, **more: Any) -> None:
        """An agent's order to which the host attaches a stop by itself, under a name of its own;
        everything of the order itself is booked that can be."""
        with self._intent(agent, word, qty, **more) as intent:
            leg = {"attachAlgoClOrdId": f"own{agent}", "slTriggerPx": str(sl), "slOrdPx": "-1"}
            params = {**intent.params, "attachAlgoOrds": [leg]}
            intent.ack(self._order(intent.intent, params))
        self.session.settle(self.reader, self.last[agent])

    def do_liquidate(self: Any, side: str = "long", mgn: str = "cross") -> None:
        self.venue.liquidate(BTC, None if self.mode == NET else side, mgn)

    def do_adl(self: Any, qty: object = "", side: str = "long", mgn: str = "cross") -> None:
        self.venue.adl(BTC, str(qty), None if self.mode == NET else side, mgn)

    def do_partial(self: Any, qty: object, inst: str = BTC) -> None:
        self.venue.partial(inst, str(qty))

    def do_fund(self: Any, rate: object) -> None:
        self.venue.fund(BTC, str(rate))

    def do_deposit(self: Any, amount: object, *, out: bool = False, ccy: str = "USDT") -> None:
        self.venue.deposit(ccy, str(amount), out=out)

    def do_deliver(self: Any, inst: str = FUT, px: object = "") -> None:
        """The contract ends, and the exchange lists it no more."""
        self.venue.deliver(inst, str(px))

    def do_settle_day(self: Any, px: object = "", inst: str = FUT) -> None:
        """The exchange settles an expiry contract for the day."""
        self.venue.settle(inst, str(px))

    def do_rescale(self: Any, factor: object, inst: str = BTC, *, history: bool = True) -> None:
        """One contract becomes ``factor`` of them."""
        self.venue.rescale(inst, str(factor), history=history)

    def do_product(self: Any, *kinds: str) -> None:
        """The account holds products that the books do not keep."""
        for kind in kinds:
            self.venue.foreign(kind)

    def do_products_gone(self: Any) -> None:
        """They are not shown any more."""
        self.venue.foreign_clear()

    def do_position_mode(self: Any, mode: str) -> None:
        self.venue.set_position_mode(MODES[mode])
        self.mode = mode

    def do_switch(self: Any, name: str, value: str) -> None:
        self.venue.set_switch(name, value)

    def do_advance(self: Any, ms: int) -> None:
        """Time passes, for everybody."""
        self.venue.advance(ms)
        self.clock.ahead_ms += ms
        self.clock.passed_ms += ms

    def do_faults(self: Any, *rules: dict[str, Any]) -> None:
        """What goes wrong at the exchange from now on."""
        self.venue.set_faults([WATCH, *rules])

    def do_unanswered_for(self: Any, inst: str) -> None:
        """The questions about orders of this contract, and no others, fail from now on."""
        rule = {"action": "error_before", "method": "GET", "path": "trade/order", "times": 0}
        self.do_faults({**rule, "instId": inst})
