"""What is saved when: one table.

trigger    save   readable files   snapshot       when
TRADE      yes    -                -              after every execution booked
DEATH      yes    yes              -              an agent died
BIRTH      yes    -                -              an agent was added
CYCLE      every N cycles, both    when an hour has passed since the last one
RECONCILE  yes    yes              -              a plan was applied
EXIT       yes    yes              -              the system ends, or SIGINT or SIGTERM came
MANUAL     yes    yes              yes            somebody asked

In every other cycle the Supervisor's memory is saved, and nothing else: how far the loop has come.
A clean-up is due after every snapshot, which does it itself, and after an opening.
"""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    """What happened."""

    TRADE = "trade"
    DEATH = "death"
    BIRTH = "birth"
    CYCLE = "cycle"
    RECONCILE = "reconcile"
    EXIT = "exit"
    MANUAL = "manual"


class SaveAction(StrEnum):
    """What is done about it, in this order."""

    SAVE = "save"
    CHECKPOINT = "checkpoint"
    SNAPSHOT = "snapshot"
    CLEAN_UP = "clean-up"


_ALWAYS: dict[Trigger, tuple[SaveAction, ...]] = {
    Trigger.TRADE: (SaveAction.SAVE,),
    Trigger.DEATH: (SaveAction.SAVE, SaveAction.CHECKPOINT),
    Trigger.BIRTH: (SaveAction.SAVE,),
    Trigger.CYCLE: (),
    Trigger.RECONCILE: (SaveAction.SAVE, SaveAction.CHECKPOINT),
    Trigger.EXIT: (SaveAction.SAVE, SaveAction.CHECKPOINT),
    Trigger.MANUAL: (SaveAction.SAVE, SaveAction.CHECKPOINT, SaveAction.SNAPSHOT),
}


def actions_due(
    trigger: Trigger,
    *,
    cycle: int = 0,
    every_cycles: int = 5,
    since_snapshot_s: float = 0.0,
    snapshot_every_s: float = 3600.0,
) -> tuple[SaveAction, ...]:
    """What is due now."""
    due = _ALWAYS[trigger]
    if trigger is Trigger.CYCLE:
        if cycle % every_cycles == 0:
            due = (SaveAction.SAVE, SaveAction.CHECKPOINT)
        if since_snapshot_s >= snapshot_every_s:
            due = (SaveAction.SAVE, SaveAction.CHECKPOINT, SaveAction.SNAPSHOT)
    return due
