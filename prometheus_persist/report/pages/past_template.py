"""The template and the script of the page of the kept past. What they are given: ``past_page.py``.

The script reads the data that stands in the page, and puts text into the page as text only.
"""

SCRIPT = """
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const commits = data.commits, words = data.words;
const $ = (id) => document.getElementById(id);
let at = -1, agent = "";
const add = (parent, name, text, kind) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  parent.append(made);
  return made;
};
const owner = (key) => key.split("/").slice(1).join("/");
const touches = (one) => !agent || one[4].some((change) => owner(change[0]) === agent);
const moment = (ms) => new Date(ms).toISOString().replace("T", " ").replace(/\\.\\d+Z/, " UTC");
function show(place) {
  if (place < 0 || place >= commits.length) return;
  at = place;
  const [seq, ms, epoch, why, changes, added, more] = commits[at];
  $("what").textContent = `${words.commit} ${seq} · ${why} · ${words.epoch} ${epoch}`;
  $("moment").textContent = moment(ms);
  const list = $("changes");
  list.replaceChildren();
  for (const [key, name, before, after] of changes) {
    const line = add(list, "li");
    add(line, "b", name ? `${key} · ${name}` : key);
    if (before === null && after === null) add(line, "span", words.differs, "dim");
    else if (!name) add(line, "span", before === "" ? words.is_new : words.is_gone, "dim");
    else {
      if (before) { add(line, "span", before, "was"); add(line, "span", "→", "dim"); }
      add(line, "span", after || "–");
    }
  }
  for (const [name, count] of added) {
    const line = add(list, "li");
    add(line, "b", name);
    add(line, "span", `+${count} ${words.records}`, "dim");
  }
  if (more) add(list, "li", words.more_fields.replace("{n}", more), "dim");
  const share = (ms - data.from) / (data.to - data.from) * 100 + "%";
  for (const line of document.querySelectorAll(".cursor")) {
    line.setAttribute("x1", share);
    line.setAttribute("x2", share);
  }
  $("filter").textContent = agent;
  history.replaceState(null, "", "#" + seq);
}
function step(by) {
  for (let next = at + by; next >= 0 && next < commits.length; next += by)
    if (touches(commits[next])) return show(next);
}
function nearest(ms) {
  let best = -1;
  commits.forEach((one, place) => {
    if (touches(one) && (best < 0 || Math.abs(one[1] - ms) <= Math.abs(commits[best][1] - ms)))
      best = place;
  });
  return best;
}
for (const plot of document.querySelectorAll(".plot"))
  plot.addEventListener("click", (event) => {
    agent = plot.dataset.agent || "";
    const box = plot.getBoundingClientRect();
    show(nearest(data.from + (event.clientX - box.left) / box.width * (data.to - data.from)));
  });
$("before").addEventListener("click", () => step(-1));
$("after").addEventListener("click", () => step(1));
addEventListener("keydown", (event) => {
  if (event.key === "ArrowLeft") step(-1);
  if (event.key === "ArrowRight") step(1);
});
$("panel").hidden = false;
const asked = commits.findIndex((one) => "#" + one[0] === location.hash);
show(asked < 0 ? commits.length - 1 : asked);
"""

PAST = """\
{% extends "page" %}
{% block head %}<meta http-equiv="Content-Security-Policy" content="{{ policy }}">
<style>
.plot { cursor: crosshair } .cursor { stroke: var(--ink); stroke-width: 1.5 }
svg .down { fill: var(--soft); opacity: .18 } svg .unshown { fill: var(--bad); opacity: .18 }
svg .opened { stroke: var(--soft); stroke-width: 1.5 } svg .ended { stroke: var(--bad);
  stroke-width: 1.5; stroke-dasharray: 4 3 } svg .recovered { stroke: var(--good);
  stroke-width: 1.5 }
svg .long { fill: var(--s2) } svg .short { fill: var(--s3) }
.legend .thick::before { height: .7em }
.legend .faint::before { opacity: .3 }
.agent { border-top: 1px solid var(--line); padding-top: .4rem; margin-top: .4rem;
         break-inside: avoid }
.agent header { display: flex; flex-wrap: wrap; gap: 0 .8rem; align-items: baseline }
.agent .chart { margin: .1rem 0 }
.held { display: grid; grid-template-columns: 4.2rem minmax(0, 1fr); column-gap: .5rem;
        padding-right: 1.2rem; align-items: center }
.held small.dim { grid-column: 2 }
.held svg { grid-column: 2; grid-row: 2 }
#panel { position: sticky; bottom: 0; background: var(--box); border: 1px solid var(--line);
         border-radius: .5rem .5rem 0 0; padding: .5rem .9rem; margin-top: 1rem;
         max-height: 45vh; overflow-y: auto }
#panel header { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: center }
#panel button { font: inherit; color: inherit; background: var(--paper); cursor: pointer;
                border: 1px solid var(--line); border-radius: .4rem; padding: 0 .7rem }
#changes { list-style: none; padding: 0; margin: .4rem 0 0 }
#changes li { display: flex; flex-wrap: wrap; gap: 0 .6rem }
#changes li > * { min-width: 0 } .was { color: var(--soft); text-decoration: line-through }
@media print { #panel { display: none } }
</style>{% endblock %}
{% block main %}
<h1>{{ title }}</h1>
<div class="dim">{{ directory }} · {{ when(facts.from_ms) }} – {{ when(facts.to_ms) }} ·
{{ say("past.span", first=facts.first_seq, last=facts.last_seq, n=facts.commits_ever) }}</div>
{% if not facts.is_whole %}<div class="badge bad">{{ say("past.unshown") }}</div>{% endif %}
{% if unshown %}<ul>{% for text in unshown %}<li>{{ text }}</li>{% endfor %}</ul>{% endif %}
<h2>{{ say("past.total") }}</h2>
<ul class="legend">
<li style="--mine: var(--bad)">{{ say("past.ended_word") }}</li>
<li style="--mine: var(--soft)">{{ say("past.opened_word") }}</li>
<li style="--mine: var(--good)">{{ say("past.recovered") }}</li>
<li class="thick faint" style="--mine: var(--soft)">{{ say("past.down") }}</li>
<li class="thick" style="--mine: var(--s2)">{{ say("past.long") }}</li>
<li class="thick" style="--mine: var(--s3)">{{ say("past.short") }}</li>
{% if facts.unshown %}
<li class="thick faint" style="--mine: var(--bad)">{{ say("past.unshown") }}</li>
{% endif %}</ul>
{{ total }}
<h2>{{ say("page.agents") }}</h2>
{% for one in agents %}
<section class="agent"><header><b>{{ one.name }}</b><span>{{ one.worth }}</span>
<span class="dim">{{ one.state }}</span></header>
{{ one.picture }}
{% for each in one.held %}<div class="held"><small class="dim">{{ each.told }}</small>
{{ each.picture }}</div>{% endfor %}
{% if one.more > 0 %}<small>{{ say("page.more", n=one.more) }}</small>{% endif %}
</section>
{% endfor %}
<h2>{{ say("past.marks") }}</h2>
{{ marks }}
<ul class="dim">{% for text in bounds %}<li>{{ text }}</li>{% endfor %}</ul>
<section id="panel" hidden><header><button id="before" type="button">←</button>
<button id="after" type="button">→</button><b id="what"></b><span id="moment" class="dim"></span>
<span id="filter" class="dim"></span></header><ul id="changes"></ul></section>
<noscript><p class="dim">{{ say("past.no_script") }}</p></noscript>
<script type="application/json" id="data">{{ data }}</script>
<script>{{ script }}</script>
{% endblock %}
"""
