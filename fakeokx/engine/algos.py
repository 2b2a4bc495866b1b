"""Algo orders: stops, take-profits, both as oco, and trigger orders; how they fire.

A stop of a selling order fires at or below its price, its take-profit at or above; a buying
order the other way round. A trigger order fires when the price reaches its level from the
side on which it stood at placement. Nothing is reserved while an algo order waits.

When a leg fires, a new order with an id of its own appears in the same instant. It carries
algoId, algoClOrdId and tag of its parent, no clOrdId, and source 7 (6 for a trigger order).
If it is refused, the algo order ends as ``order_failed`` with the refusal's code, and there
is no order at all.

A clOrdId sent here is an old spelling of algoClOrdId and comes back as both.
In net mode a ``conditional`` with both legs keeps only its stop.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Final

from fakeokx.engine import checks, matching, orders
from fakeokx.engine.commands import AlgoRef, CancelAlgos, OrderRequest, PlaceAlgo
from fakeokx.engine.decimals import ZERO, plain
from fakeokx.engine.events import Answered
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.lifecycle import AlgoEvent, AlgoState, next_algo_state
from fakeokx.engine.model import BUY, NET, SELL, Algo, Leg, PositionKey
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

CONDITIONAL: Final = "conditional"
OCO: Final = "oco"
TRIGGER: Final = "trigger"
ALGO_TYPES: Final = (CONDITIONAL, OCO, TRIGGER)
_PX_TYPES: Final = ("", "last", "index", "mark")
_AT_MARKET: Final = "-1"
# Refusals of a trigger on the wrong side of the last price, by (leg, must it lie above).
_WRONG_SIDE: Final = {
    ("tp", True): "51277",
    ("sl", False): "51278",
    ("tp", False): "51279",
    ("sl", True): "51280",
}


def place_algo(venue: Venue, command: PlaceAlgo) -> None:
    """Place one algo order; it gets exactly one answer."""
    try:
        algo = _admit(venue, command)
    except Refusal as refusal:
        venue.events.append(
            Answered(
                id="",
                cl_ord_id=command.algo_cl_ord_id or command.cl_ord_id,
                tag=command.tag,
                reason=refusal.reason,
            )
        )
        return
    venue.events.append(Answered(id=str(algo.algo_id), cl_ord_id=algo.algo_cl_ord_id, tag=algo.tag))
    venue.put_algo(algo)


def cancel_algos(venue: Venue, command: CancelAlgos) -> None:
    """Cancel each waiting algo order in turn; a dead or unknown one is 51400."""
    for ref in command.algos:
        try:
            algo = find_open(venue, ref)
        except Refusal as refusal:
            answer = Answered(id="", cl_ord_id=ref.algo_cl_ord_id, tag="", reason=refusal.reason)
            venue.events.append(answer)
            continue
        venue.events.append(
            Answered(id=str(algo.algo_id), cl_ord_id=algo.algo_cl_ord_id, tag=algo.tag)
        )
        state = next_algo_state(algo.state, AlgoEvent.CANCEL)
        venue.put_algo(replace(algo, state=state, u_time_ms=venue.now_ms))


def fire_all(venue: Venue, inst_id: str) -> None:
    """Fire the waiting algo orders that the instrument's last price meets, oldest first."""
    last = venue.prices[inst_id]
    waiting = [each for each in venue.open_algos.values() if each.inst_id == inst_id]
    for algo in sorted(waiting, key=lambda each: each.algo_id):
        met = next((leg for leg in algo.legs if leg.is_met(last)), None)
        if met is not None:
            _fire(venue, algo, met)


def find(venue: Venue, ref: AlgoRef) -> Algo | None:
    """The algo order of that algoId, or else the latest of that algoClOrdId."""
    if ref.algo_id:
        return venue.algos.get(int(ref.algo_id)) if orders.is_id(ref.algo_id) else None
    return venue.algos.get(venue.by_algo_cl_ord_id.get(ref.algo_cl_ord_id, 0))


def find_open(venue: Venue, ref: AlgoRef) -> Algo:
    """The waiting algo order of that name; 51003 without a name, 51400 if none waits."""
    if not ref.algo_id and not ref.algo_cl_ord_id:
        raise Refusal("51003")
    found = find(venue, ref)
    if found is None or found.state != AlgoState.LIVE or found.inst_id != ref.inst_id:
        raise Refusal("51400")
    return found


