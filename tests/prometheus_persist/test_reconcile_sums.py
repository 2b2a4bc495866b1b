"""Sums that a snapshot keeps: an index begun with them is the one that reads every record, or they
are thrown away; and ``verify`` names those that are not of their records."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reconcile_world import World
from storekit import START_MS, StillClock
from test_recovery_closely import forge, members_of, told

from prometheus_persist.journal import records as held
from prometheus_persist.journal.archive import check, pack, unpack
from prometheus_persist.journal.change import Change, Image
from prometheus_persist.journal.frame import Tip
from prometheus_persist.journal.records import Records
from prometheus_persist.reconcile import sums
from prometheus_persist.reconcile.books import SUMMED, StreamIndex
from prometheus_persist.reconcile.reconciler import reconcile
from prometheus_persist.reconcile.sums import index_from, sums_of, wrong
from prometheus_persist.reconcile.views import Books
from prometheus_persist.recovery import restore, verify
from prometheus_persist.recovery.repair import repair
from prometheus_persist.session import Session
from prometheus_persist.state.documents import (
    CASH_FLOWS,
    INTENT_LOG,
    ORPHAN_FILLS,
    PUBLIC_TRADES,
)
from prometheus_persist.storage.fs import LocalFs

WORLD = World("A", "B")
for _owner, _side in (("A", "buy"), ("B", "sell"), (None, "buy")):
    WORLD.trade(_owner, _side, "3")
VIEW = WORLD.view()
BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
CLOCK = StillClock(START_MS + 10_000)
amounts = st.decimals(-9, 9, places=2).map(str)
times = st.integers(START_MS, START_MS + 9)


@st.composite
def executions(draw: st.DrawFn) -> dict[str, Any]:
    category = draw(st.sampled_from(["normal"] * 5 + ["written", "unwritten", "set_aside"]))
    found = {
        "agent_id": draw(st.sampled_from("AB")),
        "fill_id": f"{BTC}:{draw(st.integers(0, 99))}",
        "inst_id": draw(st.sampled_from([BTC, ETH])),
        "mgn_mode": "cross",
        "pos_side": draw(st.sampled_from(["net", "long", "short"])),
        "side": draw(st.sampled_from(["buy", "sell"])),
        "qty_contracts": str(draw(st.integers(1, 9))),
        "px": "100.10",
        "fee": draw(amounts),
        "pnl": draw(amounts),
        "ts_ms": draw(times),
        "category": category,
    }
    if draw(st.booleans()):
        found |= {"ct_val": draw(st.sampled_from(["0.01", "0.10"])), "ct_mult": "1"}
    if category in ("written", "unwritten"):
        finding_id = draw(st.sampled_from(["w1", "w2"]))
        found |= {"finding_id": finding_id, "since_ms": 3, "found_ms": 4}
        found |= {"undoes": finding_id} if category == "unwritten" else {}
    return found


@st.composite
def orphans(draw: st.DrawFn) -> dict[str, Any]:
    found = draw(executions())
    category = draw(st.sampled_from(["normal", "normal", "adopted", "released"]))
    if found["category"] in ("written", "unwritten"):
        found["category"] = "normal"
    del found["agent_id"]
    if category != "normal":
        del found["side"]
        finding_id = draw(st.sampled_from(["a1", "a2"]))
        found |= {"finding_id": finding_id, "found_ms": 4, "category": category}
        found |= {"undoes": finding_id} if category == "released" else {}
    return found


@st.composite
def flows(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "ref": f"r{draw(st.integers(0, 99))}",
        "agent_id": draw(st.sampled_from(["", "A", "B"])),
        "kind": draw(st.sampled_from(["funding", "liquidation_penalty"])),
        "amount": draw(amounts),
    }


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "cl_ord_id": f"o{draw(st.integers(0, 9))}",
        "agent_id": draw(st.sampled_from("AB")),
        "inst_id": BTC,
        "mgn_mode": "cross",
        "pos_side": "net",
        "side": "buy",
        "qty_contracts": "2",
        "outcome": draw(st.sampled_from(["FILLED", "CANCELED"])),
    }


KINDS = {
    PUBLIC_TRADES: executions(),
    ORPHAN_FILLS: orphans(),
    CASH_FLOWS: flows(),
    INTENT_LOG: orders(),
}
ledgers = st.fixed_dictionaries({name: st.lists(one, max_size=12) for name, one in KINDS.items()})


def part(ledger: dict[str, list[Any]], counts: list[int]) -> dict[str, Records]:
    rows = zip(ledger.items(), counts, strict=True)
    return {name: Records(copy.deepcopy(found[:count])) for (name, found), count in rows}


def whole(ledger: dict[str, list[Any]]) -> dict[str, Records]:
    return part(ledger, [len(found) for found in ledger.values()])


def books(index: StreamIndex, streams: dict[str, Records], since_ms: int) -> Books:
    state = copy.copy(WORLD.state)
    state.account_cash = state.account_cash.model_copy(update={"bills_ms": since_ms})
    return index.books(state, streams)


def shape(value: Any) -> Any:
    """A value as text, exponents and all, whatever order its keys are in."""
    if isinstance(value, Mapping):
        return sorted((repr(key), shape(each)) for key, each in value.items())
    return sorted(value) if isinstance(value, set) else repr(value)


def same(one: Books, other: Books) -> None:
    for field in fields(Books):
        assert shape(getattr(one, field.name)) == shape(getattr(other, field.name)), field.name
    assert reconcile(one, VIEW).plan_hash == reconcile(other, VIEW).plan_hash


def cut(data: st.DataObject, ledger: dict[str, list[Any]]) -> list[int]:
    return [data.draw(st.integers(0, len(found))) for found in ledger.values()]


@given(ledgers, st.data())
@settings(max_examples=300, deadline=None)
def test_books_begun_with_sums_are_those_of_every_record(
    ledger: dict[str, list[Any]], data: st.DataObject
) -> None:
    """Cut anywhere, kept twice on the way, in whatever portions the ledger was taken in."""
    before, since_ms = data.draw(times), data.draw(times)
    first, second = cut(data, ledger), cut(data, ledger)
    index = StreamIndex()
    index.take(part(ledger, first), before)
    kept = b"".join(sums_of(index)())
    assert not wrong(kept, part(ledger, first))
    middle = [max(pair) for pair in zip(first, second, strict=True)]
    again = index_from(kept, part(ledger, middle), before)
    assert again is not None
    again.take(part(ledger, middle), before)
    kept = b"".join(sums_of(again)())
    streams = whole(ledger)
    assert not wrong(kept, streams)
    begun = index_from(kept, streams, since_ms)
    assert (begun is None) == (since_ms < before)
    if begun is not None:
        same(books(begun, streams, since_ms), books(StreamIndex(), streams, since_ms))


@given(ledgers, st.data())
@settings(max_examples=200, deadline=None)
def test_wrong_sums_are_thrown_away_or_named(
    ledger: dict[str, list[Any]], data: st.DataObject
) -> None:
    """Whatever is changed in them: not used, or named by whoever adds up again; used they are only
    where nothing was said that is not so."""
    streams = whole(ledger)
    index = StreamIndex()
    index.take(streams, START_MS)
    kept = b"".join(sums_of(index)())
    found = orjson.loads(kept)
    name = data.draw(st.sampled_from([name for name in SUMMED if ledger[name]] or ["none"]))
    match data.draw(st.sampled_from(["of", "lags", "id", "money", "recorded", "since", "size"])):
        case "of":
            found["of"][data.draw(st.sampled_from(SUMMED))] += data.draw(st.sampled_from([-1, 1]))
            assert index_from(orjson.dumps(found), streams, START_MS) is None
        case "lags" if name != "none":  # of the sums themselves, not of what they say they are of
            short = {**ledger, name: ledger[name][:-1]}
            index = StreamIndex()
            index.take(whole(short), START_MS)
            lagging = orjson.loads(b"".join(sums_of(index)()))
            lagging["of"], lagging["ids"] = found["of"], found["ids"]
            found = lagging
        case "id" if name != "none":
            found["ids"][name][data.draw(st.integers(0, len(ledger[name]) - 1))] += "x"
        case "money" if found["money"]:
            owner = data.draw(st.sampled_from(sorted(found["money"])))
            found["money"][owner]["fee"] = "77.7"
        case "recorded" if found["recorded"]:
            found["recorded"][0][-1] = "77"
        case "since":
            found["since_ms"] = START_MS + 100
        case "size" if found["sizes"]:
            found["sizes"].popitem()
    bad = orjson.dumps(found)
    if bad != kept:
        assert index_from(bad, streams, START_MS) is None or wrong(bad, streams)


def test_sums_of_other_streams_are_not_used() -> None:
    """Of another store, or of this one's streams the wrong way round."""
    row = {"inst_id": BTC, "mgn_mode": "cross", "pos_side": "net", "side": "buy", "fee": "0"}
    row |= {"qty_contracts": "1", "ts_ms": START_MS, "agent_id": "A", "pnl": "0"}
    mine, other = ([{**row, "fill_id": f"{BTC}:{n}"} for n in numbers] for numbers in ("12", "13"))
    index = StreamIndex()
    index.take({PUBLIC_TRADES: mine})
    kept = b"".join(sums_of(index)())
    assert index_from(kept, {PUBLIC_TRADES: Records(mine)}, 0) is not None
    for streams in ({PUBLIC_TRADES: other}, {ORPHAN_FILLS: mine}, {PUBLIC_TRADES: mine[:1]}, {}):
        assert index_from(kept, streams, 0) is None
        assert wrong(kept, {name: Records(rows) for name, rows in streams.items()})


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"null", b"\xff", b'{"format":2}'])
def test_what_is_no_sums_is_not_used(data: bytes) -> None:
    assert index_from(data, {}, START_MS) is None
    assert wrong(data, {})
    assert index_from(None, {}, START_MS) is None


