"""A cycle that was cut: who had acted in it, and who had not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sessionkit import Venue, killed
from storekit import BTC, StillClock

from chaos.saboteurs.planted import Mistake, planted
from prometheus_persist import AttachedHost, attach, contracts


class Newcomer:
    """Of a class that came after the count."""


class CutBot:
    def __init__(self) -> None:
        self.level = 0


def began(at: Path, venue: Venue) -> AttachedHost:
    p = attach(CutBot(), at, ["test_attach_cut"], clock=StillClock())
    p.reader = venue  # type: ignore[assignment]
    assert p.recover().may_trade
    return p


def bought(p: AttachedHost, venue: Venue, agent: str) -> None:
    with p.order_intent(agent, BTC, "buy", contracts("1")) as intent:
        venue.execute(intent.intent)
        intent.ack({"id": f"{7000 + len(venue.fills)}"})
    p.settle(intent.cl_ord_id)


def test_agents_that_had_not_decided_in_a_cycle_that_was_cut_are_named(tmp_path: Path) -> None:
    """By an order, a trade or a word of the host; in the very commit, and until the next cycle."""
    venue = Venue()
    p = began(tmp_path, venue)
    assert p.cut is None
    for agent in "ABC":
        bought(p, venue, agent)
    p.on_cycle(1)
    bought(p, venue, "B")
    p.acted("C")
    p.on_trade("B")
    killed(p.session)
    p = began(tmp_path, venue)
    assert p.cut is not None
    assert (p.cut.cycle, p.cut.acted, p.cut.undecided) == (1, ("B", "C"), ("A",))
    killed(p.session)
    p = began(tmp_path, venue)
    assert p.cut is not None
    assert p.cut.acted == ("B", "C"), "it has not begun again yet"
    p.on_cycle(2)
    killed(p.session)
    p = began(tmp_path, venue)
    assert p.cut is None
    p.close()


def test_an_agent_of_the_registry_alone_trades_and_is_settled(tmp_path: Path) -> None:
    """Its documents are made with its first order."""
    venue = Venue()
    with began(tmp_path, venue) as p:
        state = p.session.state
        state.registry = state.registry.assign("R")
        p.save()
        p.on_trade("R")
        assert "R" not in state.agents
        bought(p, venue, "R")
        (position,) = state.private_ledgers["R"].positions
        assert position.qty_contracts == contracts("1")


def test_objects_are_counted_by_class_against_the_last_count(tmp_path: Path) -> None:
    """As it was attached and at its exit; what was dropped meanwhile is not counted."""
    venue, name = Venue(), "test_attach_cut:CutBot"
    p = began(tmp_path, venue)
    assert p.objects == {}
    p.root.others = [CutBot() for _ in range(3)]
    p.on_cycle(1)
    killed(p.session)
    p = began(tmp_path, venue)
    assert p.objects == {name: (1, 4)}, "when it was attached, and now"
    del p.root.others[0]
    p.close()
    with began(tmp_path, venue) as p:
        assert p.objects == {name: (3, 3)}


def test_the_report_counts_what_was_restored_by_class(tmp_path: Path) -> None:
    """Each class against its last count: as text, as a page and as data."""
    venue, name = Venue(), "test_attach_cut:CutBot"
    p = began(tmp_path, venue)
    first = p.recover()
    assert first.restore.objects == ()
    assert "Host's objects" not in first.text("en")
    p.root.others = [CutBot() for _ in range(3)]
    p.on_cycle(1)
    killed(p.session)
    with began(tmp_path, venue) as p:
        report = p.recover()
        assert report.to_json()["restore"]["objects"] == [{"name": name, "before": 1, "now": 4}]
        assert "✅ Host's objects: 4 (classes: 1)" in report.text("en")
        assert f"{name}: 1 when last counted, 4 now" in report.text("en")
        assert f"✅ 宿主对象: 4个, 共1类\n     {name}: 上次清点1个, 现有4个" in report.text("zh")
        assert re.search(rf">{name}</td>.*last counted.*>1</td>.*>4</td>", report.html("en"))
    with began(tmp_path, venue) as p:
        assert "when last counted" not in p.recover().text("en"), "nothing moved since the exit"


def counted_rightly(at: Path) -> None:
    """The test above; and one class comes that was not there before."""
    test_the_report_counts_what_was_restored_by_class(at)
    p = began(at / "more", Venue())
    p.root.others = [Newcomer()]
    p.on_cycle(1)
    killed(p.session)
    with began(at / "more", Venue()) as p:
        assert p.objects.get("test_attach_cut:Newcomer") == (0, 1)


COUNTS = {
    "all are objects": ("saving.host_capture:HostCapture.objects", 'kinds[cls] == "o"', "True"),
    "counted by each save": ("saving.host_capture:HostCapture.take", "if whole:", "if True:"),
    "never counted": ("saving.host_capture:HostCapture.take", "if whole:", "if False:"),
    "now for then": (
        "session.attaching:AttachedHost.__init__",
        "(then.get(name, 0), now.get(name, 0))",
        "(now.get(name, 0), now.get(name, 0))",
    ),
    "only what was there": (
        "session.attaching:AttachedHost.__init__",
        "for name in then | now}",
        "for name in then}",
    ),
    "of another class": ("report.text:_objects", "name=one.name", 'name="?"'),
}


@pytest.mark.parametrize("name", COUNTS)
def test_a_mistake_in_the_counts_of_a_report_is_noticed(name: str, tmp_path: Path) -> None:
    counted_rightly(tmp_path / "right")
    with planted(Mistake(*COUNTS[name])), pytest.raises(AssertionError):
        counted_rightly(tmp_path / "wrong")
