"""A command that is printed is run as it stands: same store, same exchange, same environment."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from fakekit import AGENTS, BTC, ETH, KEYS, booked, founded, traded
from typer.testing import CliRunner, Result

from prometheus_persist.cli.app import app
from prometheus_persist.commands import PROGRAM, command, is_live, options_for

fakeokx = pytest.importorskip("fakeokx")

ONE, TWO, _ = AGENTS


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], env=KEYS)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "my store (of today)"


def printed(said: str) -> list[list[str]]:
    """Every command in what was said, as a shell would read it."""
    lines = [line.partition(f"{PROGRAM} ") for line in said.splitlines()]
    return [shlex.split(words) for _, found, words in lines if found]


def options_in(words: list[str]) -> dict[str, str]:
    return {name: words[words.index(name) + 1] for name in ("--dir", "--exchange") if name in words}


def test_whoever_was_not_asked_can_paste_the_answer(root: Path, venue: Any) -> None:
    session = founded(root, venue)
    traded(session, venue, ONE, "buy", "2")
    session.close()
    where = {"--dir": str(root), "--exchange": venue.url}
    given = [part for pair in where.items() for part in pair]
    said = run("reconcile", *given)
    assert said.exit_code == 3
    assert said.stderr.rstrip().splitlines()[-1].startswith("next: ")
    words = printed(said.stderr)[-1]
    assert options_in(words) == where
    assert "--yes" in words
    assert run(*words).exit_code == 0, words


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_stale_plan_names_the_command_that_makes_another(
    root: Path, venue: Any, tmp_path: Path, lang: str
) -> None:
    session = founded(root, venue)
    booked(session, venue, ONE, "buy", "5")
    session.close()
    venue.trade_by_hand(ETH, "buy", "1")
    where = {"--dir": str(root), "--exchange": venue.url}
    given = [part for pair in where.items() for part in pair]
    plan = tmp_path / "old.json"
    run("reconcile", *given, "--plan", plan)
    venue.trade_by_hand(BTC, "buy", "3")
    said = run("reconcile", *given, "--apply", plan, "--lang", lang, "--json")
    assert said.exit_code == 3, said.output
    words = printed(said.stderr)[-1]
    assert options_in(words) == where
    assert words[:3] == ["reconcile", "--plan", "plan.json"]
    assert shlex.join([PROGRAM, *words]) in json.loads(said.stdout)["next_step"]


def test_what_a_damaged_store_asks_for_can_be_pasted(root: Path, venue: Any) -> None:
    """Both copies are hurt in the middle: what is left can go elsewhere."""
    session = founded(root, venue)
    for _ in range(20):
        session.save("again")
        session.freeze(BTC, "two")
        session.unfreeze(BTC, "three")
    session.close(save=False)
    for path in (root / "incremental" / "journal", root / "mirror"):
        for file in (one for one in path.rglob("*.wal") if one.stat().st_size > 2_000):
            data = bytearray(file.read_bytes())
            data[len(data) * 2 // 3] ^= 0xFF
            file.write_bytes(data)
    for asked in ("restore", "repair", "status"):
        said = run(asked, "--dir", root)
        assert said.exit_code == 4, said.output
        (words,) = printed(said.stderr)
        assert words[:2] == ["restore", "--seq"]
        assert options_in(words) == {"--dir": str(root)}, "it asks no exchange"
        words = [str(root.parent / f"of {asked}") if word == "NEWDIR" else word for word in words]
        assert run(*words).exit_code == 0, words


def test_a_real_account_stays_a_real_account() -> None:
    options = options_for("my store", "https://eea.okx.com", live=True)
    assert is_live(options)
    line = command(["reconcile", "--yes"], options)
    assert line == f"{PROGRAM} reconcile --yes {options}"
    assert not is_live(options_for("--live-store", "", live=False))
