"""The table of exit codes, a row a command, a column a trouble; ``--json`` is JSON in each cell.

Troubles: no store there (an absent directory, an empty one as an unmounted disk leaves it, one with
other things in it); one bad copy; damage past the promise; commits lost; another process holds it;
a read-only file system (a real one: ``test_cli_readonly.py``); an exchange that does not answer;
one that does not tell everything; what a human has to decide; Ctrl+C (at random moments, and
SIGTERM: ``test_cli_signals.py``); a command line that is wrong. Where a trouble means nothing to a
command, the code is the one it leaves with all the same.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fakekit import BTC, KEYS, PATIENT_S, booked, founded
from signalkit import Kit, judged, removed
from typer.main import get_command
from typer.testing import CliRunner

import fakeokx
from prometheus_persist.cli.app import app
from prometheus_persist.journal.chain import scan
from prometheus_persist.session import Session
from prometheus_persist.state import Agent

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
    "explore": ("explore", "--out", "PAGE"),
    "tail": ("tail", "--once"),
    "repair": ("repair",),
    "repair --dry-run": ("repair", "--dry-run"),
    "freeze": ("freeze", "BTC-USDT-SWAP", "--reason", "why"),
    "unfreeze": ("unfreeze", "--all", "--reason", "why"),
    "adopt": ("adopt", "BTC-USDT-SWAP=LiveAgent_00", "--exchange", "NOWHERE"),
    "orders": ("orders",),
    "orders settle": ("orders", "settle", "--exchange", "NOWHERE"),
    "orders give-up": ("orders", "give-up", "C1", "--reason", "why"),
    "orders cancel": ("orders", "cancel", "--inst", "I", "--ord-id", "1", "--exchange", "NOWHERE"),
    "reconcile": ("reconcile", "--yes", "--exchange", "NOWHERE"),
    "reconcile --plan": ("reconcile", "--plan", "PLAN", "--exchange", "NOWHERE"),
    "reconcile observe": ("reconcile", "--policy", "observe", "--exchange", "NOWHERE"),
}
ELSEWHERE: dict[str, tuple[str, ...]] = {
    "demo": ("demo",),
    "bench": ("bench", "--sizes", "--agents", "5", "--trades", "20"),
}
"""Programs that ask no store and no exchange; they make a place for themselves in a directory."""
AROUND_A_SCRIPT = {"init", "wrap"}
"""Asked about somebody's program: their codes are in ``test_wrapping*.py``."""
LOOKING = {
    "status", "verify", "restore --dry-run", "snapshots", "explore", "tail", "repair --dry-run",
    "orders",
}  # fmt: skip
"""What writes nothing into the store, and so does not mind a lock or a read-only file system."""
ASKING = {
    "adopt", "orders settle", "orders cancel", "reconcile", "reconcile --plan", "reconcile observe",
}  # fmt: skip
"""What asks the exchange, which does not answer here."""


def row(*, looking: int, writing: int, asking: int, **other: int) -> dict[str, int]:
    """A column of the table, by the kind of the command; ``other`` by name."""
    found = {}
    for name in (*COMMANDS, *ELSEWHERE):
        kind = looking if name in LOOKING else asking if name in ASKING else writing
        kind = 0 if name in ELSEWHERE else kind
        found[name] = other.get(name.replace(" ", "_").replace("-", ""), kind)
    return found


