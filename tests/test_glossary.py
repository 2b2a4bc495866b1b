"""No word of jargon before it is explained: where the glossary is, is said before the first one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from languagekit import ROOT

DOCS = ROOT / "prometheus_persist" / "docs"
JARGON = tuple(
    """acknowledged, adopt, agent, alternative, base, commit, contracts, correction, epoch, finding,
    frame, frozen, gate, journal, mark, mirror, nobody's, oracle, order intent, plan, position key,
    readable files, reconciliation, recovery, saboteur, scenario, second look, snapshot, sweep,
    the three books, UNKNOWN, void, withheld""".replace("\n    ", " ").split(", ")
)
WORDS = (
    "三本账", "持仓键", "无归属", "订单意图", "未知", "纪元", "闸门", "已冻结", "等待中",
    "对账", "发现", "纠正", "选项", "方案", "第二遍", "认领", "提交", "帧",
    "已确认", "日志", "第二份", "镜像", "基准", "快照", "可读文件", "标记", "场景",
    "扫描", "破坏者", "参照", "无效",
)  # fmt: skip
GUIDES = ("use", "restart", "report", "commands", "operations", "limits", "when_it_says", "peers")
ENGLISH = [ROOT / name / "README.md" for name in ("", "fakeokx", "chaos")]
ENGLISH += [DOCS / f"{name}.md" for name in GUIDES]
CHINESE = [ROOT / name / "docs/zh/README.md" for name in ("fakeokx", "chaos")]
CHINESE += [DOCS / "zh" / f"{name}.md" for name in (*GUIDES, "README")]
PAGES = [(path, JARGON) for path in ENGLISH] + [(path, WORDS) for path in CHINESE]


def explained(glossary: Path) -> str:
    """The first cells of the glossary's table."""
    rows = re.findall(r"^\| (.+?) \|", glossary.read_text(encoding="utf-8"), re.MULTILINE)
    return "\n".join(rows)


def test_every_word_of_the_list_is_in_the_glossary() -> None:
    assert [word for word in JARGON if word not in explained(DOCS / "glossary.md")] == []
    assert [word for word in WORDS if word not in explained(DOCS / "zh" / "glossary.md")] == []


@pytest.mark.parametrize(
    ("page", "words"), PAGES, ids=[str(path.relative_to(ROOT)) for path, _ in PAGES]
)
def test_no_word_comes_before_the_way_to_its_meaning(page: Path, words: tuple[str, ...]) -> None:
    text = page.read_text(encoding="utf-8").partition("\n")[2]  # behind the title
    link = re.search(r"\]\([^)]*glossary\.md\)", text)
    assert link, "no link to the glossary"
    before = text[: link.start()]
    edge = "" if words is WORDS else r"\b"
    assert [word for word in words if re.search(f"{edge}{word}{edge}", before)] == []
