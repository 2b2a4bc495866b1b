"""Every sentence exists in both languages, says the same things, and is there when it is needed."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

import prometheus_persist.errors as errors
from prometheus_persist.reconcile.findings import WORDS
from prometheus_persist.reconcile.plan import Item
from prometheus_persist.reconcile.planjson import KINDS
from prometheus_persist.report.messages import MESSAGES, message

ROOT = Path(__file__).parents[2] / "prometheus_persist"
LITERAL = re.compile(r'"((?:what|cause|remedy|why|next|cli|report|death|item)\.[a-z_.A-Z]+)"')


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
    assert {f"report.step_{kind}" for kind in KINDS.values()} <= MESSAGES.keys()


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
        for path in ROOT.rglob("*.py")
        if path.name not in ("messages.py", "wording.py")
    )
    built = ("cli.", "report.step_", "death.", "item.", "ledger.", "report.repaired",
             "report.ignored", "report.lost")  # fmt: skip
    silent = [name for name in MESSAGES if not name.startswith(built) and f'"{name}"' not in source]
    words = {message_id for triple in WORDS.values() for message_id in triple}
    assert [name for name in silent if name not in words and f"'{name}'" not in source] == []


def test_a_message_never_fails_for_what_it_was_not_given() -> None:
    assert message("remedy.booked", "en") == "book the fill into both ledgers, fee={fee}"
    assert message("no.such.id", "zh") == "no.such.id"
    assert message("cli.saved", "fr", seq="1", path="p") == "saved: sequence 1, snapshot p"
