"""One object of the host that has an identity, as the tracker knows it; and what a look found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from prometheus_persist.graph.values import Json
from prometheus_persist.state.names import HOST

Row = dict[str, Json]
FAMILY: Final = HOST


class GraphNode:
    """An object and its number, which is never used again.

    ``home``: the stream that has its row; empty where a document has it. ``entries``: of an object
    with a document, what each name or key was written as: number, key, value. ``shadow``: of a long
    list, what it was. ``kids``: of any other that is hot, what it leads to; None where nobody has
    asked yet. ``told``: of an object that is written whole, its state.
    """

    __slots__ = (
        "dropped",
        "entries",
        "generation",
        "home",
        "hot",
        "kids",
        "kind",
        "mark",
        "next",
        "obj",
        "oid",
        "shadow",
        "told",
        "written",
    )

    def __init__(self, obj: Any, oid: int, kind: str) -> None:
        self.obj, self.oid, self.kind = obj, oid, kind
        self.home = ""
        self.written = False
        self.hot = False
        self.mark = 0
        self.kids: Sequence[GraphNode] | None = None
        self.entries: dict[Any, tuple[int, Any, Any]] | None = None
        self.next = 0
        self.shadow: list[Any] | None = None
        self.generation = 0
        self.dropped = 0
        self.told: Json = None


def document_of(node: GraphNode) -> str:
    """The name of a node's document."""
    return f"{FAMILY}/{node.oid}"


def stream_of(node: GraphNode) -> str:
    """The name of a long list's stream."""
    return f"{FAMILY}/{node.oid}/{node.generation}"


@dataclass(slots=True)
class GraphDelta:
    """What a look found: documents whole, fields of documents, what is gone, records."""

    put: dict[str, Row] = field(default_factory=dict)
    set: dict[str, Row] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    add: dict[str, list[Row]] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether nothing differs."""
        return not (self.put or self.set or self.gone or self.add)
