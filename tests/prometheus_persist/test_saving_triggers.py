"""When what is saved: the table, all of it."""

from __future__ import annotations

import pytest

from prometheus_persist.saving import SaveAction, Trigger, actions_due

SAVE, FILES, SNAP = SaveAction.SAVE, SaveAction.CHECKPOINT, SaveAction.SNAPSHOT
ALWAYS = {
    Trigger.TRADE: (SAVE,),
    Trigger.DEATH: (SAVE, FILES),
    Trigger.BIRTH: (SAVE,),
    Trigger.RECONCILE: (SAVE, FILES),
    Trigger.EXIT: (SAVE, FILES),
    Trigger.MANUAL: (SAVE, FILES, SNAP),
}


@pytest.mark.parametrize("trigger", [t for t in Trigger if t is not Trigger.CYCLE])
def test_triggers_at_once(trigger: Trigger) -> None:
    """What is not a cycle is due at once, whatever the cycle and the hour are."""
    for since in (0.0, 1e9):
        assert actions_due(trigger, cycle=3, since_snapshot_s=since) == ALWAYS[trigger]


@pytest.mark.parametrize(
    ("cycle", "every", "since", "due"),
    [
        (1, 5, 0, ()),
        (4, 5, 3599.9, ()),
        (5, 5, 0, (SAVE, FILES)),
        (10, 5, 0, (SAVE, FILES)),
        (11, 5, 0, ()),
        (7, 1, 0, (SAVE, FILES)),
        (1, 5, 3600, (SAVE, FILES, SNAP)),
        (5, 5, 3600, (SAVE, FILES, SNAP)),
    ],
)
def test_triggers_cycles(cycle: int, every: int, since: float, due: tuple[SaveAction, ...]) -> None:
    """Every N cycles the state and its files, every hour a snapshot as well."""
    found = actions_due(Trigger.CYCLE, cycle=cycle, every_cycles=every, since_snapshot_s=since)
    assert found == due
