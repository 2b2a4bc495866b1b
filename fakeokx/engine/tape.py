"""The tape of one instrument: its public trades, and the minute bars of its last and mark price.

The newest ``TRADES_MAX`` trades and ``BARS_MAX`` bars are kept. A minute in which nothing moved
leaves no bar; longer bars are for the reader to add up.
"""

from collections import deque
from decimal import Decimal
from typing import Final

from fakeokx.engine.decimals import ZERO
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.market import Bar, PublicTrade

TRADES_MAX: Final = 500
BARS_MAX: Final = 20_000
MINUTE_MS: Final = 60_000


class Tape:
    """What was traded and where the price was; newest last."""

    def __init__(self) -> None:
        self.trades: deque[PublicTrade] = deque(maxlen=TRADES_MAX)
        self.last_bars: deque[Bar] = deque(maxlen=BARS_MAX)
        self.mark_bars: deque[Bar] = deque(maxlen=BARS_MAX)

    def add_trade(self, instrument: Instrument, trade: PublicTrade, last: Decimal) -> None:
        """A trade happened while that was the last price; its minute's bar holds it."""
        self.trades.append(trade)
        px, qty = trade.px_quote, trade.qty_contracts
        base = qty * instrument.ct_val_base
        if instrument.is_inverse:
            base = instrument.value(qty, px)
        volumes = (qty, base, instrument.notional_quote(qty, px))
        bar = _bar(self.last_bars, last, trade.time_ms)
        self.last_bars.append(_with(bar, px, bar.close, volumes))

    def add_price(self, before: Decimal, px_quote: Decimal, now_ms: int, *, is_mark: bool) -> None:
        """The last or the mark price moved there from ``before``."""
        bars = self.mark_bars if is_mark else self.last_bars
        bars.append(_with(_bar(bars, before, now_ms), px_quote, px_quote, _NOTHING))


_NOTHING: Final = (ZERO, ZERO, ZERO)


def _bar(bars: deque[Bar], px: Decimal, now_ms: int) -> Bar:
    """The bar of this minute, taken off its list, or a new one that opens at ``px``."""
    start_ms = now_ms - now_ms % MINUTE_MS
    if bars and bars[-1].start_ms == start_ms:
        return bars.pop()
    return Bar(start_ms=start_ms, open=px, high=px, low=px, close=px)


def _with(bar: Bar, px: Decimal, close: Decimal, volumes: tuple[Decimal, Decimal, Decimal]) -> Bar:
    contracts, base, quote = volumes
    return Bar(
        start_ms=bar.start_ms,
        open=bar.open,
        high=max(bar.high, px),
        low=min(bar.low, px),
        close=close,
        contracts=bar.contracts + contracts,
        base=bar.base + base,
        quote=bar.quote + quote,
    )
