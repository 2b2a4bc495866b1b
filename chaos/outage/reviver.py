"""``python -m chaos.outage.reviver STORE URL``: one restart after an outage, with its times.

Opens, recovers with a patient clock, prints the report, and then one line of JSON: the decision
and how many milliseconds each part took. ``reading`` is all asking of the exchange, with the pauses
that its limits demand; ``reconcile`` and ``apply`` are pure computation, watched from outside.
``rest`` is what none of these is: the durable commit, the audit.
"""

from __future__ import annotations

import argparse
import functools
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from chaos.faults.wire import WireSwitch
from chaos.outage.stage import SETTINGS
from chaos.workload.clients import client_of
from chaos.workload.clocks import VenueClock
from prometheus_persist import reconcile
from prometheus_persist.exchange.okx.client import OkxReader
from prometheus_persist.exchange.reader import OrderSeen, ViewRequest
from prometheus_persist.reconcile import apply as applying
from prometheus_persist.reconcile import reconciler as deciding
from prometheus_persist.reconcile.plan import Resolution
from prometheus_persist.reconcile.views import VenueView
from prometheus_persist.recovery.facts import RecoveryFacts
from prometheus_persist.report.text import render_text
from prometheus_persist.session import Session
from prometheus_persist.shown import tell
from prometheus_persist.state import OrderIntent

Times = Counter[str]


class TimedReader:
    """A reader, and how long it takes."""

    def __init__(self, inner: OkxReader, times: Times) -> None:
        self._inner = inner
        self._times = times

    def read_view(self, request: ViewRequest) -> VenueView:
        """Timed."""
        view: VenueView = _timed(self._inner.read_view, "reading", self._times)(request)
        return view

    def read_order(self, intent: OrderIntent, now_ms: int) -> OrderSeen:
        """Not timed: a recovery asks for views."""
        return self._inner.read_order(intent, now_ms)


def main(argv: Sequence[str] | None = None) -> int:
    """One restart."""
    parser = argparse.ArgumentParser(prog="python -m chaos.outage.reviver", description=__doc__)
    parser.add_argument("store", type=Path)
    parser.add_argument("url")
    parser.add_argument("--ahead-ms", type=int, default=0)
    args = parser.parse_args(argv)
    times: Times = Counter()
    _watch(deciding.reconcile, "reconcile", times)
    _watch(applying.apply_plan, "apply", times)
    clock, wire = VenueClock(args.ahead_ms, lasts_s_max=math.inf), WireSwitch()
    began = time.perf_counter()
    session = Session.open(args.store, clock=clock, settings=SETTINGS)
    times["open"] += round((time.perf_counter() - began) * 1000)
    reader = TimedReader(OkxReader(wire.onto(client_of(args.url)), clock), times)
    began = time.perf_counter()
    facts = session.recover(reader)
    took_ms = round((time.perf_counter() - began) * 1000)
    times["rest"] = took_ms - sum(times[part] for part in ("reading", "reconcile", "apply"))
    tell(render_text(facts, "en"), sys.stderr)
    told = {
        "decision": facts.decision,
        "problem": facts.venue_problem,
        "unread": list(facts.plan.source_problems) if facts.plan else [],
        "human": _for_humans(facts),
        "times_ms": dict(times),
        "cpu_s": time.process_time(),
        "asked": dict(sorted(Counter(wire.log).items())),
        "writes": [line for line in wire.log if not line.startswith("GET ")],
    }
    print(json.dumps(told), flush=True)
    session.close()
    return 0


def _for_humans(facts: RecoveryFacts) -> list[str]:
    """What kept it from going on."""
    findings = facts.plan.findings if facts.plan else ()
    return [
        f"{one.case.value} {one.resolution.value} {one.agent_id or 'nobody'} {one.key}: {one.what}"
        f" {dict(one.params)}"
        for one in findings
        if one.resolution in (Resolution.HUMAN, Resolution.UNKNOWN)
    ]


def _timed(act: Callable[..., Any], name: str, times: Times) -> Callable[..., Any]:
    @functools.wraps(act)
    def watched(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return act(*args, **kwargs)
        finally:
            times[name] += round((time.perf_counter() - began) * 1000)

    return watched


def _watch(act: Callable[..., Any], name: str, times: Times) -> None:
    """Time it under whatever name whichever module of the library knows it by."""
    assert reconcile.__name__ in sys.modules
    watched = _timed(act, name, times)
    for module in [each for key, each in sys.modules.items() if key.startswith("prometheus_")]:
        for known, value in list(vars(module).items()):
            if value is act:
                setattr(module, known, watched)


if __name__ == "__main__":
    raise SystemExit(main())
