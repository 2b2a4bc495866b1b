"""Take-profit, stop and trailing orders that come with an order (OKX: attachAlgoOrds).

They are read and checked when the order is admitted, and become algo orders of their own when it
has ended: filled wholly, or canceled after a partial fill by anybody but risk, ADL or delivery (by
the switch ``attached.after_cancel`` a cancel leaves none). Each closes what its order opened.
attachAlgoClOrdId becomes the algoClOrdId; the attachAlgoId is an id of its own and not the later
algoId.

A trigger has to lie beyond the order's price (51046 to 51049), or beyond the last price when
the order has none (51050 to 51053).

Several take-profits share the order between them (OKX: split TPs): each names its size, and they
add up to the order's. Of an order that was filled in part, those named first get theirs first.

What would change what becomes of an order, and is not done here, is refused (51000): prices as
ratios, a stop that moves to the entry price.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from fakeokx.engine import checks, trailing
from fakeokx.engine.accounts import Account
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.lifecycle import AlgoState
from fakeokx.engine.model import BUY, CASH, NET, Algo, Attached, Exit, Leg, Order, opposite
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

ATTACHED_MAX: Final = 20
AT_MARKET: Final = "-1"
_SWITCH: Final = "attached.after_cancel"
_BY_FORCE: Final = ("3", "6", "7")  # risk, ADL, delivery
_SPLIT_MAX: Final = 10
_PX_TYPES: Final = ("", "last", "index", "mark")
# Words of an element that are not followed, with the values that ask for nothing.
_NOT_DONE: Final = MappingProxyType(
    {
        "tpTriggerRatio": (),
        "slTriggerRatio": (),
        "newTpTriggerRatio": (),
        "newSlTriggerRatio": (),
        "amendPxOnTriggerType": ("0",),
    }
)
# Refusals of a trigger on the wrong side, by (leg, must it lie above): priced, at market.
_WRONG_SIDE: Final = MappingProxyType(
    {
        ("tp", True): ("51046", "51050"),
        ("sl", False): ("51047", "51051"),
        ("tp", False): ("51048", "51052"),
        ("sl", True): ("51049", "51053"),
    }
)


def read(
    venue: Venue, holder: Account, text: str, instrument: Instrument, side: str, px: Decimal | None
) -> tuple[Attached, ...]:
    """What the JSON text asks for, for an order of that side and price; raises Refusal.

    The ids are still missing: a refused order must not use any up. ``named`` adds them.
    """
    asked = items(text)
    if not asked:
        return ()
    found: list[Attached] = []
    names: set[str] = set()
    for item in asked:
        name = checks.client_id("attachAlgoClOrdId", item.get("attachAlgoClOrdId", ""))
        waiting = holder.by_algo_cl_ord_id.get(name, 0) in holder.open_algos
        if name and (name in names or waiting):
            raise Refusal("51068", name)
        names.add(name)
        found.append(_one(venue, name, item, instrument, side, px))
    check_split(found)
    return tuple(found)


def check_split(found: Sequence[Attached]) -> None:
    """Refuse several take-profits that cannot share one order."""
    profits = [each.tp for each in found if each.tp is not None]
    if len(profits) <= 1:
        return
    if any(each.tp is not None and each.sl is not None for each in found):
        raise Refusal("51076")
    if sum(each.sl is not None for each in found) > 1:
        raise Refusal("51084", "1")
    if len(profits) > _SPLIT_MAX:
        raise Refusal("51079", str(_SPLIT_MAX))
    if len({px_type for _, px_type, _ in profits}) > 1:
        raise Refusal("51080")
    if len({trigger for trigger, _, _ in profits}) < len(profits):
        raise Refusal("51081")
    if any(each.tp is not None and each.qty_contracts is None for each in found):
        raise Refusal("51089")


def check_sizes(found: tuple[Attached, ...], qty: Decimal) -> None:
    """Refuse (51083) sizes that do not add up to that of the order."""
    sizes = [each.qty_contracts for each in found if each.qty_contracts is not None]
    if sizes and sum(sizes) != qty:
        raise Refusal("51083")


def named(venue: Venue, found: tuple[Attached, ...]) -> tuple[Attached, ...]:
    """The same with ids, once their order is admitted."""
    return tuple(evolve(each, attach_algo_id=venue.next_id()) for each in found)


def items(text: str) -> list[Mapping[str, str]]:
    """The elements of attachAlgoOrds; 51000 for anything else."""
    if text in ("", "[]", "null", '""'):
        return []
    try:
        data = json.loads(text, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        raise Refusal("51000", "attachAlgoOrds") from None
    if not isinstance(data, list) or len(data) > ATTACHED_MAX:
        raise Refusal("51000", "attachAlgoOrds")
    return [_texts(each) for each in data]


def _texts(item: Any) -> Mapping[str, str]:
    if not isinstance(item, dict):
        raise Refusal("51000", "attachAlgoOrds")
    texts: dict[str, str] = {}
    for name, value in item.items():
        if value is None or value in ([], {}):
            continue
        if isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, str):
            texts[name] = value
        else:
            raise Refusal("51000", "attachAlgoOrds")
    return texts


def _one(
    venue: Venue,
    name: str,
    item: Mapping[str, str],
    instrument: Instrument,
    side: str,
    px: Decimal | None,
) -> Attached:
    check_done(item)
    tp = leg(venue, "tp", item, instrument, side, px)
    sl = leg(venue, "sl", item, instrument, side, px)
    ratio, spread = trailing_words(
        item.get("callbackRatio", ""), item.get("callbackSpread", ""), instrument
    )
    if tp is None and sl is None and ratio is None and spread is None:
        raise Refusal("50015", "tpTriggerPx", "slTriggerPx")
    active, size = item.get("activePx", ""), item.get("sz", "") if tp is not None else ""
    return Attached(
        attach_algo_id=0,
        attach_algo_cl_ord_id=name,
        tp=tp,
        sl=sl,
        qty_contracts=checks.size("sz", size, instrument, at_market=False) if size else None,
        callback_ratio=ratio,
        callback_spread=spread,
        active_px_quote=checks.price("activePx", active, instrument) if active else None,
    )


def check_done(item: Mapping[str, str]) -> None:
    """Refuse (51000) a word of an element that is not followed."""
    for name, harmless in _NOT_DONE.items():
        if item.get(name, "") not in ("", *harmless):
            raise Refusal("51000", name)


def trailing_words(
    ratio_text: str, spread_text: str, instrument: Instrument
) -> tuple[Decimal | None, Decimal | None]:
    """callbackRatio (0.001 to 1) or callbackSpread (a price distance); 50024 for both."""
    if ratio_text and spread_text:
        raise Refusal("50024", "callbackRatio", "callbackSpread")
    ratio = checks.number("callbackRatio", ratio_text) if ratio_text else None
    if ratio is not None and not Decimal("0.001") <= ratio <= 1:
        raise Refusal("51000", "callbackRatio")
    spread = checks.price("callbackSpread", spread_text, instrument) if spread_text else None
    return ratio, spread


def leg(
    venue: Venue,
    kind: str,
    item: Mapping[str, str],
    instrument: Instrument,
    side: str,
    px: Decimal | None,
) -> Exit | None:
    """An element's take-profit ("tp") or stop ("sl"), None without one; raises Refusal."""
    text = item.get(f"{kind}TriggerPx", "")
    if not text:
        if item.get(f"{kind}OrdPx"):
            raise Refusal("50014", f"{kind}TriggerPx")
        return None
    trigger = checks.price(f"{kind}TriggerPx", text, instrument)
    above = (kind == "tp") == (side == BUY)
    at = venue.prices[instrument.inst_id] if px is None else px
    if (trigger > at) != above or trigger == at:
        priced, at_market = _WRONG_SIDE[kind, above]
        raise Refusal(at_market if px is None else priced)
    px_type = checks.one_of(f"{kind}TriggerPxType", item.get(f"{kind}TriggerPxType", ""), _PX_TYPES)
    ord_text = item.get(f"{kind}OrdPx", "") or AT_MARKET
    ord_px = None if ord_text == AT_MARKET else checks.price(f"{kind}OrdPx", ord_text, instrument)
    return trigger, px_type or "last", ord_px


