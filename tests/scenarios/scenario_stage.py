"""The stage: a real store, an unmodified ccxt client, and an exchange in a process of its own.

Verbs of three kinds, as named in the rows:

- what agents do: a durable intent, an order through ccxt, its answer, its executions booked; or
  only a part of that, where the process dies in between;
- what befalls the books: one ledger alone, a document gone, an agent dead;
- what the exchange does while nobody listens, and what others do in the account there.

The exchange is rewound to its first moment before each scenario, so that prices, clock, faults,
orders and ids of one never reach the next. Faults always contain one rule that does nothing and
counts every POST: what reconciliation sends is read off there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import ccxt
from scenario_rows import HEDGE, NET, Act

import fakeokx
from prometheus_persist.clock import SystemClock
from prometheus_persist.exchange import OkxReader, OkxSettings, connect
from prometheus_persist.reconcile import Plan
from prometheus_persist.report.facts import RecoveryFacts
from prometheus_persist.session import Session, Settings
from prometheus_persist.session.planning import plan_only
from prometheus_persist.state import Agent, Position, PositionKey, VirtualPosition, contracts
from prometheus_persist.state.documents import CASH_FLOWS

BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
SYMBOLS = {BTC: "BTC/USDT:USDT", ETH: "ETH/USDT:USDT"}
SHORT_NAMES = {"BTC": BTC, "ETH": ETH}
MODES = {NET: "net_mode", HEDGE: "long_short_mode"}
CCY = "USDT"
CAPITAL = Decimal(100_000)
FIRST = "first"
WATCH = {"action": "delay", "method": "POST", "ms": 0, "times": 0}
WORDS = {
    "long": ("buy", "long"),
    "close_long": ("sell", "long"),
    "short": ("sell", "short"),
    "close_short": ("buy", "short"),
}
BOOKS = {"private": "private_ledgers", "public": "public_accounts"}
LOG = "recovery_log.txt"

Held = dict[tuple[str, PositionKey], Decimal]


class StageClock(SystemClock):
    """The machine's clock, as far ahead as the exchange's; waiting takes no time."""

    ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self.ahead_ms

    def sleep(self, seconds: float) -> None:
        """The exchange of these scenarios does nothing by itself that would have to be awaited."""


class Stage:
    """One scenario's world; see the module. Verbs are its methods ``do_…``."""

    kept: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        venue: Any,
        root: Path,
        mode: str,
        agents: str,
        settings: Mapping[str, Any],
        earlier: Iterable[Act] = (),
    ) -> None:
        self.venue = venue
        self.root = root
        self.mode = mode
        self.settings = Settings(**{"in_flight_ms": 0, "background": False, **settings})
        self.clock = StageClock()
        self.client = client(venue.url)
        self.hand = client(venue.url)
        self.reader: OkxReader = reader(venue.url, self.clock)
        self.last: dict[str, str] = {}
        venue.rewind(FIRST)
        self.do_faults()
        if mode == HEDGE:
            venue.set_position_mode(MODES[HEDGE])
        self.play(earlier)
        self.session = self._open()
        self.session.add_agents(
            [
                Agent(agent_id=name, current_capital=CAPITAL, state="MATURE")
                for name in agents.split()
            ]
        )

    def begin(self) -> None:
        """The first reconciliation, of an account in order."""
        assert self.session.recover(self.reader).decision == "go"

    # the process ----------------------------------------------------------------------------

    def _open(self) -> Session:
        return Session.open(self.root, clock=self.clock, settings=self.settings)

    def die(self) -> None:
        """The process ends without saving."""
        self.session.close(save=False)

    def come_back(self) -> None:
        """Another process opens the store."""
        self.session = self._open()

    def end(self) -> None:
        with contextlib.suppress(Exception):
            self.session.close(save=False)

    def play(self, acts: Iterable[Act]) -> None:
        for act in acts:
            getattr(self, f"do_{act.verb}")(*act.args, **act.more)

    # what is looked at -----------------------------------------------------------------------

    def looked(self) -> RecoveryFacts:
        """What a reconciliation would come to, read from the files, without a lock."""
        return plan_only(self.root, self.reader, clock=self.clock)

    def reconciled(self) -> RecoveryFacts:
        return self.session.sync(self.reader)

    def ledger_bytes(self) -> dict[str, bytes]:
        """Every file of the store but the log of recoveries."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and path.name != LOG
        }

    def posts(self) -> int:
        """How many POST requests have reached the exchange since the last ``do_faults``."""
        return int(self.venue.faults()[0]["matched"])

    def truth(self) -> dict[str, Any]:
        """All that the exchange knows but the time and what it was asked."""
        found = self.venue.truth()
        return {name: found[name] for name in found if name not in ("now_ms", "requests")}

    def venue_held(self) -> dict[PositionKey, Decimal]:
        """What the exchange holds, by its own account of the truth."""
        return {
            PositionKey(row["instId"], row["mgnMode"], row["posSide"]): Decimal(row["pos"])
            for row in self.venue.truth()["positions"]
        }

    def books_held(self, book: str = "private") -> Held:
        """What one set of ledgers says that everybody holds, nobody ("") included."""
        state = self.session.state
        found: Held = {}
        for name, ledger in getattr(state, BOOKS[book]).items():
            found |= {(name, p.key): p.qty_contracts.value for p in ledger.positions}
        return found | {("", p.key): p.qty_contracts.value for p in state.unattributed.positions}

    def cash(self) -> dict[str, dict[str, Decimal]]:
        """The money booked beside executions, by owner and kind; what adds up to nothing too."""
        found: dict[str, dict[str, Decimal]] = {}
        for row in self.session._store.image.streams.get(CASH_FLOWS, []):
            kinds = found.setdefault(row["agent_id"], {})
            kinds[row["kind"]] = kinds.get(row["kind"], Decimal(0)) + Decimal(row["amount"])
        return found

    def venue_settled(self) -> Decimal:
        """The account's money without what is not realised, by the exchange's own truth."""
        row = next(each for each in self.venue.truth()["balance"]["details"] if each["ccy"] == CCY)
        return Decimal(row["eq"]) - Decimal(row["upl"] or 0)

    def meant(self, holds: Mapping[str, str]) -> Held:
        """The same from the words of a row."""
        found: Held = {}
        for owner, words in holds.items():
            for each in filter(None, words.split(", ")):
                side, quantity, *rest = each.split()
                mgn = "isolated" if "isolated" in rest else "cross"
                inst = next((SHORT_NAMES[word] for word in rest if word in SHORT_NAMES), BTC)
                sign = -1 if self.mode == NET and side == "short" else 1
                pos_side = "net" if self.mode == NET else side
                found[owner, PositionKey(inst, mgn, pos_side)] = sign * Decimal(quantity)
        return found

    # what agents do --------------------------------------------------------------------------

    def do_trade(self, agent: str, word: str, qty: object, **more: Any) -> None:
        """An order, answered, executed and booked."""
        self.do_sent(agent, word, qty, **more)
        intent = self.session.settle(self.reader, self.last[agent])
        assert intent.outcome == "FILLED", intent

    def do_sent(self, agent: str, word: str, qty: object, **more: Any) -> None:
        """An order and its answer; what was executed of it is not booked."""
        with self._intent(agent, word, qty, **more) as intent:
            intent.ack(self._order(intent.intent, intent.params))

    def do_unanswered(self, agent: str, word: str, qty: object, **more: Any) -> None:
        """The order is executed, its answer is lost on the way."""
        self.do_faults({"action": "drop_answer", "method": "POST"})
        self._fails(agent, word, qty, **more)

    def do_lost(self, agent: str, word: str, qty: object, **more: Any) -> None:
        """The order is lost on the way, so no answer comes."""
        self.do_faults({"action": "refuse", "method": "POST"})
        self._fails(agent, word, qty, **more)

    def do_unsent(self, agent: str, word: str, qty: object, **more: Any) -> None:
        """The process dies between the durable intent and the order."""
        self._intent(agent, word, qty, **more)

    def do_unread(self, agent: str, word: str, qty: object, **more: Any) -> None:
        """The process dies between the order and its answer."""
        handle = self._intent(agent, word, qty, **more)
        self._order(handle.intent, handle.params)

    def do_refused(
        self, agent: str, word: str, qty: object, code: str = "51008", **more: Any
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

    def do_settle(self, agent: str) -> None:
        """What the agent's last order did is booked."""
        self.session.settle(self.reader, self.last[agent])

    def do_cancel(self, agent: str) -> None:
        """The agent's last order is canceled; the books are not told."""
        intent = self.session.state.intents[self.last[agent]]
        named = {"instId": intent.inst_id, "clOrdId": intent.cl_ord_id}
        if intent.kind == "order":
            self.client.private_post_trade_cancel_order(named)
        else:
            named = {"instId": intent.inst_id, "algoClOrdId": intent.cl_ord_id}
            self.client.private_post_trade_cancel_algos([named])

    def do_stop(self, agent: str, word: str, qty: object, trigger_px: object, **more: Any) -> None:
        """A resting stop, answered."""
        self.do_sent(agent, word, qty, trigger_px=trigger_px, **more)

    def _fails(self, agent: str, word: str, qty: object, **more: Any) -> None:
        try:
            self.do_sent(agent, word, qty, **more)
        except ccxt.NetworkError:
            self.do_faults()
            return
        raise AssertionError("the order was answered")

    def _intent(
        self,
        agent: str,
        word: str,
        qty: object,
        *,
        inst: str = BTC,
        px: object = None,
        trigger_px: object = None,
        mgn: str = "cross",
        reduce: bool = True,
    ) -> Any:
        """``reduce``: a close says reduce-only, which the account's net position may not allow."""
        side, pos_side = WORDS[word]
        kind = "order" if trigger_px is None else "algo"
        ord_type = "conditional" if kind == "algo" else "market" if px is None else "limit"
        handle = self.session.order_intent(
            agent,
            inst,
            side,
            contracts(str(qty)),
            mgn_mode=mgn,
            pos_side="net" if self.mode == NET else pos_side,
            ord_type=ord_type,
            px=None if px is None else str(px),
            trigger_px=None if trigger_px is None else str(trigger_px),
            kind=kind,
            reduce_only=reduce and word.startswith("close") and self.mode == NET,
        )
        self.last[agent] = handle.cl_ord_id
        return handle

    def _order(self, intent: Any, params: dict[str, Any]) -> Any:
        extra = {} if intent.trigger_px is None else {"stopLossPrice": float(intent.trigger_px)}
        return self.client.create_order(
            SYMBOLS[intent.inst_id],
            "limit" if intent.px is not None else "market",
            intent.side,
            float(intent.qty_contracts.value),
            None if intent.px is None else float(intent.px),
            {**params, **extra},
        )

    # what befalls the books ------------------------------------------------------------------

    def do_edit(
        self, agent: str, book: str, *, newer: int = 0, scale: str = "", **fields: Any
    ) -> None:
        """One ledger changes alone; ``scale`` multiplies what it holds, ``newer`` its version."""
        books = getattr(self.session.state, BOOKS[book])
        old = books[agent]
        update: dict[str, Any] = {"version": old.version + newer, **fields}
        if "capital" in update:
            update["capital"] = Decimal(update["capital"])
        if scale:
            update["positions"] = [
                p.model_copy(
                    update={"qty_contracts": contracts(str(p.qty_contracts.value * Decimal(scale)))}
                )
                for p in old.positions
            ]
        books[agent] = old.model_copy(update=update)
        self.session.save("edited")

    def do_turn(self, agent: str, *books: str) -> None:
        """The ledgers come to say the other side."""
        for book in books:
            ledgers = getattr(self.session.state, BOOKS[book])
            ledgers[agent] = ledgers[agent].model_copy(
                update={"positions": [_turned(p) for p in ledgers[agent].positions]}
            )
        self.session.save("turned")

    def do_move(self, agent: str, *books: str, **fields: Any) -> None:
        """Fields of every position in these ledgers change."""
        for book in books:
            ledgers = getattr(self.session.state, BOOKS[book])
            ledgers[agent] = ledgers[agent].model_copy(
                update={"positions": [_with(p, fields) for p in ledgers[agent].positions]}
            )
        self.session.save("moved")

    def do_imagine(self, agent: str) -> None:
        """The private ledger has a virtual position."""
        ledgers = self.session.state.private_ledgers
        imagined = {
            "symbol": SYMBOLS[BTC],
            "side": "buy",
            "amount": "7",
            "entry_price": "50000",
            "timestamp": "2026-01-01T00:00:00+00:00",
        }
        row = VirtualPosition.model_validate(imagined)
        ledgers[agent] = ledgers[agent].model_copy(update={"virtual_positions": [row]})
        self.session.save("imagined")

    def do_drop(self, kind: str, name: str) -> None:
        """A document is gone: ``private_ledgers``, ``public_accounts``, ``agents``."""
        del getattr(self.session.state, kind)[name]
        self.session.save("dropped")

    def do_keep(self, kind: str, name: str) -> None:
        """Remember a document, for ``do_restore``."""
        self.kept[kind, name] = getattr(self.session.state, kind)[name]

    def do_restore(self, kind: str, name: str) -> None:
        """A document is what it was when it was kept."""
        getattr(self.session.state, kind)[name] = self.kept[kind, name]
        self.session.save("restored")

    def do_forget_answer(self, agent: str) -> None:
        """The last order's intent is as before its answer."""
        intents = self.session.state.intents
        name = self.last[agent]
        intents[name] = intents[name].model_copy(update={"outcome": "PENDING", "ord_id": ""})
        self.session.save("forgotten")

    def do_forget_intent(self, agent: str) -> None:
        """The last order's intent is gone without a trace."""
        del self.session.state.intents[self.last[agent]]
        self.session.save("forgotten")

    def do_dies(self, agent: str) -> None:
        """The agent dies, as the host tells it."""
        self.session.state.agents[agent].state = "DEAD"
        self.session.on_agent_death(agent)

    def do_unfreeze(self, inst: str = BTC) -> None:
        """A human lifts the freeze of an instrument."""
        self.session.unfreeze(inst, "looked at it")

    def do_sync(self, decision: str = "go") -> None:
        """A reconciliation that ends like this."""
        assert self.reconciled().decision == decision

    # what the exchange and others do -----------------------------------------------------------

    def do_price(self, px: object, inst: str = BTC) -> None:
        self.venue.price(inst, str(px))

    def do_hand(
        self,
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
        self,
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
    ) -> None:
        """Another program with the account's key: ``like`` re-uses the clOrdId of an agent's last
        order, ``tag_of`` its tag, ``number`` makes an id as this store does."""
        side, pos_side = WORDS[word]
        ids = self.session.state.registry
        row: dict[str, str] = {
            "instId": inst,
            "tdMode": "cross",
            "side": side,
            "ordType": "market" if px is None else "limit",
            "sz": str(qty),
            "clOrdId": self.last[like] if like else cl,
            "tag": ids.rows[tag_of].tag if tag_of else tag,
        }
        if number:
            row["clOrdId"] = ids.cl_ord_id(tag_of, 1, number)
        if px is not None:
            row["px"] = str(px)
        if self.mode == HEDGE:
            row["posSide"] = pos_side
        answer = self.hand.private_post_trade_order({k: v for k, v in row.items() if v})
        assert answer["code"] == "0", answer

    def do_foreign_stop(self, word: str, qty: object, px: object, *, tag_of: str = "") -> None:
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
        self.hand.private_post_trade_order_algo(row)

    def do_liquidate(self, side: str = "long", mgn: str = "cross") -> None:
        self.venue.liquidate(BTC, None if self.mode == NET else side, mgn)

    def do_adl(self, qty: object = "", side: str = "long", mgn: str = "cross") -> None:
        self.venue.adl(BTC, str(qty), None if self.mode == NET else side, mgn)

    def do_partial(self, qty: object) -> None:
        self.venue.partial(BTC, str(qty))

    def do_fund(self, rate: object) -> None:
        self.venue.fund(BTC, str(rate))

    def do_deposit(self, amount: object, *, out: bool = False) -> None:
        self.venue.deposit("USDT", str(amount), out=out)

    def do_position_mode(self, mode: str) -> None:
        self.venue.set_position_mode(MODES[mode])
        self.mode = mode

    def do_switch(self, name: str, value: str) -> None:
        self.venue.set_switch(name, value)

    def do_advance(self, ms: int) -> None:
        """Time passes, for everybody."""
        self.venue.advance(ms)
        self.clock.ahead_ms += ms

    def do_faults(self, *rules: dict[str, Any]) -> None:
        """What goes wrong at the exchange from now on."""
        self.venue.set_faults([WATCH, *rules])


