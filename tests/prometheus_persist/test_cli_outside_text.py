"""Text that came from outside is seen as text: on a terminal, in tables, JSON, logs and pages.

One agent's id, one reason, a directory and a file are made of everything that a terminal or a
reader's eye obeys. Each command is run on them; nothing but printable characters and line ends may
come out, and what was meant to be seen is there.
"""

from __future__ import annotations

import io
import json
import logging
import re
import shlex
import subprocess
import zipfile
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fakekit import AGENTS, BTC, ETH, KEYS, opened, reader_of, traded
from hypothesis import given
from hypothesis import strategies as st
from test_cli_reconcile import at_terminal
from textkit import CLEARS, TURNS, stacked, unruly
from typer.testing import CliRunner, Result

from prometheus_persist.cli.app import app
from prometheus_persist.commands import command
from prometheus_persist.errors import BadConfig, StoreDamaged
from prometheus_persist.shown import MARKS_MAX, shown, shown_json
from prometheus_persist.state import Agent
from prometheus_persist.storage.layout import RECOVERY_LOG
from prometheus_persist.terminal import Terminal

fakeokx = pytest.importorskip("fakeokx")

MARKUP = "[bold red][/] [link=http://x] :skull: [/nothing]"
BREAKS = "\r\nforged: line\x0b\x0c\u2028\u2029\x85end"
UNSEEN = "\u200b\u2060\ufeff\U000e0041\x00\x7f"
HOSTILE = f"A{CLEARS}{TURNS}{MARKUP}{BREAKS}{UNSEEN}Z"
PLAIN = "Agent_交易员 π [1/2] :skull:"


def run(*arguments: object, **env: str) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], env={**KEYS, **env})


@pytest.fixture
def root(tmp_path: Path, venue: Any) -> Path:
    """A store in a directory of such a name, in which an execution of such an agent is missing."""
    place = tmp_path / f"store{CLEARS}{TURNS}"
    session = opened(place)
    names = (HOSTILE, AGENTS[0])
    session.add_agents(Agent(agent_id=name, current_capital=Decimal(1000)) for name in names)
    assert session.recover(reader_of(venue)).decision == "go"
    traded(session, venue, HOSTILE, "buy", "2")
    session.freeze(ETH, HOSTILE)
    session.snapshot()
    session.close()
    return place


READING = (
    ("status",),
    ("verify",),
    ("snapshots",),
    ("tail", "--once"),
    ("orders",),
    ("restore", "--dry-run"),
    ("repair", "--dry-run"),
    ("reconcile", "--policy", "observe"),
    ("reconcile",),
    ("reconcile", "--apply", f"{HOSTILE[:40]}.json"),
    ("reconcile", "--policy", HOSTILE.replace("\x00", "")),
    ("orders", "give-up", HOSTILE, "--reason", HOSTILE),
)
WRITING = (
    ("freeze", BTC, "--reason", HOSTILE),
    ("unfreeze", ETH, "--reason", HOSTILE),
    ("save",),
    ("orders", "settle"),
    ("reconcile", "--yes"),
)


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("commands", [READING, WRITING], ids=["reading", "writing"])
def test_no_command_lets_text_from_outside_move_the_cursor(
    commands: tuple[tuple[str, ...], ...], lang: str, root: Path, venue: Any
) -> None:
    with zipfile.ZipFile(root / "snapshots" / f"strange{CLEARS}{TURNS}.zip", "w") as archive:
        archive.writestr(HOSTILE.replace("\x00", ""), b"")
    for words in commands:
        more = ["--exchange", venue.url] if words[0] in ("reconcile", "orders") else []
        for as_json in ([], ["--json"]):
            said = run(*words, "-d", root, *more, "--lang", lang, *as_json)
            assert not isinstance(said.exception, Exception), (words, said.exception)
            assert unruly(said.stdout + said.stderr) == [], words
            assert not re.search("^forged", said.output, re.MULTILINE), words
            if as_json:
                told = said.stdout.splitlines() if words[0] == "tail" else [said.stdout]
                assert all(isinstance(json.loads(each), dict) for each in told), words
            elif words[:2] in (("reconcile",), ("reconcile", "--policy")) and said.exit_code != 2:
                assert shown(HOSTILE) in said.stdout


def test_json_gives_back_what_was_meant(root: Path) -> None:
    said = run("status", "-d", root, "--json")
    assert json.loads(said.stdout)["directory"] == str(root)


def test_the_question_stands_under_everything_that_was_found(root: Path, venue: Any) -> None:
    """On a real terminal: not one escape code, and the findings above the question."""
    code, seen = at_terminal(root, venue, "n")
    assert code == 3, seen
    assert unruly(seen.replace("\r\n", "\n")) == []
    found, asked = seen.index(shown(HOSTILE)), seen.index("[y/N]")
    assert found < asked
    assert ":skull:" in seen
    assert "[/nothing]" in seen


