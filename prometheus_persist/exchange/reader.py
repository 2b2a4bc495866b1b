"""What the library asks of an exchange: reading, and nothing else.

An ``ExchangeReader`` has no way to place, change or cancel an order (P7). It never raises for a
source it could not read: the source comes back incomplete, with the problem in words. It raises
``VenueUnreachable`` only where nothing at all could be read, and ``VenueRefused`` where the
exchange refuses whatever is signed, for one reason: that is then said once, with what to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from prometheus_persist.errors import BadConfig
from prometheus_persist.reconcile.views import Instrument, IntentLookup, VenueFill, VenueView
from prometheus_persist.state import OrderIntent


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """What to read: everything since ``since_ms`` (exchange time), and these orders by clOrdId.

    Bills are read from ``bills_since_ms`` on (None: from ``since_ms``). A clOrdId that the exchange
    does not know proves that the order never arrived only where the order is not in ``waits_ms``
    (clOrdId: for how many milliseconds more it may be on its way or not be shown; an order's own
    ``valid_until_ms`` plus ``index_lag_ms`` stands over that), and is younger than what the
    exchange keeps. What has not been read after ``budget_s`` seconds is incomplete.
    """

    since_ms: int
    now_ms: int
    intents: tuple[OrderIntent, ...] = ()
    waits_ms: Mapping[str, int] = field(default_factory=dict)
    index_lag_ms: int = 0
    bills_since_ms: int | None = None
    budget_s: float = 60.0


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """One order and its executions as the exchange tells them; ``complete`` if both were read."""

    lookup: IntentLookup
    fills: tuple[VenueFill, ...]
    instrument: Instrument | None
    complete: bool


class ExchangeReader(Protocol):
    """Reading an account."""

    def read_view(self, request: ViewRequest) -> VenueView:
        """Everything that reconciliation compares, bracketed until stable."""
        ...

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        """One order of ours, and its executions."""
        ...


def refuse_no_reader(reader: object) -> None:
    """Raise BadConfig for what is none: a ccxt client above all, which could place orders."""
    if not callable(getattr(reader, "read_view", None)):
        name = f"{type(reader).__module__}.{type(reader).__qualname__}"
        raise BadConfig(f"{name} is no reader of an exchange: give OkxReader(okx), okx from ccxt")
