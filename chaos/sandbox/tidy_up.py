"""What the demo-trading check has placed, and taking it back: that, all of it, and nothing else.

1. Every order and stop is noted by its clOrdId before it is sent. What became of it is asked of the
   exchange, never inferred from an answer or from the lack of one.
2. "No such order" is believed at once where the exchange had refused the order, never where it had
   acknowledged it, and else only ``INDEX_LAG_S`` after it was sent: before that it may yet appear.
3. What waits is canceled by its own id. What was opened is the sum of our own executions; exactly
   that is closed, reduce-only, so that what others hold on the account stays.
4. A closing order is itself noted, and no second one is sent while the first is not accounted for.
5. What could not be made sure of is told in words and left to a human.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from chaos.sandbox.demo_line import (
    BUSY,
    INDEX_LAG_S,
    NO_SUCH_ORDER,
    TIMED_OUT,
    DemoAnswer,
    DemoLine,
)
from prometheus_persist.clock import Clock
from prometheus_persist.errors import BadValue
from prometheus_persist.exchange.okx.query import Row
from prometheus_persist.state.money import ZERO, add, exact, plain, sub

PAUSE_S: Final = 0.5
CLOSES_MAX: Final = 3
WAITING: Final = frozenset({"live", "partially_filled", "pause", "partially_effective"})


@dataclass(slots=True)
class PlacedOrder:
    """One order or stop of ours. ``opens`` if its executions make the position larger."""

    cl_ord_id: str
    opens: bool
    is_algo: bool
    sent_s: float
    refused: bool = False
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Where the check trades: ``pos_side`` is net or long, and the position is a long one."""

    inst_id: str
    pos_side: str
    tag: str

    def order(self, side: str, sz: str, cl_ord_id: str, **more: Any) -> dict[str, Any]:
        """The body of an order; one that sells only ever reduces."""
        body = {
            "instId": self.inst_id,
            "tdMode": "cross",
            "side": side,
            "sz": sz,
            "clOrdId": cl_ord_id,
            "tag": self.tag,
            **more,
        }
        if self.pos_side != "net":
            body["posSide"] = self.pos_side
        elif side == "sell":
            body["reduceOnly"] = True
        return body


class Unsure(Exception):
    """What became of an order cannot be said; the text says why."""


