"""Remember where the exchange is, and go back there.

A checkpoint is a length of the ledger. To rewind is to cut the ledger to that length and to
replay it: afterwards the exchange is byte for byte what it was, and what came later never
happened, so its ids will be given out again. WebSockets stay open and are told nothing, unless
their account is gone: then they are cut.

The lengths are in a file beside the ledger, so a checkpoint survives a restart. Those that a rewind
takes away go first: killed in between, the exchange is where it was, and no checkpoint is left that
lies beyond its ledger, or in the middle of what came later.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, Final

from fakeokx.engine.refusals import Refusal
from fakeokx.runtime.context import ExchangeRuntime
from fakeokx.runtime.exchange import Exchange

FILE_NAME: Final = "checkpoints.json"
CHECKPOINTS_MAX: Final = 1000
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)


def save(runtime: ExchangeRuntime, name: str) -> dict[str, Any]:
    """Make a checkpoint of that name, replacing an older one."""
    if _NAME.fullmatch(name) is None:
        raise Refusal("51000", "name")
    found = _load(runtime)
    found.pop(name, None)
    if len(found) >= CHECKPOINTS_MAX:
        raise Refusal("51000", "name")
    found[name] = {
        "bytes": runtime.exchange.ledger.path.stat().st_size,
        "now_ms": runtime.exchange.now_ms(),
    }
    _store(runtime, found)
    return {"name": name, **found[name]}


def saved(runtime: ExchangeRuntime) -> list[dict[str, Any]]:
    """Every checkpoint, oldest first."""
    return [{"name": name, **mark} for name, mark in _load(runtime).items()]


def rewind(runtime: ExchangeRuntime, name: str) -> dict[str, Any]:
    """Be what the checkpoint was; later checkpoints are gone. 51000 if there is none."""
    found = _load(runtime)
    if name not in found:
        raise Refusal("51000", "name")
    size = found[name]["bytes"]
    exchange = runtime.exchange
    path = exchange.ledger.path
    _store(runtime, {each: mark for each, mark in found.items() if mark["bytes"] <= size})
    exchange.close()
    os.truncate(path, size)
    # Others hold this exchange, so it stays and takes over what was read again.
    fresh = Exchange(path.parent)
    exchange.ledger, exchange.venue = fresh.ledger, fresh.venue
    runtime.past = None
    runtime.follow(runtime.script.lags_ms)
    runtime.recent.clear()
    if runtime.streams is not None:
        runtime.streams.rewound()
    return {"name": name, "now_ms": exchange.now_ms()}


def _file(runtime: ExchangeRuntime) -> Path:
    return runtime.exchange.ledger.path.parent / FILE_NAME


def _load(runtime: ExchangeRuntime) -> dict[str, dict[str, int]]:
    path = _file(runtime)
    if not path.exists():
        return {}
    found: dict[str, dict[str, int]] = json.loads(path.read_text())
    return found


def _store(runtime: ExchangeRuntime, found: dict[str, dict[str, int]]) -> None:
    scratch = _file(runtime).with_suffix(".new")
    scratch.write_text(json.dumps(found))
    scratch.replace(_file(runtime))
