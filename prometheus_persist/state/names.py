"""What documents and streams are called, apart from the models: a look at a store takes none."""

from __future__ import annotations

from typing import Final

PUBLIC_TRADES: Final = "public_trades"
ORPHAN_FILLS: Final = "orphan_fills"
INTENT_LOG: Final = "intent_log"
CASH_FLOWS: Final = "cash_flows"
HOST: Final = "host"
DEAD: Final = "DEAD"
"""The state of an agent that does not trade any more."""


def private_trades(agent_id: str) -> str:
    """The name of an agent's own stream."""
    return f"private_trades/{agent_id}"
