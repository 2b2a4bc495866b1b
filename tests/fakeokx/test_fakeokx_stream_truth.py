"""A client that only listens knows the truth: random sessions, followed by their pushes alone.

A follower applies what it is told and nothing else, the way a client would. In the end, and now
and then on the way, what it has put together must be what the venue knows: every order and algo
order in its last state, every fill once, money, positions, books, prices.
"""

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from fakeokx_sessions import NAMES, Session

from fakeokx.engine.instruments import INSTRUMENTS
from fakeokx.engine.refusals import Reason
from fakeokx.stream.channels import CHANNELS, parse
from fakeokx.stream.feed import Feed, depth_of
from fakeokx.stream.pushes import Push
from fakeokx.wire.render_account import position_row
from fakeokx.wire.render_orders import algo_row, order_row

STEPS = 250
SEEDS = range(40, 46)
WANTED = set(CHANNELS)
ORDERS = {
    "live": {"live", "partially_filled", "filled", "canceled"},
    "partially_filled": {"partially_filled", "filled", "canceled"},
    "filled": set(),
    "canceled": set(),
}
# What describes this update over WebSocket, and the last fill ever over REST.
OF_THE_UPDATE = {"fillPx", "fillSz", "fillTime", "tradeId", "ccy", "avgPx", "cancelSourceReason"}
D = Decimal


class Follower:
    """What one account's pushes add up to."""

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.sums: dict[str, list[Decimal]] = defaultdict(lambda: [D(0), D(0), D(0)])
        self.fills: list[tuple[str, str]] = []
        self.algos: dict[str, dict[str, Any]] = {}
        self.positions: dict[str, dict[str, Any]] = {}
        self.cash: dict[str, str] = {}
        self.cash_of_bills: dict[str, str] = {}
        self.pos_of_events: dict[str, str] = {}
        self.trades_of_events: list[tuple[str, str]] = []

    def take(self, channel: str, row: dict[str, Any]) -> None:
        if channel == "orders":
            self._take_order(row)
        elif channel in ("orders-algo", "algo-advance"):
            self.algos[row["algoId"]] = row
        elif channel == "positions":
            self.positions[row["posId"]] = row
        elif channel == "account":
            self.cash |= {each["ccy"]: each["cashBal"] for each in row["details"]}
        elif channel == "balance_and_position":
            self.cash_of_bills |= {each["ccy"]: each["cashBal"] for each in row["balData"]}
            self.pos_of_events |= {each["posId"]: each["pos"] for each in row["posData"]}
            self.trades_of_events += [(each["instId"], each["tradeId"]) for each in row["trades"]]

    def _take_order(self, row: dict[str, Any]) -> None:
        before = self.orders.get(row["ordId"])
        if before is None:
            assert row["state"] == "live" or row["category"] != "normal", row
        else:
            assert row["state"] in ORDERS[before["state"]], (before["state"], row["state"])
            assert D(row["accFillSz"]) >= D(before["accFillSz"])
        self.orders[row["ordId"]] = row
        sums = self.sums[row["ordId"]]
        for place, name in enumerate(("fillSz", "fillFee", "fillPnl")):
            sums[place] += D(row[name])
        if row["tradeId"] not in ("", "0"):
            self.fills.append((row["instId"], row["tradeId"]))
        if row["state"] in ("filled", "canceled"):
            assert sums == [D(row["accFillSz"]), D(row["fee"]), D(row["pnl"])], row


