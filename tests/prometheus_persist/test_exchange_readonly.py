"""P7: what a reader can be asked to do, and what can be reached from it by attributes."""

from __future__ import annotations

from types import BuiltinMethodType, FunctionType, MethodType, ModuleType
from typing import Any, ClassVar

import pytest

from prometheus_persist.exchange import OkxReader, OkxSettings, connect, okx_client
from prometheus_persist.exchange.okx.query import READS, NotRead, ReadOnlyClient

WRITES = ("create_order", "cancel_order", "edit_order", "privatePostTradeOrder", "request",
          "fetch2", "set_leverage", "withdraw", "transfer", "sign")  # fmt: skip
KEYS = ("the-key", "the-secret", "the-passphrase")


def reachable(start: object) -> list[object]:
    """Everything that plain attributes, items and fields lead to; not into code and modules."""
    seen: dict[int, object] = {}
    waiting = [start]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, (type, ModuleType)):
            continue
        seen[id(each)] = each
        waiting += list(_within(each))
    return list(seen.values())


def _within(each: object) -> list[Any]:
    if isinstance(each, (str, bytes, int, float)):
        return []
    if isinstance(each, dict):
        return [*each.keys(), *each.values()]
    if isinstance(each, (list, tuple, set, frozenset)):
        return list(each)
    if isinstance(each, MethodType):
        return [each.__self__]
    if isinstance(each, BuiltinMethodType):
        return []
    names = [name for name in dir(each) if not name.startswith("__")]
    if isinstance(each, FunctionType):
        return list(each.__dict__.values())
    return [getattr(each, name, None) for name in names]


def readers() -> list[OkxReader]:
    client = okx_client(None, *KEYS, sandbox=True, timeout_ms=1_000)
    return [
        connect(OkxSettings(*KEYS)),
        OkxReader(client),
        OkxReader(ReadOnlyClient(client)),
    ]


def test_no_attribute_of_a_reader_leads_to_a_client_or_to_a_write() -> None:
    for reader in readers():
        found = reachable(reader)
        assert any(isinstance(each, ReadOnlyClient) for each in found)
        assert not [each for each in found if type(each).__module__.startswith("ccxt")]
        for each in found:
            assert not [name for name in WRITES if hasattr(each, name)], each
            assert not any(secret in repr(each) for secret in KEYS[1:])


def test_the_walk_would_find_a_client() -> None:
    """The test above can fail."""
    reader = readers()[0]
    reader._clock = MethodType(lambda self: None, okx_client(None, *KEYS, sandbox=False,
                                                             timeout_ms=1))  # fmt: skip
    assert [each for each in reachable(reader) if type(each).__module__.startswith("ccxt")]


def test_every_read_is_a_get_that_ccxt_knows() -> None:
    client = okx_client(None, *KEYS, sandbox=False, timeout_ms=1_000)
    for endpoint, method in READS.items():
        assert method.startswith(("privateGet", "publicGet"))
        assert method.lower().endswith(endpoint.replace("/", "").replace("-", ""))
        assert callable(getattr(client, method))


@pytest.mark.parametrize(
    "name", ["trade/cancel-order", "privatePostTradeOrder", "", "asset/transfer"]
)
def test_nothing_else_can_be_asked(name: str) -> None:
    reads = ReadOnlyClient(okx_client(None, *KEYS, sandbox=False, timeout_ms=1_000))
    with pytest.raises(NotRead, match="not one of the reads"):
        reads.get(name)
    with pytest.raises(AttributeError):
        reads.client = None  # type: ignore[attr-defined]


def test_the_hosts_own_client_is_left_as_it_is() -> None:
    client = okx_client(None, *KEYS, sandbox=False, timeout_ms=1_000)
    client.enableRateLimit = True
    before = dict(vars(client))
    OkxReader(client)
    assert client.enableRateLimit
    assert vars(client) == before


class Headed:
    """A client whose demo trading is a header of its own."""

    headers: ClassVar = {"X-Simulated-Trading": "1"}


def test_a_reader_knows_whether_it_asks_demo_trading_and_keeps_no_client_for_that() -> None:
    for sandbox in (True, False):
        client = okx_client(None, *KEYS, sandbox=sandbox, timeout_ms=1_000)
        assert OkxReader(client).demo is sandbox
        assert OkxReader(ReadOnlyClient(client)).demo is sandbox
        assert connect(OkxSettings(*KEYS, sandbox=sandbox)).demo is sandbox
    client.set_sandbox_mode(True)
    assert OkxReader(client).demo
    client.set_sandbox_mode(False)
    assert not OkxReader(client).demo
    assert OkxReader(Headed()).demo
    assert OkxReader(client).url == OkxReader(Headed()).url == ""
    assert connect(OkxSettings(*KEYS, url="http://127.0.0.1:9/")).url == "http://127.0.0.1:9"
