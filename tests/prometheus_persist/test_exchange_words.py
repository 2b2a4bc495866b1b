"""What is said when OKX refuses a key, a clock or a permission: once, and what to do."""

from __future__ import annotations

import re
from string import Formatter

import pytest
from exchange_script import HOUR_MS, KEYS, NOW, Clock, Script, intent, read, served, told

from prometheus_persist.errors import VenueRefused
from prometheus_persist.exchange import ViewRequest
from prometheus_persist.exchange.okx.query import READS
from prometheus_persist.words import okx_refusals

ASKED = ViewRequest(since_ms=NOW - HOUR_MS, now_ms=NOW, intents=(intent(HOUR_MS),))
SIGNED = [endpoint for endpoint in READS if not endpoint.startswith("public/")]


def test_every_sentence_is_there_twice_with_the_same_gaps() -> None:
    due = {"50030", "50101", "50102", "50103", "50104", "50105", "50106", "50107", "50110",
           "50111", "50112", "50113", "50114", "50119", "50120"}  # fmt: skip
    assert set(okx_refusals.WORDS) == due
    for code, (zh, en) in okx_refusals.WORDS.items():
        assert okx_refusals.message_id(code) == f"venue.{code}"
        assert [gap for _, gap, *_ in Formatter().parse(zh)] == [
            gap for _, gap, *_ in Formatter().parse(en)
        ]
        assert re.search(r"[\u4e00-\u9fff]", zh)
        assert not re.search(r"[\u4e00-\u9fff]", en)


@pytest.mark.parametrize("code", sorted(okx_refusals.WORDS))
def test_what_every_signed_question_is_refused_with_is_said_once(code: str) -> None:
    body = told(code, "no")
    status = 200 if code in ("50030", "50120") else 401
    text = f'{{"msg":"no","code":"{code}"}}' if status == 401 else ""
    answer = (status, text) if text else body
    with (
        served(dict.fromkeys(SIGNED, lambda _: answer)) as reader,
        pytest.raises(VenueRefused) as refused,
    ):
        reader.read_view(ASKED)
    assert refused.value.code == code
    assert refused.value.detail == okx_refusals.sentence(code, 0)
    assert not any(secret in refused.value.detail for secret in KEYS)


def test_a_clock_that_is_off_is_told_by_how_much() -> None:
    class Behind(Clock):
        def now_ms(self) -> int:
            return NOW - 95_000

    late = (401, '{"msg":"Timestamp request expired.","code":"50102"}')
    with (
        served(dict.fromkeys(SIGNED, lambda _: late), clock=Behind()) as reader,
        pytest.raises(VenueRefused, match=r"95000 ms.*50102"),
    ):
        reader.read_view(ASKED)
    assert okx_refusals.pair("50102", 95_000)[0].count("95000") == 1
    assert "?" in okx_refusals.pair("50102")[0]


def test_a_refusal_is_not_asked_for_again() -> None:
    late = (401, '{"msg":"Timestamp request expired.","code":"50102"}')
    asked: list[object] = []

    def answer(params: object) -> object:
        asked.append(params)
        return late

    with served({"account/config": answer}) as reader:
        view = reader.read_view(ASKED)
    assert len(asked) == 1
    assert [status.name for status in view.problems()] == ["config"]


def test_a_permission_that_lacks_for_one_source_is_a_problem_of_that_source() -> None:
    with served({"account/bills": lambda _: told("50030", "no")}) as reader:
        view = reader.read_view(ASKED)
    (status,) = view.problems()
    assert (status.name, status.problem) == (
        "bills",
        f"account/bills: {okx_refusals.sentence('50030')}",
    )


def test_two_reasons_are_not_one() -> None:
    codes = iter(["50113", "50105"] * 99)
    with served(dict.fromkeys(SIGNED, lambda _: (401, f'{{"code":"{next(codes)}"}}'))) as reader:
        assert len(reader.read_view(ASKED).problems()) == 9


def test_an_outage_is_no_refusal() -> None:
    view = read(Script())
    assert view.offset_ms == 0
    down = {"code": "50001", "msg": "Service temporarily unavailable", "data": []}
    with served(dict.fromkeys(SIGNED, lambda _: down)) as reader:
        assert not reader.read_view(ASKED).complete("positions")
