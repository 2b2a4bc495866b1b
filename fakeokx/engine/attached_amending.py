"""Amending what is attached to a waiting order (OKX: attachAlgoOrds of amend-order, amend-algos).

An element names what it changes by attachAlgoId or attachAlgoClOrdId, one alone needs no name. It
has the words of the element it was, with ``new`` before them; those that it leaves out stay. A
price of 0 takes a take-profit or stop away, and what has nothing left is gone.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from fakeokx.engine import attached, checks
from fakeokx.engine.decimals import plain
from fakeokx.engine.evolve import evolve
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.model import Attached, Exit
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

_REMOVED: Final = "0"
_LEG_WORDS: Final = ("TriggerPx", "OrdPx", "TriggerPxType")


def amended(
    venue: Venue,
    found: tuple[Attached, ...],
    text: str,
    instrument: Instrument,
    side: str,
    px: Decimal | None,
) -> tuple[Attached, ...]:
    """What is attached, as the JSON text amends it; raises Refusal.

    51538 where nothing is attached, 51527 for one that is not, 51539 for one named twice.
    """
    asked = attached.items(text)
    if asked and not found:
        raise Refusal("51538")
    changed: dict[int, Attached] = {}
    for item in asked:
        old = _meant(found, item)
        if old.attach_algo_id in changed:
            raise Refusal("51539")
        changed[old.attach_algo_id] = _changed(venue, old, item, instrument, side, px)
    after = tuple(changed.get(each.attach_algo_id, each) for each in found)
    attached.check_split(after)
    return tuple(each for each in after if _is_something(each))


def _is_something(each: Attached) -> bool:
    parts = (each.tp, each.sl, each.callback_ratio, each.callback_spread)
    return any(part is not None for part in parts)


def _meant(found: tuple[Attached, ...], item: Mapping[str, str]) -> Attached:
    """The one that the item names; one alone needs no name."""
    wanted, name = item.get("attachAlgoId", ""), item.get("attachAlgoClOrdId", "")
    for each in found:
        named = wanted == str(each.attach_algo_id) if wanted else name == each.attach_algo_cl_ord_id
        if named if wanted or name else len(found) == 1:
            return each
    raise Refusal("51527")


def _changed(
    venue: Venue,
    old: Attached,
    item: Mapping[str, str],
    instrument: Instrument,
    side: str,
    px: Decimal | None,
) -> Attached:
    attached.check_done(item)
    sl = _new_leg(venue, "sl", old.sl, item, (instrument, side, px))
    tp = _new_leg(venue, "tp", old.tp, item, (instrument, side, px))
    ratio, spread = old.callback_ratio, old.callback_spread
    words = (item.get("newCallbackRatio", ""), item.get("newCallbackSpread", ""))
    if any(words):
        ratio, spread = attached.trailing_words(*words, instrument)
    active, size = item.get("newActivePx", ""), item.get("sz", "")
    qty = old.qty_contracts
    return evolve(
        old,
        tp=tp,
        sl=sl,
        qty_contracts=checks.size("sz", size, instrument, at_market=False) if size else qty,
        callback_ratio=ratio,
        callback_spread=spread,
        active_px_quote=checks.price("activePx", active, instrument)
        if active
        else old.active_px_quote,
    )


def _new_leg(
    venue: Venue,
    kind: str,
    old: Exit | None,
    item: Mapping[str, str],
    at: tuple[Instrument, str, Decimal | None],
) -> Exit | None:
    """A leg with its new words, itself without any, None once a price of 0 removes it."""
    spelled = {name: f"new{kind.capitalize()}{name}" for name in _LEG_WORDS}
    given = {name: item.get(word, "") for name, word in spelled.items()}
    if not any(given.values()):
        return old
    if _REMOVED in (given["TriggerPx"], given["OrdPx"]):
        return None
    if old is not None:
        px = attached.AT_MARKET if old[2] is None else plain(old[2])
        before = dict(zip(_LEG_WORDS, (plain(old[0]), px, old[1]), strict=True))
        given = {name: word or before[name] for name, word in given.items()}
    return attached.leg(venue, kind, {f"{kind}{name}": word for name, word in given.items()}, *at)
