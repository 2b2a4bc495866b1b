"""Who owns every contract of an account, from the exchange's whole history and who sent what.

Works on every position key (instrument, margin mode, side), in both position modes, and with more
than ``exchange.py`` of what happens from outside:

1. A fill of an order that one of the agents sent is that agent's; so is the fill of an algo order's
   child. ``sent`` has the ordIds and algoIds of all of them: what was sent, not what was saved.
2. A forced fill (liquidation, ADL) that reduces what several hold is borne by everybody whose
   contracts point that way: whole lots in proportion, rounded down; what is left goes to the lowest
   agent id first and to nobody last, up to what each has.
   A delivery closes everybody whole, whichever way he stands.
3. Anybody's else that reduces what one agent alone holds closes that agent.
4. Anybody's else that opens, adds, or closes what is nobody's, is nobody's.
5. Any other fill makes its key unprovable: no book may be changed there without being asked.
   So does an order that was sent by a machine of ours but is not the one it is called after, or of
   which the exchange has lost the rows (``doubtful``, by ordId).

Rational numbers and text only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

Row = Mapping[str, Any]
Key = tuple[str, str, str]
NOBODY = ""
FORCED = frozenset({"full_liquidation", "partial_liquidation", "adl"})
DELIVERY = "delivery"
ZERO = Fraction(0)


@dataclass(slots=True)
class Attribution:
    """``held`` by key and owner, without zeros; ``borne`` is each fill's quantity by owner."""

    held: dict[Key, dict[str, Fraction]] = field(default_factory=dict)
    borne: dict[str, dict[str, Fraction]] = field(default_factory=dict)
    unprovable: set[Key] = field(default_factory=set)

    def of(self, owner: str) -> dict[Key, Fraction]:
        """What one owner holds."""
        return {key: owners[owner] for key, owners in self.held.items() if owner in owners}

    def move(self, key: Key, owner: str, fill_id: str, signed: Fraction) -> None:
        """Add to what an owner has, and remember why."""
        owners = self.held.setdefault(key, {})
        owners[owner] = owners.get(owner, ZERO) + signed
        if not owners[owner]:
            del owners[owner]
        parts = self.borne.setdefault(fill_id, {})
        parts[owner] = parts.get(owner, ZERO) + abs(signed)


def attribution(
    orders: Iterable[Row],
    fills: Iterable[Row],
    sent: Mapping[str, str],
    lots: Mapping[str, str],
    doubtful: AbstractSet[str] = frozenset(),
) -> Attribution:
    """Everything that happened, taken to where it belongs; rows as the exchange shows them."""
    by_id = {row["ordId"]: row for row in orders}
    found = Attribution()
    for fill in sorted(fills, key=lambda row: int(row["billId"])):
        order = by_id[fill["ordId"]]
        key = (fill["instId"], order["tdMode"], fill["posSide"] or "net")
        adds = fill["side"] == ("sell" if key[2] == "short" else "buy")
        signed = Fraction(fill["fillSz"]) * (1 if adds else -1)
        fill_id = f"{fill['instId']}:{fill['tradeId']}"
        owner = sent.get(order["ordId"]) or sent.get(order["algoId"])
        if order["ordId"] in doubtful:
            found.unprovable.add(key)
        elif owner is not None:
            found.move(key, owner, fill_id, signed)
        else:
            _outside(found, key, fill_id, signed, order["category"], lots)
    return found


def _outside(
    found: Attribution,
    key: Key,
    fill_id: str,
    signed: Fraction,
    category: str,
    lots: Mapping[str, str],
) -> None:
    owners = found.held.get(key, {})
    total = sum(owners.values(), ZERO)
    agents = [name for name in owners if name != NOBODY]
    if category == DELIVERY and total == -signed:
        for name, has in list(owners.items()):
            found.move(key, name, fill_id, -has)
    elif total * signed >= 0 or not agents:
        found.move(key, NOBODY, fill_id, signed)
    elif category in FORCED:
        way = 1 if total > 0 else -1
        bearing = {name: abs(has) for name, has in owners.items() if has * way > 0}
        for name, part in _parts(abs(signed), bearing, Fraction(lots[key[0]])).items():
            found.move(key, name, fill_id, part * (1 if signed > 0 else -1))
    elif len(owners) == 1 and abs(signed) <= abs(total):
        found.move(key, agents[0], fill_id, signed)
    else:
        found.unprovable.add(key)


def _parts(quantity: Fraction, held: Mapping[str, Fraction], lot: Fraction) -> dict[str, Fraction]:
    total = sum(held.values(), ZERO)
    names = sorted(held, key=lambda name: (name == NOBODY, name))
    parts = {name: quantity * held[name] / total // lot * lot for name in names}
    left = quantity - sum(parts.values(), ZERO)
    for name in names:
        more = min(left, held[name] - parts[name])
        parts[name] += more
        left -= more
    return {name: part for name, part in parts.items() if part}
