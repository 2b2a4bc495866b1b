"""The example report of this system's first design, line by line, from a real run.

``seed_report_example.txt`` is that example, word for word. ``seed_day.py`` is the run. Here each
line of the example becomes a pattern in which only what is counted or measured may differ: numbers,
amounts, moments. The report must have all of them, in that order; what it says in addition may
stand between them or, in brackets, after them. And the numbers must be those of the run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from seed_day import AGENTS, AWAY_MS, CYCLES, LAGGING, STOPPED, Day

import fakeokx
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.pages.recovery_page import render_page
from prometheus_persist.report.text import render_text
from prometheus_persist.report.values import money
from prometheus_persist.state.money import plain

EXAMPLE = Path(__file__).with_name("seed_report_example.txt").read_text(encoding="utf-8")
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?: UTC)?"
NUMBER = r"\d{1,3}(?:,\d{3})*(?:\.\d)?"
MONEY = r"[+-]?\$\d{1,3}(?:,\d{3})*(?:\.\d\d)?"
COUNTED = re.compile(
    r"(?P<keep>LiveAgent_\d+)"
    r"|(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)"
    rf"|(?P<money>{MONEY})"
    rf"|(?P<number>{NUMBER})"
)
REST_OF_THE_AGENTS = "  ..."


def pattern(line: str) -> re.Pattern[str]:
    """The line, its numbers left open, and room for details in brackets behind it."""
    parts, end = [], 0
    for found in COUNTED.finditer(line):
        parts.append(re.escape(line[end : found.start()]))
        end = found.end()
        parts.append(
            re.escape(found.group())
            if found["keep"]
            else MOMENT
            if found["moment"]
            else MONEY
            if found["money"]
            else NUMBER
        )
    return re.compile("".join([*parts, re.escape(line[end:]), r"(?:（.*）)?"]))


def expected_lines() -> Iterator[str]:
    """The example's lines, the rest of its agents written out."""
    for line in EXAMPLE.splitlines():
        if line == REST_OF_THE_AGENTS:
            yield from (f"  {name}: " for name in AGENTS[3:])
        elif line.strip():
            yield line


def missing_lines(report: str) -> list[str]:
    """What of the example the report does not have in its place."""
    lines, at, missing = report.splitlines(), 0, []
    for line in expected_lines():
        wanted = pattern(line)
        is_agent = line.endswith(": ")
        fits = [
            place
            for place in range(at, len(lines))
            if (wanted.match if is_agent else wanted.fullmatch)(lines[place])
        ]
        if fits:
            at = fits[0] + 1
        else:
            missing.append(line)
    return missing


def test_the_run_says_what_the_example_says(tmp_path: Path) -> None:
    with fakeokx.launch() as venue:
        day = Day(tmp_path / "store", venue)
        try:
            day.live()
            before = len(day.session._store.image.streams["public_trades"])
            asked = venue.truth()["requests"]
            facts = day.die_and_return()
            again = venue.truth()["requests"]
            told = render_text(facts, "zh")
            assert missing_lines(told) == []
            the_numbers_are_the_runs_own(day, facts, told, before)
            the_other_forms_have_it_too(facts, told)
            for listed in ("account/bills", "trade/fills"):  # the night, not the fifty-two hours
                assert again[listed] - asked.get(listed, 0) <= 6
        finally:
            day.close()


def the_numbers_are_the_runs_own(day: Day, facts: RecoveryFacts, told: str, before: int) -> None:
    state, lines = day.session.state, told.splitlines()
    assert before == 3_450 - 1
    assert "✅ 公共账簿: 3,450条记录" in lines  # the stop's fill is booked by the recovery
    assert "✅ 私有账簿: 10个Agent" in lines
    assert "✅ Agent恢复: 10个 (8个存活, 2个死亡)" in lines
    assert "✅ 英灵殿: 5位英雄" in lines
    assert f"✅ 运行周期: {CYCLES}个周期" in lines
    assert "✅ 总运行时长: 52.0小时" in lines
    assert AWAY_MS <= facts.restore.restored_ms - facts.restore.last_save_ms < AWAY_MS + 60_000
    assert next(line for line in lines if line.startswith("上次保存")).endswith("(9小时17分钟前)")
    for name in ("LiveAgent_01", "LiveAgent_02"):
        agent = state.agents[name]
        capital = money(plain(agent.current_capital))
        pnl = money(plain(agent.total_pnl), signed=True)
        assert f"  {name}: 存活, 资金={capital}, PnL={pnl}, 持仓=1" in lines
        assert agent.total_pnl > 0
    assert "  LiveAgent_09: 死亡, 原因=破产" in lines
    assert "🔍 对账项目: 10个Agent" in lines
    assert "   ✅ 一致: 8个" in lines
    assert "   ⚠️  不一致: 2个 (已自动纠正)" in lines
    assert facts.plan is not None
    closed = next(one for one in facts.plan.findings if one.what == "what.close_unrecorded")
    assert (closed.agent_id, closed.params["pnl"]) == (STOPPED, "-150")
    assert any("计算盈亏=-$150（" in line for line in lines)
    assert facts.plan.money is not None
    assert facts.plan.money.residual is not None
    assert abs(facts.plan.money.residual) < Decimal("0.01")
    assert not state.private_ledgers[STOPPED].positions
    public, private = state.public_accounts[LAGGING], state.private_ledgers[LAGGING]
    assert (public.capital, public.version) == (private.capital, private.version)
    assert facts.decision == "go"
    assert day.session.sync(day.reader).plan.clean  # type: ignore[union-attr]


def the_other_forms_have_it_too(facts: RecoveryFacts, told: str) -> None:
    english = render_text(facts, "en")
    assert len(english.splitlines()) == len(told.splitlines())
    form = facts_to_json(facts)
    assert json.loads(json.dumps(form)) == form
    for lang in ("zh", "en"):
        page = render_page(facts, lang)
        assert "-$150" in page
        assert "<svg" in page
        assert all(name in page for name in AGENTS)


@pytest.mark.parametrize("line", [line for line in EXAMPLE.splitlines() if line.strip()])
def test_a_report_without_any_one_line_of_the_example_would_be_seen(line: str) -> None:
    whole = EXAMPLE.replace(
        REST_OF_THE_AGENTS,
        "\n".join(f"  {name}: 存活, 资金=$1, PnL=$0, 持仓=0" for name in AGENTS[3:]),
    )
    assert missing_lines(whole) == []
    if line != REST_OF_THE_AGENTS:
        lines = whole.splitlines()
        lines.remove(line)
        assert missing_lines("\n".join(lines)) != []


def test_a_report_in_another_order_would_be_seen() -> None:
    lines = EXAMPLE.splitlines()
    first, second = lines.index("【系统状态】"), lines.index("【三方对账】")
    lines[first], lines[second] = lines[second], lines[first]
    assert missing_lines("\n".join(lines)) != []


def test_another_word_in_a_line_would_be_seen() -> None:
    assert "    - 原因: 已被止损平仓" in missing_lines(
        EXAMPLE.replace("已被止损平仓", "已被强制平仓")
    )
