"""What OKX refuses, in the user's language.

The library says it in English, wherever it comes from (``exchange.okx.refusals``). Here the
sentence is found again, with its numbers, and said in Chinese where that is asked for.
"""

from __future__ import annotations

import dataclasses
import functools
import re

from prometheus_persist.exchange.okx import refusals as okx_refusals
from prometheus_persist.report.facts import RecoveryFacts

_OFFSET = "{offset_ms}"


@functools.cache
def _sentences() -> tuple[tuple[re.Pattern[str], str], ...]:
    found = []
    for zh, en in dict.fromkeys(okx_refusals.WORDS.values()):
        pattern = re.escape(en).replace(re.escape(_OFFSET), r"(-?\d+|\?)")
        found.append((re.compile(pattern), zh.replace(_OFFSET, r"\g<1>")))
    return tuple(found)


def in_language(text: str, lang: str) -> str:
    """The text with what it has of those sentences in ``lang``."""
    if lang == "zh":
        for pattern, zh in _sentences():
            text = pattern.sub(zh, text)
    return text


def facts_in_language(facts: RecoveryFacts, lang: str) -> RecoveryFacts:
    """The facts for people: what kept the exchange from being read, in their language."""
    plan = facts.plan
    if plan is not None:
        problems = tuple(in_language(one, lang) for one in plan.source_problems)
        plan = dataclasses.replace(plan, source_problems=problems)
    sources = tuple(
        dataclasses.replace(one, problem=in_language(one.problem, lang)) for one in facts.sources
    )
    problem = in_language(facts.venue_problem, lang)
    return dataclasses.replace(facts, venue_problem=problem, sources=sources, plan=plan)
