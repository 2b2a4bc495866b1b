"""What is read of an account, source by source: which lists, which windows, which rows.

    source             endpoint                              kept  read
    config             account/config                        -     one row: whose account it is
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
1. A list without a type shows contracts that nobody here has heard of, as it should, and other
   products: ``listed`` says what is left out. Their money is in the bills.
2. Orders canceled without a fill are gone after 2 h; nothing is told from their absence. Algo
   orders that were canceled or failed executed nothing; ours are asked for one by one.
3. Orders that wait are read before orders that ended: one that ends in between is in the second
   list. Rows of one ordId are one order, in its later state; of one clOrdId there may be several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.exchange.okx import fields as okx_fields
from prometheus_persist.exchange.okx import listed as okx_listed
from prometheus_persist.exchange.okx import money_rows
from prometheus_persist.exchange.okx import pages as okx_pages
from prometheus_persist.exchange.okx import rows as okx_rows
from prometheus_persist.exchange.okx.fields import BadRow
from prometheus_persist.exchange.okx.listed import Listed
from prometheus_persist.exchange.okx.order_lookup import (
    ALGO_FIRED,
    ARCHIVE_KEPT_MS,
    DAY_MS,
    FILLS_KEPT_MS,
    ORDER_ENDED,
)
from prometheus_persist.exchange.okx.pages import Found, Span
from prometheus_persist.exchange.okx.query import NOT_LISTED, NotRead, NotThere, Row
from prometheus_persist.exchange.okx.scheduler import ReadLimits, Walk
from prometheus_persist.exchange.reader import ViewRequest
from prometheus_persist.reconcile.views import (
    Instrument,
    UnmanagedPosition,
    VenueAlgoOrder,
    VenueBalance,
    VenueFill,
    VenueLife,
    VenueOrder,
    VenuePosition,
)

ORDERS_KEPT_MS = 7 * DAY_MS
BILLS_KEPT_MS = 7 * DAY_MS
BILLS_OVERLAP_MS = 60_000
TYPES: tuple[Mapping[str, str], ...] = ({"instType": "SWAP"}, {"instType": "FUTURES"})
ALGO_TYPES = ("conditional,oco", "trigger", "move_order_stop")
POS_MODES = frozenset({"net_mode", "long_short_mode"})
ACCOUNT_LEVELS = frozenset({"", "1", "2", "3", "4"})


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """Whose account it is, and its modes (OKX: account/config)."""

    uid: str = ""
    acct_lv: str = ""
    pos_mode: str = ""


class Sources:
    """The walks of one reading; each may be run at any time, and more than once."""

    def __init__(self, request: ViewRequest, now_ms: int, limits: ReadLimits) -> None:
        """``now_ms`` is the exchange's time."""
        self._request = request
        self.now_ms = now_ms
        self.listed: Listed | None = None
        self._limits = limits

    def config(self) -> Walk[AccountConfig]:
        """Whose account it is."""
        row = yield from okx_pages.one("account/config")
        return AccountConfig(
            uid=okx_fields.text(row, "uid", ""),
            acct_lv=okx_fields.one_of(row, "acctLv", ACCOUNT_LEVELS),
            pos_mode=okx_fields.one_of(row, "posMode", POS_MODES),
        )

    def instruments(self, kind: Mapping[str, str]) -> Walk[Listed]:
        """Every contract of one type that is listed."""
        return (
            yield from okx_pages.same(
                "public/instruments", kind, okx_listed.instruments, self._limits.rounds_max
            )
        )

    def told(self, parts: Iterable[Listed]) -> Listed:
        """All types as one, by which what is read later is judged; raises NotRead for none."""
        fit: dict[str, Instrument] = {}
        unfit: dict[str, str] = {}
        for found in parts:
            fit.update(found.fit)
            unfit.update(found.unfit)
        if not fit:
            raise NotRead("public/instruments: the answer is empty")
        self.listed = Listed(fit, unfit)
        return self.listed

    @property
    def unfit(self) -> Mapping[str, str]:
        """Contracts that the books cannot keep, as far as that was read."""
        return self.listed.unfit if self.listed else {}

    def positions(self) -> Walk[tuple[list[VenuePosition], list[UnmanagedPosition]]]:
        """Every open position, in the order of its key, and those that nobody here keeps."""
        rows = yield from okx_pages.confirmed("account/positions", {})
        return okx_rows.positions(rows, self.unfit)

    def fills(self) -> Walk[Found]:
        """The window's fills, as rows by billId."""
        return (
            yield from okx_pages.window(
                okx_pages.FILLS,
                okx_pages.FILLS_HISTORY,
                {},
                self._span(FILLS_KEPT_MS),
                self._limits.pages_max,
                TYPES,
            )
        )

    def newer_fills(self, known: Found) -> Walk[int]:
        """Add to ``known`` what has been executed since; how many of those are of contracts."""
        span, limit, before = self._span(FILLS_KEPT_MS), self._limits.pages_max, set(known)
        yield from okx_pages.newer(okx_pages.FILLS, {}, known, span, limit)
        return sum(okx_listed.is_contract(known[each]) for each in known.keys() - before)

    def bills(self) -> Walk[Found]:
        """The window's bills, as rows by billId, and those of a minute before it."""
        return (
            yield from okx_pages.window(
                okx_pages.BILLS,
                okx_pages.BILLS_ARCHIVE,
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
        return (yield from okx_pages.newer(okx_pages.BILLS, {}, known, span, limit))

    @property
    def _bills_span(self) -> Span:
        from_ms = max(self.bills_since_ms - BILLS_OVERLAP_MS, 0)
        return Span(from_ms, self.now_ms - BILLS_KEPT_MS)

    def balance(self) -> Walk[tuple[Decimal, dict[str, VenueBalance]]]:
        """Total equity, and every currency."""
        row = yield from okx_pages.one("account/balance")
        settling = {one.settle_ccy for one in self.listed.fit.values()} if self.listed else None
        return okx_fields.number(row, "totalEq"), money_rows.balances(row, settling)

    def lives(self) -> Walk[list[VenueLife]]:
        """The lives of positions that changed in the window."""
        since_ms = self._request.since_ms
        rows = yield from okx_pages.lives(since_ms, self._limits.pages_max)
        found = okx_listed.readable(rows, okx_rows.life, self.unfit)
        return [each for each in found if each.updated_ms >= since_ms]

    def orders_open(self) -> Walk[list[VenueOrder]]:
        """Every order that waits."""
        rows = yield from okx_pages.pages(
            okx_pages.ORDERS_PENDING, {}, None, self._limits.pages_max
        )
        return self._orders(rows.values())

    def orders_ended(self, kind: Mapping[str, str]) -> Walk[list[VenueOrder]]:
        """Orders of one type that ended, created in the window."""
        rows = yield from okx_pages.window(
            okx_pages.ORDERS_HISTORY,
            okx_pages.ORDERS_ARCHIVE,
            kind,
            self._span(ORDERS_KEPT_MS),
            self._limits.pages_max,
            [kind],
        )
        return self._orders(rows.values())

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
                row = yield from okx_pages.one("trade/order", {"instId": inst_id, "ordId": ord_id})
            except NotThere:  # a liquidation may leave a fill without an order
                continue
            except NotRead as problem:
                if problem.code == NOT_LISTED:  # nor is an order of a delisted contract told
                    continue
                raise
            for one in self._orders([row]):
                if (one.inst_id, one.ord_id) != (inst_id, ord_id):
                    raise BadRow("trade/order: the answer is about another order")
                found.append(one)
        return found

    def algos(self, ord_type: str, created_ms: Iterable[int] = ()) -> Walk[list[VenueAlgoOrder]]:
        """Algo orders of these types that wait, then those that fired: the later row counts.

        The second list is walked back to the oldest one of ours that is open. ``created_ms`` are
        the exchange's times of those it told: our own may be of a wrong clock.
        """
        waiting = yield from okx_pages.pages(
            okx_pages.ALGOS_PENDING, {"ordType": ord_type}, None, self._limits.pages_max
        )
        intents = self._request.intents
        created = [*created_ms, *(each.created_ms for each in intents if each.kind == "algo")]
        fired = yield from okx_pages.pages(
            okx_pages.ALGOS_HISTORY,
            {"ordType": ord_type, "state": ALGO_FIRED},
            max(min([self._request.since_ms, *created]) - okx_pages.KEPT_EDGE_MS, 0),
            self._limits.pages_max,
        )
        return self._algos([*waiting.values(), *fired.values()])

    def _orders(self, rows: Iterable[Row]) -> list[VenueOrder]:
        return okx_listed.readable(rows, okx_rows.order, self.unfit)

    def _algos(self, rows: Iterable[Row]) -> list[VenueAlgoOrder]:
        return okx_listed.readable(rows, okx_rows.algo_order, self.unfit)

    def _span(self, kept_ms: int) -> Span:
        return Span(self._request.since_ms, self.now_ms - kept_ms)

    def kept_from_ms(self) -> int:
        """How far the archives reach back."""
        return self.now_ms - ARCHIVE_KEPT_MS


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
