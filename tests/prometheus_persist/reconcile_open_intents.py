"""Rows of case F, a part of the table of ``test_reconcile_cases``: intents that are still open."""

from __future__ import annotations

from reconcile_acts import (
    A,
    H,
    Row,
    U,
    algo_intent,
    answered,
    ended_meanwhile,
    sent,
    steps,
    unbooked,
)

from prometheus_persist.state import contracts

OPEN_INTENTS = (
    Row(
        "F never arrived",
        answered("A", "PENDING", False),
        (("F", A, "A"),),
        check=lambda w, p: not w.state.intents,
    ),
    Row("F unknown, never arrived", answered("A", "UNKNOWN", False), (("F", A, "A"),)),
    Row(
        "F filled",
        sent("A", "UNKNOWN", "filled", "all"),
        (("A", A, "A"), ("F", A, "A")),
        check=lambda w, p: w.position("A") == 2 and not w.state.intents,
    ),
    Row(
        "F accepted and filled meanwhile",
        sent("A", "ACCEPTED", "filled", "all"),
        (("A", A, "A"), ("F", A, "A")),
    ),
    Row(
        "F partly filled and canceled",
        sent("A", "PENDING", "canceled", "all"),
        (("A", A, "A"), ("F", A, "A")),
    ),
    Row(
        "F found resting",
        lambda w: w.rest("A", "buy", 1, intent="PENDING"),
        (("F", A, "A"),),
        check=lambda w, p: next(iter(w.state.intents.values())).outcome == "ACCEPTED",
    ),
    Row(
        "F canceled unfilled",
        answered("A", "ACCEPTED", True, state="canceled", ord_id="7"),
        (("F", A, "A"),),
    ),
    Row(
        "F ended since the question was answered",
        ended_meanwhile,
        (("F", A, "A"),),
        check=lambda w, p: not w.state.intents,
    ),
    Row("F algo triggered", algo_intent("effective"), (("F", A, "A"),)),
    Row("F algo canceled", algo_intent("canceled"), (("F", A, "A"),)),
    Row("F algo lives: nothing", algo_intent("live")),
    Row(
        "near F: not answered",
        answered("A", "PENDING", None, problem="timed out"),
        (("F", U, "A"),),
    ),
    Row("near F: not asked", lambda w: w.intent("A", "buy", 1, "PENDING"), (("F", U, "A"),)),
    Row(
        "near F: accepted, then unknown to the exchange",
        answered("A", "ACCEPTED", False),
        (("F", U, "A"),),
    ),
    Row(
        "near F: no such order, yet it has a fill",
        steps(
            unbooked("A", "buy", 2, intent="PENDING", order_row=False),
            unbooked("A", "buy", 1),
            lambda w: w.answer(next(iter(w.state.intents)), False),
        ),
        (("A", A, "A"), ("A", A, "A"), ("F", U, "A")),
    ),
    Row(
        "near F: filled, but the fills are behind",
        answered("A", "PENDING", True, state="filled", ord_id="7"),
        (("F", U, "A"),),
    ),
    Row(
        "near A: only the answer about the order tells of what is not shown yet",
        steps(
            unbooked("A", "buy", 2, intent="ACCEPTED"),
            lambda w: w.answer(
                next(iter(w.state.intents)),
                True,
                state="filled",
                ord_id=w.fills[-1].ord_id,
                filled_contracts=contracts(2),
            ),
            lambda w: w.hidden.add(w.fills[-1].ord_id),
        ),
        (("A", U, None), ("F", U, "A")),
    ),
    Row(
        "near F: a state nobody knows",
        answered("A", "PENDING", True, state="melted", ord_id="7"),
        (("F", U, "A"),),
    ),
    Row(
        "near F: too old for proof",
        answered("A", "PENDING", None, problem="older", forgotten=True),
        (("F", H, "A"),),
    ),
)
