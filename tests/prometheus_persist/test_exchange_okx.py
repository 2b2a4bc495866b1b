"""``OkxReader`` against scripted answers: every way in which an answer can fall short.

The script stands where ``ccxt.okx`` does and answers the raw methods, with ccxt's own exceptions.
``test_exchange_fakeokx.py`` reads a whole exchange through the real client.
"""

from __future__ import annotations

import builtins
import itertools
import sys
from typing import Any

import ccxt
import pytest
from exchange_script import (
    BALANCE,
    BILL,
    BTC,
    INSTRUMENT,
    LIFE,
    NOW,
    POSITION,
    USDT,
    Clock,
    Script,
    fill,
    intent,
    order,
    read,
)

from prometheus_persist.errors import BadConfig, VenueUnreachable
from prometheus_persist.exchange import OkxReader, OkxSettings, ViewRequest, okx_client
from prometheus_persist.exchange.okx.order_lookup import DAY_MS, HOUR_MS
from prometheus_persist.exchange.okx.query import READS
from prometheus_persist.exchange.okx.scheduler import ReadLimits
from prometheus_persist.reconcile.views import SOURCES
from prometheus_persist.state import contracts

ETH = "ETH-USDT-SWAP"


def problem(view: Any, source: str) -> str:
    status = view.sources[source]
    assert status.complete == (not status.problem)
    return str(status.problem)


def test_a_whole_reading_is_complete_in_every_source_and_exact() -> None:
    script = Script(
        account__positions=[POSITION],
        trade__fills=[fill(2), fill(1)],
        trade__orders_history=[order(1)],
    )
    view = read(script)
    assert set(view.sources) == set(SOURCES)
    assert view.complete(*SOURCES)
    assert view.problems() == ()
    assert [str(p.qty_contracts) for p in view.positions] == ["-3"]
    assert str(view.positions[0].avg_px) == "100.5"
    assert [f.fill_id for f in view.fills] == [f"{BTC}:2", f"{BTC}:1"]
    assert str(view.equity) == "1000.5"
    assert view.pos_mode == "net_mode"


def test_only_reads_can_be_asked() -> None:
    """P7: the reader knows GET endpoints and has no other way to reach the client."""
    assert all(method.startswith(("privateGet", "publicGet")) for method in READS.values())
    public = {name for name in dir(OkxReader) if not name.startswith("_")}
    assert public == {"read_view", "read_order", "whose"}


def test_positions_are_read_before_and_after_the_fills_until_they_agree() -> None:
    sizes = itertools.chain(["1"], itertools.repeat("2"))
    script = Script(account__positions=lambda _: [POSITION | {"pos": next(sizes)}])
    view = read(script)
    assert problem(view, "positions") == ""
    assert str(view.positions[0].qty_contracts) == "2"
    order_of = [e for e, _ in script.asked if e in ("account/positions", "trade/fills")]
    order_of = [e for e, _ in itertools.groupby(order_of)]
    assert order_of[:5] == [*("account/positions", "trade/fills") * 2, "account/positions"]
    assert set(order_of[5:]) == {"trade/fills", "account/positions"}  # nothing was traded since


def test_positions_that_never_stand_still_are_not_complete() -> None:
    sizes = iter(map(str, range(1, 100)))
    script = Script(account__positions=lambda _: [POSITION | {"pos": next(sizes)}])
    assert problem(read(script), "positions") == "not stable while it was read"
    assert sum(e == "account/positions" for e, _ in script.asked) == ReadLimits().rounds_max + 1


def test_pages_are_walked_by_the_last_id_until_one_is_short() -> None:
    rows = [fill(number) for number in range(250, 0, -1)]

    def page(params: dict[str, str]) -> list[dict[str, str]]:
        after = int(params.get("after", "1000"))
        return [row for row in rows if int(row["billId"]) < after][:100]

    view = read(Script(trade__fills=page))
    assert len(view.fills) == 250
    assert problem(view, "fills") == ""


