"""A fault script is a list of rules; a rule says which calls it hits and what becomes of them.

A rule as JSON, everything but ``action`` optional::

    {"action": "drop_answer", "path": "trade/batch-orders", "method": "POST",
     "operation": "place", "instId": "BTC-USDT-SWAP", "nth": 2, "times": 3,
     "probability": 0.25, "seed": 7,
     "ms": 500, "code": "50001", "status": 503, "form": "html", "keep": 10}

Matching: each given one of ``path``, ``method``, ``operation`` and ``instId`` has to agree
with the call, and the action has to be one for such calls (see ``actions``). Over WebSocket
the method is ``WS``, the path of a push is its channel and its operation is ``push``. Of the
calls that agree, the rule lets ``nth - 1`` pass and then fires on the next ``times``; 0 means
every one from then on, and is the default of maintenance and of a rule with a probability.
With a ``probability`` each of these calls is struck with that chance, drawn from ``seed`` and
the number of the call, so the same script does the same again.

Every rule counts the calls that agreed (``matched``) and those it fired on (``fired``); a
scenario whose faults never fired has tested nothing, so the counts are what to look at first.
Several rules may fire on one call. Their delays add up; of the other actions the first rule
in the list wins, and a rule that lost does not count as fired.

``form`` is the shape of an error: ``okx``, or what stands in front of OKX: ``gateway`` (a JSON
object with an int code) or ``html``.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fakeokx.faults.actions import (
    ACTIONS,
    CLOCK_SKEW,
    DELAY,
    MAINTENANCE,
    STALE,
    STALE_POSITIONS,
    reaches,
)

DELAY_MS_MAX: Final = 600_000
SKEW_MS_MAX: Final = 10 * 86_400_000
RULES_MAX: Final = 1000
FORMS: Final = ("okx", "gateway", "html")
_STATUS_PATH: Final = "system/status"
_POSITIONS_PATH: Final = "account/positions"
_WORDS: Final = ("action", "path", "method", "operation", "instId", "code", "form")
_COUNTS: Final = MappingProxyType({"nth": 1, "times": 1, "ms": 0, "status": 0, "keep": -1})
_CHANCE: Final = ("probability", "seed")
_REPORTED: Final = ("matched", "fired")
_DRAWS: Final = 2**64


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
    """What to do to one call. An empty action means nothing but the delay.

    ``draw`` is a number that depends on the rule's seed and the call, for whatever else is to
    be left to chance. ``keep`` is -1 where the rule does not say.
    """

    delay_ms: int = 0
    action: str = ""
    code: str = ""
    status: int = 0
    form: str = "okx"
    ms: int = 0
    keep: int = -1
    draw: int = 0


NO_FAULT: Final = Fault()


@dataclass(slots=True, kw_only=True)
class _Rule:
    action: str
    path: str
    method: str
    operation: str
    inst_id: str
    code: str
    form: str
    nth: int
    times: int
    ms: int
    status: int
    keep: int
    probability: float
    seed: int
    matched: int = 0
    fired: int = 0

    def agrees(self, call: Call) -> bool:
        return (
            self.path in ("", call.path)
            and self.method in ("", call.method)
            and self.operation in ("", call.operation)
            and (not self.inst_id or self.inst_id in call.inst_ids)
            and reaches(self.action, call.method, call.operation)
            and (self.action != MAINTENANCE or call.path != _STATUS_PATH)
        )

    def draw(self) -> int:
        text = f"{self.seed}:{self.matched}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")

    def is_due(self) -> bool:
        if self.matched < self.nth or self.is_spent:
            return False
        return self.probability >= 1 or self.draw() < self.probability * _DRAWS

    @property
    def is_spent(self) -> bool:
        return self.times != 0 and self.fired >= self.times

    def report(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "path": self.path,
            "method": self.method,
            "operation": self.operation,
            "instId": self.inst_id,
            "code": self.code,
            "form": self.form,
            "nth": self.nth,
            "times": self.times,
            "ms": self.ms,
            "status": self.status,
            "keep": self.keep,
            "probability": self.probability,
            "seed": self.seed,
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

    @property
    def needs_past(self) -> bool:
        """Whether a rule will show the exchange as it is when the script is loaded."""
        return any(rule.action == STALE for rule in self._rules)

    @property
    def is_maintenance(self) -> bool:
        """Whether a maintenance rule is in force."""
        return any(rule.action == MAINTENANCE and not rule.is_spent for rule in self._rules)

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


def _rule(data: Any) -> _Rule:
    if not isinstance(data, Mapping):
        raise BadScript(f"a rule is an object, not {data!r}")
    unknown = sorted(set(data) - {*_WORDS, *_COUNTS, *_CHANCE, *_REPORTED})
    if unknown:
        raise BadScript(f"a rule has no field {unknown[0]!r}")
    words = {name: data.get(name, "") for name in _WORDS}
    for name, word in words.items():
        if not isinstance(word, str):
            raise BadScript(f"{name} must be text, not {word!r}")
    action = words["action"]
    if action not in ACTIONS:
        raise BadScript(f"action must be one of {', '.join(ACTIONS)}, not {action!r}")
    if words["form"] not in ("", *FORMS):
        raise BadScript(f"form must be one of {', '.join(FORMS)}, not {words['form']!r}")
    probability, seed = _chance(data)
    forever = action == MAINTENANCE or probability < 1
    counts = {**_COUNTS, **({"times": 0} if forever else {})}
    counts |= {name: data[name] for name in _COUNTS if name in data}
    _check_counts(action, counts)
    is_positions = action == STALE_POSITIONS
    return _Rule(
        action=STALE if is_positions else action,
        path=_POSITIONS_PATH if is_positions else words["path"].strip("/"),
        method=words["method"].upper(),
        operation=words["operation"],
        inst_id=words["instId"],
        code=words["code"] or ACTIONS[action].code,
        form=words["form"] or FORMS[0],
        nth=max(1, counts["nth"]),
        times=counts["times"],
        ms=counts["ms"],
        status=counts["status"],
        keep=counts["keep"],
        probability=probability,
        seed=seed,
    )


def _chance(data: Mapping[str, Any]) -> tuple[float, int]:
    probability, seed = data.get("probability", 1), data.get("seed", 0)
    if isinstance(probability, bool) or not isinstance(probability, int | float):
        raise BadScript(f"probability must be a number, not {probability!r}")
    if not 0 <= probability <= 1:
        raise BadScript(f"probability must lie between 0 and 1, not {probability!r}")
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise BadScript(f"seed must be a whole number, not {seed!r}")
    return float(probability), seed


def _check_counts(action: str, counts: Mapping[str, Any]) -> None:
    for name, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool):
            raise BadScript(f"{name} must be a whole number, not {count!r}")
        may_be_negative = (name == "ms" and action == CLOCK_SKEW) or (name == "keep" and count == -1)
        if count < 0 and not may_be_negative:
            raise BadScript(f"{name} must be at least 0, not {count!r}")
    most = SKEW_MS_MAX if action == CLOCK_SKEW else DELAY_MS_MAX
    if abs(counts["ms"]) > most:
        raise BadScript(f"ms must be at most {most}")
