"""What ``Session.recover`` gives back: the facts of one recovery, and how they are shown.

    print(report)                         # for people, in the locale's language
    report.decision, report.plan          # for programs
    page.write_text(report.html(), "utf-8")

Every form says the same facts; which language is meant by default is said in ``language.py``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from prometheus_persist.language import default_language
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.state.exact_json import JsonObject


@dataclass(frozen=True, slots=True)
class RecoveryReport(RecoveryFacts):
    """One recovery's facts as text, page and JSON."""

    def text(self, lang: str = "") -> str:
        """The report for people, in ``zh`` or ``en``, with the commands that lead on."""
        from prometheus_persist.report.text import render_text

        return render_text(self, lang or default_language(os.environ))

    def html(self, lang: str = "") -> str:
        """The same as one page without anything from elsewhere; raises BadConfig without jinja2."""
        from prometheus_persist.report.pages.recovery_page import render_page

        return render_page(self, lang or default_language(os.environ))

    def to_json(self) -> JsonObject:
        """The same as JSON data, every number exact, as ``reconcile --json`` prints it."""
        from prometheus_persist.report.json_form import facts_to_json

        return facts_to_json(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<RecoveryReport: {self.decision}, commit {self.restore.seq}>"

    def _repr_html_(self) -> str | None:
        from prometheus_persist.session.showing import REPORT_PX, framed

        return framed(self.html, REPORT_PX)