# The table: trouble → command → exit code. 2 where there is no such order, and nothing to unfreeze.
TABLE: dict[str, dict[str, int]] = {
    "no directory": row(looking=2, writing=2, asking=2, bench=2),
    "empty directory": row(looking=2, writing=2, asking=2),
    "other things": row(looking=2, writing=2, asking=2),
    "a file": row(looking=2, writing=2, asking=2, demo=2, bench=2),
    "nothing wrong": row(
        looking=0, writing=0, asking=0, orders_giveup=2, unfreeze=2, adopt=2, orders_cancel=5,
    ),
    "unreachable": row(looking=0, writing=0, asking=5, orders_giveup=2, unfreeze=2),
    "human": row(
        looking=0, writing=0, asking=3, orders_giveup=2, unfreeze=2,
        adopt=0, orders_settle=0, orders_cancel=5,
    ),
    "incomplete": row(
        looking=0, writing=0, asking=5, orders_giveup=2, unfreeze=2, orders_settle=0,
    ),
    "one bad copy": row(looking=0, writing=0, asking=5, orders_giveup=2, unfreeze=2),
    "damaged": row(looking=4, writing=4, asking=4, snapshots=0, tail=0),
    "lost": row(looking=4, writing=4, asking=4, snapshots=0, tail=0),
    "locked": row(
        looking=0, writing=6, asking=5, restore_into=0, orders_giveup=2, reconcile=6,
    ),
    "read-only": row(
        looking=0, writing=7, asking=5, restore_into=7, orders_giveup=2,
        reconcile=7, reconcile_plan=7, demo=7, bench=7, explore=7,
    ),
    "Ctrl+C": row(looking=130, writing=130, asking=130, demo=130, bench=130),
    "wrong option": row(looking=2, writing=2, asking=2, demo=2, bench=2),
    "wrong language": row(looking=2, writing=2, asking=2, demo=2, bench=2),
}  # fmt: skip


ANSWERS = ("nothing wrong", "human", "incomplete")
"""Where there is an exchange that answers."""
FORKED = ("Ctrl+C",)


def filled(root: Path) -> Path:
    """A store without any trouble."""
    session = Session.open(root)
    for number in range(3):
        session.add_agent(Agent(agent_id=f"LiveAgent_0{number}", current_capital=Decimal(1000)))
    for cycle in range(1, 6):
        session.state.supervisor.system_cycle_count = cycle
        session.save("test")
    session.checkpoint()
    session.close()
    return root


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("exits") / "store")