def test_a_failed_take_begins_anew() -> None:
    """What was added up before a record that cannot be is not added up twice."""
    flow = {"ref": "1", "agent_id": "A", "kind": "funding", "amount": "2"}
    index = StreamIndex()
    with pytest.raises(KeyError):
        index.take({CASH_FLOWS: [flow, {"ref": "2"}]})
    index.take({CASH_FLOWS: [flow]})
    assert index.money == {"A": {"funding": 2}}


def test_sums_go_with_their_streams() -> None:
    """Kept while records are added; gone with a stream that is removed, and in a copy."""
    image = Image()
    image.apply(Change("x", add={"s": [{"n": 1}], "t": [{"n": 1}]}), 1, START_MS)
    packed = pack(image, Tip(1, 1, bytes(32), START_MS), sums=lambda: [b'{"a":', b"1}"])
    assert check(packed, "s.zip").seq == 1
    assert unpack(packed, "s.zip", keep=False)[0].sums is None
    for closely in (True, False):
        back = unpack(packed, "s.zip", closely=closely)[0]
        assert back == image
        assert back.sums == b'{"a":1}'
        back.apply(Change("x", add={"s": [{"n": 2}]}, remove=["no stream"]), 2, START_MS)
        assert back.sums == b'{"a":1}'
        back.apply(Change("x", remove=["t"]), 3, START_MS)
        assert back.sums is None


