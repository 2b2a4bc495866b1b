"""S11: what clients and HTTP libraries say when they fail is kept without what they sign with.

The texts have the shapes that ccxt, requests, urllib3, aiohttp, httpx and OKX really give; what is
secret in them is made up.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storekit import BTC, StillClock, founding, open_store

from prometheus_persist.saving import IntentGate, Saver
from prometheus_persist.state import contracts, state_from
from prometheus_persist.state.redacted import HIDDEN, redacted
from prometheus_persist.testing.memory_fs import MemoryFs

KEY = "0c9f5f1e-2b7a-4a55-9d3e-7f1d2c3b4a59"
SIGN = "mKVQ3xvVJ7lU0g2Yw9oHnT4b1rZs6P8dQeXcRfAaBbE="
SECRET = "9F2C4E6A8B0D1F3E5C7A9B2D4F6E8A0C"
WORD = "Corr3ct-Horse!"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

TEXTS = {
    "ccxt, verbose headers": (
        "okx POST https://www.okx.com/api/v5/trade/order RequestHeaders: {'OK-ACCESS-KEY': "
        f"'{KEY}', 'OK-ACCESS-PASSPHRASE': '{WORD}', 'OK-ACCESS-TIMESTAMP': "
        f"'2025-12-03T01:00:00.000Z', 'OK-ACCESS-SIGN': '{SIGN}'}} timed out"
    ),
    "requests, a proxy": (
        f"HTTPSConnectionPool(host='www.okx.com', port=443): Max retries exceeded with url: /api "
        f"(Caused by ProxyError('Cannot connect to proxy http://trader:{WORD}@10.0.0.1:3128'))"
    ),
    "a URL whose password has an @": f"cannot reach socks5h://me:p@{WORD}@proxy.local:1080/x",
    "a URL with a user only": f"cannot clone https://{SECRET}@example.com/x.git",
    "a query": f"GET https://api.example.com/v1?symbol=BTC&apiKey={KEY}&signature={SIGN}&n=1 403",
    "JSON": f'{{"apiKey": "{KEY}", "secret":"{SECRET}", "passphrase":"{WORD}", "code": "50111"}}',
    "JSON within JSON": f'"body": "{{\\"apiKey\\":\\"{KEY}\\",\\"password\\":\\"{WORD}\\"}}"',
    "a repr of a client": f"okx(apiKey='{KEY}', secret='{SECRET}', password='{WORD}')",
    "httpx, pairs of headers": (
        f"Headers([('ok-access-key', '{KEY}'), ('ok-access-sign', '{SIGN}'), "
        f"('authorization', 'Bearer {JWT}')])"
    ),
    "urllib, bytes": f"headers=[(b'OK-ACCESS-PASSPHRASE', b'{WORD}')]",
    "raw header lines": (
        f"POST /api HTTP/1.1\r\nHost: www.okx.com\r\nAuthorization: Basic dXNlcjpwYXNzd29yZA==\r\n"
        f"OK-ACCESS-SIGN: {SIGN}\r\nCookie: session={SECRET}; theme=dark\r\n"
    ),
    "a sentence": f"Invalid key={SECRET} for account, token={JWT}",
    "an environment": f"OKX_API_SECRET={SECRET} OKX_API_PASSPHRASE={WORD} exited with 1",
    "a bearer": f"401 for bearer {JWT}",
    "a private key": f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----",
    "a cut private key": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n{SECRET[:9]}",
    "a login row": (
        f'{{"op":"login","args":[{{"apiKey":"{KEY}","passphrase":"{WORD}","sign":"{SIGN}"}}]}}'
    ),
}
KEPT = (
    'okx {"code":"1","data":[{"clOrdId":"a1b2c3d4e5f6","ordId":"","sCode":"51008","sMsg":'
    '"Order failed. Insufficient USDT margin in account","tag":"t3st01"}],"msg":""}',
    'okx {"msg":"Invalid OK-ACCESS-KEY","code":"50111"}',
    'okx {"msg":"Request header OK-ACCESS-PASSPHRASE can not be empty.","code":"50103"}',
    'okx {"msg":"Invalid Sign","code":"50113"}',
    "okx GET https://www.okx.com/api/v5/market/ticker?instId=BTC-USDT-SWAP 502 Bad Gateway",
    "HTTPSConnectionPool(host='www.okx.com', port=443): Read timed out. (read timeout=10)",
    "no answer seen: TimeoutError('timed out')",
    "KeyError: 'instId'",
    "Your API key has expired: renew it",
    "the key is missing",
    "资金不足, 订单被拒绝: sCode 51008",
    "basic settings could not be read",
    "",
)


@pytest.mark.parametrize("kind", TEXTS)
def test_redacted_no_credential_is_left(kind: str) -> None:
    """Nothing of any of them, wherever it stands; the same once more changes nothing."""
    found = redacted(TEXTS[kind])
    assert HIDDEN in found
    for secret in (KEY, SIGN, SECRET, WORD, JWT, "dXNlcjpwYXNzd29yZA", "trader", "me:p"):
        assert secret not in found, found
    assert redacted(found) == found


@pytest.mark.parametrize("text", KEPT)
def test_redacted_what_an_exchange_says_stays(text: str) -> None:
    """Codes, messages, ids, endpoints: as they were."""
    assert redacted(text) == text


@pytest.mark.parametrize(
    "text",
    ["symbol=BTC&", "https://api.example.com/v1?", '"code": "50111"', "exited with 1", "timed out"],
)
def test_redacted_what_stands_beside_a_credential_stays(text: str) -> None:
    """Only the value goes."""
    assert any(text in redacted(whole) for whole in TEXTS.values())


@given(st.text(max_size=200))
def test_redacted_takes_any_text(text: str) -> None:
    """No text breaks it, and a second time changes nothing."""
    once = redacted(text)
    assert redacted(once) == once


@pytest.mark.parametrize("kind", TEXTS)
def test_redacted_what_a_hosts_exception_says_is_stored_without_it(kind: str) -> None:
    """An order that was refused, and one whose block was left by the exception: neither the
    journal nor the readable files have any of it; that there was a reason is there."""
    fs = MemoryFs()
    store = open_store(fs, StillClock())
    store.commit(founding())
    saver = Saver(store, state_from(store.image.documents))
    gate = IntentGate(saver, StillClock())
    gate.open()
    gate.order_intent("LiveAgent_01", BTC, "buy", contracts("1")).reject(TEXTS[kind])
    with pytest.raises(RuntimeError), gate.order_intent("LiveAgent_01", BTC, "buy", contracts("1")):
        raise RuntimeError(TEXTS[kind])
    store.checkpoint()
    store.close()
    whole = b"".join(fs.contents().values())
    assert whole.count(HIDDEN.encode()) >= 2
    for secret in (KEY, SIGN, SECRET, WORD, JWT):
        assert secret.encode() not in whole
