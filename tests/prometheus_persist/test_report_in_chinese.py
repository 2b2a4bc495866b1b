"""What the library says in English where it comes up is said in Chinese to who reads Chinese.

Every sentence is found in the source itself, so one that is added and not translated is named here.
"""

from __future__ import annotations

import re

import pytest
from languagekit import CHINESE, english, modules, sentences

from prometheus_persist.report.in_chinese import GAP, SENTENCES, in_chinese
from prometheus_persist.words.helps import HELPS

FOR_MACHINES = (
    "audit_lines.py",
    "showing.py",
    "glance.py",
    "redacted.py",
    "pytest_plugin.py",
    "lazy.py",
)
"""Modules whose texts are log lines, markup, styles, patterns, or said by another program."""


def said(template: str) -> str:
    """A sentence as it comes out, with a value of no language at every gap."""
    number = iter(range(1, 100))
    return re.sub(r"\{[^{}]*\}", lambda _: f"X{next(number)}", template)


def test_every_sentence_of_the_source_has_its_chinese() -> None:
    found = [
        (f"{path.name}:{line}", text)
        for path in modules("prometheus_persist")
        if path.name not in FOR_MACHINES and not {"testing", "pages"} & set(path.parts)
        for line, text in sentences(path.read_text(encoding="utf-8"))
        if english(said(text))
    ]
    left = {where: told for where, text in found if english(told := in_chinese(said(text)))}
    helps = "\n".join(["", *HELPS])  # a list of commands has the beginning of each help alone
    left = {where: told for where, told in left.items() if f"\n{told}" not in helps}
    assert len(found) > 250
    assert left == {}


@pytest.mark.parametrize("table", [SENTENCES], ids=["all"])
def test_chinese_has_the_gaps_of_its_english_and_no_english(table: dict[str, str]) -> None:
    for en, zh in table.items():
        assert sorted(GAP.findall(en)) == sorted(GAP.findall(zh)), en
        assert not english(said(zh)), zh
        assert not CHINESE.search(en), en
