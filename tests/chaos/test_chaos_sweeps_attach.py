"""An attached host, struck while it saves: the sweep is green, and red for what is planted."""

from __future__ import annotations

import copy
import enum
import random
from decimal import Decimal

import pytest

from chaos.saboteurs.hosted import HOSTED
from chaos.saboteurs.planted import planted
from chaos.sweeps import attach_child, attach_kills, attach_sweep
from chaos.sweeps.attach_fixture import seen
from chaos.sweeps.tally import Tally
from chaos.verdict import Outcome
from chaos.workload.attached_host import SENTINEL, founded, own_randomness

SEED = 1
# A thread of a process that is dead ends by SystemExit; pytest tells of that, Python does not.
pytestmark = [
    pytest.mark.chaos,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture(autouse=True)
def lived_anew():
    """What the library as it is leaves is no fixture for a broken one."""
    attach_sweep._lives.cache_clear()
    yield
    attach_sweep._lives.cache_clear()


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(attach_sweep, "CI_STRIDES", {"die": 67, "tear": 997})
    monkeypatch.setattr(attach_sweep, "kill", lambda tally, grounds, full: None)


@pytest.mark.timeout(900)
def test_sweep_attach():
    """Exact (S8) under kills, power cuts and second kills, sampled; the future too (I10)."""
    tally = attach_sweep.sweep_attach(SEED, full=False)
    print(tally.to_json())
    assert tally.outcome is Outcome.PASSED, tally.problems[:5]
    really = sum(n for what, n in tally.counts.items() if what.startswith("SIGKILLs "))
    assert tally.counts["restored exactly"] == tally.fired - really
    assert tally.counts["hosts restored exactly, and going on the same"] > 100
    assert {"kills", "kills within a write", "cuts: worst", "kills as the host is restored"} <= set(
        tally.counts
    )
    during = {what.partition("kills, during ")[2] for what in tally.counts}
    assert {"attach", "trade", "cycle", "death", "decided", "snapshot", "close"} <= during
    assert tally.counts["SIGKILLs at a hook"] == 3
    assert tally.counts[attach_kills.EXACT] == 3 + attach_kills.CI_MOMENTS
    assert tally.counts["of these, in an interpreter of its own"] == 2


@pytest.mark.parametrize("name", HOSTED)
def test_a_mistake_in_keeping_a_host_is_seen(name, few, monkeypatch):
    if name == "live-class-missed":  # only between two looks at everything
        monkeypatch.setitem(attach_sweep.CI_STRIDES, "die", 23)
    with planted(HOSTED[name]):
        tally = attach_sweep.sweep_attach(SEED, full=False)
    assert tally.outcome is Outcome.FAILED
    assert HOSTED[name].seen_as in tally.counts, tally.problems[:3]


def test_a_secret_in_a_file_is_seen(few, monkeypatch):
    """The host's own key, S11."""
    monkeypatch.setattr(attach_sweep, "SENTINEL", "名")
    assert SENTINEL != "名"
    tally = attach_sweep.sweep_attach(SEED, full=False)
    assert "a secret is in a file" in tally.counts


def at_hook(hook):
    """What is said of one host that is SIGKILLed there."""
    tally = Tally("attach", SEED, full=False)
    with attach_sweep.stage() as grounds:
        attach_kills._killed(tally, grounds.plot(), 1, "here", hook=hook)
    return tally


@pytest.mark.parametrize("name", HOSTED)
def test_a_mistake_in_keeping_a_host_is_seen_after_a_real_kill(name):
    with planted(HOSTED[name]):
        tally = at_hook(38)
    assert [HOSTED[name].seen_as in problem for problem in tally.problems] == [True]


def test_what_a_killed_process_says_is_judged(monkeypatch):
    """An exception, another future, something unsaved, an end that never comes."""
    real = attach_child._say

    def lying(word, change):
        def say(to, *words):
            real(to, *(change(words) if words[0] == word else words))

        return say

    for word, change, seen_as in (
        ("begun", lambda words: ("raised", "ValueError: no"), "raised: here: ValueError: no"),
        ("end", lambda words: (*words[:2], "0" * 64, 0), "another future"),
        ("end", lambda words: (*words[:3], 2), "something was not saved: here: 2 objects"),
        ("end", lambda words: ("over",), "it did not come to its end"),
        ("here", lambda words: ("here", words[1] + 1, words[2]), "another moment"),
    ):
        monkeypatch.setattr(attach_child, "_say", lying(word, change))
        (problem,) = at_hook(3).problems
        assert problem.startswith(seen_as)


def reversed_moods(floor):
    trader = floor.by_rank[0]
    trader.moods = dict(reversed(trader.moods.items()))


def longer(trader):
    before = trader.capital
    trader.capital += Decimal("0.0000")
    assert trader.capital == before


def like_a_name(floor):
    other = enum.Enum("Mood", {"CALM": "calm", "GREEDY": 3})
    moods = floor.by_rank[0].moods
    floor.by_rank[0].moods = {other[key.name]: value for key, value in moods.items()}


@pytest.mark.parametrize(
    "change",
    [
        lambda floor: vars(floor).update(steps=True),
        lambda floor: vars(floor).update(steps=1.0),
        lambda floor: longer(floor.by_rank[0]),
        lambda floor: setattr(floor.deals[0], "px", float(floor.deals[0].px)),
        lambda floor: floor.hall.append(copy.copy(floor.hall.pop())),
        lambda floor: floor.by_rank[0].gene.weights.__setitem__(1, 0.0),
        lambda floor: setattr(floor.deals[1], "note", dict(floor.deals[1].note)),
        lambda floor: vars(floor).update(by_rank=tuple(floor.by_rank)),
        reversed_moods,
        like_a_name,
        lambda floor: random.random(),
        lambda floor: __import__("numpy").random.random(),
    ],
    ids=["bool", "float for int", "digits of a decimal", "numpy demoted", "a twin for one shared",
         "minus zero", "one shared dict twice", "tuple for list", "order of keys",
         "another enum's members", "a number drawn", "a number drawn of numpy"],
)  # fmt: skip
def test_the_digest_of_a_host_sees_a_change_of(change):
    """What the sweep compares is no weaker than what is promised: each property by itself."""
    with own_randomness():
        floor = founded()
        floor.steps = 1
        floor.hall.append(floor.by_rank[0].gene)
        floor.shared = [floor.deals[1].note]
        before = seen(floor)
        assert seen(floor) == before
        change(floor)
        assert seen(floor) != before
