"""Algo orders: stops, take-profits, both as oco, trigger and trailing orders; asked for and ended.

A stop of a selling order fires at or below its price, its take-profit at or above; a buying
order the other way round. A trigger order fires when the price reaches its level from the
side on which it stood at placement. A trailing one (move_order_stop) follows the best price at
a distance, from the moment its activePx was reached. Nothing is reserved while one waits; how
they fire is ``triggers``' to say.

closeFraction closes whatever is there when it fires: contracts only, at market, in the closing
direction, one per position (51088).

A clOrdId sent here is an old spelling of algoClOrdId and comes back as both.
In net mode a ``conditional`` with both legs keeps only its stop.
"""

from decimal import Decimal
from typing import Final

from fakeokx.engine import attached, attached_amending, checks, legs, trailing
from fakeokx.engine.accounts import Account
from fakeokx.engine.commands import AlgoAmendment, AlgoRef, AmendAlgos, CancelAlgos, PlaceAlgo
from fakeokx.engine.events import Answered
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.legs import CONDITIONAL, OCO, TRIGGER
from fakeokx.engine.lifecycle import AlgoEvent, AlgoState, next_algo_state
from fakeokx.engine.model import BUY, LONG, MAIN, NET, SELL, Algo, Attached, Leg, PositionKey
from fakeokx.engine.orders import is_id
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

MOVE_ORDER_STOP: Final = "move_order_stop"
ALGO_TYPES: Final = (CONDITIONAL, OCO, TRIGGER, MOVE_ORDER_STOP)
_DONE: Final = "0"
_CANCELED_INSTEAD: Final = "1"


def place_algo(venue: Venue, command: PlaceAlgo) -> None:
    """Place one algo order; it gets exactly one answer."""
    try:
        algo = _admit(venue, venue.account(command.account), command)
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
    _wait(venue, algo)


def _wait(venue: Venue, algo: Algo, req_id: str = "", result: str = "") -> None:
    """It waits; one whose price is there already fires in the same step."""
    venue.put_algo(algo, req_id, result)
    venue.stirred[algo.inst_id] = None


def cancel_algos(venue: Venue, command: CancelAlgos) -> None:
    """Cancel each waiting algo order in turn; a dead or unknown one is 51400, a fired one 51416."""
    holder = venue.account(command.account)
    for ref in command.algos:
        try:
            algo = find_open(venue, holder, ref)
        except Refusal as refusal:
            answer = Answered(id="", cl_ord_id=ref.algo_cl_ord_id, tag="", reason=refusal.reason)
            venue.events.append(answer)
            continue
        venue.events.append(
            Answered(id=str(algo.algo_id), cl_ord_id=algo.algo_cl_ord_id, tag=algo.tag)
        )
        _cancel(venue, algo)


def amend_algos(venue: Venue, command: AmendAlgos) -> None:
    """Amend each waiting stop or trigger order in turn."""
    holder = venue.account(command.account)
    for wanted in command.algos:
        found: Algo | None = None
        try:
            ref = AlgoRef(
                inst_id=wanted.inst_id,
                algo_id=wanted.algo_id,
                algo_cl_ord_id=wanted.algo_cl_ord_id,
            )
            checks.client_id("reqId", wanted.req_id)
            found = find_open(venue, holder, ref, dead_code="51503")
            amended = _amended(venue, found, wanted)
        except Refusal as refusal:
            venue.events.append(
                Answered(
                    id="",
                    cl_ord_id=wanted.algo_cl_ord_id,
                    tag="",
                    req_id=wanted.req_id,
                    reason=refusal.reason,
                )
            )
            if found is not None and wanted.cxl_on_fail == "true":
                _cancel(venue, found, wanted.req_id, _CANCELED_INSTEAD)
            continue
        venue.events.append(
            Answered(
                id=str(found.algo_id),
                cl_ord_id=found.algo_cl_ord_id,
                tag=found.tag,
                req_id=wanted.req_id,
            )
        )
        _wait(venue, amended, wanted.req_id, _DONE)


