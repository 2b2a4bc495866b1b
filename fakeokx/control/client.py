"""Steer a running fakeokx through its control API. Standard library only.

Numbers may be given as text, Decimal or int; they travel as text, so no digit is lost.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from fakeokx.control.connection import ControlConnection, ControlRefused

__all__ = ["Control", "ControlRefused"]

MAIN: Final = "main"
DEMO: Final = "demo"
DEMO_CASH: Final = 100_000  # USDT
Number = str | int | Decimal


class Control(ControlConnection):
    """The control API of the fakeokx at that address."""

    def health(self) -> bool:
        """Whether it answers; raises OSError if nothing listens."""
        return bool(self._call("GET", "health")["ok"])

    def price(self, inst_id: str, px: Number) -> list[dict[str, Any]]:
        """Move the price; returns what that set off, in order."""
        return self._events("price", {"instId": inst_id, "px": str(px)})

    def trade_by_hand(
        self,
        inst_id: str,
        side: str,
        sz: Number,
        pos_side: str | None = None,
        td_mode: str = "",
        *,
        cl_ord_id: str = "",
        tag: str = "",
        account: str = MAIN,
    ) -> str:
        """Trade at market as another user of an account; returns the ordId.

        ``td_mode`` is cash for spot and cross for anything else unless it says otherwise.
        """
        body = {
            "instId": inst_id,
            "side": side,
            "sz": str(sz),
            "posSide": pos_side or "",
            "tdMode": td_mode,
            "clOrdId": cl_ord_id,
            "tag": tag,
            "account": account,
        }
        return str(self._call("POST", "trade", body)["ordId"])

    def liquidate(
        self,
        inst_id: str,
        pos_side: str | None = None,
        mgn_mode: str = "cross",
        *,
        account: str = MAIN,
    ) -> str:
        """Liquidate a whole position at the mark price; returns the ordId."""
        body = _place(inst_id, pos_side, mgn_mode, account)
        return str(self._call("POST", "liquidate", body)["ordId"])

    def adl(
        self,
        inst_id: str,
        sz: Number = "",
        pos_side: str | None = None,
        mgn_mode: str = "cross",
        *,
        account: str = MAIN,
    ) -> str:
        """Auto-deleverage that many contracts of a position, all without ``sz``; the ordId."""
        body = _place(inst_id, pos_side, mgn_mode, account)
        return str(self._call("POST", "adl", {**body, "sz": str(sz)})["ordId"])

    def mark(self, inst_id: str, px: Number) -> list[dict[str, Any]]:
        """Move the mark price alone; returns what that set off."""
        return self._events("mark", {"instId": inst_id, "px": str(px)})

    def book(
        self,
        inst_id: str,
        bids: Iterable[tuple[Number, Number]] = (),
        asks: Iterable[tuple[Number, Number]] = (),
    ) -> None:
        """Seed the book with (price, size) levels; no levels at all mean no book."""
        sides = {"bids": bids, "asks": asks}
        levels = {name: [[str(px), str(sz)] for px, sz in side] for name, side in sides.items()}
        self._call("POST", "book", {"instId": inst_id, **levels})

    def script(
        self, inst_id: str, prices: Iterable[Number], every_ms: int = 1000, *, loop: bool = False
    ) -> None:
        """Let the price go through the list by itself; an empty list ends that."""
        body = {"instId": inst_id, "prices": [str(px) for px in prices], "every_ms": every_ms}
        self._call("POST", "script", {**body, "loop": loop})

    def scripts(self) -> list[dict[str, Any]]:
        """The price scripts of this process, and how far they are."""
        found: list[dict[str, Any]] = self._call("GET", "script")["scripts"]
        return found

    def set_funding_rate(self, inst_id: str, rate: Number) -> None:
        """Set the rate that the next fundings charge."""
        self._call("POST", "funding-rate", {"instId": inst_id, "rate": str(rate)})

    def fund(self, inst_id: str, rate: Number = "") -> list[dict[str, Any]]:
        """Settle a funding now, at that rate or at the one in force; what it set off."""
        return self._events("fund", {"instId": inst_id, "rate": str(rate)})

    def deliver(self, inst_id: str, px: Number = "") -> list[dict[str, Any]]:
        """End a contract at that price, or at the mark price; what it set off."""
        return self._events("deliver", {"instId": inst_id, "px": str(px)})

    def settle(self, inst_id: str, px: Number = "") -> list[dict[str, Any]]:
        """Settle a futures contract for the day, at that price or at the mark price."""
        return self._events("settle", {"instId": inst_id, "px": str(px)})

    def rescale(
        self, inst_id: str, factor: Number, *, history: bool = True
    ) -> list[dict[str, Any]]:
        """Make ``factor`` contracts of each one; without ``history`` the past keeps its sizes."""
        body = {"instId": inst_id, "factor": str(factor), "history": history}
        return self._events("rescale", body)

    def foreign(self, kind: str, *, inst_id: str = "", account: str = MAIN) -> None:
        """Let the account hold what is not traded here; ``inst_id`` is for copy_trading."""
        self._call("POST", "foreign", {"kind": kind, "instId": inst_id, "account": account})

    def foreign_rows(
        self, endpoint: str, rows: list[dict[str, Any]], *, account: str = MAIN
    ) -> None:
        """Let that endpoint show these rows too."""
        body = {"endpoint": endpoint, "rows": rows, "account": account}
        self._call("POST", "foreign-rows", body)

    def foreign_clear(self, *, account: str = MAIN) -> None:
        """Forget the foreign rows of an account, but not the money that moved."""
        self._call("POST", "foreign-clear", {"account": account})

    def deposit(
        self, ccy: str, amt: Number, *, account: str = MAIN, out: bool = False
    ) -> list[dict[str, Any]]:
        """Let money arrive in an account, or leave it; what it set off."""
        body = {"ccy": ccy, "amt": str(amt), "out": out, "account": account}
        return self._events("deposit", body)

    def instrument(self, inst_id: str, **changes: Number | bool) -> None:
        """Change its ``state``, or its price limits ``buyPxMax`` and ``sellPxMin``."""
        self._call("POST", "instrument", {"instId": inst_id, **changes})

    def pending_max(self, count: int) -> None:
        """Let every account have at most so many waiting orders; 0 means no limit."""
        self._call("POST", "pending-max", {"count": count})

    def set_position_mode(self, pos_mode: str, *, account: str = MAIN) -> None:
        """Choose net_mode or long_short_mode for an account."""
        self._call("POST", "position-mode", {"posMode": pos_mode, "account": account})

    def set_leverage(
        self,
        inst_id: str,
        lever: Number,
        mgn_mode: str = "cross",
        pos_side: str | None = None,
        *,
        account: str = MAIN,
    ) -> None:
        """Set what an account trades an instrument with."""
        body = _place(inst_id, pos_side, mgn_mode, account)
        self._call("POST", "leverage", {**body, "lever": str(lever)})

    def set_switch(self, name: str, value: str) -> None:
        """Where sources about OKX disagree, behave like this."""
        self._call("POST", "switch", {"name": name, "value": value})

    def switches(self) -> dict[str, str]:
        """The value of every switch."""
        found = self._call("GET", "switches")["switches"]
        return {name: switch["value"] for name, switch in found.items()}

    def open_account(self, account: str, pos_mode: str = "net_mode") -> None:
        """Open a further account, empty; nothing happens if it exists."""
        self._call("POST", "account", {"account": account, "posMode": pos_mode})

    def accounts(self) -> list[dict[str, Any]]:
        """Every account, ``main`` first."""
        found: list[dict[str, Any]] = self._call("GET", "accounts")["accounts"]
        return found

    def add_key(
        self,
        name: str,
        secret: str,
        passphrase: str,
        *,
        perm: str = "trade",
        account: str = MAIN,
        environment: str = "any",
        ips: Iterable[str] = (),
        demo: bool = False,
    ) -> None:
        """Add an API key, or replace the one of that name; it survives a restart.

        A ``demo`` key opens, with the demo header alone, the account ``demo`` or the one given.
        """
        if demo:
            environment, account = "demo", DEMO if account == MAIN else account
            if account not in [each["account"] for each in self.accounts()]:
                self.open_account(account)
                self.deposit("USDT", DEMO_CASH, account=account)
        body = {
            "name": name,
            "secret": secret,
            "passphrase": passphrase,
            "perm": perm,
            "account": account,
            "environment": environment,
            "ips": ",".join(ips),
        }
        self._call("POST", "key", body)

    def drop_key(self, name: str) -> None:
        """Remove an API key."""
        self._call("POST", "drop-key", {"name": name})

    def api_keys(self) -> list[dict[str, Any]]:
        """Every API key, without its secrets."""
        found: list[dict[str, Any]] = self._call("GET", "keys")["keys"]
        return found

    def set_status(self, rows: list[dict[str, Any]]) -> None:
        """Replace the notices that system/status shows."""
        self._call("POST", "status", {"rows": rows})

    def checkpoint(self, name: str) -> None:
        """Remember where the exchange is."""
        self._call("POST", "checkpoint", {"name": name})

    def checkpoints(self) -> list[dict[str, Any]]:
        """Every checkpoint, oldest first."""
        found: list[dict[str, Any]] = self._call("GET", "checkpoint")["checkpoints"]
        return found

    def rewind(self, name: str) -> int:
        """Be again what the checkpoint was; returns the exchange's time."""
        return int(self._call("POST", "rewind", {"name": name})["now_ms"])

    def events(self) -> list[dict[str, Any]]:
        """The newest events, newest first."""
        found: list[dict[str, Any]] = self._call("GET", "events")["events"]
        return found

    def partial(self, inst_id: str, sz: Number) -> None:
        """Let the next execution on the instrument stop after that many contracts."""
        self._call("POST", "partial", {"instId": inst_id, "sz": str(sz)})

    def advance(self, ms: int) -> int:
        """Run the venue's clock ahead; returns its new time."""
        return int(self._call("POST", "clock", {"advance_ms": ms})["now_ms"])

    def set_faults(self, rules: list[dict[str, Any]]) -> None:
        """Replace the fault script."""
        self._call("POST", "faults", {"rules": rules})

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force, each with ``matched`` and ``fired``."""
        rules: list[dict[str, Any]] = self._call("GET", "faults")["rules"]
        return rules

    def streams(self, **changes: Number) -> dict[str, Any]:
        """Who is connected by WebSocket, and how long things take there; changes the latter."""
        body = {name: str(value) for name, value in changes.items()}
        return self._call("POST", "streams", body) if body else self._call("GET", "streams")

    def notice(self, close_after_ms: int = 60_000) -> int:
        """Announce to every WebSocket that it will be closed, and close it then; how many."""
        return int(self._call("POST", "notice", {"close_after_ms": close_after_ms})["connections"])

    def truth(self) -> dict[str, Any]:
        """Everything the venue knows."""
        return self._call("GET", "truth")

    def _events(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self._call("POST", path, body)["events"]
        return events


def _place(inst_id: str, pos_side: str | None, mgn_mode: str, account: str) -> dict[str, str]:
    """Which position of whom."""
    side = {"posSide": pos_side or "", "mgnMode": mgn_mode}
    return {"instId": inst_id, **side, "account": account}
