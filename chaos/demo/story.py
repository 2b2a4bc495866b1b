"""The story, told once: trade, die in the worst moment, miss things, come back, prove it.

It is a scenario like the others, played on the same stage and judged by the same judge; this module
only tells it while it happens. The exit code is 0 only if every check and every assumption holds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chaos.demo.words import say
from chaos.digest import JsonObject
from chaos.gate import EXIT_OF_OUTCOME
from chaos.judge import judge
from chaos.record import read
from chaos.report.lines import judged, to_json
from chaos.report.table import troubles
from chaos.report.words import Lang
from chaos.scenarios.model import HandTrade, Scenario, StopOut, Strike, Trade
from chaos.scenarios.online import Stage
from chaos.verdict import RunVerdict
from prometheus_persist import shown
from prometheus_persist.cli.ending import write_document

RECORD_FILE = "record.ndjson"
PAUSE_S = 0.4
STORY = Scenario(
    "demo",
    "killed in the middle of a save, with an order in flight",
    "保存中途被杀，订单在途",
    (
        Trade(cycles=12, due="killed", strike=Strike("tear", after_order=(24, 34))),
        StopOut(),
        HandTrade("with"),
        Trade(cycles=5),
    ),
)


@dataclass(slots=True)
class Teller:
    """Hears every event of the record and tells the ones that matter."""

    lang: Lang
    tell: Callable[[str], None]
    _order: str = ""
    _acked: int = 0
    _spawned: dict[int, float] = field(default_factory=dict)

    def hear(self, event: JsonObject) -> None:
        """The next event."""
        handler = getattr(self, f"_on_{event['event']}", None)
        if handler is not None:
            handler(event)

    def _say(self, key: str, **fields: object) -> None:
        self.tell(say(key, self.lang, **fields))

    def _on_cycle(self, event: JsonObject) -> None:
        self._say(
            "cycle", **{name: event[name] for name in ("number", "trades", "positions", "seq")}
        )

    def _on_order(self, event: JsonObject) -> None:
        if event["phase"] == "answered":
            self._order = event["cl_ord_id"]

    def _on_durable(self, event: JsonObject) -> None:
        self._acked = event["seq"]

    def _on_fired(self, _event: JsonObject) -> None:
        self._say("fired", order=self._order)

    def _on_exit(self, event: JsonObject) -> None:
        if event["code"] < 0:
            self._say("dead", seq=self._acked)

    def _on_inject(self, event: JsonObject) -> None:
        if event["kind"] == "stop_out":
            stops = ", ".join(stop["cl_ord_id"] for stop in event["stops"])
            self._say("stop_out", px=event["px"], count=len(event["stops"]), stops=stops)
        elif event["kind"] == "hand_with":
            words = {name: event[name] for name in ("side", "sz", "inst_id")}
            self._say("hand", **words)

    def _on_spawn(self, event: JsonObject) -> None:
        self._spawned[event["child"]] = event["t"]
        if event["child"] > 1:
            self._say("restart")

    def _on_reported(self, event: JsonObject) -> None:
        if event["run"] > 1:
            self._say("recovered", seconds=event["t"] - self._spawned[event["run"]])

    def _on_frozen(self, event: JsonObject) -> None:
        self._say("frozen", inst_id=event["inst_id"], agent_id=event["agent_id"])

    def _on_reconciled(self, event: JsonObject) -> None:
        findings = event["facts"]["plan"]["findings"] if event["facts"]["plan"] else None
        if findings == []:
            self._say("again_clean")
        else:
            self._say("again_dirty", what=findings or event["facts"]["venue_problem"])


def fresh_place(directory: Path) -> Path:
    """``directory`` itself where no earlier demo lies in it, else the next ``again-N`` in it."""
    if not any((directory / name).exists() for name in ("store", "venue", RECORD_FILE)):
        return directory
    number = 2
    while (directory / f"again-{number}").exists():
        number += 1
    return directory / f"again-{number}"


def play(directory: Path, seed: int, lang: Lang, *, as_json: bool) -> int:
    """Tell it; returns the exit code."""
    out = sys.stderr if as_json else sys.stdout

    def tell(line: str) -> None:
        shown.tell(line, out)

    place = fresh_place(directory)
    if place != directory:
        tell(say("again", lang, old=directory, new=place))
    place.mkdir(parents=True, exist_ok=True)
    tell(say("start", lang, seed=seed, directory=place))
    teller = Teller(lang, tell)
    record = place / RECORD_FILE
    stage = Stage(
        STORY,
        place,
        record,
        seed,
        lang=lang,
        pause_s=PAUSE_S,
        audience=teller.hear,
        report_to=out.fileno(),
    )
    stage.play()
    verdict = judge(STORY, read(record), seed)
    _proof(verdict, record, lang, tell)
    if as_json:
        write_document(to_json(judged([verdict], complete=False)))
    return EXIT_OF_OUTCOME[verdict.outcome]


def _proof(verdict: RunVerdict, record: Path, lang: Lang, tell: Callable[[str], None]) -> None:
    """The claims, each with the checks that stand behind it; a claim that does not hold is told."""
    last = read(record).last("truth")
    truth = last["truth"] if last else {"orders": [], "algos": [], "fills": []}
    ours = sum(bool(row["clOrdId"]) for row in truth["orders"]) + len(truth["algos"])
    claims = (
        ("check.restored", ("I1", "I2"), {"count": verdict.figures.states}),
        ("check.lost", ("I8",), {"orders": ours}),
        ("check.booked", ("I5", "I8"), {"fills": len(truth["fills"])}),
    )
    tell(say("check", lang))
    for key, invariants, fields in claims:
        checks = [each for each in verdict.checks if each.invariant in invariants]
        good = bool(checks) and all(each.ok for each in checks)
        tell(f"   {'✅' if good else '❌'} {say(key, lang, **fields)}")
    for line in troubles(judged([verdict], complete=False), lang):
        tell(f"   {line}")
    tell(say("good" if EXIT_OF_OUTCOME[verdict.outcome] == 0 else "bad", lang))
