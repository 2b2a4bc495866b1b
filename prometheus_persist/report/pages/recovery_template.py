"""The recovery report's template. What it is given: ``recovery_page.py``."""

RECOVERY = """\
{% extends "page" %}
{% macro finding(one) %}
<section class="finding {{ one.of.resolution }}">
<b>{{ one.subject }}</b>
<small>{{ say("page.case") }} {{ one.of.case }} · {{ say("case." + one.of.case) }} ·
{{ say("resolution." + one.of.resolution) }} ·
<span class="id">{{ one.of.finding_id }}</span></small>
<dl>{% for name, text in one.said %}<dt>{{ name }}</dt><dd>{{ text }}</dd>{% endfor %}</dl>
{% if one.steps %}<details>
<summary>{{ say("page.corrections") }} ({{ one.steps | length }})</summary>
<ul>{% for text in one.steps %}<li>{{ text }}</li>{% endfor %}</ul></details>{% endif %}
{% if one.evidence %}
<details><summary>{{ say("page.evidence") }} ({{ one.evidence | length }})</summary>
{% for name, fields in one.evidence %}
<p class="id"><b>{{ name }}</b><br>{% for field, value in fields %}
<span class="dim">{{ field }}</span> {{ value }}<br>{% endfor %}</p>{% endfor %}
</details>{% endif %}
</section>
{% endmacro %}
{% macro section(name, title) %}
{% if tables[name] %}<h2>{{ bare(title) }}</h2>
{{ tables[name] }}{% endif %}
{% endmacro %}
{% block head %}<style>
.decision, .steps { list-style: none; margin: 0 0 .9rem; padding: 0 }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--warn); border-radius: .4rem;
           padding: .6rem 1rem; margin: .8rem 0; break-inside: avoid }
.finding.HUMAN, .finding.UNKNOWN { border-left-color: var(--bad) }
.finding.AUTO { border-left-color: var(--good) }
.finding dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .1rem .9rem;
              margin: .4rem 0 }
dt { color: var(--soft) } dd { margin: 0 }
.way { border-top: 1px solid var(--line); margin-top: .5rem; padding-top: .4rem }
.way.suggested { border-left: 3px solid var(--good); padding-left: .6rem }
.line { padding: 0 1.2rem } .outage circle { stroke: var(--paper); stroke-width: 2 }
.outage circle.ok { fill: var(--good) } .outage circle.dunno { fill: var(--warn) }
.outage circle.off { fill: var(--bad) } .outage circle + text { fill: var(--paper);
  font-size: 11px; font-weight: 700 }
.outage .down { stroke: var(--soft); stroke-width: 4; stroke-linecap: round }
.moments { list-style: none; padding: 0 } .moments > li { display: grid; gap: 0 .7rem;
  grid-template-columns: 1.6rem minmax(0, 1fr); margin: .45rem 0; break-inside: avoid }
.moments b.no { width: 1.5rem; height: 1.5rem; border-radius: 50%; color: var(--paper);
  text-align: center; line-height: 1.5rem; font-size: .75rem; background: var(--good) }
.moments b.no.dunno { background: var(--warn) } .moments b.no.off { background: var(--bad) }
.moments ul, .earlier { list-style: none; padding: 0; margin: 0 }
.rung { display: grid; grid-template-columns: 11rem minmax(0, 1fr) 8.5rem; gap: 0 .8rem;
        align-items: center; padding: .12rem 0; break-inside: avoid }
.rung .n { text-align: right; font-variant-numeric: tabular-nums }
.rung.level { border-top: 1px solid var(--line) } .rung svg { background: var(--box) }
.rung .level { stroke: var(--ink); stroke-width: 3 } .rung rect.comes { fill: var(--comes) }
.rung rect.goes { fill: var(--goes) }
@media screen and (max-width: 40rem) { .rung { grid-template-columns: minmax(0, 1fr) auto }
  .rung svg { grid-row: 2; grid-column: 1 / 3 } .finding { padding: .6rem .7rem }
  .finding dl { grid-template-columns: minmax(0, 1fr) } dt { margin-top: .3rem } }
@media print { .moments b.no, .outage circle { print-color-adjust: exact } }
</style>{% endblock %}
{% block main %}
<h1>{{ title }}</h1>
<div class="dim">{{ when(facts.restore.restored_ms) }}
{% if not facts.restore.fresh %}· {{ say("page.last_save") }} {{ when(facts.restore.last_save_ms) }}
· {{ say("page.down") }} {{ down }}
{% endif %}· {{ say("page.sequence") }} {{ facts.restore.seq }} · {{ facts.restore.base }}
{% for text in chosen %}· {{ text }}{% endfor %}</div>
<div class="badge {{ badge[0] }}">{{ say(badge[1]) }}</div>
<ul class="decision">{% for text in decision %}<li>{{ text }}</li>{% endfor %}</ul>
{% if clock %}<p class="dunno">{{ clock }}</p>{% endif %}
{% if steps %}
<h2>{{ bare(say("report.next_section")) }}</h2>
<ol class="steps">{% for text, command in steps %}<li>{{ text }}{% if command %}
<pre>{{ command }}</pre>{% endif %}</li>{% endfor %}</ol>{% endif %}
<div class="cards">
<div class="card"><b>{{ facts.system.agents | length }}</b>{{ say("cli.row.agents") }}</div>
<div class="card"><b>{{ "{:,}".format(facts.system.public_records) }}</b>
{{ say("page.records") }}</div>
<div class="card"><b>{{ facts.system.heroes }}</b>{{ say("page.heroes") }}</div>
<div class="card"><b>{{ "{:,}".format(facts.system.cycles) }}</b>{{ say("page.cycles") }}</div>
<div class="card"><b>{{ "{:,.1f}".format(facts.system.runtime_hours) }} h</b>
{{ say("page.runtime") }}</div>
<div class="card"><b>{{ "{:,}".format(facts.restore.duration_ms) }} ms</b>
{{ say("page.restored_in") }}</div>
<div class="card"><b>{{ "{:,}".format(facts.duration_ms) }} ms</b>
{{ say("page.reconciled_in") }}</div>
</div>
{% if line %}
<h2>{{ say("page.timeline") }}</h2>
<div class="line">{{ line.picture }}</div>
<ol class="moments">{% for moment in line.moments %}
<li><b class="no {{ moment.tone }}">{{ moment.number }}</b>
<ul>{% for one in moment.events %}
<li><span class="dim">{{ one.time }}</span> · {{ one.subject }} · {{ one.name }}</li>{% endfor %}
{% if moment.more %}<li class="dim">{{ say("page.more", n=moment.more) }}</li>{% endif %}
</ul></li>{% endfor %}
</ol>
{% if line.earlier %}<b>{{ say("page.earlier") }}</b>
<ul class="earlier">{% if line.earlier_more %}
<li class="dim">{{ say("page.more", n=line.earlier_more) }}</li>{% endif %}
{% for one in line.earlier %}
<li><span class="dim">{{ one.time }}</span> · {{ one.subject }} · {{ one.name }}</li>{% endfor %}
</ul>{% endif %}{% endif %}
{{ section("changed", say("page.changed")) }}
{{ section("damages", say("page.damages")) }}
{{ section("objects", say("page.objects")) }}
{{ section("withheld", say("report.withheld_section")) }}
{% if tables.withheld and facts.may_trade %}<p>{{ say("report.withheld_rest") }}</p>{% endif %}
{% if asked %}
<h2>{{ bare(say("report.human_section")) }}</h2>
{% for one, case, ways in asked %}
<section class="finding {{ one.resolution }}">
<b>{{ one.agent_id or say("report.account") }} {{ one.key or "" }}</b>
<small>{{ say("page.case") }} {{ one.case }} · {{ case }} ·
<span class="id">{{ one.finding_id }}</span></small>
{% if not one.chosen %}<p class="dim">{{ say("report.none_chosen") }}</p>{% endif %}
{% for way in ways %}
<div class="way{{ " suggested" if way.suggested }}"><b>{{ way.does }}</b>
<small><span class="id">{{ way.name }}</span> · {{ way.grade }}
{% if way.suggested %}· ★ {{ say("page.suggested") }}{% endif %}</small>
<dl><dt>{{ say("page.effect") }}</dt><dd>{{ way.effects | join("<br>" | safe) }}</dd>
<dt>{{ say("page.pro") }}</dt><dd>{{ way.pro }}</dd>
<dt>{{ say("page.contra") }}</dt><dd>{{ way.contra }}</dd>
<dt>{{ say("page.leaves") }}</dt><dd>{{ way.leaves }}</dd>
<dt>{{ say("page.choose") }}</dt><dd><code>{{ way.command }}</code></dd></dl></div>
{% endfor %}
</section>
{% endfor %}{% endif %}
<h2>{{ bare(say("report.three")) }}</h2>
{% if plan is none %}<p>{{ say("report.venue_problem", text=facts.venue_problem) }}</p>
<p>{{ say("report.not_flat") }}</p>
{% else %}
{% for text in problems %}<p>{{ say("report.source_problem", text=text) }}</p>{% endfor %}
{% if problems %}<p>{{ say("report.not_flat") }}</p>{% endif %}
{{ tables.priorities }}
{{ section("balances", say("page.balances")) }}
{% if findings %}<h2>{{ bare(say("report.details")) }}</h2>{% endif %}
{% for one in findings %}{{ finding(one) }}{% endfor %}
{% if later %}<h2>{{ bare(say("report.later_section")) }}</h2>{% endif %}
{% for one in later %}{{ finding(one) }}{% endfor %}
{% if still %}<h2>{{ bare(say("report.still_section")) }}</h2>{% endif %}
{% for one in still %}{{ finding(one) }}{% endfor %}
{% if money %}
<h2>{{ bare(say("report.money_section", ccy=money.ccy)) }}</h2>
{{ money.steps }}
<p class="{{ money.tone }}">{{ money.said }}</p>
{% if money.first %}<p class="dim">{{ say("report.money_first") }}</p>{% endif %}
{{ money.owners }}
{% endif %}
{% endif %}
{{ section("host", say("report.host_section")) }}
{{ section("standing", say("report.standing_section")) }}
{{ section("frozen", say("report.frozen_section")) }}
{{ section("unmanaged", say("page.unmanaged")) }}
{% if facts.unanswered %}
<h2>{{ bare(say("report.unanswered_section")) }}</h2>
<ul>{% for name in facts.unanswered %}<li>{{ say("report.unanswered_row", order=name) }}</li>
{% endfor %}</ul>{% endif %}
{{ section("agents", say("report.agent_section")) }}
{{ section("sources", say("page.sources")) }}
<details><summary><h2>{{ say("page.text") }}</h2></summary>
<pre>{{ text }}</pre></details>
{% endblock %}
"""