def taken(root: Any) -> Any:
    """A store with a snapshot that has sums; returns that."""
    told(root)
    with Session.open(root, clock=CLOCK) as session:
        session.recover(None)
        return root / session.snapshot()


def test_a_recovery_reads_no_old_record(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one of each stream apart; and what was booked since is in the books."""
    taken(tmp_path)
    with Session.open(tmp_path, clock=CLOCK) as session:
        more = {**session._store.image.streams[PUBLIC_TRADES][0], "fill_id": f"{BTC}:new"}
        session._store.commit(Change("x", add={PUBLIC_TRADES: [more]}))
    proven, read = held._proven, []
    monkeypatch.setattr(held, "_proven", lambda *a: read.append(a[1]) or proven(*a))
    with Session.open(tmp_path, clock=CLOCK, visit=True) as session:
        session.recover(None)
        found = session._context.books()
        assert sum(read) <= len(SUMMED)
        monkeypatch.undo()
        streams = dict(session._store.image.streams)
        due = StreamIndex().books(session.state, streams)
        assert f"{BTC}:new" in found.booked_fills
        assert len(found.booked_fills) == len(streams[PUBLIC_TRADES])
        for name in ("booked_fills", "money", "recorded", "moves", "adopted", "sizes"):
            assert getattr(found, name) == getattr(due, name)


def test_sums_are_handed_on_by_who_did_not_look(tmp_path: Any) -> None:
    """A session that only saves keeps what the last snapshot had; ``verify`` finds it right."""
    first = taken(tmp_path)
    with Session.open(tmp_path, clock=StillClock(START_MS + 99_000)) as session:
        second = tmp_path / session.snapshot()
    assert second != first
    assert members_of(second)["sums.json"] == members_of(first)["sums.json"]
    assert verify(LocalFs(tmp_path), clock=CLOCK).sound
    assert restore(LocalFs(tmp_path), clock=CLOCK).image.sums == members_of(first)["sums.json"]


def test_wrong_sums_of_a_snapshot_are_named_and_repaired(tmp_path: Any) -> None:
    """With checksums that fit: no accident, a mistake of ours. The state is what it was."""
    path = taken(tmp_path)
    good = restore(LocalFs(tmp_path), clock=CLOCK).image
    bad = orjson.loads(members_of(path)["sums.json"])
    owner = next(name for name in bad["money"] if name)
    bad["money"][owner]["pnl"] = "1000000"
    forge(path, sums_json=orjson.dumps(bad))
    seen = verify(LocalFs(tmp_path), clock=CLOCK)
    name = f"snapshots/{path.name}"
    problem = "its sums are not those of its records"
    assert [(one.file, one.problem) for one in seen.facts.damages] == [(name, problem)]
    assert seen.facts.base == name
    assert seen.digest == good.digest()
    assert [(s.path, s.action) for s in repair(LocalFs(tmp_path), CLOCK).steps] == [
        (name, "moved aside")
    ]
    assert verify(LocalFs(tmp_path), clock=CLOCK).sound
    assert restore(LocalFs(tmp_path), clock=CLOCK).image.sums is None


def test_sums_that_are_none_are_thrown_away_by_an_opening(tmp_path: Any) -> None:
    """The books are those of the records."""
    path = taken(tmp_path)
    forge(path, sums_json=b'{"format":1}')
    with Session.open(tmp_path, clock=CLOCK) as session:
        session.recover(None)
        due = StreamIndex().books(session.state, dict(session._store.image.streams))
        assert session._context.books().booked_fills == due.booked_fills
        assert session._context.books().money == due.money
    assert sums.FORMAT == 1
