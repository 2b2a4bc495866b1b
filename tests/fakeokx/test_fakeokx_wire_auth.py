"""Who is let in. Each flaw has its code, and with two flaws the order of checks decides."""

import base64
import hashlib
import hmac

import pytest
from fakeokx_tools import T0, iso

from fakeokx.engine.refusals import Refusal
from fakeokx.wire.auth import ApiKey, authenticate

KEYS = {
    "k": ApiKey("k", "secret", "pass"),
    "d": ApiKey("d", "secret", "pass", environment="demo"),
    "l": ApiKey("l", "secret", "pass", environment="live"),
}
TARGET = "/api/v5/account/positions?instId=A%2CB"


def headers(
    key: str = "k", at_ms: int = T0, target: str = TARGET, **changed: str
) -> dict[str, str]:
    stamp = changed.get("ok-access-timestamp", iso(at_ms))
    digest = hmac.new(b"secret", f"{stamp}GET{target}".encode(), hashlib.sha256).digest()
    return {
        "ok-access-key": key,
        "ok-access-sign": base64.b64encode(digest).decode(),
        "ok-access-timestamp": stamp,
        "ok-access-passphrase": "pass",
        **changed,
    }


def enter(given: dict[str, str], clocks: tuple[int, ...] = (T0,)) -> str:
    try:
        return authenticate(given, "GET", TARGET, b"", KEYS, clocks).name
    except Refusal as refusal:
        return refusal.reason.code


def test_a_good_signature_opens_the_door() -> None:
    assert enter(headers()) == "k"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ok-access-key": ""}, "50103"),
        ({"ok-access-sign": ""}, "50106"),
        ({"ok-access-timestamp": ""}, "50107"),
        ({"ok-access-passphrase": ""}, "50104"),
        ({"ok-access-timestamp": "1700000000.0"}, "50112"),
        ({"ok-access-timestamp": "yesterday"}, "50112"),
        ({"ok-access-key": "nobody"}, "50119"),
        ({"ok-access-passphrase": "wrong"}, "50105"),
        ({"ok-access-sign": "AAAA"}, "50113"),
        ({"ok-access-sign": "é"}, "50113"),
    ],
)
def test_each_flaw_has_its_code(changed: dict[str, str], code: str) -> None:
    assert enter(headers(**changed)) == code


@pytest.mark.parametrize(
    ("off_ms", "code"), [(30_000, "k"), (-30_000, "k"), (30_001, "50102"), (-30_001, "50102")]
)
def test_the_window_is_thirty_seconds_either_way(off_ms: int, code: str) -> None:
    assert enter(headers(at_ms=T0 + off_ms)) == code


def test_a_timestamp_may_be_right_by_any_clock() -> None:
    assert enter(headers(at_ms=T0), (T0 + 10_000_000, T0)) == "k"


@pytest.mark.parametrize(
    ("key", "demo", "code"),
    [("d", "1", "d"), ("d", "0", "50101"), ("l", "1", "50101"), ("l", "0", "l"), ("k", "1", "k")],
)
def test_key_and_environment_must_match(key: str, demo: str, code: str) -> None:
    assert enter(headers(key=key, **{"x-simulated-trading": demo})) == code


def test_the_signature_covers_the_path_exactly_as_sent() -> None:
    assert enter(headers(target=TARGET.replace("%2C", ","))) == "50113"


def test_the_signature_covers_the_body() -> None:
    with pytest.raises(Refusal, match="50113"):
        authenticate(headers(), "GET", TARGET, b"{}", KEYS, (T0,))


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ok-access-key": "", "ok-access-sign": ""}, "50103"),
        ({"ok-access-sign": "", "ok-access-timestamp": ""}, "50106"),
        ({"ok-access-timestamp": "", "ok-access-passphrase": ""}, "50107"),
        ({"ok-access-timestamp": "x", "ok-access-key": "nobody"}, "50112"),
        ({"ok-access-key": "nobody", "ok-access-passphrase": "x"}, "50119"),
        ({"ok-access-passphrase": "x", "ok-access-sign": "x"}, "50105"),
    ],
)
def test_with_two_flaws_the_order_of_checks_decides(changed: dict[str, str], code: str) -> None:
    assert enter(headers(**changed)) == code
