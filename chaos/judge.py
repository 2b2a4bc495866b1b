"""From a record to a verdict: first whether the run proves anything, then whether it passed.

Assumptions come first. A fault that never struck, a child that died another way than it was to, an
oracle that counts other orders than the exchange, a scenario that ended early: each makes the
result void. Only then the invariants, and last the samples that the criteria are made of.

The judge reads the record and nothing else, so that a saved run can be judged again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chaos.digest import JsonObject
from chaos.invariants import books, damage, orders, reconciliation, restored, state, sweep
from chaos.oracle.history import State, history
from chaos.record import Record
from chaos.scenarios.model import Scenario
from chaos.verdict import RunVerdict

SIGKILLED = -9
TERMINAL_HUMAN = 3
TERMINAL_VENUE = 5
CYCLE_MIN = 5


def judge(scenario: Scenario, record: Record, seed: int) -> RunVerdict:
    """One scenario's record."""
    verdict = RunVerdict(scenario.name, seed, record=str(record.path or ""))
    if scenario.course == "sweep":
        _sweep(verdict, record)
    elif scenario.course == "day":
        _day(verdict, record)
    else:
        _online(verdict, scenario, record)
    return verdict


# -- online


def _online(verdict: RunVerdict, scenario: Scenario, record: Record) -> None:
    said = {event["cl_ord_id"]: event["agent_id"] for event in record.of("order")}
    _course_was_as_planned(verdict, record)
    _was_looked_at(verdict, record)
    _oracle_counts_as_the_exchange(verdict, record, said)
    told = history(record)
    restored.check(verdict, told)
    damage.check(verdict, record)
    orders.frozen(verdict, record)
    for label, dump, truth in _looks_with_truth(record):
        found = State(dump["documents"], dump["streams"])
        state.check(verdict, label, found.documents, found.streams)
        if dump["settled"]:
            books.check(verdict, label, found.documents, said, truth)
            orders.check(verdict, label, found, said, truth)
        else:
            orders.known(verdict, label, found, truth)
    _exits(verdict, record)
    _untouched(verdict, record)
    _approvals(verdict, record)
    _second_reconciliation(verdict, record)
    reconciliation.check(verdict, record, clean=scenario.clean)
    _times(verdict, record)


def _course_was_as_planned(verdict: RunVerdict, record: Record) -> None:
    verdict.assume(
        "the scenario was played to its end",
        record.first("played") is not None,
        "; ".join(event["why"] for event in record.of("nothing_to_do")),
    )
    verdict.assume("orders were sent", any(record.of("order")))
    kills = 0
    for event in record.of("exit"):
        child = event["child"]
        fired = sum(1 for _ in record.of("fired", run=child))
        if event["fault"]:
            verdict.assume(
                f"child {child}: {event['fault']} struck, and killed it",
                fired == 1 and event["code"] == SIGKILLED,
                f"struck {fired} times, exit {event['code']}",
            )
            kills += fired
        verdict.assume(f"child {child} ended by itself", not event["overdue"], "put down")
    verdict.figures.kill_points += kills
    verdict.assume("the record is whole", record.torn_lines <= kills, f"{record.torn_lines} torn")
    for event in record.of("inject"):
        if event["kind"] == "stop_out":
            verdict.assume("a stop fired at the exchange", bool(event["stops"]))
        elif event["kind"] == "venue_down":
            verdict.assume("the exchange was down", not event["running"])
    for event in record.of("damage"):
        what = event["what"]
        verdict.assume(f"{event['path']} was changed", what["before"] != what["after"])


def _was_looked_at(verdict: RunVerdict, record: Record) -> None:
    """A look that broke down says nothing, and what nobody looked at is not exact. Only a second
    writer, which was refused, leaves nothing to look at."""
    looks = {event["label"] for event in record.of("dump")}
    rivals = {event["child"] for event in record.of("inject") if event["kind"] == "rival"}
    due = [f"after child {e['child']}" for e in record.of("exit") if e["child"] not in rivals]
    due += [f"after damage {n}" for n, _ in enumerate(record.of("damage"), 1)]
    missing = [label for label in due if label not in looks]
    verdict.assume("every store was looked at", bool(due) and not missing, ", ".join(missing))


