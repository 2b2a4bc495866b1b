"""When a host's ledgers last agreed with the typed books, as it is written beside the host.

One document, ``host/agreed``: by ledger sequence, our clock, how many records ``public_trades``
had, what was held (lists of agent, instId, mgnMode, posSide, contracts), and the places that have
another mark or none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from prometheus_persist.reconcile.host_seen import HostMark, LedgerMarks, Place
from prometheus_persist.state import PositionKey, contracts
from prometheus_persist.state.exact_json import JsonObject

AGREED: Final = "host/agreed"
Marks = Mapping[str, LedgerMarks]


def marks_to_json(marks: Marks) -> JsonObject:
    """As it is written."""
    return {"ledgers": {name: _ledger(one) for name, one in sorted(marks.items())}}


def marks_from_json(written: JsonObject | None) -> dict[str, LedgerMarks]:
    """As it was written; nothing where nothing was."""
    told = (written or {}).get("ledgers", {})
    return {
        name: LedgerMarks(
            row["seq"],
            row["ms"],
            row["trades"],
            {_place(one): contracts(one[4]) for one in row["held"]},
            {_place(one): _mark(one[4]) for one in row["but"]},
        )
        for name, row in told.items()
    }


def _ledger(one: LedgerMarks) -> JsonObject:
    held = [[agent, *key, str(size)] for (agent, key), size in sorted(one.held.items())]
    but = [
        [agent, *key, mark and [mark.seq, mark.ms, mark.trades, str(mark.held), mark.spent]]
        for (agent, key), mark in sorted(one.but.items(), key=lambda each: each[0])
    ]
    return {"seq": one.seq, "ms": one.ms, "trades": one.trades, "held": held, "but": but}


def _place(row: list[Any]) -> Place:
    agent, inst_id, mgn_mode, pos_side = row[:4]
    return agent, PositionKey(inst_id, mgn_mode, pos_side)


def _mark(row: list[Any] | None) -> HostMark | None:
    if row is None:
        return None
    seq, ms, trades, held, spent = row
    return HostMark(seq, ms, trades, contracts(held), spent)
