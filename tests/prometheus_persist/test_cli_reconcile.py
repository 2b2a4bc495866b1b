"""``reconcile``, ``freeze`` and ``unfreeze`` as people and scripts use them, against fakeokx."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from fakekit import (
    AGENTS,
    BTC,
    ETH,
    KEYS,
    at_venue,
    files_of,
    founded,
    held,
    opened,
    reader_of,
    traded,
)
from typer.testing import CliRunner, Result

import prometheus_persist.cli.recovering as recovering
from prometheus_persist.cli.app import app
from prometheus_persist.errors import Frozen
from prometheus_persist.exchange.okx.query import READS
from prometheus_persist.state import contracts

fakeokx = pytest.importorskip("fakeokx")

ONE, TWO, THREE = AGENTS
PATIENCE_S = 60.0
STORE_PART = "abcd"  # as long as the part of a tag that is the store's


@pytest.fixture
def root(tmp_path: Path, venue: Any) -> Path:
    """Books in which one execution of ours is missing."""
    place = tmp_path / "store"
    session = founded(place, venue)
    traded(session, venue, ONE, "buy", "2")
    session.close()
    return place


def run(*arguments: object, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env or {})


def reconcile(root: Path, venue: Any, *more: object) -> Result:
    return run("reconcile", "-d", root, "--exchange", venue.url, "--lang", "en", *more, env=KEYS)


def position(root: Path, agent: str = ONE, inst_id: str = BTC) -> Any:
    session = opened(root)
    try:
        return held(session, agent, inst_id)
    finally:
        session.close(save=False)


def ledgers(root: Path) -> dict[str, bytes]:
    return {name: data for name, data in files_of(root).items() if "ledger" in name}


def test_reconcile_a_script_without_yes_is_told_and_nothing_is_applied(
    root: Path, venue: Any
) -> None:
    before = ledgers(root)
    said = reconcile(root, venue)
    assert said.exit_code == 3
    assert "proposed" in said.stdout
    assert "--yes" in said.stderr
    assert ledgers(root) == before
    assert position(root) == 0
    said = reconcile(root, venue, "--json")
    assert said.exit_code == 3
    found = json.loads(said.stdout)
    assert (found["decision"], found["applied"]) == ("human", False)
    assert reconcile(root, venue, "--yes").exit_code == 0
    assert position(root) == 2
    assert reconcile(root, venue).exit_code == 0, "nothing to apply, nobody is asked"


WITHOUT_LINE = """\
from prometheus_persist import terminal
terminal.AFTER_S = 600.0
from prometheus_persist.cli import main
main()
"""


def at_terminal(
    root: Path, venue: Any, answer: str, *more: str, asks: str = "[y/N]", keys: Any = KEYS
) -> tuple[int, str]:
    """The command on a pseudo-terminal; ``answer`` is typed once it asks.

    The line about work that takes long stays away: a slow machine shows it, a fast one does not.
    """
    main, other = pty.openpty()
    command = [
        sys.executable, "-c", WITHOUT_LINE, "reconcile", "-d", str(root), "--exchange",
        venue.url, "--lang", "en", *more,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, stdin=other, stdout=other, stderr=other, env={**os.environ, **keys}, close_fds=True
    )
    os.close(other)
    shown, asked, deadline = "", False, time.monotonic() + PATIENCE_S
    waiting = select.poll()
    waiting.register(main, select.POLLIN)
    while time.monotonic() < deadline:
        if waiting.poll(200):
            try:
                shown += os.read(main, 65536).decode("utf-8", "replace")
            except OSError:
                break
        elif process.poll() is not None:
            break
        if not asked and asks in shown:
            os.write(main, answer.encode() + b"\n")
            asked = True
    try:
        return process.wait(PATIENCE_S), shown
    finally:
        process.kill()
        os.close(main)


def test_reconcile_asks_on_a_terminal(root: Path, venue: Any) -> None:
    code, shown = at_terminal(root, venue, "n")
    assert code == 3, shown
    assert "make these corrections?" in shown
    assert "nothing was changed" in shown
    assert position(root) == 0
    code, shown = at_terminal(root, venue, "y")
    assert code == 0, shown
    assert position(root) == 2


def test_reconcile_a_yes_is_for_the_plan_that_was_shown(
    root: Path, venue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The market went on while somebody was thinking: the yes was for another plan."""

    def thinking(*_: Any, **__: Any) -> bool:
        venue.trade_by_hand(ETH, "buy", "1")
        return True

    monkeypatch.setattr(recovering, "at_a_terminal", lambda: True)
    monkeypatch.setattr(recovering.typer, "confirm", thinking)
    said = reconcile(root, venue)
    assert said.exit_code == 3
    assert "approved" in said.stderr
    assert position(root) == 0


