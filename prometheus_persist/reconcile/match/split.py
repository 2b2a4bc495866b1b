"""The declared rule for a forced execution of a shared position: who bears which part of it.

OKX liquidates and deleverages the account's position; whose contracts these were it does not say.
So, as declared and reported:

1. Those bear it whose contracts point the way of what was reduced; nobody's count like an owner's.
2. Each bears the share that it held at that moment, in whole lots, rounded down.
3. What is left over goes to the lowest agent id, up to what it holds, then to the next. Nobody
   comes last.
4. The parts add up to the execution exactly, and so do their fees. No part turns a position over.

Pure and total where the bearers hold at least what was executed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from decimal import ROUND_DOWN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow

from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution
from prometheus_persist.state.models import Side
from prometheus_persist.state.money import DIGITS_MAX, ZERO, add, div, mul, sub

FEE_STEP = Decimal("1e-12")
_WHOLE = Context(prec=2 * DIGITS_MAX, traps=[InvalidOperation, DivisionByZero, Overflow])
NOBODY = ""


def bearing_order(owner: str) -> tuple[bool, str]:
    """Agents by id, nobody last."""
    return (owner == NOBODY, owner)


def shares(quantity: Contracts, held: Mapping[str, Contracts], lot_sz: Decimal) -> list[Contracts]:
    """The part of each bearer, in bearing order; ``held`` are their contracts, all positive.

    ``lot_sz`` zero: any fraction goes, and the lowest id bears all that cannot be divided.
    """
    names = sorted(held, key=bearing_order)
    total = sum((held[name] for name in names), NO_CONTRACTS)
    assert not total < quantity, "the bearers hold less than was executed"
    step = lot_sz if lot_sz > ZERO else FEE_STEP
    parts = [
        min(held[name], Contracts(_floor(mul(quantity.value, held[name].value), total.value, step)))
        for name in names
    ]
    left = quantity - sum(parts, NO_CONTRACTS)
    for place, name in enumerate(names):
        more = min(left, held[name] - parts[place])
        parts[place] += more
        left -= more
    return parts


def split(
    execution: Execution, held: Mapping[str, Contracts], lot_sz: Decimal
) -> list[tuple[str, str, Execution]]:
    """(owner, part, its execution) of every bearer with a part; parts are named "1/3" and so on."""
    names = sorted(held, key=bearing_order)
    parts = shares(execution.qty_contracts, held, lot_sz)
    return portions(execution, dict(zip(names, parts, strict=True)))


def portions(
    execution: Execution, borne: Mapping[str, Contracts]
) -> list[tuple[str, str, Execution]]:
    """The same for parts that somebody else worked out; they add up to the execution."""
    held = [(name, borne[name]) for name in sorted(borne, key=bearing_order) if borne[name]]
    fees = money_shares(execution.fee, [part.value for _, part in held])
    return [
        (
            name,
            f"{number}/{len(held)}" if len(held) > 1 else "",
            dataclasses.replace(execution, qty_contracts=part, fee=fee),
        )
        for number, ((name, part), fee) in enumerate(zip(held, fees, strict=True), start=1)
    ]


def delivered(
    execution: Execution, held: Mapping[str, Contracts]
) -> list[tuple[str, str, Execution]]:
    """A delivery closes whatever every owner holds (signed), on whichever side, at its price.

    They add up to the execution; who stands against the others is closed by the other side.
    """
    names = sorted((name for name in held if held[name]), key=bearing_order)
    fees = money_shares(execution.fee, [abs(held[name]).value for name in names])
    other: Side = "buy" if execution.side == "sell" else "sell"
    return [
        (
            name,
            f"{number}/{len(names)}" if len(names) > 1 else "",
            dataclasses.replace(
                execution,
                qty_contracts=abs(held[name]),
                side=execution.side if held[name].sign != execution.signed.sign else other,
                fee=fee,
            ),
        )
        for number, (name, fee) in enumerate(zip(names, fees, strict=True), start=1)
    ]


def money_shares(amount: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """``amount`` by weight, towards zero at 12 decimals; the first takes what is left over.

    Weights may be negative as long as they do not add up to zero: who stands on the other side
    receives what the others pay. Exact: the shares add up to ``amount``.
    """
    total = add(ZERO, *weights)
    found = [_towards_zero(div(mul(amount, weight), total), FEE_STEP) for weight in weights]
    found[0] = add(found[0], sub(amount, add(ZERO, *found)))
    return found


def _floor(product: Decimal, total: Decimal, step: Decimal) -> Decimal:
    """Whole steps in product / total, decided exactly: a rounded quotient could be a step more."""
    return mul(_WHOLE.divide_int(product, _WHOLE.multiply(total, step)), step)


def _towards_zero(value: Decimal, step: Decimal) -> Decimal:
    return mul(_WHOLE.divide(value, step).to_integral_value(ROUND_DOWN, _WHOLE), step)
