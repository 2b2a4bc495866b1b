"""One rule of a fault script: read from JSON, asked whether it strikes, and counted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fakeokx.faults.actions import (
    ACTIONS,
    CLOCK_SKEW,
    DELAY,
    DELAY_ANSWER,
    MAINTENANCE,
    PUSH,
    STALE,
    STALE_POSITIONS,
    reaches,
)

DELAY_MS_MAX: Final = 600_000
SKEW_MS_MAX: Final = 10 * 86_400_000
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

    @property
    def answer_delay_ms(self) -> int:
        """How long to wait between executing and answering."""
        return self.ms if self.action == DELAY_ANSWER else 0


@dataclass(slots=True, kw_only=True)
class Rule:
    """One rule and its counts."""

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
        """Whether the rule is about that call."""
        return (
            self.path in ("", call.path)
            and self.method in ("", call.method)
            and self.operation in ("", call.operation)
            and (not self.inst_id or self.inst_id in call.inst_ids)
            and reaches(self.action, call.method, call.operation)
            and (self.action != MAINTENANCE or call.path != _STATUS_PATH)
            and (call.operation != PUSH or self.action != DELAY or self.operation == PUSH)
        )

    def draw(self) -> int:
        """A number below 2**64 that depends on the seed and on how many calls agreed."""
        text = f"{self.seed}:{self.matched}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:8], "big")

    def is_due(self) -> bool:
        """Whether it strikes the call that was counted last."""
        if self.matched < self.nth or self.is_spent:
            return False
        return self.probability >= 1 or self.draw() < self.probability * _DRAWS

    @property
    def is_spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.times != 0 and self.fired >= self.times

    def report(self) -> dict[str, Any]:
        """The rule as JSON data, with its counts."""
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


def rule_of(data: Any) -> Rule:
    """The rule that this JSON describes; raises BadScript."""
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
    return Rule(
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
        may_be_negative = (name == "ms" and action == CLOCK_SKEW) or (
            name == "keep" and count == -1
        )
        if count < 0 and not may_be_negative:
            raise BadScript(f"{name} must be at least 0, not {count!r}")
    most = SKEW_MS_MAX if action == CLOCK_SKEW else DELAY_MS_MAX
    if abs(counts["ms"]) > most:
        raise BadScript(f"ms must be at most {most}")