def test_reconcile_plan_and_observe_write_nothing_and_ask_nothing_but_reads(
    root: Path, venue: Any, tmp_path: Path
) -> None:
    """P4, with a host that is running and holds the lock: every byte, every request."""
    host = opened(root)
    host.wait()
    before, asked = files_of(root), venue.truth()["requests"]
    truth = {k: v for k, v in venue.truth().items() if k not in ("requests", "now_ms")}
    plan = tmp_path / "plan.json"
    assert reconcile(root, venue, "--plan", plan).exit_code == 3, "it differs, and is not corrected"
    assert reconcile(root, venue, "--policy", "observe", "--json").exit_code == 3
    assert files_of(root) == before
    assert json.loads(plan.read_text())["plan"]["findings"]
    requests = venue.truth()["requests"]
    new = {name: count - asked.get(name, 0) for name, count in requests.items()}
    assert sum(new.values()) > 10
    assert {name for name, count in new.items() if count} <= READS.keys()
    assert {k: v for k, v in venue.truth().items() if k not in ("requests", "now_ms")} == truth
    host.close()


@pytest.mark.parametrize(
    "wrong",
    [
        ("--policy", "guess"),
        ("--plan", "p.json", "--apply", "p.json"),
        ("--plan", "p.json", "--policy", "flatten"),
        ("--apply", "p.json", "--policy", "observe"),
    ],
)
def test_reconcile_options_that_do_not_go_together(root: Path, venue: Any, wrong: Any) -> None:
    before = files_of(root)
    assert reconcile(root, venue, *wrong).exit_code == 2
    assert files_of(root) == before


def test_reconcile_flatten_closes_what_agents_and_nobody_hold(root: Path, venue: Any) -> None:
    """Asked first; then every owner's position by an order of its own, reduce-only; flat, booked,
    and in agreement."""
    venue.trade_by_hand(ETH, "sell", "3")
    said = reconcile(root, venue, "--policy", "flatten")
    assert said.exit_code == 3
    assert at_venue(venue) == 2
    said = reconcile(root, venue, "--policy", "flatten", "--yes", "--json")
    assert said.exit_code == 0, said.output
    found = json.loads(said.stdout)
    assert found["flattened"] == {"sent": 2, "left": [], "open_orders": []}
    assert (at_venue(venue), at_venue(venue, ETH)) == (0, 0)
    assert (position(root), position(root, "", ETH)) == (0, 0)
    orders = {row["clOrdId"]: row for row in venue.truth()["orders"]}
    closing = [row for row in orders.values() if row["reduceOnly"] == "true"]
    owners = sorted(row["tag"][: -len(STORE_PART)] for row in closing)
    assert owners == ["LiveAgent00", "UNATTRIBUTED"]
    again = reconcile(root, venue, "--json")
    assert json.loads(again.stdout)["plan"]["clean"]


