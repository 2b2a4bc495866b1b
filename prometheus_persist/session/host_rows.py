"""The rows that a host's views yield, and what is refused in them.

A quantity is ``contracts(...)`` or ``coins(...)``: a bare number has no unit. A time has a zone, or
``tz`` is its zone. What is spelled in another way would be taken for something else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import get_args
from zoneinfo import ZoneInfo

from prometheus_persist.errors import BadValue
from prometheus_persist.reconcile.host_seen import HostRow
from prometheus_persist.state import BaseQty, Contracts, PositionKey
from prometheus_persist.state.models import MgnMode, PosSide, Side
from prometheus_persist.state.money import exact


@dataclass(frozen=True, slots=True)
class Held:
    """One position in a host's ledger; signed under ``net``.

    ``px`` is its average entry price (a number as the host keeps it), ``since`` when it was opened;
    leave out what the host does not keep. ``tz`` is the zone of a naive ``since``: a key like
    ``Asia/Shanghai`` or a tzinfo. Raises BadValue for a quantity without a unit, a naive time
    without a zone, and what is no number or no time.
    """

    agent_id: str
    inst_id: str
    mgn_mode: MgnMode
    pos_side: PosSide
    quantity: Contracts | BaseQty
    px: Decimal | float | str | None = None
    since: datetime | None = None
    tz: tzinfo | str | None = None

    def __post_init__(self) -> None:
        _refuse_odd(self.agent_id, self.inst_id, self.mgn_mode, self.pos_side)
        _refuse_bare(self.quantity)
        if self.px is not None:
            exact(self.px)
        _moment(self.since, self.tz)

    def row(self, ledger: str) -> HostRow:
        """As it is compared."""
        key = PositionKey(self.inst_id, self.mgn_mode, self.pos_side)
        px = None if self.px is None else exact(self.px)
        opened_ms, doubtful = _moment(self.since, self.tz)
        return HostRow(ledger, self.agent_id, key, self.quantity, px, opened_ms, doubtful)


def _moment(since: object, tz: tzinfo | str | None) -> tuple[int | None, bool]:
    """Unix ms, and whether the zone has that clock time twice or not at all; raises BadValue."""
    if since is None:
        return None, False
    if not isinstance(since, datetime):
        raise BadValue(f"{since!r} is no datetime: since is when the position was opened")
    if since.tzinfo is not None:
        return round(since.timestamp() * 1000), False
    if tz is None:
        raise BadValue(f"{since} has no zone: give tz as well, or a time with its zone")
    zone = _zone(tz)
    here = since.replace(tzinfo=zone)
    doubtful = here.utcoffset() != here.replace(fold=1 - here.fold).utcoffset() and not since.fold
    return round(here.timestamp() * 1000), doubtful


def _zone(tz: tzinfo | str) -> tzinfo:
    if isinstance(tz, tzinfo):
        return tz
    try:
        return ZoneInfo(tz)
    except (ValueError, KeyError, OSError, TypeError):
        raise BadValue(f"{tz!r} is no time zone that this machine knows") from None


@dataclass(frozen=True, slots=True)
class Dealt:
    """One execution in a host's ledger that keeps no positions."""

    agent_id: str
    inst_id: str
    mgn_mode: MgnMode
    pos_side: PosSide
    side: Side
    quantity: Contracts | BaseQty

    def __post_init__(self) -> None:
        _refuse_odd(self.agent_id, self.inst_id, self.mgn_mode, self.pos_side)
        _refuse_other(self.side, get_args(Side))
        _refuse_bare(self.quantity)

    def row(self, ledger: str) -> HostRow:
        """What it adds to its position."""
        adds = self.side == ("sell" if self.pos_side == "short" else "buy")
        key = PositionKey(self.inst_id, self.mgn_mode, self.pos_side)
        return HostRow(ledger, self.agent_id, key, self.quantity if adds else -self.quantity)


def _refuse_odd(agent_id: str, inst_id: str, mgn_mode: str, pos_side: str) -> None:
    for text in (agent_id, inst_id):
        if not isinstance(text, str):
            raise BadValue(f"{text!r} is no text")
    _refuse_other(mgn_mode, get_args(MgnMode))
    _refuse_other(pos_side, get_args(PosSide))


def _refuse_other(text: object, words: tuple[str, ...]) -> None:
    """What is spelled in another way would be taken for something else."""
    if text not in words:
        raise BadValue(f"{text!r}: there are {', '.join(words)}")


def _refuse_bare(quantity: object) -> None:
    if not isinstance(quantity, (Contracts, BaseQty)):
        raise BadValue(f"{quantity!r} has no unit: write contracts(...) or coins(...)")
