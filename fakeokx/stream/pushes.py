"""From the events of one step to what is pushed, and from a subscription to its first values.

A ``Push`` belongs to a channel and an account; each row in it says which instrument or currency
it is about, and a subscription gets the rows that its argument selects, in one message. Nothing
is rendered for a channel that nobody listens to.

The order of messages is that of the events, channel by channel as a step produced them: algo
orders before the orders that they became, an order's states one message each.

Two channels are not made here step by step: ``account`` and ``positions`` gather what happened
for a moment (see ``gather``).
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from fakeokx.engine.events import (
    AlgoChanged,
    Answered,
    Billed,
    Event,
    Filled,
    FundingPaid,
    OrderChanged,
    PositionChanged,
    SettingChanged,
    Traded,
)
from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.market import PublicTrade
from fakeokx.engine.model import Bill, Fill, Position
from fakeokx.engine.venue import Venue
from fakeokx.stream import rows
from fakeokx.stream.channels import Arg
from fakeokx.stream.rows import Row
from fakeokx.wire.variants import is_visible

PUBLIC_ACCOUNT: Final = ""
SNAPSHOT: Final = "snapshot"
_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_TAKER: Final = "T"
_BILL_KINDS: Final = MappingProxyType(
    {
        "1": "transferred",
        "3": "delivered",
        "5": "liquidation",
        "8": "funding_fee",
        "9": "adl",
        "34": "settlement",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """Rows for one channel of one account; ``extra`` stands between ``arg`` and ``data``.

    A row is an object, but a candle is a list.
    """

    channel: str
    account: str = PUBLIC_ACCOUNT
    rows: Sequence[tuple[str, Any]]
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)

    def inst_ids(self) -> tuple[str, ...]:
        """The instruments that it is about, for whoever picks pushes by instrument."""
        return tuple(inst_id for inst_id, _ in self.rows if inst_id in INSTRUMENTS)

    def data_for(self, arg: Arg) -> list[Any]:
        """The rows that a subscription selects."""
        ccy = arg.get("ccy")
        if self.channel == "account" and ccy:
            return [_only(row, ccy) for _, row in self.rows if _has(row, ccy)]
        return [
            row
            for inst_id, row in self.rows
            if inst_id not in INSTRUMENTS or arg.selects(INSTRUMENTS[inst_id])
        ]


def message(arg: Arg, push: Push, data: Sequence[Any], uid: str) -> dict[str, Any]:
    """One push as the client sees it; ``uid`` is empty on public channels."""
    shown = {**arg.shown, "uid": uid} if uid else dict(arg.shown)
    return {"arg": shown, **push.extra, "data": list(data)}


def from_events(
    venue: Venue, events: Sequence[Event], now_ms: int, wanted: Container[str]
) -> list[Push]:
    """What a step has to say at once on the channels that are wanted, in order."""
    found: list[Push] = []
    for event in events:
        match event:
            case OrderChanged(order) if "orders" in wanted and is_visible(venue.switches, order):
                row = rows.order_push(venue, event)
                found.append(_one("orders", order.account, order.inst_id, row))
            case AlgoChanged(algo) if algo.ord_type == rows.TRAILING:
                if "algo-advance" in wanted:
                    row = rows.advance_push(venue, event, now_ms)
                    found.append(_one("algo-advance", algo.account, algo.inst_id, row))
            case AlgoChanged(algo) if "orders-algo" in wanted:
                row = rows.algo_push(venue, event)
                found.append(_one("orders-algo", algo.account, algo.inst_id, row))
            case _:
                continue
    if "fills" in wanted:
        found += _fills(events)
    if "balance_and_position" in wanted:
        found += _balance_and_position(venue, events, now_ms)
    if "trades" in wanted:
        found += _trades(events)
    return found


def first_algos(venue: Venue, account: str, now_ms: int) -> Push:
    """The first values of algo-advance: the trailing orders that wait."""
    waiting = [
        each
        for each in venue.accounts[account].open_algos.values()
        if each.ord_type == rows.TRAILING
    ]
    found = [
        (each.inst_id, rows.advance_push(venue, AlgoChanged(each), now_ms)) for each in waiting
    ]
    return Push(channel="algo-advance", account=account, rows=found)


def first_balance_and_position(
    account_row: Row, held: Iterable[Position], account: str, now_ms: int
) -> Push:
    """The first values of balance_and_position: every balance, every open position."""
    row = {
        "pTime": str(now_ms),
        "eventType": SNAPSHOT,
        "balData": rows.balance_data(account_row),
        "posData": [rows.position_data(each) for each in held if each.qty_contracts],
        "trades": [],
    }
    return _one("balance_and_position", account, "", row)


def _one(channel: str, account: str, inst_id: str, row: Row) -> Push:
    return Push(channel=channel, account=account, rows=((inst_id, row),))


def _fills(events: Sequence[Event]) -> list[Push]:
    groups: list[list[Fill]] = []
    for event in events:
        if not isinstance(event, Filled) or event.fill.trade_id < 0:
            continue
        fill = event.fill
        last = groups[-1][-1] if groups else None
        if (
            last is not None
            and fill.exec_type == _TAKER
            and (last.ord_id, last.px_quote) == (fill.ord_id, fill.px_quote)
        ):
            groups[-1].append(fill)
        else:
            groups.append([fill])
    return [
        _one("fills", group[0].account, group[0].inst_id, rows.fills_push(group))
        for group in groups
    ]


def _trades(events: Sequence[Event]) -> list[Push]:
    groups: list[list[PublicTrade]] = []
    is_same_taker = False
    for event in events:
        if isinstance(event, Answered):
            is_same_taker = False
        if not isinstance(event, Traded):
            continue
        trade = event.trade
        if is_same_taker and _together(groups[-1][-1], trade):
            groups[-1].append(trade)
        else:
            groups.append([trade])
        is_same_taker = True
    return [
        _one(
            "trades",
            PUBLIC_ACCOUNT,
            group[0].inst_id,
            rows.trade_push(group, group[-1].trade_id),
        )
        for group in groups
    ]


def _together(one: PublicTrade, other: PublicTrade) -> bool:
    return (one.inst_id, one.px_quote, one.side) == (other.inst_id, other.px_quote, other.side)


@dataclass(slots=True)
class _Group:
    """What one balance_and_position message of an account gathers."""

    kind: str = ""
    ccys: dict[str, None] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    trades: list[Row] = field(default_factory=list)


def _balance_and_position(venue: Venue, events: Sequence[Event], now_ms: int) -> list[Push]:
    groups: dict[str, _Group] = {}
    for event in events:
        match event:
            case Filled(fill, bill):
                group = groups.setdefault(fill.account, _Group())
                group.kind = group.kind or _BILL_KINDS.get(bill.type, "filled")
                group.ccys[bill.ccy] = None
                group.trades.append({"instId": fill.inst_id, "tradeId": str(fill.trade_id)})
            case Billed(bill) | FundingPaid(bill):
                _take_bill(groups.setdefault(bill.account, _Group()), bill)
            case PositionChanged(position):
                group = groups.setdefault(position.account, _Group())
                group.positions[position.pos_id] = position
            case SettingChanged(name="lever", account=account):
                group = groups.setdefault(account, _Group())
                group.kind = group.kind or "set_leverage"
            case _:
                continue
    found: list[Push] = []
    for account, group in groups.items():
        if not group.ccys and not group.positions:
            continue
        balances = rows.balance_data(rows.account_push(venue, account), tuple(group.ccys))
        row = {
            "pTime": str(now_ms),
            "eventType": group.kind or "filled",
            "balData": balances if group.ccys else [],
            "posData": [rows.position_data(each) for each in group.positions.values()],
            "trades": group.trades,
        }
        found.append(_one("balance_and_position", account, "", row))
    return found


def _take_bill(group: _Group, bill: Bill) -> None:
    group.kind = group.kind or _BILL_KINDS.get(bill.type, "filled")
    group.ccys[bill.ccy] = None


def _has(row: Row, ccy: str) -> bool:
    return any(each["ccy"] == ccy for each in row["details"])


def _only(row: Row, ccy: str) -> Row:
    return {**row, "details": [each for each in row["details"] if each["ccy"] == ccy]}


@dataclass(slots=True)
class Gathered:
    """What happened to one account since its last account and positions pushes.

    Closed lives of a position stay in the gathering beside the one that followed, so a
    position that was closed and opened again shows both.
    """

    is_money_moved: bool = False
    positions: dict[tuple[int, int], Position] = field(default_factory=dict)


def gather(events: Sequence[Event], into: Callable[[str], Gathered]) -> None:
    """Note what an event says about an account's money and positions."""
    for event in events:
        match event:
            case OrderChanged(order):
                into(order.account).is_money_moved = True
            case Filled(fill, _):
                into(fill.account).is_money_moved = True
            case Billed(bill) | FundingPaid(bill):
                into(bill.account).is_money_moved = True
            case PositionChanged(position):
                gathered = into(position.account)
                gathered.is_money_moved = True
                gathered.positions[position.pos_id, position.life] = position
            case _:
                continue
