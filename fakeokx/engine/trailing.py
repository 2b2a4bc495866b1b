"""Trailing orders (move_order_stop): they follow the best price at a distance.

A selling one follows the highest last price since it became active and fires when the price
has come back from there by callbackRatio (a share of that best price) or callbackSpread (an
amount); a buying one follows the lowest. It is active at once, or from the moment its activePx
was reached.
"""

from decimal import Decimal

from fakeokx.engine.decimals import ONE
from fakeokx.engine.evolve import evolve
from fakeokx.engine.model import BUY, Algo
from fakeokx.engine.venue import Venue


def started(venue: Venue, algo: Algo) -> Algo:
    """The algo order as it begins to wait; only a trailing one has anything to begin."""
    return follow(algo, venue.prices[algo.inst_id])


def follow(algo: Algo, last: Decimal) -> Algo:
    """The algo order after the last price was there; the same one if nothing changed."""
    if algo.callback_ratio is None and algo.callback_spread is None:
        return algo
    buys = algo.side == BUY
    if not algo.is_active and algo.active_px_quote is not None:
        reached = last <= algo.active_px_quote if buys else last >= algo.active_px_quote
        if not reached:
            return algo
    best = algo.extreme_px_quote
    if best is not None and (last >= best if buys else last <= best):
        return algo
    away = algo.callback_spread
    if algo.callback_ratio is not None:
        trigger = last * (ONE + algo.callback_ratio if buys else ONE - algo.callback_ratio)
    else:
        assert away is not None, "a trailing order has one of two distances"
        trigger = last + away if buys else last - away
    return evolve(algo, is_active=True, extreme_px_quote=last, move_trigger_px_quote=trigger)


def is_met(algo: Algo, last: Decimal) -> bool:
    """Whether the price has come back far enough."""
    trigger = algo.move_trigger_px_quote
    if trigger is None:
        return False
    return last >= trigger if algo.side == BUY else last <= trigger
