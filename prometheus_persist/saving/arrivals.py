"""How long an order without an answer may still arrive.

As long as its block is running, and ``in_flight_ms`` from its end. One of an earlier writer may
have been sent for as long as that writer is known to have lived.

The wall clock can be wrong, when the order was sent or now. So no wait is longer than in_flight_ms
on the monotonic clock: from when this writer last had the order in hand, and for what an earlier
one left from when this one began.

From when its handle is given out, for as long as somebody holds it and it may still arrive, its
block may be about to begin (``is_new``): who reads the exchange waits for that likewise.

A block runs no longer than there is somebody who holds the order's handle: one that was interrupted
before it began never says that it has ended.

A stop that is attached to an order travels with it, and is never on its way by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from weakref import ReferenceType, ref

from prometheus_persist.clock import Clock
from prometheus_persist.state import OrderIntent

UNANSWERED = frozenset({"PENDING", "UNKNOWN"})


class Arrivals:
    """When each order was last known to leave; not thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begun_s = clock.monotonic_s()
        self._new: dict[str, ReferenceType[object]] = {}  # whose block has not begun
        self._in_hand: dict[str, ReferenceType[object]] = {}  # whose block is running
        self._left: dict[str, tuple[int, float]] = {}

    def leaves(self, cl_ord_id: str) -> None:
        """It may be leaving at this moment."""
        self._left[cl_ord_id] = self._clock.now_ms(), self._clock.monotonic_s()

    def given_out(self, cl_ord_id: str, handle: object) -> None:
        """Somebody has ``handle``, and may begin its block."""
        self._new[cl_ord_id] = ref(handle)

    def take_in_hand(self, cl_ord_id: str, handle: object) -> None:
        """The block of ``handle`` begins."""
        self._in_hand[cl_ord_id] = ref(handle)
        self._new.pop(cl_ord_id, None)

    def is_new(self, cl_ord_id: str) -> bool:
        """Whether its block may be about to begin."""
        handle = self._new.get(cl_ord_id)
        return handle is not None and handle() is not None

    def has_in_hand(self, cl_ord_id: str) -> bool:
        """Whether its block is running."""
        handle = self._in_hand.get(cl_ord_id)
        return handle is not None and handle() is not None

    def let_go(self, cl_ord_id: str, *, unanswered: bool) -> None:
        """Its block has ended; with an answer, there is nothing to wait for."""
        self._in_hand.pop(cl_ord_id, None)
        self._new.pop(cl_ord_id, None)
        self._left.pop(cl_ord_id, None)
        if unanswered:
            self.leaves(cl_ord_id)

    def waits(
        self,
        intents: Mapping[str, OrderIntent],
        epoch: int,
        now_ms: int,
        in_flight_ms: int,
        lived_ms: int,
    ) -> dict[str, int]:
        """Those that may still arrive, and for how many milliseconds more."""
        found = {}
        now_s = self._clock.monotonic_s()
        self._left = {name: at for name, at in self._left.items() if name in intents}
        for name, intent in intents.items():
            if intent.outcome not in UNANSWERED or intent.parent:
                continue
            since_ms, since_s = self._left.get(name, (intent.created_ms, self._begun_s))
            if intent.epoch != epoch:
                since_ms = max(since_ms, lived_ms)
            left_ms = in_flight_ms
            if not self.has_in_hand(name):
                passed_ms = max(now_ms - since_ms, int((now_s - since_s) * 1000))
                left_ms -= max(passed_ms, 0)
            if left_ms > 0:
                found[name] = left_ms
        return found
