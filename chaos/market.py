"""Somebody else's market: moves prices, and now and then trades by hand.

``python -m chaos.market --url URL --seed N`` drives a running fakeokx from a process of its own, so
that the market goes on while the trader is dead. It ends by itself when the exchange no longer
answers, and when nobody has asked the exchange anything for ``--idle`` seconds; told the pid of the
exchange, it takes it along in that case, so that a forgotten demo leaves nothing running.

The walk is seeded and mean-reverting: prices stay within a few percent of where they began, so that
stops fire now and then and nobody goes broke. The hand always trades the same instrument, in the
direction that the account already has there: harmless, but nobody's, which is the point.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Protocol

from chaos.chance import generator
from chaos.digest import JsonObject
from chaos.instruments import CONTRACTS, INST_IDS, Contract

STEP_SHARE = 0.004
PULL_SHARE = 0.06
_SHARE = Context(prec=28, traps=[])
HAND_INST_ID = "DOGE-USDT-SWAP"
IDLE_S_DEFAULT = 600.0
IDLE = "idle"
_REFUSALS_MAX = 3
_LOOK_EVERY_STEPS = 10


class MarketVenue(Protocol):
    """What the market needs of an exchange under our control."""

    def price(self, inst_id: str, px: str) -> object:
        """Move a price."""
        ...

    def trade_by_hand(self, inst_id: str, side: str, sz: str) -> object:
        """Trade on the account without any id of ours."""
        ...

    def truth(self) -> JsonObject:
        """The exchange's own books."""
        ...


def walk(rng: random.Random, contract: Contract, px: Decimal) -> Decimal:
    """The next price."""
    pull = float(_SHARE.divide(contract.first_px - px, contract.first_px)) * PULL_SHARE
    move = rng.gauss(pull, STEP_SHARE)
    return contract.on_tick(px * Decimal(str(round(1 + move, 6))))


def net_contracts(truth: JsonObject, inst_id: str) -> Decimal:
    """What the account holds of an instrument, signed."""
    return sum(
        (Decimal(row["pos"]) for row in truth["positions"] if row["instId"] == inst_id), Decimal(0)
    )


def same_way(net: Decimal) -> str:
    """The side that adds to a net position."""
    return "sell" if net < 0 else "buy"


class OutsideMarket:
    """One walk over all instruments; step ``number`` of a seed draws the same moves every time."""

    def __init__(self, venue: MarketVenue, seed: int) -> None:
        self._venue = venue
        self._seed = seed
        self._px: dict[str, Decimal] = {}

    def step(self, number: int) -> None:
        """Move every price once; begins where the exchange stands."""
        if not self._px:
            prices = self._venue.truth()["prices"]
            self._px = {inst_id: Decimal(prices[inst_id]) for inst_id in INST_IDS}
        rng = generator(self._seed, "market", number)
        for inst_id in INST_IDS:
            self._px[inst_id] = walk(rng, CONTRACTS[inst_id], self._px[inst_id])
            self._venue.price(inst_id, format(self._px[inst_id], "f"))

    def hand(self) -> None:
        """One trade by hand, where the account already has a direction."""
        net = net_contracts(self._venue.truth(), HAND_INST_ID)
        if net:
            self._venue.trade_by_hand(HAND_INST_ID, same_way(net), "1")


def drive(
    venue: MarketVenue,
    seed: int,
    *,
    interval_s: float,
    hand_every: int,
    idle_s: float,
    stop: threading.Event,
) -> str:
    """Move the market until told to stop, the exchange is gone, or nobody trades; says which."""
    market = OutsideMarket(venue, seed)
    refusals = 0
    steps = 0
    asked, asked_before = 0, -1
    last_asked_s = time.monotonic()
    while not stop.wait(interval_s):
        steps += 1
        try:
            market.step(steps)
            if hand_every and steps % hand_every == 0:
                market.hand()
            if steps % _LOOK_EVERY_STEPS == 1:
                asked = sum(venue.truth()["requests"].values())
            refusals = 0
        except OSError:
            refusals += 1
            if refusals >= _REFUSALS_MAX:
                return "exchange gone"
            continue
        if asked != asked_before:
            asked_before, last_asked_s = asked, time.monotonic()
        elif time.monotonic() - last_asked_s > idle_s:
            return IDLE
    return "stopped"


def main(argv: Sequence[str] | None = None) -> int:
    """Drive a running exchange from the command line."""
    import fakeokx

    parser = argparse.ArgumentParser(prog="python -m chaos.market", description=__doc__)
    parser.add_argument("--url", required=True, help="where fakeokx listens")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--interval", type=float, default=0.5, help="seconds between two moves")
    parser.add_argument("--hand-every", type=int, default=120, help="moves between two hand trades")
    parser.add_argument("--idle", type=float, default=IDLE_S_DEFAULT, help="seconds without trader")
    parser.add_argument("--venue-pid", type=int, help="the exchange, to be ended when idle")
    args = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with contextlib.suppress(KeyboardInterrupt):
        why = drive(
            fakeokx.Control(args.url),
            args.seed,
            interval_s=args.interval,
            hand_every=args.hand_every,
            idle_s=args.idle,
            stop=stop,
        )
        if why == IDLE and args.venue_pid:
            os.kill(args.venue_pid, signal.SIGTERM)  # it answered a moment ago: the pid is its own
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