def find(venue: Venue, ref: AlgoRef, account: str = MAIN) -> Algo | None:
    """The account's algo order of that algoId, or else the latest of that algoClOrdId."""
    if ref.algo_id:
        found = venue.algos.get(int(ref.algo_id)) if is_id(ref.algo_id) else None
        return found if found is not None and found.account == account else None
    return venue.algos.get(venue.accounts[account].by_algo_cl_ord_id.get(ref.algo_cl_ord_id, 0))


def find_open(venue: Venue, holder: Account, ref: AlgoRef, dead_code: str = "51400") -> Algo:
    """The waiting algo order of that name; 51003 without a name, ``dead_code`` if none waits."""
    if not ref.algo_id and not ref.algo_cl_ord_id:
        raise Refusal("51003")
    found = find(venue, ref, holder.name)
    if found is None or found.inst_id != ref.inst_id:
        raise Refusal(dead_code)
    if found.state != AlgoState.LIVE:
        raise Refusal("51416" if found.state == AlgoState.EFFECTIVE else dead_code)
    return found


def _cancel(venue: Venue, algo: Algo, req_id: str = "", result: str = "") -> None:
    state = next_algo_state(algo.state, AlgoEvent.CANCEL)
    venue.put_algo(evolve(algo, state=state, u_time_ms=venue.now_ms), req_id, result)


def _admit(venue: Venue, holder: Account, command: PlaceAlgo) -> Algo:
    instrument = checks.tradable(venue, command.inst_id, command.td_mode, spot=True)
    side = checks.side(command.side)
    ord_type = checks.one_of("ordType", command.ord_type, ALGO_TYPES)
    pos_side = "" if instrument.is_spot else checks.pos_side(holder, command.pos_side)
    legacy_id = checks.client_id("clOrdId", command.cl_ord_id)
    if venue.switches["algo.legacy_clordid"] == "ignore":
        legacy_id = ""
    algo_cl_ord_id = checks.client_id("algoClOrdId", command.algo_cl_ord_id) or legacy_id
    tag = checks.tag(venue, command.tag)
    if command.tgt_ccy and side == SELL and ord_type in (CONDITIONAL, OCO):
        raise Refusal("51000", "tgtCcy")
    if holder.by_algo_cl_ord_id.get(algo_cl_ord_id, 0) in holder.open_algos:
        raise Refusal("51065")
    reduce_only = checks.flag("reduceOnly", command.reduce_only) and pos_side == NET
    legs_asked: tuple[Leg, ...] = ()
    ratio = spread = active = None
    if ord_type == MOVE_ORDER_STOP:
        words = (command.callback_ratio, command.callback_spread)
        ratio, spread = attached.trailing_words(*words, instrument)
        if ratio is None and spread is None:
            raise Refusal("50015", "callbackRatio", "callbackSpread")
        if command.active_px:
            active = checks.price("activePx", command.active_px, instrument)
    else:
        legs_asked = legs.asked(venue, command, instrument, pos_side)
    key = PositionKey(command.inst_id, command.td_mode, pos_side)
    draft = Algo(
        legs=legs_asked,
        qty_contracts=None,
        algo_id=0,
        inst_id=command.inst_id,
        td_mode=command.td_mode,
        side=side,
        pos_side=pos_side,
        ord_type=ord_type,
        reduce_only=reduce_only,
        algo_cl_ord_id=algo_cl_ord_id,
        cl_ord_id=legacy_id,
        tag=tag,
        lever=holder.lever(key),
        last_px_quote=venue.prices[command.inst_id],
        state=AlgoState.LIVE,
        c_time_ms=venue.now_ms,
        u_time_ms=venue.now_ms,
        account=holder.name,
        tgt_ccy=command.tgt_ccy,
        cxl_on_close_pos=checks.flag("cxlOnClosePos", command.cxl_on_close_pos),
        callback_ratio=ratio,
        callback_spread=spread,
        active_px_quote=active,
    )
    attachments = _attachments(venue, holder, command, draft, instrument)
    draft = evolve(draft, qty_contracts=_size(holder, command, draft, instrument))
    if draft.qty_contracts is not None:
        attached.check_sizes(attachments, draft.qty_contracts)
    draft = evolve(draft, algo_id=venue.next_id(), attached=attached.named(venue, attachments))
    return trailing.started(venue, draft)


