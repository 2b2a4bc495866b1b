"""Each invariant goes red for the wrong it is there for, and stays green without it."""

import copy
from fractions import Fraction

import pytest

from chaos.invariants import books, damage, orders, state, sweep
from chaos.oracle.history import State
from chaos.record import Record
from chaos.verdict import RunVerdict

INST = "ETH-USDT-SWAP"
SAID = {"a1": "A", "a2": "A"}
POSITION = [{"inst_id": INST, "qty_contracts": "2"}]
TRUTH = {
    "orders": [
        {"ordId": "1", "clOrdId": "a1", "algoClOrdId": "", "tag": "A"},
        {"ordId": "2", "clOrdId": "", "algoClOrdId": "", "tag": ""},
    ],
    "algos": [{"algoClOrdId": "a2", "tag": "A"}],
    "fills": [
        {"instId": INST, "tradeId": "1", "billId": "1", "ordId": "1", "side": "buy"}
        | {"fillSz": "2", "fillPx": "3000", "fee": "-1"},
        {"instId": INST, "tradeId": "2", "billId": "2", "ordId": "2", "side": "buy"}
        | {"fillSz": "1", "fillPx": "3000", "fee": "-1"},
    ],
    "positions": [{"instId": INST, "pos": "3"}],
}
LEDGER = {"positions": POSITION, "capital": "99", "version": 1}
DOCUMENTS = {
    "agents/A": {"agent_id": "A", "initial_capital": "100"},
    "private_ledgers/A": LEDGER,
    "public_accounts/A": dict(LEDGER),
    "unattributed": {"positions": [{"inst_id": INST, "qty_contracts": "1"}]},
    "registry": {"rows": {"A": {"tag": "A"}}},
    "intents/a2": {},
}
STREAMS = {
    "intent_log": [{"cl_ord_id": "a1"}],
    "public_trades": [{"fill_id": f"{INST}:1", "agent_id": "A"}],
    "private_trades/A": [{"fill_id": f"{INST}:1"}],
    "orphan_fills": [{"fill_id": f"{INST}:2"}],
}


def judged(change=None):
    documents, streams, truth = copy.deepcopy((DOCUMENTS, STREAMS, TRUTH))
    if change:
        change(documents, streams, truth)
    verdict = RunVerdict("x", 1)
    books.check(verdict, "here", documents, SAID, truth)
    orders.check(verdict, "here", State(documents, streams), SAID, truth)
    return {
        each.what.split(":")[0] if "R" in each.what[:2] else each.what
        for each in verdict.checks
        if not each.ok
    }


def _capital(d, _s, _t):
    d["private_ledgers/A"]["capital"] = d["public_accounts/A"]["capital"] = "98"


def _public(d, _s, _t):
    d["public_accounts/A"]["version"] = 2


def _venue(_d, _s, t):
    t["positions"][0]["pos"] = "2"


def _swapped(d, _s, _t):
    more = [{"inst_id": INST, "qty_contracts": "3"}]
    d["private_ledgers/A"]["positions"] = d["public_accounts/A"]["positions"] = more
    d["unattributed"]["positions"] = []


def _lost(_d, s, _t):
    s["intent_log"].clear()


def _twice(_d, _s, t):
    t["orders"].append(dict(t["orders"][0], ordId="9"))


def _booked_twice(_d, s, _t):
    s["public_trades"] *= 2


def _stolen(_d, s, _t):
    s["public_trades"].append({"fill_id": f"{INST}:2", "agent_id": "A"})


def _invented(_d, s, _t):
    s["orphan_fills"].append({"fill_id": f"{INST}:7"})


KNOWN = "here: every order at the exchange is known to the books exactly once"
TWICE = "here: no order was sent twice"
BOOKED = "here: every fill is booked exactly once, to its owner"


def test_books_that_balance_are_green():
    assert judged() == set()


@pytest.mark.parametrize(
    ("change", "red"),
    [
        (_capital, {"R4 here"}),
        (_public, {"R1 here"}),
        (_venue, {"R2 here"}),
        (_swapped, {"R3 here"}),
        (_lost, {KNOWN}),
        (_twice, {TWICE}),
        (_booked_twice, {BOOKED}),
        (_stolen, {BOOKED}),
        (_invented, {BOOKED}),
    ],
)
def test_each_wrong_is_seen_by_its_own_check(change, red):
    assert judged(change) == red


POINT = {
    "kind": "kill",
    "nested_fired": True,
    "number": 5,
    "operation": "write x",
    "raised": "",
    "typed": False,
    "base": [3, "b"],
    "acked": 4,
    "begun": [[4, "d4"], [5, "d5"]],
    "restored": [4, "d4", 10, ""],
    "after_nested": [4, "d4", ""],
    "again": [5, "d4", ""],
}


def _came_back(seq, digest):
    again = [seq, digest, ""]
    return {"restored": [seq, digest, 10, ""], "after_nested": again, "again": again}


def swept(**change):
    verdict = RunVerdict("x", 1)
    sweep.check(verdict, [{**POINT, **change}])
    return {each.invariant for each in verdict.checks if not each.ok}


