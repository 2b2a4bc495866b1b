"""Case H: positions whose agent does not live.

1. The owner is proven and stays the owner: nothing is moved. Nobody manages the position any more,
   so it is told and its instrument takes no new entries; orders that reduce pass.
2. An order of the dead agent that is still open on the instrument may be closing it: not reported
   before that has ended.
3. An agent of whom there is no document at all is case C.
"""

from __future__ import annotations

from prometheus_persist.reconcile.compare import LedgerPair
from prometheus_persist.reconcile.finding import finding
from prometheus_persist.reconcile.findings.intents import is_known
from prometheus_persist.reconcile.outcome import ProjectedBooks
from prometheus_persist.reconcile.plan import Case, Evidence, Finding, FreezeInstrument, Resolution
from prometheus_persist.reconcile.views import Books
from prometheus_persist.state import PositionKey

REASON = "a dead agent holds a position"


def dead_holders(
    books: Books, pairs: tuple[LedgerPair, ...], after: ProjectedBooks, settled: frozenset[str]
) -> list[Finding]:
    """One finding per dead agent and key; ``settled`` are the clOrdIds that the plan ends."""
    closing = {
        (intent.agent_id, intent.inst_id)
        for name, intent in books.state.intents.items()
        if name not in settled
    }
    dead = [pair.agent_id for pair in pairs if pair.known and not _lives(books, pair.agent_id)]
    found = [
        _finding(name, key, str(after.held(name, key)))
        for name in dead
        for key in sorted(after.held_keys())
        if after.held(name, key) and (name, key.inst_id) not in closing
    ]
    return [one for one in found if not is_known(books.state.freeze, one)]


def _lives(books: Books, agent_id: str) -> bool:
    return books.state.agents[agent_id].alive


def _finding(agent_id: str, key: PositionKey, contracts: str) -> Finding:
    return finding(
        "dead_holder",
        Case.H,
        Resolution.ORPHAN,
        agent_id=agent_id,
        key=key,
        params={"key": str(key), "inst_id": key.inst_id, "contracts": contracts},
        evidence=[Evidence("agent", agent_id, {"state": "DEAD", "contracts": contracts})],
        corrections=lambda finding_id: (FreezeInstrument(key.inst_id, REASON, finding_id),),
    )
