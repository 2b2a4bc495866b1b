"""A store and an exchange in a process of its own, and what goes on between them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from prometheus_persist.cli.venue import venue_reader, venue_sender
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.exchange.okx.sender import Sender
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, contracts

import fakeokx  # isort: skip

BTC = "BTC-USDT-SWAP"
ETH = "ETH-USDT-SWAP"
AGENTS = ("LiveAgent_00", "LiveAgent_01", "LiveAgent_02")
KEYS = {
    "OKX_API_KEY": fakeokx.DEFAULT_KEY,
    "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
    "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
}
IN_FLIGHT_MS = 300
PATIENT_S = 600
"""For one reading: a machine that stands still for a minute is no silent exchange."""


def reader_of(venue: Any) -> OkxReader:
    return venue_reader(venue.url, sandbox=True, environ=KEYS)


def sender_of(venue: Any) -> Sender:
    return venue_sender(venue.url, sandbox=True, environ=KEYS)


def opened(root: Path, **more: Any) -> Session:
    """A session of a host beside the exchange: what is not there soon never left.

    Commands on its store run by the same settings.
    """
    patient: dict[str, Any] = {"index_lag_ms": 0, "recovery_budget_s": float(PATIENT_S)}
    settings = {"in_flight_ms": IN_FLIGHT_MS, **patient, **more}
    return Session.open(root, settings=Settings(**settings))


def founded(root: Path, venue: Any, **more: Any) -> Session:
    """Three agents with empty books, recovered."""
    session = opened(root, **more)
    session.add_agents(Agent(agent_id=name, current_capital=Decimal(1000)) for name in AGENTS)
    facts = session.recover(reader_of(venue))
    assert facts.decision == "go", facts.venue_problem or facts.plan
    return session


def traded(
    session: Session, venue: Any, agent: str, side: str, sz: str, inst_id: str = BTC, **more: Any
) -> str:
    """An order that is sent and acknowledged, and not booked; its clOrdId."""
    with session.order_intent(agent, inst_id, side, contracts(sz), **more) as intent:  # type: ignore[arg-type]
        row = {"instId": inst_id, "side": side, "ordType": "market", "sz": sz, **intent.params}
        client = sender_of(venue)._client
        intent.ack(client.privatePostTradeOrder(row)["data"][0])
    return intent.cl_ord_id


def booked(session: Session, venue: Any, *order: Any, **more: Any) -> str:
    """The same, and booked."""
    name = traded(session, venue, *order, **more)
    assert session.settle(reader_of(venue), name).outcome == "FILLED"
    return name


def held(session: Session, agent: str, inst_id: str = BTC) -> Decimal:
    """Signed contracts of an agent; of nobody for ""."""
    state = session.state
    positions = state.private_ledgers[agent].positions if agent else state.unattributed.positions
    return sum((p.qty_contracts.value for p in positions if p.inst_id == inst_id), Decimal(0))


def at_venue(venue: Any, inst_id: str = BTC) -> Decimal:
    """Signed contracts of the account."""
    rows = venue.truth()["positions"]
    return sum((Decimal(row["pos"]) for row in rows if row["instId"] == inst_id), Decimal(0))


def files_of(root: Path) -> dict[str, bytes]:
    found = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}
