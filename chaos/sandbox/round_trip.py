"""The round trip of the demo-trading check: the smallest orders, and every place they show in.

1. Whether a section goes on is decided by its order's acknowledgement: the steps after an order
   that was refused, or was not answered, are missing from the transcript.
2. Prices are the last price times ``FAR``, on the instrument's grid: a bid and a stop there are not
   reached while they stand.
3. Nothing here cleans up: whoever runs it does (``tidy_up.py``), whatever happens here.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR
from typing import Final

from chaos.sandbox.demo_line import SWAP, DemoAnswer, DemoLine
from chaos.sandbox.tidy_up import DemoAccount, Tidy
from chaos.sandbox.transcript import Mine, Transcript, every, having
from prometheus_persist.errors import BadValue
from prometheus_persist.exchange.okx.query import Row
from prometheus_persist.state.money import div, exact, mul, plain

FAR: Final = exact("0.5")


class RoundTrip:
    """One round trip on one free instrument."""

    def __init__(
        self,
        line: DemoLine,
        transcript: Transcript,
        tidy: Tidy,
        account: DemoAccount,
        instrument: Row,
        new_id: Callable[[str], str],
    ) -> None:
        self._line = line
        self._transcript = transcript
        self._see = transcript.see
        self._told = transcript.told
        self._tidy = tidy
        self._account = account
        self._instrument = instrument
        self._new_id = new_id
        self._named = {**SWAP, "instId": account.inst_id}

    def run(self) -> None:
        """Every section; what cannot be computed without a price is left out."""
        ticker = self._line.get("market/ticker", {"instId": self._account.inst_id})
        self._told("trade.ticker", ticker, every)
        try:
            last = exact(ticker.rows[0].get("last") if ticker.rows else None)
            tick = exact(self._instrument.get("tickSz"))
            steps = div(mul(last, FAR), tick).to_integral_value(ROUND_FLOOR)
            far_px = plain(mul(steps, tick))
            min_sz = plain(exact(self._instrument.get("minSz")))
        except BadValue:
            return
        self._limit(min_sz, far_px)
        self._market(min_sz, far_px)

    def is_open(self, row: Row) -> bool:
        """Whether a position row is the one that is traded here, and not flat."""
        where = (row.get("instId"), row.get("posSide"), row.get("mgnMode"))
        return where == (self._account.inst_id, self._account.pos_side, "cross") and (
            row.get("pos") not in ("0", "", None)
        )

    def _limit(self, min_sz: str, far_px: str) -> None:
        never = self._new_id("never")
        asked = {"instId": self._account.inst_id, "clOrdId": never}
        self._see("limit.never_sent", "trade/order", asked, every, present=False)
        cl_ord_id = self._new_id("limit")
        sent = self._tidy.send(cl_ord_id, "buy", min_sz, ordType="limit", px=far_px)
        if not self._placed("limit.place", sent):
            return
        named, mine = self._named, having("clOrdId", cl_ord_id)
        body = {"instId": self._account.inst_id, "clOrdId": cl_ord_id}
        self._look_up("limit.look_up", cl_ord_id, having("state", "live"))
        self._see("limit.pending", "trade/orders-pending", named, mine)
        self._told("limit.cancel", self._line.post("trade/cancel-order", body), every)
        self._look_up("limit.canceled", cl_ord_id, having("state", "canceled"))
        self._told("limit.cancel_again", self._line.post("trade/cancel-order", body), every)
        self._see("limit.gone", "trade/orders-pending", named, mine, present=False)
        self._see("limit.history", "trade/orders-history", named, mine)

    def _market(self, min_sz: str, far_px: str) -> None:
        cl_ord_id = self._new_id("market")
        sent = self._tidy.send(cl_ord_id, "buy", min_sz, ordType="market")
        if not self._placed("market.place", sent):
            return
        named, mine = self._named, having("clOrdId", cl_ord_id)
        self._look_up("market.look_up", cl_ord_id, having("state", "filled"))
        self._see("market.fills", "trade/fills", named, mine)
        self._see("market.fills_history", "trade/fills-history", named, mine)
        position = self._see("market.position", "account/positions", named, self.is_open)
        self._see("market.bill", "account/bills", SWAP, mine)
        self._stop(min_sz, far_px)
        self._close(min_sz, position.rows)

    def _stop(self, min_sz: str, far_px: str) -> None:
        cl_ord_id = self._new_id("stop")
        sent = self._tidy.send_stop(cl_ord_id, min_sz, far_px)
        if not self._placed("stop.place", sent):
            return
        asked = {"algoClOrdId": cl_ord_id}
        mine = having("algoClOrdId", cl_ord_id)
        pending = {**self._named, "ordType": "conditional"}
        live, canceled = having("state", "live"), having("state", "canceled")
        found = self._see("stop.look_up", "trade/order-algo", asked, live, shown=every)
        self._see("stop.pending", "trade/orders-algo-pending", pending, mine)
        algo_id = next((str(row["algoId"]) for row in found.rows if "algoId" in row), "")
        self._told("stop.cancel", self._tidy.cancel_stop(algo_id), every)
        self._see("stop.canceled", "trade/order-algo", asked, canceled, shown=every)
        self._see("stop.gone", "trade/orders-algo-pending", pending, mine, present=False)
        ended = {**pending, "state": "canceled"}
        self._see("stop.history", "trade/orders-algo-history", ended, mine)

    def _close(self, min_sz: str, opened: tuple[Row, ...]) -> None:
        cl_ord_id = self._new_id("close")
        sent = self._tidy.send(cl_ord_id, "sell", min_sz, ordType="market")
        if not self._placed("close.place", sent):
            return
        named, mine = self._named, having("clOrdId", cl_ord_id)
        life = [row for row in opened if self.is_open(row)]
        pos_id, began = (life[0].get("posId"), life[0].get("cTime")) if life else ("", "")
        self._look_up("close.look_up", cl_ord_id, having("state", "filled"))
        self._see("close.fills", "trade/fills", named, mine)
        self._see("close.flat", "account/positions", named, self.is_open, present=False)
        self._see("close.flat_row", "account/positions", named, having("posId", pos_id))
        self._see("close.bill", "account/bills", SWAP, mine)
        self._see("close.bill_archive", "account/bills-archive", SWAP, mine)
        self._see("close.orders", "trade/orders-history", named, mine)
        self._see("close.orders_archive", "trade/orders-history-archive", named, mine)
        self._see(
            "close.life",
            "account/positions-history",
            named,
            lambda row: row.get("posId") == pos_id and row.get("cTime") == began,
        )

    def _placed(self, step: str, sent: DemoAnswer) -> bool:
        """Tell an order's acknowledgement; whether its section can go on."""
        self._told(step, sent, every)
        return sent.ok

    def _look_up(self, step: str, cl_ord_id: str, until: Mine) -> None:
        asked = {"instId": self._account.inst_id, "clOrdId": cl_ord_id}
        self._see(step, "trade/order", asked, until, shown=every)