def _oracle_counts_as_the_exchange(
    verdict: RunVerdict, record: Record, said: Mapping[str, str]
) -> None:
    last = record.last("truth")
    if last is None:
        verdict.assume("the exchange's books were taken", holds=False)
        return
    truth = last["truth"]
    there = {row["clOrdId"] for row in truth["orders"] if row["clOrdId"]}
    there |= {row["algoClOrdId"] for row in truth["algos"] if row["algoClOrdId"]}
    hand = {event["ord_id"] for event in record.of("inject") if "ord_id" in event}
    strangers = [
        row["ordId"]
        for row in truth["orders"]
        if not (row["clOrdId"] or row["algoClOrdId"]) and row["ordId"] not in hand
    ]
    answered = {event["cl_ord_id"] for event in record.of("order") if event["phase"] == "answered"}
    verdict.assume(
        "oracle and exchange count the same orders",
        answered <= there <= set(said) and not strangers,
        f"exchange {len(there)}, answered {len(answered)}, strangers {len(strangers)}",
    )


def _looks_with_truth(record: Record) -> Iterator[tuple[str, JsonObject, JsonObject]]:
    truths = {event["label"]: event["truth"] for event in record.of("truth")}
    for dump in record.of("dump"):
        if not dump.get("problem") and dump["label"] in truths:
            yield dump["label"], dump, truths[dump["label"]]


def _exits(verdict: RunVerdict, record: Record) -> None:
    ends = [event for event in record.of("exit") if not event["fault"]]
    verdict.check(
        "exit",
        "every child left with the exit code that is due",
        len(ends),
        [
            f"child {event['child']}: {event['code']} instead of {event['due']}"
            for event in ends
            if event["code"] != event["due"]
        ],
    )


def _untouched(verdict: RunVerdict, record: Record) -> None:
    """Where a human must decide, or the exchange is not there, no ledger byte changes."""
    files = {(event["child"], event["when"]): event["hashes"] for event in record.of("files")}
    stopped = [
        event["child"]
        for event in record.of("exit")
        if event["due"] in (TERMINAL_HUMAN, TERMINAL_VENUE)
    ]
    verdict.check(
        "I5",
        "a stopped start leaves every ledger file as it was, byte for byte",
        len(stopped),
        [
            f"child {child} changed {name}"
            for child in stopped
            for name in sorted(files[child, "before"].keys() | files[child, "after"].keys())
            if files[child, "before"].get(name) != files[child, "after"].get(name)
        ],
    )


def _approvals(verdict: RunVerdict, record: Record) -> None:
    """What a human approved is what was done, and trading may go on."""
    approvals = list(record.of("approved"))
    verdict.check(
        "D",
        "an approved plan was applied, and trading went on",
        len(approvals),
        [
            f"child {event['run']}: {event['facts']['decision']}"
            for event in approvals
            if not event["facts"]["applied"] or event["facts"]["decision"] != "go_restricted"
        ],
    )


def _second_reconciliation(verdict: RunVerdict, record: Record) -> None:
    again = list(record.of("reconciled"))
    verdict.check(
        "I4",
        "a second reconciliation finds nothing",
        len(again),
        [
            f"child {event['run']}: {_cases(event) or event['facts']['decision']}"
            for event in again
            if _cases(event) or event["facts"]["decision"] not in ("go", "go_restricted")
        ],
    )


def _cases(event: JsonObject) -> str:
    plan = event["facts"]["plan"] or {"findings": []}
    return ", ".join(f"{each['case']} {each['what']}" for each in plan["findings"])


# -- times