@pytest.fixture(scope="module")
def answering(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[str], tuple[Path, str]]]:
    """Books of somebody who holds a position, and an exchange: in agreement; with a position the
    other way round, which only a human settles; or one that does not say what it holds."""
    found: dict[str, tuple[Path, str]] = {}
    with contextlib.ExitStack() as venues:

        def made(name: str) -> tuple[Path, str]:
            if name not in found:
                place = tmp_path_factory.mktemp("answering")
                venue = venues.enter_context(fakeokx.launch(place / "venue"))
                session = founded(place / "store", venue)
                booked(session, venue, "LiveAgent_00", "buy", "2")
                session.close()
                if name == "human":
                    venue.trade_by_hand(BTC, "sell", "3")
                if name == "incomplete":
                    rule = {"action": "error_before", "path": "account/positions", "times": 0}
                    venue.set_faults([rule])
                found[name] = place / "store", venue.url
            return found[name]

        yield made


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
    sound: Path,
    answering: Callable[[str], tuple[Path, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
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
        shutil.copytree(answering(name)[0] if name in ANSWERS else sound, store)
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


def run(
    store: Path, tmp_path: Path, name: str, *more: str, url: str = NOWHERE, budget_s: int = 1
) -> Any:
    places = {"INTO": str(tmp_path / "into"), "PLAN": str(tmp_path / "plan.json"), "NOWHERE": url}
    places["PAGE"] = str(tmp_path / "page.html")
    words = [places.get(word, word) for word in COMMANDS[name]]
    env = {**KEYS, "PERSIST_RECOVERY_BUDGET_S": str(budget_s)}
    return CliRunner().invoke(app, [*words, "--dir", str(store), "--lang", "en", *more], env=env)


def test_every_command_has_a_row() -> None:
    """A command that is added without one is seen here."""
    tree = get_command(app).commands  # type: ignore[attr-defined]
    names = (set(tree) - AROUND_A_SCRIPT) | {f"orders {name}" for name in tree["orders"].commands}
    rows = {name.partition(" --")[0].removesuffix(" observe") for name in (*COMMANDS, *ELSEWHERE)}
    assert names == rows
    assert all(set(column) == {*COMMANDS, *ELSEWHERE} for column in TABLE.values())


WRONG = {"wrong option": ("--no-such",), "wrong language": ("--lang", "fr")}
WORK = {
    "INTO": "{WORK}/into",
    "PLAN": "{WORK}/plan.json",
    "NOWHERE": NOWHERE,
    "PAGE": "{WORK}/p.html",
}
PATIENCE = 5


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("name", [name for name in TABLE if name not in FORKED])
def test_the_exit_code_and_the_document(
    name: str,
    command: str,
    trouble: Callable[[str], Path],
    answering: Callable[[str], tuple[Path, str]],
    tmp_path: Path,
) -> None:
    """The code of the table; stdout is one document, and says the same; no traceback."""
    store = trouble(name)
    wrong = WRONG.get(name, ())
    where = {"url": answering(name)[1]} if name in ANSWERS else {}
    budget_s = PATIENT_S if name in ("nothing wrong", "human") else 1  # what answers may be slow
    said = run(store, tmp_path, command, "--json", *wrong, budget_s=budget_s, **where)
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


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kit]:
    place = tmp_path_factory.mktemp("forks")
    with Kit(place, "prometheus_persist.cli.app", "ccxt", **KEYS) as running:
        yield running


@pytest.mark.parametrize("command", [*COMMANDS, *ELSEWHERE])
def test_the_exit_code_and_the_document_of_ctrl_c(command: str, sound: Path, kit: Kit) -> None:
    """As soon as it catches it; once, or again where a command was quicker than that."""
    words = [WORK.get(word, word) for word in {**COMMANDS, **ELSEWHERE}[command]]
    where = ("--dir", "{WORK}" if command in ELSEWHERE else "{STORE}", "--lang", "en")
    for _ in range(PATIENCE):
        found = kit.stopped(*words, *where, "--json", store=str(sound), times=0, endless_s=0.001)
        [one] = found
        if one["code"] == TABLE["Ctrl+C"][command]:
            break
    assert judged(found, signal.SIGINT, "stopped by Ctrl+C") == 1, one
    assert json.loads(one["out"].splitlines()[-1])["exit_code"] == 130
    removed(found)


def other(command: str, directory: Path, *more: str) -> tuple[int, str, str]:
    """One of the programs that ask no store: in a process of its own, as people start it."""
    line = [sys.executable, "-m", "prometheus_persist.cli", *ELSEWHERE[command]]
    with socket.socket() as exchange:
        exchange.bind(("127.0.0.1", 0))
        exchange.listen()
        exchange.setblocking(False)
        env = {**KEYS, "PERSIST_OKX_URL": f"http://127.0.0.1:{exchange.getsockname()[1]}"}
        done = subprocess.run(
            [*line, "--dir", str(directory), "--lang", "en", *more, "--json"],
            capture_output=True,
            text=True,
            env={**os.environ, **env},
            timeout=280,
        )
        with pytest.raises(BlockingIOError):
            exchange.accept()
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", ELSEWHERE)
def test_the_exit_code_where_no_store_is_asked(
    command: str, trouble: Callable[[str], Path], tmp_path: Path
) -> None:
    """The cells that are no 0; and all that are at once: other things, a store of which both copies
    are cut, which somebody holds, and an exchange that is not asked whatever it would say."""
    zeros = {name for name, column in TABLE.items() if not column[command]}
    assert zeros >= {"other things", "lost", "damaged", "locked", *ANSWERS, "unreachable"}
    for name in TABLE.keys() - zeros - {"read-only", *FORKED}:
        place = tmp_path / name.replace(" ", "-")
        if name == "a file":
            place.write_text("x")
        elif name in WRONG:
            place.mkdir()
        code, out, err = other(command, place, *WRONG.get(name, ()))
        assert code == TABLE[name][command], (name, err)
        assert json.loads(out)["exit_code"] == code
        assert "Traceback" not in err
    store = trouble("locked")
    cut(store, [path for path in segments(store) if path.name.startswith("e00000001")])
    code, out, err = other(command, store)
    assert code == 0, err
    assert json.loads(out)
    assert "Traceback" not in err


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
