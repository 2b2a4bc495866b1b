"""What an order brings along for its end (OKX: attachAlgoOrds), as a value."""

from dataclasses import dataclass
from decimal import Decimal

# Trigger price, its type, order price (None = at market) of an attached take-profit or stop.
Exit = tuple[Decimal, str, Decimal | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A take-profit, a stop, both, or a trailing stop that waits for its order to end.

    ``attach_algo_id`` is not the algoId that it will have. ``qty_contracts`` is a take-profit's
    part of the order, None for all of it.
    """

    attach_algo_id: int
    attach_algo_cl_ord_id: str = ""
    tp: Exit | None = None
    sl: Exit | None = None
    callback_ratio: Decimal | None = None
    callback_spread: Decimal | None = None
    active_px_quote: Decimal | None = None
    qty_contracts: Decimal | None = None
