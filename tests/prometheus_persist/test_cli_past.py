"""The commands about what is kept: snapshots, tail, repair, and bringing back agents only."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from prometheus_persist.cli.app import app
from prometheus_persist.recovery import restore
from prometheus_persist.recovery.follow import Follower
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, contracts
from prometheus_persist.storage.fs import LocalFs


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Two agents, a snapshot after each of two cycles, one more commit."""
    root = tmp_path / "persistence"
    session = Session.open(root)
    for name in ("A_1", "代理"):
        session.add_agent(Agent(agent_id=name, current_capital=Decimal("12.5"), medals=["gold"]))
    for cycle in (1, 2, 3):
        session.state.supervisor.system_cycle_count = cycle
        session.save("cycle")
        if cycle < 3:
            session.snapshot()
    session.close()
    return root


def test_past_snapshots_lists_each_image_and_says_which_are_ruined(store: Path) -> None:
    """Oldest first, with commit and size; one ruined byte is said, and nothing is changed."""
    (first, second) = sorted((store / "snapshots").iterdir())
    first.write_bytes(first.read_bytes()[:-30])
    before = files_of(store)
    found = json.loads(run("snapshots", "--dir", store, "--json").stdout)["snapshots"]
    assert [(row["path"], row["sound"]) for row in found] == [
        (f"snapshots/{first.name}", False),
        (f"snapshots/{second.name}", True),
    ]
    assert found[1]["size_bytes"] == second.stat().st_size
    assert found[1]["seq"] == 6
    said = run("snapshots", "--dir", store, "--lang", "en").stdout
    assert first.name in said
    assert "❌" in said
    assert files_of(store) == before


def test_past_tail_prints_the_last_commits_as_json_lines(store: Path) -> None:
    """As many as were asked for, in order, each with its reason and what it touched."""
    before = files_of(store)
    said = run("tail", "--dir", store, "--once", "--json", "-n", 2)
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(row["why"], row["put"]) for row in rows] == [("cycle", ["supervisor"])] * 2
    assert [row["seq"] for row in rows] == [6, 7]
    assert "supervisor" in run("tail", "--dir", store, "--once").stdout
    assert files_of(store) == before


def test_past_tail_follows_another_process(store: Path) -> None:
    """While another process holds the lock and commits, each commit is seen once."""
    follower = Follower(LocalFs(store))
    follower.next()
    code = (
        "import sys; from prometheus_persist.session import Session;"
        "s = Session.open(sys.argv[1]);"
        "print(flush=True);\n"
        "for line in sys.stdin:\n"
        "    s.state.supervisor.system_cycle_count = int(line); print(s.save('far'), flush=True)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(store)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdout.readline()
    for cycle in (10, 11, 12):
        child.stdin.write(f"{cycle}\n")
        child.stdin.flush()
        seq = int(child.stdout.readline())
        assert [(one.seq, one.why) for one in follower.next()] == [(seq, "far")]
    child.kill()
    child.wait()
    assert follower.next() == []


def test_past_repair_command_repairs_reports_and_refuses(store: Path) -> None:
    """Dry run first, then for real; a loss is exit 4 until it is accepted."""
    segment = next((store / "mirror").iterdir())
    segment.write_bytes(segment.read_bytes()[:-40])
    before = files_of(store)
    planned = json.loads(run("repair", "--dir", store, "--dry-run", "--json").stdout)
    assert [step["path"] for step in planned["steps"]] == [f"mirror/{segment.name}"]
    assert files_of(store) == before
    said = run("repair", "--dir", store, "--lang", "en")
    assert said.exit_code == 0
    assert f"mirror/{segment.name}" in said.stdout
    assert json.loads(run("verify", "--dir", store, "--json").stdout)["sound"]
    for copy in ("mirror", "incremental/journal"):
        path = sorted((store / copy).iterdir())[0]
        data = bytearray(path.read_bytes())
        data[-20] ^= 1
        path.write_bytes(bytes(data))
    refused = run("repair", "--dir", store)
    assert refused.exit_code == 4
    assert run("repair", "--dir", store, "--accept-loss", 6).exit_code == 0
    found = json.loads(run("verify", "--dir", store, "--json").stdout)
    assert found["sound"]
    assert restore(LocalFs(store)).documents["supervisor"]["system_cycle_count"] == 2


def test_past_repair_waits_for_nobody(store: Path) -> None:
    """A store that another writer holds is refused with exit 6."""
    session = Session.open(store)
    assert run("repair", "--dir", store).exit_code == 6
    session.close()


def test_past_agents_only_leaves_the_books_out(store: Path, tmp_path: Path) -> None:
    """Agents whole, books empty, only into a new directory; the new store opens and goes on."""
    assert run("restore", "--dir", store, "--agents-only").exit_code == 2
    assert run("restore", "--dir", store, "--agents-only", "--dry-run").exit_code == 2
    into = tmp_path / "new"
    said = run("restore", "--dir", store, "--agents-only", "--into", into, "--lang", "en")
    assert said.exit_code == 0, said.output
    assert "left out: ledgers" in said.stdout
    old, new = restore(LocalFs(store)), restore(LocalFs(into))
    same = [key for key in old.documents if key.startswith(("agents/", "registry", "valhalla"))]
    assert len(same) == 4
    assert all(new.documents[key] == old.documents[key] for key in same)
    assert "supervisor" not in new.documents
    assert new.streams == {}
    session = Session.open(into)
    assert session.state.agents["代理"].medals == ["gold"]
    assert session.state.private_ledgers["A_1"].positions == []
    session.save("go on")
    session.close()


def test_past_an_earlier_moment_and_its_original_share_no_order_id(
    store: Path, tmp_path: Path
) -> None:
    """Both count their epochs on from the same one, and both trade: no clOrdId is issued twice."""
    into = tmp_path / "new"
    assert run("restore", "--dir", store, "--seq", "3", "--into", into).exit_code == 0
    issued: list[str] = []
    epochs: list[int] = []
    for root in (into, store, store, into):
        session = Session.open(root, settings=Settings(background=False))
        session._gate.open()
        order = ("A_1", "BTC-USDT-SWAP", "buy", contracts("1"))
        issued += [session.order_intent(*order).cl_ord_id for _ in range(3)]
        epochs.append(session.epoch)
        session.close()
    assert len(set(issued)) == len(issued) == 12
    assert len(set(epochs)) < len(epochs)  # so that it is the lane that keeps them apart


@pytest.mark.parametrize("option", ["restore --into", "explore --out"])
@pytest.mark.parametrize("place", ["a file/below", "a file", "a link", "a directory"])
def test_past_a_name_that_leads_nowhere_is_a_wrong_name_and_no_failing_disk(
    store: Path, tmp_path: Path, option: str, place: str
) -> None:
    """Exit 2, with the name; nothing is built for it, and nothing beside it is touched."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "a file").write_text("theirs")
    (work / "a link").symlink_to("gone/file" if "out" in option else "of theirs")
    for name in ("a directory", "of theirs"):
        (work / name).mkdir()
    (work / "a directory" / "theirs").touch()
    if (option, place) == ("explore --out", "a file"):
        place = "none/page.html"
    before = sorted(work.rglob("*"))
    command, named = option.split()
    said = run(command, "--dir", store, named, work / place, "--lang", "en")
    assert (said.exit_code, place.partition("/")[0] in said.stderr) == (2, True), said.output
    assert "disk" not in said.stderr
    assert sorted(work.rglob("*")) == before