def client(url: str) -> Any:
    """An unmodified ccxt client; what it has learnt of the markets serves all of them."""
    found = ccxt.okx(
        {
            "apiKey": fakeokx.DEFAULT_KEY,
            "secret": fakeokx.DEFAULT_SECRET,
            "password": fakeokx.DEFAULT_PASSPHRASE,
            "urls": {"api": {"rest": url}, "test": {"rest": url}},
            "enableRateLimit": False,
            "timeout": 5_000,
        }
    )
    known = Stage.kept.get(url)
    if known is None:
        Stage.kept[url] = found.load_markets(), found.currencies
    else:
        found.set_markets(list(known[0].values()), known[1])
    return found


def reader(url: str, clock: StageClock) -> OkxReader:
    """The library's own reader, with the account's full key: nothing but itself holds it back."""
    key = OkxSettings(
        fakeokx.DEFAULT_KEY, fakeokx.DEFAULT_SECRET, fakeokx.DEFAULT_PASSPHRASE, url=url
    )
    return connect(key, clock)


def found_in(plan: Plan) -> list[tuple[str, str, str | None, str]]:
    """A plan's findings in the words of a row, sorted."""
    found = [
        (
            one.case.value,
            one.resolution.value,
            one.agent_id,
            "+".join(sorted({type(step).__name__ for step in one.corrections})),
        )
        for one in plan.findings
    ]
    return sorted(found, key=repr)


def _with(position: Position, fields: Mapping[str, Any]) -> Position:
    return Position.model_validate(position.model_dump(mode="json") | dict(fields))


def _turned(position: Position) -> Position:
    if position.pos_side == "net":
        return position.model_copy(update={"qty_contracts": -position.qty_contracts})
    other = {"long": "short", "short": "long"}[position.pos_side]
    return position.model_copy(update={"pos_side": other})
