"""``prometheus-chaos detect``: it finds what is injected, leads out of it, and it can fail.

The figure of the issue (200 instances of each kind) is ``prometheus-chaos detect``; here a few of
each, and reconcilers that are broken on purpose, each of which the command must catch.
"""

import dataclasses
import json
from fractions import Fraction

import pytest

from chaos.cli import main
from chaos.detect.kinds import BY_NAME, KINDS
from chaos.detect.run import Score, run, total
from chaos.detect.trial import Trial, attempt
from chaos.oracle.attribution import NOBODY, attribution
from chaos.saboteurs.deciders import misled
from chaos.saboteurs.planted import LATE, planted
from chaos.verdict import Outcome
from prometheus_persist.reconcile.plan import BookFill, BookOrphan, Case, Verdict
from prometheus_persist.reconcile.reconciler import NO_CHOICES
from prometheus_persist.session import planning, reconciling

LOT = {"X": "1"}


def detect(capsys, *args):
    """Exit code and data of one run."""
    code = main(["detect", *args, "--json"])
    return code, json.loads(capsys.readouterr().out)


def broken(monkeypatch, change):
    """A reconciler whose every plan is changed."""
    real = planning.reconcile

    def wrong(books, view, choices=NO_CHOICES):
        return change(real(books, view, choices))

    for module in (planning, reconciling):
        monkeypatch.setattr(module, "reconcile", wrong)


def test_every_kind_is_detected_and_nothing_is_corrected_wrongly(capsys):
    code, told = detect(capsys, "--instances", "1", "--seed", "3")
    assert [row for row in told["kinds"] if row["problems"]] == []
    assert code == 0
    assert len(told["kinds"]) == len(KINDS) >= 80
    whole = told["total"]
    assert whole["instances"] == len(KINDS)
    assert (whole["recall"], whole["false_corrections"], whole["classified"]) == (1, 0, 1)
    assert whole["wrong_gates"] == whole["dead_ends"] == whole["shut_beside"] == whole["void"] == 0
    assert whole["ways"] > len(KINDS)
    assert 0 < whole["resolved"] < 1
    assert 0 < whole["proposed"] < 1


def test_a_run_is_repeated_by_its_seed():
    kinds = [BY_NAME["stop-fired"], BY_NAME["manual-close-shared"]]
    assert [each.to_json() for each in run(kinds, 2, 7)] == [
        each.to_json() for each in run(kinds, 2, 7)
    ]
    assert attempt(kinds[0], 1, 0) != attempt(kinds[0], 2, 0)
    assert [each.to_json() for each in run(kinds, 2, 7, jobs=2)] == [
        each.to_json() for each in run(kinds, 2, 7)
    ]


@pytest.mark.parametrize(("kind", "case"), [("stop-fired", Case.B), ("manual-open", Case.J)])
def test_a_reconciler_that_misses_a_case_fails(monkeypatch, capsys, kind, case):
    def blind(plan):
        return dataclasses.replace(
            plan, findings=tuple(one for one in plan.findings if one.case is not case)
        )

    broken(monkeypatch, blind)
    code, told = detect(capsys, kind, "--instances", "3")
    assert code == 1
    assert told["total"]["recall"] == 0
    assert "looked for" in told["kinds"][0]["problems"][0]


def test_a_finding_that_leaves_its_items_a_match_is_a_miss(monkeypatch, capsys):
    def unmarked(plan):
        items = (dataclasses.replace(item, verdict=Verdict.MATCH, note="") for item in plan.items)
        return dataclasses.replace(plan, items=tuple(items))

    broken(monkeypatch, unmarked)
    code, told = detect(capsys, "own-close", "--instances", "2")
    assert (code, told["total"]["recall"]) == (1, 0)
    assert "called a match" in told["kinds"][0]["problems"][0]


def test_an_owner_guessed_is_a_false_correction(monkeypatch, capsys):
    """What is nobody's goes to some agent: detected, and wrong."""

    def guess(step, name):
        return BookFill(name, step.execution) if isinstance(step, BookOrphan) else step

    def guessed(plan):
        name = plan.items[0].agent_id
        findings = (
            dataclasses.replace(one, corrections=tuple(guess(s, name) for s in one.corrections))
            for one in plan.findings
        )
        return dataclasses.replace(plan, findings=tuple(findings))

    broken(monkeypatch, guessed)
    code, told = detect(capsys, "manual-open", "--instances", "3")
    assert code == 1
    assert told["total"]["recall"] == 1
    assert told["total"]["false_corrections"] >= 3


def test_an_item_without_a_verdict_is_not_classified(monkeypatch, capsys):
    broken(monkeypatch, lambda plan: dataclasses.replace(plan, items=plan.items[:-1]))
    code, told = detect(capsys, "manual-open", "--instances", "2")
    assert (code, told["total"]["classified"]) == (1, 0)


def test_a_finding_on_true_books_is_a_false_correction(monkeypatch, capsys):
    real = planning.reconcile
    seen = []

    def haunted(books, view, choices=NO_CHOICES):
        plan = real(books, view, choices)
        seen.extend(plan.findings[:1])
        return dataclasses.replace(plan, findings=(*plan.findings, *(seen[:1])))

    monkeypatch.setattr(planning, "reconcile", haunted)
    code, told = detect(capsys, "manual-open", "--instances", "2")
    assert code == 1
    assert told["total"]["false_corrections"] >= 1
    assert "on true books" in " ".join(told["kinds"][0]["problems"])


def test_an_instance_that_breaks_down_makes_the_run_void(monkeypatch, capsys):
    def breaks(books, view, choices=NO_CHOICES):
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(planning, "reconcile", breaks)
    code, told = detect(capsys, "manual-open", "--instances", "2")
    assert code == 3
    assert "on purpose" in told["kinds"][0]["problems"][0]


