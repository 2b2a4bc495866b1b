"""The harness's command lines in both languages: helps, usage, what it says aside."""

from __future__ import annotations

import argparse
import re

import pytest
from languagekit import CHINESE, english

from chaos.arguments.helps import HELPS
from chaos.cli.app import main, parser
from chaos.demo.__main__ import parser as demo_parser
from chaos.gate import EXITS, EXITS_ZH
from chaos.saboteurs import RECONCILERS
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import SHARED, SWEPT
from prometheus_persist.cli.helping import cells

NAMES = "|".join((*RECONCILERS, *SWEPT, *SHARED, *HOSTED))
"""Of saboteurs: the same in every language, as they are typed."""


def parsers(lang: str) -> dict[str, argparse.ArgumentParser]:
    found = parser(lang)
    below = next(one.choices for one in found._actions if one.dest == "command")
    return {"": found, **dict(below or {}), "demo": demo_parser(["--lang", lang])}


@pytest.mark.parametrize("name", sorted(parsers("en")))
def test_every_help_is_wholly_in_its_language(name: str) -> None:
    zh, en = (parsers(lang)[name].format_help() for lang in ("zh", "en"))
    assert english(re.sub(rf"`detect`|python\S+|{NAMES}", "", zh)) == []
    assert "用法：" in zh
    assert "显示本帮助" in zh
    assert (
        max(cells(line) for line in zh.splitlines() if "{" not in line and "," not in line) <= 110
    )
    assert not CHINESE.search(en)
    assert "usage: " in en


def test_what_has_its_chinese_is_still_said() -> None:
    said = " ".join(" ".join(one.format_help().split()) for one in parsers("en").values())
    squeezed = re.sub(r"\W", "", said)
    gone = [en for en in HELPS if re.sub(r"\W", "", en) not in squeezed and "program" not in en]
    assert gone == []
    assert set(EXITS_ZH) == set(EXITS)


@pytest.mark.parametrize(
    ("words", "code", "zh"),
    [
        (["run", "sigkil"], 2, "没有场景 'sigkil'；是否指 sigkill-"),
        (["detect", "nothing-like-it-xyz"], 2, "没有差异类型 'nothing-like-it-xyz'；可用的有："),
        (["gate", "/nowhere"], 5, "没有可评判的运行：/nowhere"),
        (["sweep", "nothing"], 2, "没有 'nothing'（可用的有"),
        (["detect", "--instances", "x"], 2, "值 'x' 有误"),
        ([], 2, "缺少参数：COMMAND"),
    ],
)
def test_what_goes_wrong_is_said_in_chinese(
    words: list[str], code: int, zh: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("PERSIST_LANG", "zh")
    try:
        got = main(words)
    except SystemExit as ended:
        got = int(ended.code or 0)
    said = capsys.readouterr()
    assert got == code
    assert zh in said.err
    assert english(said.err) == []
