"""The instruments that are listed, as data, and the arithmetic of a contract.

Contract arithmetic lives here, beside ``ctVal``, and nowhere else. One contract of a linear
instrument is ``ct_val_base`` of the base currency, and a spot pair counts as contracts of one
base coin. One contract of an inverse instrument is ``ct_val_base`` of the *quote* currency,
settled in the coin::

    linear    value = qty x ctVal x px          pnl = qty x ctVal x (close - open)
    inverse   value = qty x ctVal / px          pnl = qty x ctVal x (1/open - 1/close)

Position tiers: whoever holds more than a tier's ``contracts_max`` is in the next one, which
asks for more margin and allows less leverage.
"""

from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from fakeokx.engine.decimals import nearest_whole, ratio

SWAP: Final = "SWAP"
SPOT: Final = "SPOT"
FUTURES: Final = "FUTURES"
LIVE: Final = "live"
EXPIRED: Final = "expired"
STATES: Final = (LIVE, "suspend", "preopen", EXPIRED)
_DERIVATIVE_RATES: Final = (Decimal("0.0002"), Decimal("0.0005"))
_SPOT_RATES: Final = (Decimal("0.0008"), Decimal("0.001"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One position tier; rates are shares of the position's value."""

    number: int
    contracts_max: Decimal
    maintenance_rate: Decimal
    initial_rate: Decimal
    lever_max: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One listed instrument. Sizes are contracts on SWAP and FUTURES, base currency on SPOT."""

    inst_id: str
    inst_type: str
    inst_id_code: int
    base_ccy: str
    quote_ccy: str
    settle_ccy: str
    ct_val_base: Decimal
    lot_sz: Decimal
    min_sz: Decimal
    tick_sz: Decimal
    limit_sz_max: Decimal
    market_sz_max: Decimal
    lever_max: Decimal
    first_px_quote: Decimal
    maker_rate: Decimal
    taker_rate: Decimal
    tiers: tuple[Tier, ...] = ()
    is_inverse: bool = False
    exp_ms: int | None = None
    future_settlement: bool = False

    @property
    def uly(self) -> str:
        """Underlying and family name, ``BTC-USDT`` for ``BTC-USDT-SWAP``."""
        return f"{self.base_ccy}-{self.quote_ccy}"

    @property
    def is_spot(self) -> bool:
        """Whether coins change hands instead of contracts."""
        return self.inst_type == SPOT

    def notional_quote(self, qty_contracts: Decimal, px_quote: Decimal) -> Decimal:
        """Value in quote currency of that many contracts, with the sign of the quantity."""
        face = qty_contracts * self.ct_val_base
        return face if self.is_inverse else face * px_quote

    def value(self, qty_contracts: Decimal, px_quote: Decimal) -> Decimal:
        """Value in settlement currency of that many contracts, with the sign of the quantity."""
        face = qty_contracts * self.ct_val_base
        return ratio(face, px_quote) if self.is_inverse else face * px_quote

    def pnl(self, signed_contracts: Decimal, open_px: Decimal, close_px: Decimal) -> Decimal:
        """What so many contracts (negative = short) earn from one price to the other."""
        face = signed_contracts * self.ct_val_base
        if self.is_inverse:
            return ratio(face, open_px) - ratio(face, close_px)
        return face * (close_px - open_px)

    def average(self, held: Decimal, avg_px: Decimal, added: Decimal, px: Decimal) -> Decimal:
        """Average price after adding to a position; both quantities without sign."""
        if self.is_inverse and held:
            return ratio((held + added) * avg_px * px, held * px + added * avg_px)
        return ratio(held * avg_px + added * px, held + added)

    def tier(self, qty_contracts: Decimal) -> Tier:
        """The tier of a position of that size, without sign."""
        for each in self.tiers:
            if qty_contracts <= each.contracts_max:
                return each
        return self.tiers[-1]

    def contracts_max(self, lever: Decimal) -> Decimal:
        """The largest position that this leverage allows."""
        for each in reversed(self.tiers):
            if each.lever_max >= lever:
                return each.contracts_max
        return Decimal(0)


def _tiers(first_max: Decimal, last_max: Decimal) -> tuple[Tier, ...]:
    """Four tiers: the first to ``first_max``, then 2 x and 10 x as much, the last to the limit."""
    rows = (
        (first_max, "0.004", "0.01", 100),
        (first_max * 2, "0.006", "0.0125", 80),
        (first_max * 10, "0.01", "0.02", 50),
        (last_max, "0.05", "0.1", 10),
    )
    return tuple(
        Tier(
            number=number,
            contracts_max=contracts,
            maintenance_rate=Decimal(maintenance),
            initial_rate=Decimal(initial),
            lever_max=Decimal(lever),
        )
        for number, (contracts, maintenance, initial, lever) in enumerate(rows, start=1)
    )


_CONTRACTS_MAX: Final = Decimal(100_000_000)


def _contract(
    inst_id: str,
    code: int,
    ct_val: str,
    tick: str,
    px: str,
    *,
    exp_ms: int | None = None,
    is_settled: bool = False,
) -> Instrument:
    base, quote, _ = inst_id.split("-")
    is_inverse = quote == "USD"
    face_quote = Decimal(ct_val) * (1 if is_inverse else Decimal(px))
    first_max = nearest_whole(Decimal(5_000_000), face_quote)
    return Instrument(
        inst_id=inst_id,
        inst_type=SWAP if exp_ms is None else FUTURES,
        inst_id_code=code,
        base_ccy=base,
        quote_ccy=quote,
        settle_ccy=base if is_inverse else quote,
        ct_val_base=Decimal(ct_val),
        lot_sz=Decimal("1") if is_inverse else Decimal("0.01"),
        min_sz=Decimal("1") if is_inverse else Decimal("0.01"),
        tick_sz=Decimal(tick),
        limit_sz_max=_CONTRACTS_MAX,
        market_sz_max=Decimal(100_000),
        lever_max=Decimal(100),
        first_px_quote=Decimal(px),
        maker_rate=_DERIVATIVE_RATES[0],
        taker_rate=_DERIVATIVE_RATES[1],
        tiers=_tiers(first_max, _CONTRACTS_MAX),
        is_inverse=is_inverse,
        exp_ms=exp_ms,
        future_settlement=is_settled,
    )


def _spot(code: int, base: str, lot: str, minimum: str, tick: str, px: str) -> Instrument:
    return Instrument(
        inst_id=f"{base}-USDT",
        inst_type=SPOT,
        inst_id_code=code,
        base_ccy=base,
        quote_ccy="USDT",
        settle_ccy="",
        ct_val_base=Decimal(1),
        lot_sz=Decimal(lot),
        min_sz=Decimal(minimum),
        tick_sz=Decimal(tick),
        limit_sz_max=Decimal(9_999_999_999),
        market_sz_max=Decimal(1_000_000),
        lever_max=Decimal(10),
        first_px_quote=Decimal(px),
        maker_rate=_SPOT_RATES[0],
        taker_rate=_SPOT_RATES[1],
    )


_DEC_2030_MS: Final = 1_924_588_800_000  # Friday 2030-12-27, 08:00 UTC
_MAR_2031_MS: Final = 1_932_451_200_000  # Friday 2031-03-28, 08:00 UTC
INSTRUMENTS: Final = MappingProxyType(
    {
        instrument.inst_id: instrument
        for instrument in (
            _contract("BTC-USDT-SWAP", 10459, "0.01", "0.1", "50000"),
            _contract("ETH-USDT-SWAP", 10461, "0.1", "0.01", "3000"),
            _contract("SOL-USDT-SWAP", 10537, "1", "0.01", "150"),
            _contract("XRP-USDT-SWAP", 10471, "100", "0.0001", "0.5"),
            _contract("DOGE-USDT-SWAP", 10485, "1000", "0.00001", "0.1"),
            _spot(1, "BTC", "0.00000001", "0.00001", "0.1", "50000"),
            _spot(2, "ETH", "0.000001", "0.0001", "0.01", "3000"),
            _contract(
                "BTC-USDT-301227",
                20301,
                "0.01",
                "0.1",
                "50000",
                exp_ms=_DEC_2030_MS,
                is_settled=True,
            ),
            _contract("ETH-USDT-310328", 20302, "0.1", "0.01", "3000", exp_ms=_MAR_2031_MS),
        )
    }
)