class Room:
    """The feed of a session, one follower per account, and the public side."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.feed = Feed()
        self.followers = {name: Follower() for name in NAMES}
        self.last = {name: str(each) for name, each in session.venue.prices.items()}
        self.marks: dict[str, str] = {}
        self.books: dict[str, dict[str, dict[str, str]]] = {}
        self.trades: list[tuple[str, str]] = []
        for inst_id in INSTRUMENTS:
            arg = parse({"channel": "books", "instId": inst_id})
            self.take(self.feed.first(session.venue, arg, "", session.now_ms))

    def seen(self, _command: Any, events: tuple[Any, ...]) -> None:
        if any(isinstance(each, Reason) for each in events):
            return
        venue, now_ms = self.session.venue, self.session.now_ms
        self.take(self.feed.at_once(venue, events, now_ms, WANTED))
        if self.session.rng.random() < 0.3:
            self.take(self.feed.take_gathered(venue, now_ms))

    def take(self, pushes: list[Push]) -> None:
        for push in pushes:
            for inst_id, row in push.rows:
                if push.account:
                    self.followers[push.account].take(push.channel, row)
                elif push.channel == "books":
                    self._take_book(inst_id, row)
                elif push.channel == "tickers":
                    self.last[inst_id] = row["last"]
                elif push.channel == "mark-price":
                    self.marks[inst_id] = row["markPx"]
                elif push.channel == "trades":
                    self.trades.append((inst_id, row["tradeId"]))

    def _take_book(self, inst_id: str, row: dict[str, Any]) -> None:
        book = self.books.setdefault(inst_id, {"asks": {}, "bids": {}, "seq": {}})
        if row["prevSeqId"] != -1:
            assert book["seq"] == {"": str(row["prevSeqId"])}
        book["seq"] = {"": str(row["seqId"])}
        for side in ("asks", "bids"):
            book[side] |= {level[0]: level[1] for level in row[side]}
            book[side] = {px: sz for px, sz in book[side].items() if sz != "0"}


def played(seed: int) -> Room:
    session = Session(seed, factors=("0",))  # who only listens does not hear what was rescaled
    room = Room(session)
    session.run(STEPS, room.seen)
    room.take(room.feed.take_gathered(session.venue, session.now_ms))
    return room


@pytest.mark.parametrize("seed", SEEDS)
def test_whoever_only_listens_knows_the_truth(seed: int) -> None:
    room = played(seed)
    venue = room.session.venue
    for name, follower in room.followers.items():
        holder = venue.accounts[name]
        for order in (each for each in venue.orders.values() if each.account == name):
            seen, known = follower.orders[str(order.ord_id)], order_row(order)
            for field in known.keys() - OF_THE_UPDATE:
                assert seen[field] == known[field], (field, seen, known)
        assert len(follower.orders) == sum(each.account == name for each in venue.orders.values())
        own = [each for each in holder.fills if each.trade_id > 0]
        assert follower.fills == [(each.inst_id, str(each.trade_id)) for each in own]
        assert len(follower.trades_of_events) == len(holder.fills)
        for algo in (each for each in venue.algos.values() if each.account == name):
            seen = follower.algos[str(algo.algo_id)]
            known = algo_row(algo)
            same = known.keys() & seen.keys() - {"isTradeBorrowMode"}
            assert {field: seen[field] for field in same} == {field: known[field] for field in same}
        check_holdings(room, name)
    check_public(room)


def check_holdings(room: Room, name: str) -> None:
    venue, follower = room.session.venue, room.followers[name]
    holder = venue.accounts[name]
    for position in holder.positions.values():
        known = position_row(venue, position)
        seen = follower.positions[str(position.pos_id)]
        for field in (
            "pos",
            "posSide",
            "avgPx",
            "fee",
            "pnl",
            "realizedPnl",
            "fundingFee",
            "lever",
        ):
            assert seen[field] == known[field], (field, seen, known)
        assert follower.pos_of_events[str(position.pos_id)] == known["pos"]
    # An account that nothing has happened to was told nothing.
    for ccy, cash in holder.cash.items():
        for told in (follower.cash, follower.cash_of_bills):
            if ccy in told:
                assert D(told[ccy]) == cash, (name, ccy)
    moved = {each.ccy for each in holder.bills}
    assert moved <= follower.cash_of_bills.keys()
    assert {ccy for ccy in moved if holder.cash[ccy]} <= follower.cash.keys()


def check_public(room: Room) -> None:
    venue = room.session.venue
    for inst_id, px in venue.prices.items():
        assert D(room.last[inst_id]) == px
        if inst_id in room.marks:
            assert D(room.marks[inst_id]) == venue.marks[inst_id]
        depth = depth_of(venue, inst_id)
        assert room.books[inst_id]["asks"] == {each[0]: each[1] for each in depth.asks}, inst_id
        assert room.books[inst_id]["bids"] == {each[0]: each[1] for each in depth.bids}, inst_id
        taped = {str(each.trade_id) for each in venue.markets[inst_id].tape.trades}
        told = {trade_id for where, trade_id in room.trades if where == inst_id}
        assert told <= taped
        assert (not taped) == (not told)


def test_the_sessions_do_enough_to_be_worth_following() -> None:
    rooms = [played(seed) for seed in list(SEEDS)[:2]]
    fills = sum(len(each.session.venue.fills) for each in rooms)
    algos = sum(len(each.session.venue.algos) for each in rooms)
    trades = sum(len(each.trades) for each in rooms)
    assert fills > 100
    assert algos > 10
    assert trades > 50
