"""The instruments that are listed, as data.

Contract arithmetic lives here, beside ``ctVal``: one contract is ``ct_val_base`` of the base
currency, and this is the only module that turns contracts into money. Spot instruments are
listed so that clients can load their markets; orders on them are refused by the engine.
"""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

SWAP: Final = "SWAP"
SPOT: Final = "SPOT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One listed instrument. Sizes are contracts on SWAP and base currency on SPOT."""

    inst_id: str
    inst_type: str
    inst_id_code: int
    base_ccy: str
    quote_ccy: str
    ct_val_base: Decimal
    lot_sz: Decimal
    min_sz: Decimal
    tick_sz: Decimal
    limit_sz_max: Decimal
    market_sz_max: Decimal
    lever_max: Decimal
    first_px_quote: Decimal

    @property
    def uly(self) -> str:
        """Underlying and family name, ``BTC-USDT`` for ``BTC-USDT-SWAP``."""
        return f"{self.base_ccy}-{self.quote_ccy}"

    def notional_quote(self, qty_contracts: Decimal, px_quote: Decimal) -> Decimal:
        """Value of that many contracts at that price, with the sign of the quantity."""
        return qty_contracts * self.ct_val_base * px_quote


def _swap(code: int, base: str, ct_val: str, tick: str, px: str) -> Instrument:
    return Instrument(
        inst_id=f"{base}-USDT-SWAP",
        inst_type=SWAP,
        inst_id_code=code,
        base_ccy=base,
        quote_ccy="USDT",
        ct_val_base=Decimal(ct_val),
        lot_sz=Decimal("0.01"),
        min_sz=Decimal("0.01"),
        tick_sz=Decimal(tick),
        limit_sz_max=Decimal(100_000_000),
        market_sz_max=Decimal(100_000),
        lever_max=Decimal(100),
        first_px_quote=Decimal(px),
    )


def _spot(code: int, base: str, lot: str, minimum: str, tick: str, px: str) -> Instrument:
    return Instrument(
        inst_id=f"{base}-USDT",
        inst_type=SPOT,
        inst_id_code=code,
        base_ccy=base,
        quote_ccy="USDT",
        ct_val_base=Decimal(1),
        lot_sz=Decimal(lot),
        min_sz=Decimal(minimum),
        tick_sz=Decimal(tick),
        limit_sz_max=Decimal(9_999_999_999),
        market_sz_max=Decimal(1_000_000),
        lever_max=Decimal(10),
        first_px_quote=Decimal(px),
    )


INSTRUMENTS: Final = MappingProxyType(
    {
        instrument.inst_id: instrument
        for instrument in (
            _swap(10459, "BTC", "0.01", "0.1", "50000"),
            _swap(10461, "ETH", "0.1", "0.01", "3000"),
            _swap(10537, "SOL", "1", "0.01", "150"),
            _swap(10471, "XRP", "100", "0.0001", "0.5"),
            _swap(10485, "DOGE", "1000", "0.00001", "0.1"),
            _spot(1, "BTC", "0.00000001", "0.00001", "0.1", "50000"),
            _spot(2, "ETH", "0.000001", "0.0001", "0.01", "3000"),
        )
    }
)
