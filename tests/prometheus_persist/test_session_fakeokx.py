"""Sessions against an exchange in a process of its own: what was lost, adopted, closed."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt
import pytest
from fakekit import (
    AGENTS,
    BTC,
    ETH,
    IN_FLIGHT_MS,
    at_venue,
    booked,
    founded,
    held,
    opened,
    reader_of,
    sender_of,
    traded,
)

from prometheus_persist.errors import VenueRefused, VenueUnreachable
from prometheus_persist.exchange.reader import ViewRequest
from prometheus_persist.reconcile.views import VenueView
from prometheus_persist.saving import IntentHandle
from prometheus_persist.session import Session
from prometheus_persist.session.flattening import OFFSET
from prometheus_persist.state import contracts
from prometheus_persist.state.registry import SYSTEM_OWNER

fakeokx = pytest.importorskip("fakeokx")
ONE, TWO, THREE = AGENTS


def sent(session: Session, venue: Any, agent: str, side: str, sz: str, **more: str) -> str:
    """One order by a host that knows no better than its exchange client; its clOrdId."""
    handle = session.order_intent(agent, BTC, side, contracts(sz))  # type: ignore[arg-type]
    row = {"instId": BTC, "side": side, "ordType": "market", "sz": sz, **more}
    with contextlib.suppress(ccxt.NetworkError), handle as intent:
        place(venue, intent, {**row, **intent.params})
    return handle.cl_ord_id


def place(venue: Any, intent: IntentHandle, row: dict[str, Any]) -> None:
    try:
        intent.ack(sender_of(venue)._client.privatePostTradeOrder(row)["data"][0])
    except ccxt.ExchangeError as problem:
        intent.reject(problem)


def orders_of(venue: Any, cl_ord_id: str) -> list[Any]:
    return [row for row in venue.truth()["orders"] if row["clOrdId"] == cl_ord_id]


LOST = [
    ({"action": "drop_answer"}, True),
    ({"action": "refuse"}, False),
    ({"action": "error_after", "code": "50004"}, True),
    ({"action": "error_before", "code": "50004"}, False),
    ({"action": "error_after", "code": "50026"}, True),
    ({"action": "error_after", "status": 502, "form": "html"}, True),
    ({"action": "error_before", "status": 503, "form": "gateway"}, False),
    ({"action": "error_after", "status": 503, "form": "gateway"}, True),
    ({"action": "cut_body"}, True),
    ({"action": "empty"}, False),
]


@pytest.mark.parametrize(("rule", "arrived"), LOST, ids=lambda each: str(each))
def test_fakeokx_an_order_without_an_answer_is_settled_at_runtime(
    tmp_path: Path, venue: Any, rule: dict[str, Any], arrived: bool
) -> None:
    """Timeout, reset, 50004, 5xx: UNKNOWN, and what the exchange says of it, once it can say it."""
    session, reader = founded(tmp_path / "store", venue), reader_of(venue)
    venue.set_faults([{**rule, "operation": "place"}])
    with contextlib.suppress(TypeError, IndexError):  # a host that trips over a torn answer
        sent(session, venue, ONE, "buy", "2")
    assert venue.faults()[0]["fired"] == 1
    ((name, intent),) = session.state.intents.items()
    assert intent.outcome == "UNKNOWN"
    assert len(orders_of(venue, name)) == arrived
    if not arrived:
        assert [each.outcome for each in session.settle_unknown(reader)] == ["UNKNOWN"]
        time.sleep(IN_FLIGHT_MS / 1000)
    (settled,) = session.settle_unknown(reader)
    assert settled.outcome == ("FILLED" if arrived else "REJECTED")
    assert held(session, ONE) == at_venue(venue) == 2 * arrived
    facts = session.sync(reader)
    assert (facts.decision, session.state.intents) == ("go", {})
    assert facts.plan is not None
    assert facts.plan.clean
    session.close()


def test_fakeokx_51016_on_a_second_sending_says_that_the_first_arrived(
    tmp_path: Path, venue: Any
) -> None:
    """A host that sends the same row again: the order is there, and is never called refused."""
    session, reader = founded(tmp_path / "store", venue), reader_of(venue)
    venue.set_faults([{"action": "drop_answer", "operation": "place"}])
    handle = session.order_intent(ONE, BTC, "buy", contracts("1"), ord_type="limit", px="10000")
    with handle as intent:
        row = {"instId": BTC, "side": "buy", "ordType": "limit", "px": "10000", "sz": "1"}
        with contextlib.suppress(ccxt.NetworkError):
            place(venue, intent, {**row, **intent.params})
        place(venue, intent, {**row, **intent.params})
    name = handle.cl_ord_id
    assert session.state.intents[name].outcome == "UNKNOWN"
    assert "51016" in session.state.intents[name].reason
    assert [each.outcome for each in session.settle_unknown(reader)] == ["ACCEPTED"]
    assert len(orders_of(venue, name)) == 1
    assert session.sync(reader).decision == "go"
    session.close()


def test_fakeokx_the_first_trade_after_a_recovery_closes_what_was_adopted(
    tmp_path: Path, venue: Any
) -> None:
    """An agent's own execution found by the recovery, and a hand's position that nobody owns."""
    root = tmp_path / "store"
    session, reader = founded(root, venue), reader_of(venue)
    traded(session, venue, ONE, "buy", "3")
    venue.trade_by_hand(ETH, "sell", "5")
    session.close(save=False)
    session = opened(root)
    facts = session.recover(reader)
    assert (facts.decision, facts.applied) == ("go_restricted", True)
    assert (held(session, ONE), held(session, "", ETH)) == (3, -5)
    booked(session, venue, ONE, "sell", "1", reduce_only=True)
    booked(session, venue, SYSTEM_OWNER, "buy", "2", ETH, reduce_only=True)
    assert (held(session, ONE), held(session, "", ETH)) == (2, -3)
    session.close()
    session = opened(root)
    facts = session.recover(reader)
    assert facts.plan is not None
    assert facts.plan.clean, facts.plan.findings
    traded(session, venue, ONE, "sell", "2", reduce_only=True)
    traded(session, venue, SYSTEM_OWNER, "buy", "3", ETH, reduce_only=True)
    session.close(save=False)  # killed before either was booked
    session = opened(root)
    facts = session.recover(reader)
    assert facts.decision == "go_restricted", facts.plan
    assert (held(session, ONE), held(session, "", ETH)) == (0, 0)
    assert (at_venue(venue), at_venue(venue, ETH)) == (0, 0)
    assert session.state.intents == {}
    facts = session.sync(reader)
    assert facts.plan is not None
    assert facts.plan.clean, facts.plan.findings
    session.close()


class Behind:
    """A reader for whom one bill is hidden until it is shown."""

    def __init__(self, venue: Any) -> None:
        self._reader, self.hidden = reader_of(venue), ""
        self.asked: list[ViewRequest] = []

    def read_view(self, request: ViewRequest) -> VenueView:
        self.asked.append(request)
        view = self._reader.read_view(request)
        shown = [bill for bill in view.bills if bill.bill_id != self.hidden]
        return dataclasses.replace(view, bills=tuple(shown))

    def read_order(self, *args: Any) -> Any:
        return self._reader.read_order(*args)


def test_fakeokx_a_bill_that_shows_late_behind_newer_ones_is_looked_for(
    tmp_path: Path, venue: Any
) -> None:
    """A human put its money into the account's own entry meanwhile: that is given back, as it was
    promised to him, and from then on nothing is read twice any more."""
    session, reader = founded(tmp_path / "store", venue), Behind(venue)
    venue.deposit("USDT", "5")
    reader.hidden = venue.truth()["bills"][-1]["billId"]
    facts = session.sync(reader)
    assert facts.plan is not None
    assert [one.what for one in facts.plan.findings] == ["what.bills_gap"]
    assert session.approve(reader, facts.plan.plan_hash).decision == "go"
    venue.advance(600_000)
    venue.deposit("USDT", "7")
    assert session.sync(reader).decision == "go"
    reader.hidden = ""
    found = session.sync(reader)
    assert found.plan is not None
    assert sorted(one.what for one in found.plan.findings) == [
        "what.money_returned",
        "what.transfer",
    ]
    assert found.decision == "go"
    assert session.sync(reader).plan.clean  # type: ignore[union-attr]
    assert reader.asked[-1].bills_since_ms > reader.asked[-2].bills_since_ms  # type: ignore[operator]
    session.close()


def test_fakeokx_flatten_closes_what_the_exchange_can_close(tmp_path: Path, venue: Any) -> None:
    """What two owners hold against each other is flat there, and is named as left."""
    session, reader = founded(tmp_path / "store", venue), reader_of(venue)
    booked(session, venue, ONE, "buy", "3")
    booked(session, venue, TWO, "sell", "2")
    booked(session, venue, TWO, "buy", "1", ETH)
    booked(session, venue, THREE, "buy", "1", ETH)
    facts = session.recover(reader, policy="flatten", send=sender_of(venue))
    assert facts.decision == "go"
    assert facts.flattened is not None
    assert facts.flattened.sent == 3
    assert (at_venue(venue), at_venue(venue, ETH)) == (0, 0)
    left = {(one.owner, one.contracts) for one in facts.flattened.left}
    assert left == {(ONE, "2"), (TWO, "-2")}
    assert {one.why for one in facts.flattened.left} == {OFFSET}
    assert "left" in (tmp_path / "store/recovery_log.txt").read_text()
    session.close()


def test_fakeokx_what_was_corrected_before_a_flattening_stands_in_its_report(
    tmp_path: Path, venue: Any
) -> None:
    session, reader = founded(tmp_path / "store", venue), reader_of(venue)
    name = traded(session, venue, ONE, "buy", "3")
    facts = session.recover(reader, policy="flatten", send=sender_of(venue))
    assert facts.flattened is not None
    assert (facts.decision, facts.flattened.sent, at_venue(venue)) == ("go", 1, 0)
    told = facts.to_json()
    assert {one["finding_id"] for one in told["plan"]["findings"]} == set(told["applied_ids"])
    assert name in {one["params"].get("cl_ord_id") for one in told["plan"]["findings"]}
    assert "corrected by evidence" in facts.text("en")
    assert held(session, ONE) == 0
    assert facts.left is not None
    assert facts.left.clean
    assert facts.left.money is not None
    shown = f"{facts.left.money.settled:,.2f}"
    assert shown in facts.text("en"), "the money as it is now, not as it was before"
    session.close()


def test_fakeokx_flatten_under_long_and_short(tmp_path: Path, venue: Any) -> None:
    venue.set_position_mode("long_short_mode")
    session, reader = founded(tmp_path / "store", venue), reader_of(venue)
    booked(session, venue, ONE, "buy", "3", pos_side="long")
    booked(session, venue, TWO, "sell", "2", pos_side="short")
    closed = session.flatten(reader, sender_of(venue))
    assert (closed.sent, closed.left) == (2, ())
    assert all(Decimal(row["pos"]) == 0 for row in venue.truth()["positions"])
    assert session.sync(reader).decision == "go"
    session.close()


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ({"action": "drop_answer"}, False),
        ({"action": "error_after", "code": "50004"}, False),
        ({"action": "refuse"}, True),
        ({"action": "reject", "code": "51149"}, True),
    ],
    ids=lambda each: str(each),
)
def test_fakeokx_flatten_without_an_answer_finds_out_what_happened(
    tmp_path: Path, venue: Any, rule: dict[str, Any], left: bool
) -> None:
    session, reader = founded(tmp_path / "store", venue), reader_of(venue)
    booked(session, venue, ONE, "buy", "3")
    venue.set_faults([{**rule, "operation": "place"}])
    closed = session.flatten(reader, sender_of(venue))
    assert venue.faults()[0]["fired"] == 1
    assert [one.owner for one in closed.left] == [ONE] * left
    assert held(session, ONE) == at_venue(venue) == 3 * left
    assert session.state.intents == {}
    assert closed.sent == len([r for r in venue.truth()["orders"] if r["side"] == "sell"]) + left
    session.close()


def test_fakeokx_the_sender_says_what_the_exchange_said_and_no_secret(
    tmp_path: Path, venue: Any
) -> None:
    session = founded(tmp_path / "store", venue)
    for rule, kind in (
        ({"action": "reject", "code": "51149"}, VenueRefused),
        ({"action": "drop_answer"}, VenueUnreachable),
        ({"action": "refuse"}, VenueUnreachable),
    ):
        venue.set_faults([{**rule, "operation": "place"}])
        with session.order_intent(ONE, BTC, "sell", contracts("1"), reduce_only=True) as intent:
            with pytest.raises(kind) as raised:
                sender_of(venue)(intent, BTC, "sell", contracts("1"))
            assert fakeokx.DEFAULT_SECRET not in raised.value.detail
    session.close()
