"""One life of the trading system: open, recover, report, trade, save, leave.

Exit codes are the library's: 0 all cycles done · 3 a human must decide · 4 the store is damaged
beyond the promise · 5 the exchange could not be read · 6 somebody else writes here · 130, 143
stopped by a signal after a completed save.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from chaos.faults import DiskFault, FaultyFs
from chaos.faults.late import AckBeforeWrite
from chaos.market import MarketVenue, OutsideMarket
from chaos.record import Voice
from chaos.saboteurs import Sabotage
from chaos.saboteurs.checks import believe_everything
from chaos.workload.broker import CcxtBroker
from chaos.workload.narrator import Narrator, Speaker, plainly
from chaos.workload.sabotaged import SendFirstBroker
from chaos.workload.system import TradingSystem
from prometheus_persist.clock import SystemClock
from prometheus_persist.errors import EXIT_HUMAN, PersistError
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.saving import StopRequest, stop_on_signals
from prometheus_persist.session import EXIT_OF_DECISION, Session, Settings
from prometheus_persist.shown import shown, tell
from prometheus_persist.storage.fs import Fs, LocalFs

CLIENT_TIMEOUT_MS = 5_000
NOBODYS = "nobody"
IN_FLIGHT_MS = 500
"""The exchange is on this machine: an order that has not arrived by then never left."""


@dataclass(frozen=True, slots=True)
class Life:
    """What one child is told. ``cycles`` 0 means until a signal comes.

    ``moves_market``: the child itself moves the prices before each of its cycles, so that nothing
    happens at the exchange behind its back unless somebody means it to. ``sync_every`` so many
    cycles the running system is reconciled as well. ``approve`` is the hash of a plan that a human
    has seen: it is applied if the present view still yields it.
    """

    directory: Path
    url: str
    seed: int
    cycles: int
    lang: str = "en"
    fault: DiskFault | None = None
    saboteur: Sabotage | None = None
    pause_s: float = 0.0
    sync_every: int = 0
    approve: str = ""
    moves_market: bool = False


def live(life: Life, voice: Voice | Speaker, out: TextIO | None = None) -> int:
    """Live it; returns the exit code. The report goes to ``out``."""
    narrator = Narrator(voice)
    out = out or sys.stdout
    try:
        with stop_on_signals() as stop:
            return _live(life, narrator, out, stop)
    except PersistError as problem:
        narrator.say(
            "end", code=problem.exit_code, problem=f"{type(problem).__name__}: {problem.detail}"
        )
        tell(shown(f"{type(problem).__name__}: {problem.detail}"), sys.stderr)
        return problem.exit_code


def _live(life: Life, narrator: Narrator, out: TextIO, stop: StopRequest) -> int:
    faulty = FaultyFs(
        _disk(life),
        life.fault,
        on_fire=lambda operation, number: narrator.say("fired", operation=operation, number=number),
    )
    session = Session.open(
        life.directory,
        fs=faulty,
        observer=narrator,
        settings=Settings(in_flight_ms=IN_FLIGHT_MS, index_lag_ms=0),
    )
    narrator.say("opened", seq=session.seq, epoch=session.epoch, restore=plainly(session.restored))
    if not session.fresh:
        narrator.woke(session.seq, session.state)
    broker = _broker(life, session, narrator, faulty.arm)
    began = time.monotonic()
    facts = session.recover(broker.reader)
    narrator.say("recovered", took_s=time.monotonic() - began, facts=plainly(facts))
    if not session.fresh:
        _print_report(facts, life.lang, out)
    narrator.say("reported")
    if facts.decision == "human" and life.approve:
        facts = session.approve(broker.reader, life.approve, _to_nobody(facts))
        narrator.say("approved", facts=plainly(facts))
    code = EXIT_OF_DECISION[facts.decision]
    if code:
        session.close(save=False)
        narrator.say("end", code=code)
        return code
    system = TradingSystem(session, broker, narrator, life.seed, SystemClock())
    system.found()
    code = _cycles(life, system, stop, out)
    return _leave(system, code)


def _to_nobody(facts: RecoveryFacts) -> dict[str, str]:
    """The human of these scenarios charges no agent with what a stranger did."""
    findings = () if facts.plan is None else facts.plan.findings
    return {
        one.finding_id: NOBODYS
        for one in findings
        if NOBODYS in [way.name for way in one.alternatives]
    }


def _cycles(life: Life, system: TradingSystem, stop: StopRequest, out: TextIO) -> int:
    """Turn the loop until it is done, a signal came, or a human is needed; the exit code so far."""
    left = life.cycles or sys.maxsize
    market = OutsideMarket(_control(life.url), life.seed) if life.moves_market else None
    while left and not stop.requested:
        if market is not None:
            market.step(system.cycles + 1)
        system.cycle()
        left -= 1
        if life.sync_every and _sync_is_due(life, system):
            facts = system.session.sync(system.broker.reader)
            if facts.plan is not None and facts.plan.findings:
                _print_report(facts, life.lang, out)
            if facts.decision == "human":
                return EXIT_HUMAN
        deadline = time.monotonic() + life.pause_s
        while not stop.requested and time.monotonic() < deadline:
            time.sleep(min(0.05, life.pause_s))
    return stop.exit_code if stop.requested else 0


def _sync_is_due(life: Life, system: TradingSystem) -> bool:
    """Every so many cycles, and at once again where the last one could not be completed."""
    return system.cycles % life.sync_every == 0 or not system.session.may_trade


def _leave(system: TradingSystem, code: int) -> int:
    session, narrator = system.session, system.narrator
    facts = session.sync(system.broker.reader)
    narrator.say("reconciled", facts=plainly(facts))
    began = time.monotonic()
    seq = session.save("exit")
    narrator.held(seq, session.state, time.monotonic() - began, "exit")
    session.close()
    narrator.say("end", code=code, cycles=system.cycles)
    return code


def _disk(life: Life) -> Fs:
    if life.saboteur == "checksum-not-checked":
        believe_everything()
    disk: Fs = LocalFs(life.directory)
    return AckBeforeWrite(disk) if life.saboteur == "ack-before-write" else disk


def _broker(
    life: Life, session: Session, narrator: Narrator, on_answer: Callable[[int], None]
) -> CcxtBroker:
    from chaos.workload.clients import client_of
    from prometheus_persist.exchange.okx.client import OkxReader

    client = client_of(life.url, CLIENT_TIMEOUT_MS)
    kind = SendFirstBroker if life.saboteur == "intent-after-send" else CcxtBroker
    return kind(session, client, OkxReader(client), narrator, on_answer)


def _control(url: str) -> MarketVenue:
    import fakeokx

    return fakeokx.Control(url)


def _print_report(facts: RecoveryFacts, lang: str, out: TextIO) -> None:
    from prometheus_persist.report.text import render_text

    with contextlib.suppress(BrokenPipeError):
        tell(render_text(facts, lang), out)
