"""The legs of an algo order: read from a request, checked against the price, amended.

A leg has a trigger price of one of three kinds (last, mark, index), an order price (-1 = at
market), and a side from which it fires. The trigger of a stop or take-profit has to lie beyond
the price that it watches; that of a trigger order may lie on either side, which decides whether
it fires from below or from above.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fakeokx.engine import checks
from fakeokx.engine.attached import AT_MARKET
from fakeokx.engine.commands import AlgoAmendment, PlaceAlgo
from fakeokx.engine.decimals import plain
from fakeokx.engine.instruments import Instrument
from fakeokx.engine.model import BUY, NET, SELL, Leg
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.venue import Venue

CONDITIONAL: Final = "conditional"
OCO: Final = "oco"
TRIGGER: Final = "trigger"
_REMOVED: Final = "0"
_PX_TYPES: Final = ("", "last", "index", "mark")
# Refusals of a trigger on the wrong side of its price, by (price, leg, must it lie above).
_WRONG_SIDE: Final[Mapping[tuple[str, str, bool], str]] = MappingProxyType(
    {
        ("last", "tp", False): "51277",
        ("last", "sl", True): "51278",
        ("last", "tp", True): "51279",
        ("last", "sl", False): "51280",
        ("mark", "tp", True): "51303",
        ("mark", "sl", False): "51304",
        ("mark", "tp", False): "51300",
        ("mark", "sl", True): "51302",
        ("index", "tp", True): "51307",
        ("index", "sl", False): "51308",
        ("index", "tp", False): "51305",
        ("index", "sl", True): "51306",
    }
)


def asked(
    venue: Venue, command: PlaceAlgo, instrument: Instrument, pos_side: str
) -> tuple[Leg, ...]:
    """The legs that the command asks for; raises Refusal."""
    if command.ord_type == TRIGGER:
        words = (command.trigger_px, command.order_px, command.trigger_px_type)
        return (_trigger_leg(venue, words, instrument),)
    legs = []
    if command.sl_trigger_px:
        words = (command.sl_trigger_px, command.sl_ord_px, command.sl_trigger_px_type)
        legs.append(_exit_leg(venue, "sl", command.side == BUY, words, instrument))
    if command.tp_trigger_px:
        words = (command.tp_trigger_px, command.tp_ord_px, command.tp_trigger_px_type)
        legs.append(_exit_leg(venue, "tp", command.side == SELL, words, instrument))
    if not legs or (command.ord_type == OCO and len(legs) == 1):
        raise Refusal("50015", "tpTriggerPx", "slTriggerPx")
    if command.ord_type == CONDITIONAL and pos_side == NET:
        return (legs[0],)
    return tuple(legs)


def _exit_leg(
    venue: Venue, kind: str, above: bool, words: tuple[str, str, str], instrument: Instrument
) -> Leg:
    trigger_text, ord_text, type_text = words
    trigger = checks.price(f"{kind}TriggerPx", trigger_text, instrument)
    px_type = checks.one_of(f"{kind}TriggerPxType", type_text, _PX_TYPES) or "last"
    now = (venue.prices if px_type == "last" else venue.marks)[instrument.inst_id]
    if (trigger > now) != above or trigger == now:
        raise Refusal(_WRONG_SIDE[px_type, kind, above])
    return Leg(
        kind=kind,
        trigger_px_quote=trigger,
        trigger_px_type=px_type,
        ord_px_quote=_exit_price(f"{kind}OrdPx", ord_text, instrument),
        fires_above=above,
    )


def _trigger_leg(venue: Venue, words: tuple[str, str, str], instrument: Instrument) -> Leg:
    trigger_text, ord_text, type_text = words
    trigger = checks.price("triggerPx", trigger_text, instrument)
    px_type = checks.one_of("triggerPxType", type_text, _PX_TYPES) or "last"
    now = (venue.prices if px_type == "last" else venue.marks)[instrument.inst_id]
    return Leg(
        kind=TRIGGER,
        trigger_px_quote=trigger,
        trigger_px_type=px_type,
        ord_px_quote=_exit_price("orderPx", ord_text, instrument),
        fires_above=trigger > now,
    )


def _exit_price(name: str, text: str, instrument: Instrument) -> Decimal | None:
    return None if text == AT_MARKET else checks.price(name, text, instrument)


def new_words(kind: str, wanted: AlgoAmendment) -> tuple[str, str, str]:
    """What an amendment says about the leg of that kind: trigger, order price, price type."""
    if kind == "sl":
        return wanted.new_sl_trigger_px, wanted.new_sl_ord_px, wanted.new_sl_trigger_px_type
    if kind == "tp":
        return wanted.new_tp_trigger_px, wanted.new_tp_ord_px, wanted.new_tp_trigger_px_type
    return wanted.new_trigger_px, wanted.new_ord_px, wanted.new_trigger_px_type


def check_there(there: tuple[Leg, ...], wanted: AlgoAmendment) -> None:
    """Refuse (51000) words about a leg that the algo order does not have."""
    kinds = {leg.kind for leg in there}
    for kind, name in (
        ("sl", "newSlTriggerPx"),
        ("tp", "newTpTriggerPx"),
        (TRIGGER, "newTriggerPx"),
    ):
        if kind not in kinds and any(new_words(kind, wanted)):
            raise Refusal("51000", name)


def amended(
    venue: Venue, leg: Leg, words: tuple[str, str, str], instrument: Instrument
) -> Leg | None:
    """The leg with new words, itself without any, None if a price of 0 removes it."""
    trigger, ord_px, px_type = words
    if _REMOVED in (trigger, ord_px) and leg.kind != TRIGGER:
        return None
    if not any(words):
        return leg
    old_ord = AT_MARKET if leg.ord_px_quote is None else plain(leg.ord_px_quote)
    full = (
        trigger or plain(leg.trigger_px_quote),
        ord_px or old_ord,
        px_type or leg.trigger_px_type,
    )
    if leg.kind == TRIGGER:
        return _trigger_leg(venue, full, instrument)
    return _exit_leg(venue, leg.kind, leg.fires_above, full, instrument)
