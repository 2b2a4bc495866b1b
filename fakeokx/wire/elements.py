"""The elements of an order request. Each is understood, or refused, by itself and in its own row.

So one that lacks something keeps none of the others from being executed. An element without an
instrument is 50014 in its row, one without another required word 51000, like one with a bad one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from fakeokx.engine.events import Answered
from fakeokx.engine.refusals import Reason, Refusal
from fakeokx.wire import requests

_INSTRUMENT: Final = "instId"
Element = TypeVar("Element")


def understood(
    kind: type[Element], found: Iterable[Mapping[str, str]], needs: Sequence[str]
) -> list[Element | Answered]:
    """Each element as the engine takes it, or the answer to one that cannot be taken."""
    return [_one(kind, params, needs) for params in found]


def _one(
    kind: type[Element], params: Mapping[str, str], needs: Sequence[str]
) -> Element | Answered:
    for name in needs:
        if not params.get(name):
            code = "50014" if name == _INSTRUMENT else "51000"
            return refused(params, Reason(code, (name,)))
    try:
        return requests.build(kind, params)
    except Refusal as refusal:
        return refused(params, refusal.reason)


def refused(params: Mapping[str, str], reason: Reason) -> Answered:
    """The answer to an element that is refused for this reason."""
    return Answered(
        id="",
        cl_ord_id=params.get("clOrdId", "") or params.get("algoClOrdId", ""),
        tag=params.get("tag", ""),
        req_id=params.get("reqId", ""),
        reason=reason,
    )


def taken(elements: Iterable[Element | Answered]) -> tuple[Element, ...]:
    """Those that the engine is to take."""
    return tuple(each for each in elements if not isinstance(each, Answered))


def answers(elements: Iterable[Any], events: Iterable[Any]) -> list[Answered]:
    """One answer for each element, in their order; ``events`` are of those that were taken."""
    given = (each for each in events if isinstance(each, Answered))
    return [each if isinstance(each, Answered) else next(given) for each in elements]
