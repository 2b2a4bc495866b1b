"""A desk: a gate on a store in memory, and what its disk holds at this moment."""

from __future__ import annotations

from typing import Any

from storekit import HookFs, StillClock, founding, open_store

from prometheus_persist.recovery import restore
from prometheus_persist.saving import IntentGate, Saver
from prometheus_persist.state import state_from
from prometheus_persist.testing.memory_fs import MemoryFs

A = "LiveAgent_01"
CLOCK = StillClock()


class Desk:
    """A gate on a store in memory, and what the disk holds at this moment."""

    def __init__(self, disk: MemoryFs | None = None, hook: Any = None, **gate: Any) -> None:
        self.disk = disk or MemoryFs()
        store = open_store(HookFs(self.disk, hook) if hook else self.disk, CLOCK)
        if not store.image.documents:
            store.commit(founding())
        self.saver = Saver(store, state_from(store.image.documents))
        self.gate = IntentGate(self.saver, CLOCK, **gate)
        self.gate.open()

    def on_disk(self, cl_ord_id: str) -> dict[str, Any] | None:
        """The intent as a restore after a power cut at this moment would find it."""
        return restore(self.disk.after_power_cut(), clock=CLOCK).documents.get(
            f"intents/{cl_ord_id}"
        )

    def ended(self) -> list[Any]:
        return restore(self.disk.after_power_cut(), clock=CLOCK).streams.get("intent_log", [])