def _times(verdict: RunVerdict, record: Record) -> None:
    spawned = {event["child"]: event["t"] for event in record.of("spawn")}
    fresh = {event["run"] for event in record.of("opened") if event["restore"]["fresh"]}
    killed = {event["child"] for event in record.of("exit") if event["code"] == SIGKILLED}
    told = {event["run"] for event in record.of("reported")}
    untold = [str(e["run"]) for e in record.of("opened") if e["run"] not in killed | told]
    verdict.assume("every start that was not killed was timed", not untold, ", ".join(untold))
    for event in record.of("reported"):
        if event["run"] not in fresh:
            verdict.figures.restart_s.append(event["t"] - spawned[event["run"]])
    verdict.figures.save_ms_fresh += _commit_ms(record.events)


def _commit_ms(events: tuple[JsonObject, ...]) -> list[float]:
    """From before the first byte to after the acknowledgement, by the child's own watch."""
    began: dict[tuple[int, int], float] = {}
    found = []
    for event in events:
        if event["event"] == "begin":
            began[event["run"], event["seq"]] = event["t"]
        elif event["event"] == "durable" and (event["run"], event["seq"]) in began:
            found.append((event["t"] - began[event["run"], event["seq"]]) * 1000)
    return found


# -- sweep and day


def _sweep(verdict: RunVerdict, record: Record) -> None:
    points = list(record.of("point"))
    swept = list(record.of("swept"))
    ends = {(event["kind"], event["shard"]) for event in swept}
    shards = max((int(shard.partition("/")[2]) for _, shard in ends), default=1)
    all_of = {(kind, f"{n}/{shards}") for kind in ("kill", "tear", "errno") for n in range(shards)}
    missing = [f"{kind} {shard}" for kind, shard in sorted(all_of - ends)]
    verdict.assume("every kind was swept to its end", not missing, ", ".join(missing))
    for kind in ("kill", "tear", "errno"):
        of_kind = [point for point in points if point["kind"] == kind]
        due = SIGKILLED if kind != "errno" else 0
        verdict.assume(
            f"{kind}: struck exactly once at every point, and the child ended as it should",
            bool(of_kind) and all(p["fired"] == 1 and p["died"] == due for p in of_kind),
            f"{len(of_kind)} points",
        )
    verdict.assume("reopenings were killed as well", any(point["nested_fired"] for point in points))
    sweep.check(verdict, points)


def _day(verdict: RunVerdict, record: Record) -> None:
    lived = record.first("lived")
    verdict.assume(
        "the child lived its day and was killed", lived is not None and lived["died"] == SIGKILLED
    )
    if lived is not None:
        verdict.figures.lived_h.append(lived["cycles"] * CYCLE_MIN / 60)
    moments = list(record.of("moment"))
    verdict.assume("the moments were gone through to the end", any(record.of("looked_back")))
    verdict.assume("moments were sampled both ways", {m["how"] for m in moments} == {"seq", "time"})
    wrong = [m for m in moments if m["problem"] or m["restored"][1] != m["due"][1]]
    verdict.check(
        "S9",
        "any sampled moment of 24 hours is restored exactly, by number and by time",
        len(moments),
        [
            f"{m['how']} {m['asked']}: {m['problem'] or m['restored']}, due {m['due']}"
            for m in wrong
        ],
    )
    figures = verdict.figures
    figures.moments += len(moments)
    figures.moments_exact += len(moments) - len(wrong)
    for age, events in _stretches(record).items():
        if age == "fresh":
            figures.save_ms_fresh += _commit_ms(tuple(events))
        elif age == "aged":
            figures.save_ms_aged += _commit_ms(tuple(events))
    timed = bool(figures.save_ms_fresh and figures.save_ms_aged)
    verdict.assume("saves were timed in a fresh store and in one that is a day old", timed)
    figures.checkpoint_ms += [
        event["took_s"] * 1000 for event in record.of("held") if event["why"] in ("cycle", "death")
    ]


def _stretches(record: Record) -> dict[str, list[JsonObject]]:
    found: dict[str, list[JsonObject]] = {}
    age = "founding"
    for event in record.events:
        age = event["age"] if event["event"] == "stretch" else age
        found.setdefault(age, []).append(event)
    return found
