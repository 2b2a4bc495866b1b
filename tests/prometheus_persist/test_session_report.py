"""What ``recover`` gives back shows itself: printed, as a page, as JSON, in a notebook."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from prometheus_persist import Agent, RecoveryReport, Session
from prometheus_persist.report.json_form import facts_to_json
from prometheus_persist.report.pages.recovery_page import render_page
from prometheus_persist.report.text import render_text
from prometheus_persist.session import Settings


@pytest.fixture
def report(tmp_path: Path) -> RecoveryReport:
    """Of a recovery that reached no exchange."""
    with Session.open(tmp_path / "s", settings=Settings(in_flight_ms=0)) as session:
        session.add_agent(Agent(agent_id="A", current_capital="100"))
        return session.recover(None)


def test_a_report_printed_is_the_report_in_the_locales_language(
    report: RecoveryReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lang in ("zh", "en"):
        monkeypatch.setenv("PERSIST_LANG", lang)
        assert f"{report}" == report.text() == report.text(lang) == render_text(report, lang)
    assert report.text("zh") != report.text("en")


def test_a_report_as_a_page_and_as_json_says_the_same_facts(report: RecoveryReport) -> None:
    assert report.html("en") == render_page(report, "en")
    assert report.to_json() == facts_to_json(report)
    assert json.dumps(report.to_json())
    assert report._repr_html_().startswith("<!doctype html")


def test_a_report_is_short_in_a_debugger_and_stays_one_when_it_is_changed(
    report: RecoveryReport,
) -> None:
    assert repr(report) == f"<RecoveryReport: {report.decision}, commit {report.restore.seq}>"
    assert type(dataclasses.replace(report, applied=True)) is RecoveryReport
