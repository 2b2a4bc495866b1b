"""The five contracts that the workload trades, as plain numbers.

A copy on purpose: the oracle computes profit with these, the library with what the exchange told
it, so that a wrong contract size on either side shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final

_ON_TICK: Final = Context(prec=40, rounding=ROUND_HALF_UP, traps=[InvalidOperation])


@dataclass(frozen=True, slots=True)
class Contract:
    """One linear swap: ``ct_val`` base currency a contract, prices in steps of ``tick``.

    ``unit`` is how many contracts the workload calls one unit (about 500 USDT).
    """

    inst_id: str
    symbol: str
    ct_val: Decimal
    tick: Decimal
    first_px: Decimal
    unit: Decimal

    def on_tick(self, px: Decimal) -> Decimal:
        """``px`` rounded to the price step, never below one step."""
        steps = _ON_TICK.quantize(_ON_TICK.divide(px, self.tick), Decimal(1))
        return _ON_TICK.multiply(max(steps, Decimal(1)), self.tick)


def _contract(base: str, ct_val: str, tick: str, first_px: str, unit: str) -> Contract:
    return Contract(
        inst_id=f"{base}-USDT-SWAP",
        symbol=f"{base}/USDT:USDT",
        ct_val=Decimal(ct_val),
        tick=Decimal(tick),
        first_px=Decimal(first_px),
        unit=Decimal(unit),
    )


CONTRACTS: Final[Mapping[str, Contract]] = MappingProxyType(
    {
        contract.inst_id: contract
        for contract in (
            _contract("BTC", "0.01", "0.1", "50000", "1"),
            _contract("ETH", "0.1", "0.01", "3000", "2"),
            _contract("SOL", "1", "0.01", "150", "3"),
            _contract("XRP", "100", "0.0001", "0.5", "10"),
            _contract("DOGE", "1000", "0.00001", "0.1", "5"),
        )
    }
)
INST_IDS: Final = tuple(sorted(CONTRACTS))
