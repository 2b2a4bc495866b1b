"""Transcripts of the demo-trading check: kept as JSON lines, and compared.

1. A transcript is one JSON object a line, in the order of the steps, each with its own ``step``.
2. The reference of each position mode is the transcript of fakeokx; it lies beside this module,
   so that an installed library can compare too.
3. ``differences`` names each place where two transcripts say different things, once, at the
   highest level: a missing step is one difference, not one for each of its fields.
4. A difference that an entry of ``known.py`` tells of is harmless; every other is a failure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from chaos.sandbox.known import known_row
from prometheus_persist.errors import BadConfig

Line = dict[str, Any]
Kind = Literal["missing_step", "extra_step", "missing", "extra", "code", "class"]
REFERENCES: Final = Path(__file__).with_name("reference")
_CODES: Final = frozenset({"code", "sCode", "subCode"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One place: ``expected`` is the reference's word, ``found`` the exchange's.

    ``known`` is the row of okx-live.md that tells of it; empty where it is a failure.
    """

    step: str
    kind: Kind
    place: str = ""
    expected: str = ""
    found: str = ""
    known: str = ""


def written(lines: Iterable[Line]) -> str:
    """A transcript as text."""
    return "".join(json.dumps(line, ensure_ascii=False, sort_keys=True) + "\n" for line in lines)


def read_back(text: str) -> list[Line]:
    """The transcript in ``text``; raises BadConfig where it is none."""
    try:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as problem:
        raise BadConfig(f"this is no transcript of the sandbox check: {problem}") from None
    if not all(isinstance(line, dict) and isinstance(line.get("step"), str) for line in found):
        raise BadConfig("this is no transcript of the sandbox check: a line names no step")
    return found


def reference(pos_mode: str) -> list[Line]:
    """What fakeokx answers in that position mode; raises BadConfig for one without reference."""
    try:
        return read_back((REFERENCES / f"{pos_mode}.jsonl").read_text("utf-8"))
    except FileNotFoundError:
        raise BadConfig(
            f"there is no reference transcript for position mode {pos_mode!r}"
        ) from None


def differences(expected: Sequence[Line], found: Sequence[Line]) -> list[Difference]:
    """Every difference, in the order of the reference's steps; then what only ``found`` has."""
    there = {line["step"]: line for line in found}
    known = {line["step"] for line in expected}
    result: list[Difference] = []
    for line in expected:
        if line["step"] not in there:
            result.append(Difference(line["step"], "missing_step"))
        else:
            result += _in_line(line, there[line["step"]])
    return result + [
        Difference(line["step"], "extra_step") for line in found if line["step"] not in known
    ]


def _in_line(expected: Line, found: Line) -> list[Difference]:
    step: str = expected["step"]
    ask: str = expected.get("ask", "")
    return [
        Difference(
            step,
            one.kind,
            one.place,
            "" if one.expected is None else _told(one.expected),
            "" if one.found is None else _told(one.found),
            known_row(ask, one.place, one.expected, one.found, one.beside),
        )
        for one in _differ("", expected, found, {})
    ]


@dataclass(frozen=True, slots=True)
class _Raw:
    """A difference with its whole values (None: nothing there) and what was found beside it."""

    kind: Kind
    place: str
    expected: Any
    found: Any
    beside: Mapping[str, Any]


def _differ(place: str, expected: Any, found: Any, beside: Mapping[str, Any]) -> list[_Raw]:
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        result: list[_Raw] = []
        for name in sorted({*expected, *found}):
            inner = f"{place}.{name}" if place else name
            if name not in found:
                result.append(_Raw("missing", inner, expected[name], None, found))
            elif name not in expected:
                result.append(_Raw("extra", inner, None, found[name], found))
            else:
                result += _differ(inner, expected[name], found[name], found)
        return result
    if isinstance(expected, list) and isinstance(found, list):
        result = []
        for number, (want, have) in enumerate(zip(expected, found, strict=False)):
            result += _differ(f"{place}[{number}]", want, have, beside)
        for number in range(len(found), len(expected)):
            result.append(_Raw("missing", f"{place}[{number}]", expected[number], None, beside))
        for number in range(len(expected), len(found)):
            result.append(_Raw("extra", f"{place}[{number}]", None, found[number], beside))
        return result
    if expected == found:
        return []
    kind: Kind = "code" if place.rpartition(".")[2] in _CODES else "class"
    return [_Raw(kind, place, expected, found, beside)]


def _told(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _TOLD_CHARS_MAX else text[: _TOLD_CHARS_MAX - 1] + "…"


_TOLD_CHARS_MAX: Final = 60
