"""What a waiting order ties up: a currency, and how much of it.

A derivative order ties up its initial margin, a closing one nothing. A spot buy ties up what it
may cost, a spot sell the coins themselves. The amount depends on the order and a price alone,
so it can be added when the order comes and taken off again, to the last digit, when it goes.
"""

from decimal import Decimal

from fakeokx.engine.decimals import ZERO, ratio
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.model import BUY, Order


def hold(instrument: Instrument, order: Order, px_quote: Decimal) -> tuple[str, Decimal]:
    """(currency, amount) that the rest of the order ties up at that price."""
    rest = order.rest_contracts
    if instrument.is_spot:
        if order.side == BUY:
            return instrument.quote_ccy, rest * px_quote
        return instrument.base_ccy, rest
    if order.is_closing:
        return instrument.settle_ccy, ZERO
    return instrument.settle_ccy, ratio(instrument.value(rest, px_quote), order.lever)