def test_a_walk_that_hits_its_cap_is_not_a_whole_list() -> None:
    counter = iter(range(10**6, 0, -1))
    script = Script(trade__fills=lambda _: [fill(next(counter)) for _ in range(100)])
    view = read(script, limits=ReadLimits(pages_max=3))
    assert "more than 3 pages" in problem(view, "fills")
    assert view.fills == ()


def test_a_walk_that_does_not_advance_is_not_a_whole_list() -> None:
    script = Script(trade__fills=lambda _: [fill(n) for n in range(100, 0, -1)])
    assert "does not advance" in problem(read(script), "fills")


def test_two_executions_under_one_id_are_a_matter_of_their_contract() -> None:
    """Both are told; the reconciler is in doubt about that contract, and about no other."""
    script = Script()
    script.answers["trade/fills"] = [fill(2), fill(1, tradeId="2")]
    view = read(script)
    assert view.problems() == ()
    assert [one.fill_id for one in view.fills] == [f"{BTC}:2", f"{BTC}:2"]


@pytest.mark.parametrize(
    ("source", "endpoint", "answer"),
    [
        ("positions", "account/positions", {"code": "0", "msg": ""}),
        ("positions", "account/positions", {"code": "0", "data": {}, "msg": ""}),
        ("positions", "account/positions", {"code": "0", "data": ["x"], "msg": ""}),
        ("positions", "account/positions", "<html>"),
        ("positions", "account/positions", [{}]),
        ("positions", "account/positions", [POSITION | {"pos": "NaN"}]),
        ("positions", "account/positions", [POSITION | {"pos": ""}]),
        ("positions", "account/positions", [POSITION | {"pos": 3}]),
        ("positions", "account/positions", [POSITION | {"posSide": "long"}]),
        ("positions", "account/positions", [POSITION | {"mgnMode": "mixed"}]),
        ("positions", "account/positions", [POSITION | {"uTime": "yesterday"}]),
        ("positions", "account/positions", ccxt.ExchangeError("59000")),
        ("positions", "account/positions", [POSITION, POSITION | {"pos": "-4"}]),
        ("positions", "account/positions", [POSITION | {"posId": ""}]),
        ("positions_history", "account/positions-history", [LIFE | {"type": "9"}]),
        ("positions_history", "account/positions-history", [LIFE | {"direction": "net"}]),
        ("positions_history", "account/positions-history", ccxt.ExchangeError('"code":"50030"')),
        ("bills", "account/bills", [BILL | {"balChg": ""}]),
        ("bills", "account/bills", [BILL | {"sz": "-1"}]),
        ("bills", "account/bills", [BILL | {"billId": "x1"}]),
        ("bills", "account/bills", [BILL | {"ccy": ""}]),
        ("bills", "account/bills", ccxt.OrderNotFound("51603")),
        ("balance", "account/balance", [BALANCE | {"details": ""}]),
        ("balance", "account/balance", [BALANCE | {"details": [{"ccy": "USDT", "eq": ""}]}]),
        ("balance", "account/balance", [BALANCE | {"details": [USDT, USDT | {"eq": "1"}]}]),
        ("config", "account/config", [{"posMode": "net_mode", "acctLv": "9"}]),
        ("config", "account/config", []),
        ("config", "account/config", [{"posMode": "other"}]),
        ("instruments", "public/instruments", []),
        ("balance", "account/balance", []),
        ("balance", "account/balance", [BALANCE | {"totalEq": ""}]),
        ("fills", "trade/fills", [fill(1, fillSz="0")]),
        ("fills", "trade/fills", [fill(1, side="both")]),
        ("fills", "trade/fills", [fill(1, tradeId="")]),
        ("fills", "trade/fills", ccxt.AuthenticationError("50113")),
        ("orders_open", "trade/orders-pending", [order(1, state="")]),
        ("orders_open", "trade/orders-pending", ccxt.OrderNotFound("51603")),
        ("orders_history", "trade/orders-history", [order(1, sz="1e999")]),
        ("algo_orders", "trade/orders-algo-pending", [{"algoId": "1"}]),
        ("algo_orders", "trade/orders-algo-history", ccxt.ExchangeError("50014")),
    ],
)
def test_an_answer_that_makes_no_sense_spoils_its_own_source_only(
    source: str, endpoint: str, answer: Any
) -> None:
    script = Script()
    script.answers[endpoint] = answer
    view = read(script)
    assert problem(view, source)
    assert [status.name for status in view.problems()] == [source]