def after_cancel(venue: Venue, order: Order) -> None:
    """What a canceled order has filled keeps what was attached to it."""
    is_forced = order.cancel_source in _BY_FORCE
    if order.filled_contracts and not is_forced and venue.switches[_SWITCH] == "live":
        spawn(venue, order)


def spawn(venue: Venue, order: Order) -> None:
    """The attached orders of an order that has ended begin to wait, each for its part of it."""
    for each, qty in _shares(order):
        legs = tuple(
            Leg(
                kind=kind,
                trigger_px_quote=words[0],
                trigger_px_type=words[1],
                ord_px_quote=words[2],
                fires_above=(kind == "tp") == (order.side == BUY),
            )
            for kind, words in (("sl", each.sl), ("tp", each.tp))
            if words is not None
        )
        kind = "move_order_stop" if not legs else "oco" if len(legs) > 1 else "conditional"
        algo = Algo(
            algo_id=venue.next_id(),
            inst_id=order.inst_id,
            td_mode=order.td_mode,
            side=opposite(order.side),
            pos_side=order.pos_side,
            ord_type=kind,
            qty_contracts=qty,
            reduce_only=order.pos_side == NET,
            legs=legs,
            algo_cl_ord_id=each.attach_algo_cl_ord_id,
            cl_ord_id="",
            tag=order.tag,
            lever=order.lever,
            last_px_quote=venue.prices[order.inst_id],
            state=AlgoState.LIVE,
            c_time_ms=venue.now_ms,
            u_time_ms=venue.now_ms,
            account=order.account,
            tgt_ccy="base_ccy" if order.td_mode == CASH else "",
            linked_ord_id=order.ord_id,
            callback_ratio=each.callback_ratio,
            callback_spread=each.callback_spread,
            active_px_quote=each.active_px_quote,
        )
        venue.put_algo(trailing.started(venue, algo))
        venue.stirred[order.inst_id] = None


def _shares(order: Order) -> Iterator[tuple[Attached, Decimal]]:
    """Each attachment and how much of what was filled is its; one without any is left out."""
    left = order.filled_contracts
    for each in order.attached:
        qty = order.filled_contracts
        if each.qty_contracts is not None:
            qty = min(left, each.qty_contracts)
            left -= qty
        if qty:
            yield each, qty
