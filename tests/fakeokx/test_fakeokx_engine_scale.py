"""A million stored orders: what a placement costs then, and how long a restart takes.

Only with ``FAKEOKX_FULL=1``: it takes minutes and two gigabytes. That the cost does not grow is
checked in every run, without a clock, in ``test_fakeokx_engine_conservation``.
"""

import os
import time
from pathlib import Path

import pytest
from fakeokx_tools import D, ask

from fakeokx.engine.commands import PlaceOrders
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.runtime.exchange import Exchange

IS_FULL = os.environ.get("FAKEOKX_FULL") == "1"
ORDERS = 1_000_000
SLOWDOWN_MAX = 1.3
ROUND = 1000
ROUNDS = 15


def cpu_us(venue: Venue, first: int, now_ms: int) -> float:
    """CPU microseconds per placement, over one round of market orders."""
    commands = [
        PlaceOrders(orders=(ask(side=("buy", "sell")[n % 2], cl_ord_id=f"c{first + n}"),))
        for n in range(ROUND)
    ]
    started = time.process_time()
    for command in commands:
        step(venue, command, now_ms)
    return (time.process_time() - started) / ROUND * 1e6


@pytest.mark.skipif(not IS_FULL, reason="FAKEOKX_FULL=1 runs it; it takes minutes")
@pytest.mark.timeout(7200)
def test_a_million_stored_orders_slow_a_placement_by_less_than_a_third(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path, first_cash_quote=D(10**9))
    for n in range(ORDERS // 2):
        exchange.do(PlaceOrders(orders=(ask(side=("buy", "sell")[n % 2], cl_ord_id=f"a{n}"),)))
        dead = ask(ord_type="ioc", px=str(30_000 + n % 999), cl_ord_id=f"b{n}")
        exchange.do(PlaceOrders(orders=(dead,)))
    small = Venue(seed=1, first_cash_quote=D(10**9))
    now_ms = exchange.now_ms() + 3_600_000
    cpu_us(small, 0, now_ms)
    few, many = [], []
    for turn in range(1, ROUNDS + 1):
        few.append(cpu_us(small, turn * ROUND, now_ms))
        many.append(cpu_us(exchange.venue, turn * ROUND, now_ms))
    cash = small.main.cash
    exchange.close()
    assert cash
    print(f"few {min(few):.0f} us, many {min(many):.0f} us of CPU per placement")
    # The best round of each: what else the machine does can only add.
    assert min(many) <= SLOWDOWN_MAX * min(few)
    started = time.process_time()
    again = Exchange(tmp_path)
    print(f"replayed {len(again.venue.orders)} orders in {time.process_time() - started:.0f} s")
    again.close()
    assert len(again.venue.orders) == ORDERS
