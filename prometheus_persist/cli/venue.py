"""The exchange a command talks to: from options and environment to a reader, or to a sender.

Keys come from the environment only (``OKX_API_KEY``, ``OKX_API_SECRET``, ``OKX_API_PASSPHRASE``),
so that they are in no shell history and no process list.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_persist.errors import BadConfig, VenueRefused, VenueUnreachable
from prometheus_persist.exchange.okx.client import OkxReader, okx_client
from prometheus_persist.exchange.okx.query import Again, NotRead, ReadOnlyClient, Row
from prometheus_persist.exchange.okx.sender import Sender
from prometheus_persist.report.values import Say
from prometheus_persist.state import AccountIdentity
from prometheus_persist.storage.heard import tell_of

KEY_NAMES = ("OKX_API_KEY", "OKX_API_SECRET", "OKX_API_PASSPHRASE")
TIMEOUT_MS = 10_000


def venue_reader(url: str, *, sandbox: bool, environ: Mapping[str, str]) -> OkxReader:
    """A reader of the account whose keys are in ``environ``; raises BadConfig without them."""
    return OkxReader(_reads(url, sandbox=sandbox, environ=environ))


def venue_sender(url: str, *, sandbox: bool, environ: Mapping[str, str]) -> Sender:
    """What sends closing orders to that account; raises BadConfig likewise."""
    return Sender(_client(url, sandbox=sandbox, environ=environ))


class _HeardClient(ReadOnlyClient):
    """Tells of each question before it is asked."""

    __slots__ = ()

    def get(self, endpoint: str, params: Mapping[str, str] | None = None) -> list[Row]:
        """One answer's rows."""
        tell_of("asks", endpoint)
        return super().get(endpoint, params)


def _reads(url: str, *, sandbox: bool, environ: Mapping[str, str]) -> ReadOnlyClient:
    return _HeardClient(_client(url, sandbox=sandbox, environ=environ))


def _client(url: str, *, sandbox: bool, environ: Mapping[str, str]) -> Any:
    key, secret, passphrase = _keys(environ)
    return okx_client(url or None, key, secret, passphrase, sandbox, TIMEOUT_MS)


def _keys(environ: Mapping[str, str]) -> tuple[str, str, str]:
    missing = [name for name in KEY_NAMES if not environ.get(name)]
    if missing:
        raise BadConfig(f"set {', '.join(missing)} in the environment")
    key, secret, passphrase = (environ[name] for name in KEY_NAMES)
    return key, secret, passphrase


def refuse_other_account(
    kept: AccountIdentity | None, url: str, *, sandbox: bool, environ: Mapping[str, str], say: Say
) -> None:
    """Raise BadConfig where the keys are not those of the account that the books are kept for.

    What another account answers proves nothing about our orders. Raises VenueUnreachable and
    VenueRefused, too.
    """
    rows = _asked("account/config", url, sandbox=sandbox, environ=environ)
    uid = str(rows[0].get("uid", "")) if rows else ""
    if kept is not None and uid and (kept.uid, kept.demo) != (uid, sandbox):
        told = {"account": kept.uid, "environment": say(f"environment.{_named(kept.demo)}")}
        shown = say(f"environment.{_named(sandbox)}")
        raise BadConfig(say("cli.other_account", **told, uid=uid, shown=shown))


def venue_positions(url: str, *, sandbox: bool, environ: Mapping[str, str]) -> list[dict[str, Any]]:
    """The account's positions as OKX shows them; raises VenueUnreachable and VenueRefused."""
    rows = _asked("account/positions", url, sandbox=sandbox, environ=environ)
    return [dict(row) for row in rows]


def _asked(
    path: str, url: str, *, sandbox: bool, environ: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    try:
        return list(_reads(url, sandbox=sandbox, environ=environ).get(path))
    except Again as problem:
        raise VenueUnreachable(problem.problem) from None
    except NotRead as problem:
        raise VenueRefused(problem.problem, problem.code) from None


def _named(demo: bool) -> str:
    return "demo" if demo else "live"
