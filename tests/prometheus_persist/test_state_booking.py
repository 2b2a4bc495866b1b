"""Booking: the position arithmetic against an oracle, money conserved, both ledgers together."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from storekit import BTC, execution

from prometheus_persist.errors import BadValue
from prometheus_persist.state import (
    Agent,
    Execution,
    PositionKey,
    PrivateLedger,
    PublicAccount,
    SystemState,
    Unattributed,
    book_execution,
    contracts,
    state_from,
    to_documents,
)
from prometheus_persist.state.booking import Booked, book_unattributed
from prometheus_persist.state.exact_json import dumps, loads_object

START = Decimal("10000.00")


@dataclass
class Books:
    """One agent with both ledgers, moved by bookings."""

    agent: Agent
    private: PrivateLedger
    account: PublicAccount

    @staticmethod
    def new(capital: Decimal = START) -> Books:
        return Books(
            Agent(agent_id="A", current_capital=capital),
            PrivateLedger(agent_id="A", capital=capital),
            PublicAccount(agent_id="A", capital=capital),
        )

    def book(self, one: Execution) -> Booked:
        booked = book_execution(self.agent, self.private, self.account, one)
        self.agent, self.private, self.account = booked.agent, booked.private, booked.account
        return booked


def fill(number: int, side: str, size: str, px: str, fee: str = "0", **change: Any) -> Execution:
    given = {"side": side, "qty_contracts": contracts(size), "px": Decimal(px)}
    return execution(number, **{**given, "fee": Decimal(fee), **change})


# name, posSide, executions (side, contracts, price, fee), then: contracts, entry, PnL without fees
TABLE = [
    ("opens", "net", [("buy", "2", "100", "0")], "2", "100", "0"),
    ("opens short", "net", [("sell", "2", "100", "0")], "-2", "100", "0"),
    ("averages", "net", [("buy", "1", "100", "0"), ("buy", "3", "200", "0")], "4", "175", "0"),
    (
        "averages short",
        "net",
        [("sell", "1", "100", "0"), ("sell", "3", "200", "0")],
        "-4",
        "175",
        "0",
    ),
    (
        "reduction keeps the entry",
        "net",
        [("buy", "4", "100", "0"), ("sell", "1", "300", "0")],
        "3",
        "100",
        "2",
    ),
    (
        "averages over increases only",
        "net",
        [("buy", "2", "100", "0"), ("sell", "1", "900", "0"), ("buy", "1", "200", "0")],
        "2",
        "150",
        "8",
    ),
    ("closes", "net", [("buy", "2", "100", "0"), ("sell", "2", "150", "0")], None, None, "1"),
    (
        "closes short",
        "net",
        [("sell", "2", "100", "0"), ("buy", "2", "150", "0")],
        None,
        None,
        "-1",
    ),
    ("flips", "net", [("buy", "2", "100", "0"), ("sell", "5", "150", "0")], "-3", "150", "1"),
    ("flips up", "net", [("sell", "2", "100", "0"), ("buy", "5", "50", "0")], "3", "50", "1"),
    ("long", "long", [("buy", "2", "100", "0"), ("sell", "1", "200", "0")], "1", "100", "1"),
    ("short", "short", [("sell", "2", "100", "0"), ("buy", "1", "50", "0")], "1", "100", "0.5"),
    (
        "short grows by selling",
        "short",
        [("sell", "1", "100", "0"), ("sell", "1", "200", "0")],
        "2",
        "150",
        "0",
    ),
    (
        "fee is a charge",
        "net",
        [("buy", "2", "100", "-0.3"), ("sell", "2", "100", "-0.2")],
        None,
        None,
        "0",
    ),
    ("rebate", "net", [("buy", "2", "100", "0.1")], "2", "100", "0"),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_booking_table(row: Any) -> None:
    """Size, entry price, PnL and capital after a few executions; public and private alike."""
    _, pos_side, fills, size, entry, pnl = row
    books = Books.new()
    for number, (side, qty, px, fee) in enumerate(fills, 1):
        books.book(fill(number, side, qty, px, fee, pos_side=pos_side))
    fees = sum((Decimal(fee) for *_, fee in fills), Decimal(0))
    for ledger in (books.private, books.account):
        if size is None:
            assert ledger.positions == []
        else:
            (held,) = ledger.positions
            assert (held.qty_contracts, held.entry_px) == (contracts(size), Decimal(entry))
            assert held.key == PositionKey(BTC, "cross", pos_side)
        assert ledger.capital == START + Decimal(pnl) + fees
        assert ledger.version == len(fills)
    assert books.agent.current_capital == books.private.capital
    assert books.account.total_pnl == books.agent.total_pnl == Decimal(pnl) + fees


REFUSED = [
    ("long closes what is not open", "long", [], "sell", "1"),
    ("short closes what is not open", "short", [], "buy", "1"),
    ("long closes more than is open", "long", [("buy", "1")], "sell", "2"),
    ("short closes more than is open", "short", [("sell", "1")], "buy", "2"),
]


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[0])
def test_booking_a_sided_position_never_goes_through_zero(row: Any) -> None:
    """Under long and short, closing more than is open is an error and moves nothing."""
    _, pos_side, before, side, qty = row
    books = Books.new()
    for number, (opening, size) in enumerate(before, 1):
        books.book(fill(number, opening, size, "100", pos_side=pos_side))
    kept = books.private.model_copy(deep=True)
    with pytest.raises(BadValue):
        books.book(fill(9, side, qty, "100", pos_side=pos_side))
    assert books.private == kept


def test_booking_times_and_records() -> None:
    """A position keeps the time it was opened; a flip is a new opening; the record says it all."""
    books = Books.new()
    opened = books.book(fill(1, "buy", "1", "100"))
    books.book(fill(2, "buy", "1", "100"))
    (held,) = books.private.positions
    assert (held.opened_ms, held.updated_ms) == (
        opened.record["ts_ms"],
        opened.record["ts_ms"] + 1,
    )
    flipped = books.book(fill(3, "sell", "5", "110", "-0.1"))
    (held,) = books.private.positions
    assert held.opened_ms == held.updated_ms == flipped.record["ts_ms"]
    assert flipped.record == {
        "agent_id": "A",
        "fill_id": f"{BTC}:3",
        "inst_id": BTC,
        "mgn_mode": "cross",
        "pos_side": "net",
        "side": "sell",
        "qty_contracts": "5",
        "px": "110",
        "fee": "-0.1",
        "pnl": "0.20",
        "ord_id": "o3",
        "cl_ord_id": "c3",
        "ts_ms": flipped.record["ts_ms"],
        "category": "normal",
        "source": "live",
        "version": 3,
        "ct_val": "0.01",
        "ct_mult": "1",
    }


def test_booking_streaks_and_rates() -> None:
    """Wins, losses and streaks count closings; openings change neither; the worst streak stays."""
    books = Books.new()
    prices = [("buy", "100"), ("sell", "110"), ("buy", "100"), ("sell", "90")] * 2
    prices += [("buy", "100"), ("sell", "90"), ("buy", "100"), ("sell", "110")]
    for number, (side, px) in enumerate(prices, 1):
        books.book(fill(number, side, "1", px))
    agent, account = books.agent, books.account
    for one in (agent, account):
        assert (one.trade_count, one.close_count, one.win_count) == (12, 6, 3)
        assert (one.win_rate, one.consecutive_wins, one.consecutive_losses) == (0.5, 1, 0)
    assert agent.max_consecutive_losses == 2


def test_booking_keeps_different_positions_apart() -> None:
    """Instrument, margin mode and side make a position of its own each, kept in key order."""
    books = Books.new()
    for number, change in enumerate(
        ({}, {"mgn_mode": "isolated"}, {"inst_id": "ETH-USDT-SWAP"}, {"pos_side": "long"}), 1
    ):
        books.book(fill(number, "buy", str(number), "100", **change))
    keys = [held.key for held in books.private.positions]
    assert len(set(keys)) == 4
    assert keys == sorted(keys)


def test_booking_changes_nothing_in_place() -> None:
    """The models that went in are as they were; extras come along."""
    books = Books.new()
    books.agent = Agent(agent_id="A", secret_sauce={"k": [1]})
    books.book(fill(1, "buy", "1", "100"))
    before = [m.model_copy(deep=True) for m in (books.agent, books.private, books.account)]
    booked = book_execution(
        books.agent, books.private, books.account, fill(2, "sell", "3", "90", "-1")
    )
    assert [books.agent, books.private, books.account] == before
    assert booked.agent.model_extra == {"secret_sauce": {"k": [1]}}


executions = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 400).map(lambda n: str(Decimal(n) / 100)),
        st.integers(1, 10**9).map(lambda n: str(Decimal(n) / 10**4)),
        st.integers(-(10**4), 10**4).map(lambda n: str(Decimal(n) / 10**6)),
        st.sampled_from(["cross", "isolated"]),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(executions)
def test_booking_conserves_contracts_and_money(rows: list[tuple[str, str, str, str, str]]) -> None:
    """Contracts add up to the executions; capital is start + Σ(PnL + fee); cash plus the value of
    what is open differs from the cash flow by rounding of averages only; both ledgers agree; and
    whatever came of it can be written and read back."""
    books = Books.new()
    flow, fees = Fraction(0), Fraction(0)
    net: dict[str, Fraction] = {}
    for number, (side, qty, px, fee, mode) in enumerate(rows, 1):
        books.book(fill(number, side, qty, px, fee, mgn_mode=mode))
        signed = Fraction(Decimal(qty)) * (1 if side == "buy" else -1)
        net[mode] = net.get(mode, Fraction(0)) + signed
        flow -= signed * Fraction(Decimal(px)) / 100
        fees += Fraction(Decimal(fee))
    held = {p.mgn_mode: Fraction(p.qty_contracts.value) for p in books.private.positions}
    assert held == {mode: size for mode, size in net.items() if size}
    at_cost = sum(
        Fraction(p.qty_contracts.value) * Fraction(p.entry_px) / 100
        for p in books.private.positions
    )
    drift = (Fraction(books.private.capital) - Fraction(START)) - (flow + fees + at_cost)
    assert abs(drift) < Fraction(1, 10**20)
    assert books.private.positions == books.account.positions
    assert books.private.capital == books.account.capital == books.agent.current_capital
    assert books.private.version == books.account.version == len(rows)
    assert_readable(books)


def assert_readable(books: Books) -> None:
    state = SystemState(
        agents={"A": books.agent},
        private_ledgers={"A": books.private},
        public_accounts={"A": books.account},
    )
    documents = {k: loads_object(dumps(v), k) for k, v in to_documents(state).items()}
    back = state_from(documents)
    assert back.private_ledgers["A"] == books.private
    assert str(back.agents["A"].total_pnl) == str(books.agent.total_pnl)


def test_booking_tiny_prices_stay_readable() -> None:
    """The rounding rest of an average of tiny prices, next to zero, can be saved and restored."""
    books = Books.new(Decimal(0))
    for number, (side, qty, px) in enumerate(
        [
            ("buy", "1", "0.00001"),
            ("buy", "2", "0.00002"),
            ("sell", "1", "0.00001"),
            ("sell", "2", "0.00002"),
        ],
        1,
    ):
        books.book(fill(number, side, qty, px))
    assert 0 < abs(books.agent.total_pnl) < Decimal("1e-38")
    assert_readable(books)


def test_booking_unattributed_moves_positions_only() -> None:
    """What nobody owns is kept with the same arithmetic and no money."""
    book, _ = book_unattributed(Unattributed(), fill(1, "buy", "2", "100"))
    book, pnl = book_unattributed(book, fill(2, "buy", "2", "200"))
    assert pnl == 0
    (held,) = book.positions
    assert (held.qty_contracts, held.entry_px) == (contracts("4"), Decimal(150))
