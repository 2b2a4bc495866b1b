"""Every sentence exists in both languages, says the same things, and is there when it is needed."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import prometheus_persist.errors as errors
from prometheus_persist.reconcile.account import DEMO, LIVE
from prometheus_persist.reconcile.finding import WORDS
from prometheus_persist.reconcile.plan import Case, Item, Resolution, Verdict
from prometheus_persist.reconcile.plan_json import KINDS
from prometheus_persist.reconcile.views import SOURCES
from prometheus_persist.report.messages import MESSAGES, message
from prometheus_persist.state.intents import TRANSITIONS
from prometheus_persist.words.terms import TERMS

ROOT = Path(__file__).parents[2] / "prometheus_persist"
CASH_KINDS = ("funding", "fee", "liquidation_penalty", "transfer", "interest", "foreign_trade",
              "unexplained", "other")  # fmt: skip
LITERAL = re.compile(r'"((?:what|cause|remedy|why|next|cli|report|death|item)\.[a-z_.A-Z]+)"')


TERM_FAMILIES = ("case.", "resolution.", "verdict.", "flow.", "row.", "source.", "mode.", "policy.",
                 "do.", "environment.", "outcome.")  # fmt: skip


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("message_id", sorted(MESSAGES))
def test_both_languages_have_the_sentence_with_the_same_placeholders(message_id: str) -> None:
    zh, en = MESSAGES[message_id]
    assert zh.strip()
    assert en.strip()
    assert placeholders(zh) == placeholders(en)


def test_every_message_id_in_the_source_exists() -> None:
    used = {
        name
        for path in ROOT.rglob("*.py")
        for name in LITERAL.findall(path.read_text(encoding="utf-8"))
    }
    assert used <= MESSAGES.keys(), used - MESSAGES.keys()


def test_every_word_of_every_finding_exists() -> None:
    used = {message_id for words in WORDS.values() for message_id in words}
    assert used <= MESSAGES.keys()
    assert {f"item.{item.value}" for item in Item} <= MESSAGES.keys()


def test_every_term_that_a_plan_can_hold_has_a_word_and_no_term_is_of_an_unknown_family() -> None:
    needed = {
        *(f"case.{one.value}" for one in Case),
        *(f"resolution.{one.value}" for one in Resolution),
        *(f"verdict.{one.value}" for one in Verdict),
        *(f"source.{name}" for name in SOURCES),
        *(f"do.{kind}" for kind in KINDS.values()),
        *(f"outcome.{name}" for name in TRANSITIONS),
        *(f"environment.{name}" for name in (DEMO, LIVE)),
        *(f"flow.{kind}" for kind in ("pnl", "fee", *CASH_KINDS)),
    }
    assert needed <= TERMS.keys(), needed - TERMS.keys()
    assert all(name.startswith(TERM_FAMILIES) for name in TERMS)


def test_every_error_says_what_to_do_next() -> None:
    leaves = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.PersistError)
    ]
    assert len(leaves) > 10
    assert all(leaf.next_step in MESSAGES for leaf in leaves)


def test_no_sentence_is_without_a_speaker() -> None:
    """A message that nothing says is dead text."""
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (*ROOT.rglob("*.py"), *(ROOT.parent / "chaos" / "sandbox").glob("*.py"))
        if path.parent.name != "words"
    )
    built = ("cli.", "alt.", "grade.", "death.", "item.", "ledger.", "report.repaired",
             "report.ignored", "report.lost", "past.", *TERM_FAMILIES)  # fmt: skip
    silent = [name for name in MESSAGES if not name.startswith(built) and f'"{name}"' not in source]
    words = {message_id for triple in WORDS.values() for message_id in triple}
    assert [name for name in silent if name not in words and f"'{name}'" not in source] == []


def test_a_message_never_fails_for_what_it_was_not_given() -> None:
    assert message("remedy.booked", "en") == "book the fill into both ledgers, fee={fee}"
    assert message("no.such.id", "zh") == "no.such.id"
    assert message("cli.saved", "fr", seq="1", path="p") == "saved: sequence 1, snapshot p"
