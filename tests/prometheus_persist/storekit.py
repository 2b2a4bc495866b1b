"""What the store's tests share: a clock that stands still, a disk that is watched, and one story.

``HookFs`` shows every operation to a function before it happens.
``founding`` and ``trade`` are the commits of a small trading system.
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from prometheus_persist.clock import Clock
from prometheus_persist.journal.change import Change
from prometheus_persist.recovery import Restored, restore
from prometheus_persist.state import (
    Agent,
    Execution,
    PrivateLedger,
    PublicAccount,
    Registry,
    Supervisor,
    SystemState,
    book_execution,
    contracts,
)
from prometheus_persist.state.documents import PUBLIC_TRADES, document, private_trades
from prometheus_persist.storage.committer import StoreOptions
from prometheus_persist.storage.fs import Fs, Handle
from prometheus_persist.storage.segments import heal
from prometheus_persist.storage.store import Observer, Store
from prometheus_persist.storage.through import ThroughFs, ThroughHandle, Value

START_MS = 1_764_723_600_000  # 2025-12-03 01:00:00 UTC
NEVER_MS = 3_600_000  # for mirror_sync_ms: the mirror is synced by whoever asks, not by a thread
BTC = "BTC-USDT-SWAP"


class StillClock:
    """A clock that moves only when told; every reading may advance it by ``step_ms``."""

    def __init__(self, now_ms: int = START_MS, step_ms: int = 0) -> None:
        self.ms = now_ms
        self.step_ms = step_ms
        self.slept: list[float] = []
        self.mono = 0.0

    def now_ms(self) -> int:
        self.ms += self.step_ms
        return self.ms

    def monotonic_s(self) -> float:
        return self.mono

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ms += round(seconds * 1000)


class Ids:
    """Ids that are the same in every run."""

    def token(self, length: int) -> str:
        return "t3st"[:length].ljust(length, "0")


Before = Callable[[str, str, bytes], int | None]


class HookFs(ThroughFs):
    """Shows every operation to ``before``; a number it returns is how much of a write happens."""

    def __init__(self, inner: Fs, before: Before) -> None:
        super().__init__(inner)
        self.before = before

    def carry_out(
        self, operation: str, path: str, act: Callable[[], Value], *, read: bool = False
    ) -> Value:
        self.before(operation, path, b"")
        return super().carry_out(operation, path, act, read=read)

    def _handle(self, inner: Handle, path: str) -> Handle:
        return HookHandle(self, inner, path)


class HookHandle(ThroughHandle):
    def write(self, data: bytes) -> None:
        part = self._fs.before("write", self._path, data)
        if part is None:
            self._inner.write(data)
            return
        self._inner.write(data[:part])
        raise OSError(errno.ENOSPC, "no space left on device", self._path)

    def close(self) -> None:
        self._fs.before("close", self._path, b"")
        super().close()


CHANGING = frozenset(
    {
        "make_dir",
        "append",
        "create",
        "write",
        "reserve",
        "cut",
        "fsync",
        "rename",
        "unlink",
        "fsync_dir",
    }
)


def crash(store: Store) -> None:
    """The process is gone: nothing more is written, and its files are nobody's."""
    store._committer.shut("it crashed")
    store._committer.close()


def open_store(
    fs: Fs,
    clock: Clock,
    observer: Observer | None = None,
    found: Restored | None = None,
    options: StoreOptions | None = None,
) -> Store:
    """What a session does before its own work: restore, heal, take over. Without ``options`` the
    operations are the same in every run: nothing happens because time has passed."""
    found = found or restore(fs, clock=clock)
    heal(fs, found.due_segments, proven=found.proven)
    options = options or StoreOptions(mirror_sync_ms=NEVER_MS)
    return Store(
        fs, found.image, found.tip, found.next_epoch, clock, observer, found.readable, options
    )


def execution(number: int, **change: Any) -> Execution:
    side = "buy" if number % 3 else "sell"
    given: dict[str, Any] = {
        "inst_id": BTC,
        "mgn_mode": "cross",
        "pos_side": "net",
        "side": side,
        "qty_contracts": contracts(str(1 + number % 4)),
        "px": Decimal("90000.1") + number,
        "fee": Decimal("-0.05"),
        "trade_id": str(number),
        "ord_id": f"o{number}",
        "cl_ord_id": f"c{number}",
        "ts_ms": START_MS + number,
        "ct_val": Decimal("0.01"),
        "ct_mult": Decimal(1),
    }
    return Execution(**{**given, **change})


AGENTS = ("LiveAgent_01", "代理/二")


def founding() -> Change:
    """The commit that makes the agents."""
    registry = Registry(store_id="t3st")
    for name in AGENTS:
        registry = registry.assign(name)
    put = {"registry": document(registry), "supervisor": document(Supervisor())}
    for name in AGENTS:
        put[f"agents/{name}"] = document(Agent(agent_id=name, gene={"α": 0.1, "n": [1, 1.0]}))
        put[f"private_ledgers/{name}"] = document(PrivateLedger(agent_id=name))
        put[f"public_accounts/{name}"] = document(PublicAccount(agent_id=name))
    return Change("birth", put=put)


def trade(state: SystemState, number: int) -> Change:
    """One execution booked into ``state``, as the commit that says so."""
    name = AGENTS[number % 2]
    booked = book_execution(
        state.agents[name],
        state.private_ledgers[name],
        state.public_accounts[name],
        execution(number),
    )
    state.agents[name] = booked.agent
    state.private_ledgers[name] = booked.private
    state.public_accounts[name] = booked.account
    put = {
        f"agents/{name}": document(booked.agent),
        f"private_ledgers/{name}": document(booked.private),
        f"public_accounts/{name}": document(booked.account),
    }
    add = {PUBLIC_TRADES: [booked.record], private_trades(name): [booked.record]}
    return Change("trade", put=put, add=add)


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def tree(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file under ``root`` with its bytes and modification time."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


class Struck(BaseException):
    """What a handler raises; of no kind that anybody waits for."""


def struck(*_: object, **__: object) -> Any:
    raise Struck


def note(number: int) -> Change:
    return Change("note", put={f"agents/{number % 3}": {"agent_id": f"{number % 3}", "n": number}})


def digest(fs: Any) -> str:
    return restore(fs, clock=StillClock()).image.digest()
