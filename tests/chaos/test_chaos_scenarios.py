"""Every scenario of the catalogue, played for real and judged: ``pytest -m chaos``.

Sweeps strike at every twelfth operation here and the day has six hours; ``prometheus-chaos run``
does all of it.
"""

import pytest

from chaos.runner import Effort
from chaos.scenarios.table import SCENARIOS
from chaos.verdict import Outcome

QUICK = Effort(sweep_stride=12, day_cycles=72, moments=8)


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_scenario(name, chaos_run):
    verdict = chaos_run(name, effort=QUICK)
    broken = [each for each in verdict.assumptions if not each.holds]
    wrong = [each for each in verdict.checks if not each.ok]
    assert (broken, wrong) == ([], [])
    assert verdict.outcome is Outcome.PASSED


def test_names_are_unique_and_every_scenario_says_what_it_is_for():
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
    for scenario in SCENARIOS:
        assert scenario.what
        assert scenario.what_zh
        assert bool(scenario.steps) == (scenario.course == "online")
