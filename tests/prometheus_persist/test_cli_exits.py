"""The table of exit codes, a row a command, a column a trouble; ``--json`` is JSON in each cell.

Troubles: no store there (an absent directory, an empty one as an unmounted disk leaves it, one with
other things in it); one bad copy; damage past the promise; commits lost; another process holds it;
a read-only file system; an exchange that does not answer; what a human has to decide; a command
line that is wrong. Ctrl+C and SIGTERM are in ``test_cli_signals.py``.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

import fakeokx
from prometheus_persist.cli.app import app
from prometheus_persist.journal.chain import scan
from prometheus_persist.session import Session
from prometheus_persist.state import Agent

KEYS = {
    "OKX_API_KEY": fakeokx.DEFAULT_KEY,
    "OKX_API_SECRET": fakeokx.DEFAULT_SECRET,
    "OKX_API_PASSPHRASE": fakeokx.DEFAULT_PASSPHRASE,
}
NOWHERE = "http://127.0.0.1:9"
JOURNAL, MIRROR = "incremental/journal", "mirror"

COMMANDS: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "verify": ("verify",),
    "save": ("save",),
    "restore": ("restore",),
    "restore --dry-run": ("restore", "--dry-run"),
    "restore --into": ("restore", "--into", "INTO"),
    "snapshots": ("snapshots",),
    "tail": ("tail", "--once"),
    "repair": ("repair",),
    "repair --dry-run": ("repair", "--dry-run"),
    "freeze": ("freeze", "BTC-USDT-SWAP", "--reason", "why"),
    "unfreeze": ("unfreeze", "--all", "--reason", "why"),
    "adopt": ("adopt", "BTC-USDT-SWAP=LiveAgent_00", "--exchange", NOWHERE),
    "orders": ("orders",),
    "orders settle": ("orders", "settle", "--exchange", NOWHERE),
    "orders give-up": ("orders", "give-up", "C1", "--reason", "why"),
    "orders cancel": ("orders", "cancel", "--inst", "I", "--ord-id", "1", "--exchange", NOWHERE),
    "reconcile": ("reconcile", "--yes", "--exchange", NOWHERE),
    "reconcile --plan": ("reconcile", "--plan", "PLAN", "--exchange", NOWHERE),
    "reconcile observe": ("reconcile", "--policy", "observe", "--exchange", NOWHERE),
}
ELSEWHERE = {"demo", "bench"}
"""Programs that need no store; their codes have tests of their own."""
LOOKING = {
    "status", "verify", "restore --dry-run", "snapshots", "tail", "repair --dry-run", "orders",
}  # fmt: skip
"""What writes nothing, and so does not mind a lock or a read-only file system."""
ASKING = {
    "adopt", "orders settle", "orders cancel", "reconcile", "reconcile --plan", "reconcile observe",
}  # fmt: skip
"""What asks the exchange, which does not answer here."""


def row(*, looking: int, writing: int, asking: int, **other: int) -> dict[str, int]:
    """A column of the table, by the kind of the command; ``other`` by name."""
    found = {}
    for name in COMMANDS:
        kind = looking if name in LOOKING else asking if name in ASKING else writing
        found[name] = other.get(name.replace(" ", "_").replace("-", ""), kind)
    return found


# The table: trouble → command → exit code. 2 where there is no such order, and nothing to unfreeze.
TABLE: dict[str, dict[str, int]] = {
    "no directory": row(looking=2, writing=2, asking=2),
    "empty directory": row(looking=2, writing=2, asking=2),
    "other things": row(looking=2, writing=2, asking=2),
    "a file": row(looking=2, writing=2, asking=2),
    "nothing wrong": row(looking=0, writing=0, asking=5, orders_giveup=2, unfreeze=2),
    "one bad copy": row(looking=0, writing=0, asking=5, orders_giveup=2, unfreeze=2),
    "damaged": row(looking=4, writing=4, asking=4, snapshots=0, tail=0),
    "lost": row(looking=4, writing=4, asking=4, snapshots=0, tail=0),
    "locked": row(
        looking=0, writing=6, asking=5, restore_into=0, orders_giveup=2, reconcile=6,
    ),
    "read-only": row(
        looking=0, writing=7, asking=5, restore_into=7, orders_giveup=2,
        reconcile=7, reconcile_plan=7,
    ),
    "wrong option": row(looking=2, writing=2, asking=2),
    "wrong language": row(looking=2, writing=2, asking=2),
}  # fmt: skip


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("exits") / "store"
    session = Session.open(root)
    for number in range(3):
        session.add_agent(Agent(agent_id=f"LiveAgent_0{number}", current_capital=Decimal(1000)))
    for cycle in range(1, 6):
        session.state.supervisor.system_cycle_count = cycle
        session.save("test")
    session.checkpoint()
    session.close()
    return root


def segments(store: Path) -> list[Path]:
    return sorted(path for copy in (JOURNAL, MIRROR) for path in (store / copy).glob("*.wal"))


def cut(store: Path, paths: list[Path]) -> int:
    """Cut these copies at the frame before the last but one; that frame's sequence."""
    seq = 0
    for path in paths:
        data = path.read_bytes()
        frames = scan(path.name, data).frames
        path.write_bytes(data[: frames[-2].offset])
        seq = frames[-2].frame.seq
    return seq


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    place = scan(path.name, bytes(data)).frames[3].offset + 90
    data[place] ^= 4
    path.write_bytes(bytes(data))


