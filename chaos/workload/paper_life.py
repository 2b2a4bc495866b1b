"""One life of the trading system without an exchange: the same loop, on paper, on a wound clock.

The clock starts where the store's last commit left it, so that a life that goes on after a crash
goes on in time as well.
"""

from __future__ import annotations

from pathlib import Path

from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator
from chaos.workload.paper import PaperBroker
from chaos.workload.system import TradingSystem
from prometheus_persist.session import Session, Settings
from prometheus_persist.storage.fs import Fs

DAY_START_MS = 1_764_720_000_000
CYCLE_MS = 5 * 60 * 1000


class FixedIds:
    """The same store id every time: two runs of one seed write the same bytes."""

    def token(self, length: int) -> str:
        """``length`` times the letter a."""
        return "a" * length


def open_on_paper(
    directory: Path, fs: Fs, narrator: Narrator, seed: int, clock: WoundClock
) -> TradingSystem:
    """Open, recover against the paper exchange, found what is missing."""
    session = Session.open(
        directory,
        fs=fs,
        clock=clock,
        ids=FixedIds(),
        settings=Settings(mirror="ack", background=False),  # no thread: one order of operations
        observer=narrator,
    )
    broker = PaperBroker(session, narrator)
    facts = session.recover(broker.reader)
    assert facts.decision == "go", f"the paper exchange disagrees: {facts.decision}"
    system = TradingSystem(session, broker, narrator, seed, clock)
    system.found()
    return system


def live_on_paper(
    directory: Path, fs: Fs, narrator: Narrator, seed: int, clock: WoundClock, cycles: int
) -> None:
    """Open, live through ``cycles`` cycles of five minutes, close."""
    system = open_on_paper(directory, fs, narrator, seed, clock)
    for _ in range(cycles):
        clock.advance(CYCLE_MS)
        system.cycle()
    system.session.close()
