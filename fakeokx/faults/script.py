"""A fault script is a list of rules; a rule says which calls it hits and what becomes of them.

A rule as JSON, everything but ``action`` optional::

    {"action": "drop_answer", "path": "trade/batch-orders", "method": "POST",
     "operation": "place", "instId": "BTC-USDT-SWAP", "nth": 2, "times": 3,
     "probability": 0.25, "seed": 7,
     "ms": 500, "code": "50001", "status": 503, "form": "html", "keep": 10}

Matching: each given one of ``path``, ``method``, ``operation`` and ``instId`` has to agree
with the call, and the action has to be one for such calls (see ``actions``). Over WebSocket
the method is ``WS``; the path of a push is its channel and its operation is ``push``, which a
``delay`` has to name if it is to hold up pushes. Of the calls that agree, the rule lets
``nth - 1`` pass and then fires on the next ``times``; 0 means every one from then on, and is
the default of maintenance and of a rule with a probability. With a ``probability`` each of
these calls is struck with that chance, drawn from ``seed`` and the number of the call, so the
same script does the same again.

Every rule counts the calls that agreed (``matched``) and those it fired on (``fired``); a
scenario whose faults never fired has tested nothing, so the counts are what to look at first.
Several rules may fire on one call. Their delays add up; of the other actions the first rule
in the list wins, and a rule that lost does not count as fired.

``form`` is the shape of an error: ``okx``, or what stands in front of OKX: ``gateway`` (a JSON
object with an int code) or ``html``.
"""

from collections.abc import Sequence
from typing import Any, Final

from fakeokx.faults.actions import ACTIONS, CLOCK_SKEW, DELAY, INDEX_LAG, MAINTENANCE, STALE
from fakeokx.faults.actions import DROP_ANSWER as DROP_ANSWER
from fakeokx.faults.actions import REFUSE as REFUSE
from fakeokx.faults.rules import BadScript, Call, Fault, Rule, rule_of

RULES_MAX: Final = 1000
NO_FAULT: Final = Fault()


class Script:
    """The rules in force and their counts."""

    def __init__(self, rules: Sequence[Any] = ()) -> None:
        if len(rules) > RULES_MAX:
            raise BadScript(f"a script has at most {RULES_MAX} rules")
        self._rules = [rule_of(each) for each in rules]

    def __bool__(self) -> bool:
        return bool(self._rules)

    @property
    def needs_past(self) -> bool:
        """Whether a rule will show the exchange as it is when the script is loaded."""
        return any(rule.action == STALE for rule in self._rules)

    @property
    def lags_ms(self) -> set[int]:
        """How far behind the exchange its rules let it be read."""
        return {rule.ms for rule in self._rules if rule.action == INDEX_LAG}

    @property
    def is_maintenance(self) -> bool:
        """Whether a maintenance rule is in force."""
        return any(rule.action == MAINTENANCE and not rule.is_spent for rule in self._rules)

    @property
    def skews_ms(self) -> tuple[int, ...]:
        """How far the exchange's clock may seem to be off, by the rules in force."""
        return tuple(
            rule.ms for rule in self._rules if rule.action == CLOCK_SKEW and not rule.is_spent
        )

    def take(self, call: Call) -> Fault:
        """What happens to this call; counts it."""
        delay_ms = 0
        chosen: Rule | None = None
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
            return Fault(delay_ms=delay_ms) if delay_ms else NO_FAULT
        waits = chosen.ms if ACTIONS[chosen.action].ms_is_delay else 0
        return Fault(
            delay_ms=delay_ms + waits,
            action=chosen.action,
            code=chosen.code,
            status=chosen.status,
            form=chosen.form,
            ms=chosen.ms,
            keep=chosen.keep,
            draw=chosen.draw(),
        )

    def report(self) -> list[dict[str, Any]]:
        """Every rule with its counts, in the order of the script."""
        return [rule.report() for rule in self._rules]