def _admit(venue: Venue, command: PlaceAlgo) -> Algo:
    instrument = checks.tradable(command.inst_id, command.td_mode)
    side = checks.side(command.side)
    ord_type = checks.one_of("ordType", command.ord_type, ALGO_TYPES)
    pos_side = checks.pos_side(venue, command.pos_side)
    legacy_id = checks.client_id("clOrdId", command.cl_ord_id)
    algo_cl_ord_id = checks.client_id("algoClOrdId", command.algo_cl_ord_id) or legacy_id
    tag = checks.tag(command.tag)
    if venue.by_algo_cl_ord_id.get(algo_cl_ord_id, 0) in venue.open_algos:
        raise Refusal("51065")
    reduce_only = checks.flag("reduceOnly", command.reduce_only) and pos_side == NET
    last = venue.prices[command.inst_id]
    return Algo(
        legs=_legs(command, instrument, last, pos_side),
        qty_contracts=_size(command, instrument, reduce_only=reduce_only, pos_side=pos_side),
        algo_id=venue.next_id(),
        inst_id=command.inst_id,
        td_mode=command.td_mode,
        side=side,
        pos_side=pos_side,
        ord_type=ord_type,
        reduce_only=reduce_only,
        algo_cl_ord_id=algo_cl_ord_id,
        cl_ord_id=legacy_id,
        tag=tag,
        lever=venue.lever(PositionKey(command.inst_id, command.td_mode, pos_side)),
        last_px_quote=last,
        state=AlgoState.LIVE,
        c_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
    )


def _size(
    command: PlaceAlgo, instrument: Instrument, *, reduce_only: bool, pos_side: str
) -> Decimal | None:
    if not command.close_fraction:
        return checks.size("sz", command.sz, instrument, at_market=False)
    checks.one_of("closeFraction", command.close_fraction, ("1",))
    if pos_side == NET and not reduce_only:
        raise Refusal("51328")
    return None


def _legs(
    command: PlaceAlgo, instrument: Instrument, last: Decimal, pos_side: str
) -> tuple[Leg, ...]:
    if command.ord_type == TRIGGER:
        return (_trigger_leg(command, instrument, last),)
    legs = []
    if command.sl_trigger_px:
        words = (command.sl_trigger_px, command.sl_ord_px, command.sl_trigger_px_type)
        legs.append(_exit_leg("sl", command.side == BUY, words, instrument, last))
    if command.tp_trigger_px:
        words = (command.tp_trigger_px, command.tp_ord_px, command.tp_trigger_px_type)
        legs.append(_exit_leg("tp", command.side == SELL, words, instrument, last))
    if not legs or (command.ord_type == OCO and len(legs) == 1):
        raise Refusal("50015", "tpTriggerPx", "slTriggerPx")
    if command.ord_type == CONDITIONAL and pos_side == NET:
        return (legs[0],)
    return tuple(legs)


def _exit_leg(
    kind: str, above: bool, words: tuple[str, str, str], instrument: Instrument, last: Decimal
) -> Leg:
    trigger_text, ord_text, px_type = words
    trigger = checks.price(f"{kind}TriggerPx", trigger_text, instrument)
    if (trigger > last) != above or trigger == last:
        raise Refusal(_WRONG_SIDE[kind, above])
    return Leg(
        kind=kind,
        trigger_px_quote=trigger,
        trigger_px_type=checks.one_of(f"{kind}TriggerPxType", px_type, _PX_TYPES) or "last",
        ord_px_quote=_exit_price(f"{kind}OrdPx", ord_text, instrument),
        fires_above=above,
    )


def _trigger_leg(command: PlaceAlgo, instrument: Instrument, last: Decimal) -> Leg:
    trigger = checks.price("triggerPx", command.trigger_px, instrument)
    px_type = checks.one_of("triggerPxType", command.trigger_px_type, _PX_TYPES) or "last"
    return Leg(
        kind=TRIGGER,
        trigger_px_quote=trigger,
        trigger_px_type=px_type,
        ord_px_quote=_exit_price("orderPx", command.order_px, instrument),
        fires_above=trigger > last,
    )


def _exit_price(name: str, text: str, instrument: Instrument) -> Decimal | None:
    return None if text == _AT_MARKET else checks.price(name, text, instrument)


def _fire(venue: Venue, algo: Algo, leg: Leg) -> None:
    held = venue.position(PositionKey(algo.inst_id, algo.td_mode, algo.pos_side)).qty_contracts
    qty = abs(held) if algo.qty_contracts is None else algo.qty_contracts
    fired = replace(
        algo,
        fired_leg=leg.kind,
        trigger_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
    )
    request = OrderRequest(
        inst_id=algo.inst_id,
        td_mode=algo.td_mode,
        side=algo.side,
        pos_side=algo.pos_side,
        ord_type=orders.MARKET if leg.ord_px_quote is None else "limit",
        sz=plain(qty),
        px="" if leg.ord_px_quote is None else plain(leg.ord_px_quote),
        reduce_only="true" if algo.reduce_only else "",
        tag=algo.tag,
    )
    try:
        if qty == ZERO:
            raise Refusal("51169")
        child = orders.admit(venue, request, parent=fired)
    except Refusal as refusal:
        state = next_algo_state(algo.state, AlgoEvent.FAIL)
        venue.put_algo(replace(fired, state=state, fail_code=refusal.reason.code))
        return
    venue.put_algo(
        replace(
            fired,
            state=next_algo_state(algo.state, AlgoEvent.FIRE),
            child_ord_id=child.ord_id,
            actual_contracts=child.qty_contracts,
            actual_px_quote=child.px_quote,
        )
    )
    matching.enter(venue, child)
