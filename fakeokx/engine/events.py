"""What a step says happened, in the order in which it happened.

``Answered`` comes exactly once per element of an order command, in the command's order; the
other events carry the changed value as it was at that instant.
"""

from dataclasses import dataclass
from decimal import Decimal

from fakeokx.engine.model import Algo, Bill, Fill, Order, Position
from fakeokx.engine.refusals import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to one element: the id it got, or the reason why not."""

    id: str
    cl_ord_id: str
    tag: str
    req_id: str = ""
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order is new or has changed."""

    order: Order


@dataclass(frozen=True, slots=True)
class AlgoChanged:
    """An algo order is new or has changed."""

    algo: Algo


@dataclass(frozen=True, slots=True)
class Filled:
    """An execution and the account line that it made."""

    fill: Fill
    bill: Bill


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position is new or has changed, down to flat."""

    position: Position


@dataclass(frozen=True, slots=True)
class PriceMoved:
    """The last and mark price of an instrument changed."""

    inst_id: str
    px_quote: Decimal


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting of the account or of the control API changed."""

    name: str
    value: str


Event = (
    Answered | OrderChanged | AlgoChanged | Filled | PositionChanged | PriceMoved | SettingChanged
)
