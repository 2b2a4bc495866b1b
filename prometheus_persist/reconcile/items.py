"""The compared items and their verdicts: of every agent, and of every position of a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from prometheus_persist.state import PositionKey


class Verdict(StrEnum):
    """What is said of one compared item."""

    MATCH = "MATCH"
    MISMATCH = "MISMATCH"
    UNKNOWN = "UNKNOWN"


class Item(StrEnum):
    """The compared items, in the order of the report."""

    SIZE = "size"
    DIRECTION = "direction"
    ENTRY_PX = "entry_px"
    HOLDING_TIME = "holding_time"
    CAPITAL = "capital"
    OWNER = "owner"


PRIORITY: Mapping[Item, str] = {
    Item.SIZE: "P0",
    Item.DIRECTION: "P0",
    Item.ENTRY_PX: "P1",
    Item.HOLDING_TIME: "P2",
    Item.CAPITAL: "P1",
    Item.OWNER: "P0",
}


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """One item of one agent. ``before`` the corrections, with a note where it is not MATCH."""

    agent_id: str
    item: Item
    verdict: Verdict
    note: str = ""


@dataclass(frozen=True, slots=True)
class HostItem:
    """One item of a position in one of a host's own ledgers, before the corrections.

    ``item`` is size, direction (side and margin mode), entry price or holding time. ``shown`` is
    what the host has, ``due`` what the typed books come to (texts; times Unix ms; "" for none).
    ``note`` is the finding's id, or a message id that says why it is UNKNOWN.
    """

    ledger: str
    agent_id: str
    key: PositionKey
    item: Item
    verdict: Verdict
    shown: str = ""
    due: str = ""
    note: str = ""
