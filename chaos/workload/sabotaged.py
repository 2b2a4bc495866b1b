"""The broker of ``intent-after-send``: orders leave first and are written down afterwards."""

from __future__ import annotations

from decimal import Decimal

from chaos.saboteurs.orders import SendFirst
from chaos.workload.broker import CcxtBroker


class SendFirstBroker(CcxtBroker):
    """Wrong on purpose."""

    _late: SendFirst | None = None

    def _send(
        self,
        agent_id: str,
        inst_id: str,
        side: str,
        sz: Decimal,
        *,
        reduce_only: bool,
        trigger_px: Decimal | None = None,
    ) -> str | None:
        kind = "order" if trigger_px is None else "algo"
        self._late = self._late or SendFirst(self._session)
        params = self._late.params(agent_id)
        words = {"cl_ord_id": params["clOrdId"], "agent_id": agent_id, "kind": kind}
        self._narrator.say(
            "order", phase="sending", inst_id=inst_id, side=side, reduce_only=reduce_only, **words
        )
        extra = {"reduceOnly": True} if reduce_only else {}
        answer = self._create(inst_id, side, sz, {**params, **extra, "tdMode": "cross"}, trigger_px)
        self._answer(words, answer["id"])
        self._late.write_down(agent_id, inst_id, side, str(sz), params, kind)
        return params["clOrdId"]
