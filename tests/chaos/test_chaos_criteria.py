"""The five criteria: met, failed, or not judged, each from its samples."""

import pytest

from chaos.criteria import Met, quantile, rows
from chaos.verdict import Figures, Outcome, RunVerdict

GOOD = {
    "agents_due": 20,
    "agents_exact": 20,
    "states": 2,
    "states_exact": 2,
    "items": 100,
    "items_settled": 96,
    "deviations": 3,
    "deviations_found": 3,
    "restart_s": [1.0, 2.0],
    "save_ms_fresh": [1.0, 2.0],
    "save_ms_aged": [1.0, 3.0],
    "moments": 5,
    "moments_exact": 5,
}
BAD = [
    (1, {"agents_exact": 19}),
    (1, {"states_exact": 1}),
    (2, {"items_settled": 95}),
    (2, {"deviations_found": 2}),
    (2, {"false_corrections": 1}),
    (3, {"restart_s": [1.0, 30.0]}),
    (4, {"save_ms_aged": [100.0]}),
    (5, {"moments_exact": 4}),
]


def test_good_figures_meet_all_five():
    assert [row.met for row in rows(Figures(**GOOD))] == [Met.MET] * 5


@pytest.mark.parametrize(("number", "change"), BAD, ids=str)
def test_each_figure_can_fail_its_row_and_no_other(number, change):
    failed = [row.number for row in rows(Figures(**{**GOOD, **change})) if row.met is Met.FAILED]
    assert failed == [number]


def test_no_samples_is_not_judged():
    assert {row.met for row in rows(Figures())} == {Met.NOT_JUDGED}


def test_figures_add_up():
    total = Figures(**GOOD)
    total.add(Figures(**GOOD))
    assert total.agents_due == 40
    assert total.restart_s == [1.0, 2.0, 1.0, 2.0]


def test_quantiles_are_samples():
    samples = [float(n) for n in range(1, 101)]
    assert (quantile(samples, 0.5), quantile(samples, 0.99), quantile([7.0], 0.99)) == (50, 99, 7)


def test_void_comes_before_failed_before_passed():
    verdict = RunVerdict("x", 1)
    assert verdict.outcome is Outcome.VOID, "nothing was looked at"
    verdict.check("I1", "fine", 3)
    assert verdict.outcome is Outcome.PASSED
    verdict.check("I2", "wrong", 3, ["this"])
    assert verdict.outcome is Outcome.FAILED
    verdict.assume("the fault struck", holds=False)
    assert verdict.outcome is Outcome.VOID
