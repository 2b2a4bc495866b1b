"""``fakeokx`` speaks Chinese as well: helps, usage, errors, what it announces."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from typing import Any

import pytest
import typer
from languagekit import CHINESE, ROOT, english, modules, sentences
from typer.testing import CliRunner

from fakeokx.cli.app import COMMANDS as LISTED
from fakeokx.cli.app import app
from fakeokx.cli.exits import EXITS
from fakeokx.cli.helping import speaking, without_language
from fakeokx.cli.helps import EXAMPLES, HELPS
from fakeokx.cli.words import EXITS_ZH, SENTENCES, in_chinese
from fakeokx.faults.script import Script

LINE = "# -- the same in prometheus_persist/cli/{0}.py and fakeokx/cli/{0}.py from here on"
SAID_TO_PEOPLE = {"app.py", "ctl.py", "ctl_kit.py", "ctl_venue.py", "rules.py", "keys.py"} | {
    "ledger.py", "serve.py", "serving.py", "exchange.py", "exits.py"
}  # fmt: skip


def commands(found: Any = None, path: str = "") -> dict[str, Any]:
    found = found or typer.main.get_command(app)
    here = {path: found}
    for name, one in getattr(found, "commands", {}).items():
        here |= commands(one, f"{path} {name}".strip())
    return here


COMMANDS = commands()


def run(*words: str, **env: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "fakeokx.cli", *words],
        capture_output=True, text=True, timeout=60, env={**os.environ, "FAKEOKX_URL": "", **env},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_help_is_wholly_in_its_language(name: str) -> None:
    told = {}
    for lang in ("zh", "en"):
        with speaking(lang):
            done = CliRunner().invoke(app, [*name.split(), "--help"], prog_name="fakeokx")
        assert done.exit_code == 0, done.exception
        told[lang] = done.stdout
    assert english(re.sub(r"fakeokx ctl faults.*|okx\.Trade.*", "", told["zh"])) == []
    assert "用法：" in told["zh"]
    assert not CHINESE.search(told["en"])


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    """The list is a table, so that a help imports no command but its own."""
    for name, (_, says) in LISTED.items():
        assert COMMANDS[name].get_short_help_str(200) == says, name


def test_every_sentence_of_the_command_line_has_its_chinese() -> None:
    left = {}
    for path in modules("fakeokx"):
        if path.name not in SAID_TO_PEOPLE or path.parts[-2] == "ws":
            continue
        for line, text in sentences(path.read_text(encoding="utf-8")):
            told = re.sub(r"\{[^{}]*\}", "X", text)
            of_help = "ccxt" in told or told.startswith(("Exit codes", "graceful shutdown"))
            of_help = of_help or any(help_text.startswith(told) for help_text in HELPS)
            if not of_help and english(told) and english(in_chinese(told)):
                left[f"{path.name}:{line}"] = told
    assert left == {}
    assert set(EXITS_ZH) == set(EXITS)
    assert [zh for zh in SENTENCES.values() if english(re.sub(r"\{\w+\}", "X", zh))] == []


def test_examples_are_commands_that_it_takes() -> None:
    for rows in EXAMPLES.values():
        for (zh, en), line in rows:
            assert CHINESE.search(zh)
            assert not CHINESE.search(en)
            words = shlex.split(line)
            if words[:2] == ["ctl", "--url"]:
                words = [words[0], *words[3:]]
            path = max((each for each in COMMANDS if words[: len(each.split())] == each.split()),
                       key=len)  # fmt: skip
            COMMANDS[path].make_context(path, words[len(path.split()) :])
            if path == "ctl faults":
                assert Script(json.loads(words[-1]))  # the exchange takes it, too


@pytest.mark.parametrize(
    ("words", "code", "zh"),
    [
        (["--lang", "zh", "serve", "--port", "x"], 2, "不是整数"),
        (["ctl", "price", "--lang=zh", "BTC-USDT-SWAP", "1"], 2, "请用 --url"),
        (["--lang", "zh", "ctl", "--url", "http://127.0.0.1:1", "truth"], 5, "连接被拒绝"),
        (["--lang", "zh", "ctl", "--url", "http://127.0.0.1:1", "truth"], 5, "fakeokx serve"),
        (["serve", "--set", "no=1", "--lang", "zh"], 2, "可选"),
    ],
)
def test_what_goes_wrong_is_said_in_chinese(words: list[str], code: int, zh: str) -> None:
    got, out, err = run(*words)
    assert (got, out) == (code, "")
    assert zh in err
    assert english(err) == []


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_program_without_a_word_shows_its_help_line_by_line(lang: str) -> None:
    """What a newcomer types first; a usage error, in the layout of --help."""
    code, out, err = run("--lang", lang)
    assert (code, out) == (2, "")
    assert err.strip() == run("--lang", lang, "--help")[1].strip()
    assert len(err.splitlines()) > 15


def test_the_language_is_no_word_of_any_command() -> None:
    assert without_language(["--lang", "zh", "serve", "--lang=en", "--port", "0"]) == [
        "serve", "--port", "0",
    ]  # fmt: skip


@pytest.mark.parametrize("module", ["helping", "stepping"])
def test_both_programs_print_their_helps_alike(module: str) -> None:
    """The exchange and the library import nothing of each other; what they share is one text."""
    line, name = LINE.format(module), f"{module}.py"
    texts = [
        (ROOT / package / "cli" / name).read_text(encoding="utf-8").partition(line)[2]
        for package in ("prometheus_persist", "fakeokx")
    ]
    assert texts[0] == texts[1] != ""