def _attachments(
    venue: Venue, holder: Account, command: PlaceAlgo, draft: Algo, instrument: Instrument
) -> tuple[Attached, ...]:
    if draft.ord_type != TRIGGER:
        checks.one_of("attachAlgoOrds", command.attach_algo_ords, ("", "[]", "null"))
        return ()
    (leg,) = draft.legs
    at = _px_of(leg)
    return attached.read(venue, holder, command.attach_algo_ords, instrument, draft.side, at)


def _px_of(trigger: Leg) -> Decimal:
    """The price of the order of a trigger, its trigger price if that is at market."""
    return trigger.trigger_px_quote if trigger.ord_px_quote is None else trigger.ord_px_quote


def _new_exits(
    venue: Venue, algo: Algo, leg: Leg, wanted: AlgoAmendment, instrument: Instrument
) -> tuple[Attached, ...]:
    """What is attached to a trigger order, as it is amended."""
    text, at = wanted.attach_algo_ords, _px_of(leg)
    return attached_amending.amended(venue, algo.attached, text, instrument, algo.side, at)


def _size(
    holder: Account, command: PlaceAlgo, draft: Algo, instrument: Instrument
) -> Decimal | None:
    if not command.close_fraction:
        if instrument.is_spot and draft.side == BUY and command.tgt_ccy != "base_ccy":
            return checks.number("sz", command.sz)
        return checks.size("sz", command.sz, instrument, at_market=False)
    checks.one_of("closeFraction", command.close_fraction, ("1",))
    if instrument.is_spot:
        raise Refusal("51327")
    if draft.pos_side == NET and not draft.reduce_only:
        raise Refusal("51328")
    _check_whole_closer(holder, draft)
    return None


def _check_whole_closer(holder: Account, draft: Algo) -> None:
    if any(leg.ord_px_quote is not None for leg in draft.legs):
        raise Refusal("51330")
    if draft.pos_side != NET and (draft.pos_side == LONG) == (draft.side == BUY):
        raise Refusal("51331")
    for each in holder.whole_closers.values():
        if (each.inst_id, each.td_mode, each.pos_side, each.side) == (
            draft.inst_id,
            draft.td_mode,
            draft.pos_side,
            draft.side,
        ):
            raise Refusal("51088")


def _amended(venue: Venue, algo: Algo, wanted: AlgoAmendment) -> Algo:
    """The algo order with what is wanted; 51500 if that is nothing, 51000 for a trailing one."""
    if algo.ord_type == MOVE_ORDER_STOP:
        raise Refusal("51000", "ordType")
    instrument = venue.instrument(algo.inst_id)
    legs.check_there(algo.legs, wanted)
    kept = [
        leg
        for each in algo.legs
        if (leg := legs.amended(venue, each, legs.new_words(each.kind, wanted), instrument))
    ]
    if not kept:
        raise Refusal("51000", "newSlTriggerPx")
    qty = algo.qty_contracts
    if wanted.new_sz:
        if qty is None:
            raise Refusal("51000", "newSz")
        qty = checks.size("newSz", wanted.new_sz, instrument, at_market=False)
    exits = _new_exits(venue, algo, kept[0], wanted, instrument)
    if (tuple(kept), qty, exits) == (algo.legs, algo.qty_contracts, algo.attached):
        raise Refusal("51500")
    if qty is not None:
        attached.check_sizes(exits, qty)
    return evolve(
        algo,
        legs=tuple(kept),
        qty_contracts=qty,
        attached=exits,
        state=next_algo_state(algo.state, AlgoEvent.AMEND),
        u_time_ms=venue.now_ms,
    )