def test_a_limited_or_silent_read_is_asked_again_and_then_given_up() -> None:
    answers = iter([ccxt.RateLimitExceeded("50011"), ccxt.RequestTimeout("slow"), [POSITION]])
    clock = Clock()
    script = Script(account__positions=lambda _: next(answers, [POSITION]))
    view = OkxReader(script, clock).read_view(ViewRequest(since_ms=NOW, now_ms=NOW))
    assert problem(view, "positions") == ""
    assert clock.slept == pytest.approx([0.3, 0.6])

    script = Script(account__positions=ccxt.RequestTimeout("slow"))
    assert "RequestTimeout" in problem(read(script), "positions")
    asked = sum(e == "account/positions" for e, _ in script.asked)
    assert asked == 3 * ReadLimits().tries_max or asked == 2 * ReadLimits().tries_max


def test_retries_are_bounded_over_the_whole_reading() -> None:
    script = Script()
    for endpoint in READS:
        if endpoint != "public/time":
            script.answers[endpoint] = ccxt.RequestTimeout("slow")
    view = read(script, limits=ReadLimits(retries_max=5))
    assert len(view.problems()) == len(SOURCES) - 1  # no intent was asked for
    assert len(script.asked) < 30


def test_a_network_that_is_down_raises() -> None:
    script = Script(public__time=ccxt.NetworkError("connection refused"))
    with pytest.raises(VenueUnreachable, match="does not answer"):
        read(script)


def test_no_credential_reaches_a_problem() -> None:
    script = Script(account__positions=ccxt.ExchangeError("KEY-abc SECRET-abc PASS-abc refused"))
    told = problem(read(script), "positions")
    assert "abc" not in told
    assert "***" in told
    assert "abc" not in repr(OkxSettings("KEY-abc", "SECRET-abc", "PASS-abc"))


@pytest.mark.parametrize(
    ("age_ms", "asked", "complete"),
    [
        (HOUR_MS, {"trade/fills"}, True),
        (4 * DAY_MS, {"trade/fills", "trade/fills-history"}, True),
        (91 * DAY_MS, {"trade/fills", "trade/fills-history"}, False),
    ],
)
def test_the_window_chooses_the_list_and_a_window_too_long_is_not_complete(
    age_ms: int, asked: set[str], complete: bool
) -> None:
    script = Script()
    view = read(script, since_ms=NOW - age_ms)
    assert {e for e, _ in script.asked if e.startswith("trade/fills")} == asked
    assert view.sources["fills"].complete is complete
    assert view.sources["fills"].window_from_ms == NOW - age_ms


def test_older_orders_come_from_the_archive_and_a_fills_own_order_is_asked_for() -> None:
    script = Script(
        trade__fills=[fill(1, ordId="77")],
        trade__order=lambda p: [order(77)] if p.get("ordId") == "77" else [],
    )
    view = read(script, since_ms=NOW - 8 * DAY_MS)
    assert [one.ord_id for one in view.orders] == ["77"]
    assert "trade/orders-history-archive" in {e for e, _ in script.asked}
    assert problem(view, "orders_history") == ""


def test_a_fill_whose_order_the_exchange_does_not_know_is_left_without_one() -> None:
    view = read(Script(trade__fills=[fill(1, ordId="77")]))
    assert view.orders == ()
    assert problem(view, "orders_history") == ""


def test_too_many_unknown_orders_are_a_problem_and_not_a_thousand_questions() -> None:
    rows = [fill(n, ordId=str(n)) for n in range(20, 0, -1)]
    view = read(Script(trade__fills=rows), limits=ReadLimits(order_questions_max=10))
    assert "20 orders" in problem(view, "orders_history")


