"""The recovery report as one self-contained HTML page: the same facts, opened in any browser.

No script, no font, no picture from anywhere else. Everything shown is escaped by the template
engine. Light and dark follow the reader's system. Needs jinja2 (extra ``report``), imported at
first use; raises ``BadConfig`` that says how to install it.
"""

from __future__ import annotations

from prometheus_persist.errors import BadConfig
from prometheus_persist.reconcile.plan import Verdict
from prometheus_persist.report.facts import RecoveryFacts
from prometheus_persist.report.messages import message
from prometheus_persist.report.text import (
    agent_verdicts,
    death_reason,
    finding_lines,
    money,
    render_text,
    when,
)

BADGES = {
    "go": ("good", "page.go"),
    "go_restricted": ("warn", "page.go_restricted"),
    "human": ("bad", "page.human"),
    "incomplete": ("bad", "page.incomplete"),
}
_MARK = {Verdict.MATCH: "✓", Verdict.MISMATCH: "≠", Verdict.UNKNOWN: "?"}


def render_page(facts: RecoveryFacts, lang: str) -> str:
    """The page; raises BadConfig without jinja2."""
    try:
        from jinja2 import Environment
    except ImportError:
        raise BadConfig(
            "the HTML report needs jinja2: pip install 'prometheus-persist[report]'"
        ) from None

    def say(message_id: str, **params: object) -> str:
        return message(message_id, lang, **{name: str(value) for name, value in params.items()})

    plan = facts.plan
    verdicts = agent_verdicts(plan) if plan is not None else {}
    template = Environment(autoescape=True, trim_blocks=True).from_string(_PAGE)
    return template.render(
        lang=lang,
        say=say,
        facts=facts,
        plan=plan,
        findings=[
            (one, [line.strip(" -") for line in finding_lines(one, facts.applied, say)])
            for one in (plan.findings if plan is not None else ())
        ],
        badge=BADGES[facts.decision],
        agents=[(one, verdicts.get(one.agent_id)) for one in facts.system.agents],
        mark=_MARK,
        death=lambda one: death_reason(one, say),
        money=money,
        when=when,
        text=render_text(facts, lang),
    )


_PAGE = """\
<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ say("report.title") }}</title>
<style>
:root { color-scheme: light dark; --line: #8884; --good: #1a7f37; --warn: #9a6700; --bad: #c93c37 }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; margin: 2rem auto;
       max-width: 62rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
.badge { display: inline-block; padding: .3rem .8rem; border-radius: .5rem; color: #fff;
         font-weight: 600; margin: .8rem 0 }
.good { background: var(--good) } .warn { background: var(--warn) } .bad { background: var(--bad) }
.cards { display: flex; flex-wrap: wrap; gap: .8rem }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .9rem; min-width: 7rem }
.card b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid var(--line) }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
section.finding { border-left: 4px solid var(--warn); padding: .2rem 1rem; margin: .8rem 0 }
section.finding.HUMAN, section.finding.UNKNOWN { border-color: var(--bad) }
section.finding.AUTO { border-color: var(--good) }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; padding: 1rem }
small, .dim { opacity: .7 }
</style></head><body>
<h1>{{ say("report.title") }}</h1>
<div class="dim">{{ when(facts.restore.restored_ms) }}
{% if not facts.restore.fresh %}· {{ say("page.last_save") }} {{ when(facts.restore.last_save_ms) }}
{% endif %}· {{ say("page.sequence") }} {{ facts.restore.seq }} · {{ facts.restore.base }}</div>
<div class="badge {{ badge[0] }}">{{ say(badge[1]) }}</div>
<div class="cards">
<div class="card"><b>{{ facts.system.agents | length }}</b>Agent</div>
<div class="card"><b>{{ "{:,}".format(facts.system.public_records) }}</b>
{{ say("page.records") }}</div>
<div class="card"><b>{{ facts.system.heroes }}</b>{{ say("page.heroes") }}</div>
<div class="card"><b>{{ facts.system.cycles }}</b>{{ say("page.cycles") }}</div>
<div class="card"><b>{{ facts.restore.duration_ms + facts.duration_ms }} ms</b>
{{ say("page.took") }}</div>
</div>
{% if facts.restore.damages %}
<h2>{{ say("page.damages") }}</h2>
<div class="scroll"><table>{% for one in facts.restore.damages %}
<tr><td>{{ one.file }}</td><td class="n">{{ one.offset if one.offset is not none else "" }}</td>
<td>{{ one.problem }}</td><td>{{ say("report." + one.outcome) }}</td></tr>{% endfor %}
</table></div>
{% endif %}
<h2>{{ say("report.three") }}</h2>
{% if plan is none %}<p>{{ say("report.venue_problem", text=facts.venue_problem) }}</p>
<p>{{ say("report.not_flat") }}</p>
{% else %}
<div class="scroll"><table><tr><th>OKX</th><th class="n">{{ say("page.owners") }}</th>
<th class="n">{{ say("page.unattributed") }}</th><th class="n">{{ say("page.venue") }}</th>
<th class="n">{{ say("page.after") }}</th><th></th></tr>
{% for one in plan.balances %}<tr><td>{{ one.key }}</td><td class="n">{{ one.owners }}</td>
<td class="n">{{ one.unattributed }}</td>
<td class="n">{{ one.venue if one.venue is not none else "?" }}</td>
<td class="n">{{ one.after }}</td><td>{{ mark[one.verdict] }}</td></tr>{% endfor %}
</table></div>
{% for text in plan.source_problems %}<p>⚠️ {{ text }}</p>{% endfor %}
{% for one, lines in findings %}
<section class="finding {{ one.resolution }}">
<b>{{ one.agent_id or say("report.account") }}</b>
<small>{{ one.finding_id }} · {{ say("page.case") }} {{ one.case }} · {{ one.resolution }}</small>
{% for line in lines[:3] %}<br>{{ line }}{% endfor %}
<details><summary>{{ say("page.evidence") }} ({{ one.evidence | length }})</summary><small>
{% for row in one.evidence %}{{ row.kind }} {{ row.ref }}{% if row.fields %}
 ({% for name, value in row.fields.items() if value %}{{ name }}={{ value }}
{{ "" if loop.last else ", " }}{% endfor %}){% endif %}
<br>{% endfor %}</small></details>
</section>
{% endfor %}
{% endif %}
<h2>{{ say("report.agent_section") }}</h2>
<div class="scroll"><table><tr><th>Agent</th><th></th><th class="n">{{ say("page.capital") }}</th>
<th class="n">PnL</th><th class="n">{{ say("page.positions") }}</th><th></th></tr>
{% for one, verdict in agents %}<tr><td>{{ one.agent_id }}</td>
<td>{{ say("page.alive") if one.alive else say("page.dead") ~ " · " ~ death(one) }}</td>
<td class="n">{{ money(one.capital) }}</td><td class="n">{{ money(one.pnl, signed=True) }}</td>
<td class="n">{{ one.positions }}</td>
<td>{{ mark[verdict] if verdict else "" }}</td></tr>{% endfor %}
</table></div>
<h2>{{ say("page.text") }}</h2>
<pre>{{ text }}</pre>
</body></html>
"""
