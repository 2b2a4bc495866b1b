"""The error table covers what the code raises, and answers have the shapes of OKX."""

import json
import re
import string
from pathlib import Path

import pytest

import fakeokx
from fakeokx.engine.events import Answered
from fakeokx.engine.refusals import Reason
from fakeokx.wire import envelopes
from fakeokx.wire.errors import ERRORS, http_status, row_message, top_message

SOURCE = Path(fakeokx.__file__).parent
RAISED = {
    code
    for path in SOURCE.rglob("*.py")
    for code in re.findall(r"\"(5[0-9]{4})\"", path.read_text(encoding="utf-8"))
}


def test_every_code_in_the_source_has_a_text() -> None:
    assert {"51000", "51603", "50113"} <= RAISED
    assert sorted(RAISED - set(ERRORS)) == []


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_every_text_can_be_filled(code: str) -> None:
    gaps = [name for _, name, _, _ in string.Formatter().parse(ERRORS[code].message) if name]
    words = tuple(f"word{number}" for number in range(len(gaps)))
    assert all(word in top_message(Reason(code, words)) for word in words)
    assert http_status(code) in (200, 400, 401, 405, 410, 429, 500, 503)


def test_parameter_errors_end_in_a_space_in_rows_only() -> None:
    reason = Reason("51000", ("tag",))
    assert row_message(reason) == "Parameter tag error "
    assert top_message(reason) == "Parameter tag error"
    assert row_message(Reason("51603")) == "Order does not exist."


@pytest.mark.parametrize(
    ("words", "sub_code", "text"),
    [
        (("USDT",), "1001", "Order failed. Insufficient USDT margin in account"),
        (("BTC", "balance"), "1000", "Order failed. Insufficient BTC balance in account"),
    ],
)
def test_what_is_missing_is_a_margin_or_a_balance(
    words: tuple[str, ...], sub_code: str, text: str
) -> None:
    refused = Answered(id="", cl_ord_id="", tag="", reason=Reason("51008", words))
    row = envelopes.placed_row(refused, 0)
    assert (row["sCode"], row["subCode"], row["sMsg"]) == ("51008", sub_code, text)


GOOD = Answered(id="1", cl_ord_id="a", tag="t")
BAD = Answered(id="", cl_ord_id="b", tag="", reason=Reason("51000", ("sz",)))


@pytest.mark.parametrize(
    ("answered", "code", "msg"),
    [
        ([GOOD, GOOD], "0", ""),
        ([BAD, BAD], "1", "All operations failed"),
        ([GOOD, BAD], "2", "Bulk operation partially succeeded."),
    ],
)
def test_the_top_code_sums_up_the_rows(answered: list[Answered], code: str, msg: str) -> None:
    rows = [envelopes.placed_row(each, 7) for each in answered]
    answer = envelopes.operations(rows, 7000, 8000)
    body = json.loads(answer.body)
    assert (answer.status, body["code"], body["msg"]) == (200, code, msg)
    assert (body["inTime"], body["outTime"]) == ("7000", "8000")


def test_row_keys_and_their_order() -> None:
    placed = ["clOrdId", "ordId", "tag", "ts", "sCode", "sMsg", "subCode"]
    assert list(envelopes.placed_row(GOOD, 7)) == placed
    assert list(envelopes.canceled_row(GOOD, 7)) == ["clOrdId", "ordId", "ts", "sCode", "sMsg"]
    amended = ["clOrdId", "ordId", "ts", "reqId", "sCode", "sMsg", "subCode"]
    assert list(envelopes.amended_row(GOOD, 7)) == amended
    algo = ["algoClOrdId", "algoId", "clOrdId", "sCode", "sMsg", "tag"]
    assert list(envelopes.algo_row(GOOD, 7)) == algo


def test_who_is_not_let_in_gets_no_data_key() -> None:
    answer = envelopes.not_let_in(Reason("50113"))
    assert (answer.status, json.loads(answer.body)) == (
        401,
        {"msg": "Invalid Sign", "code": "50113"},
    )


def test_a_refused_request_has_an_empty_data_list() -> None:
    answer = envelopes.refused(Reason("51603"))
    assert answer.status == 200
    assert json.loads(answer.body)["data"] == []


def test_an_unknown_path() -> None:
    answer = envelopes.not_found()
    assert (answer.status, json.loads(answer.body)["code"]) == (404, "404")
