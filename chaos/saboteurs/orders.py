"""``intent-after-send``: the order leaves first, and is written down afterwards.

Every test that is not killed in between passes. The clOrdId is a proper one, of the right agent; it
is only unknown to the books while the order is already at the exchange.
"""

from __future__ import annotations

from prometheus_persist.session import Session
from prometheus_persist.state import OrderIntent, contracts

_NUMBERS_FROM = 36**6


class SendFirst:
    """Makes ids for orders that nobody has written down yet, and writes them down late."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._sent = 0

    def params(self, agent_id: str) -> dict[str, str]:
        """``clOrdId`` and ``tag`` for the next order."""
        registry = self._session.state.registry
        self._sent += 1
        cl_ord_id = registry.cl_ord_id(agent_id, self._session.epoch, _NUMBERS_FROM + self._sent)
        return {"clOrdId": cl_ord_id, "tag": registry.rows[agent_id].tag}

    def write_down(
        self, agent_id: str, inst_id: str, side: str, sz: str, params: dict[str, str], kind: str
    ) -> None:
        """The intent, after the fact."""
        self._session.state.intents[params["clOrdId"]] = OrderIntent.model_validate(
            {
                "cl_ord_id": params["clOrdId"],
                "agent_id": agent_id,
                "inst_id": inst_id,
                "mgn_mode": "cross",
                "pos_side": "net",
                "side": side,
                "kind": kind,
                "qty_contracts": contracts(sz),
                "tag": params["tag"],
                "epoch": self._session.epoch,
                "outcome": "ACCEPTED",
            }
        )
        self._session.save("late intent")
