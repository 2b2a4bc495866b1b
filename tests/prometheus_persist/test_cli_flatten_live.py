"""A real account is flattened only where it was named: typed at the question, or as an option."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakekit import BTC, at_venue, opened
from test_cli_reconcile import at_terminal
from typer.testing import CliRunner, Result

from prometheus_persist.cli.app import app
from prometheus_persist.cli.venue import venue_reader
from prometheus_persist.state import Agent

fakeokx = pytest.importorskip("fakeokx")

LIVE = {"OKX_API_KEY": "live-key", "OKX_API_SECRET": "s", "OKX_API_PASSPHRASE": "p"}
FLATTEN = ("--policy", "flatten", "--live")


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Any]:
    with fakeokx.launch(tmp_path / "venue") as running:
        running.add_key("live-key", "s", "p", environment="live")
        yield running


@pytest.fixture
def root(tmp_path: Path, venue: Any) -> Path:
    """Books of a real account that holds two contracts of nobody's."""
    place = tmp_path / "store"
    session = opened(place)
    session.add_agent(Agent(agent_id="LiveAgent_00"))
    assert session.recover(venue_reader(venue.url, sandbox=False, environ=LIVE)).decision == "go"
    session.close()
    venue.trade_by_hand(BTC, "buy", "2")
    return place


@pytest.fixture
def uid(venue: Any) -> str:
    found, demo = venue_reader(venue.url, sandbox=False, environ=LIVE).whose()
    assert not demo
    assert found
    return found


def flatten(root: Path, venue: Any, *more: str) -> Result:
    given = ["reconcile", "-d", str(root), "--exchange", venue.url, "--lang", "en", *more]
    return CliRunner().invoke(app, given, env=LIVE)


def test_a_script_names_it(root: Path, venue: Any, uid: str) -> None:
    for wrong, why in (
        (("--yes",), "--account UID"),
        (("--yes", "--account", f"{uid}0"), f"these keys are of account {uid}"),
        (("--account", f"{uid}0"), f"these keys are of account {uid}"),
    ):
        said = flatten(root, venue, *FLATTEN, *wrong)
        assert said.exit_code == 2, said.output
        assert why in said.stderr
        assert at_venue(venue) == 2
    assert flatten(root, venue, *FLATTEN).exit_code == 3, "nobody can be asked"
    assert at_venue(venue) == 2
    assert flatten(root, venue, *FLATTEN, "--yes", "--account", uid).exit_code == 0
    assert at_venue(venue) == 0


def test_on_a_terminal_it_is_typed(root: Path, venue: Any, uid: str) -> None:
    for typed in ("y", "", f"{uid}0"):
        code, seen = at_terminal(root, venue, typed, *FLATTEN, asks="to go ahead", keys=LIVE)
        assert code == 3, seen
        assert f"REAL account {uid}" in seen
        assert at_venue(venue) == 2
    code, seen = at_terminal(root, venue, uid, *FLATTEN, asks="to go ahead", keys=LIVE)
    assert code == 0, seen
    assert at_venue(venue) == 0


def test_the_name_of_an_account_is_for_that_alone(root: Path, venue: Any, uid: str) -> None:
    for wrong in (("--policy", "flatten"), ("--live",), ()):
        said = flatten(root, venue, *wrong, "--account", uid)
        assert said.exit_code == 2, said.output