def test_reconcile_flatten_says_what_is_left(root: Path, venue: Any) -> None:
    """The exchange refuses orders: nothing is called closed, exit 3."""
    venue.set_faults([{"action": "reject", "operation": "place", "code": "51149"}])
    said = reconcile(root, venue, "--policy", "flatten", "--yes", "--lang", "en")
    assert said.exit_code == 3, said.output
    assert f"left: {ONE} {BTC}" in said.stdout
    assert at_venue(venue) == 2
    assert position(root) == 2


def test_freeze_and_unfreeze_as_commands(root: Path, venue: Any) -> None:
    """Durable, in the audit, and no order passes; lifted only with a reason."""
    for wrong in ((), (BTC, "--all", "--reason", "x"), (BTC,), ("--all", "--reason", " ")):
        assert run("freeze", *wrong, "-d", root).exit_code == 2
    assert run("unfreeze", BTC, "--reason", "x", "-d", root).exit_code == 2, "it is not frozen"
    assert run("freeze", BTC, "--reason", "odd fills", "-d", root).exit_code == 0
    said = run("freeze", "--all", "--reason", "night", "-d", root, "--json")
    assert json.loads(said.stdout)["everything"]["reason"] == "night"
    session = opened(root)
    assert session.recover(reader_of(venue)).decision == "go_restricted"
    with pytest.raises(Frozen, match="night"):
        session.order_intent(TWO, ETH, "buy", contracts("1"))
    assert run("unfreeze", "--all", "--reason", "day", "-d", root).exit_code == 6
    session.close()
    assert run("unfreeze", "--all", "--reason", "day", "-d", root).exit_code == 0
    session = opened(root)
    session.recover(reader_of(venue))
    assert session.order_intent(TWO, ETH, "buy", contracts("1")).params
    with pytest.raises(Frozen, match="odd fills"):
        session.order_intent(TWO, BTC, "buy", contracts("1"))
    session.close()
    log = (root / "recovery_log.txt").read_text()
    for line in (
        f"frozen {BTC}: odd fills",
        "frozen everything: night",
        "unfrozen everything: day",
    ):
        assert log.count(line) == 1, line


def test_reconcile_after_agents_only_says_what_the_exchange_holds(
    root: Path, venue: Any, tmp_path: Path
) -> None:
    """The agents came back with empty books. An execution that the exchange still tells of names
    its owner; a position that is older than that is a human's to settle, and nothing is touched."""
    assert reconcile(root, venue, "--yes").exit_code == 0
    recent, older = tmp_path / "recent", tmp_path / "older"
    for into in (recent, older):
        assert run("restore", "-d", root, "--agents-only", "--into", into).exit_code == 0
        assert position(into) == 0
    assert reconcile(recent, venue, "--yes").exit_code == 0
    assert position(recent) == 2
    session = opened(older)
    session.state.watermark.fills_ms += 120_000  # as if it had been read until long after the trade
    session.close()
    before = ledgers(older)
    said = reconcile(older, venue, "--yes")
    assert said.exit_code == 3, said.output
    assert f"{BTC} cross net: OKX holds 2 contracts, more than the 0 in the books" in said.stdout
    assert ledgers(older) == before
    session = opened(older)
    assert session.recover(reader_of(venue)).decision == "human"
    with pytest.raises(Frozen):
        session.order_intent(ONE, BTC, "buy", contracts("2"))
    other = session.order_intent(ONE, ETH, "buy", contracts("2"))
    assert other.params
    other.reject("51008 insufficient balance")  # on its way, it would be another plan in a moment
    session.close(save=False)
    plan = tmp_path / "plan.json"
    assert reconcile(older, venue, "--plan", plan).exit_code == 3
    assert reconcile(older, venue, "--apply", plan).exit_code == 0
    assert position(older, "") == 2


def test_help_names_the_exit_codes_and_every_way() -> None:
    for name in ("reconcile", "freeze", "unfreeze"):
        said = run(name, "--help")
        assert said.exit_code == 0
        assert "Exit codes" in said.stdout
    for option in ("--yes", "--policy", "--plan", "--apply", "--sandbox", "--live"):
        assert option in run("reconcile", "--help").stdout
