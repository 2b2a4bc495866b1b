"""The index of what is booked: a long ledger at once is the same ledger record by record."""

from __future__ import annotations

import copy
from dataclasses import fields
from decimal import Decimal, DecimalException
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prometheus_persist.errors import BadValue
from prometheus_persist.journal import records
from prometheus_persist.journal.records import Block, Records, block_of
from prometheus_persist.reconcile import books, tally
from prometheus_persist.reconcile.books import StreamIndex
from prometheus_persist.state import PositionKey, SystemState, contracts

BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
COMMON = {"mgn_mode": "cross", "px": "100", "ct_val": "0.01", "ct_mult": "1"}


def record(number: int, **more: Any) -> dict[str, Any]:
    return {
        **COMMON,
        "agent_id": "ABC"[number % 3],
        "fill_id": f"{BTC}:{number}",
        "inst_id": (BTC, ETH)[number % 2],
        "pos_side": ("net", "long", "short")[number % 3],
        "side": ("buy", "sell")[number // 2 % 2],
        "qty_contracts": f"{number % 5 + 1}.5",
        "fee": f"-0.{number}",
        "pnl": f"{number - 20}.25",
        "ts_ms": 1000 + number,
        "category": "normal",
        **more,
    }


def ledger() -> list[dict[str, Any]]:
    written = {"finding_id": "w1", "since_ms": 3, "found_ms": 4, "fee": "0", "pnl": "0"}
    adopted = {"finding_id": "a1", "since_ms": 3, "found_ms": 4, "fill_id": "x:a1"}
    found = [record(number) for number in range(40)]
    found[7] = record(7, category="written", **written)
    found[11] = record(11, category="adopted", agent_id="", **adopted)
    found[13] = record(13, category="resized", ct_val="0.1")
    found[17] = record(17, category="set_aside")
    found[19] = record(19, ts_ms=5, ct_val="7")  # late: not the size it has now
    found[23] = record(23, category="unwritten", undoes="w1", **written)
    return found


def test_what_liquidations_cost_is_kept_by_ref() -> None:
    """Of all flows of money only these: what a life's penalty comes to is added up of them."""
    index = StreamIndex()
    paid = [
        {"ref": "7:1:penalty:-3:A", "agent_id": "A", "kind": "liquidation_penalty", "amount": "-3"},
        {"ref": "99", "agent_id": "A", "kind": "funding", "amount": "-1"},
        {"ref": "7:1:penalty:-5:A", "agent_id": "A", "kind": "liquidation_penalty", "amount": "-2"},
    ]
    index.take({"cash_flows": paid})
    due = {"7:1:penalty:-3:A": Decimal(-3), "7:1:penalty:-5:A": Decimal(-2)}
    assert index.books(SystemState(), {"cash_flows": paid}).penalties == due
    assert index.flows == {"7:1:penalty:-3:A", "99", "7:1:penalty:-5:A"}


def test_a_ledger_at_once_is_the_ledger_record_by_record() -> None:
    rows = ledger()
    whole, piecemeal = StreamIndex(), StreamIndex()
    whole.take({"public_trades": copy.deepcopy(rows)}, 1010)
    for count in range(1, len(rows) + 1):
        piecemeal.take({"public_trades": rows[:count]}, 1010)
    for field in fields(StreamIndex):
        if field.name == "lately":  # worked out of the others once it is asked for
            continue
        assert getattr(whole, field.name) == getattr(piecemeal, field.name), field.name


def test_quantities_are_added_up_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted does not pile up; text and numbers that look alike are not taken for one
    another, and the books come out to the same digit."""
    rows = [*ledger(), record(40, qty_contracts=2), record(43, qty_contracts="2.00")]
    rows += [record(52, qty_contracts=2.0), record(49, qty_contracts="2")]
    whole, often = StreamIndex(), StreamIndex()
    whole.take({"public_trades": copy.deepcopy(rows)})
    monkeypatch.setattr(tally, "KEPT_APART_MAX", 0)
    monkeypatch.setattr(records, "TAIL_RECORDS_MAX", 1)
    monkeypatch.setattr(records, "BLOCK_RECORDS_MAX", 3)
    often.take({"public_trades": Records(rows)})
    assert repr(often.recorded) == repr(whole.recorded)
    assert repr(often.money) == repr(whole.money)
    held = {}
    for row in rows:
        if row["category"] not in ("adopted", "resized", "set_aside"):
            owner, (key, change) = row["agent_id"], tally.moved_by(row)
            held[owner, key] = held.get((owner, key), contracts("0")) + change
    assert held == {
        (a, key): one for a, each in whole.recorded.items() for key, one in each.items()
    }


def test_what_moved_lately_is_worked_out_for_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once; and books that were given out stay what they were."""
    made: list[str] = []
    step = tally.moved_by
    monkeypatch.setattr(tally, "moved_by", lambda row: made.append(row["fill_id"]) or step(row))
    rows, index = ledger(), StreamIndex()
    first = index.books(SystemState(), {"public_trades": rows[:10]})
    second = index.books(SystemState(), {"public_trades": rows})
    assert not made
    assert len(first.moves) == len(first.booked_fees) == 10
    assert len(made) == 10
    again = index.books(SystemState(), {"public_trades": rows})
    assert again.moves == second.moves
    assert len(second.moves) == 37  # but for what is adopted, resized or set aside
    assert len(made) == 10 + 37


def test_what_an_index_adds_up_is_what_pencil_and_paper_do() -> None:
    index = StreamIndex()
    index.take(
        {
            "public_trades": [
                record(0, agent_id="A", inst_id=BTC, pos_side="net", side="buy", pnl="1.10"),
                record(1, agent_id="A", inst_id=BTC, pos_side="net", side="sell", pnl="-0.2"),
                record(2, agent_id="B", inst_id=ETH, pos_side="short", side="sell", pnl="0"),
                record(3, agent_id="B", inst_id=ETH, pos_side="short", side="buy", pnl="3"),
            ],
            "orphan_fills": [record(4, agent_id="", pnl="7")],
        }
    )
    assert index.recorded == {
        "A": {PositionKey(BTC, "cross", "net"): contracts("-1")},  # 1.5 bought, 2.5 sold
        "B": {PositionKey(ETH, "cross", "short"): contracts("-1")},  # 3.5 sold, 4.5 bought back
    }
    assert index.money["A"] == {"pnl": Decimal("0.90"), "fee": Decimal("-0.1")}
    assert index.money[""] == {"pnl": Decimal(7), "fee": Decimal("-0.4")}


@pytest.mark.parametrize(
    "odd",
    [
        {"qty_contracts": "many"},
        {"qty_contracts": "NaN"},
        {"qty_contracts": True},
        {"fee": "NaN"},
        {"pnl": "Infinity"},
        {"pnl": "1e39", "fee": "0"},
    ],
)
def test_what_has_no_exact_sum_is_refused_in_a_long_ledger_too(odd: dict[str, Any]) -> None:
    rows = [record(0, pnl="1e-80", agent_id="A"), record(3, agent_id="A", **odd), record(6)]
    with pytest.raises(BadValue):
        StreamIndex().take({"public_trades": rows})


def test_true_is_no_quantity_beside_a_one() -> None:
    """The two are equal to Python, and would be counted as one."""
    rows = [record(0, qty_contracts=1), record(12, qty_contracts=True)]
    with pytest.raises(BadValue):
        StreamIndex().take({"public_trades": rows})


NUMBERS = ["0", "0.00", "-0.0", "1.50", "-2", "1e3", "1e-80", "1e39", "9" * 100, "", "NaN", "many"]
CHANGES: dict[str, list[Any]] = {
    "agent_id": ["A", "B", "\u4e2d", "", 7],
    "fill_id": [f"{BTC}:1", 5],
    "inst_id": [BTC, ETH],
    "pos_side": ["net", "long", "short", "up"],
    "qty_contracts": [*NUMBERS, 2, True],
    "fee": [*NUMBERS, 1, 0.5, None],
    "pnl": [*NUMBERS, 1, 0.5, None],
    "ts_ms": [*range(996, 1004), -1, "1000"],
    "category": ["normal", "liquidation", "set_aside", "resized", "written", "adopted", None],
    "ct_val": ["0.01", "0.1", "NaN", 3],
    "note": ['a \\ or a "', "x"],
}
CHANGED = st.sampled_from([*CHANGES]).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from([*CHANGES[name], ...]))
)