def test_the_page_shows_it_as_text(root: Path, venue: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    for lang in ("en", "zh"):
        given = ("-d", root, "--exchange", venue.url, "--lang", lang, "--html", page)
        run("reconcile", *given, "--policy", "observe")
        html = page.read_text("utf-8")
        assert unruly(html) == []
        assert shown(HOSTILE) in unescape(html)
        assert "<b>" in html, "the page's own parts are not escaped"


def test_a_plan_file_can_be_looked_at_and_still_holds(
    root: Path, venue: Any, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    where = ("-d", root, "--exchange", venue.url)
    assert run("reconcile", *where, "--plan", plan).exit_code == 3
    assert unruly(plan.read_text("utf-8")) == []
    found = json.loads(plan.read_text("utf-8"))["plan"]["findings"]
    assert HOSTILE in {one["agent_id"] for one in found}
    assert run("reconcile", *where, "--apply", plan).exit_code == 0


def test_the_audit_is_lines_of_text(root: Path, venue: Any) -> None:
    run("reconcile", "-d", root, "--exchange", venue.url, "--yes")
    run("unfreeze", ETH, "-d", root, "--reason", HOSTILE)
    text = (root / RECOVERY_LOG).read_text("utf-8")
    assert unruly(text) == []
    assert not re.search("^forged", text, re.MULTILINE)
    assert run("verify", "-d", root).exit_code == 0, "its chain is whole"


def test_an_error_is_one_line_in_anybody_s_log() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = logging.Logger("of a host")
    log.addHandler(handler)
    for problem in (BadConfig(HOSTILE), StoreDamaged(HOSTILE, file=HOSTILE, offset=1)):
        log.error("%s", problem)
        log.error("it ended", exc_info=problem)
        assert problem.detail.endswith(HOSTILE)
    assert unruly(stream.getvalue()) == []
    assert not re.search("^forged", stream.getvalue(), re.MULTILINE)


def test_a_command_with_such_a_name_can_be_pasted() -> None:
    """What bash makes of the printed line is what was meant."""
    words = ["reconcile", "--choose", f"B-1=owner:{HOSTILE}".replace("\x00", ""), "it's \\ [a]"]
    options = shlex.join(["--dir", f"/tmp/d{CLEARS}{TURNS}", "--live"])
    line = command(words, options)
    assert unruly(line) == []
    script = f"prometheus-persist() {{ printf '%s\\0' \"$@\"; }}\n{line}\n"
    done = subprocess.run(["bash", "-c", script], capture_output=True, check=True)
    assert done.stdout.decode().split("\0")[:-1] == [*words, *shlex.split(options)]


@given(st.text())
def test_shown_text_is_one_line_and_stays_as_it_is(text: str) -> None:
    once = shown(text)
    assert unruly(once) == []
    assert "\n" not in once
    assert shown(once) == once
    if text.isprintable() and stacked(text) <= MARKS_MAX:
        assert once == text


@given(st.recursive(st.text(), lambda inner: st.dictionaries(st.text(), inner), max_leaves=5))
def test_shown_json_is_the_same_value(value: Any) -> None:
    text = shown_json(value, indent=1)
    assert json.loads(text) == value
    text.encode("utf-8")


def test_text_that_means_no_harm_is_left_alone() -> None:
    assert shown(PLAIN) == PLAIN
    page = io.StringIO()
    Terminal(file=page, width=100).print(PLAIN, "⚠️  a\u3000b")
    assert page.getvalue() == f"{PLAIN} ⚠️  a\u3000b\n"


FLOOD = "a" + "\u0301" * 10_000 + "\u20dd" * 3 + "b\u0489"


def test_marks_are_not_drawn_over_the_lines_around_them() -> None:
    """As many stay on a letter as a language needs; what is escaped is there to be seen."""
    seen = shown(FLOOD)
    assert stacked(seen) == MARKS_MAX
    assert seen.count("\\u0301") == 10_000 - MARKS_MAX
    assert seen.endswith("\\u20dd\\u20ddb\u0489")
    assert json.loads(shown_json(FLOOD)) == FLOOD
    out = io.StringIO()
    Terminal(file=out, width=200_000).print(FLOOD)
    assert stacked(out.getvalue()) == MARKS_MAX


@given(st.text(st.sampled_from("a\u0301\u0323\u20dd\n\u200b 中\U000e0100"), max_size=40))
def test_whatever_marks_there_are_the_rest_stays(text: str) -> None:
    seen = shown(text)
    assert stacked(seen) <= MARKS_MAX
    assert shown(seen) == seen
    assert json.loads(shown_json(text)) == text


@pytest.mark.parametrize(
    "text",
    ["e\u0323\u0302", "ש\u05c1\u05b8\u05a3\u05bd", "ก\u0e34\u0e48", "❤\ufe0f", "क\u094d\u0937"],
)
def test_what_is_written_with_marks_stays(text: str) -> None:
    assert shown(text * 3) == text * 3
