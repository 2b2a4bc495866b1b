"""The shape of an answer: code, msg and data around the rows.

1. Order endpoints answer top code 0 (all went well), 1 (none did) or 2 (some did), always
   HTTP 200, with inTime and outTime in microseconds; each element has a row with its sCode.
2. Anything else that fails has its code at the top, the HTTP status of the error table and
   ``data: []``.
3. A request that was not let in, and a rate limit, have no ``data`` key at all.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from fakeokx.engine.events import Answered
from fakeokx.engine.refusals import Reason
from fakeokx.wire.errors import (
    ERRORS,
    OK,
    ErrorText,
    http_status,
    row_message,
    top_message,
)

Row = dict[str, Any]
_ALL_FAILED: Final = "All operations failed"
_SOME_FAILED: Final = "Bulk operation partially succeeded."
_PLACED: Final = "Order placed"


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and body of one answer."""

    status: int
    body: bytes


def dump(data: object) -> bytes:
    """JSON as it goes over the wire."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def answer(data: object, status: int = 200) -> Answer:
    """Any JSON value as an answer."""
    return Answer(status, dump(data))


def rows(data: Sequence[Any]) -> Answer:
    """Rows that were asked for."""
    return answer({"code": OK, "msg": "", "data": list(data)})


def refused(reason: Reason) -> Answer:
    """The request failed as a whole."""
    body = {"code": reason.code, "msg": top_message(reason), "data": []}
    return answer(body, http_status(reason.code))


def not_let_in(reason: Reason) -> Answer:
    """Authentication or a rate limit stopped the request: there is no data key."""
    body = {"msg": top_message(reason), "code": reason.code}
    return answer(body, http_status(reason.code))


def fault(code: str) -> Answer:
    """An injected failure; a code that the error table does not know is HTTP 500."""
    known = ERRORS.get(code, ErrorText(500, "Injected failure"))
    return answer({"code": code, "msg": known.message, "data": []}, known.http)


def not_found() -> Answer:
    """There is no such path."""
    return answer({"code": "404", "msg": "Not Found", "data": []}, 404)


def operations(op_rows: Sequence[Row], in_us: int, out_us: int) -> Answer:
    """Order rows under their common code."""
    failed = sum(row["sCode"] != OK for row in op_rows)
    code, msg = OK, ""
    if failed:
        code, msg = ("1", _ALL_FAILED) if failed == len(op_rows) else ("2", _SOME_FAILED)
    body = {
        "code": code,
        "data": list(op_rows),
        "inTime": str(in_us),
        "msg": msg,
        "outTime": str(out_us),
    }
    return answer(body)


def _result(answered: Answered, done: str = "") -> tuple[str, str]:
    if answered.reason is None:
        return OK, done
    return answered.reason.code, row_message(answered.reason)


def placed_row(answered: Answered, now_ms: int) -> Row:
    """Row of a placed order."""
    s_code, s_msg = _result(answered, _PLACED)
    return {
        "clOrdId": answered.cl_ord_id,
        "ordId": answered.id,
        "tag": answered.tag,
        "ts": str(now_ms),
        "sCode": s_code,
        "sMsg": s_msg,
        "subCode": "",
    }


def canceled_row(answered: Answered, now_ms: int) -> Row:
    """Row of a canceled order."""
    s_code, s_msg = _result(answered)
    return {
        "clOrdId": answered.cl_ord_id,
        "ordId": answered.id,
        "ts": str(now_ms),
        "sCode": s_code,
        "sMsg": s_msg,
    }


def amended_row(answered: Answered, now_ms: int) -> Row:
    """Row of an amended order."""
    s_code, s_msg = _result(answered)
    return {
        "clOrdId": answered.cl_ord_id,
        "ordId": answered.id,
        "ts": str(now_ms),
        "reqId": answered.req_id,
        "sCode": s_code,
        "sMsg": s_msg,
        "subCode": "",
    }


def algo_row(answered: Answered, _now_ms: int) -> Row:
    """Row of a placed or canceled algo order."""
    s_code, s_msg = _result(answered)
    return {
        "algoClOrdId": answered.cl_ord_id,
        "algoId": answered.id,
        "clOrdId": answered.cl_ord_id,
        "sCode": s_code,
        "sMsg": s_msg,
        "tag": answered.tag,
    }
