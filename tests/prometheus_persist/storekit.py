"""What the store's tests share: a clock that stands still, disks in memory, and one story.

``MemFs`` keeps apart what a process sees and what would survive a power cut: the synced bytes of
every file, and the directory entries of every synced directory. ``HookFs`` shows every operation to
a function before it happens.
``founding`` and ``trade`` are the commits of a small trading system.
"""

from __future__ import annotations

import errno
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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

START_MS = 1_764_723_600_000  # 2025-12-03 01:00:00 UTC
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


@dataclass
class Inode:
    """One file: what a process reads, and how much of it is on the platter."""

    data: bytearray = field(default_factory=bytearray)
    synced: int = 0


class MemFs:
    """A directory in memory that knows what a power cut would leave."""

    def __init__(self) -> None:
        self.files: dict[str, Inode] = {}
        self.dirs: set[str] = {"."}
        self.synced_files: dict[str, Inode] = {}
        self.synced_dirs: set[str] = {"."}

    @staticmethod
    def of(contents: dict[str, bytes]) -> MemFs:
        made = MemFs()
        for path, data in contents.items():
            made.make_dir(path.rpartition("/")[0] or ".")
            made.files[path] = Inode(bytearray(data), len(data))
        made.synced_files, made.synced_dirs = dict(made.files), set(made.dirs)
        return made

    def contents(self) -> dict[str, bytes]:
        return {path: bytes(node.data) for path, node in sorted(self.files.items())}

    def after_power_cut(self, rng: random.Random | None = None) -> MemFs:
        """What may be there afterwards: at worst only what was synced; else a legal part more."""
        entries, dirs = dict(self.synced_files), set(self.synced_dirs)
        if rng is not None:
            for path in sorted(self.files.keys() | entries.keys()):
                if rng.random() < 0.5:
                    entries.pop(path, None)
                    if path in self.files:
                        entries[path] = self.files[path]
            dirs |= {name for name in self.dirs if rng.random() < 0.5}
        left = {}
        for path, node in entries.items():
            if all(above in dirs for above in _above(path)):
                left[path] = _surviving(node, rng)
        made = MemFs.of(left)
        made.dirs |= {name for name in dirs if all(above in dirs for above in _above(name))}
        made.synced_dirs = set(made.dirs)
        return made

    # -- Fs

    def make_dir(self, path: str) -> None:
        while path not in self.dirs:
            self.dirs.add(path)
            path = path.rpartition("/")[0] or "."

    def list_dir(self, path: str) -> list[str]:
        head = "" if path == "." else f"{path}/"
        inside = {name[len(head) :] for name in self.files if name.startswith(head)}
        return sorted(name for name in inside if "/" not in name)

    def size(self, path: str) -> int | None:
        return len(self.files[path].data) if path in self.files else None

    def inode(self, path: str) -> None:
        return None

    def read(self, path: str) -> bytes:
        return bytes(self._node(path).data)

    def read_part(self, path: str, start: int, size: int) -> bytes:
        return self.read(path)[start : start + size]

    def append(self, path: str) -> Handle:
        if path not in self.files:
            self.create(path)
        return MemHandle(self.files[path])

    def create(self, path: str) -> Handle:
        if (path.rpartition("/")[0] or ".") not in self.dirs:
            raise FileNotFoundError(errno.ENOENT, "no such directory", path)
        old = self.files.get(path)
        if old is None:
            self.files[path] = Inode()
        else:
            old.data.clear()
            old.synced = 0
        return MemHandle(self.files[path])

    def rename(self, source: str, target: str) -> None:
        self.files[target] = self._node(source)
        del self.files[source]

    def unlink(self, path: str) -> None:
        self.files.pop(path, None)

    def fsync_dir(self, path: str) -> None:
        if path not in self.dirs:
            raise FileNotFoundError(errno.ENOENT, "no such directory", path)
        head = "" if path == "." else f"{path}/"

        def here(name: str) -> bool:
            return name.startswith(head) and "/" not in name[len(head) :]

        for name in [name for name in self.synced_files if here(name)]:
            del self.synced_files[name]
        self.synced_files.update({n: node for n, node in self.files.items() if here(n)})
        self.synced_dirs |= {name for name in self.dirs if here(name)}

    def _node(self, path: str) -> Inode:
        if path not in self.files:
            raise FileNotFoundError(errno.ENOENT, "no such file", path)
        return self.files[path]


