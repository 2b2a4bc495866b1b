"""How every page looks: the frame of a page, and its style.

- One colour, one meaning. Green, amber and red are verdicts (in order, needs a look, wrong) and are
  used for nothing else. Money that comes is blue and money that goes is orange: on a page for
  Chinese and for Western readers red and green would say opposite things. Series of a chart have
  colours of their own, none of which is one of these.
- Nothing is clipped: below 40rem a table becomes a list of rows, each value behind the name of its
  column, and every chart is drawn in shares of its width, its text at the size of the page's.
- The reader's system says light or dark. On paper it is black on white, and what can be unfolded on
  the screen is printed as it stands there.
"""

from __future__ import annotations

PAGE = """\
<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{% block head %}{% endblock %}
<title>{{ title }}</title>
<style>
{{ style }}</style></head><body>
{% block main %}{% endblock %}
</body></html>
"""

STYLE = """\
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --paper: #fff; --box: #f6f8fa;
        --line: #d1d9e0; --good: #1a7f37; --warn: #9a6700; --bad: #c93c37;
        --comes: #0969da; --goes: #bc4c00;
        --s0: #0550ae; --s1: #8250df; --s2: #0e7490; --s3: #bf3989; --s4: #6b4226; --s5: #57606a;
        --s6: #1f2328; --s7: #7c2d5e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --soft: #9da7b1; --paper: #0d1117; --box: #161b22; --line: #30363d;
          --good: #3fb950; --warn: #d29922; --bad: #f85149; --comes: #58a6ff; --goes: #f0883e;
          --s0: #79c0ff; --s1: #bc8cff; --s2: #39c5cf; --s3: #f778ba; --s4: #d2a679; --s5: #b1bac4;
          --s6: #ffffff; --s7: #e29ac4 } }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --paper: #fff; --box: #fff;
                       --line: #bbb; --good: #1a7f37; --warn: #7a5200; --bad: #b3261e;
                       --comes: #0550ae; --goes: #953800 } }
* { box-sizing: border-box }
body { font: 15px/1.55 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
       sans-serif; margin: 0 auto; max-width: 66rem; padding: 1.5rem 1rem 3rem;
       color: var(--ink); background: var(--paper); overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.3; margin: 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem }
h2::first-letter { text-transform: uppercase }
.dim, small { color: var(--soft) } .id { font-family: ui-monospace, monospace; font-size: .85em }
.ok { color: var(--good) } .off { color: var(--bad); font-weight: 600 }
.dunno { color: var(--warn); font-weight: 600 }
.comes { color: var(--comes) } .goes { color: var(--goes) }
.badge { display: inline-block; padding: .35rem .9rem; border-radius: .5rem; color: #fff;
         font-weight: 600; margin: .9rem 0 }
.badge.good { background: #1a7f37 } .badge.warn { background: #855a00 }
.badge.bad { background: #b62324 }
.cards { display: grid; gap: .6rem; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)) }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: .45rem .8rem;
        background: var(--box); break-inside: avoid; min-width: 0 }
.card b { display: block; font-size: 1.2rem; line-height: 1.35;
          font-variant-numeric: tabular-nums }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line);
         vertical-align: top }
th { color: var(--soft); font-weight: 600; vertical-align: bottom; overflow-wrap: normal }
th:first-child, td:first-child { padding-left: 0 }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums }
td.n, td.d { white-space: nowrap } tr { break-inside: avoid }
td:not([data-head]) { min-width: 9rem }
@media screen and (max-width: 40rem) {
  thead { display: none } table, tbody, tr, td { display: block; width: 100% }
  tr { border: 1px solid var(--line); border-radius: .5rem; background: var(--box);
       padding: .25rem .7rem; margin: .5rem 0 }
  td, td.n { border: 0; padding: .12rem 0; display: flex; justify-content: space-between;
             gap: 1rem; text-align: right; white-space: normal }
  td::before { content: attr(data-head); color: var(--soft); text-align: left; flex: none;
               max-width: 50% }
  td:not([data-head]) { text-align: left; justify-content: flex-start; font-weight: 600 }
  td:not([data-head])::before { content: none } td.none { display: none } }
ul, ol { padding-left: 1.4rem }
pre { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem; margin: .4rem 0;
      background: var(--box); font: 13px/1.5 ui-monospace, "Noto Sans Mono CJK SC", monospace;
      white-space: pre-wrap }
code { font-family: ui-monospace, monospace; font-size: .85em }
summary { cursor: pointer; color: var(--soft) }
summary h2 { display: inline-block }
svg { display: block; overflow: visible; width: 100% } svg svg { overflow: hidden }
svg text { fill: var(--ink); font-size: 12px } svg .edge { fill: var(--soft) }
svg .rule { stroke: var(--line); stroke-width: 1 } svg .axis { stroke: var(--soft) }
svg .curve { fill: none; stroke-width: 1.8; vector-effect: non-scaling-stroke }
svg .limit { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 6 4 }
svg text.limit { stroke: none; fill: var(--bad) }
.chart { display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: .5rem;
         margin: .6rem 0; padding-right: 1.2rem; break-inside: avoid }
.chart .scale { width: 4.2rem } .chart .below { grid-column: 2; text-align: center }
.legend { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; list-style: none; padding: 0;
          margin: .4rem 0; font-size: .9em }
.legend li::before { content: ""; display: inline-block; width: 1.1em; height: .25em;
                     margin-right: .45em; vertical-align: middle; background: var(--mine) }
@media print { body { max-width: none; padding: 0; font-size: 11px } .badge { border: 1px solid;
  color: #000; background: none !important } pre { font-size: 10px } h2 { break-after: avoid } }
"""