@pytest.mark.parametrize(
    ("change", "red"),
    [
        ({}, set()),
        (_came_back(5, "d5"), set()),
        (_came_back(3, "b"), {"I1"}),
        ({"restored": [0, "", 0, "StoreDamaged: x"]}, {"I1"}),
        ({"restored": [5, "d4", 10, ""]}, {"I2"}),
        ({"acked": 3, **_came_back(5, "d5")}, {"I2"}),
        ({"again": [5, "d5", ""]}, {"I4"}),
        ({"kind": "errno"}, {"I7"}),
        ({"kind": "errno", "raised": "OSError: x"}, {"I7"}),
        ({"kind": "errno", "raised": "StoreFailed: x", "typed": True}, set()),
    ],
)
def test_a_point_of_a_sweep(change, red):
    assert swept(**change) == red


@pytest.mark.parametrize(
    ("change", "exact"), [({}, 3), ({"again": [5, "d5", ""]}, 2), ({"acked": 5}, 0)]
)
def test_three_looks_a_point_are_counted(change, exact):
    verdict = RunVerdict("x", 1)
    sweep.check(verdict, [{**POINT, **change}])
    figures = verdict.figures
    assert (figures.kill_points, figures.states, figures.states_exact) == (2, 3, exact)
    assert (figures.agents_due, figures.agents_exact) == (30, 10 * exact)


DAMAGED = {"event": "damage", "run": 0, "path": "mirror/x.wal", "what": {"kind": "flip"}}


@pytest.mark.parametrize(
    ("damages", "wrong"),
    [([{"file": "mirror/x.wal"}], 0), ([{"file": "mirror/y.wal"}], 1), ([], 1)],
)
def test_damage_has_to_be_named(damages, wrong):
    verdict = RunVerdict("x", 1)
    damage.check(verdict, Record((DAMAGED, {"event": "dump", "run": 0, "damages": damages})))
    assert [len(each.wrong) for each in verdict.checks] == [wrong]


def test_damage_that_nobody_looked_after_is_wrong():
    verdict = RunVerdict("x", 1)
    damage.check(verdict, Record((DAMAGED,)))
    assert not verdict.checks[0].ok


WITHHELD = {"inst_id": INST, "agent_id": ""}


def frozen_record(*, reduce_only, decision="go_restricted", frozen=(INST,), **facts):
    facts |= {"frozen_instruments": list(frozen), "decision": decision}
    send = {"event": "order", "run": 2, "phase": "sending", "inst_id": INST}
    send |= {"reduce_only": reduce_only, "cl_ord_id": "a1"}
    return Record(({"event": "recovered", "run": 2, "facts": facts}, send))


@pytest.mark.parametrize(
    ("words", "ok"),
    [
        ({"reduce_only": True}, True),
        ({"reduce_only": False}, False),
        ({"reduce_only": True, "decision": "human"}, False),
        ({"reduce_only": True, "decision": "human", "may_trade": False}, False),
        ({"reduce_only": False, "decision": "human", "frozen": ("X",), "may_trade": True}, True),
        ({"reduce_only": False, "frozen": (), "withheld": [WITHHELD], "may_trade": True}, False),
        ({"reduce_only": True, "frozen": (), "withheld": [WITHHELD], "may_trade": True}, True),
    ],
)
def test_frozen_means_that_no_order_leaves(words, ok):
    verdict = RunVerdict("x", 1)
    orders.frozen(verdict, frozen_record(**words))
    assert verdict.checks[0].ok is ok


# The whole state agrees with itself --------------------------------------------------------------

WHOLE = {
    "agents/A": {"current_capital": "103", "initial_capital": "100", "total_pnl": "3"},
    "private_ledgers/A": {"capital": "103.0"},
    "public_accounts/A": {"capital": "103", "total_pnl": "3"},
}
PAID = {
    "public_trades": [
        {"agent_id": "A", "pnl": "0", "fee": "-1"},
        {"agent_id": "A", "pnl": "5.5", "fee": "-1"},
    ],
    "orphan_fills": [{"pnl": "2", "fee": "-0.5"}],
    "cash_flows": [{"agent_id": "A", "amount": "-0.5"}, {"agent_id": "", "amount": "-4"}],
}


def test_a_state_that_agrees_with_itself_has_nothing_wrong():
    assert state.disagreements(WHOLE, PAID) == []
    assert state.owed(PAID) == {"A": 3, "": Fraction(-5, 2)}
    verdict = RunVerdict("x", 1)
    state.check(verdict, "here", WHOLE, PAID)
    assert [each.ok for each in verdict.checks] == [True]


@pytest.mark.parametrize(
    ("key", "field", "told"),
    [
        ("agents/A", "current_capital", "capital are 7, 103.0, 103"),
        ("private_ledgers/A", "capital", "capital are 103, 7, 103"),
        ("public_accounts/A", "capital", "capital are 103, 103.0, 7"),
        ("public_accounts/A", "total_pnl", "total profit 3, public 7"),
        ("agents/A", "initial_capital", "gained 96.0, the streams say 3.0"),
    ],
)
def test_any_copy_that_differs_is_told(key, field, told):
    wrong = state.disagreements(WHOLE | {key: WHOLE[key] | {field: "7"}}, PAID)
    assert any(told in each for each in wrong)
    verdict = RunVerdict("x", 1)
    state.check(verdict, "here", WHOLE | {key: WHOLE[key] | {field: "7"}}, PAID)
    assert [each.ok for each in verdict.checks] == [False]


def test_what_is_not_in_the_streams_was_not_gained_unless_somebody_wrote():
    assert state.disagreements(WHOLE, PAID | {"cash_flows": []}) == [
        "A: gained 3.0, the streams say 3.5"
    ]
    assert state.disagreements(WHOLE, {}, edited=True) == []
    assert state.disagreements({"agents/A": WHOLE["agents/A"]}, PAID) == ["A has no ledger"]
