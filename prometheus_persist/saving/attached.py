"""Stops that come with an order and stand once it has been executed (OKX: attachAlgoOrds).

Each is an order intent of its own, durable with its order's: its id travels as attachAlgoClOrdId
and is the algoClOrdId of the stop that comes to stand. It closes what the order opened, in its
size; OKX makes it smaller where the order was executed in part. An order that closes cannot carry
any (51100).

``px`` -1 closes at market. With both triggers it is an ``oco``, and the intent's ``trigger_px`` and
``px`` are those of the stop loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from prometheus_persist.errors import BadValue
from prometheus_persist.saving.admission import reduces_only
from prometheus_persist.state import OrderIntent, plain
from prometheus_persist.state.money import exact

AT_MARKET = Decimal(-1)
PX_TYPES = ("last", "index", "mark")


@dataclass(frozen=True, slots=True)
class Attached:
    """A stop loss, a take profit, or both; prices as in ``order_intent``.

    Raises BadValue for what has no trigger, and for a price or a price type that is none.
    """

    sl_trigger_px: object = None
    sl_px: object = "-1"
    tp_trigger_px: object = None
    tp_px: object = "-1"
    trigger_px_type: str = "last"

    def __post_init__(self) -> None:
        if self.trigger_px_type not in PX_TYPES:
            raise BadValue(f"trigger_px_type is {self.trigger_px_type!r}: {', '.join(PX_TYPES)}")
        if not self._legs():
            raise BadValue("an attached stop needs sl_trigger_px or tp_trigger_px")

    def row(self, cl_ord_id: str) -> dict[str, str]:
        """Its element of attachAlgoOrds."""
        found = {"attachAlgoClOrdId": cl_ord_id}
        for name, (trigger, px) in self._legs().items():
            found[f"{name}TriggerPx"] = plain(trigger)
            found[f"{name}OrdPx"] = plain(px)
            found[f"{name}TriggerPxType"] = self.trigger_px_type
        return found

    def intent(self, order: OrderIntent) -> OrderIntent:
        """The stop as an intent that has no id yet."""
        legs = self._legs()
        trigger, px = next(iter(legs.values()))
        return OrderIntent(
            cl_ord_id="",
            agent_id=order.agent_id,
            inst_id=order.inst_id,
            mgn_mode=order.mgn_mode,
            pos_side=order.pos_side,
            side="sell" if order.side == "buy" else "buy",
            qty_contracts=order.qty_contracts,
            kind="algo",
            ord_type="oco" if len(legs) == 2 else "conditional",
            px=None if px == AT_MARKET else px,
            trigger_px=trigger,
            reduce_only=order.pos_side == "net",
        )

    def _legs(self) -> dict[str, tuple[Decimal, Decimal]]:
        """Trigger and price by OKX's name of the leg, the stop loss first."""
        given = {"sl": (self.sl_trigger_px, self.sl_px), "tp": (self.tp_trigger_px, self.tp_px)}
        found = {}
        for name, (trigger, px) in given.items():
            at = exact(px)
            if at <= 0 and at != AT_MARKET:
                raise BadValue(f"{name}_px is a price, or -1 for at market, not {px!r}")
            if trigger is not None:
                found[name] = exact(trigger), at
                if found[name][0] <= 0:
                    raise BadValue(f"{name}_trigger_px is a price, not {trigger!r}")
            elif at != AT_MARKET:
                raise BadValue(f"{name}_px without {name}_trigger_px")
        return found


def refuse_attached(order: OrderIntent, attached: tuple[Attached, ...]) -> None:
    """Raise BadValue where the order cannot carry them."""
    for each in attached:
        if not isinstance(each, Attached):
            raise BadValue(f"attached takes Attached(...), not {each!r}")
    if attached and order.kind == "algo":
        raise BadValue("a stop cannot carry another stop; attach it to the order that opens")
    if attached and reduces_only(order.side, order.pos_side, reduce_only=order.reduce_only):
        raise BadValue("an order that only closes cannot carry a stop (OKX: 51100)")
