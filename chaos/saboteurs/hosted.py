"""Mistakes in what keeps somebody else's objects: ``sweep attach`` must catch each of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from chaos.saboteurs.planted import Mistake

HOSTED: Final[Mapping[str, Mistake]] = {
    "alias-lost": Mistake(
        "graph.writing:GraphWriter._object",
        'return {"#": node.oid, **self._row(node, depth + 1)}',
        'return ({"#": node.oid, **self._row(node, depth + 1)}, self.nodes.pop(id(obj)))[0]',
        seen_as="another host",
    ),
    "random-state-lost": Mistake(
        "saving.host_capture:HostCapture.take",
        "fields = self._rng.look()",
        "fields = {}",
        seen_as="another host",
    ),
    "float64-demoted": Mistake(
        "graph.values:_float64",
        '["8", float(value)]',
        "float(value)",
        seen_as="another host",
    ),
    "key-order-lost": Mistake(
        "graph.writing:GraphWriter._moved",
        "if was is not None and was[0] > last and was[1] is key:",
        "if was is not None and was[1] is key:",
        seen_as="another host",
    ),
    "captured-by-reference": Mistake(
        "graph.writing:GraphWriter._append",
        "node.shadow += items",
        "node.shadow = node.obj",
        seen_as="another host",
    ),
    "live-class-missed": Mistake(
        "graph.tracker:Tracker.make_live",
        "if type(node.obj) in new]",
        "if False]",
        seen_as="another host",
    ),
}
