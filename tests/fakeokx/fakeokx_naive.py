"""A naive exchange: lists, Fractions and full scans. It is what the engine is compared with.

It shares no code with the engine. It knows a linear contract and a coin, two accounts in net
mode, one price or a seeded book, triggers at market, funding, deleveraging and liquidation. It
is told which orders were let in and says what then happens to everything. Where the engine
rounds (averages, isolated margin, order margin: sixteen digits, half to even) it rounds too, so
the two have to agree to the last digit.
"""

from dataclasses import dataclass, field
from fractions import Fraction

CT_VAL = Fraction(1, 100)
RATES = {
    "swap": {"T": Fraction(5, 10_000), "M": Fraction(2, 10_000)},
    "coin": {"T": Fraction(1, 1000), "M": Fraction(8, 10_000)},
}
MAINTENANCE = Fraction(4, 1000)
TICK = Fraction(1, 10)
Levels = list[list[Fraction]]  # [price, size], best first
NOTHING = Fraction(0)
SWAP, COIN = "BTC-USDT-SWAP", "BTC-USDT"


def r16(number: Fraction) -> Fraction:
    return Fraction(round(number * 10**16), 10**16)


@dataclass
class Order:
    ord_id: int
    account: str
    inst_id: str
    mode: str
    sign: int
    kind: str
    qty: Fraction
    px: Fraction | None
    reduces: bool
    lever: Fraction
    turn: int = 0
    filled: Fraction = Fraction(0)
    px_sum: Fraction = Fraction(0)
    fee: Fraction = Fraction(0)
    pnl: Fraction = Fraction(0)
    state: str = "live"
    source: str = ""

    @property
    def rest(self) -> Fraction:
        return self.qty - self.filled

    @property
    def is_open(self) -> bool:
        return self.state in ("live", "partially_filled")

    def agrees(self, px: Fraction) -> bool:
        return self.px is None or (self.px - px) * self.sign >= 0


@dataclass
class Position:
    qty: Fraction = Fraction(0)
    avg: Fraction = Fraction(0)
    margin: Fraction = Fraction(0)
    pnl: Fraction = Fraction(0)
    fee: Fraction = Fraction(0)
    funding: Fraction = Fraction(0)
    penalty: Fraction = Fraction(0)

    def upl(self, mark: Fraction) -> Fraction:
        return self.qty * CT_VAL * (mark - self.avg)

    def needs(self, mark: Fraction) -> Fraction:
        return abs(self.qty) * CT_VAL * mark * (MAINTENANCE + RATES["swap"]["T"])


@dataclass
class Account:
    cash: dict[str, Fraction]
    positions: dict[str, Position] = field(
        default_factory=lambda: {"cross": Position(), "isolated": Position()}
    )
    levers: dict[str, Fraction] = field(
        default_factory=lambda: {"cross": Fraction(10), "isolated": Fraction(10)}
    )


@dataclass
class Trigger:
    algo_id: int
    account: str
    mode: str
    sign: int
    qty: Fraction
    px: Fraction
    above: bool
    reduces: bool


