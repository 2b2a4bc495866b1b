"""The part of the control API that is about the exchange itself.

Switches and accounts are in the ledger. Keys are in a file beside it, so that they survive a
restart. Notices and price scripts end with the process.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from fakeokx.control.events import rendered
from fakeokx.engine.commands import OpenAccount, SetSwitch
from fakeokx.engine.model import NET_MODE
from fakeokx.engine.refusals import Refusal
from fakeokx.engine.switches import SWITCHES
from fakeokx.runtime import checkpoints, keys, price_scripts
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.wire import requests
from fakeokx.wire.render_public import STATUS_STATES, status_row

Handler = Callable[[ExchangeRuntime, bytes], Any]
NOTICES_MAX: Final = 20


def _switches(runtime: ExchangeRuntime, _body: bytes) -> Any:
    now = runtime.exchange.venue.switches
    return {
        "switches": {
            name: {"value": now[name], "values": list(switch.values), "meaning": switch.meaning}
            for name, switch in SWITCHES.items()
        }
    }


def _set_switch(runtime: ExchangeRuntime, body: bytes) -> Any:
    params = requests.body_object(body, "switch")
    command = SetSwitch(name=params.get("name", ""), value=params.get("value", ""))
    return {"events": rendered(runtime, runtime.exchange.do(command))}


def _accounts(runtime: ExchangeRuntime, _body: bytes) -> Any:
    return {
        "accounts": [
            {"account": name, "posMode": holder.pos_mode}
            for name, holder in runtime.exchange.venue.accounts.items()
        ]
    }


def _open_account(runtime: ExchangeRuntime, body: bytes) -> Any:
    params = requests.body_object(body, "account")
    if not params.get("account"):
        raise Refusal("50014", "account")
    command = OpenAccount(account=params["account"], pos_mode=params.get("posMode") or NET_MODE)
    runtime.exchange.do(command)
    return _accounts(runtime, b"")


def _keys(runtime: ExchangeRuntime, _body: bytes) -> Any:
    return {"keys": [keys.public(each) for each in runtime.keys.values()]}


def _add_key(runtime: ExchangeRuntime, body: bytes) -> Any:
    params = requests.body_object(body, "key")
    key = keys.from_params(params)
    runtime.exchange.venue.account(key.account)
    if key.name not in runtime.keys and len(runtime.keys) >= keys.KEYS_MAX:
        raise Refusal("51000", "name")
    runtime.keys[key.name] = key
    _keys_changed(runtime, key.name)
    return _keys(runtime, b"")


def _drop_key(runtime: ExchangeRuntime, body: bytes) -> Any:
    name = requests.body_object(body, "drop-key").get("name", "")
    if runtime.keys.pop(name, None) is None:
        raise Refusal("51000", "name")
    _keys_changed(runtime, name)
    return _keys(runtime, b"")


def _keys_changed(runtime: ExchangeRuntime, name: str) -> None:
    keys.save(runtime.exchange.ledger.path.parent, runtime.keys.values())
    if runtime.streams is not None:
        runtime.streams.key_changed(name)


def _set_status(runtime: ExchangeRuntime, body: bytes) -> Any:
    try:
        rows = requests.text_json(body)["rows"]
        notices = tuple(status_row(row) for row in rows)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Refusal("51000", "rows") from None
    if len(notices) > NOTICES_MAX or any(row["state"] not in STATUS_STATES for row in notices):
        raise Refusal("51000", "state")
    runtime.status = notices
    if runtime.streams is not None:
        runtime.streams.status_changed(notices)
    return {"rows": list(notices)}


def _script(runtime: ExchangeRuntime, body: bytes) -> Any:
    return price_scripts.start(
        runtime.exchange, runtime.price_scripts, requests.body_object(body, "script")
    )


def _scripts(runtime: ExchangeRuntime, _body: bytes) -> Any:
    return price_scripts.running(runtime.price_scripts)


def _checkpoint(runtime: ExchangeRuntime, body: bytes) -> Any:
    return checkpoints.save(runtime, requests.body_object(body, "checkpoint").get("name", ""))


def _checkpoints(runtime: ExchangeRuntime, _body: bytes) -> Any:
    return {"checkpoints": checkpoints.saved(runtime)}


def _rewind(runtime: ExchangeRuntime, body: bytes) -> Any:
    return checkpoints.rewind(runtime, requests.body_object(body, "rewind").get("name", ""))


HANDLERS: Final[Mapping[tuple[str, str], Handler]] = {
    ("GET", "switches"): _switches,
    ("POST", "switch"): _set_switch,
    ("GET", "accounts"): _accounts,
    ("POST", "account"): _open_account,
    ("GET", "keys"): _keys,
    ("POST", "key"): _add_key,
    ("POST", "drop-key"): _drop_key,
    ("POST", "status"): _set_status,
    ("GET", "script"): _scripts,
    ("POST", "script"): _script,
    ("GET", "checkpoint"): _checkpoints,
    ("POST", "checkpoint"): _checkpoint,
    ("POST", "rewind"): _rewind,
}
