"""What the streams already hold, by id: booked fills, ended orders and whose they were."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prometheus_persist.state import OrderIntent, SystemState
from prometheus_persist.state.documents import INTENT_LOG, ORPHAN_FILLS, PUBLIC_TRADES
from prometheus_persist.state.exactjson import JsonObject

if TYPE_CHECKING:
    from prometheus_persist.reconcile.views import Books


@dataclass(slots=True)
class StreamIndex:
    """An index that keeps up with the growth of the streams."""

    booked: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    ended: dict[str, OrderIntent] = field(default_factory=dict)
    _seen: dict[str, int] = field(default_factory=dict)

    def books(self, state: SystemState, streams: Mapping[str, list[JsonObject]]) -> Books:
        """The three-book comparison's own side, as it stands until something is saved.

        Costs what is open and new, not what has ever been booked: nothing is copied.
        """
        from prometheus_persist.reconcile.views import Books

        self.take(streams)
        waiting = {key: item.agent_id for key, item in state.intents.items()}
        return Books(state, self.booked, ChainMap(waiting, self.owners), self.ended)

    def take(self, streams: Mapping[str, list[JsonObject]]) -> None:
        """Read what has been appended since the last time."""
        for name in (PUBLIC_TRADES, ORPHAN_FILLS, INTENT_LOG):
            records = streams.get(name, [])
            for record in records[self._seen.get(name, 0) :]:
                if name == INTENT_LOG:
                    intent = OrderIntent.model_validate(record)
                    self.owners[intent.cl_ord_id] = intent.agent_id
                    self.ended[intent.cl_ord_id] = intent
                else:
                    self.booked.add(record["fill_id"])
            self._seen[name] = len(records)
