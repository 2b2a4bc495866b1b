"""API keys that were added while the exchange ran, kept in a file beside its ledger.

They open nothing but this exchange; the file is its owner's all the same.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from fakeokx.engine.model import MAIN
from fakeokx.engine.refusals import Refusal
from fakeokx.runtime.defaults import KEY_FORM
from fakeokx.wire.auth import ENVIRONMENTS, ApiKey

FILE_NAME: Final = "keys.json"
READ_ONLY: Final = "read_only"
TRADE: Final = "trade"
KEYS_MAX: Final = 1000
WORD_CHARS_MAX: Final = 200
_PARTS: Final = 5


def from_params(params: Mapping[str, str]) -> ApiKey:
    """The key that a control request describes; 50014 and 51000 name the field that is wrong."""
    for name in ("name", "secret", "passphrase"):
        if not params.get(name):
            raise Refusal("50014", name)
        if len(params[name]) > WORD_CHARS_MAX:
            raise Refusal("51000", name)
    perm = params.get("perm") or TRADE
    environment = params.get("environment") or ENVIRONMENTS[-1]
    if perm not in (READ_ONLY, TRADE):
        raise Refusal("51000", "perm")
    if environment not in ENVIRONMENTS:
        raise Refusal("51000", "environment")
    return ApiKey(
        name=params["name"],
        secret=params["secret"],
        passphrase=params["passphrase"],
        may_trade=perm == TRADE,
        environment=environment,
        account=params.get("account") or MAIN,
        ips=tuple(filter(None, params.get("ips", "").split(","))),
    )


def parse(text: str) -> ApiKey:
    """The key of ``NAME:SECRET:PASSPHRASE[:read_only|trade[:ACCOUNT]]``; raises ValueError."""
    name, secret, passphrase, perm, account, *rest = [*text.split(":"), *[""] * _PARTS]
    is_whole = all((name, secret, passphrase)) and perm in ("", READ_ONLY, TRADE)
    if not is_whole or any(rest):
        raise ValueError(f"a key is written {KEY_FORM}")
    return ApiKey(name, secret, passphrase, may_trade=perm != READ_ONLY, account=account or MAIN)


def public(key: ApiKey) -> dict[str, Any]:
    """What may be said about a key."""
    return {
        "name": key.name,
        "perm": TRADE if key.may_trade else READ_ONLY,
        "account": key.account,
        "environment": key.environment,
        "ips": ",".join(key.ips),
    }


def save(directory: Path, found: Iterable[ApiKey]) -> None:
    """Replace the file by these keys, all or nothing."""
    rows = [public(key) | {"secret": key.secret, "passphrase": key.passphrase} for key in found]
    scratch = directory / f"{FILE_NAME}.new"
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"keys": rows}, file, indent=1)
    scratch.replace(directory / FILE_NAME)


def load(directory: Path) -> dict[str, ApiKey]:
    """The keys of the file, none if there is no file."""
    path = directory / FILE_NAME
    if not path.exists():
        return {}
    rows = json.loads(path.read_text())["keys"]
    return {row["name"]: from_params(row) for row in rows}
