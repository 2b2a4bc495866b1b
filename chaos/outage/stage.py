"""The stage of an outage: an exchange, a store on a disk, and a trader who is about to die.

Until the trader dies the exchange refuses nothing for being asked too often, so that thousands of
trades are quickly there; ``raise_limits`` starts it again on its own ledger with OKX's limits. The
clock of whoever recovers is the exchange's, ``ahead_ms`` ahead of the machine's, and a pause lasts.

``trade`` is the real way of an order: a durable intent, an execution at the exchange under its id,
booked by the session from what the exchange tells. Many are booked together, by one ``sync``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import fakeokx
from chaos.digest import JsonObject
from chaos.workload.clients import client_of
from chaos.workload.clocks import VenueClock
from chaos.workload.population import newborn
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Contracts

SETTINGS: Final = Settings(in_flight_ms=500, index_lag_ms=0)
TIMEOUT_MS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Ask:
    """One market order to be."""

    agent_id: str
    inst_id: str
    side: Any
    sz: Decimal


@dataclass(slots=True)
class OutageStage:
    """An exchange and a store; ``said`` is whose each order is."""

    directory: Path
    seed: int
    agents: int
    venue: fakeokx.FakeOkx
    said: dict[str, str] = field(default_factory=dict)
    happened: list[str] = field(default_factory=list)
    _session: Session | None = None

    @classmethod
    def open(cls, directory: Path, seed: int, agents: int) -> OutageStage:
        """An empty exchange, a new store with so many agents in it, and the gate open."""
        venue = fakeokx.launch(directory / "venue", seed=seed, balance="100000000")
        stage = cls(directory, seed, agents, venue)
        session = stage.session
        facts = session.recover(stage.reader())
        assert facts.decision == "go", facts.decision
        now_ms = stage.now_ms()
        session.add_agents([newborn(seed, number, now_ms) for number in range(1, agents + 1)])
        return stage

    @property
    def store(self) -> Path:
        """The store's directory."""
        return self.directory / "store"

    @property
    def session(self) -> Session:
        """The trader's session; opened where it is not."""
        if self._session is None:
            clock = VenueClock(self.ahead_ms)
            self._session = Session.open(self.store, clock=clock, settings=SETTINGS)
        return self._session

    @property
    def names(self) -> list[str]:
        """The agents."""
        return sorted(self.session.state.agents)

    @property
    def ahead_ms(self) -> int:
        """How far the exchange's clock is ahead of the machine's."""
        return VenueClock.ahead_of(self.now_ms())

    def now_ms(self) -> int:
        """The exchange's time."""
        answer = client_of(self.venue.url).public_get_public_time()
        return int(answer["data"][0]["ts"])

    def reader(self) -> OkxReader:
        """What the trader reads the exchange with, before the limits are raised: without pauses."""
        return OkxReader(client_of(self.venue.url), VenueClock(self.ahead_ms))

    def intent(self, agent_id: str, inst_id: str, side: Any, sz: Decimal, **more: Any) -> Any:
        """A durable intent, remembered here as well."""
        made = self.session.order_intent(agent_id, inst_id, side, Contracts(sz), **more)
        self.said[made.cl_ord_id] = agent_id
        return made

    def execute(self, handle: Any) -> str:
        """The exchange carries the order out at market; nobody is told."""
        asked = handle.intent
        return self.venue.trade_by_hand(
            asked.inst_id,
            asked.side,
            asked.qty_contracts.value,
            cl_ord_id=asked.cl_ord_id,
            tag=asked.tag,
        )

    def trade(self, asks: Iterable[Ask]) -> None:
        """Carry these out, and book them from what the exchange tells."""
        for ask in asks:
            with self.intent(ask.agent_id, ask.inst_id, ask.side, ask.sz) as handle:
                handle.ack({"id": self.execute(handle)})
        facts = self.session.sync(self.reader())
        assert facts.decision == "go", (facts.decision, facts.venue_problem)

    def pause(self, ms: int) -> None:
        """Stop, let the time pass, come back: what was traded lies well behind us then."""
        self.session.close()
        self._session = None
        self.venue.advance(ms)
        facts = self.session.recover(self.reader())
        assert facts.decision == "go", (facts.decision, facts.venue_problem)

    def die(self) -> None:
        """The trader is gone: nothing is saved, nobody says goodbye."""
        self.session.close(save=False)
        self._session = None

    def note(self, what: str) -> None:
        """One more thing happened while nobody looked."""
        self.happened.append(what)

    def raise_limits(self) -> None:
        """From now on the exchange refuses what OKX refuses."""
        self.venue.stop()
        self.venue = fakeokx.launch(
            self.directory / "venue", seed=self.seed, extra_args=["--rate-limits"]
        )

    def truth(self) -> JsonObject:
        """All that the exchange knows."""
        return fakeokx.Control(self.venue.url, timeout_s=60).truth()

    def close(self) -> None:
        """Stop the exchange."""
        if self._session is not None:
            self.die()
        self.venue.stop()
