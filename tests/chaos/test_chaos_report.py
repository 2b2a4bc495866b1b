"""The report: the same facts as table, plain lines, Markdown and JSON, in two languages."""

import io
from string import Formatter

import pytest

from chaos.demo.words import WORDS as DEMO
from chaos.report.lines import judged, to_json, trouble
from chaos.report.markdown import markdown
from chaos.report.table import show
from chaos.report.words import WORDS, default_lang, word
from chaos.sandbox.words import SANDBOX
from chaos.verdict import Figures, Outcome, RunVerdict
from prometheus_persist.terminal import Terminal


def verdict(*, wrong=(), holds=True):
    found = RunVerdict("sigkill-sweep", 3, figures=Figures(moments=4, moments_exact=4))
    found.assume("the fault struck", holds, "0 times")
    found.check("I1", "every commit is there", 9, wrong)
    return found


@pytest.mark.parametrize("words", [WORDS, DEMO, SANDBOX], ids=["report", "demo", "sandbox"])
def test_every_word_is_there_in_both_languages_with_the_same_placeholders(words):
    for key, (zh, en) in words.items():
        assert zh.strip(), key
        assert en.strip(), key
        assert zh != en
        named = [
            {field for _, field, _, _ in Formatter().parse(each) if field} for each in (zh, en)
        ]
        assert named[0] == named[1], key


def test_the_language_is_the_locales_unless_it_is_asked_for(monkeypatch):
    """As in every other command: PERSIST_LANG counts before the locale."""
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert default_lang() == "zh"
    monkeypatch.setenv("PERSIST_LANG", "en")
    assert default_lang() == "en"


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("terminal", [True, False])
def test_the_table_names_rows_scenarios_and_what_went_wrong(lang, terminal):
    out = io.StringIO()
    run = judged([verdict(wrong=["life 7: 2 ahead"])], complete=False)
    show(run, Terminal(file=out, force_terminal=terminal, width=200), lang)
    text = out.getvalue()
    said = {
        "en": ("4/4 moments exact", "life 7: 2 ahead"),
        "zh": ("4/4 个时刻精确", "第 7 次运行：多 2 个"),
    }
    for due in ("sigkill-sweep", *said[lang], word("row.5", lang)):
        assert due in text
    assert word("outcome.failed", lang) in text


def test_markdown_is_a_table_of_five_rows():
    lines = markdown(judged([verdict()], complete=False), "en").splitlines()
    assert [line.split("|")[1].strip() for line in lines[4:9]] == list("12345")


def test_json_keeps_checks_and_assumptions():
    told = to_json(judged([verdict(holds=False)], complete=False))
    assert told["outcome"] == "void"
    assert told["scenarios"][0]["assumptions"][0]["detail"] == "0 times"
    assert told["scenarios"][0]["checks"][0]["count"] == 9


def test_a_row_nobody_judged_voids_a_complete_run_only():
    assert judged([verdict()], complete=False).outcome is Outcome.PASSED
    assert judged([verdict()], complete=True).outcome is Outcome.VOID
    assert judged([], complete=False).outcome is Outcome.VOID


def test_trouble_is_shortened_but_counted():
    ((kind, text),) = trouble(verdict(wrong=[f"commit {n}" for n in range(9)]), "en")
    assert kind == "wrong"
    assert text.endswith("commit 4; +4")
