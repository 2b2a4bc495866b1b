"""A host's own books item by item, the mark of their last agreement, and doors that fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessionkit import Venue
from storekit import BTC, StillClock

from prometheus_persist import AttachedHost, Dealt, Held, HostViews, attach, contracts
from prometheus_persist.errors import BadConfig, BadValue
from prometheus_persist.reconcile.findings.host_evidence import explained
from prometheus_persist.reconcile.host_seen import HostBooks, HostMark, LedgerMarks
from prometheus_persist.reconcile.items import Verdict
from prometheus_persist.recovery import restore
from prometheus_persist.session.host_marks import marks_from_json, marks_to_json
from prometheus_persist.state import NO_CONTRACTS, Contracts, Execution, PositionKey
from prometheus_persist.state.exact_json import dumps, loads
from prometheus_persist.storage.fs import LocalFs

KEY = PositionKey(BTC, "cross", "net")
SHANGHAI = timezone(timedelta(hours=8))


class Ledgers:
    """A host with two ledgers: size, price as a float, and a naive time in China."""

    def __init__(self) -> None:
        self.private: dict[str, list[Any]] = {}
        self.public: dict[str, list[Any]] = {}
        self.calls: list[str] = []

    def book(self, ledger: dict[str, list[Any]], agent: str, fill: Any, times: int = 1) -> None:
        row = ledger.setdefault(agent, ["0", 0.0, None])
        if row[0] == "0":
            row[1:] = [float(fill.px), china(fill.ts_ms)]
        row[0] = str(contracts(row[0]) + Contracts(fill.signed.value * times))


def china(ts_ms: int) -> datetime:
    return datetime.fromtimestamp(ts_ms / 1000, SHANGHAI).replace(tzinfo=None)


def views(doors: str = "open close undo") -> HostViews:
    made = HostViews()
    for name in ("private", "public"):

        def held(host: Ledgers, name: str = name) -> Iterator[Held]:
            for agent, (size, px, since) in getattr(host, name).items():
                yield Held(
                    agent, BTC, "cross", "net", contracts(size), px=px, since=since,
                    tz="Asia/Shanghai",
                )  # fmt: skip

        made.positions(name)(held)
    for name in doors.split():

        def door(host: Ledgers, agent: str, fill: Any, name: str = name) -> None:
            host.calls.append(name)
            for ledger in (host.private, host.public):
                host.book(ledger, agent, fill, -1 if name == "undo" else 1)

        made.door(name)(door)
    return made


def began(host: Ledgers, at: Path, venue: Venue, seen: HostViews) -> AttachedHost:
    p = attach(host, at, ["test_attach_items"], views=seen, clock=StillClock())
    p.reader = venue  # type: ignore[assignment]
    p.recover()
    return p


def traded(p: AttachedHost, venue: Venue, side: str = "buy", size: str = "2") -> Execution:
    """An order that is executed and settled here; the host has heard nothing of it yet."""
    with p.order_intent("A", BTC, side, contracts(size)) as intent:  # type: ignore[arg-type]
        venue.execute(intent.intent)
        intent.ack({"id": venue.orders[intent.cl_ord_id].ord_id})
    p.settle(intent.cl_ord_id)
    host = p.session._context.books().host
    assert host is not None
    return host.recent[-1][1]


def verdicts(p: AttachedHost, ledger: str = "private") -> dict[str, str]:
    assert p.report is not None
    plan = p.report.left or p.report.plan
    assert plan is not None
    return {one.item.value: one.verdict.value for one in plan.host_items if one.ledger == ledger}


def test_every_item_of_an_honest_host_matches(tmp_path: Path) -> None:
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views()) as p:
        fill = traded(p, venue)
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill)
        assert p.recover().decision == "go"
        same = dict.fromkeys(("size", "direction", "entry_px", "holding_time"), "MATCH")
        assert verdicts(p) == verdicts(p, "public") == same
        text = p.report.text("en")  # type: ignore[union-attr]
        assert "[The host's own books]\n   ✅ 8 items, 8 match, 0 differ, 0 not judged" in text


def test_what_differs_and_what_is_not_kept_is_said_item_by_item(tmp_path: Path) -> None:
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views()) as p:
        fill = traded(p, venue)
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill)
        due = host.private["A"][1]
        host.private["A"][1], host.public["A"][2] = due + 7, None
        report = p.recover()
        assert (report.decision, host.calls) == ("human", [])
        assert not p.session.may_trade_on(BTC)
        assert verdicts(p)["entry_px"] == "MISMATCH"
        assert verdicts(p, "public")["holding_time"] == "UNKNOWN"
        en, zh = (report.text(lang) for lang in ("en", "zh"))
        assert "entry price in the private ledger: the host has" in en
        assert "? holding time, 1 not judged: the host keeps no holding time" in en
        assert "? 持仓时间, 1项无法判断: 宿主不记录持仓时间" in zh
        assert "私有账簿的入场价格: 宿主为" in zh
        page = report.html("zh")
        assert "宿主不记录持仓时间" in page
        assert "≠ 应为" in page
        told = report.to_json()["plan"]["host_items"]
        assert {"ledger", "agent_id", "item", "verdict", "shown", "due", "note"} <= told[0].keys()
        host.private["A"][1] = due
        assert p.recover().decision == "go"
        host.private["A"][2] += timedelta(seconds=61)
        assert p.recover().decision == "human"
        plan = p.report.plan  # type: ignore[union-attr]
        assert p.session.approve(venue, plan.plan_hash).decision == "go"  # type: ignore[union-attr]
        left = p.recover().plan.host_items  # type: ignore[union-attr]
        assert [one.note for one in left if one.verdict is Verdict.MISMATCH] == ["why.host_left"]


def test_an_execution_booked_twice_is_told_from_one_that_is_lacking(tmp_path: Path) -> None:
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views()) as p:
        fill = traded(p, venue)
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill, 2)
        report = p.recover()
        assert (report.decision, host.calls, host.private["A"][0]) == ("go", ["undo"], "2")
        assert "the host has booked 1 fill(s) twice" in report.text("en").replace("\n", " ")
        assert "宿主把1笔成交记了两遍" in report.text("zh")
        traded(p, venue, "sell", "1")
        assert p.recover().decision == "go"
        assert host.calls == ["undo", "close"]
        assert host.private["A"][0] == host.public["A"][0] == "1"


def test_the_mark_is_kept_over_a_restart_and_moves_only_with_agreement(tmp_path: Path) -> None:
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views("")) as p:
        fill = traded(p, venue)
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill)
        p.recover()
        seq = p.session.seq
        fill = traded(p, venue)
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill, 2)
        assert p.recover().decision == "human"
        p.save()
    host = Ledgers()
    with began(host, tmp_path, venue, views("undo")) as p:
        assert host.calls == ["undo"], "what came before the restart proves it"
        (one,) = p.report.plan.findings  # type: ignore[union-attr]
        (mark,) = [row for row in one.evidence if row.kind == "agreed"]
        assert int(mark.ref) <= seq + 1
        assert host.private["A"][0] == "4"


@pytest.mark.parametrize("first", [True, False], ids=["seen to agree", "never seen"])
@pytest.mark.parametrize("wrong", ["7", "0"])
def test_what_is_asked_can_be_answered_at_once(tmp_path: Path, wrong: str, first: bool) -> None:
    """A plan says the same again, although the mark has been looked at meanwhile."""
    host, venue = Ledgers(), Venue()
    seen = views("")
    with began(host, tmp_path, venue, seen) as p:
        if not first:
            seen._marks.clear()
        traded(p, venue)
        host.private["A"] = host.public["A"] = [wrong, 100.0, None]
        plan = p.recover().plan
        assert plan is not None
        again = p.recover().plan
        assert again is not None
        assert again.plan_hash == plan.plan_hash
        assert p.session.approve(venue, plan.plan_hash).decision == "go"


def test_the_report_says_what_a_human_does_in_the_hosts_process(tmp_path: Path) -> None:
    """No command has the host: what is printed works there, as printed."""
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views()) as p:
        with pytest.raises(BadConfig, match=r"p\.recover\(\) first"):
            attach(Ledgers(), tmp_path / "new", ["test_attach_items"]).approve()
        fill = traded(p, venue)
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill)
        host.private["A"][0] = "7"
        text = p.recover().text("en")
        assert "or p.approve() leaves them as they are" in " ".join(text.split())
        assert "prometheus-persist reconcile" not in text
        assert "p.approve() 保持不变" in p.recover().text("zh")
        (printed,) = set(re.findall(r"p\.approve\(\{.*\}\)", text))
        assert eval(printed, {"p": p}).decision == "go"
        host.private["A"][0] = "8"
        assert p.recover().decision == "human"
        assert p.approve() is p.report
        assert p.report is not None
        assert p.report.decision == "go"
        host.private["A"][0] = "many"
        text = " ".join(p.recover().text("en").split())
        assert "mend the host's view, then p.recover() in its process" in text


def test_a_number_of_its_own_is_explained_by_no_later_execution(tmp_path: Path) -> None:
    """It has one too few for a reason that nobody knows; then one of that size is booked by all."""
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views()) as p:
        fill = traded(p, venue, size="5")
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill)
        p.recover()
        host.private["A"][0] = host.public["A"][0] = "3"
        assert p.session.approve(venue, p.recover().plan.plan_hash).decision == "go"  # type: ignore[union-attr]
        fill = traded(p, venue, size="2")
        for ledger in (host.private, host.public):
            host.book(ledger, "A", fill)
        assert p.recover().decision == "human"
        assert (host.calls, host.private["A"][0]) == ([], "5")


def test_a_recovery_of_what_agrees_writes_no_mark_anew(tmp_path: Path) -> None:
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views()) as p:
        p.save()
        before = p.session.seq
        for _ in range(3):
            assert p.recover().decision == "go"
            p.save()
        assert p.session.seq == before


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("raises", "the door raised an exception"),
        ("half", "the door raised an exception"),
        ("nothing", "the view did not show them"),
        ("too much", "the view did not show them"),
        ("another agent", "it moved another position, too"),
    ],
)
def test_a_door_that_does_not_bring_agreement_is_not_believed(
    tmp_path: Path, kind: str, why: str
) -> None:
    host, venue = Ledgers(), Venue()
    seen = views("")

    @seen.door("open")
    def door(host: Ledgers, agent: str, fill: Any) -> None:
        host.calls.append(agent)
        times = {"nothing": 0, "too much": 2}.get(kind, 1)
        whose = "B" if kind == "another agent" else agent
        if kind != "raises":
            host.book(host.private, whose, fill, times)
        if kind in ("raises", "half"):
            raise LookupError("no such agent")
        host.book(host.public, whose, fill, times)

    with began(host, tmp_path, venue, seen) as p:
        traded(p, venue, size="2")
        traded(p, venue, size="3")
        report = p.recover()
        assert (report.decision, host.calls) == ("human", ["A"]), "and the next one is not tried"
        assert why in " ".join(report.text("en").split())
        assert not p.session.may_trade_on(BTC)
        typed = {
            one.key: str(one.qty_contracts)
            for one in p.session.state.private_ledgers["A"].positions
        }
        assert typed == {KEY: "5"}
        assert p.check() == [], "what the door did is saved as it is"
        for _ in range(2):
            assert p.recover().decision == "human"
        assert host.calls == ["A"]
        before = (host.private, host.public)
        p.session.close(save=False)
    fresh = Ledgers()
    with began(fresh, tmp_path, venue, views()) as p:
        assert (fresh.private, fresh.public) == before
        assert p.report.decision == "human"  # type: ignore[union-attr]
        assert "open" not in fresh.calls[1:], "what was told is told once"


def test_a_door_and_what_it_did_are_one_commit(tmp_path: Path) -> None:
    host, venue = Ledgers(), Venue()
    with began(host, tmp_path, venue, views()) as p:
        traded(p, venue)
        before = p.session.seq
        p.recover()
        found = restore(LocalFs(tmp_path), seq=before + 1).documents
        assert len(found["host/told"]["fills"]) == 1
        assert "failed" not in found["host/told"]
        assert any("'2'" in str(row) for key, row in found.items() if key.startswith("host/"))


def test_a_time_has_a_zone_and_a_price_is_a_number() -> None:
    at = datetime.fromisoformat("2026-03-01 12:00")
    with pytest.raises(BadValue, match="has no zone: give tz"):
        Held("A", BTC, "cross", "net", contracts("1"), since=at)
    with pytest.raises(BadValue, match="no time zone"):
        Held("A", BTC, "cross", "net", contracts("1"), since=at, tz="Mars/Olympus")
    with pytest.raises(BadValue, match="is no datetime"):
        Held("A", BTC, "cross", "net", contracts("1"), since=1_700_000_000)  # type: ignore[arg-type]
    for px in (float("nan"), "many", True, b"1"):
        with pytest.raises(BadValue):
            Held("A", BTC, "cross", "net", contracts("1"), px=px)  # type: ignore[arg-type]
    rows = [
        Held("A", BTC, "cross", "net", contracts("1"), since=at.replace(tzinfo=UTC)),
        Held("A", BTC, "cross", "net", contracts("1"), since=at, tz=UTC),
        Held(
            "A",
            BTC,
            "cross",
            "net",
            contracts("1"),
            since=at + timedelta(hours=8),
            tz="Asia/Shanghai",
        ),
    ]
    assert {row.row("private").opened_ms for row in rows} == {1_772_366_400_000}
    np = pytest.importorskip("numpy")
    row = Held("A", BTC, "cross", "net", contracts("1"), px=np.float64(0.1)).row("private")
    assert row.entry_px == Decimal("0.1")


@pytest.mark.parametrize(
    ("at", "fold", "doubtful"),
    [
        ("2026-11-01 01:30", 0, True),  # the hour that New York has twice
        ("2026-11-01 01:30", 1, False),  # the second one, said
        ("2026-03-08 02:30", 0, True),  # the hour that it has not
        ("2026-07-01 01:30", 0, False),
    ],
)
def test_a_clock_time_that_is_no_one_moment_is_not_judged(
    at: str, fold: int, doubtful: bool
) -> None:
    held = Held(
        "A",
        BTC,
        "cross",
        "net",
        contracts("1"),
        since=datetime.fromisoformat(at).replace(fold=fold),
        tz="America/New_York",
    )
    assert held.row("private").doubtful is doubtful


def test_what_is_spelled_in_another_way_is_taken_for_nothing_else() -> None:
    for side in ("BUY", "long", "", None):
        with pytest.raises(BadValue, match="there are buy, sell"):
            Dealt("A", BTC, "cross", "net", side, contracts("1"))  # type: ignore[arg-type]
    with pytest.raises(BadValue, match="there are net, long, short"):
        Held("A", BTC, "cross", "LONG", contracts("1"))  # type: ignore[arg-type]
    with pytest.raises(BadValue, match="there are cross, isolated"):
        Held("A", BTC, "crossed", "net", contracts("1"))  # type: ignore[arg-type]
    with pytest.raises(BadValue, match="is no text"):
        Held(7, BTC, "cross", "net", contracts("1"))  # type: ignore[arg-type]


SIZES = st.integers(-6, 6).filter(bool)


def execution(number: int, size: int) -> Execution:
    return Execution(
        BTC, "cross", "net", "buy" if size > 0 else "sell", contracts(abs(size)), Decimal(100),
        Decimal(0), str(number), str(number), "", number, Decimal("0.01"), Decimal(1),
    )  # fmt: skip


@given(
    before=st.lists(SIZES, max_size=4),
    since=st.lists(SIZES, max_size=8),
    times=st.lists(st.sampled_from((0, 1, 2)), min_size=8, max_size=8),
)
def test_what_is_said_to_be_proven_is_the_only_set_that_comes_to_it(
    before: list[int], since: list[int], times: list[int]
) -> None:
    """By every way in which a host may have missed some, or booked some twice, computed by hand."""
    ever = [execution(number, size) for number, size in enumerate([*before, *since])]
    mark = LedgerMarks(3, 0, len(before), {("A", KEY): contracts(sum(before))})
    host = HostBooks(
        ("private",),
        recent=tuple(("A", one, at) for at, one in enumerate(ever)),
        marks={"private": mark},
    )
    should = sum(before) + sum(since)
    held = sum(before) + sum(size * count for size, count in zip(since, times, strict=False))
    found = explained(
        host, ["private"], ("A", KEY), contracts(should - held), contracts(should), ()
    )
    ways = [
        (way, sign)
        for sign in (1, -1)
        for way in range(1, 2 ** len(since))
        if sign * sum(size for at, size in enumerate(since) if way >> at & 1) == should - held
    ]
    if len(ways) != 1 or should == held:
        assert not found.fills or should == held
        return
    ((way, sign),) = ways
    due = [one for at, one in enumerate(ever[len(before) :]) if way >> at & 1]
    assert list(found.lacks if sign > 0 else found.twice) == due
    assert not (found.twice if sign > 0 else found.lacks)


PLACES = st.tuples(
    st.text(min_size=1, max_size=4), st.sampled_from([KEY, KEY._replace(mgn_mode="isolated")])
)
COUNTS = st.integers(0, 2**40)
QUANTITIES = st.integers(-9, 9).map(contracts)

MARKS = st.builds(HostMark, COUNTS, COUNTS, COUNTS, QUANTITIES, st.booleans())


@given(
    held=st.dictionaries(PLACES, QUANTITIES, max_size=4),
    but=st.dictionaries(
        PLACES,
        st.none() | st.builds(HostMark, COUNTS, COUNTS, COUNTS, QUANTITIES, st.booleans()),
        max_size=4,
    ),
    now=st.tuples(COUNTS, COUNTS, COUNTS),
)
def test_marks_come_back_as_they_were_written(held: Any, but: Any, now: Any) -> None:
    marks = {"private": LedgerMarks(*now, held, but)}
    again = marks_from_json(loads(dumps(marks_to_json(marks)), "marks"))
    assert again == marks
    for place in but:
        assert again["private"].of(place) == but[place]
    flat = again["private"].of(("somebody else", KEY))
    assert flat is not None
    assert flat.held == NO_CONTRACTS
