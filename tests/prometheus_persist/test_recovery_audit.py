"""What the audit says of a reconciliation: applied, chosen, proposed, left, withheld."""

from __future__ import annotations

import dataclasses

from report_kit import facts, needs_human, seed_like

from prometheus_persist.report.audit_lines import audit_lines


def test_what_was_applied_is_told_apart_from_what_was_only_proposed() -> None:
    made = needs_human()
    lines = audit_lines(made)
    [orphan] = [line for line in lines if "resolution=ORPHAN" in line]
    [human] = [line for line in lines if "resolution=HUMAN" in line]
    assert "applied=True" in orphan
    assert 'applied=False chosen="nobody"' in human
    below = lines[lines.index(human) + 1 :]
    assert below[0].startswith("  proposed ")
    assert lines[lines.index(orphan) + 1].startswith("  correction ")
    [withheld] = [line for line in lines if line.startswith("withheld ")]
    assert "for=human" in withheld
    assert 'unanswered "s0ido1"' in lines


def test_what_the_second_look_found_is_told_once() -> None:
    done = seed_like()
    assert done.plan is not None
    clean = dataclasses.replace(done, left=dataclasses.replace(done.plan, findings=()))
    assert f"second look plan={done.plan.plan_hash} left=0" in audit_lines(clean)
    assert len(audit_lines(clean)) == len(audit_lines(done)) + 1
    again = dataclasses.replace(done, left=done.plan)
    told = [line for line in audit_lines(again) if line.startswith("finding ")]
    assert len(told) == 2 * len(done.plan.findings)


def test_an_exchange_that_was_not_asked_is_one_line() -> None:
    lines = audit_lines(facts(None, "incomplete", venue_problem="a\nb"))
    assert lines == ['reconcile decision=incomplete problem="a\\nb"']
