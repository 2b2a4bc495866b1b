"""The check of OKX demo trading: every read the library makes, and the smallest order round trip.

    lines = run_sandbox(client, SystemClock(), SystemIds(), tell=print)

The same script runs against fakeokx, whose transcript is the reference (``differences.py``); what
differs is where the fake is not like the exchange.

    read     every endpoint of ``query.READS``. What the account happens to hold is not compared,
             only that it can be read; of what each account has (time, config) the shape
    limit    a limit order far below the price: placed, found, pending, canceled, gone
    market   the smallest order at market: its execution, position and bill
    stop     a conditional stop on it: placed, pending, canceled, gone
    close    reduce-only at market: flat, and what the histories say afterwards
    money    the balance, once something has been traded
    reader   the library's own reader over all of it: every source whole, every row understood
    cleanup  what was still there of the above and was taken back; what could not be

Rules
1. Demo trading only: the header is checked before every request, and a key of the real account
   (50101) ends the check at its first question.
2. It trades where the account has neither position nor order nor stop, and not at all where that
   could not be read. What it placed it takes back, after an error and after Ctrl+C too.
3. Only shapes are written down (``shape.py``): no amount, no id, no credential.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from chaos.sandbox.demo_line import NO_ANSWER, SWAP, DemoAnswer, DemoLine
from chaos.sandbox.differences import Line
from chaos.sandbox.round_trip import RoundTrip
from chaos.sandbox.tidy_up import DemoAccount, Tidy
from chaos.sandbox.transcript import Transcript, every
from prometheus_persist.clock import Clock, IdSource
from prometheus_persist.errors import BadConfig, VenueRefused, VenueUnreachable
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.exchange.okx.query import Row
from prometheus_persist.exchange.reader import ViewRequest
from prometheus_persist.state import OrderIntent, Registry, contracts
from prometheus_persist.state.money import exact

CANDIDATES: Final = (
    "BTC-USDT-SWAP",
    "ETH-USDT-SWAP",
    "SOL-USDT-SWAP",
    "XRP-USDT-SWAP",
    "DOGE-USDT-SWAP",
)
AGENT: Final = "PersistSandbox"
PAGE_ROWS: Final = 100
SETTLE_CCY: Final = "USDT"
ALGO_TYPES: Final = ("conditional", "oco", "trigger", "move_order_stop")
ALGO_ENDED: Final = ("effective", "canceled")


def run_sandbox(
    client: Any,
    clock: Clock,
    ids: IdSource,
    tell: Callable[[Line], None] = lambda _: None,
    go_on: Callable[[], None] = lambda: None,
) -> list[Line]:
    """The transcript; each line is told as it comes.

    ``go_on`` is called before each request and raises to end the check there; from then on, while
    everything is taken back, it is not called any more.

    Raises BadConfig for anything but a trading key of demo trading, VenueUnreachable and
    VenueRefused where the account cannot be read at all. Anything else that ends it, a signal's
    exception too, goes on once everything is taken back and the line ``cleanup`` is told.
    """
    script = _Script(DemoLine(client, clock, go_on=go_on), clock, ids, tell)
    trip = script.read()
    if trip is None:
        return script.lines
    try:
        trip.run()
        script.money()
        script.reader(OkxReader(client, clock))
    finally:
        script.clean()
    return script.lines


class _Script:
    """One run under way."""

    def __init__(
        self, line: DemoLine, clock: Clock, ids: IdSource, tell: Callable[[Line], None]
    ) -> None:
        self._transcript = Transcript(line, clock, tell)
        self._told = self._transcript.told
        self._names = self._transcript.names
        self._line = line
        self._clock = clock
        self._registry = Registry(store_id=ids.token(4)).assign(AGENT)
        self._tag = self._registry.rows[AGENT].tag
        self._names.give("tag", self._tag, "our tag")
        # Minutes since 1970 as the epoch: two runs that draw the same four letters still differ.
        self._epoch = clock.now_ms() // 60_000
        self._cl_ord_ids: dict[str, str] = {}
        self._issued = 0
        self._started_ms = 0
        self._account = DemoAccount(CANDIDATES[0], "net", self._tag)
        self._instrument: Row = {}
        self._tidy = Tidy(line, clock, self._account, self._new_id)

    @property
    def lines(self) -> list[Line]:
        return self._transcript.lines

    def _new_id(self, name: str) -> str:
        self._issued += 1
        cl_ord_id = self._registry.cl_ord_id(AGENT, self._epoch, self._issued)
        self._cl_ord_ids[name] = cl_ord_id
        self._names.give("cl", cl_ord_id, f"cl.{name}")
        return cl_ord_id

    def read(self) -> RoundTrip | None:
        """Ask for everything; the round trip, where an instrument is free for one."""
        time = self._told("read.time", self._line.get("public/time"), every)
        if time.code == NO_ANSWER:
            raise VenueUnreachable("OKX does not answer: GET public/time")
        config = self._line.get("account/config")
        self._refuse_unfit(config)
        self._told("read.config", config, every)
        self._started_ms = int(exact(time.rows[0].get("ts", "0"))) if time.rows else 0
        instruments = self._line.get("public/instruments", SWAP)
        busy = self._read_account()
        known = {str(row.get("instId")): row for row in instruments.rows}
        chosen = None
        if busy is not None:
            chosen = next((name for name in CANDIDATES if name in known and name not in busy), None)
            if known and chosen is None:
                raise _unfit("every instrument of the check is in use", "next.sandbox_free")
        self._names.inst_id = chosen or CANDIDATES[0]
        self._told("read.instruments", instruments, lambda row: row.get("instId") == chosen)
        if chosen is None:
            return None
        pos_side = "long" if config.rows[0].get("posMode") == "long_short_mode" else "net"
        self._account = DemoAccount(chosen, pos_side, self._tag)
        self._instrument = known[chosen]
        self._tidy = Tidy(self._line, self._clock, self._account, self._new_id)
        return RoundTrip(
            self._line,
            self._transcript,
            self._tidy,
            self._account,
            self._instrument,
            self._new_id,
        )

    def _refuse_unfit(self, config: DemoAnswer) -> None:
        if config.code == "50101":
            raise _unfit("this is not a key of demo trading (50101)", "next.sandbox_keys")
        if not config.ok or not config.rows:
            told = f"GET account/config: {config.code} {config.msg}"
            raise VenueRefused(told.strip(), config.code)
        row = config.rows[0]
        if "trade" not in str(row.get("perm", "")).split(","):
            raise _unfit("this key may only read; the check places orders", "next.sandbox_keys")
        if row.get("acctLv") == "1":
            raise _unfit("the account is in spot mode, without swaps", "next.sandbox_mode")

    def _read_account(self) -> set[str] | None:
        """Instruments in use; None where that could not be read, or not to its end."""
        self._told("read.balance", self._line.get("account/balance"), None)
        busy: set[str] = set()
        whole = True
        for step, endpoint, params, in_use in _READ_STEPS:
            answer = self._told(step, self._line.get(endpoint, params), None)
            if in_use:
                whole = whole and answer.ok and len(answer.rows) < PAGE_ROWS
                busy |= {str(row.get("instId")) for row in answer.rows if row.get("pos") != "0"}
        return busy if whole else None

    def money(self) -> None:
        """The balance once more, with its shape: an account that never traded has another one."""
        answer = self._line.get("account/balance")
        self._told("money.balance", _settled_only(answer), every)

    def reader(self, reader: OkxReader) -> None:
        """Read all of it once more the way a recovery does."""
        ids = {name: cl for name, cl in self._cl_ord_ids.items() if name != "never"}
        now_ms = self._clock.now_ms()
        request = ViewRequest(
            since_ms=self._started_ms,
            now_ms=now_ms,
            intents=tuple(self._intent(name, cl, now_ms) for name, cl in ids.items()),
        )
        line: Line = {"step": "reader", "ask": "read_view", "code": "0"}
        try:
            view = reader.read_view(request)
        except VenueUnreachable:
            self._transcript.add(line | {"code": NO_ANSWER})
            return
        ours = frozenset(ids.values())
        self._transcript.add(
            line
            | {
                "pos_mode": view.pos_mode,
                "incomplete": {
                    status.name: self._names.in_text(status.problem) for status in view.problems()
                },
                "fills": sum(fill.cl_ord_id in ours for fill in view.fills),
                "orders": sum(order.cl_ord_id in ours for order in view.orders),
                "lookups": {
                    name: look.state
                    for name, cl in ids.items()
                    for look in view.lookups
                    if look.cl_ord_id == cl
                },
            }
        )

    def _intent(self, name: str, cl_ord_id: str, now_ms: int) -> OrderIntent:
        kind: Literal["order", "algo"] = "algo" if name == "stop" else "order"
        return OrderIntent(
            cl_ord_id=cl_ord_id,
            agent_id=AGENT,
            inst_id=self._account.inst_id,
            mgn_mode="cross",
            pos_side="long" if self._account.pos_side == "long" else "net",
            side="buy" if name in ("limit", "market") else "sell",
            qty_contracts=contracts(self._instrument.get("minSz")),
            kind=kind,
            tag=self._tag,
            created_ms=now_ms,
        )

    def clean(self) -> None:
        """Take back what is left of it all, and say so."""
        self._line.go_on = lambda: None
        did, left = self._tidy.clean()
        self._transcript.add({"step": "cleanup", "ask": "", "code": "0", "did": did, "left": left})


def _settled_only(balance: DemoAnswer) -> DemoAnswer:
    """The balance with the settlement currency's row alone: others come with the account."""
    rows = []
    for row in balance.rows:
        details = row.get("details")
        if isinstance(details, list):
            row = {**row, "details": [one for one in details if one.get("ccy") == SETTLE_CCY]}
        rows.append(row)
    return dataclasses.replace(balance, rows=tuple(rows))


def _unfit(detail: str, next_step: str) -> BadConfig:
    problem = BadConfig(detail)
    problem.next_step = next_step
    return problem


_READ_STEPS: Final[tuple[tuple[str, str, Mapping[str, str], bool], ...]] = (
    ("read.positions", "account/positions", SWAP, True),
    ("read.positions_history", "account/positions-history", SWAP, False),
    ("read.fills", "trade/fills", SWAP, False),
    ("read.fills_history", "trade/fills-history", SWAP, False),
    ("read.orders_pending", "trade/orders-pending", SWAP, True),
    ("read.orders_history", "trade/orders-history", SWAP, False),
    ("read.orders_archive", "trade/orders-history-archive", SWAP, False),
    ("read.bills", "account/bills", SWAP, False),
    ("read.bills_archive", "account/bills-archive", SWAP, False),
    *(
        (f"read.stops_pending.{kind}", "trade/orders-algo-pending", {**SWAP, "ordType": kind}, True)
        for kind in ALGO_TYPES
    ),
    *(
        (
            f"read.stops_{state}.{kind}",
            "trade/orders-algo-history",
            {**SWAP, "ordType": kind, "state": state},
            False,
        )
        for kind in ALGO_TYPES
        for state in ALGO_ENDED
    ),
)
