"""The harness's command lines in both languages: helps, usage, what it says aside."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

import pytest
from languagekit import CHINESE, english, modules, sentences

from chaos.arguments.helps import HELPS
from chaos.cli.app import main, parser
from chaos.criteria import rows
from chaos.demo.__main__ import parser as demo_parser
from chaos.gate import EXITS, EXITS_ZH
from chaos.report.lines import Judged
from chaos.report.said import JUDGES, said
from chaos.report.table import checked, troubles
from chaos.report.words import Lang
from chaos.saboteurs import RECONCILERS
from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import SHARED, SWEPT
from chaos.verdict import Figures, RunVerdict
from prometheus_persist.cli.helping import cells
from prometheus_persist.report.in_chinese import GAP

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


JUDGING = ("judge.py", "bot.py", "runner.py", "invariants")


def judges() -> Iterator[tuple[str, str]]:
    """Every sentence that is said of what was judged, as it comes out: where, and it."""
    for path in modules("chaos"):
        if set(JUDGING) & set(path.parts):
            for line, text in sentences(path.read_text(encoding="utf-8")):
                number = iter(range(1, 100))
                told = re.sub(r"\{[^{}]*\}", lambda _, number=number: f"X{next(number)}", text)
                yield f"{path.name}:{line}", told


def test_what_is_said_of_a_judged_run_has_its_chinese() -> None:
    found = [(where, text) for where, text in judges() if english(text)]
    left = {where: told for where, text in found if english(told := said(text, "zh"))}
    assert len(found) > 80
    assert left == {}


def test_chinese_of_a_judged_run_has_the_gaps_of_its_english_and_no_english() -> None:
    for en, zh in JUDGES.items():
        assert sorted(GAP.findall(en)) == sorted(GAP.findall(zh)), en
        assert english(GAP.sub("X", zh)) == [], zh
        assert not CHINESE.search(en), en


def test_the_figures_of_every_criterion_are_said_in_chinese() -> None:
    figures = Figures(
        agents_due=3, agents_exact=2, states=5, states_exact=4, kill_points=6, items=9,
        items_settled=8, items_waiting=1, deviations=4, deviations_found=3, false_corrections=1,
        restart_s=[0.5, 0.7], save_ms_fresh=[1.5], save_ms_aged=[2.5], checkpoint_ms=[3.0],
        lived_h=[24.0], moments=30, moments_exact=29,
    )  # fmt: skip
    for row in rows(figures):
        told = said(row.figure, "zh")
        assert CHINESE.search(told), row.figure
        assert english(told) == [], told
        assert sorted(re.findall(r"[\d.]+", told)) == sorted(re.findall(r"[\d.]+", row.figure))


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_verdict_is_said_in_one_language(lang: Lang) -> None:
    """All that is wrong with a bot, in the lines that a person reads."""
    verdict = RunVerdict("bot", 1)
    verdict.check("live", "after kill 2 it trades again", 1, ["it placed no order, see /tmp/b.log"])
    wrong = ["Trend: books 1 BTC-USDT-SWAP, own orders flat", "nobody: books flat, own orders flat"]
    verdict.check("live", "Rule at the end: every owner holds what its own orders bought", 2, wrong)
    verdict.assume("life 1 was killed while it ran", False, "it had left with 0, see /tmp/b.log")
    told = [*checked(verdict, lang), *troubles(Judged((verdict,), (), complete=False), lang)]
    text = "\n".join(told)
    if lang == "zh":
        assert english(text) == []
        assert "第 2 次被杀之后恢复交易: 没有下单，见 /tmp/b.log" in text
        assert "Trend：账面 1 BTC-USDT-SWAP，自己的订单 空仓; 无归属：账面 空仓" in text
    else:
        assert not CHINESE.search(text)
        assert (
            "Rule at the end: every owner holds what its own orders bought: Trend: books 1" in text
        )


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