@pytest.mark.parametrize(
    ("kind", "saboteur", "figure"),
    [
        ("hand-close-part", "withheld-ignored", "wrong_gates"),
        ("id-twice", "freeze-forgotten", "dead_ends"),
        ("hand-close-part", "shuts-everything", "shut_beside"),
    ],
)
def test_what_a_wrong_decider_does_is_counted(capsys, kind, saboteur, figure):
    with misled(saboteur):
        code, told = detect(capsys, kind, "--instances", "2")
    assert code == 1
    assert told["total"][figure] > 0
    assert told["total"]["recall"] == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", LATE)
def test_a_mistake_that_shows_when_evidence_is_late_is_seen(name):
    mistake = LATE[name]
    with planted(mistake):
        told = (line for number in range(6)
                for line in attempt(BY_NAME[mistake.kind], 1, number).problems)  # fmt: skip
        assert any(line.startswith(mistake.seen_as) for line in told)


def test_a_first_alternative_that_is_proven_and_wrong_is_a_false_correction(monkeypatch, capsys):
    """What was booked would restore the size; all of it to nobody does not."""

    def last_first(plan):
        findings = (
            dataclasses.replace(
                one,
                alternatives=one.alternatives[::-1],
                corrections=one.alternatives[-1].corrections,
                chosen=one.alternatives[-1].name,
            )
            if one.alternatives
            else one
            for one in plan.findings
        )
        return dataclasses.replace(plan, findings=tuple(findings))

    broken(monkeypatch, last_first)
    code, told = detect(capsys, "written-shared", "--instances", "3", "--seed", "2")
    assert code == 1
    assert "the first alternative" in " ".join(told["kinds"][0]["problems"])


def test_every_kind_has_words_and_a_name_of_its_own():
    assert len(BY_NAME) == len(KINDS)
    assert len({kind.en for kind in KINDS}) == len({kind.zh for kind in KINDS}) == len(KINDS)


def test_a_miss_outranks_a_void_instance():
    score = Score(BY_NAME["adl"])
    score.take(Trial("adl", "1/0", void="broken"))
    assert score.outcome is Outcome.VOID
    score.take(Trial("adl", "1/1", classified=True))
    assert score.outcome is total([score]).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("lang", "due"), [("en", "recall 100.0 %, false corrections 0"), ("zh", "召回率 100.0 %")]
)
def test_the_table_is_told_in_both_languages(capsys, lang, due):
    assert main(["detect", "manual-open", "--instances", "1", "--lang", lang]) == 0
    out = capsys.readouterr().out
    assert due in out
    assert BY_NAME["manual-open"].zh in out or lang == "en"


def test_an_unknown_kind_is_a_usage_error_with_a_hint(capsys):
    assert main(["detect", "stop-fire"]) == 2
    assert "did you mean stop-fired?" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["detect", "--instances", "0"])
    assert left.value.code == 2


# The oracle --------------------------------------------------------------------------------------


def told(*deeds):
    """Order and fill rows of (side, size, category, posSide)."""
    orders, fills = [], []
    for number, (side, size, category, *pos_side) in enumerate(deeds, start=1):
        orders.append({"ordId": str(number), "algoId": "", "tdMode": "cross", "category": category})
        fills.append(
            {
                "ordId": str(number), "instId": "X", "posSide": (pos_side or ["net"])[0],
                "side": side, "fillSz": str(size), "billId": str(number), "tradeId": str(number),
            }
        )  # fmt: skip
    return orders, fills


def held(found, side="net"):
    return found.held.get(("X", "cross", side), {})


def test_the_oracle_splits_a_forced_close_by_the_declared_rule():
    rows = told(
        ("buy", 1, "normal"), ("buy", 2, "normal"), ("buy", 2, "normal"), ("sell", 4, "adl")
    )
    found = attribution(*rows, {"1": "c", "2": "b", "3": "a"}, LOT)
    # 4 of 5: a 1.6, b 1.6, c 0.8; in whole lots 1, 1, 0; two are left: the lowest takes one (it has
    # one more), the next the other.
    assert held(found) == {"c": 1}
    assert found.borne["X:4"] == {"a": 2, "b": 2}


def test_the_oracle_knows_whom_a_hand_closed_only_where_one_alone_held():
    sole = attribution(*told(("buy", 3, "normal"), ("sell", 2, "normal")), {"1": "a"}, LOT)
    assert held(sole) == {"a": Fraction(1)}
    for deeds in (
        (("buy", 3, "normal"), ("buy", 1, "normal"), ("sell", 2, "normal")),
        (("buy", 3, "normal"), ("sell", 4, "normal")),
    ):
        sent = {str(number): name for number, name in enumerate("ab"[: len(deeds) - 1], start=1)}
        assert attribution(*told(*deeds), sent, LOT).unprovable == {("X", "cross", "net")}


def test_the_oracle_closes_everybody_at_a_delivery():
    rows = told(("buy", 5, "normal"), ("sell", 2, "normal"), ("sell", 3, "delivery"))
    found = attribution(*rows, {"1": "a", "2": "b"}, LOT)
    assert held(found) == {}
    assert found.borne["X:3"] == {"a": 5, "b": 2}
    assert found.unprovable == set()


def test_the_oracle_gives_nobody_what_opens_and_sides_their_signs():
    found = attribution(
        *told(("sell", 2, "normal", "short"), ("sell", 1, "normal", "short"),
              ("buy", 1, "normal", "short")),
        {"1": "a", "3": "a"}, LOT,
    )  # fmt: skip
    assert held(found, "short") == {"a": 1, NOBODY: 1}
