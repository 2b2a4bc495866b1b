"""Ways to tell a human of a report: what ``session.on_report`` is set to.

    session.on_report = report_to_log()
    session.on_report = report_to_webhook("https://hooks.example/trading")
    session.on_report = report_to_people("mailto://user:pass@example.org", "tgram://TOKEN/CHAT")

- Told of: the first report of a session, and each later one that found something or did not end in
  ``go``. One that was put off is not one.
- It is called once the report's outcome stands. What it raises is logged and ends there: telling
  somebody never stops the trading.
- A webhook is called beside the caller, who does not wait; the process waits for it at its end, for
  ``timeout_s`` at most. The body is JSON: ``text``, ``decision``, ``commit``, ``may_trade``.
- Mail, Telegram, WeCom, DingTalk and a hundred more go through apprise, imported when it is asked
  for (``pip install 'prometheus-persist[tell]'``); its addresses are its own matter.
- Everything is logged under ``prometheus_persist.report``: INFO for ``go``, WARNING for
  ``go_restricted``, ERROR for ``human`` and ``incomplete``, and for a hook that failed.
"""

from __future__ import annotations

import importlib
import json
import logging
import threading
import urllib.request
from collections.abc import Callable
from typing import Any

from prometheus_persist.errors import BadConfig
from prometheus_persist.session.report import RecoveryReport

OnReport = Callable[[RecoveryReport], object]
LOGGER = "prometheus_persist.report"
_LEVELS = {"go": logging.INFO, "go_restricted": logging.WARNING}


def report_to_log(lang: str = "") -> OnReport:
    """Write each report into the log ``prometheus_persist.report``."""

    def tell(report: RecoveryReport) -> None:
        level = _LEVELS.get(report.decision, logging.ERROR)
        logging.getLogger(LOGGER).log(level, "%s", report.text(lang))

    return tell


def report_to_webhook(url: str, lang: str = "", timeout_s: float = 10.0) -> OnReport:
    """POST each report to an address; raises BadConfig for what is neither http nor https."""
    if not url.startswith(("https://", "http://")):
        raise BadConfig(f"a webhook is an http or https address, not {url!r}")

    def post(body: bytes) -> None:
        asked = urllib.request.Request(  # noqa: S310 the scheme was looked at
            url, body, {"Content-Type": "application/json"}, method="POST"
        )
        try:
            urllib.request.urlopen(asked, timeout=timeout_s).close()  # noqa: S310
        except Exception:  # noqa: BLE001 whatever the other side does, it is logged
            failed("webhook")

    def tell(report: RecoveryReport) -> None:
        body = {
            "text": report.text(lang),
            "decision": report.decision,
            "commit": report.restore.seq,
            "may_trade": report.may_trade,
        }
        data = json.dumps(body).encode()
        threading.Thread(target=post, args=(data,), name="persist-webhook").start()

    return tell


def report_to_people(*urls: str, lang: str = "") -> OnReport:
    """Send each report by mail, messenger or whatever else apprise has an address for."""
    try:
        found: Any = importlib.import_module("apprise")
    except ImportError:
        raise BadConfig(
            "telling people needs apprise: pip install 'prometheus-persist[tell]'"
        ) from None
    people = found.Apprise()
    for url in urls:
        if not people.add(url):
            raise BadConfig("apprise does not know this kind of address")  # it may hold a secret

    def tell(report: RecoveryReport) -> None:
        title = f"prometheus-persist: {report.decision}"
        if not people.notify(title=title, body=report.text(lang)):
            logging.getLogger(LOGGER).error("apprise: undelivered")

    return tell


def told(hook: OnReport | None, report: RecoveryReport, *, first: bool) -> None:
    """Call the hook, where there is one and something to tell."""
    found = bool(report.plan and report.plan.findings)
    if hook is None or report.postponed or not (first or found or report.decision != "go"):
        return
    try:
        hook(report)
    except Exception:  # noqa: BLE001 telling somebody never stops the trading
        failed("on_report")


def failed(what: str) -> None:
    """Log what went wrong with telling, with its traceback."""
    logging.getLogger(LOGGER).exception("%s: failed", what)
