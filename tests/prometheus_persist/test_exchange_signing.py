"""Reading OKX itself (no stand-in address): the right host, signed, demo when asked, only GET."""

import base64
import hashlib
import hmac
import json
import re
from urllib.parse import urlsplit

import pytest
import responses

from prometheus_persist.exchange.okx.client import OkxSettings, connect
from prometheus_persist.exchange.reader import ViewRequest

NOW_MS = 1_795_000_000_000
ROWS = {
    "/api/v5/public/time": [{"ts": str(NOW_MS)}],
    "/api/v5/account/config": [{"posMode": "net_mode", "acctLv": "2", "uid": "1"}],
}


def answered(sandbox):
    """Every request of one reading, with empty lists where nothing else is said."""
    reader = connect(OkxSettings("the-key", "the-secret", "the-passphrase", sandbox=sandbox))
    with responses.RequestsMock(assert_all_requests_are_fired=False) as okx:
        for method in ("GET", "POST", "PUT", "DELETE"):
            okx.add_callback(method, re.compile(r".*"), callback=_answer)
        view = reader.read_view(ViewRequest(since_ms=NOW_MS - 60_000, now_ms=NOW_MS))
        return view, [call.request for call in okx.calls]


def _answer(request):
    data = ROWS.get(urlsplit(request.url).path, [])
    return 200, {}, json.dumps({"code": "0", "msg": "", "data": data})


@pytest.mark.parametrize("sandbox", [True, False])
def test_okx_itself_is_asked_with_get_only_and_demo_only_when_told(sandbox):
    view, requests = answered(sandbox)
    assert view.pos_mode == "net_mode"
    assert len(requests) > 8
    assert {request.method for request in requests} == {"GET"}
    assert all(urlsplit(request.url).hostname.endswith("okx.com") for request in requests)
    private = [r for r in requests if "/public/" not in r.url]
    assert private
    assert {r.headers.get("x-simulated-trading") for r in private} == {"1" if sandbox else None}


def test_every_private_request_carries_the_signature_okx_computes():
    _, requests = answered(sandbox=True)
    for request in requests:
        if "/public/" in request.url:
            continue
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        text = request.headers["OK-ACCESS-TIMESTAMP"] + "GET" + path
        digest = hmac.new(b"the-secret", text.encode(), hashlib.sha256).digest()
        assert request.headers["OK-ACCESS-SIGN"] == base64.b64encode(digest).decode()
        assert request.headers["OK-ACCESS-PASSPHRASE"] == "the-passphrase"


def test_credentials_are_in_no_text_that_could_be_printed():
    settings = OkxSettings("the-key", "the-secret", "the-passphrase")
    assert "the-" not in repr(settings)
