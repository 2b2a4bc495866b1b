"""A human is told of a report; and what a refused order says of the way on."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from languagekit import english
from sessionkit import BTC, Venue, opened

from prometheus_persist import report_to_log, report_to_people, report_to_webhook
from prometheus_persist.errors import BadConfig, Frozen
from prometheus_persist.report.in_chinese import in_chinese
from prometheus_persist.session.telling import LOGGER
from prometheus_persist.state import Agent, contracts


@contextmanager
def listening() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """An address, and what was posted to it."""
    got: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook", got
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def waited() -> None:
    for one in threading.enumerate():
        if one.name == "persist-webhook":
            one.join(10)


def test_told_of_the_first_report_and_of_each_that_is_not_all_well(tmp_path: Path) -> None:
    session, venue, told = opened(tmp_path), Venue(), []
    session.on_report = lambda report: told.append(report.decision)
    session.recover(venue)
    session.sync(venue)
    session.sync(venue)
    assert told == ["go"]
    venue.down = True
    session.sync(venue)
    assert told == ["go", "incomplete"]
    session.close()


def test_a_hook_that_fails_is_logged_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    session = opened(tmp_path)
    session.on_report = lambda _: 1 / 0
    assert session.recover(Venue()).decision == "go"
    assert session.may_trade
    assert [(one.name, one.levelno) for one in caplog.records] == [(LOGGER, logging.ERROR)]
    session.close()


def test_the_log_has_the_report_and_its_urgency(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    session, venue = opened(tmp_path), Venue()
    session.on_report = report_to_log("zh")
    session.recover(venue)
    venue.down = True
    session.sync(venue)
    assert [one.levelno for one in caplog.records] == [logging.INFO, logging.ERROR]
    assert "宕机恢复报告" in caplog.records[0].getMessage()
    session.close()


def test_a_webhook_gets_the_report_as_json(tmp_path: Path) -> None:
    session = opened(tmp_path)
    with listening() as (url, got):
        session.on_report = report_to_webhook(url, "zh")
        session.recover(Venue())
        waited()
    assert [one["decision"] for one in got] == ["go"]
    assert got[0]["may_trade"] is True
    assert "宕机恢复报告" in got[0]["text"]
    session.close()
    with pytest.raises(BadConfig, match="an http or https address"):
        report_to_webhook("file:///etc/passwd")


def test_apprise_is_imported_when_it_is_asked_for_and_tells(tmp_path: Path) -> None:
    pytest.importorskip("apprise")
    session = opened(tmp_path)
    with listening() as (url, got):
        session.on_report = report_to_people(url.replace("http://", "json://"))
        session.recover(Venue())
    assert got[0]["title"] == "prometheus-persist: go"
    session.close()
    with pytest.raises(BadConfig, match="does not know") as refused:
        report_to_people("nothing://secret")
    assert "secret" not in str(refused.value)


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(BadConfig, match=r"prometheus-persist\[tell\]") as missing:
        report_to_people("json://127.0.0.1")
    assert english(in_chinese(str(missing.value))) == []


def test_a_refused_order_names_the_command_that_helps(tmp_path: Path) -> None:
    session = opened(tmp_path)
    session.add_agent(Agent(agent_id="A"))

    def refused() -> Frozen:
        with pytest.raises(Frozen) as found:
            session.order_intent("A", BTC, "buy", contracts("1"))
        note = "".join(traceback.format_exception(found.value)).splitlines()[-1]
        assert note.startswith("next: prometheus-persist " + " ".join(found.value.command[:2]))
        assert english(in_chinese(found.value.detail)) == []
        return found.value

    assert refused().command == ("reconcile",)
    session.recover(Venue())
    session.freeze(BTC, "news")
    assert refused().command == ("unfreeze", BTC, "--reason", "…")
    session.freeze(None, "news")
    assert refused().command == ("unfreeze", "--all", "--reason", "…")
    session.close()
