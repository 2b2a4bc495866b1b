"""A fault script is a list of rules; a rule says which calls it hits and what becomes of them.

A rule as JSON, everything but ``action`` optional::

    {"action": "drop_answer", "path": "trade/batch-orders", "method": "POST",
     "operation": "place", "instId": "BTC-USDT-SWAP", "nth": 2, "times": 3,
     "ms": 500, "code": "50001", "status": 503}

Matching: each given one of ``path``, ``method``, ``operation`` and ``instId`` has to agree
with the call. Of the calls that agree, the rule lets ``nth - 1`` pass and then fires on the
next ``times`` (default 1; 0 means every one from then on). Every rule counts the calls that
agreed (``matched``) and those it fired on (``fired``); a scenario whose faults never fired
has tested nothing, so the counts are what to look at first.

Several rules may fire on one call. Their delays add up; of the other actions the first rule
in the list wins, and a rule that lost does not count as fired.

===============  ========================================================================
action           what becomes of the call
===============  ========================================================================
delay            wait ``ms`` before it is looked at
refuse           the connection is closed, nothing is executed
error_before     ``code`` (default 50001) with ``status``, nothing is executed
drop_answer      it is executed, then the connection is closed without an answer
error_after      it is executed, then answered with ``code`` (default 50004) and ``status``
empty            answered with code 0 and no rows; a write is not executed
stale_positions  account/positions shows the positions of when the script was loaded
===============  ========================================================================
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

DELAY: Final = "delay"
REFUSE: Final = "refuse"
ERROR_BEFORE: Final = "error_before"
DROP_ANSWER: Final = "drop_answer"
ERROR_AFTER: Final = "error_after"
EMPTY: Final = "empty"
STALE_POSITIONS: Final = "stale_positions"
ACTIONS: Final = (
    DELAY,
    REFUSE,
    ERROR_BEFORE,
    DROP_ANSWER,
    ERROR_AFTER,
    EMPTY,
    STALE_POSITIONS,
)
DELAY_MS_MAX: Final = 600_000
RULES_MAX: Final = 1000
_CODES: Final = MappingProxyType({ERROR_BEFORE: "50001", ERROR_AFTER: "50004"})
_WORDS: Final = ("action", "path", "method", "operation", "instId", "code")
_COUNTS: Final = MappingProxyType({"nth": 1, "times": 1, "ms": 0, "status": 0})
_REPORTED: Final = ("matched", "fired")


class BadScript(ValueError):
    """The script cannot be understood; the old one stays in force."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What a rule can see of a call. ``inst_ids`` are those that the request names."""

    path: str
    method: str
    operation: str
    inst_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What to do to one call. An empty action means nothing but the delay."""

    delay_ms: int = 0
    action: str = ""
    code: str = ""
    status: int = 0


@dataclass(slots=True, kw_only=True)
class _Rule:
    action: str
    path: str
    method: str
    operation: str
    inst_id: str
    code: str
    nth: int
    times: int
    ms: int
    status: int
    matched: int = 0
    fired: int = 0

    def agrees(self, call: Call) -> bool:
        return (
            self.path in ("", call.path)
            and self.method in ("", call.method)
            and self.operation in ("", call.operation)
            and (not self.inst_id or self.inst_id in call.inst_ids)
            and (self.action != STALE_POSITIONS or call.path == "account/positions")
        )

    def is_due(self) -> bool:
        return self.matched >= self.nth and (self.times == 0 or self.fired < self.times)

    def report(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "path": self.path,
            "method": self.method,
            "operation": self.operation,
            "instId": self.inst_id,
            "code": self.code,
            "nth": self.nth,
            "times": self.times,
            "ms": self.ms,
            "status": self.status,
            "matched": self.matched,
            "fired": self.fired,
        }


class Script:
    """The rules in force and their counts."""

    def __init__(self, rules: Sequence[Any] = ()) -> None:
        if len(rules) > RULES_MAX:
            raise BadScript(f"a script has at most {RULES_MAX} rules")
        self._rules = [_rule(each) for each in rules]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def take(self, call: Call) -> Fault:
        """What happens to this call; counts it."""
        delay_ms = 0
        chosen: _Rule | None = None
        for rule in self._rules:
            if not rule.agrees(call):
                continue
            rule.matched += 1
            if not rule.is_due():
                continue
            if rule.action == DELAY:
                delay_ms += rule.ms
                rule.fired += 1
            elif chosen is None:
                chosen = rule
                rule.fired += 1
        if chosen is None:
            return Fault(delay_ms=delay_ms)
        return Fault(
            delay_ms=delay_ms + chosen.ms,
            action=chosen.action,
            code=chosen.code,
            status=chosen.status,
        )

    def report(self) -> list[dict[str, Any]]:
        """Every rule with its counts, in the order of the script."""
        return [rule.report() for rule in self._rules]


def _rule(data: Any) -> _Rule:
    if not isinstance(data, Mapping):
        raise BadScript(f"a rule is an object, not {data!r}")
    unknown = sorted(set(data) - {*_WORDS, *_COUNTS, *_REPORTED})
    if unknown:
        raise BadScript(f"a rule has no field {unknown[0]!r}")
    words = {name: data.get(name, "") for name in _WORDS}
    for name, word in words.items():
        if not isinstance(word, str):
            raise BadScript(f"{name} must be text, not {word!r}")
    if words["action"] not in ACTIONS:
        raise BadScript(f"action must be one of {', '.join(ACTIONS)}, not {words['action']!r}")
    counts = {name: data.get(name, default) for name, default in _COUNTS.items()}
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise BadScript(f"{name} must be a whole number of at least 0, not {count!r}")
    if counts["ms"] > DELAY_MS_MAX:
        raise BadScript(f"ms must be at most {DELAY_MS_MAX}")
    return _Rule(
        action=words["action"],
        path=words["path"].strip("/"),
        method=words["method"].upper(),
        operation=words["operation"],
        inst_id=words["instId"],
        code=words["code"] or _CODES.get(words["action"], ""),
        nth=max(1, counts["nth"]),
        times=counts["times"],
        ms=counts["ms"],
        status=counts["status"],
    )
