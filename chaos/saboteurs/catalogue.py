"""Names, and who has to catch whom."""

from __future__ import annotations

from typing import Final, Literal, get_args

Sabotage = Literal["ack-before-write", "checksum-not-checked", "intent-after-send"]
SABOTEURS: Final[tuple[Sabotage, ...]] = get_args(Sabotage)
CAUGHT_BY: Final[dict[Sabotage, str]] = {
    "ack-before-write": "sigkill-sweep",
    "checksum-not-checked": "corrupt-journal",
    "intent-after-send": "sigkill-mid-save",
}


def strikes(saboteur: Sabotage, course: str) -> bool:
    """Whether it can break anything in a scenario of that course: on paper no order leaves."""
    return saboteur != "intent-after-send" or course == "online"


WrongReconciler = Literal["failed-read-is-flat", "booked-again", "owner-by-size"]
RECONCILERS: Final[tuple[WrongReconciler, ...]] = get_args(WrongReconciler)
CAUGHT_BY_SWEEP: Final[dict[WrongReconciler, str]] = {
    "failed-read-is-flat": "exchange",
    "booked-again": "recovery",
    "owner-by-size": "recovery",
}

WrongDecider = Literal[
    "second-look-skipped",
    "withheld-ignored",
    "choice-ignored",
    "not-believed-is-flat",
    "excess-passed-over",
    "epoch-not-raised",
    "freeze-forgotten",
    "shuts-everything",
]
DECIDERS: Final[tuple[WrongDecider, ...]] = get_args(WrongDecider)
