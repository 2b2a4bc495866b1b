"""I8: no order lost, none sent twice; I9: frozen means that no order leaves.

An order of ours at the exchange is one whose tag is an agent's, or whose clOrdId a child said it
would send. Each has to be known to the books exactly once; each of its fills has to be booked once
into the public trades and once into its owner's, and everyone else's fills once among the orphans.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from chaos.digest import JsonObject
from chaos.oracle.exchange import owners
from chaos.oracle.history import State
from chaos.record import Record
from chaos.verdict import RunVerdict


def check(
    verdict: RunVerdict,
    label: str,
    state: State,
    orders_said: Mapping[str, str],
    truth: JsonObject,
) -> None:
    """One settled state against the exchange's books of the same moment."""
    tags = {row["tag"] for row in state.documents["registry"]["rows"].values()}
    sent = [row["clOrdId"] for row in truth["orders"] if row["tag"] in tags and row["clOrdId"]]
    algos = [row["algoClOrdId"] for row in truth["algos"] if row["tag"] in tags]
    ours = sent + algos
    known = Counter(
        [key.partition("/")[2] for key in state.documents if key.startswith("intents/")]
        + [row["cl_ord_id"] for row in state.streams.get("intent_log", ())]
    )
    verdict.check(
        "I8",
        f"{label}: every order at the exchange is known to the books exactly once",
        len(ours),
        [f"{mark} known {known[mark]} times" for mark in ours if known[mark] != 1],
    )
    verdict.check(
        "I8",
        f"{label}: no order was sent twice",
        len(ours),
        [f"{mark} sent {times} times" for mark, times in Counter(ours).items() if times > 1],
    )
    verdict.check(
        "I8",
        f"{label}: every fill is booked exactly once, to its owner",
        len(truth["fills"]),
        _wrong_bookings(state, orders_said, truth),
    )


def known(verdict: RunVerdict, label: str, state: State, truth: JsonObject) -> None:
    """The moment after a crash: whatever reached the exchange was written down before it left."""
    if "registry" not in state.documents:
        return
    tags = {row["tag"] for row in state.documents["registry"]["rows"].values()}
    rows = [*truth["orders"], *truth["algos"]]
    marks = [row.get("clOrdId") or row["algoClOrdId"] for row in rows if row["tag"] in tags]
    written = {key.partition("/")[2] for key in state.documents if key.startswith("intents/")} | {
        row["cl_ord_id"] for row in state.streams.get("intent_log", ())
    }
    verdict.check(
        "I8",
        f"{label}: every order at the exchange was written down before it left",
        len(marks),
        [f"{mark} is at the exchange and in no book" for mark in marks if mark not in written],
    )


def _wrong_bookings(
    state: State, orders_said: Mapping[str, str], truth: JsonObject
) -> Iterable[str]:
    by_order = owners(orders_said, truth)
    public = Counter(
        (row["fill_id"], row["agent_id"]) for row in state.streams.get("public_trades", ())
    )
    private = Counter(
        (row["fill_id"], name.partition("/")[2])
        for name, rows in state.streams.items()
        if name.startswith("private_trades/")
        for row in rows
    )
    orphans = Counter(row["fill_id"] for row in state.streams.get("orphan_fills", ()))
    for fill in truth["fills"]:
        fill_id = f"{fill['instId']}:{fill['tradeId']}"
        owner = by_order.get(fill["ordId"])
        times = (
            (public.pop((fill_id, owner), 0), private.pop((fill_id, owner), 0))
            if owner
            else (orphans[fill_id], orphans.pop(fill_id, 0))
        )
        if times != (1, 1):
            yield f"{fill_id} of {owner or 'nobody'} booked {times[0]} and {times[1]} times"
    for extra in [*public, *private, *orphans]:
        yield f"{extra} is booked and is no fill at the exchange"


def frozen(verdict: RunVerdict, record: Record) -> None:
    """After a recovery that shut something, nothing of that kind was sent by that child."""
    wrong = []
    refusals = 0
    looked_at = 0
    for event in record.decisions():
        facts, run = event["facts"], event["run"]
        withheld = {each["inst_id"] for each in facts.get("withheld", ()) if not each["agent_id"]}
        shut = {*facts["frozen_instruments"], *withheld}
        closed = not facts.get("may_trade", facts["decision"] not in ("human", "incomplete"))
        if not (shut or closed):
            continue
        sends = [each for each in record.of("order", run=run) if each["phase"] == "sending"]
        refusals += sum(each["inst_id"] in shut for each in record.of("frozen", run=run))
        looked_at += len(sends) + 1
        wrong += [
            f"child {run} sent {each['cl_ord_id']} on {each['inst_id']}"
            for each in sends
            if closed or (each["inst_id"] in shut and not each["reduce_only"])
        ]
    verdict.check("I9", f"nothing frozen was sent ({refusals} attempts refused)", looked_at, wrong)
