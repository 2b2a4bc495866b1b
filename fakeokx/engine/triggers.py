"""How algo orders fire.

When the price that a leg watches goes through it, or a trailing order's price comes back, a new
order with an id of its own appears in the same instant. It carries algoId and algoClOrdId of its
parent, and source 7 (6 for a trigger order, 25 for a trailing one). Whether it inherits the tag
and gets a clOrdId are switches; by default it does and does not. If it is refused, the algo
order ends as ``order_failed`` with the refusal's code, and there is no order at all.

On SPOT a child is cut to what the account still has: OKX places the order of a trigger by the
balance of that moment, and coins that were bought have paid their fee in coins.

The child of one may move the price of a seeded book and so fire the next: ``fire_all`` is
called until nothing stirs. Each time at least one algo order is used up, so that ends.
"""

from decimal import Decimal
from typing import Final

from fakeokx.engine import admission, price_matching, trailing
from fakeokx.engine.account import wealth
from fakeokx.engine.commands import OrderRequest
from fakeokx.engine.decimals import ZERO, plain
from fakeokx.engine.evolve import evolve
from fakeokx.engine.lifecycle import AlgoEvent, next_algo_state
from fakeokx.engine.model import SELL, Algo, Leg, PositionKey
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

_LAST: Final = "last"


def fire_all(venue: Venue, inst_id: str) -> None:
    """Fire the waiting algo orders that the instrument's prices meet, oldest first."""
    venue.stirred.pop(inst_id, None)
    waiting = venue.markets[inst_id].algos
    last, mark = venue.prices[inst_id], venue.marks[inst_id]
    for algo_id in sorted(waiting):
        algo = waiting.get(algo_id)
        if algo is None:
            continue  # went with the position that an earlier one closed
        followed = trailing.follow(algo, last)
        if followed is not algo:
            venue.put_algo(evolve(followed, u_time_ms=venue.now_ms))
        if trailing.is_met(followed, last):
            _fire(venue, followed, None)
            continue
        for leg in algo.legs:
            if leg.is_met(last if leg.trigger_px_type == _LAST else mark):
                _fire(venue, algo, leg)
                break


def _fire(venue: Venue, algo: Algo, leg: Leg | None) -> None:
    fired = evolve(
        algo,
        fired_leg=admission.TRAILING if leg is None else leg.kind,
        trigger_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
    )
    try:
        child = admission.admit(
            venue, venue.accounts[algo.account], _request(venue, algo, leg), parent=fired
        )
    except Refusal as refusal:
        state = next_algo_state(algo.state, AlgoEvent.FAIL)
        venue.put_algo(evolve(fired, state=state, fail_code=refusal.reason.code))
        return
    venue.put_algo(
        evolve(
            fired,
            state=next_algo_state(algo.state, AlgoEvent.FIRE),
            child_ord_id=child.ord_id,
            actual_contracts=child.qty_contracts,
            actual_px_quote=child.px_quote,
        )
    )
    price_matching.enter(venue, evolve(child, attached=algo.attached))


def _request(venue: Venue, algo: Algo, leg: Leg | None) -> OrderRequest:
    """The order that the algo order asks for now; 51169 if there is nothing left to close."""
    key = PositionKey(algo.inst_id, algo.td_mode, algo.pos_side)
    qty = algo.qty_contracts
    if qty is None:
        qty = abs(venue.held(key, algo.account))
    if qty == ZERO:
        raise Refusal("51169")
    px = None if leg is None else leg.ord_px_quote
    if venue.instrument(algo.inst_id).is_spot:
        qty = _affordable(venue, algo, qty, px)
    generates = venue.switches["algo.child_clordid"] == "generated"
    return OrderRequest(
        inst_id=algo.inst_id,
        td_mode=algo.td_mode,
        side=algo.side,
        pos_side=algo.pos_side,
        ord_type=admission.MARKET if px is None else "limit",
        sz=plain(qty),
        px="" if px is None else plain(px),
        reduce_only="true" if algo.reduce_only else "",
        tag=algo.tag if venue.switches["algo.child_tag"] == "inherit" else "",
        cl_ord_id=f"a{algo.algo_id}" if generates else "",
        tgt_ccy=algo.tgt_ccy,
    )


def _affordable(venue: Venue, algo: Algo, qty: Decimal, px: Decimal | None) -> Decimal:
    """As much of the size as there is; all of it, to be refused, if that is nothing.

    A buy at market whose size is in coins keeps it.
    """
    instrument = venue.instrument(algo.inst_id)
    sells = algo.side == SELL
    if not sells and px is None and algo.tgt_ccy == "base_ccy":
        return qty
    ccy = instrument.base_ccy if sells else instrument.quote_ccy
    has = max(wealth(venue, algo.account, ccy).spendable, ZERO)
    if sells or px is not None:
        lot = instrument.lot_sz
        has = has // (lot if sells or px is None else lot * px) * lot
    return min(qty, has) or qty
