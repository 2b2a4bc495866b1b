"""Random sessions over every command of the venue, from a seed and nothing else.

A session looks at the venue only to name something that exists; what it asks for is often
refused, and that is part of it. ``run`` plays one and hands every step to whoever listens.
"""

import json
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from fakeokx.engine import due
from fakeokx.engine.commands import (
    Adl,
    AdvanceClock,
    AlgoAmendment,
    AlgoRef,
    AmendAlgos,
    Amendment,
    AmendOrders,
    CancelAlgos,
    CancelAllAfter,
    CancelOrders,
    ClosePosition,
    Deliver,
    Deposit,
    Fund,
    Liquidate,
    MovePrice,
    OpenAccount,
    OrderRef,
    OrderRequest,
    PlaceAlgo,
    PlaceOrders,
    PutForeign,
    Rescale,
    SetBook,
    SetFundingRate,
    SetInstrument,
    SetLeverage,
    SetMark,
    SetPartial,
    SetPendingMax,
    SetPositionMode,
    SetSwitch,
    Settle,
    Tick,
    decode,
    encode,
)
from fakeokx.engine.decimals import plain
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue

NAMES = ("main", "sub1", "sub2")
CONTRACTS = [each for each, found in INSTRUMENTS.items() if not found.is_spot]
FOREIGN = json.dumps(
    [
        [
            "account/bills",
            {
                "instId": "",
                "instType": "",
                "ccy": "BTC",
                "billId": "$a",
                "ts": "$now",
                "balChg": "0.5",
            },
        ],
        [
            "account/positions",
            {"instId": "X", "instType": "SWAP", "posId": "$b", "cTime": "$now-5"},
        ],
    ]
)
Seen = Callable[[Any, tuple[Any, ...]], None]


