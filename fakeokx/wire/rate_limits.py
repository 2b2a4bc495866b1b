"""Rate limits: so many requests per window, counted per bucket.

A bucket is an endpoint's limit and what it is counted by: the user (an account) or the address,
alone or with an instrument, an instType or a tag. Two rules join buckets: a batch of one order
counts as a single order, and a batch counts its orders, not itself. A refused request is not
counted. The sub-account cap of 1000 new and amended orders per window has its own bucket.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fakeokx.engine.refusals import Reason
from fakeokx.wire.endpoints import BY_ROUTE, POST, Endpoint

ACCOUNT_ORDERS_MAX: Final = 1000
ACCOUNT_WINDOW_MS: Final = 2000
_SINGLE_OF: Final = {
    "trade/batch-orders": "trade/order",
    "trade/cancel-batch-orders": "trade/cancel-order",
    "trade/amend-batch-orders": "trade/amend-order",
}
_COUNTED_AS_ORDERS: Final = ("place", "amend")
_ACCOUNT_BUCKET: Final = "account"


@dataclass(slots=True)
class Limiter:
    """Times of the requests that were let through, per bucket."""

    _seen: dict[tuple[str, str], deque[int]] = field(default_factory=dict)

    def admit(
        self,
        endpoint: Endpoint,
        inst_ids: Sequence[str],
        address: str,
        now_ms: int,
        user: str = "",
        word: str = "",
    ) -> Reason | None:
        """Count the request, or say which limit it breaks and count nothing.

        ``word`` is the instType or tag that the request names, where the limit counts by it.
        """
        wanted = _buckets(endpoint, inst_ids, address, user, word)
        for bucket, (count, window_ms, cost) in wanted.items():
            times = self._seen.setdefault(bucket, deque())
            while times and times[0] <= now_ms - window_ms:
                times.popleft()
            if len(times) + cost > count:
                return Reason("50061" if bucket[0] == _ACCOUNT_BUCKET else "50011")
        for bucket, (_, _, cost) in wanted.items():
            self._seen[bucket].extend([now_ms] * cost)
        return None


def _buckets(
    endpoint: Endpoint, inst_ids: Sequence[str], address: str, user: str, word: str
) -> dict[tuple[str, str], tuple[int, int, int]]:
    if len(inst_ids) == 1 and endpoint.path in _SINGLE_OF:
        endpoint = BY_ROUTE[POST, _SINGLE_OF[endpoint.path]]
    limit = endpoint.limit
    name = f"{endpoint.method} {endpoint.path}"
    who, _, by = limit.per.partition("+")
    whose = address if who == "ip" else user
    costs: dict[str, int] = {}
    for each in (inst_ids or [""]) if by == "instId" else [word if by else ""]:
        bucket = f"{whose}:{each}"
        costs[bucket] = costs.get(bucket, 0) + 1
    buckets = {(name, each): (limit.count, limit.window_ms, cost) for each, cost in costs.items()}
    if endpoint.operation in _COUNTED_AS_ORDERS:
        cost = max(1, len(inst_ids))
        buckets[_ACCOUNT_BUCKET, user] = (ACCOUNT_ORDERS_MAX, ACCOUNT_WINDOW_MS, cost)
    return buckets