@pytest.mark.parametrize(
    ("age_ms", "kind", "found", "forgotten"),
    [
        (-1, "order", None, True),
        (0, "order", False, False),
        (3_000, "order", False, False),
        (HOUR_MS, "order", False, False),
        (2 * HOUR_MS, "order", None, True),
        (9 * HOUR_MS, "order", None, True),
        (9 * HOUR_MS, "algo", False, False),
        (90 * DAY_MS, "algo", None, True),
    ],
)
def test_no_such_order_is_worth_what_its_age_makes_it(
    age_ms: int, kind: str, found: bool | None, forgotten: bool
) -> None:
    view = read(Script(), intents=(intent(age_ms, kind=kind),))
    (lookup,) = view.lookups
    assert (lookup.found, lookup.forgotten) == (found, forgotten)
    assert bool(lookup.problem) == (found is None)
    assert problem(view, "intent_lookups") == ""  # it was answered


def test_a_question_without_an_answer_is_not_a_no() -> None:
    view = read(Script(trade__order=ccxt.RequestTimeout("slow")), intents=(intent(HOUR_MS),))
    assert view.lookups[0].found is None
    assert not view.lookups[0].forgotten
    assert "RequestTimeout" in view.lookups[0].problem


@pytest.mark.parametrize("answer", [[], [order(1, clOrdId="other")], [{"clOrdId": "x"}]])
def test_an_answer_about_nothing_or_another_order_proves_nothing(answer: list[Any]) -> None:
    view = read(Script(trade__order=answer), intents=(intent(HOUR_MS),))
    assert view.lookups[0].found is None
    assert view.lookups[0].problem


def test_an_order_is_read_with_its_fills() -> None:
    one = intent(HOUR_MS)
    script = Script(
        trade__order=[order(5, clOrdId=one.cl_ord_id, sz="2", accFillSz="2")],
        trade__fills=[fill(2, ordId="5"), fill(1, ordId="5")],
    )
    seen = OkxReader(script, Clock()).read_order(one, NOW)
    assert seen.complete
    assert (seen.lookup.state, seen.lookup.ord_id) == ("filled", "5")
    assert [f.trade_id for f in seen.fills] == ["2", "1"]
    assert seen.instrument is not None


def test_an_order_whose_fills_have_not_caught_up_is_not_complete() -> None:
    one = intent(HOUR_MS)
    script = Script(
        trade__order=[order(5, clOrdId=one.cl_ord_id, sz="2", accFillSz="2")],
        trade__fills=[fill(1, ordId="5")],
    )
    assert not OkxReader(script, Clock()).read_order(one, NOW).complete


def test_an_order_that_cannot_be_asked_for_is_not_complete() -> None:
    script = Script(trade__order=ccxt.NetworkError("reset"))
    seen = OkxReader(script, Clock()).read_order(intent(HOUR_MS), NOW)
    assert not seen.complete
    assert seen.lookup.found is None


def algo(number: int, age_ms: int, **fields: str) -> dict[str, str]:
    return {
        "instId": BTC, "algoId": str(number), "algoClOrdId": "", "tag": "", "side": "sell",
        "posSide": "net", "tdMode": "cross", "ordType": "conditional", "state": "effective",
        "ordId": "7", "sz": "1", "slTriggerPx": "90", "cTime": str(NOW - age_ms), **fields,
    }  # fmt: skip


def test_ended_algo_orders_are_walked_back_to_the_oldest_open_intent_and_no_further() -> None:
    rows = [algo(1_000 - n, n * HOUR_MS) for n in range(500)]

    def page(params: dict[str, str]) -> list[dict[str, str]]:
        if (params["ordType"], params["state"]) != ("conditional,oco", "effective"):
            return []
        after = int(params.get("after", "9999"))
        return [row for row in rows if int(row["algoId"]) < after][:100]

    script = Script(trade__orders_algo_history=page)
    view = read(script, intents=(intent(150 * HOUR_MS, kind="algo"),))
    assert len(view.algo_orders) == 200  # two pages reach past 150 hours
    assert len(read(script).algo_orders) == 100
    assert str(view.algo_orders[0].trigger_px) == "90"