class Session:
    """Draws commands; ``steps`` of them fit the venue's clock.

    ``factors`` are those by which it may rescale a contract.
    """

    def __init__(self, seed: int, factors: tuple[str, ...] = ("10", "0.1", "2")) -> None:
        self.factors = factors
        self.rng = Random(seed)
        self.venue = Venue(seed=seed % 1000, first_cash_quote=Decimal(100_000))
        self.now_ms = 1_700_000_000_000
        self.count = 0
        self.suspended = ""

    def run(self, steps: int, seen: Seen = lambda _command, _events: None) -> None:
        for name in NAMES[1:]:
            self.do(OpenAccount(account=name), seen)
            self.do(Deposit(ccy="USDT", amt="50000", account=name), seen)
        for _ in range(steps):
            self.now_ms += self.rng.choice((0, 1, 40, 1000, 20_000, 3_600_000))
            self.do(self.command(), seen)

    def do(self, command: Any, seen: Seen) -> None:
        next_ms = due.due_ms(self.venue)
        if next_ms is not None and next_ms <= self.now_ms:
            seen(Tick(), step(self.venue, Tick(), self.now_ms))
        command = decode(encode(command))
        try:
            seen(command, step(self.venue, command, self.now_ms))
        except Refusal as refusal:
            seen(command, (refusal.reason,))

    def px(self, inst_id: str, most: int) -> str:
        tick = INSTRUMENTS[inst_id].tick_sz
        return plain(max(tick, self.venue.prices[inst_id] + tick * self.rng.randint(-most, most)))

    def sz(self, inst_id: str) -> str:
        lot = INSTRUMENTS[inst_id].min_sz
        return plain(lot * self.rng.choice((1, 3, 40, 200, 1000, 20_000)))

    def side_of(self, inst_id: str, account: str) -> str:
        """A posSide that mostly fits the account's mode."""
        if self.rng.random() < 0.03:
            return self.rng.choice(("", "long", "short"))
        mode = self.venue.accounts[account].pos_mode
        if INSTRUMENTS[inst_id].is_spot or mode == "net_mode":
            return ""
        return self.rng.choice(("long", "short"))

    def order(self, inst_id: str, account: str) -> OrderRequest:
        pick = self.rng.choice
        self.count += 1
        kind = pick(("market", "limit", "limit", "limit", "post_only", "fok", "ioc"))
        is_spot = INSTRUMENTS[inst_id].is_spot
        return OrderRequest(
            inst_id=inst_id,
            td_mode="cash" if is_spot else pick(("cross", "isolated")),
            side=pick(("buy", "sell")),
            ord_type=kind,
            sz=self.sz(inst_id),
            px="" if kind == "market" else self.px(inst_id, 60),
            pos_side=self.side_of(inst_id, account),
            reduce_only="" if is_spot else pick(("", "", "", "true")),
            cl_ord_id=pick(("", f"c{self.count}")),
            tag=pick(("", "tagA", "tagB")),
            tgt_ccy=pick(("", "base_ccy", "quote_ccy")),
            stp_mode=pick(("", "cancel_taker", "cancel_both")),
            attach_algo_ords=pick(("", "", "", self.attachment(inst_id))),
        )

    def attachment(self, inst_id: str) -> str:
        px, tick = self.venue.prices[inst_id], INSTRUMENTS[inst_id].tick_sz
        up, down = plain(px + 80 * tick), plain(max(px - 80 * tick, tick))
        return self.rng.choice(
            (
                f'[{{"tpTriggerPx":"{up}","tpOrdPx":"-1","slTriggerPx":"{down}","slOrdPx":"-1"}}]',
                f'[{{"tpTriggerPx":"{down}","tpOrdPx":"-1","slTriggerPx":"{up}"}}]',
                '[{"callbackRatio":"0.002"}]',
            )
        )

    def algo(self, inst_id: str, account: str) -> PlaceAlgo:
        pick = self.rng.choice
        kind = pick(("conditional", "oco", "trigger", "move_order_stop"))
        whole = pick((True, False, False))
        return PlaceAlgo(
            inst_id=inst_id,
            td_mode="cash" if INSTRUMENTS[inst_id].is_spot else pick(("cross", "isolated")),
            side=pick(("buy", "sell")),
            ord_type=kind,
            sz="" if whole else self.sz(inst_id),
            close_fraction="1" if whole else "",
            reduce_only="true" if whole else pick(("", "true")),
            pos_side=self.side_of(inst_id, account),
            sl_trigger_px=self.px(inst_id, 90) if kind in ("conditional", "oco") else "",
            sl_ord_px="-1",
            sl_trigger_px_type=pick(("", "last", "mark")),
            tp_trigger_px=self.px(inst_id, 90) if kind == "oco" else "",
            tp_ord_px=pick(("-1", self.px(inst_id, 40))),
            trigger_px=self.px(inst_id, 90) if kind == "trigger" else "",
            order_px=pick(("-1", self.px(inst_id, 40))),
            callback_ratio=pick(("0.001", "0.01")) if kind == "move_order_stop" else "",
            active_px=pick(("", self.px(inst_id, 50))) if kind == "move_order_stop" else "",
            cxl_on_close_pos=pick(("", "true")),
            account=account,
        )

    def book(self, inst_id: str) -> SetBook:
        px, tick = self.venue.prices[inst_id], INSTRUMENTS[inst_id].tick_sz
        if self.rng.random() < 0.2 or px < 100 * tick:
            return SetBook(inst_id=inst_id)
        middle = px + tick * self.rng.randint(-40, 40)
        bids = tuple((plain(middle - tick * (1 + 3 * n)), self.sz(inst_id)) for n in range(5))
        asks = tuple((plain(middle + tick * (1 + 2 * n)), self.sz(inst_id)) for n in range(5))
        return SetBook(inst_id=inst_id, bids=bids, asks=asks)

    def interruption(self, inst_id: str) -> SetInstrument:
        """Bring the suspended instrument back, or now and then suspend one."""
        if not self.suspended and self.rng.random() < 0.3:
            self.suspended = inst_id
            return SetInstrument(inst_id=inst_id, state="suspend")
        again, self.suspended = self.suspended or inst_id, ""
        return SetInstrument(inst_id=again, state="live")

    def command(self) -> Any:
        pick, venue = self.rng.choice, self.venue
        account = pick(NAMES)
        inst_id = pick(list(INSTRUMENTS))
        contract = pick(CONTRACTS)
        mode, side = pick(("cross", "isolated")), self.side_of(contract, account)
        waiting = sorted(venue.accounts[account].open_orders)
        algos = sorted(venue.accounts[account].open_algos)
        draw = self.rng.random()
        if draw < 0.42:
            orders = tuple(self.order(inst_id, account) for _ in range(pick((1, 1, 3))))
            return PlaceOrders(orders=orders, account=account)
        if draw < 0.55:
            return MovePrice(inst_id=inst_id, px=self.px(inst_id, pick((50, 400, 4000))))
        if draw < 0.60:
            return self.book(inst_id)
        if draw < 0.66 and waiting:
            order = venue.orders[pick(waiting)]
            ref = OrderRef(inst_id=order.inst_id, ord_id=str(order.ord_id))
            return CancelOrders(orders=(ref,), account=account)
        if draw < 0.71 and waiting:
            order = venue.orders[pick(waiting)]
            amendment = Amendment(
                inst_id=order.inst_id,
                ord_id=str(order.ord_id),
                new_sz=pick(("", self.sz(order.inst_id))),
                new_px=self.px(order.inst_id, 60),
                req_id="r",
                cxl_on_fail=pick(("", "true")),
            )
            return AmendOrders(orders=(amendment,), account=account)
        if draw < 0.79:
            return self.algo(inst_id, account)
        if draw < 0.82 and algos:
            found = venue.algos[pick(algos)]
            if pick((True, False)):
                ref_algo = AlgoRef(inst_id=found.inst_id, algo_id=str(found.algo_id))
                return CancelAlgos(algos=(ref_algo,), account=account)
            change = AlgoAmendment(
                inst_id=found.inst_id,
                algo_id=str(found.algo_id),
                new_sz=pick(("", self.sz(found.inst_id))),
                new_sl_trigger_px=pick(("", self.px(found.inst_id, 90))),
                new_trigger_px=self.px(found.inst_id, 90),
            )
            return AmendAlgos(algos=(change,), account=account)
        return pick(
            (
                ClosePosition(
                    inst_id=contract,
                    mgn_mode=mode,
                    pos_side=side,
                    auto_cxl="true",
                    account=account,
                ),
                SetPartial(inst_id=inst_id, sz=self.sz(inst_id)),
                SetMark(inst_id=contract, px=self.px(contract, 3000)),
                Rescale(
                    inst_id=contract,
                    factor=pick(self.factors),
                    history=pick(("true", "false")),
                ),
                PutForeign(rows=FOREIGN, clear=pick(("", "", "true")), account=account),
                Settle(inst_id=contract, px=pick(("", self.px(contract, 100)))),
                Fund(inst_id=contract, rate=pick(("0.0001", "-0.002", ""))),
                SetFundingRate(inst_id=contract, rate=pick(("0.0003", "-0.0001", "0"))),
                Liquidate(inst_id=contract, mgn_mode=mode, pos_side=side, account=account),
                Adl(
                    inst_id=contract,
                    mgn_mode=mode,
                    pos_side=side,
                    sz=pick(("", "0.4")),
                    account=account,
                ),
                Deposit(ccy=pick(("USDT", "BTC", "ETH")), amt="3", account=account),
                Deposit(ccy=pick(("USDT", "BTC")), amt="0.5", out="true", account=account),
                SetLeverage(
                    inst_id=contract, lever=pick(("3", "20", "75")), mgn_mode=mode, account=account
                ),
                SetPositionMode(pos_mode=pick(("net_mode", "long_short_mode")), account=account),
                CancelAllAfter(time_out_s=pick(("10", "60", "0")), account=account),
                self.interruption(inst_id),
                SetPendingMax(count=pick(("0", "0", "50"))),
                SetSwitch(name="bill.net_subtype", value=pick(("buy_sell", "open_close"))),
                AdvanceClock(advance_ms=pick(("1", "60000"))),
                Deliver(inst_id=contract) if pick((False,) * 15 + (True,)) else Tick(),
            )
        )


def snapshot(venue: Venue) -> str:
    """Everything that the venue knows, as text in a fixed order."""
    parts: list[Any] = [
        list(venue.orders.values()),
        list(venue.algos.values()),
        venue.fills,
        venue.bills,
        venue.prices,
        venue.marks,
        venue.partials,
        dict(venue.switches),
        venue.pending_max,
        venue.now_ms,
        venue.clock_ahead_ms,
        venue._last_id,
    ]
    for name, holder in venue.accounts.items():
        parts.append((name, sorted(vars(holder).items())))
    for inst_id, market in venue.markets.items():
        tape = market.tape
        parts.append((inst_id, market.state, market.book, market.fundings, market.px_limits))
        parts.append((list(tape.trades), list(tape.last_bars), list(tape.mark_bars)))
        parts.append((market.bids.levels(), market.asks.levels(), sorted(market.algos)))
    return repr(parts)
