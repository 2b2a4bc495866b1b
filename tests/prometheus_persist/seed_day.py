"""Fifty-two hours of ten agents against fakeokx, a crash, a night without them, and the recovery.

Everything that the report will say happens here: 156 cycles of twenty minutes, orders through
ccxt, two deaths, five heroes, a stop that fires while nobody is there, and an agent whose two
ledgers were not saved at one time. Nothing here knows what the report looks like.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from reconcile_world import BTC

import fakeokx
from chaos.workload.clients import client_of, host_client, near
from chaos.workload.clocks import VenueClock
from prometheus_persist.exchange import OkxReader
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, Hero, contracts

SOL = "SOL-USDT-SWAP"
AGENTS = tuple(f"LiveAgent_{number:02}" for number in range(1, 11))
STOPPED, LAGGING = "LiveAgent_04", "LiveAgent_07"
DEATHS = {100: ("LiveAgent_03", "NATURAL_DEATH"), 120: ("LiveAgent_09", "BANKRUPTCY")}
HOLDERS = (
    "LiveAgent_01",
    "LiveAgent_02",
    "LiveAgent_05",
    "LiveAgent_06",
    "LiveAgent_08",
    "LiveAgent_10",
)
CYCLES, CYCLE_MS = 156, 20 * 60_000
ROUND_TRIPS = 1_721
BATCH_MAX = 20
AWAY_MS = (9 * 60 + 17) * 60_000
SYNC_EVERY = 39


@dataclass
class Day:
    """The venue, the clock that both go by, and the running session."""

    directory: Path
    venue: fakeokx.FakeOkx
    clock: VenueClock = field(default_factory=lambda: VenueClock(lasts_s_max=math.inf))
    settings: Settings = field(default_factory=lambda: Settings(detect="marked"))
    number: int = 0

    def __post_init__(self) -> None:
        self.reader = OkxReader(near(client_of(self.venue.url, sandbox=False)), self.clock)
        self.client = near(host_client(self.venue.url))
        self.session = self.open()

    def open(self) -> Session:
        return Session.open(self.directory, clock=self.clock, settings=self.settings)

    def pass_time(self, ms: int) -> None:
        self.venue.advance(ms)
        self.clock.ahead_ms += ms

    # the fifty-two hours --------------------------------------------------------------------

    def live(self) -> None:
        """From the first start to the last save."""
        session = self.session
        session.add_agents(
            Agent(
                agent_id=name,
                state="MATURE",
                initial_capital=Decimal(10_000),
                current_capital=Decimal(10_000),
            )
            for name in AGENTS
        )
        session.state.valhalla.heroes = [Hero(agent_id=f"Hero_{n}") for n in range(1, 5)]
        session.mark(documents=["valhalla"])
        assert session.recover(self.reader).decision == "go"
        for cycle in range(1, CYCLES + 1):
            self.cycle(cycle)
        for name in (*HOLDERS, STOPPED):
            self.enter(name)
        self.stop_order()
        assert session.sync(self.reader).decision == "go"
        self.save_one_ledger()

    def cycle(self, cycle: int) -> None:
        session, supervisor = self.session, self.session.state.supervisor
        self.trade(cycle)
        self.pass_time(CYCLE_MS)
        supervisor.system_cycle_count = cycle
        supervisor.total_runtime_hours = cycle * CYCLE_MS / 3_600_000
        session.mark(documents=["supervisor"])
        if cycle % SYNC_EVERY == 0:
            assert session.sync(self.reader).decision == "go"
        if cycle in DEATHS:
            self.die(*DEATHS[cycle])
        session.on_cycle(cycle)

    def trade(self, cycle: int) -> None:
        """This cycle's share of the round trips: in, the price moves, out."""
        done = [ROUND_TRIPS * each // CYCLES for each in (cycle - 1, cycle)]
        living = [name for name in AGENTS if self.session.state.agents[name].alive]
        turn = [living[number % len(living)] for number in range(*done)]
        self.venue.price(BTC, 50_000 + 10 * (cycle % 7))
        self.batch(turn, "buy")
        self.venue.price(BTC, 50_000 + 10 * (cycle % 7) + 400)
        self.batch(turn, "sell")

    def batch(self, turn: list[str], side: str) -> None:
        registry, epoch = self.session.state.registry, self.session.epoch
        rows = []
        for name in turn:
            self.number += 1
            rows.append(
                {"instId": BTC, "tdMode": "cross", "side": side, "ordType": "market", "sz": "1",
                 "clOrdId": registry.cl_ord_id(name, epoch, 1_000_000 + self.number),
                 "tag": registry.rows[name].tag}
            )  # fmt: skip
        for start in range(0, len(rows), BATCH_MAX):
            answer = self.client.privatePostTradeBatchOrders(rows[start : start + BATCH_MAX])
            assert all(row["sCode"] == "0" for row in answer["data"])

    def die(self, name: str, reason: str) -> None:
        state = self.session.state
        state.agents[name] = state.agents[name].model_copy(
            update={"state": "DEAD", "death_reason": reason}
        )
        if reason == "NATURAL_DEATH":
            state.valhalla.heroes = [*state.valhalla.heroes, Hero(agent_id=name)]
        self.session.mark(name, documents=["valhalla"])
        self.session.on_agent_death(name)

    def enter(self, name: str) -> None:
        """A position with everything an order of the library has."""
        inst_id, size = (SOL, 30) if name == STOPPED else (BTC, 5)
        with self.session.order_intent(name, inst_id, "buy", contracts(size)) as handle:
            answer = self.client.privatePostTradeOrder(
                {"instId": inst_id, "tdMode": "cross", "side": "buy", "ordType": "market",
                 "sz": str(size), "clOrdId": handle.cl_ord_id, "tag": handle.intent.tag}
            )  # fmt: skip
            handle.ack(answer["data"][0])
        assert self.session.settle(self.reader, handle.cl_ord_id).outcome == "FILLED"

    def stop_order(self) -> None:
        """A stop under the position of one agent; it will rest at the exchange alone."""
        with self.session.order_intent(
            STOPPED, SOL, "sell", contracts(30), kind="algo", trigger_px="145", reduce_only=True
        ) as handle:
            answer = self.client.privatePostTradeOrderAlgo(
                {"instId": SOL, "tdMode": "cross", "side": "sell", "ordType": "conditional",
                 "sz": "30", "slTriggerPx": "145", "slOrdPx": "-1", "reduceOnly": "true",
                 "algoClOrdId": handle.cl_ord_id, "tag": handle.intent.tag}
            )  # fmt: skip
            handle.ack(answer["data"][0])

    def save_one_ledger(self) -> None:
        """The supervisor gives an agent more capital, and saves one of its two ledgers only."""
        ledgers = self.session.state.private_ledgers
        ledger = ledgers[LAGGING]
        ledgers[LAGGING] = ledger.model_copy(
            update={"capital": ledger.capital + 250, "version": ledger.version + 1}
        )
        self.session.mark(documents=[f"private_ledgers/{LAGGING}"])
        self.session.save("trade")

    # the night and the morning --------------------------------------------------------------

    def die_and_return(self) -> RecoveryFacts:
        """Gone at once; the stop fires halfway through the night; then the recovery."""
        self.session.close(save=False)
        self.pass_time(AWAY_MS // 2)
        self.venue.price(SOL, 145)
        self.pass_time(AWAY_MS - AWAY_MS // 2)
        self.session = self.open()
        return self.session.recover(self.reader)

    def close(self) -> None:
        self.session.close(save=False)