@pytest.fixture
def trouble(
    sound: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Path]]:
    """Make a store with this trouble; its directory."""
    held: list[Session] = []

    def made(name: str) -> Path:
        store = tmp_path / "store"
        if name in ("no directory", "empty directory", "other things", "a file"):
            if name == "a file":
                store.write_text("x")
            elif name != "no directory":
                store.mkdir()
            if name == "other things":
                (store / "notes.txt").write_text("x")
                (store / "lost+found").mkdir()
            return store
        shutil.copytree(sound, store)
        if name == "one bad copy":
            flipped(segments(store)[0])
        elif name == "damaged":
            for path in segments(store):
                flipped(path)
        elif name == "lost":
            cut(store, segments(store))
        elif name == "locked":
            held.append(Session.open(store))
        elif name == "read-only":
            read_only(monkeypatch)
        return store

    yield made
    monkeypatch.undo()
    for session in held:
        session.close()


def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file of this process can be opened for writing, made, moved or removed."""
    really = os.open

    def opened(path: Any, flags: int, *more: Any, **named: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)
        return really(path, flags, *more, **named)

    def refused(path: Any, *_more: Any, **_named: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), path)

    monkeypatch.setattr(os, "open", opened)
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir", "link"):
        monkeypatch.setattr(os, name, refused)


def run(store: Path, tmp_path: Path, name: str, *more: str) -> Any:
    places = {"INTO": str(tmp_path / "into"), "PLAN": str(tmp_path / "plan.json")}
    words = [places.get(word, word) for word in COMMANDS[name]]
    env = {**KEYS, "PERSIST_RECOVERY_BUDGET_S": "1"}
    return CliRunner().invoke(app, [*words, "--dir", str(store), "--lang", "en", *more], env=env)


def test_every_command_has_a_row() -> None:
    """A command that is added without one is seen here."""
    tree = get_command(app).commands  # type: ignore[attr-defined]
    names = {name for name in tree if name not in ELSEWHERE}
    names |= {f"orders {name}" for name in tree["orders"].commands}
    rows = {name.partition(" --")[0].removesuffix(" observe") for name in COMMANDS}
    assert names == rows
    assert all(set(column) == set(COMMANDS) for column in TABLE.values())


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", TABLE)
def test_the_exit_code_and_the_document(
    name: str, command: str, trouble: Callable[[str], Path], tmp_path: Path
) -> None:
    """The code of the table; stdout is one document, and says the same; no traceback."""
    store = trouble(name)
    wrong = {"wrong option": ("--no-such",), "wrong language": ("--lang", "fr")}.get(name, ())
    said = run(store, tmp_path, command, "--json", *wrong)
    assert said.exit_code == TABLE[name][command], said.output
    assert "Traceback" not in said.output
    lines = said.stdout.splitlines() if command == "tail" else [said.stdout]
    documents = [json.loads(line) for line in lines]
    if said.exit_code:
        told = documents[-1]
        assert told.get("exit_code", said.exit_code) == said.exit_code
        assert said.stderr, "a person is told, too"
    if name in ("read-only", "locked"):
        assert "damaged" not in said.stderr.replace("nothing on it is damaged", "")
    if name == "read-only" and said.exit_code == 7:
        assert "read-only" in said.stderr.lower()


@pytest.mark.parametrize("directory", ["no directory", "empty directory", "other things"])
def test_nothing_is_made_where_no_store_is(
    directory: str, trouble: Callable[[str], Path], tmp_path: Path
) -> None:
    """An unmounted disk is not filled, and what to do is said in both languages."""
    store = trouble(directory)
    before = sorted(store.rglob("*")) if store.exists() else None
    for name in COMMANDS:
        said = run(store, tmp_path, name)
        assert (said.exit_code, str(store) in said.stderr) == (2, True), name
        assert "mounted" in said.stderr
    chinese = CliRunner().invoke(app, ["verify", "--dir", str(store), "--lang", "zh"])
    assert "挂载" in chinese.stderr
    assert (sorted(store.rglob("*")) if store.exists() else None) == before


def test_a_store_that_was_begun_and_holds_nothing_is_not_sound(tmp_path: Path) -> None:
    store = tmp_path / "store"
    (store / JOURNAL).mkdir(parents=True)
    (store / JOURNAL / "e00000001_s00000000000001.wal").write_bytes(b"")
    for name in ("verify", "status", "restore --dry-run"):
        assert run(store, tmp_path, name).exit_code == 2, name


def test_verify_or_alert_in_a_script(trouble: Callable[[str], Path], tmp_path: Path) -> None:
    """One bad copy is named, and 0 only because everything in it comes back."""
    store = trouble("one bad copy")
    said = run(store, tmp_path, "verify", "--json")
    told = json.loads(said.stdout)
    assert (said.exit_code, told["sound"]) == (0, False)
    (damage,) = told["damages"]
    assert (damage["file"], damage["outcome"]) == (
        f"{JOURNAL}/{segments(store)[0].name}",
        "repaired",
    )
    assert damage["file"] in run(store, tmp_path, "verify").stdout
    assert run(store, tmp_path, "repair").exit_code == 0
    assert json.loads(run(store, tmp_path, "verify", "--json").stdout)["sound"]


def test_a_loss_that_is_not_there_is_not_accepted(
    trouble: Callable[[str], Path], tmp_path: Path
) -> None:
    """Of a sound store, and of one whose other copy is whole, nothing is given up."""
    store = trouble("one bad copy")
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    for seq in ("3", "9", "1000"):
        for more in ((), ("--dry-run",)):
            said = run(store, tmp_path, "repair", "--accept-loss", seq, *more)
            assert said.exit_code == 2, said.output
            assert "nothing is lost" in said.stderr
    after = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    lock = store / "store.lock"
    assert {**before, lock: b""} == {**after, lock: b""}


def test_a_moment_to_come_is_refused(trouble: Callable[[str], Path], tmp_path: Path) -> None:
    store = trouble("nothing wrong")
    said = run(store, tmp_path, "restore --dry-run", "--at", "2099-01-01")
    assert said.exit_code == 2
    assert "future" in said.stderr
