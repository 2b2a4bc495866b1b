"""The HTML report's template (jinja2, autoescaped). What it is given: ``page.py``."""

PAGE = """\
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
<div class="scroll"><table>{% for name, fields in one.evidence %}
<tr><td class="id">{{ name }}</td><td class="id">{% for field, value in fields %}
<span class="dim">{{ field }}</span> {{ value }}<br>{% endfor %}</td></tr>{% endfor %}
</table></div></details>{% endif %}
</section>
{% endmacro %}
<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ say("report.title") }}</title>
<style>
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --paper: #fff; --box: #f6f8fa;
        --line: #d1d9e0; --good: #1a7f37; --warn: #9a6700; --bad: #c93c37 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9da7b1; --paper: #0d1117; --box: #161b22; --line: #30363d;
          --good: #2ea043; --warn: #bb8009; --bad: #f05149 } }
* { box-sizing: border-box }
body { font: 15px/1.55 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
       sans-serif; margin: 0 auto; max-width: 66rem; padding: 1.5rem 1rem 3rem;
       color: var(--ink); background: var(--paper); overflow-wrap: anywhere }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem }
.dim, small { color: var(--soft) } .id { font-family: ui-monospace, monospace; font-size: .85em }
.badge { display: inline-block; padding: .35rem .9rem; border-radius: .5rem; color: #fff;
         font-weight: 600; margin: .9rem 0 }
.good { background: #1a7f37 } .warn { background: #855a00 } .bad { background: #b62324 }
.decision { list-style: none; margin: 0 0 .9rem; padding: 0 }
.cards { display: flex; flex-wrap: wrap; gap: .7rem }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .45rem .9rem; flex: 1 1 auto;
        background: var(--box) }
.card b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums;
         white-space: nowrap }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .7rem; border-bottom: 1px solid var(--line);
         vertical-align: top }
th { color: var(--soft); font-weight: 600; white-space: nowrap }
td { white-space: nowrap }
td.t { white-space: normal; min-width: 14rem }
td.id { white-space: normal; overflow-wrap: anywhere; min-width: 12rem }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.ok { color: var(--good) } .off { color: var(--bad); font-weight: 600 }
.dunno { color: var(--warn); font-weight: 600 }
.finding { border: 1px solid var(--line); border-left: 4px solid var(--warn); border-radius: .4rem;
           padding: .6rem 1rem; margin: .8rem 0; break-inside: avoid }
.finding.HUMAN, .finding.UNKNOWN { border-left-color: var(--bad) }
.finding.AUTO { border-left-color: var(--good) }
.finding dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem;
              margin: .4rem 0 }
dt { color: var(--soft) } dd { margin: 0 }
.way { border-top: 1px solid var(--line); margin-top: .5rem; padding-top: .4rem }
.way.suggested { border-left: 3px solid var(--good); padding-left: .6rem }
code { font-family: ui-monospace, monospace; font-size: .85em }
.steps pre { padding: .4rem .7rem; margin: .2rem 0 .6rem }
summary { cursor: pointer; color: var(--soft) }
details td { font-size: .9em }
pre { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; padding: 1rem;
      background: var(--box); font-size: 13px }
svg { min-width: 44rem; width: 100%; height: auto; display: block }
svg text { fill: var(--ink); font-size: 12px } svg .edge { fill: var(--soft) }
svg line { stroke: var(--soft); stroke-width: 1 } svg .axis { stroke-width: 3 }
svg circle { fill: var(--warn) } svg .AUTO { fill: var(--good) }
svg .HUMAN, svg .UNKNOWN { fill: var(--bad) }
@media (max-width: 40rem) { th, td { padding: .25rem .45rem } }
@media print { :root { --ink: #000; --soft: #444; --paper: #fff; --box: #fff; --line: #bbb }
  body { max-width: none; font-size: 12px } .badge { border: 1px solid #000; color: #000;
  background: none } .scroll { overflow: visible } svg { min-width: 0 }
  pre { white-space: pre-wrap } }
</style></head><body>
<h1>{{ say("report.title") }}</h1>
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
<div class="card"><b>{{ facts.system.agents | length }}</b>Agent</div>
<div class="card"><b>{{ "{:,}".format(facts.system.public_records) }}</b>
{{ say("page.records") }}</div>
<div class="card"><b>{{ facts.system.heroes }}</b>{{ say("page.heroes") }}</div>
<div class="card"><b>{{ facts.system.cycles }}</b>{{ say("page.cycles") }}</div>
<div class="card"><b>{{ "{:,.1f}".format(facts.system.runtime_hours) }} h</b>
{{ say("page.runtime") }}</div>
<div class="card"><b>{{ "{:,}".format(facts.restore.duration_ms) }} ms</b>
{{ say("page.restored_in") }}</div>
<div class="card"><b>{{ "{:,}".format(facts.duration_ms) }} ms</b>
{{ say("page.reconciled_in") }}</div>
</div>
{% if line %}
<h2>{{ say("page.timeline") }}</h2>
<div class="scroll"><svg role="img"
 viewBox="0 {{ line.top }} {{ picture.width }} {{ line.bottom - line.top }}"
 aria-label="{{ say("page.timeline") }}">
<line class="axis" x1="70" y1="{{ picture.line_y }}" x2="930" y2="{{ picture.line_y }}"/>
<line x1="70" y1="{{ picture.line_y - 9 }}" x2="70" y2="{{ picture.line_y + 9 }}"/>
<line x1="930" y1="{{ picture.line_y - 9 }}" x2="930" y2="{{ picture.line_y + 9 }}"/>
<text class="edge" x="0" y="{{ picture.line_y + 26 }}">{{ say("page.last_save") }}</text>
<text class="edge" x="0" y="{{ picture.line_y + 42 }}">{{ line.saved[11:16] }}</text>
<text class="edge" x="1000" y="{{ picture.line_y + 26 }}"
 text-anchor="end">{{ say("page.restored") }}</text>
<text class="edge" x="1000" y="{{ picture.line_y + 42 }}"
 text-anchor="end">{{ line.restored[11:16] }}</text>
{% for one in line.marks %}
{% if one.label_y %}<line x1="{{ one.x }}" y1="{{ one.label_y + 3 }}" x2="{{ one.x }}"
 y2="{{ picture.line_y }}" opacity=".4"/>
<text x="{{ one.x - 3 }}" y="{{ one.label_y }}"{% if one.x > 800 %} text-anchor="end"
{% endif %}>{{ one.label }}</text>{% endif %}
<circle class="{{ one.tone }}" cx="{{ one.x }}" cy="{{ one.y }}" r="4.5">\
<title>{{ one.title }}</title></circle>
{% endfor %}</svg></div>
{% endif %}
{% if facts.restore.damages %}
<h2>{{ say("page.damages") }}</h2>
<div class="scroll"><table>{% for one in facts.restore.damages %}
<tr><td class="id">{{ one.file }}</td>
<td class="n">{{ one.offset if one.offset is not none else "" }}</td>
<td class="t">{{ one.problem }}</td><td>{{ say("report." + one.outcome) }}</td></tr>{% endfor %}
</table></div>
{% endif %}
{% if withheld %}
<h2>{{ bare(say("report.withheld_section")) }}</h2>
<div class="scroll"><table><tr><th>{{ say("page.key") }}</th><th>{{ say("page.until") }}</th></tr>
{% for name, until in withheld %}<tr><td>{{ name }}</td><td class="t">{{ until }}</td></tr>
{% endfor %}</table></div>
{% if facts.may_trade %}<p>{{ say("report.withheld_rest") }}</p>{% endif %}{% endif %}
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
<div class="scroll"><table><tr><th>{{ say("page.priority") }}</th>
<th class="n">{{ say("verdict.MATCH") }}</th><th class="n">{{ say("verdict.MISMATCH") }}</th>
<th class="n">{{ say("verdict.UNKNOWN") }}</th><th class="n">{{ say("page.items") }}</th></tr>
{% for name, counts in priorities %}<tr><td>{{ name }}</td>
{% for count in counts.values() %}<td class="n">{{ count }}</td>{% endfor %}
<td class="n">{{ counts.values() | sum }}</td></tr>{% endfor %}
</table></div>
{% if plan.balances %}
<h2>{{ say("page.balances") }}</h2>
<div class="scroll"><table><tr><th>{{ say("page.key") }}</th>
<th class="n">{{ say("page.owners") }}</th>
<th class="n">{{ say("page.unattributed") }}</th><th class="n">{{ say("page.venue") }}</th>
<th class="n">{{ say("page.after") }}</th><th></th></tr>
{% for one in plan.balances %}<tr><td>{{ one.key }}</td><td class="n">{{ one.owners }}</td>
<td class="n">{{ one.unattributed }}</td>
<td class="n">{{ one.venue if one.venue is not none else "?" }}</td>
<td class="n">{{ one.after }}</td>
<td class="{{ tone[one.verdict] }}">{{ mark[one.verdict] }}
{{ told[one.verdict] }}</td></tr>{% endfor %}
</table></div>
{% endif %}
{% if findings %}<h2>{{ bare(say("report.details")) }}</h2>{% endif %}
{% for one in findings %}{{ finding(one) }}{% endfor %}
{% if still %}<h2>{{ bare(say("report.still_section")) }}</h2>{% endif %}
{% for one in still %}{{ finding(one) }}{% endfor %}
{% if money_table %}
<h2>{{ bare(say("report.money_section", ccy=money_table.check.ccy)) }}</h2>
<div class="cards">{% for name, amount in money_table.figures %}
<div class="card"><b>{{ money(amount) if amount is not none else "?" }}</b>{{ name }}</div>
{% endfor %}</div>
<p class="{{ tone[money_table.check.verdict] }}">{{ money_table.said }}</p>
{% if money_table.first %}<p class="dim">{{ say("report.money_first") }}</p>{% endif %}
{% if money_table.rows %}
<div class="scroll"><table><tr><th></th>
{% for name in money_table.kinds %}<th class="n">{{ name }}</th>{% endfor %}
<th class="n">{{ say("page.total") }}</th></tr>
{% for owner, amounts, total in money_table.rows %}<tr><td>{{ owner }}</td>
{% for amount in amounts %}<td class="n">
{{ money(amount, signed=True) if amount is not none else "" }}</td>{% endfor %}
<td class="n">{{ money(total, signed=True) }}</td></tr>{% endfor %}
</table></div>{% endif %}
{% endif %}
{% endif %}
{% if standing %}
<h2>{{ bare(say("report.standing_section")) }}</h2>
<div class="scroll"><table><tr><th>{{ say("item.owner") }}</th><th>{{ say("page.key") }}</th>
<th class="n">{{ say("page.contracts") }}</th><th class="n">{{ say("item.entry_px") }}</th>
<th>{{ say("page.since") }}</th></tr>
{% for one, owner in standing %}<tr><td>{{ owner }}</td><td>{{ one.key }}</td>
<td class="n">{{ one.contracts }}</td><td class="n">{{ one.entry_px }}</td>
<td>{{ when(one.since_ms) }}</td></tr>{% endfor %}
</table></div>{% endif %}
{% if frozen %}
<h2>{{ bare(say("report.frozen_section")) }}</h2>
<div class="scroll"><table><tr><th>{{ say("page.key") }}</th><th>{{ say("page.since") }}</th>
<th>{{ say("page.cause") }}</th></tr>
{% for one, name, reason in frozen %}<tr><td>{{ name }}</td><td>{{ when(one.since_ms) }}</td>
<td class="t">{{ reason }}</td></tr>{% endfor %}
</table></div>{% endif %}
{% if unmanaged %}
<h2>{{ say("page.unmanaged") }}</h2>
<div class="scroll"><table><tr><th>{{ say("page.key") }}</th><th>{{ say("page.product") }}</th>
<th>{{ say("page.side") }}</th><th class="n">{{ say("page.quantity") }}</th>
<th>{{ say("page.cause") }}</th></tr>
{% for inst_id, kind, side, quantity, why in unmanaged %}<tr><td>{{ inst_id }}</td>
<td>{{ kind }}</td><td>{{ side }}</td><td class="n">{{ quantity }}</td>
<td class="t">{{ why }}</td></tr>{% endfor %}
</table></div>{% endif %}
{% if facts.unanswered %}
<h2>{{ bare(say("report.unanswered_section")) }}</h2>
<ul>{% for name in facts.unanswered %}<li>{{ say("report.unanswered_row", order=name) }}</li>
{% endfor %}</ul>{% endif %}
<h2>{{ bare(say("report.agent_section")) }}</h2>
<div class="scroll"><table><tr><th>Agent</th><th></th><th class="n">{{ say("page.capital") }}</th>
<th class="n">PnL</th><th class="n">{{ say("page.positions") }}</th><th></th></tr>
{% for one, verdict in agents %}<tr><td>{{ one.agent_id }}</td>
<td>{{ say("page.alive") if one.alive else say("page.dead") ~ " · " ~ death(one) }}</td>
<td class="n">{{ money(one.capital) }}</td><td class="n">{{ money(one.pnl, signed=True) }}</td>
<td class="n">{{ one.positions }}</td>
{% if verdict %}<td class="{{ tone[verdict] }}">{{ mark[verdict] }}
{{ told[verdict] }}</td>{% else %}<td></td>{% endif %}</tr>{% endfor %}
</table></div>
{% if facts.sources %}
<h2>{{ say("page.sources") }}</h2>
<div class="scroll"><table><tr><th></th><th class="n">{{ say("page.rows") }}</th>
<th>{{ say("page.asked_from") }}</th><th>{{ say("page.kept_from") }}</th><th></th></tr>
{% for one in facts.sources %}<tr><td>{{ known("source." + one.name, one.name) }}</td>
<td class="n">{{ one.rows }}</td>
<td>{{ when(one.window_from_ms) if one.window_from_ms else "" }}</td>
<td>{{ when(one.kept_from_ms) if one.kept_from_ms else "" }}</td>
<td class="{{ "ok" if one.complete else "dunno t" }}">
{{ "✓" if one.complete else one.problem }}</td></tr>{% endfor %}
</table></div>{% endif %}
<details><summary><h2 style="display: inline-block">{{ say("page.text") }}</h2></summary>
<pre>{{ text }}</pre></details>
</body></html>
"""
