"""The oracle sees what is lost, ahead, mixed, or wrongly booked."""

from fractions import Fraction

import pytest

from chaos.digest import fingerprint
from chaos.oracle.exchange import NOBODY, accounts, venue_net
from chaos.oracle.history import AckHistory

A1, A2 = {"agent_id": "A", "n": 1}, {"agent_id": "A", "n": 2}


def begin(seq, **change):
    return {"event": "begin", "run": 1, "seq": seq, "change": change}


def durable(seq):
    return {"event": "durable", "run": 1, "seq": seq}


def dump(seq, documents, streams=None):
    return {
        "event": "dump",
        "run": 0,
        "label": "look",
        "seq": seq,
        "documents": documents,
        "streams": streams or {},
    }


def looked(*events):
    history = AckHistory()
    for event in events:
        history.take(event)
    return history


STORY = (
    begin(2, put={"agents/A": A1}),
    durable(2),
    begin(3, put={"agents/A": A2}, add={"public_trades": [{"fill_id": "x"}]}),
)


def test_the_acknowledged_state_is_exact():
    (look,) = looked(*STORY, dump(2, {"agents/A": A1})).looks
    assert (look.lost, look.ahead, look.differences) == (0, 0, ())
    assert (look.agents_due, look.agents_exact) == (1, 1)


def test_one_commit_ahead_is_seen_and_exact():
    (look,) = looked(*STORY, dump(3, {"agents/A": A2}, {"public_trades": [{"fill_id": "x"}]})).looks
    assert (look.lost, look.ahead, look.differences) == (0, 1, ())


def test_half_a_commit_is_a_difference():
    (look,) = looked(*STORY, dump(3, {"agents/A": A2})).looks
    assert look.differences == ("stream public_trades",)


def test_an_acknowledged_commit_that_is_gone_is_lost():
    (look,) = looked(*STORY, durable(3), dump(2, {"agents/A": A1})).looks
    assert look.lost == 1
    assert look.agents_exact == 0


def test_what_was_not_there_when_the_writer_was_dead_is_struck():
    history = looked(*STORY, dump(2, {"agents/A": A1}), begin(4, put={"valhalla": {}}), durable(4))
    assert history.at(4).documents == {"agents/A": A1, "valhalla": {}}


def test_a_refused_restore_counts_every_agent_as_not_restored():
    event = {"event": "dump", "run": 0, "label": "look", "problem": "StoreDamaged: gone"}
    (look,) = looked(*STORY, event).looks
    assert (look.agents_due, look.agents_exact, look.problem) == (1, 0, "StoreDamaged: gone")


@pytest.mark.parametrize(("gone", "wrong"), [("intents/1", ()), ("agents/A", ("agents/A",))])
def test_what_the_child_no_longer_held_may_not_have_been_saved(gone, wrong):
    """A save about one order: the child holds it no more, so the saved state may not either."""
    event = {"event": "held", "run": 1, "seq": 2, "whole": False, "hashes": {}, "gone": [gone]}
    history = looked(*STORY[:2], event)
    assert tuple(each.keys for each in history.mismatches) == ((wrong,) if wrong else ())


@pytest.mark.parametrize(("held", "wrong"), [(A1, ()), (A2, ("agents/A",))])
def test_what_the_child_held_is_compared_with_what_was_saved(held, wrong):
    event = {
        "event": "held",
        "run": 1,
        "seq": 2,
        "whole": True,
        "hashes": {"agents/A": fingerprint(held)},
    }
    history = looked(*STORY[:2], event)
    assert tuple(each.keys for each in history.mismatches) == ((wrong,) if wrong else ())


def fill(number, side, sz, px, ord_id="1", fee="-1"):
    return {
        "instId": "ETH-USDT-SWAP",
        "tradeId": str(number),
        "billId": str(number),
        "ordId": ord_id,
        "side": side,
        "fillSz": sz,
        "fillPx": px,
        "fee": fee,
    }


def order(ord_id, mark="", algo_mark=""):
    return {"ordId": ord_id, "clOrdId": mark, "algoClOrdId": algo_mark}


def test_fills_go_to_the_owner_of_their_order_or_of_the_stop_it_is_a_child_of():
    truth = {
        "orders": [order("1", "a1"), order("2", algo_mark="a2"), order("3")],
        "fills": [
            fill(1, "buy", "2", "3000", "1"),
            fill(2, "sell", "2", "2990", "2"),
            fill(3, "sell", "1", "2990", "3"),
        ],
    }
    found = accounts({"a1": "A", "a2": "A"}, truth)
    assert found["A"].open() == {}
    assert found["A"].money == Fraction(2) * Fraction("0.1") * -10 - 2
    assert found[NOBODY].open() == {"ETH-USDT-SWAP": Fraction(-1)}


def test_a_fill_that_carries_a_position_through_zero_starts_a_new_entry():
    truth = {
        "orders": [order("1", "a1")],
        "fills": [
            fill(1, "buy", "2", "3000"),
            fill(2, "buy", "2", "3010"),
            fill(3, "sell", "5", "3015"),
            fill(4, "buy", "1", "3005"),
        ],
    }
    account = accounts({"a1": "A"}, truth)["A"]
    assert account.open() == {}
    assert account.money == 4 * Fraction("0.1") * 10 + Fraction("0.1") * 10 - 4


def test_the_exchanges_net_is_by_instrument():
    assert venue_net({"positions": [{"instId": "X", "pos": "-1.5"}]}) == {"X": Fraction(-3, 2)}