class MemHandle:
    def __init__(self, node: Inode) -> None:
        self.node = node
        self.at = len(node.data)

    def write(self, data: bytes) -> None:
        self.node.data[self.at : self.at + len(data)] = data
        self.node.synced = min(self.node.synced, self.at)
        self.at += len(data)

    def reserve(self, size: int) -> None:
        self.node.data += bytes(max(0, size - len(self.node.data)))
        self.node.synced = len(self.node.data)

    def cut(self) -> None:
        del self.node.data[self.at :]
        self.node.synced = min(self.node.synced, self.at)

    def fsync(self) -> None:
        self.node.synced = len(self.node.data)

    def close(self) -> None:
        pass


def _above(path: str) -> Iterator[str]:
    parts = path.split("/")[:-1]
    for count in range(1, len(parts) + 1):
        yield "/".join(parts[:count])


def _surviving(node: Inode, rng: random.Random | None) -> bytes:
    data = bytes(node.data)
    cut = node.synced if rng is None else rng.randint(node.synced, len(data))
    tail = data[node.synced : cut]
    zeros = rng is not None and rng.random() < 0.3
    return data[: node.synced] + (bytes(len(tail)) if zeros else tail)


Before = Callable[[str, str, bytes], int | None]


class HookFs:
    """Shows every operation to ``before``; a number it returns is how much of a write happens."""

    def __init__(self, inner: Fs, before: Before) -> None:
        self.inner = inner
        self.before = before

    def append(self, path: str) -> Handle:
        self.before("append", path, b"")
        return HookHandle(self.inner.append(path), path, self.before)

    def create(self, path: str) -> Handle:
        self.before("create", path, b"")
        return HookHandle(self.inner.create(path), path, self.before)

    def rename(self, source: str, target: str) -> None:
        self.before("rename", target, b"")
        self.inner.rename(source, target)

    def __getattr__(self, name: str) -> Any:
        def call(path: str, *args: Any) -> Any:
            self.before(name, path, b"")
            return getattr(self.inner, name)(path, *args)

        return call


class HookHandle:
    def __init__(self, inner: Handle, path: str, before: Before) -> None:
        self.inner, self.path, self.before = inner, path, before

    def write(self, data: bytes) -> None:
        part = self.before("write", self.path, data)
        if part is None:
            self.inner.write(data)
            return
        self.inner.write(data[:part])
        raise OSError(errno.ENOSPC, "no space left on device", self.path)

    def reserve(self, size: int) -> None:
        self.before("reserve", self.path, b"")
        self.inner.reserve(size)

    def cut(self) -> None:
        self.before("cut", self.path, b"")
        self.inner.cut()

    def fsync(self) -> None:
        self.before("fsync", self.path, b"")
        self.inner.fsync()

    def close(self) -> None:
        self.before("close", self.path, b"")
        self.inner.close()


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


class Killed(BaseException):
    """The process is gone; not an Exception, so nothing may mistake it for an error."""


class KillSwitch:
    """Ends the process before the ``at``-th operation, and every operation after it."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def __call__(self, op: str, path: str, data: bytes) -> int | None:
        self.count += 1
        if self.count >= self.at:
            raise Killed(f"before operation {self.at}: {op} {path}")
        return None


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
    """What a session does before its own work: restore, heal, take over."""
    found = found or restore(fs, clock=clock)
    heal(fs, found.due_segments, proven=found.proven)
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
