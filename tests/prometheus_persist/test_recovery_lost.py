"""Acknowledged commits that are gone from both copies are told as lost, with number and time.

A host that was killed leaves the space that it had reserved behind its last frame. Where both
copies end within a frame, without that space, something else than a crash took their ends away.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import fakeokx
from chaos.workload.clients import client_of
from prometheus_persist.cli.app import app
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.journal.chain import PlacedFrame, scan
from prometheus_persist.report.text import render_text
from prometheus_persist.session import Session

HOST = """
import os, sys
from decimal import Decimal
from chaos.workload.clients import client_of
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.session import Session, Settings
from prometheus_persist.state import Agent, contracts
# No readable file is written beside it, which might vouch for what is cut off: that is another test
session, url = Session.open(sys.argv[1], settings=Settings(background=False)), sys.argv[2]
session.add_agent(Agent(agent_id="LiveAgent_00", current_capital=Decimal(1000)))
session.checkpoint()
for cycle in range(1, 4):
    session.state.supervisor.system_cycle_count = cycle
    session.save("test")
if url:
    client = client_of(url)
    reader = OkxReader(client)
    assert session.recover(reader).decision == "go"
    with session.order_intent("LiveAgent_00", "BTC-USDT-SWAP", "buy", contracts("1")) as intent:
        row = {"instId": "BTC-USDT-SWAP", "side": "buy", "ordType": "market", "sz": "1"}
        intent.ack(client.privatePostTradeOrder({**row, **intent.params})["data"][0])
    assert session.settle(reader, intent.cl_ord_id).outcome == "FILLED"
os.kill(os.getpid(), 9)
"""


def killed(root: Path, url: str = "") -> tuple[list[Path], list[PlacedFrame]]:
    """A store whose host was killed; the copies of its newest segment, and the frames in it."""
    subprocess.run([sys.executable, "-c", HOST, str(root), url], check=False, env=os.environ)
    (name,) = [path.name for path in (root / "incremental/journal").glob("*.wal")]
    copies = [root / "incremental/journal" / name, root / "mirror" / name]
    return copies, scan(name, copies[0].read_bytes()).frames


def cut(copies: list[Path], length: int) -> None:
    for path in copies:
        os.truncate(path, length)


def run(*words: object) -> Any:
    return CliRunner().invoke(app, [*map(str, words), "--lang", "en"])


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lost") / "store"
    killed(root)
    return root


def of(root: Path, tmp_path: Path) -> tuple[Path, list[Path], list[PlacedFrame]]:
    store = tmp_path / "store"
    shutil.copytree(root, store)
    (name,) = [path.name for path in (store / "incremental/journal").glob("*.wal")]
    copies = [store / "incremental/journal" / name, store / "mirror" / name]
    return store, copies, scan(name, copies[0].read_bytes()).frames


def test_a_crash_alone_loses_nothing(crashed: Path, tmp_path: Path) -> None:
    store, copies, frames = of(crashed, tmp_path)
    assert copies[0].stat().st_size > frames[-1].frame.end, "space is reserved ahead"
    assert json.loads(run("verify", "--dir", store, "--json").stdout)["sound"]


@pytest.mark.parametrize("into", [10, 71, 72, 100, -1])
def test_both_copies_cut_are_a_loss_with_number_and_time(
    crashed: Path, tmp_path: Path, into: int
) -> None:
    """In its header or behind it; verify, restore and repair say so, and nothing is green."""
    store, copies, frames = of(crashed, tmp_path)
    lost, last = frames[-2].frame, frames[-3].frame
    cut(copies, frames[-2].offset + into if into > 0 else lost.end - 1)
    said = run("verify", "--dir", store, "--json")
    assert said.exit_code == 4
    damages = json.loads(said.stdout)["damages"]
    assert [one["outcome"] for one in damages] == ["lost", "lost"]
    known = lost if into >= 72 or into < 0 else last
    when = datetime.fromtimestamp(known.wall_ms / 1000, UTC).isoformat(timespec="milliseconds")
    for one in damages:
        assert f"commit {known.seq} of {when}" in one["problem"]
        assert f"from commit {lost.seq} on is lost" in one["problem"]
    assert "never acknowledged" not in said.output
    refused = run("repair", "--dir", store)
    assert (refused.exit_code, f"--accept-loss {last.seq}" in refused.stderr) == (4, True)
    assert run("status", "--dir", store).exit_code == 4
    assert run("repair", "--dir", store, "--accept-loss", last.seq - 1).exit_code == 2
    assert run("repair", "--dir", store, "--accept-loss", last.seq).exit_code == 0
    assert json.loads(run("verify", "--dir", store, "--json").stdout)["sound"]


def test_one_copy_cut_is_mended_from_the_other(crashed: Path, tmp_path: Path) -> None:
    store, copies, frames = of(crashed, tmp_path)
    cut(copies[:1], frames[-2].offset + 100)
    said = run("verify", "--dir", store, "--json")
    assert said.exit_code == 0
    assert {one["outcome"] for one in json.loads(said.stdout)["damages"]} == {"repaired"}


def test_what_a_readable_file_vouches_for_is_told_with_number_and_time(
    crashed: Path, tmp_path: Path
) -> None:
    """Cut behind a whole frame, which leaves no trace in the journal itself."""
    store, copies, frames = of(crashed, tmp_path)
    run("save", "--dir", store)
    shutil.rmtree(store / "snapshots")
    for path in (store / "incremental/journal").glob("*.wal"):
        if path != copies[0]:
            path.unlink()
            (store / "mirror" / path.name).unlink()
    cut(copies, frames[-2].offset)
    said = run("verify", "--dir", store)
    assert said.exit_code == 4
    first = frames[-2].frame.seq
    assert f"commits {first} to " in said.stderr
    assert f"{datetime.now(UTC).year}-" in said.stderr.partition("acknowledged by")[2]
    assert "are lost" in said.stderr


def test_the_loss_is_told_where_the_exchange_brings_the_positions_back(tmp_path: Path) -> None:
    """The report of the recovery that books them anew: lost, not never acknowledged."""
    with fakeokx.launch(tmp_path / "venue") as venue:
        root = tmp_path / "store"
        copies, frames = killed(root, venue.url)
        names = [placed.frame.seq for placed in frames]
        assert len(names) > 8
        cut(copies, frames[-3].offset + 90)
        client = client_of(venue.url)
        session = Session.open(root)
        facts = session.recover(OkxReader(client))
        session.close()
    held = session.state.private_ledgers["LiveAgent_00"].positions
    assert held, "the exchange brought it back"
    seq = frames[-3].frame.seq
    english = (f"from commit {seq} on is lost", "(lost)")
    for lang, words in (("en", english), ("zh", (f"自提交 {seq} 起", "(已丢失)"))):
        text = render_text(facts, lang)
        assert [word for word in words if word not in text] == []
        assert "never acknowledged" not in text
        assert "未曾确认" not in text
