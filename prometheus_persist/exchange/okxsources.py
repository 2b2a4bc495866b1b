"""What is read of an account, source by source: which lists, which windows, which rows.

    source             endpoint                              kept  read
    config             account/config                        -     one row
    instruments        public/instruments, SWAP and FUTURES  -     all, until two answers agree
    positions          account/positions, every type         -     all, asked again when empty
    fills              trade/fills, every type               3 d   from the window's start on
                       fills-history, SWAP and FUTURES       90 d  where older
    orders_open        trade/orders-pending, every type      -     all
    orders_history     trade/orders-history                  7 d   created in the window
                       orders-history-archive                90 d  where older
                       trade/order                           -     what older fills came from
    algo_orders        orders-algo-pending, every type       -     all
                       orders-algo-history, effective        90 d  created in the window
    positions_history  account/positions-history             90 d  changed in the window
    bills              account/bills, every type             7 d   from ``bills_since_ms`` on
                       bills-archive                         90 d  where older
    balance            account/balance                       -     one row, every currency

Rules
1. A list without a type shows contracts that nobody here has heard of, as it should. Spot trades
   and spot orders are left out: they are money, and their money is in the bills.
2. Orders canceled without a fill are gone after 2 h; nothing is told from their absence. Algo
   orders that were canceled or failed executed nothing; ours are asked for one by one.
3. Orders that wait are read before orders that ended: one that ends in between is in the second
   list. Rows of one ordId are one order, in its later state; of one clOrdId there may be several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from prometheus_persist.exchange import okxpages, okxrows
from prometheus_persist.exchange.okxask import NotRead, NotThere, Row
from prometheus_persist.exchange.okxdrive import Limits, Walk
from prometheus_persist.exchange.okxlookup import ARCHIVE_KEPT_MS, DAY_MS, FILLS_KEPT_MS
from prometheus_persist.exchange.okxpages import Found, Span
from prometheus_persist.exchange.okxrows import BadRow
from prometheus_persist.exchange.reader import ViewRequest
from prometheus_persist.reconcile.views import (
    Instrument,
    VenueAlgoOrder,
    VenueBalance,
    VenueFill,
    VenueLife,
    VenueOrder,
    VenuePosition,
)
from prometheus_persist.state import PositionKey

ORDERS_KEPT_MS = 7 * DAY_MS
BILLS_KEPT_MS = 7 * DAY_MS
BILLS_OVERLAP_MS = 60_000
TYPES: tuple[Mapping[str, str], ...] = ({"instType": "SWAP"}, {"instType": "FUTURES"})
ALGO_TYPES = ("conditional,oco", "trigger", "move_order_stop")
ALGO_FIRED = "effective"
ORDER_ENDED = frozenset({"filled", "canceled", "mmp_canceled"})
POS_MODES = frozenset({"net_mode", "long_short_mode"})
ACCOUNT_LEVELS = frozenset({"", "1", "2", "3", "4"})


class Sources:
    """The walks of one reading; each may be run at any time, and more than once."""

    def __init__(self, request: ViewRequest, now_ms: int, limits: Limits) -> None:
        """``now_ms`` is the exchange's time."""
        self._request = request
        self._now_ms = now_ms
        self._limits = limits

    def config(self) -> Walk[str]:
        """The position mode."""
        row = yield from okxpages.one("account/config")
        okxrows.one_of(row, "acctLv", ACCOUNT_LEVELS)
        return okxrows.one_of(row, "posMode", POS_MODES)

    def instruments(self) -> Walk[dict[str, Instrument]]:
        """Every linear contract."""
        found: dict[str, Instrument] = {}
        for asked in TYPES:
            found |= yield from okxpages.same(
                "public/instruments", asked, okxrows.instruments, self._limits.rounds_max
            )
        if not found:
            raise NotRead("public/instruments: the answer is empty")
        return found

    def positions(self) -> Walk[list[VenuePosition]]:
        """Every open position, in the order of its key."""
        rows = yield from okxpages.confirmed("account/positions", {})
        found: dict[PositionKey, VenuePosition] = {}
        for each in map(okxrows.position, rows):
            if found.setdefault(each.key, each) != each:
                raise BadRow(f"two positions are called {each.key.inst_id}")
        return [found[key] for key in sorted(found)]

    def fills(self) -> Walk[Found]:
        """The window's fills, as rows by billId."""
        return (
            yield from okxpages.window(
                okxpages.FILLS,
                okxpages.FILLS_HISTORY,
                {},
                self._span(FILLS_KEPT_MS),
                self._limits.pages_max,
                TYPES,
            )
        )

    def newer_fills(self, known: Found) -> Walk[int]:
        """Add to ``known`` what has been executed since; how many that were."""
        span, limit = self._span(FILLS_KEPT_MS), self._limits.pages_max
        return (yield from okxpages.newer(okxpages.FILLS, {}, known, span, limit))

    def bills(self) -> Walk[Found]:
        """The window's bills, as rows by billId, and those of a minute before it."""
        return (
            yield from okxpages.window(
                okxpages.BILLS,
                okxpages.BILLS_ARCHIVE,
                {},
                self._bills_span,
                self._limits.pages_max,
                [{}],
            )
        )

    @property
    def bills_since_ms(self) -> int:
        """Where the window of bills starts."""
        asked = self._request.bills_since_ms
        return self._request.since_ms if asked is None else asked

    def newer_bills(self, known: Found) -> Walk[int]:
        """Add to ``known`` what has been billed since; how many that were."""
        span, limit = self._bills_span, self._limits.pages_max
        return (yield from okxpages.newer(okxpages.BILLS, {}, known, span, limit))

    @property
    def _bills_span(self) -> Span:
        from_ms = max(self.bills_since_ms - BILLS_OVERLAP_MS, 0)
        return Span(from_ms, self._now_ms - BILLS_KEPT_MS)

    def balance(self) -> Walk[tuple[Decimal, dict[str, VenueBalance]]]:
        """Total equity, and every currency."""
        row = yield from okxpages.one("account/balance")
        return okxrows.number(row, "totalEq"), okxrows.balances(row)

    def lives(self) -> Walk[list[VenueLife]]:
        """The lives of positions that changed in the window."""
        since_ms = self._request.since_ms
        rows = yield from okxpages.lives(since_ms, self._limits.pages_max)
        found = [okxrows.life(row) for row in rows]
        return [each for each in found if each.updated_ms >= since_ms]

    def orders_open(self) -> Walk[list[VenueOrder]]:
        """Every order that waits."""
        rows = yield from okxpages.pages(okxpages.ORDERS_PENDING, {}, None, self._limits.pages_max)
        return _orders(rows.values())

    def orders_ended(self, kind: Mapping[str, str]) -> Walk[list[VenueOrder]]:
        """Orders of one type that ended, created in the window."""
        rows = yield from okxpages.window(
            okxpages.ORDERS_HISTORY,
            okxpages.ORDERS_ARCHIVE,
            kind,
            self._span(ORDERS_KEPT_MS),
            self._limits.pages_max,
            [kind],
        )
        return _orders(rows.values())

    def older_orders(
        self, fills: Iterable[VenueFill], seen: Iterable[VenueOrder]
    ) -> Walk[list[VenueOrder]]:
        """The order of every fill whose order was created before the window."""
        known = {(one.inst_id, one.ord_id) for one in seen}
        missing = sorted({(one.inst_id, one.ord_id) for one in fills} - known)
        if len(missing) > self._limits.order_questions_max:
            raise NotRead(f"trade/order: {len(missing)} orders older than the window")
        found = []
        for inst_id, ord_id in missing:
            try:
                row = yield from okxpages.one("trade/order", {"instId": inst_id, "ordId": ord_id})
            except NotThere:  # a liquidation may leave a fill without an order
                continue
            one = okxrows.order(row)
            if (one.inst_id, one.ord_id) != (inst_id, ord_id):
                raise BadRow("trade/order: the answer is about another order")
            found.append(one)
        return found

    def algos_open(self, ord_type: str) -> Walk[list[VenueAlgoOrder]]:
        """Every algo order of these types that waits."""
        rows = yield from okxpages.pages(
            okxpages.ALGOS_PENDING, {"ordType": ord_type}, None, self._limits.pages_max
        )
        return _algos(rows.values())

    def algos_fired(self, ord_type: str) -> Walk[list[VenueAlgoOrder]]:
        """Algo orders of these types that fired, back to the oldest one of ours that is open."""
        created = [each.created_ms for each in self._request.intents if each.kind == "algo"]
        rows = yield from okxpages.pages(
            okxpages.ALGOS_HISTORY,
            {"ordType": ord_type, "state": ALGO_FIRED},
            max(min([self._request.since_ms, *created]) - okxpages.KEPT_EDGE_MS, 0),
            self._limits.pages_max,
        )
        return _algos(rows.values())

    def _span(self, kept_ms: int) -> Span:
        return Span(self._request.since_ms, self._now_ms - kept_ms)

    def kept_from_ms(self) -> int:
        """How far the archives reach back."""
        return self._now_ms - ARCHIVE_KEPT_MS


def later(orders: Iterable[VenueOrder]) -> list[VenueOrder]:
    """One row for each ordId: the one that ended, or else the one that changed last."""
    found: dict[tuple[str, str], VenueOrder] = {}
    for one in orders:
        name = one.inst_id, one.ord_id
        if name not in found or _progress(one) > _progress(found[name]):
            found[name] = one
    return list(found.values())


def _progress(one: VenueOrder) -> tuple[bool, int, Decimal]:
    return one.state in ORDER_ENDED, one.updated_ms, one.filled_contracts.value


def _orders(rows: Iterable[Row]) -> list[VenueOrder]:
    return [okxrows.order(row) for row in rows if not okxrows.is_spot(row)]


def _algos(rows: Iterable[Row]) -> list[VenueAlgoOrder]:
    return [okxrows.algo_order(row) for row in rows if not okxrows.is_spot(row)]
