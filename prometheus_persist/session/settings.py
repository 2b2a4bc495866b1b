"""What a host may choose about its session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from prometheus_persist.errors import BadConfig
from prometheus_persist.storage.committer import MirrorSync, StoreOptions
from prometheus_persist.storage.retention import HISTORY_BYTES_MAX, HISTORY_HOURS, HISTORY_HOURS_MAX

Detect = Literal["everything", "marked"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a host may choose. Raises BadConfig for what cannot be carried out."""

    save_every_cycles: int = 5
    snapshot_every_s: float = 3600.0
    snapshots_kept: int = 3
    history_hours: float = HISTORY_HOURS
    in_flight_ms: int = 3_000
    mirror: MirrorSync = "behind"
    mirror_sync_ms: int = 50
    background: bool = True
    detect: Detect = "everything"
    history_bytes_max: int = HISTORY_BYTES_MAX
    tail_commits_max: int = 50_000
    tail_bytes_max: int = 64 * 1024 * 1024

    def __post_init__(self) -> None:
        for name in ("save_every_cycles", "snapshots_kept"):
            if getattr(self, name) < 1:
                raise BadConfig(f"{name} is {getattr(self, name)}, at least 1 is due")
        if not 0 <= self.history_hours < HISTORY_HOURS_MAX:
            raise BadConfig(f"history_hours is {self.history_hours}, not 0 to {HISTORY_HOURS_MAX}")
        if self.snapshot_every_s <= 0 or self.in_flight_ms < 0:
            raise BadConfig("snapshot_every_s must be positive, in_flight_ms not negative")
        if self.mirror not in get_args(MirrorSync) or self.mirror_sync_ms < 1:
            raise BadConfig(f"mirror is one of {get_args(MirrorSync)}, mirror_sync_ms at least 1")

    @property
    def store(self) -> StoreOptions:
        """What of it concerns the store."""
        return StoreOptions(mirror=self.mirror, mirror_sync_ms=self.mirror_sync_ms)
