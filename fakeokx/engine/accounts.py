"""What one account holds: money, orders, positions, and its own lists of what was.

Written only by the venue. Money is per currency. ``frozen`` is what its waiting orders tie up
per currency, kept as a running sum so that nobody has to look at all of them; an order without
a price ties up what it would cost now and is therefore not in the sum but in ``unpriced``.
Among the waiting algo orders, ``whole_closers`` close a whole position (closeFraction) and
``linked_algos`` go when their position does (cxlOnClosePos).

``first_cash`` is what every bill since must add up from. ``timers`` are dead man's switches:
the tag they watch (``""`` for all) and when they strike. ``foreign`` are rows of other people, each
with the endpoint that shows it.
"""

from decimal import Decimal
from typing import Any, Final

from fakeokx.engine.decimals import ZERO
from fakeokx.engine.model import NET_MODE, Algo, Bill, Fill, Order, Position, PositionKey

LEVER_DEFAULT: Final = Decimal(10)


class Account:
    """One account of the venue."""

    def __init__(self, name: str, pos_mode: str = NET_MODE) -> None:
        self.name = name
        self.pos_mode = pos_mode
        self.first_cash: dict[str, Decimal] = {}
        self.cash: dict[str, Decimal] = {}
        self.cash_time_ms: dict[str, int] = {}
        self.frozen: dict[str, Decimal] = {}
        self.levers: dict[PositionKey, Decimal] = {}
        self.open_orders: dict[int, Order] = {}
        self.unpriced: dict[int, Order] = {}
        self.open_by_key: dict[PositionKey, int] = {}
        self.closers: dict[PositionKey, dict[int, Order]] = {}
        self.by_cl_ord_id: dict[str, int] = {}
        self.done_orders: list[int] = []
        self.open_algos: dict[int, Algo] = {}
        self.by_algo_cl_ord_id: dict[str, int] = {}
        self.done_algos: list[int] = []
        self.whole_closers: dict[int, Algo] = {}
        self.linked_algos: dict[int, Algo] = {}
        self.positions: dict[PositionKey, Position] = {}
        self.open_positions: dict[PositionKey, Position] = {}
        self.lives: dict[tuple[int, int], Position] = {}
        self.fills: list[Fill] = []
        self.bills: list[Bill] = []
        self.timers: dict[str, int] = {}
        self.foreign: list[tuple[str, dict[str, Any]]] = []

    def lever(self, key: PositionKey) -> Decimal:
        """The leverage in force for that position."""
        return self.levers.get(key, LEVER_DEFAULT)

    def balance(self, ccy: str) -> Decimal:
        """The cash of that currency, zero if there never was any."""
        return self.cash.get(ccy, ZERO)
