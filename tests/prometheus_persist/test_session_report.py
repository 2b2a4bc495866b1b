"""What ``recover`` gives back shows itself: printed, as a page, as JSON, in a notebook."""

from __future__ import annotations

import dataclasses
import json
from html import unescape
from pathlib import Path

import pytest

from prometheus_persist import Agent, RecoveryReport, Session
from prometheus_persist.errors import BadConfig
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


def test_in_a_notebook_report_and_session_stand_in_frames_of_their_own(
    report: RecoveryReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no style of theirs meets the notebook's; nothing runs in there."""
    monkeypatch.setenv("PERSIST_LANG", "en")
    framed = report._repr_html_() or ""
    assert framed.startswith("<iframe sandbox style=")
    assert unescape(framed.partition('srcdoc="')[2].removesuffix('"></iframe>')) == report.html()
    with Session.open(tmp_path / "t") as session:
        session.add_agent(Agent(agent_id='A"><script>', current_capital="1234.5"))
        session.freeze("BTC-USDT-SWAP", "by hand")
        shown = unescape(session._repr_html_() or "")
        for words in (
            "$1,234.50",
            "by hand",
            "BTC-USDT-SWAP",
            "A&#34;&gt;&lt;script",
            f"commit {session.seq}",
        ):
            assert words.replace("&#34;", "&quot;") in shown
        assert "<script" not in shown
        assert (
            repr(session) == f"<Session {tmp_path / 't'}: commit {session.seq}, epoch 1, gate shut>"
        )


def test_without_jinja2_a_notebook_shows_the_line(
    report: RecoveryReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object, **__: object) -> str:
        raise BadConfig("the HTML report needs jinja2")

    monkeypatch.setattr("prometheus_persist.report.pages.recovery_page.html_page", missing)
    assert report._repr_html_() is None


def test_a_report_is_short_in_a_debugger_and_stays_one_when_it_is_changed(
    report: RecoveryReport,
) -> None:
    assert repr(report) == f"<RecoveryReport: {report.decision}, commit {report.restore.seq}>"
    assert type(dataclasses.replace(report, applied=True)) is RecoveryReport
