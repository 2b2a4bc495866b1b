"""I1, I2, I4, I7 over the points of a sweep: one strike at one operation each.

Each point was looked at three times: after the strike, after a second kill while reopening, and
after reopening in peace. A point carries the digests of the last commits that the child began. The
state due at the restored sequence is that of the last commit begun at or before it, or the base's.
"""

from __future__ import annotations

from chaos.digest import JsonObject
from chaos.verdict import RunVerdict

AGENTS = 10
LOOKS = 3


def check(verdict: RunVerdict, points: list[JsonObject]) -> None:
    """All points of one record."""
    struck = [point for point in points if point["kind"] != "errno"]
    failed = [point for point in points if point["kind"] == "errno"]
    verdict.check("I1", "the last acknowledged commit is there", len(points), _lost(points))
    verdict.check("I2", "the restored state is one the program had", len(points), _mixed(points))
    verdict.check(
        "I4",
        "killed while reopening, then reopened in peace: the same state each time",
        len(points),
        _unstable(points),
    )
    verdict.check(
        "I7",
        "an operation that failed raised, with an error that has a name",
        len(failed),
        [
            f"{_name(point)}: {point['raised'] or 'nothing was raised'}"
            for point in failed
            if not (point["raised"] and point["typed"])
        ],
    )
    verdict.figures.kill_points += len(struck) + sum(point["nested_fired"] for point in points)
    exact = sum(map(_exact_looks, points))
    verdict.figures.states += LOOKS * len(points)
    verdict.figures.states_exact += exact
    verdict.figures.agents_due += AGENTS * LOOKS * len(points)
    verdict.figures.agents_exact += AGENTS * exact


def _name(point: JsonObject) -> str:
    return f"{point['kind']} at operation {point['number']} ({point['operation']})"


def _due(point: JsonObject) -> str:
    seq = point["restored"][0]
    begun = [digest for number, digest in point["begun"] if number <= seq]
    return str(begun[-1] if begun else point["base"][1])


def _ahead(point: JsonObject) -> int:
    seq = point["restored"][0]
    return sum(point["acked"] < number <= seq for number, _ in point["begun"])


def _exact_looks(point: JsonObject) -> int:
    """How many of the looks at this point found exactly the state that was due."""
    seq, digest, agents, problem = point["restored"]
    if problem or seq < point["acked"] or digest != _due(point) or agents != AGENTS:
        return 0
    return 1 + sum(bool(point[name][1] == digest) for name in ("after_nested", "again"))


def _lost(points: list[JsonObject]) -> list[str]:
    return [
        f"{_name(point)}: acknowledged {point['acked']}, restored "
        f"{point['restored'][3] or point['restored'][0]}"
        for point in points
        if point["restored"][3] or point["restored"][0] < point["acked"]
    ]


def _mixed(points: list[JsonObject]) -> list[str]:
    return [
        f"{_name(point)}: state of commit {point['restored'][0]} was never said"
        if point["restored"][1] != _due(point)
        else f"{_name(point)}: {_ahead(point)} commits ahead"
        for point in points
        if not point["restored"][3] and (point["restored"][1] != _due(point) or _ahead(point) > 1)
    ]


def _unstable(points: list[JsonObject]) -> list[str]:
    return [
        f"{_name(point)}: {point['after_nested']} then {point['again']}"
        for point in points
        if not point["restored"][3]
        and {point["after_nested"][1], point["again"][1]} != {point["restored"][1]}
    ]