@st.composite
def portions(draw: st.DrawFn) -> list[Block]:
    """Executions of which most are alike: some fields change from one to the other, the last of
    these at random; some are changed in all of them; an ellipsis is a field that is not there."""
    common = dict(draw(st.lists(CHANGED, max_size=1)))
    found = []
    for size in draw(st.lists(st.integers(1, 6), max_size=4)):
        rows = []
        for number in range(size):
            own: dict[str, Any] = {"px": "1", "found_ms": 2, "since_ms": 3, "finding_id": "f"}
            own["ts_ms"] = draw(st.integers(996, 1004))
            own["ct_val"] = draw(st.sampled_from(["0.01", "0.1"]))
            own |= common | dict(
                draw(st.lists(CHANGED, max_size=draw(st.sampled_from([0, 0, 0, 2]))))
            )
            row = record(number + 10 * len(found), **own)
            rows.append({name: each for name, each in row.items() if each is not ...})
        found.append(block_of(rows))
    return found


OTHERS = ("lately", "booked", "ended")  # worked out of the rest, or compared apart, or of orders
SHOWN = [each.name for each in fields(StreamIndex) if each.name not in OTHERS]


def indexed(held: list[Block], since_ms: int) -> Any:
    """Everything that an index has of these, or why there is none."""
    stream, index = Records(), StreamIndex()
    for block in held:
        stream.append_block(block)
    try:
        index.take({"public_trades": stream}, since_ms)
    except (BadValue, KeyError, TypeError, ValueError, DecimalException) as problem:
        return type(problem), str(problem)
    assert index.booked == {*index.ids["public_trades"]}
    return {name: repr(getattr(index, name)) for name in SHOWN}


