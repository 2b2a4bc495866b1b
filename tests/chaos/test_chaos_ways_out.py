"""Safe and Live: properties over random histories; and a broken library is caught.

The counts of the issue are ``prometheus-chaos ways-out``; here a few histories, chosen by
Hypothesis, which shrinks a failing one to the fewest kinds.
"""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos.cli import main
from chaos.detect.histories import history
from chaos.detect.kinds import BY_NAME, HIDDEN, KINDS
from chaos.detect.restart import restarted, stored
from chaos.detect.safe import wrongly_open
from chaos.detect.ways_out import UNFIT, HistoryResult, WaysOutVerdict, commanded, played, run
from chaos.saboteurs import DECIDERS
from chaos.saboteurs.deciders import CAUGHT_ON, misled
from chaos.verdict import Outcome

SHOWN = sorted(BY_NAME.keys() - HIDDEN)  # what is hidden for a while is shown by its own trial only
KIND_NAMES = st.lists(st.sampled_from(SHOWN), min_size=1, max_size=3, unique=True)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(KIND_NAMES, st.integers(0, 10**6))
def test_no_gate_is_open_on_wrong_books_and_every_end_has_a_way_out(names, seed):
    found = played(seed, 0, [BY_NAME[name] for name in names])
    assert not found.void, found.void
    assert found.wrong_gates == ()
    assert found.shut_beside == ()
    assert found.dead_end == "", found.steps


@pytest.mark.parametrize("name", ["hand-close-part", "resting-unknown"])
def test_the_steps_of_a_report_work_as_they_are_printed(name):
    found = commanded(1, 0, [BY_NAME[name]])
    assert (found.void, found.wrong_gates, found.dead_end) == ("", (), "")
    assert found.by_command
    assert found.open_at_once == (not found.steps)
    assert {step.split()[0] for step in found.steps} <= {"prometheus-persist"}
    assert len(found.steps) >= 2 or name != "hand-close-part"


@pytest.mark.parametrize("name", DECIDERS)
def test_a_wrong_decider_is_caught(name):
    kinds = [BY_NAME[each] for each in CAUGHT_ON[name].split()]
    with misled(name):
        wrong = run(2, 0, 1, kinds=kinds)
    assert wrong.outcome is Outcome.FAILED, wrong.to_json()
    assert run(1, 0, 1, kinds=kinds).outcome is Outcome.PASSED


def test_a_history_is_repeated_by_its_seed_and_number():
    kinds = [BY_NAME["stop-fired"], BY_NAME["manual-open"]]

    def books(seed, number):
        made = history(seed, number, kinds)
        return made.world.truth().held, [kind.name for kind, _ in made.struck]

    assert books(1, 2) == books(1, 2)
    assert books(1, 2) != books(1, 3)
    assert history(5, 5).drawn == history(5, 5).drawn


def test_kinds_of_the_other_position_mode_are_left_out():
    made = history(1, 0, [BY_NAME["manual-flip"], BY_NAME["manual-flip-hedged"]])
    assert [kind.name for kind, _ in made.struck] in (["manual-flip"], ["manual-flip-hedged"])


def test_a_session_that_may_trade_on_other_books_is_wrongly_open():
    made = history(1, 0, [BY_NAME["holder-dead"]])
    with restarted(made.world, stored(made.world)) as start:
        start.recover()
        assert wrongly_open(start.session, made.world) == []
        made.world.open(None, ("XRP-USDT-SWAP", "cross", "net"), way=1, booked=False)
        wrong = wrongly_open(start.session, made.world)
        assert [each.split(":")[0] for each in wrong] == ["XRP-USDT-SWAP cross net"]


def test_what_cannot_be_run_at_the_machines_time_is_known():
    assert set(BY_NAME) >= UNFIT
    assert len(KINDS) == len(BY_NAME)


@pytest.mark.parametrize(
    ("results", "outcome"),
    [
        ([], Outcome.VOID),
        ([HistoryResult(0)], Outcome.PASSED),
        ([HistoryResult(0), HistoryResult(1, void="broke down")], Outcome.VOID),
        (
            [HistoryResult(0, void="broke down"), HistoryResult(1, dead_end="nothing is named")],
            Outcome.FAILED,
        ),
        ([HistoryResult(0, wrong_gates=("X",))], Outcome.FAILED),
        ([HistoryResult(0, shut_beside=("X",))], Outcome.FAILED),
    ],
)
def test_a_verdict_over_all(results, outcome):
    verdict = WaysOutVerdict(1)
    for one in results:
        verdict.take(one)
    assert verdict.outcome is outcome


def test_the_command_tells_its_figures(capsys):
    words = ["ways-out", "manual-open", "--histories", "2", "--commands", "0", "--json"]
    assert main(words) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert (told["histories"], told["wrong_gates"], told["dead_ends"]) == (2, 0, 0)
    assert told["by_kind"]["manual-open"]["histories"] == 2
    assert "2/2: gates 0, dead ends 0" in err


@pytest.mark.parametrize(("lang", "due"), [("en", "dead ends 0"), ("zh", "死路 0")])
def test_the_table_is_told_in_both_languages(capsys, lang, due):
    words = ["ways-out", "manual-open", "--histories", "1", "--commands", "0", "--lang", lang]
    assert main(words) == 0
    assert due in capsys.readouterr().out


def test_a_failing_history_is_told_with_the_command_that_repeats_it(capsys):
    words = ["ways-out", "adl", "hand-close-part", "own-fill", "--histories", "1", "--commands"]
    assert main([*words, "0", "--saboteur", "second-look-skipped", "--json"]) == 1
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    repeat = problem.partition("repeat: prometheus-chaos ways-out ")[2]
    assert "hand-close-part" in repeat.partition("--histories 1 --commands 0 --number 0")[0]


def test_an_unknown_kind_is_a_usage_error(capsys):
    assert main(["ways-out", "stop-fire"]) == 2
    assert "did you mean stop-fired?" in capsys.readouterr().err
