"""A hundred agents on one net position; ten thousand executions while the trader is dead.

Every agent holds something, some long and some short, when the trader dies with one market order of
each on its way. The exchange executes each against a book of a hundred small levels: a hundred
executions an order, at a hundred prices. In between somebody trades by hand, the way the account
stands; the account's position is one number.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from chaos.chance import generator
from chaos.instruments import CONTRACTS
from chaos.market import net_contracts, same_way
from chaos.outage.stage import Ask, OutageStage

AGENTS: Final = 100
FILLS: Final = 10_000
QUICK_AGENTS: Final = 20
QUICK_FILLS: Final = 1_000
BTC: Final = "BTC-USDT-SWAP"
_HANDS: Final = 7


def build(stage: OutageStage, fills: int) -> None:
    """Trade a little, die, and let the orders that are on their way be executed."""
    rng = generator(stage.seed, "crowd")
    stage.trade(
        Ask(name, BTC, rng.choice(("buy", "sell")), Decimal(rng.randint(1, 500)) / 100)
        for name in stage.names
    )
    levels = fills // len(stage.names)
    waiting = []
    for name in stage.names:
        side, level = rng.choice(("buy", "sell")), Decimal(rng.randint(1, 9)) / 100
        waiting.append((stage.intent(name, BTC, side, level * levels), level))
    stage.die()
    for number, (handle, level) in enumerate(waiting):
        _seed_book(stage, level, levels)
        stage.execute(handle)
        if number % (len(waiting) // _HANDS) == 0:
            _seed_book(stage, level, levels)
            net = net_contracts(stage.truth(), BTC)
            stage.venue.trade_by_hand(BTC, same_way(net), level)
            stage.note("somebody traded by hand")
    stage.note(f"{fills:,} executions of {len(waiting)} orders")


def _seed_book(stage: OutageStage, level: Decimal, levels: int) -> None:
    """So many levels on either side of the first price, all of one size."""
    contract = CONTRACTS[BTC]
    steps = [contract.tick * step for step in range(1, levels + 1)]
    stage.venue.book(
        BTC,
        bids=[(contract.first_px - step, level) for step in steps],
        asks=[(contract.first_px + step, level) for step in steps],
    )