def test_an_algo_row_of_the_old_form_names_itself_by_cl_ord_id() -> None:
    rows = [algo(1, 0, clOrdId="old1", ordId="", ordIdList=["8"])]  # type: ignore[arg-type]
    view = read(
        Script(
            trade__orders_algo_pending=lambda p: (
                [] if "after" in p or p["ordType"] != "trigger" else rows
            )
        )
    )
    assert [(a.algo_cl_ord_id, a.ord_id) for a in view.algo_orders] == [("old1", "8")]


def test_an_instrument_in_preparation_or_inverse_is_left_out_and_told_why() -> None:
    rows = [INSTRUMENT, INSTRUMENT | {"instId": ETH, "ctVal": ""},
            INSTRUMENT | {"instId": "BTC-USD-SWAP", "ctType": "inverse"},
            INSTRUMENT | {"instId": "X-USDT-SWAP", "ctType": ""}]  # fmt: skip
    view = read(Script(public__instruments=rows))
    assert set(view.instruments) == {BTC}
    assert view.unfit == {ETH: "why.no_size", "BTC-USD-SWAP": "why.inverse",
                          "X-USDT-SWAP": "why.not_linear"}  # fmt: skip


def test_missing_ccxt_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def absent(name: str, *args: Any, **kw: Any) -> Any:
        if name == "ccxt":
            raise ImportError(name)
        return real(name, *args, **kw)

    monkeypatch.delitem(sys.modules, "ccxt")
    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(BadConfig, match=r"prometheus-persist\[okx\]"):
        okx_client(None, "k", "s", "p", False, 1_000)


def test_empty_credentials_are_refused() -> None:
    with pytest.raises(BadConfig, match="API key"):
        okx_client(None, "k", "", "p", False, 1_000)


@pytest.mark.parametrize("sandbox", [False, True])
def test_the_client_keeps_its_address_in_the_sandbox_too(sandbox: bool) -> None:
    client = okx_client("http://127.0.0.1:9/", "k", "s", "p", sandbox, 1_234)
    assert client.urls["api"]["rest"] == "http://127.0.0.1:9"
    assert client.timeout == 1_234


def test_money_and_lives_are_read_exactly() -> None:
    transfer = BILL | {"billId": "8", "type": "1", "instType": "", "instId": "", "sz": "5",
                       "balChg": "5.000000000000000001", "tradeId": ""}  # fmt: skip
    script = Script(account__bills=[BILL, transfer], account__positions_history=[LIFE])
    view = read(script)
    assert view.complete(*SOURCES), view.problems()
    assert [(b.bill_id, str(b.change)) for b in view.bills] == [
        ("8", "5.000000000000000001"),
        ("9", "-0.1"),
    ]
    assert [b.qty_contracts for b in view.bills] == [None, contracts(1)]
    assert str(view.balances["USDT"].settled) == "1000.0"
    assert [(one.kind, str(one.realized_pnl)) for one in view.lives] == [("2", "-1")]


@pytest.mark.parametrize(
    ("age_ms", "archive", "complete"),
    [(6 * DAY_MS, False, True), (8 * DAY_MS, True, True), (91 * DAY_MS, True, False)],
)
def test_bills_older_than_a_week_come_from_the_archive_and_older_ones_from_nowhere(
    age_ms: int, archive: bool, complete: bool
) -> None:
    script = Script()
    asked = ViewRequest(since_ms=NOW - HOUR_MS, now_ms=NOW, bills_since_ms=NOW - age_ms)
    view = OkxReader(script, Clock()).read_view(asked)
    assert ("account/bills-archive" in {name for name, _ in script.asked}) is archive
    assert view.complete("bills") is complete
    assert view.sources["bills"].window_from_ms == NOW - age_ms
    assert view.complete("fills", "orders_history")


def test_an_order_that_ended_while_it_was_read_is_one_row_and_ended() -> None:
    waits, ended = order(7, state="live", uTime=str(NOW)), order(7, uTime=str(NOW - 1))
    script = Script(trade__orders_pending=[waits], trade__orders_history=[ended])
    assert [one.state for one in read(script).orders] == ["filled"]
