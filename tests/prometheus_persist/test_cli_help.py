"""``--help`` of every command in both languages, its examples, and what was asked wrongly."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer
from languagekit import CHINESE, english
from typer.testing import CliRunner

from prometheus_persist.cli.app import COMMANDS as LISTED
from prometheus_persist.cli.app import app
from prometheus_persist.cli.helping import cells, language_last, wrapped
from prometheus_persist.words.examples import EXAMPLES
from prometheus_persist.words.helps import HELPS


def commands(found: Any = None, path: str = "") -> dict[str, Any]:
    """Every command by its words; "" is the program."""
    found = found or typer.main.get_command(app)
    below = getattr(found, "commands", {}).items()
    here = {path: found}
    for name, one in below:
        here |= commands(one, f"{path} {name}".strip())
    return here


COMMANDS = commands()
OF_ITS_OWN = {"demo"}
"""Its help is that of the program it becomes."""


def said(*words: str, lang: str = "", env: dict[str, str] | None = None) -> tuple[int, str, str]:
    spoken = ["--lang", lang] if lang else []
    done = CliRunner().invoke(app, [*words, *spoken], env=env)
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - OF_ITS_OWN))
def test_every_help_is_wholly_in_its_language(name: str) -> None:
    code, out, _ = said(*name.split(), "--help", lang="zh")
    assert code == 0
    assert english(out) == []
    assert "选项：" in out
    assert "退出码：" in out
    assert "示例：" in out
    assert max(map(cells, (line for line in out.splitlines() if "prometheus-" not in line))) <= 80
    assert said(*name.split(), "-h", env={"PERSIST_LANG": "zh"})[1] == out
    code, out, _ = said(*name.split(), "--help", lang="en")
    assert code == 0
    assert not CHINESE.search(out)
    assert "Options:" in out
    assert "Examples:\n" in out
    assert out.index("Examples:") < out.index("Exit codes:")


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    """The list is a table, so that a help imports no command but its own."""
    for name, (_, says) in LISTED.items():
        assert COMMANDS[name].get_short_help_str(200) == says, name
        assert COMMANDS[name].name == name


def test_what_has_its_chinese_is_still_said() -> None:
    """No entry outlives the sentence it stands for."""
    texts = set()
    for one in COMMANDS.values():
        texts |= {" ".join(part.split()) for part in (one.help or "").split("\n\n")}
        texts |= {" ".join((getattr(each, "help", "") or "").split()) for each in one.params}
    of_the_parser = list(HELPS)[: list(HELPS).index("Save everything, come back from any crash, "
                                                     "agree with the exchange.")]  # fmt: skip
    assert set(HELPS) - set(of_the_parser) - texts == set()


def test_every_command_has_examples_that_it_takes() -> None:
    assert sorted(EXAMPLES) == sorted(COMMANDS)
    for name, rows in EXAMPLES.items():
        for (zh, en), line in rows:
            assert CHINESE.search(zh)
            assert not CHINESE.search(en)
            words = shlex.split(line)
            assert words[: len(name.split())] == name.split(), line
            path = max((each for each in COMMANDS if words[: len(each.split())] == each.split()),
                       key=len)  # fmt: skip
            rest = words[len(path.split()) :]
            if path not in OF_ITS_OWN:
                COMMANDS[path].make_context(path, rest)


@pytest.mark.parametrize(
    ("words", "zh"),
    [
        (["status", "--foo"], "没有选项 --foo"),
        (["staus"], "没有命令 'staus'"),
        (["tail", "--last", "x"], "整数"),
        (["restore", "--at"], "选项 '--at' 需要一个值"),
        (["verify", "a", "b"], "多余的参数（a b）"),
        (["adopt"], "POSITION=AGENT"),
        (["freeze"], "写明合约，或用 --all"),
        (["restore", "--seq", "1", "--at", "2"], "--into NEWDIR"),
        (["reconcile", "--policy", "hope"], "没有 --policy hope；可用的有"),
    ],
)
def test_what_was_asked_wrongly_is_said_in_chinese(
    words: list[str], zh: str, tmp_path: Any
) -> None:
    env = {"OKX_API_KEY": "k", "OKX_API_SECRET": "s", "OKX_API_PASSPHRASE": "p"}
    env |= {"PERSIST_DIR": str(tmp_path)}
    code, out, err = said(*words, env={**env, "PERSIST_LANG": "zh"})
    assert code == 2
    assert out == ""
    assert zh in err
    assert english(err) == []
    assert not CHINESE.search(said(*words, env={**env, "PERSIST_LANG": "en"})[2])


def test_the_language_may_stand_before_the_command(tmp_path: Any) -> None:
    assert language_last(["--lang", "zh", "status", "-d", "x"]) == [
        "status",
        "-d",
        "x",
        "--lang",
        "zh",
    ]
    assert language_last(["--lang=zh", "--help"]) == ["--lang=zh", "--help"]
    done = CliRunner().invoke(app, ["--lang", "zh", "status", "-d", str(tmp_path)])
    assert "里没有存储" in done.stderr


def test_chinese_is_broken_by_columns_and_names_stay_whole() -> None:
    lines = wrapped("先用 prometheus-persist 写出方案，审阅之后再批准。", 24)
    assert max(map(cells, lines)) <= 24
    assert any("prometheus-persist" in line for line in lines)
    assert "".join(lines).replace(" ", "") == "先用prometheus-persist写出方案，审阅之后再批准。"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_program_without_a_word_shows_its_help_line_by_line(lang: str) -> None:
    """What a newcomer types first; a usage error, in the layout of --help."""
    code, out, err = said(env={"PERSIST_LANG": lang})
    assert (code, out) == (2, "")
    assert err.strip() == said("--help", lang=lang)[1].strip()
    assert len(err.splitlines()) > 30
