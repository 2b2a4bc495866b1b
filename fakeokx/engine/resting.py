"""Orders that rest, by instrument, side and price: found best first, without looking at all.

A side is a table of price levels and a heap of their prices. Adding and removing an order
costs the logarithm of the number of levels, finding the best level nothing, so a venue with a
million stored orders is not slower than an empty one. A level that empties leaves its price in
the heap; it is dropped when it comes to the top. Within a level orders are in order of arrival:
the dict keeps it, and an order that is amended to another price goes to the end.
"""

from decimal import Decimal
from heapq import heappop, heappush

from fakeokx.engine.model import BUY, Order


class RestingSide:
    """The resting orders of one side of one instrument."""

    __slots__ = ("_heap", "_levels", "_sign")

    def __init__(self, side: str) -> None:
        # Heaps are smallest first: a bid's key is its negated price.
        self._sign = -1 if side == BUY else 1
        self._heap: list[Decimal] = []
        self._levels: dict[Decimal, dict[int, Decimal]] = {}

    def put(self, order: Order, px_quote: Decimal) -> None:
        """Add the order, or note what is left of it."""
        key = self._sign * px_quote
        level = self._levels.get(key)
        if level is None:
            self._levels[key] = {order.ord_id: order.rest_contracts}
            heappush(self._heap, key)
        else:
            level[order.ord_id] = order.rest_contracts

    def drop(self, ord_id: int, px_quote: Decimal) -> None:
        """Remove the order, which must rest at that price."""
        key = self._sign * px_quote
        level = self._levels[key]
        del level[ord_id]
        if not level:
            del self._levels[key]

    def best(self) -> Decimal | None:
        """The best price, or None when nothing rests here."""
        heap = self._heap
        while heap and heap[0] not in self._levels:
            heappop(heap)
        return self._sign * heap[0] if heap else None

    def at(self, px_quote: Decimal) -> list[int]:
        """ordIds at that price, oldest first."""
        return list(self._levels.get(self._sign * px_quote, ()))

    def reached(self, px_quote: Decimal) -> list[int]:
        """ordIds at that price or a better one, best price first, then oldest first."""
        limit = self._sign * px_quote
        keys: list[Decimal] = []
        found: list[int] = []
        while (best := self.best()) is not None and (key := self._sign * best) <= limit:
            heappop(self._heap)
            if keys and keys[-1] == key:
                continue  # a price that emptied and came back is in the heap twice
            keys.append(key)
            found.extend(self._levels[key])
        for key in keys:
            heappush(self._heap, key)
        return found

    def levels(self) -> list[tuple[Decimal, Decimal, int]]:
        """(price, contracts, orders) of every level, best first."""
        return [
            (self._sign * key, sum(level.values(), Decimal(0)), len(level))
            for key, level in sorted(self._levels.items())
        ]
