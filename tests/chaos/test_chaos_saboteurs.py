"""Each saboteur is caught by the scenario that is named for it; without it that scenario is green
(``test_chaos_scenarios``)."""

import pytest

from chaos.runner import Effort, play
from chaos.saboteurs import CAUGHT_BY, SABOTEURS
from chaos.scenarios.table import BY_NAME
from chaos.verdict import Outcome

QUICK = Effort(sweep_stride=24)
SEEN_AS = {
    "ack-before-write": "I1",
    "checksum-not-checked": "I2",  # the two copies differ and are named; one of them is believed
    "intent-after-send": "I8",
}


def test_every_saboteur_has_its_scenario():
    assert set(CAUGHT_BY) == set(SEEN_AS) == set(SABOTEURS)


@pytest.mark.chaos
@pytest.mark.timeout(300)
@pytest.mark.parametrize("saboteur", SABOTEURS)
def test_the_named_scenario_catches_it(saboteur, tmp_path, chaos_seed):
    scenario = BY_NAME[CAUGHT_BY[saboteur]]
    verdict = play(scenario, tmp_path, chaos_seed, effort=QUICK, saboteur=saboteur)
    assert [each for each in verdict.assumptions if not each.holds] == []
    assert verdict.outcome is Outcome.FAILED
    assert SEEN_AS[saboteur] in {each.invariant for each in verdict.checks if not each.ok}
