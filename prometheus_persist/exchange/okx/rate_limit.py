"""How often OKX may be asked: a window per endpoint, counted as OKX counts.

    endpoint                                        at most    within   counted by
    orders-pending, fills, GET order                60         2 s      user; GET order + instId
    orders-history                                  40         2 s      user
    orders-history-archive, order-algo, algo lists  20         2 s      user
    instruments                                     20         2 s      address + instType
    balance, positions, positions-history,
    fills-history, time                             10         2 s      user; time by address
    bills                                           5          1 s      user
    bills-archive, config                           5          2 s      user

A question counts from its answer on, which is later than the exchange saw it: so the exchange never
counts more within a window than this module does. Others may use the same account; what is refused
nevertheless (50011) is asked again later (``scheduler``).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

MARGIN_S = 0.01  # two clocks in whole milliseconds, and the way back of an answer

_TWO_S = 2.0
LIMITS: Mapping[str, tuple[int, float]] = {
    "public/time": (10, _TWO_S),
    "public/instruments": (20, _TWO_S),
    "account/config": (5, _TWO_S),
    "account/balance": (10, _TWO_S),
    "account/positions": (10, _TWO_S),
    "account/positions-history": (10, _TWO_S),
    "account/bills": (5, 1.0),
    "account/bills-archive": (5, _TWO_S),
    "trade/fills": (60, _TWO_S),
    "trade/fills-history": (10, _TWO_S),
    "trade/order": (60, _TWO_S),
    "trade/order-algo": (20, _TWO_S),
    "trade/orders-pending": (60, _TWO_S),
    "trade/orders-history": (40, _TWO_S),
    "trade/orders-history-archive": (20, _TWO_S),
    "trade/orders-algo-pending": (20, _TWO_S),
    "trade/orders-algo-history": (20, _TWO_S),
}
_COUNTED_BY = {"public/instruments": "instType", "trade/order": "instId"}


@dataclass(slots=True)
class Pace:
    """When each bucket was last used; lives as long as its client, over all readings."""

    _used: dict[tuple[str, str], deque[float]] = field(default_factory=dict)

    def free_at_s(self, endpoint: str, params: Mapping[str, str], beside: int = 0) -> float:
        """The monotonic time from which the question is within its limit; 0.0 for at once.

        ``beside`` so many of the same bucket that are asked and not yet counted.
        """
        count, window_s = LIMITS[endpoint]
        used = self._used.get(bucket(endpoint, params), ())
        over = len(used) + beside - count
        if over < 0:
            return 0.0
        return used[over] + window_s + MARGIN_S if over < len(used) else math.inf

    def asked(self, endpoint: str, params: Mapping[str, str], answered_s: float) -> None:
        """Count a question whose answer, or whose silence, ended at that time."""
        count, _ = LIMITS[endpoint]
        used = self._used.setdefault(bucket(endpoint, params), deque(maxlen=count))
        used.append(answered_s)


def bucket(endpoint: str, params: Mapping[str, str]) -> tuple[str, str]:
    """What a question is counted in."""
    return endpoint, params.get(_COUNTED_BY.get(endpoint, ""), "")
