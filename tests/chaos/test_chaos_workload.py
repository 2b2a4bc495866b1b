"""The workload on paper: one seed one course, every change said, nothing decided by accident."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import pytest

from chaos.digest import Fold, whole
from chaos.workload.clocks import WoundClock
from chaos.workload.narrator import Narrator, plainly
from chaos.workload.paper_life import CYCLE_MS, DAY_START_MS, live_on_paper, open_on_paper
from prometheus_persist.recovery import restore
from prometheus_persist.storage.fs import LocalFs


class Listener:
    def __init__(self):
        self.events = []

    def say(self, event, **fields):
        self.events.append({"event": event, **fields})

    def of(self, name):
        return [event for event in self.events if event["event"] == name]


def lived(directory, seed, cycles, *, fold=None):
    listener = Listener()
    clock = WoundClock(DAY_START_MS)
    live_on_paper(directory, LocalFs(directory), Narrator(listener, fold=fold), seed, clock, cycles)
    return listener


@pytest.mark.parametrize("seed", [1, 2])
def test_one_seed_one_course(tmp_path, seed):
    first = lived(tmp_path / "a", seed, 4, fold=Fold()).of("begin")
    second = lived(tmp_path / "b", seed, 4, fold=Fold()).of("begin")
    assert [event["digest"] for event in first] == [event["digest"] for event in second]
    other = lived(tmp_path / "c", seed + 10, 4, fold=Fold()).of("begin")
    assert first[-1]["digest"] != other[-1]["digest"]


def test_a_dozen_cycles_see_trades_deaths_heroes_and_snapshots(tmp_path):
    said = lived(tmp_path, 1, 12)
    last = said.of("cycle")[-1]
    assert last["number"] == 12
    assert last["trades"] > 20
    assert {event["agent_id"] for event in said.of("death")} == {"LiveAgent_03", "LiveAgent_08"}
    found = restore(LocalFs(tmp_path)).documents
    assert found["valhalla"]["total_heroes"] == 2
    assert len(found["public_ledger"]["archived_agents"]) == 2
    assert len(found["supervisor"]["agent_rankings"]) == 8
    assert len(list((tmp_path / "snapshots").iterdir())) == 3


def test_what_was_said_is_what_is_restored(tmp_path):
    said = lived(tmp_path, 3, 3)
    fold = Fold()
    for event in said.of("begin"):
        fold.change(event["change"])
    found = restore(LocalFs(tmp_path))
    assert whole(found.documents, found.streams).value() == fold.value()
    assert {event["seq"] for event in said.of("begin")} == {
        event["seq"] for event in said.of("durable")
    }


def test_a_restored_life_goes_on_as_if_it_had_never_stopped(tmp_path):
    """Stopped after three cycles and gone on, the books are those of six cycles in one go."""

    def books(directory, *lives):
        clock = WoundClock(DAY_START_MS)
        for cycles in lives:
            narrator = Narrator(Listener())
            system = open_on_paper(directory, LocalFs(directory), narrator, 5, clock)
            for _ in range(cycles):
                clock.advance(CYCLE_MS)
                system.cycle()
            system.session.close()
        return [
            (row["agent_id"], row["inst_id"], row["side"], row["qty_contracts"])
            for row in restore(LocalFs(directory)).streams["public_trades"]
        ]

    assert books(tmp_path / "a", 6) == books(tmp_path / "b", 3, 3)


class Colour(StrEnum):
    RED = "red"


@dataclass
class Thing:
    colour: Colour
    px: Decimal
    more: tuple[int, ...]


def test_facts_become_plain_json():
    told = plainly({"x": Thing(Colour.RED, Decimal("1.50"), (1, 2)), "none": None})
    assert told == {
        "x": {"is": "Thing", "colour": "red", "px": "1.50", "more": [1, 2]},
        "none": None,
    }
