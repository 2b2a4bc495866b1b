"""The shape of an answer: code, msg and data around the rows.

1. Order endpoints answer top code 0 (all went well), 1 (none did) or 2 (some did), always
   HTTP 200, with inTime and outTime in microseconds; each element has a row with its sCode.
2. Anything else that fails has its code at the top, the HTTP status of the error table and
   ``data: []``.
3. A request that was not let in, and a rate limit, have no ``data`` key at all.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fakeokx.engine.events import Answered
from fakeokx.engine.refusals import Reason
from fakeokx.engine.switches import DEFAULTS
from fakeokx.wire.errors import (
    ERRORS,
    OK,
    ErrorText,
    http_status,
    row_message,
    sub_code,
    top_message,
)

Row = dict[str, Any]
Switches = Mapping[str, str]
JSON: Final = "application/json"
HTML: Final = "text/html"
_SOME_FAILED: Final = "Bulk operation partially succeeded."
_RATE_LIMITED: Final = "50011"
_DEAD: Final = "51400"
_GATEWAY_STATUS: Final = 500
_HTML_STATUS: Final = 502
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_HTML_PAGE: Final = (
    "<html>\r\n<head><title>{0} Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>{0} Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """HTTP status and body of one answer."""

    status: int
    body: bytes
    media_type: str = JSON


def dump(data: object) -> bytes:
    """JSON as it goes over the wire."""
    return _encode(data).encode()


def answer(data: object, status: int = 200) -> Answer:
    """Any JSON value as an answer."""
    return Answer(status, dump(data))


def rows(data: Sequence[Any]) -> Answer:
    """Rows that were asked for."""
    return answer({"code": OK, "msg": "", "data": list(data)})


def refused(reason: Reason, switches: Switches = DEFAULTS) -> Answer:
    """The request failed as a whole."""
    body = {"code": reason.code, "msg": top_message(reason), "data": []}
    return answer(body, http_status(reason.code, switches))


def not_let_in(reason: Reason, switches: Switches = DEFAULTS) -> Answer:
    """Authentication or a rate limit stopped the request: there is no data key."""
    if reason.code == _RATE_LIMITED and switches["http.rate_limit_form"] == "200_envelope":
        msg = "Rate limit reached. Please refer to API docs and throttle requests accordingly."
        return answer({"code": reason.code, "msg": msg, "data": []})
    body = {"msg": top_message(reason), "code": reason.code}
    return answer(body, http_status(reason.code, switches))


def fault(code: str, form: str = "okx", status: int = 0) -> Answer:
    """An injected failure; a code that the error table does not know is HTTP 500.

    ``form`` may put something before OKX: ``gateway`` answers with an int code and an object
    for data, ``html`` with a page. ``status`` replaces the HTTP status.
    """
    if form == "gateway":
        http = status or _GATEWAY_STATUS
        text = "Internal Server Error"
        body = {
            "code": http,
            "data": {},
            "detailMsg": "",
            "error_code": str(http),
            "error_message": text,
            "msg": text,
        }
        return answer(body, http)
    if form == "html":
        http = status or _HTML_STATUS
        return Answer(http, _HTML_PAGE.format(http).encode(), HTML)
    known = ERRORS.get(code, ErrorText(500, "Injected failure"))
    msg = known.message.format(*("?" for _ in range(known.message.count("{"))))
    return answer({"code": code, "msg": msg, "data": []}, status or known.http)


def cut(whole: Answer) -> Answer:
    """The first half of an answer's bytes."""
    return Answer(whole.status, whole.body[: len(whole.body) // 2], whole.media_type)


def not_found() -> Answer:
    """There is no such path."""
    return answer({"code": "404", "msg": "Not Found", "data": []}, 404)


def operations(
    op_rows: Sequence[Row], in_us: int, out_us: int, switches: Switches = DEFAULTS
) -> Answer:
    """Order rows under their common code."""
    failed = sum(row["sCode"] != OK for row in op_rows)
    code, msg = OK, ""
    if failed:
        all_failed = ("1", switches["msg.all_failed"])
        code, msg = all_failed if failed == len(op_rows) else ("2", _SOME_FAILED)
    only_dead = code == "1" and all(row["sCode"] == _DEAD for row in op_rows)
    if only_dead and switches["order.cancel_dead_top_code"] == "0":
        code, msg = OK, ""
    body = {
        "code": code,
        "data": list(op_rows),
        "inTime": str(in_us),
        "msg": msg,
        "outTime": str(out_us),
    }
    return answer(body)


def _result(answered: Answered, switches: Switches, done: str = "") -> tuple[str, str]:
    if answered.reason is None:
        return OK, done
    return answered.reason.code, row_message(answered.reason, switches)


def placed_row(answered: Answered, now_ms: int, switches: Switches = DEFAULTS) -> Row:
    """Row of a placed order."""
    s_code, s_msg = _result(answered, switches, switches["msg.place_ok"])
    return {
        "clOrdId": answered.cl_ord_id,
        "ordId": answered.id,
        "tag": answered.tag,
        "ts": str(now_ms),
        "sCode": s_code,
        "sMsg": s_msg,
        "subCode": sub_code(answered.reason),
    }


def canceled_row(answered: Answered, now_ms: int, switches: Switches = DEFAULTS) -> Row:
    """Row of a canceled order."""
    s_code, s_msg = _result(answered, switches)
    return {
        "clOrdId": answered.cl_ord_id,
        "ordId": answered.id,
        "ts": str(now_ms),
        "sCode": s_code,
        "sMsg": s_msg,
    }


def amended_row(answered: Answered, now_ms: int, switches: Switches = DEFAULTS) -> Row:
    """Row of an amended order."""
    s_code, s_msg = _result(answered, switches)
    return {
        "clOrdId": answered.cl_ord_id,
        "ordId": answered.id,
        "ts": str(now_ms),
        "reqId": answered.req_id,
        "sCode": s_code,
        "sMsg": s_msg,
        "subCode": sub_code(answered.reason),
    }


def amended_algo_row(answered: Answered, _now_ms: int, switches: Switches = DEFAULTS) -> Row:
    """Row of an amended algo order."""
    s_code, s_msg = _result(answered, switches)
    return {
        "algoClOrdId": answered.cl_ord_id,
        "algoId": answered.id,
        "reqId": answered.req_id,
        "sCode": s_code,
        "sMsg": s_msg,
    }


def algo_row(answered: Answered, _now_ms: int, switches: Switches = DEFAULTS) -> Row:
    """Row of a placed or canceled algo order."""
    s_code, s_msg = _result(answered, switches)
    return {
        "algoClOrdId": answered.cl_ord_id,
        "algoId": answered.id,
        "clOrdId": answered.cl_ord_id,
        "sCode": s_code,
        "sMsg": s_msg,
        "tag": answered.tag,
    }
