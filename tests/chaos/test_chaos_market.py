"""The market walks the same way for the same seed, stays near home, and ends by itself."""

import subprocess
import sys
import threading
import time
from decimal import Decimal

import pytest

import fakeokx
from chaos.instruments import CONTRACTS, INST_IDS
from chaos.market import HAND_INST_ID, OutsideMarket, drive
from chaos.scenarios.environment import environment


class Venue:
    def __init__(self, *, gone_after=10**9, pos="0"):
        self.prices = {name: format(CONTRACTS[name].first_px, "f") for name in INST_IDS}
        self.moves, self.hands, self.gone_after, self.pos = [], [], gone_after, pos

    def price(self, inst_id, px):
        if len(self.moves) >= self.gone_after:
            raise ConnectionRefusedError
        self.moves.append((inst_id, px))
        self.prices[inst_id] = px

    def trade_by_hand(self, inst_id, side, sz):
        self.hands.append((inst_id, side, sz))

    def truth(self):
        row = {"instId": HAND_INST_ID, "pos": self.pos}
        return {"prices": self.prices, "positions": [row], "requests": {"GET x": 1}}


def walked(seed, steps):
    venue = Venue()
    market = OutsideMarket(venue, seed)
    for number in range(steps):
        market.step(number)
    return venue


def test_one_seed_one_walk_on_ticks_and_near_home():
    assert walked(3, 200).moves == walked(3, 200).moves
    assert walked(3, 5).moves != walked(4, 5).moves
    for inst_id, text in walked(3, 500).moves:
        contract, px = CONTRACTS[inst_id], Decimal(text)
        assert px % contract.tick == 0
        assert abs(px / contract.first_px - 1) < Decimal("0.2")


def _driven(venue, **words):
    settings = {"interval_s": 0.001, "hand_every": 0, "idle_s": 60.0, **words}
    return drive(venue, 1, stop=threading.Event(), **settings)


def test_it_ends_when_the_exchange_is_gone():
    assert _driven(Venue(gone_after=20)) == "exchange gone"


def test_it_ends_when_nobody_trades():
    assert _driven(Venue(), idle_s=0.02) == "idle"


def test_the_hand_only_adds_to_what_is_there():
    venue = Venue(pos="-3")
    assert _driven(venue, hand_every=2, idle_s=0.05) == "idle"
    assert set(venue.hands) == {(HAND_INST_ID, "sell", "1")}
    flat = Venue(pos="0")
    assert _driven(flat, hand_every=2, idle_s=0.05) == "idle"
    assert flat.hands == []


@pytest.mark.chaos
@pytest.mark.timeout(60)
def test_a_forgotten_market_ends_and_takes_its_exchange_along(tmp_path):
    with fakeokx.launch(tmp_path) as venue:
        command = [sys.executable, "-m", "chaos.market", "--url", venue.url, "--interval", "0.02"]
        command += ["--idle", "0.5", "--venue-pid", str(venue.pid)]
        assert subprocess.run(command, env=environment(), check=False).returncode == 0
        deadline = time.monotonic() + 5
        while venue.is_running and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not venue.is_running
        assert "Traceback" not in (tmp_path / "fakeokx.log").read_text()


@pytest.mark.chaos
@pytest.mark.timeout(60)
def test_a_market_ends_when_its_exchange_is_killed(tmp_path):
    with fakeokx.launch(tmp_path) as venue:
        command = [sys.executable, "-m", "chaos.market", "--url", venue.url, "--interval", "0.02"]
        with subprocess.Popen(command, env=environment()) as market:
            venue.kill()
            assert market.wait(20) == 0