def record_by_record(held: list[Block], since_ms: int) -> Any:
    """The same, of an object each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Block, "columns", lambda *_: None)
        return indexed(held, since_ms)


@settings(max_examples=300, deadline=None)
@given(portions(), st.sampled_from([-5, 0, 999, 1001, 2000]))
def test_a_ledger_by_fields_is_the_ledger_record_by_record(held: list[Block], since: int) -> None:
    """The same books to the digit and in the same order, or the same refusal."""
    assert indexed(held, since) == record_by_record(held, since)


@pytest.mark.parametrize(
    "change",
    [{"category": "set_aside"}, {"category": "written"}, {"agent_id": ""}, {"ts_ms": 1020}],
)
def test_one_that_takes_a_look_among_many_that_are_alike_gets_it(change: dict[str, Any]) -> None:
    common = {"finding_id": "w1", "since_ms": 3, "found_ms": 4}
    rows = [record(number, **common) for number in range(15)]
    rows[8] |= change
    assert indexed([block_of(rows)], 1020) == record_by_record([block_of(rows)], 1020)


@pytest.mark.parametrize(
    "change",
    [
        {"pnl": ...},
        {"category": ...},
        {"ct_mult": ...},
        {"ct_val": 3},
        {"qty_contracts": 2},
        {"agent_id": 7},
        {"ts_ms": "1"},
    ],
)
def test_what_is_alike_and_written_as_no_execution_is_gets_a_look(change: dict[str, Any]) -> None:
    rows = [record(number, **change) for number in range(5)]
    rows = [{name: each for name, each in row.items() if each is not ...} for row in rows]
    assert indexed([block_of(rows)], 2000) == record_by_record([block_of(rows)], 2000)


@pytest.mark.parametrize("without", [(), ("ct_val", "ct_mult")])
def test_an_old_ledger_of_records_that_are_alike_makes_no_objects(
    without: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [record(number, ts_ms=number % 7) for number in range(20)]
    rows = [{name: row[name] for name in row if name not in without} for row in rows]
    held = [block_of(rows[:9]), block_of(rows[9:])]
    due = indexed(held, 0)
    monkeypatch.setattr(Block, "objects", lambda _: pytest.fail("an object of each"))
    found = indexed(held, 7)
    assert [name for name in SHOWN if found[name] != due[name]] == ["recent", "since_ms"]


def test_who_was_read_by_fields_in_vain_is_tried_again_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a ledger with something special everywhere would be read twice over."""
    monkeypatch.setattr(books, "IN_VAIN", 2)
    looked: list[int] = []
    objects = Block.objects
    monkeypatch.setattr(Block, "objects", lambda one: looked.append(one.count) or objects(one))
    sizes = [2, 3, 4, 5, 6, 7]
    held = [[record(number) for number in range(size)] for size in sizes]
    held[1][1]["category"] = "set_aside"
    indexed([block_of(rows) for rows in held], 2000)
    assert looked == [3, 4, 5]
