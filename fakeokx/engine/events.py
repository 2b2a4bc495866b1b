"""What a step says happened, in the order in which it happened.

``Answered`` comes exactly once per element of an order command, in the command's order; the
other events carry the changed value as it was at that instant. The values of an account name
it (``order.account`` and so on). ``BalanceChanged`` closes a step: once per account and
currency whose cash, or whose bound margin, is not what it was.
"""

from dataclasses import dataclass
from decimal import Decimal

from fakeokx.engine.market import FundingPoint, PublicTrade
from fakeokx.engine.model import MAIN, Algo, Bill, Fill, Order, Position
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
    """An order is new or has changed. ``fill`` is the execution that did it, if one did.

    After an amendment ``amend_result`` is OKX's code (0 done, -1 failed, 1 canceled because it
    failed), with the request's ``req_id`` and ``amend_source`` (1 = by the user).
    """

    order: Order
    fill: Fill | None = None
    req_id: str = ""
    amend_result: str = ""
    amend_source: str = ""


@dataclass(frozen=True, slots=True)
class AlgoChanged:
    """An algo order is new or has changed; ``req_id`` and ``amend_result`` as for orders."""

    algo: Algo
    req_id: str = ""
    amend_result: str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """An execution and the account line that has its billId."""

    fill: Fill
    bill: Bill


@dataclass(frozen=True, slots=True)
class Billed:
    """A further account line: a spot trade's other currency, a transfer, a penalty."""

    bill: Bill


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """A funding fee was charged to a position or paid to it."""

    bill: Bill


@dataclass(frozen=True, slots=True)
class BalanceChanged:
    """A currency of an account is not what it was before the step."""

    ccy: str
    account: str = MAIN


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A position is new or has changed, down to flat."""

    position: Position


@dataclass(frozen=True, slots=True)
class PriceMoved:
    """The last price of an instrument changed; ``moves_mark`` if the mark price went along."""

    inst_id: str
    px_quote: Decimal
    moves_mark: bool = True


@dataclass(frozen=True, slots=True)
class MarkMoved:
    """The mark price of an instrument changed and the last price did not."""

    inst_id: str
    px_quote: Decimal


@dataclass(frozen=True, slots=True)
class BookChanged:
    """What waits in the book of an instrument changed; read ``venue.depth``."""

    inst_id: str


@dataclass(frozen=True, slots=True)
class Traded:
    """A public trade; liquidations and ADL are not public here."""

    trade: PublicTrade


@dataclass(frozen=True, slots=True)
class FundingRateChanged:
    """The funding rate in force changed."""

    inst_id: str
    rate: Decimal


@dataclass(frozen=True, slots=True)
class FundingSettled:
    """A funding of an instrument is over; the positions' own lines came before."""

    point: FundingPoint


@dataclass(frozen=True, slots=True)
class Delivered:
    """A contract has ended; it cannot be traded any more."""

    inst_id: str
    px_quote: Decimal


@dataclass(frozen=True, slots=True)
class Rescaled:
    """One contract of the instrument is that many contracts from now on."""

    inst_id: str
    factor: Decimal


@dataclass(frozen=True, slots=True)
class SettingChanged:
    """A setting of an account or of the control API changed."""

    name: str
    value: str
    account: str = MAIN


Event = (
    Answered
    | OrderChanged
    | AlgoChanged
    | Filled
    | Billed
    | FundingPaid
    | BalanceChanged
    | PositionChanged
    | PriceMoved
    | MarkMoved
    | BookChanged
    | Traded
    | FundingRateChanged
    | FundingSettled
    | Delivered
    | Rescaled
    | SettingChanged
)