class Naive:
    def __init__(self, cash: dict[str, int]) -> None:
        self.accounts = {name: Account({"USDT": Fraction(usdt)}) for name, usdt in cash.items()}
        self.last = {SWAP: Fraction(50_000), COIN: Fraction(50_000)}
        self.mark = Fraction(50_000)
        self.book: dict[str, tuple[list[list[Fraction]], list[list[Fraction]]] | None] = {
            SWAP: None,
            COIN: None,
        }
        self.orders: dict[int, Order] = {}
        self.triggers: dict[int, Trigger] = {}
        self.turn = 0
        self.forced: list[str] = []

    # What an account can afford.

    def frozen(self, account: str, ccy: str) -> Fraction:
        total = Fraction(0)
        for order in self.orders.values():
            if not order.is_open or order.account != account or order.px is None:
                continue
            if order.inst_id == COIN:
                if (order.sign > 0) == (ccy == "USDT"):
                    total += order.rest * (order.px if order.sign > 0 else 1)
            elif ccy == "USDT" and not order.reduces:
                total += r16(order.rest * CT_VAL * order.px / order.lever)
        return total

    def available(self, account: str, *, for_coins: bool = False) -> Fraction:
        holder = self.accounts[account]
        cross = holder.positions["cross"]
        equity = holder.cash["USDT"] + cross.upl(self.mark)
        if for_coins:
            equity = min(equity, holder.cash["USDT"])
        tied = r16(abs(cross.qty) * CT_VAL * self.mark / holder.levers["cross"])
        return equity - tied - self.frozen(account, "USDT")

    def affords(self, order: Order) -> bool:
        """Whether the order may be let in, for its margin or its coins."""
        if order.inst_id == COIN:
            if order.sign < 0:
                coins = self.accounts[order.account].cash.get("BTC", Fraction(0))
                return order.qty <= coins - self.frozen(order.account, "BTC")
            return self.cost(order) <= self.available(order.account, for_coins=True)
        if order.reduces:
            return True
        held = self.accounts[order.account].positions[order.mode].qty
        signed = order.sign * order.qty
        adds = abs(signed) if held * signed >= 0 else max(Fraction(0), abs(signed) - abs(held))
        at = self.last[SWAP] if order.px is None else order.px
        needed = r16(adds * CT_VAL * at / order.lever)
        return not adds or needed <= self.available(order.account)

    def cost(self, order: Order) -> Fraction:
        if order.px is not None:
            return order.qty * order.px
        if self.book[COIN] is None:
            return order.qty * self.last[COIN]
        total, rest = Fraction(0), order.qty
        for px, qty, maker in self.offers(order):
            if maker is not None and maker.account == order.account:
                continue
            part = min(rest, qty)
            total, rest = total + part * px, rest - part
        return total

    # What orders do.

    def enter(self, order: Order) -> None:
        self.orders[order.ord_id] = order
        self.turn += 1
        order.turn = self.turn
        self.meet(order)

    def meet(self, order: Order) -> None:
        has_book = self.book[order.inst_id] is not None
        offers = [each for each in self.offers(order) if order.agrees(each[0])]
        crosses = bool(offers) if has_book else order.agrees(self.last[order.inst_id])
        if not crosses:
            if order.kind in ("fok", "ioc", "market"):
                self.end(order, "13" if order.kind == "fok" else "14")
            return
        if order.kind == "post_only":
            self.end(order, "31")
            return
        if order.kind == "fok" and has_book:
            others = (qty for _, qty, maker in offers if not self.is_own(order, maker))
            if min(self.wanted(order), sum(others, Fraction(0))) < order.rest:
                self.end(order, "13")
                return
        if has_book:
            self.take(order)
        else:
            self.fill(order, self.wanted(order), self.last[order.inst_id], "T")
        self.end_if_idle(order)
        if order.is_open and order.kind in ("ioc", "market"):
            self.end(order, "14")

    @staticmethod
    def is_own(order: Order, maker: Order | None) -> bool:
        return maker is not None and maker.account == order.account

    def offers(self, order: Order) -> list[tuple[Fraction, Fraction, Order | None]]:
        """(price, size, its owner or None) on the other side, best first, seeded before owned."""
        found: list[tuple[Fraction, int, Fraction, Order | None]] = []
        book = self.book[order.inst_id]
        if book is not None:
            found += [(px, 0, qty, None) for px, qty in book[1 if order.sign > 0 else 0]]
        for each in self.orders.values():
            is_opposite = each.inst_id == order.inst_id and each.sign != order.sign
            if each.is_open and is_opposite and each.px is not None:
                found.append((each.px, each.turn, each.rest, each))
        found.sort(key=lambda row: (order.sign * row[0], row[1]))
        return [(px, qty, maker) for px, _, qty, maker in found]

    def reducible(self, order: Order) -> Fraction:
        held = self.accounts[order.account].positions[order.mode].qty
        return abs(held) if held * order.sign < 0 else Fraction(0)

    def wanted(self, order: Order) -> Fraction:
        return min(order.rest, self.reducible(order)) if order.reduces else order.rest

    def take(self, order: Order) -> None:
        left = self.wanted(order)
        while order.is_open and left > 0:
            best = next(iter(self.offers(order)), None)
            if best is None or not order.agrees(best[0]):
                return
            px, qty, maker = best
            if maker is not None:
                if maker.account == order.account:
                    self.end(maker, "32")
                    continue
                qty = self.wanted(maker)
                if qty == 0:
                    self.end(maker, "17")
                    continue
            qty = min(left, qty)
            if maker is not None:
                self.fill(maker, qty, px, "M")
            else:
                self.eat(order.inst_id, 1 if order.sign > 0 else 0, qty)
            self.fill(order, qty, px, "T")
            self.last[order.inst_id] = px
            left -= qty

    def eat(self, inst_id: str, side: int, qty: Fraction) -> None:
        book = self.book[inst_id]
        assert book is not None
        book[side][0][1] -= qty
        if book[side][0][1] == 0:
            del book[side][0]

    def end(self, order: Order, source: str) -> None:
        order.state, order.source = "canceled", source

    def end_if_idle(self, order: Order) -> None:
        if order.is_open and order.reduces and self.reducible(order) == 0:
            self.end(order, "17")

    def fill(
        self, order: Order, qty: Fraction, px: Fraction, kind: str, penalty: Fraction = Fraction(0)
    ) -> None:
        if qty == 0:
            return
        cash = self.accounts[order.account].cash
        if order.inst_id == COIN:
            rate = RATES["coin"][kind]
            got, gave = ("BTC", "USDT") if order.sign > 0 else ("USDT", "BTC")
            received, given = (qty, qty * px) if order.sign > 0 else (qty * px, qty)
            order.fee -= rate * received
            cash[got] = cash.get(got, Fraction(0)) + received - rate * received
            cash[gave] -= given
        else:
            rate = (
                Fraction(0) if kind == "free" else RATES["swap"]["T" if kind == "forced" else kind]
            )
            fee = -rate * qty * CT_VAL * px
            pnl, money = self.move(order, order.sign * qty, px, fee, penalty)
            order.fee += fee
            order.pnl += pnl + penalty
            cash["USDT"] += money
        order.filled += qty
        order.px_sum += qty * px
        order.state = "filled" if order.filled == order.qty else "partially_filled"

    def move(
        self, order: Order, signed: Fraction, px: Fraction, fee: Fraction, penalty: Fraction
    ) -> tuple[Fraction, Fraction]:
        """(pnl, cash) of so many contracts at that price."""
        position = self.accounts[order.account].positions[order.mode]
        margin_before, pnl = position.margin, Fraction(0)
        closing = min(abs(signed), abs(position.qty)) if position.qty * signed < 0 else Fraction(0)
        opening = abs(signed) - closing
        first_fee = fee if not opening else r16(fee * closing / abs(signed))
        if closing:
            held = abs(position.qty)
            direction = 1 if position.qty > 0 else -1
            pnl = direction * closing * CT_VAL * (px - position.avg)
            released = position.margin if closing == held else r16(position.margin * closing / held)
            position.qty -= direction * closing
            position.margin -= released
            position.pnl += pnl
            position.fee += first_fee
            position.penalty += penalty
        moved = position.margin - margin_before
        if opening:
            if position.qty == 0:
                self.accounts[order.account].positions[order.mode] = position = Position()
            held = abs(position.qty)
            position.avg = r16((held * position.avg + opening * px) / (held + opening))
            position.qty += opening if signed > 0 else -opening
            position.fee += fee - (first_fee if closing else 0)
            if order.mode == "isolated":
                added = r16(opening * CT_VAL * px / order.lever)
                position.margin += added
                moved += added
        return pnl, pnl + fee + penalty - moved

    # What the market does.

    def move_price(self, inst_id: str, px: Fraction) -> None:
        self.last[inst_id] = px
        if inst_id == SWAP:
            self.mark = px
        book = self.book[inst_id]
        if book is not None:
            bids = [each for each in book[0] if each[0] <= px]
            self.book[inst_id] = (bids, [each for each in book[1] if each[0] >= px])
        waiting = [
            each for each in self.orders.values() if each.is_open and each.inst_id == inst_id
        ]
        reached = [each for each in waiting if each.agrees(px)]
        reached.sort(key=lambda each: (-each.sign, -each.sign * (each.px or 0), each.turn))
        for order in reached:
            if order.is_open:
                self.fill(order, self.wanted(order), order.px or px, "M")
                self.end_if_idle(order)
        self.fire()
        self.watch()

    def set_mark(self, px: Fraction) -> None:
        self.mark = px
        self.watch()

    def set_book(
        self, inst_id: str, bids: list[list[Fraction]], asks: list[list[Fraction]]
    ) -> None:
        self.book[inst_id] = (bids, asks) if bids or asks else None
        book = self.book[inst_id]
        for sign, side in ((1, 1), (-1, 0)):
            while book is not None and book[side]:
                resting = [
                    each
                    for each in self.orders.values()
                    if each.is_open and each.inst_id == inst_id and each.sign == sign
                ]
                resting.sort(key=lambda each: (-each.sign * (each.px or 0), each.turn))
                if not resting or not resting[0].agrees(book[side][0][0]):
                    break
                maker = resting[0]
                qty = min(self.wanted(maker), book[side][0][1])
                if qty == 0:
                    self.end(maker, "17")
                    continue
                self.eat(inst_id, side, qty)
                self.fill(maker, qty, maker.px or Fraction(0), "M")
                self.last[inst_id] = maker.px or Fraction(0)
        self.fire()

    def fire(self) -> None:
        """Fire triggers until none is met; their orders are market orders."""
        while True:
            last = self.last[SWAP]
            met = [
                each
                for each in sorted(self.triggers.values(), key=lambda each: each.algo_id)
                if (last >= each.px if each.above else last <= each.px)
            ]
            if not met:
                return
            for trigger in met:
                del self.triggers[trigger.algo_id]
                self.spawn(trigger)

    def spawn(self, trigger: Trigger) -> None:
        holder = self.accounts[trigger.account]
        held = holder.positions[trigger.mode].qty
        qty = trigger.qty
        if trigger.reduces:
            if held * trigger.sign >= 0:
                return
            qty = min(qty, abs(held))
        order = Order(
            ord_id=-trigger.algo_id,  # the venue's own id is learnt from its algo order
            account=trigger.account,
            inst_id=SWAP,
            mode=trigger.mode,
            sign=trigger.sign,
            kind="market",
            qty=qty,
            px=None,
            reduces=trigger.reduces,
            lever=holder.levers[trigger.mode],
        )
        if self.affords(order):
            self.enter(order)

    def fund(self, rate: Fraction) -> None:
        for holder in self.accounts.values():
            for mode, position in holder.positions.items():
                amount = -position.qty * CT_VAL * self.mark * rate
                position.funding += amount
                if mode == "isolated":
                    position.margin += amount
                else:
                    holder.cash["USDT"] += amount
        self.watch()

    # What is done by force.

    def force(
        self,
        account: str,
        mode: str,
        qty: Fraction,
        px: Fraction,
        kind: str,
        penalty: Fraction = Fraction(0),
    ) -> None:
        held = self.accounts[account].positions[mode].qty
        order = Order(
            ord_id=0,
            account=account,
            inst_id=SWAP,
            mode=mode,
            sign=-1 if held > 0 else 1,
            kind="market",
            qty=qty,
            px=None,
            reduces=True,
            lever=Fraction(1),
        )
        self.fill(order, qty, px, kind, penalty)
        self.forced.append(kind)

    def cancel_waiting(self, account: str, mode: str, source: str) -> None:
        for order in self.orders.values():
            if order.is_open and (order.account, order.mode) == (account, mode):
                self.end(order, source)

    def watch(self) -> None:
        for account, holder in self.accounts.items():
            for mode in ("isolated", "cross"):
                position = holder.positions[mode]
                backing = position.margin if mode == "isolated" else holder.cash["USDT"]
                gone = backing + position.upl(self.mark) <= position.needs(self.mark)
                if position.qty and gone:
                    self.cancel_waiting(account, mode, "3")
                    self.take_over(account, mode, backing)

    def take_over(self, account: str, mode: str, backing: Fraction) -> None:
        position = self.accounts[account].positions[mode]
        face, sign = abs(position.qty) * CT_VAL, 1 if position.qty > 0 else -1
        rate = RATES["swap"]["T"]
        broke = (sign * face * position.avg - backing) / (face * (sign - rate))
        px = self.mark
        if r16(broke) > 0:
            steps = r16(r16(broke) / TICK)
            px = max(px, -(-steps // 1) * TICK) if sign > 0 else min(px, max(steps // 1, 1) * TICK)
        left = backing + position.upl(px) - face * px * rate
        penalty = -max(Fraction(0), min(left, face * px * MAINTENANCE / 2))
        self.force(account, mode, abs(position.qty), px, "forced", penalty)
