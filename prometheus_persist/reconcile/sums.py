"""What a snapshot keeps of the index, so that the first look at a long ledger need not read it.

``sums.json`` stands in the snapshot's archive beside the records that it sums up, under one seal
(``journal/archive.py``). It says of how many records of each of the ``SUMMED`` streams it is, and
has the id of each of them in their order, what they come to by owner, and the executions since the
last bill, whole. What was appended behind them is taken in on top (``books.py``).

Wrong sums must never make wrong books look right:
- they are of the first records of the very streams that lie beside them: whoever appends, appends;
  where a stream is removed, or brought to another schema, there are no sums any more (``Image``);
- they are used only where they are sound in themselves, of no more records than there are, with as
  many ids as records, the last of them that of the last record, and recent enough (``since_ms``);
  otherwise they are thrown away, and every record is read;
- ``wrong`` adds up the records again, and compares to the byte; ``verify`` asks it.

The same index gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import DecimalException
from typing import Any

import orjson

from prometheus_persist.errors import BadValue
from prometheus_persist.journal.records import Records
from prometheus_persist.reconcile.books import (
    SUMMED,
    EndedOrders,
    StreamIndex,
)
from prometheus_persist.reconcile.tally import in_order
from prometheus_persist.reconcile.views import Adoption
from prometheus_persist.state import PositionKey, contracts
from prometheus_persist.state.documents import CASH_FLOWS, INTENT_LOG, ORPHAN_FILLS, PUBLIC_TRADES
from prometheus_persist.state.exact_json import JsonObject, dumps
from prometheus_persist.state.money import exact

FORMAT = 1
AT_ONCE = 2_000  # ids that are written at a stretch
_ID = {
    PUBLIC_TRADES: "fill_id",
    ORPHAN_FILLS: "fill_id",
    CASH_FLOWS: "ref",
    INTENT_LOG: "cl_ord_id",
}
_UNSOUND = (KeyError, TypeError, ValueError, IndexError, AttributeError, DecimalException, BadValue)
Streams = Mapping[str, Sequence[JsonObject]]


def sums_of(index: StreamIndex) -> Callable[[], Iterator[bytes]]:
    """The sums of an index as it now stands, to be written while it goes on."""
    lists = {**index.ids, "agents": index.agents}
    counts = {name: len(found) for name, found in lists.items()}
    recent = [each for each in in_order(index.recent) if each[0] >= index.since_ms]
    told = {
        "format": FORMAT,
        "of": {name: counts[name] for name in SUMMED},
        "since_ms": index.since_ms,
        "money": {
            name: {kind: str(one) for kind, one in paid.items()}
            for name, paid in index.money.items()
        },
        "penalties": {ref: str(one) for ref, one in index.penalties.items()},
        "recorded": sorted(
            [owner, *_place(key), str(held.value)]
            for owner, booked in index.recorded.items()
            for key, held in booked.items()
        ),
        "written": [[name, *_written(one)] for name, one in index.written.items()],
        "nobodys": [[name, *_written(one)] for name, one in index.nobodys.items()],
        "sizes": {
            name: [str(ct_val), str(ct_mult), *index.sized[name]]
            for name, (ct_val, ct_mult) in index.sizes.items()
        },
        "recent": [list(each) for each in recent],
    }
    head = dumps(told)

    def pieces() -> Iterator[bytes]:
        yield head[:-1] + b',"ids":{'
        for number, (name, found) in enumerate(lists.items()):
            yield (b"," if number else b"") + dumps(name) + b":["
            for start in range(0, counts[name], AT_ONCE):
                some = orjson.dumps(found[start : min(start + AT_ONCE, counts[name])])
                yield (b"," if start else b"") + some[1:-1]
            yield b"]"
        yield b"}}"

    return pieces


def _place(key: PositionKey) -> list[str]:
    return [key.inst_id, key.mgn_mode, key.pos_side]


def _written(one: Adoption) -> list[Any]:
    texts = [str(one.qty_contracts.value), one.finding_id, str(one.entry_px)]
    return [*_place(one.key), *texts, one.since_ms, one.found_ms, one.owner]


def index_from(data: bytes | None, streams: Streams, since_ms: int) -> StreamIndex | None:
    """The index that these sums are of, to be taken on from there; None where they cannot be used.

    ``since_ms``: from when on executions are recent. Raises StoreDamaged where a record that is
    looked at is none.
    """
    if data is None:
        return None
    try:
        told = orjson.loads(data)
        if told["format"] != FORMAT or not 0 <= told["since_ms"] <= since_ms:
            return None
        index = _index(told, streams)
    except _UNSOUND:
        return None
    return index if _fits(index, told["of"], streams) else None


def _fits(index: StreamIndex, of: Mapping[str, int], streams: Streams) -> bool:
    """Whether it is of as many records as it says, and the last ones are the ones it knows."""
    for name in SUMMED:
        ids, records = index.ids[name], streams.get(name, ())
        if len(ids) != of[name] or len(ids) > len(records):
            return False
        if ids and records[len(ids) - 1].get(_ID[name]) != ids[-1]:
            return False
    return len(index.agents) == of[INTENT_LOG]


def _index(told: JsonObject, streams: Streams) -> StreamIndex:
    ids: dict[str, list[str]] = {name: told["ids"][name] for name in SUMMED}
    agents: list[str] = told["ids"]["agents"]
    orders = ids[INTENT_LOG]
    at = {name: number for number, name in enumerate(orders)}
    index = StreamIndex(
        booked={*ids[PUBLIC_TRADES], *ids[ORPHAN_FILLS]},
        flows=set(ids[CASH_FLOWS]),
        penalties={ref: exact(one) for ref, one in told["penalties"].items()},
        owners=dict(zip(orders, agents, strict=True)),
        ended=EndedOrders(streams.get(INTENT_LOG, ()), at),
        money={
            name: {kind: exact(one) for kind, one in paid.items()}
            for name, paid in told["money"].items()
        },
        written={name: _adoption(*row) for name, *row in told["written"]},
        nobodys={name: _adoption(*row) for name, *row in told["nobodys"]},
        sizes={
            name: (exact(ct_val), exact(ct_mult))
            for name, (ct_val, ct_mult, _, _) in told["sizes"].items()
        },
        sized={name: (ts_ms, rank) for name, (_, _, ts_ms, rank) in told["sizes"].items()},
        recent=[(ts_ms, rank, owner, record) for ts_ms, rank, owner, record in told["recent"]],
        since_ms=told["since_ms"],
        ids=ids,
        agents=agents,
    )
    for owner, inst_id, mgn_mode, pos_side, held in told["recorded"]:
        key = PositionKey(inst_id, mgn_mode, pos_side)
        index.recorded.setdefault(owner, {})[key] = contracts(held)
    return index


def _adoption(
    inst_id: str,
    mgn_mode: Any,
    pos_side: Any,
    quantity: str,
    finding_id: str,
    px: str,
    since_ms: int,
    found_ms: int,
    owner: str,
) -> Adoption:
    key = PositionKey(inst_id, mgn_mode, pos_side)
    return Adoption(key, contracts(quantity), finding_id, exact(px), since_ms, found_ms, owner)


def wrong(data: bytes, streams: Mapping[str, Records]) -> bool:
    """Whether these sums are not those of the first records of these streams."""
    try:
        told = orjson.loads(data)
        of = {name: told["of"][name] for name in streams.keys() & set(SUMMED)}
        index = StreamIndex()
        index.take({name: streams[name].part(0, of[name]) for name in of}, told["since_ms"])
    except _UNSOUND:
        return True
    return b"".join(sums_of(index)()) != data
