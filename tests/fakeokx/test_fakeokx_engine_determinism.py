"""Same commands, same times: same truth, whatever the process and its string hashes."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SESSION = """
import hashlib, json
from decimal import Decimal
from fakeokx.engine.commands import *
from fakeokx.engine.step import step
from fakeokx.engine.venue import Venue
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.instruments import INSTRUMENTS

venue = Venue(seed=5, first_cash_quote=Decimal(10**7), pos_mode="net_mode")
now, said = 1_700_000_000_000, []
for n in range(400):
    now += n % 3
    inst = [each for each in INSTRUMENTS if each.endswith("SWAP")][n % 5]
    side = ("buy", "sell")[n * 7 % 3 % 2]
    px = venue.prices[inst]
    tick = INSTRUMENTS[inst].tick_sz
    commands = [
        PlaceOrders(orders=(
            OrderRequest(inst_id=inst, td_mode=("cross", "isolated")[n % 2], side=side,
                         ord_type="market", sz="1.5", cl_ord_id=f"m{n}", tag="t"),
            OrderRequest(inst_id=inst, td_mode="cross", side=side, ord_type="limit", sz="2",
                         px=str(px + tick * (n % 7 - 3))),
        )),
        PlaceAlgo(inst_id=inst, td_mode="cross", side="sell", ord_type="conditional", sz="1",
                  sl_trigger_px=str(px - tick * 2), sl_ord_px="-1"),
        MovePrice(inst_id=inst, px=str(px + tick * (n % 5 - 2))),
        Liquidate(inst_id=inst) if n % 50 == 49 else SetPartial(inst_id=inst, sz="0.5"),
    ]
    for command in commands:
        try:
            said.append(repr(step(venue, decode(encode(command)), now)))
        except Refusal as refusal:
            said.append(repr(refusal.reason))

truth = repr([
    list(venue.orders.values()), list(venue.algos.values()), venue.fills, venue.bills,
    [vars(each) for each in venue.accounts.values()], venue.prices, venue.marks,
])
assert len(venue.fills) > 500, len(venue.fills)
print(hashlib.sha256((truth + "".join(said)).encode()).hexdigest())
"""


def digest(hash_seed: str) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", SESSION], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_truth_and_events_do_not_depend_on_process_or_hash_seed() -> None:
    assert len({digest("1"), digest("2"), digest("12345")}) == 1