class Tidy:
    """Everything placed in one run."""

    def __init__(
        self, line: DemoLine, clock: Clock, account: DemoAccount, new_id: Callable[[str], str]
    ) -> None:
        self._line = line
        self._clock = clock
        self._account = account
        self._new_id = new_id
        self._placed: dict[str, PlacedOrder] = {}

    def send(self, cl_ord_id: str, side: str, sz: str, **more: Any) -> DemoAnswer:
        """Note an order, then send it."""
        placed = self._note(cl_ord_id, opens=side == "buy", is_algo=False)
        body = self._account.order(side, sz, cl_ord_id, **more)
        return self._answered(placed, self._line.post("trade/order", body))

    def send_stop(self, cl_ord_id: str, sz: str, trigger_px: str) -> DemoAnswer:
        """Note a conditional stop that sells at market, then send it."""
        placed = self._note(cl_ord_id, opens=False, is_algo=True)
        body = self._account.order("sell", sz, cl_ord_id, ordType="conditional")
        body["algoClOrdId"] = body.pop("clOrdId")
        body |= {"slTriggerPx": trigger_px, "slOrdPx": "-1"}
        return self._answered(placed, self._line.post("trade/order-algo", body))

    def cancel_stop(self, algo_id: str) -> DemoAnswer:
        """Cancel a stop by the exchange's own id."""
        row = {"instId": self._account.inst_id, "algoId": algo_id}
        return self._line.post("trade/cancel-algos", [row])

    def clean(self) -> tuple[list[str], list[str]]:
        """Take everything back: what had to be done, and what could not be made sure of."""
        did: list[str] = []
        left: list[str] = []
        for _ in range(CLOSES_MAX):
            open_contracts, left = self._settle_all(did)
            if left:
                return did, left
            if open_contracts == ZERO:
                return did, []
            if open_contracts < ZERO:
                return did, [f"{self._account.inst_id}: more was closed than opened"]
            cl_ord_id = self._new_id("tidy")
            self.send(cl_ord_id, "sell", plain(open_contracts), ordType="market")
            did.append(f"closed {plain(open_contracts)} contracts of {self._account.inst_id}")
        still, left = self._settle_all(did)
        if still != ZERO and not left:
            left = [f"{plain(still)} contracts of {self._account.inst_id} may still be open"]
        return did, left

    def _note(self, cl_ord_id: str, *, opens: bool, is_algo: bool) -> PlacedOrder:
        placed = PlacedOrder(cl_ord_id, opens, is_algo, self._clock.monotonic_s())
        self._placed[cl_ord_id] = placed
        return placed

    def _answered(self, placed: PlacedOrder, answer: DemoAnswer) -> DemoAnswer:
        placed.refused = not answer.ok and not {answer.code, answer.row_code} & (BUSY | TIMED_OUT)
        placed.acknowledged = answer.ok and bool(answer.rows)
        return answer

    def _settle_all(self, did: list[str]) -> tuple[Decimal, list[str]]:
        """Contracts still open of what is known for sure; and what is not."""
        total = ZERO
        left = []
        for placed in list(self._placed.values()):
            try:
                row = self._settled(placed, did)
                filled = ZERO if row is None else exact(row.get("accFillSz") or "0")
            except (Unsure, BadValue) as why:
                left.append(f"{placed.cl_ord_id}: {why}")
                continue
            total = add(total, filled) if placed.opens else sub(total, filled)
        return total, left

    def _settled(self, placed: PlacedOrder, did: list[str]) -> Row | None:
        row = self._looked_up(placed)
        if row is None or row.get("state") not in WAITING:
            return row if row is None or not placed.is_algo else self._child(row)
        until_s = self._clock.monotonic_s() + INDEX_LAG_S
        self._cancel(placed, row)
        did.append(f"canceled {placed.cl_ord_id}")
        while row is not None and row.get("state") in WAITING:
            if self._clock.monotonic_s() >= until_s:
                raise Unsure("it is still waiting after its cancel")
            self._clock.sleep(PAUSE_S)
            row = self._looked_up(placed)
        return row if row is None or not placed.is_algo else self._child(row)

    def _looked_up(self, placed: PlacedOrder) -> Row | None:
        """Its row, or None once it is sure that there is none; raises Unsure."""
        endpoint, name = (
            ("trade/order-algo", "algoClOrdId") if placed.is_algo else ("trade/order", "clOrdId")
        )
        asked = {name: placed.cl_ord_id}
        if not placed.is_algo:
            asked["instId"] = self._account.inst_id
        while True:
            answer = self._line.get(endpoint, asked)
            if answer.ok and answer.rows:
                return answer.rows[0]
            if answer.code != NO_SUCH_ORDER:
                raise Unsure(f"GET {endpoint} answered {answer.code}")
            age_s = self._clock.monotonic_s() - placed.sent_s
            if placed.refused or age_s >= INDEX_LAG_S:
                if placed.acknowledged:
                    raise Unsure("it was acknowledged, and cannot be found")
                return None
            self._clock.sleep(PAUSE_S)

    def _child(self, algo: Row) -> Row:
        """The order that a stop became; one that did not fire executed nothing."""
        child = str(algo.get("ordId") or "")
        if not child:
            return {"accFillSz": "0"}
        answer = self._line.get("trade/order", {"instId": self._account.inst_id, "ordId": child})
        if not answer.ok or not answer.rows:
            raise Unsure(f"it fired, and its order {child} cannot be read ({answer.code})")
        return answer.rows[0]

    def _cancel(self, placed: PlacedOrder, row: Row) -> None:
        if placed.is_algo:
            self.cancel_stop(str(row.get("algoId")))
        else:
            body = {"instId": self._account.inst_id, "ordId": str(row.get("ordId"))}
            self._line.post("trade/cancel-order", body)
