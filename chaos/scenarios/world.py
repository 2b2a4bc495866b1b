"""What the world does while the trader is dead, through fakeokx's control API.

Each function does one thing and returns the fields of the ``inject`` event that says so. Where the
course of events left nothing to strike at it raises ``NothingToDo``: void, not green.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import fakeokx
from chaos.digest import JsonObject
from chaos.instruments import CONTRACTS
from chaos.market import net_contracts, same_way

_PAST_TRIGGER = Decimal("0.003")
_KEPT = {
    "orders": "instId ordId clOrdId algoClOrdId tag side sz state cTime reduceOnly accFillSz",
    "algos": "instId algoId algoClOrdId tag side sz state ordId",
    "fills": "instId tradeId ordId clOrdId tag side fillSz fillPx fee billId ts",
    "positions": "instId pos posSide mgnMode avgPx",
}


class NothingToDo(RuntimeError):
    """There is no stop, no position, no file to strike at."""


def stop_out(venue: fakeokx.Control, rng: random.Random) -> JsonObject:
    """Move a price past a waiting stop of ours; every stop that fired is named."""
    before = venue.truth()
    waiting = [row for row in before["algos"] if row["state"] == "live" and row["tag"]]
    if not waiting:
        raise NothingToDo("no stop of ours waits at the exchange")
    row = waiting[rng.randrange(len(waiting))]
    past = 1 - _PAST_TRIGGER if row["side"] == "sell" else 1 + _PAST_TRIGGER
    px = CONTRACTS[row["instId"]].on_tick(Decimal(row["slTriggerPx"]) * past)
    venue.price(row["instId"], px)
    live = {each["algoClOrdId"] for each in waiting}
    fired = [
        {"cl_ord_id": each["algoClOrdId"], "inst_id": each["instId"]}
        for each in venue.truth()["algos"]
        if each["algoClOrdId"] in live and each["state"] == "effective"
    ]
    return {"kind": "stop_out", "px": format(px, "f"), "stops": fired}


def hand_trade(venue: fakeokx.Control, rng: random.Random, way: str) -> JsonObject:
    """Trade by hand ``with`` the account's direction, or against it until it has ``flip``-ped."""
    truth = venue.truth()
    nets = {inst_id: net_contracts(truth, inst_id) for inst_id in sorted(CONTRACTS)}
    held = [inst_id for inst_id, net in nets.items() if net]
    if not held:
        raise NothingToDo("the account is flat")
    inst_id = held[rng.randrange(len(held))]
    net = nets[inst_id]
    side = same_way(net if way == "with" else -net)
    sz = CONTRACTS[inst_id].unit if way == "with" else abs(net) * 2
    return {
        "kind": f"hand_{way}",
        "inst_id": inst_id,
        "side": side,
        "sz": format(sz, "f"),
        "ord_id": venue.trade_by_hand(inst_id, side, sz),
        "net_before": format(net, "f"),
    }


def books(truth: Mapping[str, Any]) -> JsonObject:
    """What the judges need of the exchange's books."""
    kept: JsonObject = {
        name: [{field: row[field] for field in fields.split()} for row in truth[name]]
        for name, fields in _KEPT.items()
    }
    return kept | {"now_ms": truth["now_ms"]}
