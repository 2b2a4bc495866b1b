"""What anybody can see of an instrument: book, trades, bars and fundings, all immutable.

Quantities are contracts, prices are in the quote currency, times are Unix milliseconds.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from fakeokx.engine.decimals import ZERO


class Level(NamedTuple):
    """One price of the seeded book and the contracts that wait there."""

    px_quote: Decimal
    qty_contracts: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Liquidity from outside the venue's accounts, best price first on both sides."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicTrade:
    """One public trade; ``side`` is the taker's."""

    inst_id: str
    trade_id: int
    px_quote: Decimal
    qty_contracts: Decimal
    side: str
    time_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One minute of one price: open, high, low, close, and what was traded in it.

    ``start_ms`` is a whole minute. Minutes in which nothing moved have no bar.
    """

    start_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    contracts: Decimal = ZERO
    base: Decimal = ZERO
    quote: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingPoint:
    """One settled funding of one instrument: the rate that was charged, at which mark price."""

    inst_id: str
    rate: Decimal
    mark_px_quote: Decimal
    time_ms: int
